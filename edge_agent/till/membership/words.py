"""Words about members at a till, their points, coupons and stored value."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.till.saying import Words

_ANOTHER_WAY = (
    "Go on without it; the customer may ask at the service desk.",
    "请改用其他方式，顾客可到服务台咨询。",
)
VALUE_CODES: Mapping[str, str] = {
    "insufficient": "value_insufficient",
    "offline": "value_offline",
    "no_member": "value_nobody",
    "card_unknown": "value_card_unknown",
    "card_unreadable": "value_card_unknown",
    "no_purse": "value_none",
    "given_up": "value_given_up",
    "buy_blocked": "member_may_not_buy",
    "member_closed": "value_member_left",
    "card_lost": "value_card_lost",
    "card_frozen": "value_card_frozen",
    "card_expired": "value_card_expired",
    "card_replaced": "value_card_replaced",
    "purse_frozen": "value_purse_frozen",
    "purse_returned": "value_purse_returned",
}
"""The refusal a till gives for what HQ said about value; anything else is `value_refused`, with HQ's own code."""

MEMBER_WORDS: Mapping[str, Words] = {
    "member_may_not_buy": Words(
        "HQ has blocked this membership from buying.",
        "该会员已被总部限制消费。",
        "Take the member off (member key, then Del), or sell without; they may ask at the service desk.",
        "请移除会员（会员键后按 Del）后按非会员收银，会员可到服务台咨询。",
    ),
    "member_may_not_use_points": Words(
        "HQ has blocked this member's points for now.",
        "该会员积分已被总部暂停使用。",
        "Sell without points; the member may ask at the service desk.",
        "请不使用积分继续收银，会员可到服务台咨询。",
    ),
    "member_may_not_use_coupons": Words(
        "HQ has blocked this member's coupons for now.",
        "该会员已被总部暂停用券。",
        "Sell without it; the member may ask at the service desk.",
        "请不使用优惠券继续收银，会员可到服务台咨询。",
    ),
    "member_changed": Words(
        "Another member is on this receipt by now.",
        "本单会员已更换。",
        "Look whose card it is, then do it again.",
        "请核对本单会员后重新操作。",
    ),
    "no_member_here": Words(
        "No member is on this basket.",
        "本单没有会员。",
        "Show the card or find the member first.",
        "请先刷卡或查找会员。",
    ),
    "phone_number": Words(
        "This is neither a telephone number nor its last four digits.",
        "不是手机号，也不是手机号后四位。",
        "Type the whole number or its last four digits, or scan the card.",
        "请输入完整手机号或后四位，或刷会员卡。",
    ),
    "phone_unknown": Words(
        "No member known here has this number.",
        "未找到该手机号的会员。",
        "Type the whole number, scan the card, or sell without.",
        "请输入完整手机号、刷会员卡，或按非会员收银。",
    ),
    "phone_looks": Words(
        "This till has looked for too many numbers in a short time.",
        "本台短时间内查询手机号过多。",
        "Scan the card, or wait some minutes.",
        "请刷会员卡，或稍候几分钟再查。",
    ),
    "wallet_looks": Words(
        "This till has asked for too many balances in a short time.",
        "本台短时间内查询余额次数过多。",
        "Wait a minute and ask again, or take payment another way.",
        "请稍候一分钟再查，或用其他方式收款。",
    ),
    "phone_unreadable": Words(
        "HQ could not read this number.",
        "总部无法识别该号码。",
        "Type it again, or scan the card.",
        "请重新输入或刷会员卡。",
    ),
    "phone_needs_hq": Words(
        "Telephone numbers are kept at HQ alone, and it does not answer.",
        "手机号只保存在总部，目前无法联系总部。",
        "Scan the card or the member's code, or sell without: HQ can credit the receipt later.",
        "请刷会员卡或扫会员码；也可先收银，事后凭小票补登积分。",
    ),
    "hold_ended": Words(
        "What was set aside for this sale had to be let go: it took too long.",
        "本单预留的款项、积分或券已超时释放。",
        "Look what is still to pay and take it again.",
        "请核对剩余应收，重新收款。",
    ),
    "points_not_offered": Words(
        "Points do not pay for this basket.",
        "本单不能使用积分抵现。",
        "Take payment another way.",
        "请用其他方式收款。",
    ),
    "points_too_few": Words(
        "So few points pay nothing here.",
        "积分不足，无法抵现。",
        "Look at the step and the smallest order, or take payment another way.",
        "请核对抵现步长与最低消费，或用其他方式收款。",
    ),
    "points_refused": Words(
        "HQ does not set these points aside: the member has fewer by now.",
        "总部未能预留积分：会员可用积分不足。",
        "Ask for fewer points, or take payment another way.",
        "请减少积分数量，或用其他方式收款。",
    ),
    "points_offline": Words(
        "HQ does not answer, and this store may not spend so many of the member's points without it.",
        "无法联系总部，超出本店离线可用的积分额度。",
        "Use at most what is shown, or take payment another way; the points stay the member's.",
        "请不超过所示额度，或用其他方式收款，积分仍归会员。",
    ),
    "value_insufficient": Words(
        "There is less on it than that.",
        "余额不足。",
        "Take a smaller amount, and the rest another way.",
        "请减少金额，余款用其他方式收取。",
    ),
    "value_offline": Words(
        "HQ does not answer, and this store may not spend so much of it without HQ.",
        "无法联系总部，超出本店离线可用额度。",
        "Take payment another way; the money stays on the card.",
        "请用其他方式收款，卡内余额不变。",
    ),
    "value_member_left": Words(
        "This member has left.",
        "该会员已退会。",
        "Take the member off (member key, then Del) and sell without.",
        "请移除会员（会员键后按 Del）后按非会员收银。",
    ),
    "value_nobody": Words(
        "It has to be said whose stored value it is.",
        "未指定储值账户。",
        "Scan the card or the member's code first.",
        "请先刷卡或扫会员码。",
    ),
    "value_card_unknown": Words(
        "HQ does not know this card.",
        "总部没有此卡。",
        "Scan it again, or take payment another way.",
        "请重新刷卡，或用其他方式收款。",
    ),
    "value_none": Words(
        "There is no stored value behind this card.",
        "此卡没有储值。",
        "Take payment another way; it can be topped up at the service desk.",
        "请用其他方式收款，可到服务台充值。",
    ),
    "value_given_up": Words(
        "The payment was interrupted; nothing was taken.",
        "支付中断，未扣款。",
        "Take the payment again.",
        "请重新收款。",
    ),
    "value_card_lost": Words("This card was reported lost.", "该卡已挂失。", *_ANOTHER_WAY),
    "value_card_frozen": Words("This card is frozen.", "该卡已冻结。", *_ANOTHER_WAY),
    "value_card_expired": Words("This card has expired.", "该卡已过期。", *_ANOTHER_WAY),
    "value_card_replaced": Words(
        "A newer card has taken this one's place.",
        "该卡已换新卡。",
        "Ask for the newer card, or go on without it.",
        "请使用新卡，或不使用会员卡。",
    ),
    "value_purse_frozen": Words(
        "This stored value is frozen: it is to be given back.", "储值已冻结，退卡办理中。", *_ANOTHER_WAY
    ),
    "value_purse_returned": Words("This stored value was given back.", "该储值已退卡。", *_ANOTHER_WAY),
    "value_refused": Words(
        "HQ refuses this payment: the card is lost, frozen or given back.",
        "总部拒绝该笔支付：卡已挂失、冻结或退卡。",
        "Take payment another way; the customer may ask at the service desk.",
        "请用其他方式收款，顾客可到服务台咨询。",
    ),
}
