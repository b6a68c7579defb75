"""SMS by Tencent Cloud, API version 2021-01-11, with its signature TC3-HMAC-SHA256.

A registered signature, a template's number and its parameters by position go out; SendSms takes a message,
PullSmsSendStatusByPhoneNumber tells what became of it. Source: the provider's pages on both, on error codes and on the
signature of version 3.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from cloud.channels.calling import NoAnswer, NotReached, call
from cloud.channels.ports import Delivery, Message, Outcome, later, refused, sent, unclear
from cloud.channels.texts import parameters_in, template
from shared.clock import MachineClock

VERSION = "2021-01-11"
_ALGORITHM, _SERVICE, _SIGNED = "TC3-HMAC-SHA256", "sms", "content-type;host"
_KIND = "application/json; charset=utf-8"
_TIMED_OUT = "InternalError.Timeout"
"""The operator did not answer the provider: it may have gone."""
_AGAIN = ("InternalError", "RequestLimitExceeded", "ResourceUnavailable", "FailedOperation.InsufficientBalance")
"""How codes begin that say: not now. Money missing from the account is somebody's to put there."""
_EARLIER_S = 60
"""The two clocks may differ a little."""


class TencentSettings(BaseModel):
    """Where and as whom to send; `templates` maps `name.language` (or `name` for both) to the registered number."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    secret_id: str
    secret_key: SecretStr
    app_id: str
    """The SMS application's number, 1400006666; the provider calls it SmsSdkAppId."""
    signature: str
    """The registered signature, without its brackets: 新联超市."""
    templates: dict[str, str]
    url: str = "https://sms.tencentcloudapi.com/"
    region: str = "ap-guangzhou"


class TencentSms:
    """The port to the provider."""

    def __init__(self, settings: TencentSettings, clock: MachineClock) -> None:
        self._settings = settings
        self._clock = clock

    def send(self, message: Message) -> Outcome:
        """Hand a message over."""
        templates = self._settings.templates
        number = templates.get(f"{message.template}.{message.language}") or templates.get(message.template)
        if number is None:
            return refused("template_not_registered")
        # What is {code} in our text is {1} in the registered one: the order of the language it is sent in.
        order = parameters_in(template(message.template).text[message.language])
        facts = {
            "PhoneNumberSet": [message.recipient],
            "SmsSdkAppId": self._settings.app_id,
            "SignName": self._settings.signature,
            "TemplateId": number,
            "TemplateParamSet": [message.parameters[name] for name in order],
            "SessionContext": str(message.id),
        }
        answer = self._ask("SendSms", facts)
        return answer if isinstance(answer, Outcome) else _taken(_first(answer.get("SendStatusSet")))

    def ask(self, message: Message, reference: str, sent_ms: int) -> Outcome:
        """Ask what became of a message."""
        facts = {
            "PhoneNumber": message.recipient,
            "SmsSdkAppId": self._settings.app_id,
            "BeginTime": sent_ms // 1000 - _EARLIER_S,
            "EndTime": self._clock.wall_ms() // 1000 + _EARLIER_S,
            "Offset": 0,
            "Limit": 100,
        }
        answer = self._ask("PullSmsSendStatusByPhoneNumber", facts)
        if isinstance(answer, Outcome):
            return sent(reference)
        reports = answer.get("PullSmsSendStatusSet")
        ours = [one for one in reports if _is(one, reference)] if isinstance(reports, list) else []
        match ours:
            case [{"ReportStatus": "SUCCESS"}, *_]:
                return Outcome(state=Delivery.DELIVERED)
            case [{"ReportStatus": "FAIL"} as one, *_]:
                return refused(str(one.get("Description", "")) or "not_delivered")
            case _:
                return sent(reference)

    def _ask(self, action: str, facts: Mapping[str, Any]) -> dict[str, Any] | Outcome:
        body = json.dumps(facts, ensure_ascii=False).encode()
        at_s, host = self._clock.wall_ms() // 1000, urlsplit(self._settings.url).netloc
        headers = {
            "Host": host,
            "Content-Type": _KIND,
            "X-TC-Action": action,
            "X-TC-Timestamp": str(at_s),
            "X-TC-Version": VERSION,
            "X-TC-Region": self._settings.region,
            "Authorization": authorization(
                self._settings.secret_id, self._settings.secret_key.get_secret_value(), host, body, at_s
            ),
        }
        try:
            answer = call(self._settings.url, "POST", body, headers)
        except NotReached as error:
            return later(f"not_reached {error}")
        except NoAnswer as error:
            return unclear(f"no_answer {error}")
        said = answer.get("Response") if isinstance(answer, dict) else None
        if not isinstance(said, dict):
            return unclear("no_answer not a response")
        return _refusal(str(said["Error"].get("Code", ""))) if isinstance(said.get("Error"), dict) else said


def authorization(secret_id: str, secret_key: str, host: str, body: bytes, at_s: int) -> str:
    """Return the header that signs a POST of a JSON body to `/` at a moment, in seconds of UTC."""
    asked = f"POST\n/\n\ncontent-type:{_KIND}\nhost:{host}\n\n{_SIGNED}\n{sha256(body).hexdigest()}"
    day = datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d")
    scope = f"{day}/{_SERVICE}/tc3_request"
    to_sign = f"{_ALGORITHM}\n{at_s}\n{scope}\n{sha256(asked.encode()).hexdigest()}"
    key = f"TC3{secret_key}".encode()
    for part in (day, _SERVICE, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return f"{_ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={_SIGNED}, Signature={signature}"


def _taken(said: Mapping[str, Any]) -> Outcome:
    code = str(said.get("Code", ""))
    if code.casefold() == "ok":
        return sent(str(said.get("SerialNo", "")), reports=True)
    return _refusal(code)


def _refusal(code: str) -> Outcome:
    if code == _TIMED_OUT:
        return unclear(code)
    return later(code) if code.startswith(_AGAIN) else refused(code or "no_code")


def _first(listed: object) -> Mapping[str, Any]:
    return listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}


def _is(report: object, reference: str) -> bool:
    return isinstance(report, dict) and report.get("SerialNo") == reference
