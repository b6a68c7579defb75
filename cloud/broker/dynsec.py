"""Mosquitto's dynamic-security plugin: rights as JSON at start, and changed over MQTT while it runs.

https://mosquitto.org/documentation/dynamic-security/
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from cloud.broker.adapter import INGEST, KEEPER
from cloud.mqtt import Bus, BusAddress
from shared import topics

CONTROL = "$CONTROL/dynamic-security/v1"
_RESPONSE = f"{CONTROL}/response"
_BATCH = 200
_Acl = dict[str, Any]


def document(agents: Sequence[str]) -> str:
    """Return the plugin's whole configuration: nobody may do anything but what a role of their own allows."""
    names = {
        INGEST: _acls(["sw/1/+/+/down/+"], ["sw/1/+/+/up/+"], "subscribePattern"),
        KEEPER: _acls([f"{CONTROL}/#"], [f"{CONTROL}/#"], "subscribePattern"),
        **{agent: agent_acls(agent) for agent in agents},
    }
    return json.dumps(
        {
            "defaultACLAccess": {
                "publishClientSend": False,
                "publishClientReceive": False,
                "subscribe": False,
                "unsubscribe": True,
            },
            "clients": [{"username": name, "roles": [{"rolename": _role(name)}]} for name in names],
            "groups": [],
            "roles": [{"rolename": _role(name), "acls": acls} for name, acls in names.items()],
        },
        indent=1,
    )


def agent_acls(agent: str) -> list[_Acl]:
    """Return an agent's rights: its exact topics, no pattern."""
    return _acls(topics.publish_rights(agent), topics.subscribe_rights(agent), "subscribeLiteral")


def commands(added: Sequence[str], removed: Sequence[str]) -> list[dict[str, Any]]:
    """Return the commands that let agents in and shut others out; disabling disconnects at once.

    A newcomer may have connected before it had any right: disconnecting makes it subscribe again, now with success.
    """
    found: list[dict[str, Any]] = []
    for agent in removed:
        found += [
            {"command": "disableClient", "username": agent},
            {"command": "deleteClient", "username": agent},
            {"command": "deleteRole", "rolename": _role(agent)},
        ]
    for agent in added:
        found += [
            {"command": "createRole", "rolename": _role(agent), "acls": agent_acls(agent)},
            {"command": "createClient", "username": agent, "roles": [{"rolename": _role(agent)}]},
            {"command": "disableClient", "username": agent},
            {"command": "enableClient", "username": agent},
        ]
    return found


class Control:
    """A connection to the plugin's control topic."""

    def __init__(self, address: BusAddress) -> None:
        self._answered = threading.Condition()
        self._answers: list[dict[str, Any]] = []
        self._bus = Bus(address, self._heard)
        self._bus.subscribe([_RESPONSE])

    def __enter__(self) -> Self:
        self._bus.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bus.__exit__(kind, error, trace)

    def run(self, wanted: Sequence[dict[str, Any]], timeout_s: float) -> bool:
        """Run commands and tell whether the plugin has answered all of them in time."""
        parts = [list(wanted[start : start + _BATCH]) for start in range(0, len(wanted), _BATCH)]
        return all(self._run_part(part, timeout_s) for part in parts)

    def is_answering(self, timeout_s: float) -> bool:
        """Tell whether the broker, its TLS and the plugin work, by asking something harmless."""
        return self.run([{"command": "getDefaultACLAccess"}], timeout_s)

    def _run_part(self, part: list[dict[str, Any]], timeout_s: float) -> bool:
        with self._answered:
            self._answers = []
            if not self._bus.publish(CONTROL, json.dumps({"commands": part}).encode()):
                return False
            return self._answered.wait_for(lambda: len(self._answers) >= len(part), timeout_s)

    def _heard(self, _topic: str, payload: bytes) -> None:
        with self._answered:
            self._answers += json.loads(payload).get("responses", [])
            self._answered.notify_all()


def _role(name: str) -> str:
    return f"only {name}"


def _acls(publish: Sequence[str], hear: Sequence[str], subscribe: str) -> list[_Acl]:
    wanted = [("publishClientSend", topic) for topic in publish]
    wanted += [(kind, topic) for topic in hear for kind in (subscribe, "publishClientReceive")]
    return [{"acltype": kind, "topic": topic, "priority": 0, "allow": True} for kind, topic in wanted]
