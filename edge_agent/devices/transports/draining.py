"""A thread that drains one file descriptor as fast as the kernel fills it, and ends the moment it is told to."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from edge_agent.devices.ports import DeviceError, DeviceUnavailable
from edge_agent.devices.transports.handover import Handover, gone

T = TypeVar("T")

_JOIN_SECONDS = 5.0
"""The thread never blocks anywhere else than in poll and in the handover, and both end at once."""


@contextmanager
def drained(
    device: str, fd: int, read: Callable[[], Sequence[T]], handover: Handover[T], *, empty_pause_ms: int = 0
) -> Iterator[None]:
    """Hand over what `read` returns whenever `fd` has something, until the block ends.

    `read` must not block. A device that hung up and has nothing more to say ends the handover. `empty_pause_ms`
    is for devices that may be readable and have nothing (printers send empty packets): it keeps the thread from
    turning round on them.
    """
    bell = os.eventfd(0, os.EFD_CLOEXEC)
    drain = partial(_drain, device, fd, bell, read, handover, empty_pause_ms=empty_pause_ms)
    thread = threading.Thread(target=drain, name=f"{device} reader", daemon=True)
    thread.start()
    try:
        yield
    finally:
        handover.stop()
        os.eventfd_write(bell, 1)
        thread.join(_JOIN_SECONDS)
        os.close(bell)


def _drain(
    device: str, fd: int, bell: int, read: Callable[[], Sequence[T]], handover: Handover[T], *, empty_pause_ms: int
) -> None:
    poller, pause = select.poll(), select.poll()
    poller.register(fd, select.POLLIN)
    poller.register(bell, select.POLLIN)
    pause.register(bell, select.POLLIN)
    try:
        while not handover.stopped:
            happened = dict(poller.poll())
            if bell in happened:
                return
            pieces = _read(read)
            if pieces:
                handover.put(pieces)
            elif happened[fd] & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
                raise DeviceUnavailable(f"{device} was unplugged")
            elif empty_pause_ms:
                pause.poll(empty_pause_ms)
    except OSError as error:
        handover.end(gone(device, error))
    except DeviceError as error:
        handover.end(error)


def _read(read: Callable[[], Sequence[T]]) -> Sequence[T]:
    try:
        return read()
    except (BlockingIOError, InterruptedError):
        return ()
