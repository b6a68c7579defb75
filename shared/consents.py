"""What people agree to when they join, where the chain has given no text of its own: as shipped, in two languages.

A chain puts its own words in their place (`TillPolicies.consents`), under versions of its own; its lawyer reads them
first. The same words stand at the service desk and on the members' own page.
"""

from __future__ import annotations

from shared.wire.policies import MEMBERSHIP, ConsentText, TillPolicies

AS_SHIPPED = (
    ConsentText(
        channel=MEMBERSHIP,
        version="shipped-1",
        required=True,
        words={
            "en": "I want to become a member. For this the shop keeps my phone number, what I tell it about me and "
            "what I buy with my card. I may see it, correct it, and leave at any time; then it is deleted.",
            "zh": "本人自愿加入会员，同意商家为提供会员服务保存本人手机号、所填资料及会员消费记录。"
            "本人可随时查询、更正，或退会并删除个人信息。",
        },
    ),
    ConsentText(
        channel="sms",
        version="shipped-1",
        words={
            "en": "I agree to get offers by text message. I can end this at any time.",
            "zh": "本人同意通过短信接收优惠信息，可随时退订。",
        },
    ),
)


def consents_of(policies: TillPolicies) -> tuple[ConsentText, ...]:
    """Return the texts that a store shows, the required ones first."""
    return tuple(sorted(policies.consents or AS_SHIPPED, key=lambda one: not one.required))
