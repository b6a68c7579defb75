"""Hot-plug: the kernel says when a device comes or goes, and whoever waits for one tries at once.

The kernel multicasts "uevents" on a netlink socket (Documentation/ABI and lib/kobject_uevent.c). Group 1 is the
kernel itself; group 2 is udev, which repeats each event when its links below `/dev` are made. Both are only a
reason to look: what is really there is found by opening it, so a forged or lost event does no harm.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

_NETLINK_KOBJECT_UEVENT = 15
_KERNEL_GROUP, _UDEV_GROUP = 1, 2
_RECEIVE_BYTES = 1024 * 1024
"""A hub full of devices announces some hundred objects within a moment."""
_DATAGRAM_BYTES = 16 * 1024
_UDEV_MAGIC = b"libudev\0"
_SCAN_SECONDS = 0.5
SUBSYSTEMS = frozenset({"input", "tty", "usb", "usbmisc", "hidraw"})
FOLDERS = (Path("/dev/input/by-path"), Path("/dev/serial/by-path"), Path("/dev/usb"), Path("/sys/bus/usb/devices"))
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the kernel said: `add` or `remove`, the object below `/sys`, its subsystem, its node below `/dev`."""

    action: str
    path: str
    subsystem: str = ""
    node: str = ""


def parse(datagram: bytes) -> Announcement | None:
    """Return what a kernel uevent says, or None when it is none: `add@/devices/...` NUL `KEY=value` NUL ..."""
    head, *pairs = datagram.decode("utf-8", "replace").split("\0")
    action, at, path = head.partition("@")
    if not at or not path.startswith("/"):
        return None
    fields = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    return Announcement(action, path, fields.get("SUBSYSTEM", ""), fields.get("DEVNAME", ""))


def open_netlink() -> socket.socket:
    """Return a socket that hears the kernel's and udev's announcements. Raise OSError where that is not allowed."""
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _NETLINK_KOBJECT_UEVENT)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
        opened.bind((0, _KERNEL_GROUP | _UDEV_GROUP))
    except OSError:
        opened.close()
        raise
    return opened


class HotPlug:
    """Counts what was announced; whoever waits for a device waits for the next count."""

    def __init__(
        self,
        open_socket: Callable[[], socket.socket] = open_netlink,
        folders: Iterable[Path] = FOLDERS,
    ) -> None:
        self.listening = False
        """Whether announcements come by themselves, from the kernel or from looking at folders."""
        self._open_socket = open_socket
        self._folders = tuple(folders)
        self._count = 0
        self._waiting: set[asyncio.Event] = set()

    @property
    def count(self) -> int:
        """How many times something was announced."""
        return self._count

    def announce(self) -> None:
        """Say that something was plugged in or out."""
        self._count += 1
        for event in self._waiting:
            event.set()

    async def beyond(self, count: int, within_s: float) -> bool:
        """Wait until more than `count` announcements were made; return False when none comes in time."""
        if self._count > count:
            return True
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(within_s):
                await event.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(event)
        return True

    async def run(self) -> None:
        """Listen until cancelled; where the kernel may not be heard, look at the folders twice a second."""
        try:
            with self._open_socket() as opened:
                opened.settimeout(0)
                await self._listen(opened)
        except OSError as error:
            _log.warning("hotplug_by_looking", reason=str(error))
            await self._look()

    async def _listen(self, opened: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self.listening = True
        try:
            while True:
                try:
                    datagram = await loop.sock_recv(opened, _DATAGRAM_BYTES)
                except OSError as error:
                    if error.errno != errno.ENOBUFS:
                        raise
                    self.announce()  # more was announced than fitted: something came or went, and that is all we ask
                    continue
                if _concerns_us(datagram):
                    self.announce()
        finally:
            self.listening = False

    async def _look(self) -> None:
        seen = await asyncio.to_thread(self._snapshot)
        self.listening = True
        try:
            while True:
                await asyncio.sleep(_SCAN_SECONDS)
                now = await asyncio.to_thread(self._snapshot)
                if now != seen:
                    seen = now
                    self.announce()
        finally:
            self.listening = False

    def _snapshot(self) -> frozenset[tuple[str, int]]:
        """Return what is in the folders; a link that was made anew counts as another one."""
        found: set[tuple[str, int]] = set()
        for folder in self._folders:
            with suppress(OSError):
                found.update((str(entry), entry.lstat().st_ino) for entry in folder.iterdir())
        return frozenset(found)


def _concerns_us(datagram: bytes) -> bool:
    if datagram.startswith(_UDEV_MAGIC):
        return True
    announcement = parse(datagram)
    return announcement is not None and announcement.subsystem in SUBSYSTEMS
