"""A WeChat official account: template messages to its followers, and who opens a page from its menu (OAuth).

Sources: the official accounts platform's pages on stable access tokens, template messages and web authorization
(snsapi_base). The account says what it took; whether it arrived it tells later, as an event (`wechat_events`).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator

from cloud.channels.calling import NoAnswer, NotReached, call
from cloud.channels.ports import Message, Outcome, later, refused, sent, unclear
from cloud.channels.texts import parameters_in, template
from cloud.errors import Refused, Unavailable
from shared.clock import MachineClock

_TOKEN_IS_OLD = {40001, 40014, 42001}
_AGAIN = {-1, 45009, 45011, 45033, *_TOKEN_IS_OLD}
_SPARE_S = 300
_THING = 20
_JSON = {"Content-Type": "application/json; charset=utf-8"}


class WeChatSettings(BaseModel):
    """The account. `templates` maps `name.language` (or `name`) to the account's template id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    app_id: str
    app_secret: SecretStr
    templates: dict[str, str] = {}
    fields: dict[str, dict[str, str]] = {}
    """What stands in a template's keywords, by template: `{"card_expires": {"thing1": "会员卡", "time2": "{day}"}}`.

    The account's template library names keywords by type and number; without an entry they have our parameters' names.
    """
    token: SecretStr = SecretStr("")
    """The token of the account's server configuration: with it, what WeChat reports of messages is believed."""
    page: str = ""
    """The address a message opens, usually the member's page."""
    url: str = "https://api.weixin.qq.com"
    authorize_url: str = "https://open.weixin.qq.com/connect/oauth2/authorize"

    @field_validator("fields")
    @classmethod
    def _of_known_parameters(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for name, keywords in value.items():
            known = template(name).parameters
            for keyword, text in keywords.items():
                if unknown := parameters_in(text) - known:
                    has = ", ".join(sorted(known))
                    raise ValueError(f"fields.{name}.{keyword} names {', '.join(sorted(unknown))}; there is {has}")
        return value


class Visitors(Protocol):
    """Who opens a page from the official account's menu."""

    @property
    def ready(self) -> bool:
        """Whether anybody can be known at all: only then it is offered."""
        ...

    def authorize_url(self, back: str, state: str) -> str:
        """Return the address that asks WeChat who is there; it leads on to `back` with a code and the state."""
        ...

    def openid(self, code: str) -> str:
        """Return who a code stands for, once. Raise Refused (`wechat_refused`) or Unavailable."""
        ...


class OfficialAccount:
    """The port to an account, as a channel and as the one that knows its visitors."""

    def __init__(self, settings: WeChatSettings, clock: MachineClock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._token, self._token_until = "", 0.0

    def send(self, message: Message) -> Outcome:
        """Hand a template message over."""
        templates = self._settings.templates
        registered = templates.get(f"{message.template}.{message.language}") or templates.get(message.template)
        if registered is None:
            return refused("template_not_registered")
        facts = {
            "touser": message.recipient,
            "template_id": registered,
            "url": self._settings.page,
            "client_msg_id": str(message.id),
            "data": {name: {"value": value} for name, value in self._keywords(message).items()},
        }
        try:
            token = self._access_token()
        except (NotReached, NoAnswer, Refused) as error:
            return later(f"wechat_token {error}")
        try:
            answer = self._post(f"/cgi-bin/message/template/send?{urlencode({'access_token': token})}", facts)
        except NotReached as error:
            return later(f"not_reached {error}")
        except NoAnswer as error:
            return unclear(f"no_answer {error}")
        return self._said(answer)

    def ask(self, message: Message, reference: str, sent_ms: int) -> Outcome:
        """Say that the account answers no such question; it would call back."""
        del message, sent_ms
        return sent(reference)

    @property
    def ready(self) -> bool:
        """Whether anybody can be known: an account knows its visitors."""
        return True

    def _keywords(self, message: Message) -> Mapping[str, str]:
        """Return what stands where in the account's template; a `thing` has 20 characters, longer ones are refused."""
        written = self._settings.fields.get(message.template)
        if written is None:
            return message.parameters
        said = {name: text.format(**message.parameters) for name, text in written.items()}
        return {name: _cut(text) if name.startswith("thing") else text for name, text in said.items()}

    def authorize_url(self, back: str, state: str) -> str:
        """Return the address that asks WeChat who is there, silently."""
        query = {"appid": self._settings.app_id, "redirect_uri": back, "response_type": "code", "scope": "snsapi_base"}
        return f"{self._settings.authorize_url}?{urlencode({**query, 'state': state})}#wechat_redirect"

    def openid(self, code: str) -> str:
        """Return who a code stands for."""
        query = {
            "appid": self._settings.app_id,
            "secret": self._settings.app_secret.get_secret_value(),
            "code": code,
            "grant_type": "authorization_code",
        }
        try:
            answer = call(f"{self._settings.url}/sns/oauth2/access_token?{urlencode(query)}", "GET", b"", {})
        except (NotReached, NoAnswer) as error:
            raise Unavailable(f"WeChat does not answer ({error}); sign in by phone") from None
        found = answer.get("openid") if isinstance(answer, dict) else None
        if not isinstance(found, str) or not 0 < len(found) <= 64:
            raise Refused("wechat_refused", "WeChat does not know this visit; open the page from the menu again")
        return found

    def _said(self, answer: dict[str, Any]) -> Outcome:
        code = answer.get("errcode", 0)
        if code == 0:
            return sent(str(answer.get("msgid", "")))
        if code in _TOKEN_IS_OLD:
            with self._lock:
                self._token = ""
        return later(f"wechat_{code}") if code in _AGAIN else refused(f"wechat_{code}")

    def _access_token(self) -> str:
        with self._lock:
            if self._token and self._clock.monotonic() < self._token_until:
                return self._token
            facts = {
                "grant_type": "client_credential",
                "appid": self._settings.app_id,
                "secret": self._settings.app_secret.get_secret_value(),
            }
            answer = self._post("/cgi-bin/stable_token", facts)
            if not isinstance(answer.get("access_token"), str):
                raise Refused("wechat_token", f"errcode {answer.get('errcode')}")
            self._token = answer["access_token"]
            self._token_until = self._clock.monotonic() + max(int(answer.get("expires_in", 0)) - _SPARE_S, 0)
            return self._token

    def _post(self, path: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        body = json.dumps(facts, ensure_ascii=False).encode()
        answer = call(self._settings.url + path, "POST", body, _JSON)
        if not isinstance(answer, dict):
            raise NoAnswer("not an object")
        return answer


def _cut(text: str) -> str:
    return text if len(text) <= _THING else f"{text[: _THING - 1]}…"
