"""One box: broker, API, ingest and jobs under one command, and a file that says where everything is."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from cloud.clock import SystemMachineClock
from cloud.deployment import ports
from cloud.deployment.ports import Places
from cloud.identity.keys import write_private
from cloud.process.certificates import ensure_certificates
from cloud.process.supervisor import Child, Supervisor
from cloud.settings import CloudSettings

RUN_FILE = "run.json"

log = structlog.get_logger()


async def serve(settings: CloudSettings, arguments: Sequence[str]) -> None:
    """Supervise every process of one box until SIGTERM. `arguments` lead the children to the same settings."""
    ensure_certificates(settings, SystemMachineClock().wall_ms())
    places = ports.resolve(settings)
    names = ["broker", "api", "ingest", "jobs"]
    if settings.broker == "external":
        names.remove("broker")
    children = [Child(name, [sys.executable, "-m", "cloud", *arguments, name, "--tethered"]) for name in names]
    supervisor = Supervisor(
        children, SystemMachineClock(), lambda pids: write_run_file(settings.data_dir, places, pids)
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    try:
        await supervisor.run()
    finally:
        (settings.data_dir / RUN_FILE).unlink(missing_ok=True)


def welcome(settings: CloudSettings) -> str:
    """Say to whoever starts it where everything will be, and how it ends."""
    places = ports.resolve(settings)
    people = f"Console    {places.console_url}  (this machine only)" if settings.console else "Console    switched off"
    return "\n".join(
        (
            people,
            f"Stores     {places.api_url}  (HTTPS) and {places.broker_urls[0]}",
            f"Data       {settings.data_dir}",
            "They answer within a minute. Ctrl-C or SIGTERM ends everything; from here on this is the log.",
        )
    )


def write_run_file(data_dir: Path, places: Places, pids: Mapping[str, int]) -> None:
    """Say in `run.json` where everything is and which processes run, for tools."""
    content = {
        "api": places.api_url,
        "console": places.console_url,
        "broker": places.broker_urls[0],
        "pids": {"serve": os.getpid(), **pids},
    }
    write_private(data_dir / RUN_FILE, json.dumps(content, indent=1).encode())
