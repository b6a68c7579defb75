"""What head office says of a coupon, as the cashier reads it out."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.till.saying import Words

OF_A_MEMBER = "coupon_of_a_member"
"""What is said of somebody's own coupon while nobody is on the basket."""
_ASK_LATER = (
    "Sell without it; the customer may ask at the service desk.",
    "请不使用该券继续收银，顾客可到服务台查询。",
)

COUPON_WORDS: Mapping[str, Words] = {
    "coupon_unknown": Words(
        "There is no such coupon.",
        "没有该券。",
        "Compare the code with the coupon and type it again.",
        "请核对券码后重新输入。",
    ),
    "coupon_used": Words("This coupon was used before.", "该券已使用。", *_ASK_LATER),
    "coupon_reserved": Words(
        "This coupon is on another receipt just now.",
        "该券正在另一单中使用。",
        "Sell without it, or try again once that one is paid or given up.",
        "请不使用该券继续收银，或待另一单结账、作废后再试。",
    ),
    "coupon_voided": Words("This coupon was withdrawn.", "该券已作废。", *_ASK_LATER),
    "coupon_closed": Words("These coupons are not accepted any more.", "该批优惠券已停用。", *_ASK_LATER),
    "coupon_expired": Words("This coupon has expired.", "该券已过期。", *_ASK_LATER),
    "coupon_not_yet": Words(
        "This coupon does not count yet.",
        "该券尚未生效。",
        "Sell without it: the customer keeps it for its days.",
        "请不使用该券继续收银，顾客可在有效期内使用。",
    ),
    "coupon_not_yours": Words(
        "This coupon is another member's.",
        "该券属于其他会员。",
        "Look whose card is on this receipt, or sell without it.",
        "请核对本单会员，或不使用该券继续收银。",
    ),
    OF_A_MEMBER: Words(
        "This coupon is a member's own.",
        "该券仅限会员使用。",
        "Show the member's card or find the member, then enter it again.",
        "请先刷卡或查找会员，再输入该券。",
    ),
    "coupon_spent": Words("This code was used as often as it may be.", "该券码可用次数已用完。", *_ASK_LATER),
    "coupon_per_member": Words(
        "This member has used this code as often as they may.", "该会员已达该券使用次数上限。", *_ASK_LATER
    ),
    "coupon_refused": Words(
        "HQ does not accept this coupon: it is used, over, not begun, or somebody else's.",
        "总部不接受该券：已使用、已过期、未生效或非本人。",
        "Sell without it, and let the customer ask at the service desk.",
        "请不使用该券继续收银，顾客可到服务台查询。",
    ),
}
_SAID: Mapping[str, str] = {
    **{code: code for code in COUPON_WORDS},
    "coupon_malformed": "coupon_misread",
    "coupon_member_needed": OF_A_MEMBER,
    "coupons_blocked": "member_may_not_use_coupons",
}


def refusal_code(said: str, *, has_member: bool) -> str:
    """Return the refusal for what HQ said of a coupon; what this program does not know yet is `coupon_refused`."""
    if said == "coupon_not_yours" and not has_member:
        return OF_A_MEMBER
    return _SAID.get(said, "coupon_refused")
