"""The end of a child process: asked for first, made after a while."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from contextlib import suppress

import structlog

log = structlog.get_logger()


async def end(process: Process, patience_s: float) -> None:
    """Ask a process to end (SIGTERM); one that has not within `patience_s` seconds is killed. Returns at its end."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), patience_s)
    except TimeoutError:
        log.warning("child does not end, killing it", pid=process.pid)
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
