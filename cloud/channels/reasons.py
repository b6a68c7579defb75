"""Why a message did not go, said to head office: what each code of ours and of the providers means, and what to do.

A provider has hundreds of codes; here stand those that somebody can do something about. Any other is shown as it came.
Sources: the providers' own lists of error codes (Alibaba Cloud SMS, Tencent Cloud SMS, WeChat's global return codes).
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.web.words import marked

NOTHING_WRONG = frozenset({"member_closed", "no_consent", "wechat_43004", "wechat_user_block", "forgotten"})
"""Reasons that lie with the member and are as they should be: nobody at head office has anything to mend."""

_NO_MONEY = marked("the account at the provider has no money or no package left: top it up")
_TEMPLATE = marked(
    "the provider does not know this template, or has not approved it: compare it with what is registered"
)
_SIGNATURE = marked("the provider does not know the signature, or has not approved it")
_KEY = marked("the provider refuses our key: it is mistyped, ended or switched off")
_ADDRESS = marked("the provider does not take requests from this server: put its address on the allow-list there")
_TOO_OFTEN = marked("the provider lets no more messages through to this number for now")
_NUMBER = marked("the provider says that this is no number it can send to")
_FOLLOWS = marked("the member does not follow the account, or takes no messages of it")
_NOT_REACHED = marked("the provider cannot be reached from this server")

WORDS: Mapping[str, str] = {
    "template_not_registered": marked(
        "this text has no number under templates in the settings: register it, then enter it"
    ),
    "channel_off": marked("this channel is switched off in the settings"),
    "too_late": marked("it could not be sent while it was of use; see that the jobs process runs"),
    "cannot_be_opened": marked("its key is not here: see storewire-cloud doctor"),
    "interrupted": marked("the process ended while it was being sent"),
    "member_closed": marked("the member has left"),
    "no_consent": marked("the member took their consent back before it went"),
    "forgotten": marked("it was forgotten before it went"),
    "not_reached": _NOT_REACHED,
    "no_answer": marked("the provider's answer was lost"),
    "not_delivered": marked("the provider could not deliver it and does not say why"),
    "file_": marked("the file cannot be written: look at messages/ in the data directory"),
    "isv.AMOUNT_NOT_ENOUGH": _NO_MONEY,
    "isv.OUT_OF_SERVICE": _NO_MONEY,
    "isv.SMS_TEMPLATE_ILLEGAL": _TEMPLATE,
    "isv.TEMPLATE_": _TEMPLATE,
    "isv.SMS_SIGNATURE_ILLEGAL": _SIGNATURE,
    "isv.SMS_SIGN_ILLEGAL": _SIGNATURE,
    "isv.BUSINESS_LIMIT_CONTROL": _TOO_OFTEN,
    "isv.MOBILE_NUMBER_ILLEGAL": _NUMBER,
    "InvalidAccessKeyId": _KEY,
    "SignatureDoesNotMatch": _KEY,
    "FailedOperation.InsufficientBalance": _NO_MONEY,
    "FailedOperation.TemplateIncorrectOrUnapproved": _TEMPLATE,
    "FailedOperation.SignatureIncorrectOrUnapproved": _SIGNATURE,
    "LimitExceeded": _TOO_OFTEN,
    "InvalidParameterValue.IncorrectPhoneNumber": _NUMBER,
    "AuthFailure": _KEY,
    "UnauthorizedOperation.RequestIpNotInWhitelist": _ADDRESS,
    "wechat_token": marked(
        "WeChat gives no access token: look at the app's id and secret, and at its list of addresses"
    ),
    "wechat_40037": _TEMPLATE,
    "wechat_47003": marked("WeChat refuses what stands in a keyword: write it under fields in the settings"),
    "wechat_43004": _FOLLOWS,
    "wechat_user_block": _FOLLOWS,
    "wechat_system_failed": marked("WeChat could not deliver it and does not say why"),
    "wechat_45009": marked("WeChat takes no more messages of the account today"),
    "smtp_5": marked("the mail server refuses the letter or the address"),
    "smtp_4": marked("the mail server does not take it for now"),
    "smtp_": marked("the mail server cannot be used: look at host, port, user, password and certificate"),
}
"""By code, or by how it begins; the longest that fits counts."""
_OTHER = marked("the provider says {code}")


def reason(code: str) -> tuple[str, Mapping[str, str]]:
    """Return what a code means (marked) with the values of its braces; empty for no code."""
    if not code:
        return "", {}
    known = max((one for one in WORDS if code.startswith(one)), key=len, default="")
    return (WORDS[known], {}) if known else (_OTHER, {"code": code})
