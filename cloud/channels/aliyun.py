"""SMS by Alibaba Cloud's Short Message Service, API version 2017-05-25, with its RPC signature.

Registered signature, template code and parameters go out, as mainland China requires; SendSms takes a message,
QuerySendDetails tells what became of it.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC
from hashlib import sha1
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, SecretStr

from cloud.channels.calling import NoAnswer, NotReached, call
from cloud.channels.ports import Delivery, Message, Outcome, later, refused, sent, unclear
from shared.calendar import local_time
from shared.clock import MachineClock

VERSION = "2017-05-25"
_HOME = "+86"
_CHINA_HOURS_MS = 8 * 3600 * 1000
_AGAIN = ("isp.", "Throttling", "isv.AMOUNT_NOT_ENOUGH", "ServiceUnavailable", "isv.OUT_OF_SERVICE")
"""How codes begin that say: not now. Money missing from the account is somebody's to put there."""
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class AliyunSettings(BaseModel):
    """Where and as whom to send; `templates` maps `name.language` (or `name` for both) to the registered code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key_id: str
    key_secret: SecretStr
    signature: str
    """The registered signature, without its brackets: 新联超市."""
    templates: dict[str, str]
    url: str = "https://dysmsapi.aliyuncs.com/"
    region: str = "cn-hangzhou"


class AliyunSms:
    """The port to the provider."""

    def __init__(self, settings: AliyunSettings, clock: MachineClock, nonce: Callable[[], str]) -> None:
        self._settings = settings
        self._clock = clock
        self._nonce = nonce

    def send(self, message: Message) -> Outcome:
        """Hand a message over."""
        templates = self._settings.templates
        code = templates.get(f"{message.template}.{message.language}") or templates.get(message.template)
        if code is None:
            return refused("template_not_registered")
        answer = self._ask(
            "SendSms",
            {
                "PhoneNumbers": _number(message.recipient),
                "SignName": self._settings.signature,
                "TemplateCode": code,
                "TemplateParam": json.dumps(dict(message.parameters), ensure_ascii=False),
                "OutId": str(message.id),
            },
        )
        if isinstance(answer, Outcome):
            return answer
        said = str(answer.get("Code", ""))
        if said == "OK":
            return sent(str(answer.get("BizId", "")), reports=True)
        return later(said) if said.startswith(_AGAIN) else refused(said or "no_code")

    def ask(self, message: Message, reference: str, sent_ms: int) -> Outcome:
        """Ask what became of a message."""
        day = local_time(sent_ms + _CHINA_HOURS_MS, UTC).strftime("%Y%m%d")
        facts = {"PhoneNumber": _number(message.recipient), "BizId": reference, "SendDate": day}
        answer = self._ask("QuerySendDetails", {**facts, "PageSize": "10", "CurrentPage": "1"})
        if isinstance(answer, Outcome):
            return sent(reference)
        details = (answer.get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO") or [{}]
        match details[0].get("SendStatus"):
            case 3:
                return Outcome(state=Delivery.DELIVERED)
            case 2:
                return refused(str(details[0].get("ErrCode", "")) or "not_delivered")
            case _:
                return sent(reference)

    def _ask(self, action: str, facts: Mapping[str, str]) -> dict[str, Any] | Outcome:
        stamp = local_time(self._clock.wall_ms(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = {
            "AccessKeyId": self._settings.key_id,
            "Action": action,
            "Format": "JSON",
            "RegionId": self._settings.region,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": self._nonce(),
            "SignatureVersion": "1.0",
            "Timestamp": stamp,
            "Version": VERSION,
            **facts,
        }
        query["Signature"] = signature("POST", query, self._settings.key_secret.get_secret_value())
        try:
            answer = call(self._settings.url, "POST", urlencode(query).encode(), _FORM)
        except NotReached as error:
            return later(f"not_reached {error}")
        except NoAnswer as error:
            return unclear(f"no_answer {error}")
        return answer if isinstance(answer, dict) else unclear("no_answer not an object")


def signature(method: str, query: Mapping[str, str], secret: str) -> str:
    """Return the RPC signature (HMAC-SHA1, version 1.0) of a request's parameters."""
    canonical = "&".join(f"{_encoded(name)}={_encoded(query[name])}" for name in sorted(query))
    content = f"{method}&{_encoded('/')}&{_encoded(canonical)}"
    return base64.b64encode(hmac.new(f"{secret}&".encode(), content.encode(), sha1).digest()).decode()


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def _number(phone: str) -> str:
    """Write a number as the provider does: mainland ones without their country, others without the plus."""
    return phone.removeprefix(_HOME) if phone.startswith(_HOME) else phone.removeprefix("+")
