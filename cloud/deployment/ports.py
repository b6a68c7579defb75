"""Ports and addresses of this deployment. A port left to us is chosen once and kept: enrolled agents rely on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from cloud.broker.listening import LOOPBACK, free_ports
from cloud.identity.keys import write_private
from cloud.settings import CloudSettings

_FILE = "ports.json"


@dataclass(frozen=True)
class Places:
    """Where everything of this deployment is reached."""

    api_port: int
    console_port: int
    broker_port: int
    monitor_port: int
    """The broker's health endpoint or plain listener, on loopback."""
    client_port: int
    """The broker's native client port, on loopback; unused but mutually authenticated all the same."""
    api_url: str
    console_url: str
    broker_urls: tuple[str, ...]
    """What agents are told."""
    ingest_urls: tuple[str, ...]
    """What our own workers use."""


def resolve(settings: CloudSettings) -> Places:
    """Return this deployment's places, choosing what the settings leave open."""
    kept = _kept(settings.data_dir)
    chosen = {
        "api": settings.api_port,
        "console": settings.console_port,
        "broker": settings.broker_port,
        "monitor": 0,
        "client": 0,
    }
    ports = {name: port or kept.get(name) or 0 for name, port in chosen.items()}
    missing = [name for name, port in ports.items() if not port]
    if missing:
        ports |= dict(zip(missing, free_ports(len(missing)), strict=True))
        write_private(settings.data_dir / _FILE, json.dumps(ports).encode())
    own_broker = (f"mqtts://{_in_url(settings.public_host)}:{ports['broker']}",)
    local_broker = (f"mqtts://{LOOPBACK}:{ports['broker']}",)
    return Places(
        api_port=ports["api"],
        console_port=ports["console"],
        broker_port=ports["broker"],
        monitor_port=ports["monitor"],
        client_port=ports["client"],
        api_url=f"https://{_in_url(settings.public_host)}:{ports['api']}",
        console_url=f"http://{LOOPBACK}:{ports['console']}",
        broker_urls=tuple(settings.broker_urls) or own_broker,
        ingest_urls=tuple(settings.broker_urls) or local_broker,
    )


def listeners(settings: CloudSettings) -> dict[str, int]:
    """Return what stores reach (`api`, `broker`) and by which port, 0 where none was chosen yet; nothing is written."""
    kept = _kept(settings.data_dir)
    return {
        "api": settings.api_port or kept.get("api", 0),
        "broker": settings.broker_port or kept.get("broker", 0),
    }


def _kept(data_dir: Path) -> dict[str, int]:
    path = data_dir / _FILE
    return {name: int(port) for name, port in json.loads(path.read_bytes()).items()} if path.exists() else {}


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
