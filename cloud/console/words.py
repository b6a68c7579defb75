"""The console's words, English and Chinese. A test insists that every key has both."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

WORDS: dict[str, dict[Language, str]] = {
    "skip": {"en": "Skip to content", "zh": "跳到正文"},
    "navigation": {"en": "Main", "zh": "主导航"},
    "today": {"en": "Today", "zh": "今日"},
    "prices": {"en": "Prices", "zh": "价格"},
    "parked": {"en": "Parked events", "zh": "待处理事件"},
    "ledger": {"en": "Ledger", "zh": "账本"},
    "other_language": {"en": "中文", "zh": "English"},
    "headline_empty": {"en": "No store yet.", "zh": "还没有门店。"},
    "headline_well": {
        "en": "All {stores} stores are online; nothing needs you.",
        "zh": "{stores} 家门店全部在线，无需处理。",
    },
    "headline_attention": {
        "en": "{needy} of {stores} stores need you.",
        "zh": "{stores} 家门店中有 {needy} 家需要处理。",
    },
    "as_of": {"en": "Last trading day {day}", "zh": "最近营业日 {day}"},
    "no_trade": {"en": "Nothing sold yet", "zh": "还没有销售"},
    "stores_online": {"en": "Stores online", "zh": "在线门店"},
    "sales_all": {"en": "Sales received", "zh": "已收到销售"},
    "takings": {"en": "Takings", "zh": "销售额"},
    "waiting": {"en": "Waiting in stores", "zh": "门店待上传"},
    "points_out": {"en": "Points with members", "zh": "会员持有积分"},
    "version_newest": {"en": "Newest price book", "zh": "最新价格册"},
    "sales_by_day": {"en": "Sales per business day", "zh": "每营业日销售笔数"},
    "show_table": {"en": "Show as a table", "zh": "以表格显示"},
    "day": {"en": "Business day", "zh": "营业日"},
    "store": {"en": "Store", "zh": "门店"},
    "stores": {"en": "Stores", "zh": "门店"},
    "agent": {"en": "Agent", "zh": "前置机"},
    "state": {"en": "State", "zh": "状态"},
    "sales": {"en": "Sales", "zh": "销售笔数"},
    "backlog": {"en": "Not yet sent", "zh": "未上传"},
    "version_runs": {"en": "Price book in force", "zh": "生效价格册"},
    "version_staged": {"en": "Staged", "zh": "待生效"},
    "seen": {"en": "Last heard", "zh": "最近联系"},
    "online": {"en": "online", "zh": "在线"},
    "offline": {"en": "offline, sells normally", "zh": "离线，正常收银"},
    "never": {"en": "not enrolled", "zh": "未注册"},
    "revoked": {"en": "revoked", "zh": "已吊销"},
    "draining": {"en": "replaced, still sending", "zh": "已替换，仍在上传"},
    "parked_here": {"en": "{count} parked", "zh": "{count} 条待处理"},
    "missing_receipts": {"en": "{count} receipts missing", "zh": "缺 {count} 张小票"},
    "ago": {"en": "{seconds} s ago", "zh": "{seconds} 秒前"},
    "teach_store": {
        "en": "Add the first store and a claim code for its PC:",
        "zh": "添加第一家门店，并为其电脑生成注册码：",
    },
    "prices_headline": {
        "en": "Price book {version} is the newest; {behind} of {stores} stores do not hold it yet.",
        "zh": "最新价格册为 {version}，{stores} 家门店中有 {behind} 家尚未收到。",
    },
    "prices_headline_well": {
        "en": "Price book {version} is the newest and every store holds it.",
        "zh": "最新价格册为 {version}，所有门店均已收到。",
    },
    "prices_empty": {"en": "No price book has been published.", "zh": "还没有发布价格册。"},
    "teach_prices": {"en": "Publish the first from a CSV or XLSX file:", "zh": "用 CSV 或 XLSX 文件发布第一册："},
    "version": {"en": "Version", "zh": "版本"},
    "title": {"en": "Title", "zh": "标题"},
    "activates": {"en": "Takes over (store time)", "zh": "生效时间（门店当地）"},
    "status": {"en": "Status", "zh": "状态"},
    "changed_rows": {"en": "Changed rows", "zh": "变更行数"},
    "held_by": {"en": "Held by", "zh": "已收到"},
    "runs_at": {"en": "In force at", "zh": "已生效"},
    "staged": {"en": "staged", "zh": "待生效"},
    "active": {"en": "in force", "zh": "生效"},
    "superseded": {"en": "replaced", "zh": "已被替代"},
    "withdrawn": {"en": "withdrawn", "zh": "已撤回"},
    "parked_headline": {"en": "{count} events wait for a decision.", "zh": "{count} 条事件等待处理。"},
    "parked_none": {
        "en": "No event is parked: everything received was applied.",
        "zh": "没有待处理事件：已收到的全部入账。",
    },
    "reason": {"en": "Reason", "zh": "原因"},
    "kind": {"en": "Kind", "zh": "类型"},
    "event": {"en": "Event", "zh": "事件"},
    "when": {"en": "Since", "zh": "起始"},
    "teach_parked": {"en": "Look at one, repair it and replay it:", "zh": "查看、修复并重放："},
    "ledger_well": {"en": "The ledger balances.", "zh": "账本平衡。"},
    "ledger_bad": {"en": "The ledger does not balance: {problems} problems.", "zh": "账本不平：{problems} 个问题。"},
    "unit": {"en": "Unit", "zh": "单位"},
    "accounts": {"en": "Accounts", "zh": "账户"},
    "journals": {"en": "Journals", "zh": "分录"},
    "sum_members": {"en": "Held by members", "zh": "会员余额合计"},
    "sum_all": {"en": "Sum of all postings", "zh": "全部过账合计"},
}


def word(key: str, language: Language, **values: object) -> str:
    """Return the words for a key, with values filled in. Raise KeyError for a key that is not in the table."""
    return WORDS[key][language].format(**values)
