"""Words about shifts and cash."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.till.saying import Words

SHIFT_WORDS: Mapping[str, Words] = {
    "shift_needed": Words(
        "No shift is open at this till.",
        "本收银台未开班。",
        "Count the float and open a shift.",
        "请清点备用金并开班。",
    ),
    "shift_open": Words("A shift is open at this till already.", "本收银台已开班。", "Close it first.", "请先交班。"),
    "no_such_shift": Words(
        "This shift is not here.", "找不到此班次。", "Choose one from the list.", "请从列表中选择。"
    ),
    "cash_amount": Words("This amount cannot be moved.", "金额无效。", "Enter the amount again.", "请重新输入金额。"),
    "count_first": Words(
        "The drawer has not been counted.", "尚未清点钱箱。", "Count it by notes and coins.", "请按面额清点现金。"
    ),
    "count_again": Words(
        "Cash has moved since the drawer was counted.",
        "清点后钱箱又有现金收付。",
        "Count it again by notes and coins.",
        "请重新按面额清点现金。",
    ),
    "count_value": Words(
        "This count cannot be.",
        "清点数量无效。",
        "Enter the number of each note and coin again.",
        "请重新输入各面额数量。",
    ),
    "held_baskets": Words(
        "Baskets are held at this till.",
        "本收银台有挂单。",
        "Say of each whether it moves to the next shift or is cancelled.",
        "请逐单选择转下一班或取消。",
    ),
    "report_hidden": Words(
        "The report is shown after the count.",
        "清点后才显示报表。",
        "Count the drawer first.",
        "请先清点钱箱。",
    ),
}
