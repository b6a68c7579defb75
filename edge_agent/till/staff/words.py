"""Words about who works at a till."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.till.saying import Words

STAFF_WORDS: Mapping[str, Words] = {
    "sign_in_first": Words(
        "Nobody is signed in at this till.",
        "本收银台尚未登录。",
        "Sign in by PIN or staff card.",
        "请用密码或员工卡登录。",
    ),
    "till_locked": Words(
        "This till is locked.", "本收银台已锁定。", "Unlock it by PIN or staff card.", "请用密码或员工卡解锁。"
    ),
    "taken_by_other": Words(
        "Somebody else is signed in at this till.",
        "本收银台已有其他员工登录。",
        "Let them sign out, or have a supervisor take it over.",
        "请对方先签退，或由主管接管。",
    ),
    "wrong_pin": Words("This code and PIN do not fit.", "工号或密码不正确。", "Enter both again.", "请重新输入。"),
    "pin_wait": Words(
        "There were several wrong PINs.",
        "密码多次输入错误。",
        "Wait for the seconds shown, then enter it again.",
        "请等待所示秒数后再试。",
    ),
    "pin_locked": Words(
        "This PIN is locked after too many wrong tries.",
        "密码错误次数过多，已锁定。",
        "Ask a supervisor to free it.",
        "请主管解锁。",
    ),
    "unknown_staff_card": Words(
        "This is not the card of anybody who works here.",
        "不是本店员工卡。",
        "Use another card, or your code and PIN.",
        "请换卡，或输入工号和密码。",
    ),
    "approval_needed": Words(
        "This needs somebody's approval.",
        "此操作需要授权。",
        "Have them give their PIN or staff card.",
        "请有权限的人员输入密码或刷员工卡。",
    ),
    "approval_too_low": Words(
        "This person may not approve it.",
        "此人员无权授权。",
        "Ask somebody with the role shown.",
        "请由所示职级的人员授权。",
    ),
    "basket_first": Words(
        "A basket is open at this till.",
        "本收银台有未结账的购物篮。",
        "Take payment, hold it or void it first.",
        "请先结账、挂单或作废。",
    ),
    "changed_elsewhere": Words(
        "This basket was changed somewhere else.",
        "购物篮已在别处更改。",
        "Look at what is shown now, then do it again.",
        "请查看当前内容后再操作。",
    ),
}
