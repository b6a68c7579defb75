"""The agent on the first releases of Python 3.11, such as Debian 12's: what a timeout says after something failed."""

from __future__ import annotations

import asyncio
from types import TracebackType

import pytest

import edge_agent
from edge_agent.old_python import mend_class

assert edge_agent, "importing the agent mends this process where that is needed"


class TimeoutOfPython3112(asyncio.Timeout):
    """What Python 3.11.2 does at the end: only a task that counts no other cancellation is told of the time-out."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            return await super().__aexit__(kind, error, trace)
        except TimeoutError:
            if asyncio.current_task().cancelling():
                return None
            raise


class Mended(TimeoutOfPython3112):
    pass


mend_class(Mended)


async def fails() -> None:
    raise OSError("the line is dead")


async def after_a_group_failed(limit: asyncio.Timeout) -> None:
    """Wait in vain with a limit in a task in which a group has failed, as an agent that says goodbye does."""
    with pytest.raises(ExceptionGroup):
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
    asyncio.current_task().cancel()  # what the group leaves behind on 3.11 and 3.12, on every version
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0)
    async with limit:
        await asyncio.Event().wait()


def due() -> float:
    return asyncio.get_running_loop().time() + 0.01


async def test_p1_a_goodbye_in_vain_ends_in_a_time_out_on_every_python() -> None:
    for kind in (asyncio.Timeout, Mended):
        with pytest.raises(TimeoutError):
            await after_a_group_failed(kind(due()))
        while asyncio.current_task().uncancel():
            pass
    with pytest.raises(asyncio.CancelledError):
        await after_a_group_failed(TimeoutOfPython3112(due()))
    while asyncio.current_task().uncancel():
        pass


async def test_whoever_is_cancelled_while_it_waits_stays_cancelled() -> None:
    async def wait() -> None:
        async with Mended(asyncio.get_running_loop().time() + 60):
            await asyncio.Event().wait()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with Mended(asyncio.get_running_loop().time() + 60) as unused:
        pass
    assert not unused.expired()
