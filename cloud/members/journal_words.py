"""Why points or money came or went, by the purpose of the journal, as it is said to whose they are."""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import Language

OTHER = "other"
TAKEN_FROM_HOLD = "spend"
ON_ALLOWANCE = "allowance"

JOURNALS: Mapping[str, Mapping[Language, str]] = {
    "earn": {"en": "Purchase", "zh": "消费积分"},
    "tier": {"en": "By your tier of that day", "zh": "按当日等级补计积分"},
    "return": {"en": "Return", "zh": "退货扣回"},
    "expire": {"en": "Ended", "zh": "到期"},
    "hold": {"en": "Set aside at a till", "zh": "结账预扣"},
    TAKEN_FROM_HOLD: {"en": "Spent", "zh": "积分使用"},
    ON_ALLOWANCE: {"en": "Set aside in your store, for when it is offline", "zh": "预留给常去门店（断网时可用）"},
    "capture": {"en": "Paid with", "zh": "结账使用"},
    "draw": {"en": "Paid with, offline", "zh": "断网时结账使用"},
    "void": {"en": "Not used: came back", "zh": "未使用退回"},
    "time_out": {"en": "Not used: came back", "zh": "未使用退回"},
    "free": {"en": "Not used: came back", "zh": "未使用退回"},
    "back": {"en": "Came back with a return", "zh": "退货退回"},
    "beside_earn": {"en": "Purchase", "zh": "消费积分"},
    "beside_reverse": {"en": "Taken back at the till", "zh": "收银撤销"},
    "profile_reward": {"en": "Thanks for your profile", "zh": "完善资料奖励"},
    "opening": {"en": "Brought over", "zh": "期初结转"},
    "unopening": {"en": "Bringing over taken back", "zh": "期初结转撤销"},
    "merge": {"en": "Cards made one", "zh": "账户合并"},
    "unmerge": {"en": "Cards taken apart", "zh": "账户拆分"},
    "forfeit": {"en": "Given up", "zh": "放弃积分"},
    "top_up": {"en": "Top-up", "zh": "充值"},
    "undo_top_up": {"en": "Top-up taken back", "zh": "充值撤销"},
    "card_return": {"en": "Paid out", "zh": "退卡"},
    "correction": {"en": "Put right by hand", "zh": "人工更正"},
    "settle": {"en": "Settled points owed", "zh": "抵还欠积分"},
    "gift": {"en": "Gift", "zh": "兑换礼品"},
    "undo_gift": {"en": "Gift given back", "zh": "取消兑换退回"},
    "prize_draw": {"en": "Prize draw", "zh": "参与抽奖"},
    "undo_prize_draw": {"en": "Prize draw: points given back", "zh": "抽奖积分退回"},
    "prize": {"en": "Won", "zh": "抽奖中奖"},
    "rebate": {"en": "Year-end rebate", "zh": "年终返利"},
    "undo_rebate": {"en": "Rebate taken back", "zh": "返利冲回"},
    "undo_expire": {"en": "Expiry taken back", "zh": "到期冲回"},
    "birthday": {"en": "Birthday gift", "zh": "生日礼"},
    "referral": {"en": "Thanks for bringing a friend", "zh": "推荐好友奖励"},
    "referral_friend": {"en": "Welcome gift", "zh": "好友入会奖励"},
    "referral_back": {"en": "Friend's purchase came back", "zh": "好友退货收回奖励"},
    "transfer": {"en": "Handed on", "zh": "积分转赠"},
    "transfer_fee": {"en": "Fee for handing on", "zh": "转赠手续费"},
    OTHER: {"en": "Adjustment", "zh": "调整"},
}


def known(purpose: str) -> str:
    """Return the code of a journal's purpose among `JOURNALS`: `back:POINTS:3` is `back`; OTHER for a strange one."""
    code = purpose.partition(":")[0]
    return code if code in JOURNALS else OTHER


def of_hold(kind: str, state: str) -> str:
    """Return the code of what was set aside, by what became of it: spent, waiting or on an allowance for a store."""
    if kind == ON_ALLOWANCE:
        return ON_ALLOWANCE
    return TAKEN_FROM_HOLD if state == "captured" else "hold"
