"""What systemd is told: that the tills are open, and again and again that the agent gets on.

The watchdog is fed by progress alone. A process that lives but no longer commits, reads or serves its pages is worth
as little at a till as one that has died, and a restart takes two seconds. Speaking with HQ is not asked for: a
store sells without it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

Pulse = Callable[[], Awaitable[object]]
"""Returns when one of the agent's main parts has just done something of its own; raises when it cannot."""

_FEEDS_A_PERIOD = 3
"""How often within the watchdog's time: one slow answer is no reason to be ended."""
_QUIET_SECONDS = 10.0
_PAGE_SECONDS = 10.0
_USEC = 1_000_000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """Who started this process and waits for its word, by sd_notify(3); without an address nobody does.

    `watchdog_usec` is after how many microseconds of silence the process is ended; 0: never.
    """

    address: str = ""
    watchdog_usec: int = 0

    def say(self, **words: str) -> None:
        """Send `READY=1`, `WATCHDOG=1`, `STATUS=...`; a service manager that does not listen is no trouble of ours."""
        if not self.address:
            return
        content = "\n".join(f"{name}={word}" for name, word in words.items()).encode()
        # A name that begins with @ is in the abstract namespace, where the address begins with NUL.
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.settimeout(0)
                sender.sendto(content, address)
        except OSError as error:
            _log.warning("service_manager_not_told", said=sorted(words), reason=str(error))

    @property
    def feed_seconds(self) -> float:
        """How far apart the parts are asked."""
        return self.watchdog_usec / _USEC / _FEEDS_A_PERIOD if self.watchdog_usec else _QUIET_SECONDS


async def feed(manager: ServiceManager, pulses: Mapping[str, Pulse]) -> None:
    """Tell the service manager that all parts get on, as long as they do; the first time that means the agent is ready.

    A part that does not answer is named in the log and in `systemctl status`; then nothing is fed until all answer.
    Runs until it is cancelled; does nothing where nobody waits for its word.
    """
    if not manager.address:
        return
    ready = False
    while True:
        stuck = await _stuck(pulses, within_s=manager.feed_seconds)
        if stuck:
            if ready:
                _log.error("no_progress", parts=stuck)
            manager.say(STATUS=f"{'No progress' if ready else 'Starting'}: {', '.join(stuck)}")
            continue
        if not ready:
            _log.info("ready")
            manager.say(READY="1", STATUS="The tills are open.")
            ready = True
        manager.say(WATCHDOG="1", STATUS="The tills are open.")
        await asyncio.sleep(manager.feed_seconds)


async def _stuck(pulses: Mapping[str, Pulse], *, within_s: float) -> list[str]:
    """Return the parts that did not answer in time or could not."""
    answers = await asyncio.gather(*(_answers(name, pulse, within_s) for name, pulse in pulses.items()))
    return [name for name, answered in zip(pulses, answers, strict=True) if not answered]


async def _answers(name: str, pulse: Pulse, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            await pulse()
    except TimeoutError:
        return False
    except Exception as error:  # whatever it is: this part does not get on, and that is the answer
        _log.warning("pulse_failed", part=name, reason=str(error))
        await asyncio.sleep(min(within_s, 1.0))
        return False
    return True


def page_pulse(number: int) -> Pulse:
    """Return the pulse of the till pages: they answer a request on their port of this machine."""

    async def asked() -> None:
        async with asyncio.timeout(_PAGE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", number)
            try:
                # Any answer is progress, also a refusal: the request names no till and carries no cookie.
                writer.write(f"HEAD / HTTP/1.1\r\nHost: 127.0.0.1:{number}\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
                if not (await reader.readline()).startswith(b"HTTP/1.1 "):
                    raise ConnectionError("the pages hang up")
            finally:
                writer.close()

    return asked
