"""Every text that members are sent.

In mainland China an SMS is a registered template: a provider is told its id and its parameters, never a free text.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import StrEnum

from cloud.errors import Invalid
from shared.web.words import Language


class Purpose(StrEnum):
    """Why a message is sent: it decides how often somebody gets one, and whether their consent is asked for."""

    CODE = "code"
    """Asked for this very moment by whoever gets it."""
    SERVICE = "service"
    """About what they have here: a card that ends, a receipt."""
    MARKETING = "marketing"
    """Anything else: only with a standing consent for the channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One text in both languages, with its parameters in braces; `subject` is an e-mail's."""

    purpose: Purpose
    subject: Mapping[Language, str]
    text: Mapping[Language, str]

    @property
    def parameters(self) -> frozenset[str]:
        """Return the names of what is filled in."""
        return frozenset(parameters_in(self.text["en"]))


def parameters_in(text: str) -> Set[str]:
    """Return the names in a text's braces, in their order: it is that of providers who count parameters."""
    return dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(text) if name).keys()


TEMPLATES: Mapping[str, Template] = {
    "sign_in_code": Template(
        purpose=Purpose.CODE,
        subject={"en": "Your sign-in code", "zh": "登录验证码"},
        text={
            "en": "Your code is {code}. It is good for {minutes} minutes. Tell it to nobody, not even our staff.",
            "zh": "您的验证码是 {code}，{minutes} 分钟内有效。请勿告诉他人，工作人员也不会向您索要。",
        },
    ),
    "card_expires": Template(
        purpose=Purpose.SERVICE,
        subject={"en": "Your card ends soon", "zh": "会员卡即将到期"},
        text={
            "en": "Your member card ends on {day}. Renew it at any of our service desks; your points stay.",
            "zh": "您的会员卡将于 {day} 到期，请到任一门店服务台续期，积分不受影响。",
        },
    ),
    "points_expire": Template(
        purpose=Purpose.SERVICE,
        subject={"en": "Points that end soon", "zh": "积分即将到期"},
        text={
            "en": "{points} of your points count until {day}. They can be spent at any of our tills.",
            "zh": "您有 {points} 积分将于 {day} 到期，到期前可在任一门店使用。",
        },
    ),
    "coupon_arrived": Template(
        purpose=Purpose.MARKETING,
        subject={"en": "A coupon for you", "zh": "您收到一张优惠券"},
        text={
            "en": "A coupon for you: {title}, until {day}. Change what we send you on your member's page.",
            "zh": "您收到一张优惠券：{title}，有效期至 {day}。如不想再收到此类消息，可在会员中心关闭。",
        },
    ),
}
"""Every template; a new one is an entry here and, for SMS and WeChat, its registered id in the settings."""


def template(name: str) -> Template:
    """Return a template. Raise Invalid for a name that is none."""
    found = TEMPLATES.get(name)
    if found is None:
        raise Invalid(f"there is no message template {name!r}; there are {', '.join(TEMPLATES)}")
    return found


def checked(name: str, parameters: Mapping[str, str]) -> None:
    """Raise Invalid unless a template's parameters are exactly these, each with 1 to 100 characters."""
    expected = template(name).parameters
    if expected != set(parameters):
        raise Invalid(f"message {name!r} needs exactly {', '.join(sorted(expected)) or 'no parameters'}")
    for key, value in parameters.items():
        if not 0 < len(value) <= 100 or not value.isprintable():
            raise Invalid(f"message {name!r}: {key} has 1 to 100 printable characters")


def words(name: str, language: Language, parameters: Mapping[str, str]) -> tuple[str, str]:
    """Return a message's subject and text."""
    found = template(name)
    return found.subject[language], found.text[language].format(**parameters)
