"""The process that runs for years. The command line reads the settings and hands them over to it in its own place.

What reads settings and command lines takes a fifth of an agent's memory and is not needed again, so the process
starts anew without it: same process id, same parent, same environment.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    # Colours for developers' terminals, which logging would load because they happen to be installed.
    sys.modules["rich"] = None  # type: ignore[assignment]  # as documented for the import system: "not found"

import asyncio
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import msgspec
import structlog

from edge_agent.settings import EdgeSettings
from edge_agent.watchdog import ServiceManager


@dataclass(frozen=True, slots=True)
class Handover:
    """All that the process must be told."""

    settings: EdgeSettings
    manager: ServiceManager


def become(handover: Handover) -> NoReturn:
    """Go on as the agent's own process. Raise OSError when the interpreter cannot be started again."""
    end, start = os.pipe()
    with open(start, "wb") as writing:  # noqa: PTH123 - a descriptor; far less than what a pipe holds
        writing.write(msgspec.json.encode(handover, enc_hook=str))  # paths
    os.set_inheritable(end, True)  # noqa: FBT003
    os.execv(sys.executable, [sys.executable, "-P", "-m", __name__, str(end)])  # noqa: S606


def run(handover: Handover) -> None:
    """Run the agent until it is told to end; exits with words where it cannot."""
    # Imported here alone: the command that only hands over should not load the whole agent first.
    from edge_agent import agent  # noqa: PLC0415
    from edge_agent.disk.errors import StorageError  # noqa: PLC0415
    from edge_agent.disk.state_lock import StateInUse  # noqa: PLC0415
    from edge_agent.hq.identity import IdentityMissing  # noqa: PLC0415

    _log_as_json(handover.settings.log_level)
    try:
        asyncio.run(agent.run(handover.settings, handover.manager))
    except (IdentityMissing, StateInUse, StorageError, ValueError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"this machine refuses what the agent needs: {error}")


def _log_as_json(level: str) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _handed_over(descriptor: int) -> Handover:
    with open(descriptor, "rb") as reading:
        return msgspec.json.decode(reading.read(), type=Handover, dec_hook=lambda _type, text: Path(text))


if __name__ == "__main__":
    run(_handed_over(int(sys.argv[1])))
