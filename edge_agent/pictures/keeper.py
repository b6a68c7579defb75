"""Keeps the pictures that HQ wants shown: last in line for the network, within a budget, in nobody's way.

Prices never wait for a picture (one is fetched only while the price keeper rests), and nothing at a till does: what is
not here yet is not shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import structlog

from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.pictures import listing
from edge_agent.pictures.listing import Followed
from edge_agent.pictures.shelf import Shelf
from edge_agent.prices.body_file import Row, hash_whole_body, open_body
from edge_agent.prices.keeper import BodyMissing, BodySource
from shared.body import BUCKETS, BodyError, BodyHeader, BodyKind
from shared.clock import MachineClock
from shared.pictures import PictureRefused, check_picture, read_row

LEAVE_FREE_BYTES = 512 * 1024**2
"""What pictures leave of the disk for what is sold."""
_MOST_DELTA_ROWS = 20_000
_MOST_ASKED = 200
_FIRST_RETRY_SECONDS = 10.0
_LONGEST_REST_SECONDS = 600.0
_log = structlog.get_logger(__name__)


class PictureSource(Protocol):
    """Where pictures come from."""

    async def picture(self, name: str) -> bytes:
        """Return a picture by its name, unchecked. Raise BodyMissing or BodyUnreachable."""
        ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the list and the pictures come from, and when nobody else needs the network."""

    lists: BodySource
    pictures: PictureSource
    prices_at_rest: asyncio.Event


@dataclass(frozen=True, slots=True)
class Budget:
    """What pictures may take: of the disk, and of the network in a minute."""

    disk_bytes: int
    bytes_a_minute: int
    leave_free_bytes: int = LEAVE_FREE_BYTES


@dataclass(slots=True)
class Standing:
    """How many pictures the list names, how many of them are here, their bytes, and whether there is room for more."""

    wanted: int = 0
    held: int = 0
    held_bytes: int = 0
    full: bool = False
    refused: int = 0
    """How many came and were not what they should be; they are asked for again."""


class PictureKeeper:
    """The pictures of one agent. `arrived` is called when one came that somebody was about to see.

    `changed`: HQ should hear which list is followed now.
    """

    def __init__(
        self,
        database: Database,
        sources: Sources,
        clock: MachineClock,
        *,
        directory: Path,
        downloads: Path,
        budget: Budget,
        arrived: Callable[[], None],
        changed: Callable[[], None],
        random: Callable[[], float],
    ) -> None:
        self._database = database
        self._sources = sources
        self._clock = clock
        self._shelf = Shelf(directory)
        self._downloads = downloads
        self._budget = budget
        self._arrived = arrived
        self._changed = changed
        self._random = random
        self._wake = asyncio.Event()
        self._another_list = False
        self._asked: dict[str, None] = {}
        """Pictures that displays had to do without, the newest last."""
        self._failures = 0
        self.standing = Standing()

    async def of(self, item: str) -> str:
        """Return the name of an item's picture, empty while it is not here."""
        wall_ms = self._clock.wall_ms()
        name, here = await self._database.read(lambda db: self._look(listing.picture_of(db, item), wall_ms))
        if name and not here:
            self._ask(name)
        return name if here else ""

    async def content(self, name: str) -> bytes | None:
        """Return a picture; None when it is not here. One that has rotted on the disk is fetched again."""
        found = await asyncio.to_thread(self._shelf.get, name)
        if found is None:
            self.wake()
        return found

    def wake(self) -> None:
        """Look at the list again: HQ may want another one followed."""
        self._another_list = True
        self._wake.set()

    def status(self) -> dict[str, Any]:
        """Return how far it is, for the bench and the status page."""
        now = self.standing
        return {"wanted": now.wanted, "held": now.held, "bytes": now.held_bytes, "full": now.full,
                "refused": now.refused}  # fmt: skip

    async def run(self) -> None:
        """Follow the list for ever. What cannot be had is asked for again after a random part of a growing pause."""
        while True:
            self._wake.clear()
            rest = _LONGEST_REST_SECONDS
            try:
                complete = await self.settle()
                self._failures = 0 if complete else self._failures + 1
            except (BodyError, PictureRefused, BodyMissing, OSError, DiskFull) as error:
                self._failures += 1
                _log.info("pictures_wait", reason=str(error))
            if self._failures:
                rest = self._random() * min(rest, _FIRST_RETRY_SECONDS * 2 ** min(self._failures - 1, 8))
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._wake.wait()

    async def settle(self) -> bool:
        """Do all there is to do now; False when some pictures came wrong or are gone at HQ and are to be tried again.

        Raise BodyError, PictureRefused, BodyMissing or OSError when the list cannot be had or HQ not be reached.
        """
        self._another_list = False
        if self._database.is_full or not self._budget.disk_bytes:
            await self._give_way()
            return True
        now = await self._database.read(listing.followed)
        if now.wanted != now.hash:
            await self._sources.prices_at_rest.wait()
            await self._follow(now)
        wanted = await self._wanted()
        held = await asyncio.to_thread(self._keep_only, wanted)
        self._note(wanted, held)
        return await self._fetch_all(wanted, held)

    async def _wanted(self) -> dict[str, int]:
        """Return every picture on the list and its size, read in steps: tills read by the same thread."""
        found: dict[str, int] = {}
        after = ""
        while step := await self._database.read(partial(listing.stretch, after=after)):
            found |= listing.sizes(step)
            after = step[-1][0]
        return found

    def _look(self, name: str, wall_ms: int) -> tuple[str, bool]:
        return name, bool(name) and self._shelf.has(name, wall_ms)

    def _ask(self, name: str) -> None:
        self._asked.pop(name, None)
        self._asked[name] = None
        if len(self._asked) > _MOST_ASKED:
            self._asked.pop(next(iter(self._asked)))
        if not self._failures:
            self._wake.set()  # while HQ cannot be reached, every line scanned would be an attempt

    def _keep_only(self, wanted: dict[str, int]) -> dict[str, int]:
        """Forget what the list does not name; return what is here, the one shown longest ago first."""
        self._shelf.prepare()
        held = self._shelf.listing()
        for name in held.keys() - wanted.keys():
            self._shelf.drop(name)
        return {name: size for name, size in held.items() if name in wanted}

    async def _give_way(self) -> None:
        """The disk is full, or is to take none: whatever is sold comes before pictures."""
        await asyncio.to_thread(self._keep_only, {})
        self._note({}, {})
        self.standing.full = True

    async def _follow(self, now: Followed) -> None:
        self._downloads.mkdir(parents=True, exist_ok=True)
        if now.wanted in {"", listing.NOTHING}:
            await self._replace(iter(()), now.wanted, bytes(BUCKETS * listing.HASH_BYTES))
        elif not now.hash or not await self._followed_by_delta(now):
            path = self._downloads / now.wanted
            await self._sources.lists.fetch(now.wanted, path)
            try:
                header, buckets = await asyncio.to_thread(hash_whole_body, path)
                _check(header, now.wanted)
                with open_body(path) as (_, rows):
                    await self._replace(rows, now.wanted, buckets)
            finally:
                path.unlink(missing_ok=True)
        _log.info("pictures_followed", list=now.wanted[:12])
        self._changed()

    async def _followed_by_delta(self, now: Followed) -> bool:
        name = f"{now.hash}..{now.wanted}"
        path = self._downloads / name
        try:
            await self._sources.lists.fetch(name, path)
            header, rows = await asyncio.to_thread(_read_delta, path)
            _check(header, now.wanted)
            buckets = await self._database.read(lambda db: listing.prove_delta(db, header, rows, now))
        except BodyMissing:
            return False
        except (BodyError, PictureRefused) as error:
            _log.warning("picture_delta_refused", reason=str(error))
            return False
        finally:
            path.unlink(missing_ok=True)
        await self._database.run(listing.begin)
        for start in range(0, len(rows), listing.STEP_ROWS):
            step = rows[start : start + listing.STEP_ROWS]
            await self._database.run(partial(listing.change, rows=step))
        await self._database.run(lambda db: listing.finish(db, now.wanted, buckets))
        return True

    async def _replace(self, rows: Iterator[Row], hash_: str, buckets: bytes) -> None:
        after, last = "", False
        await self._database.run(listing.begin)
        while not last:
            step = await asyncio.to_thread(_read_step, rows)
            last = len(step) < listing.STEP_ROWS
            await self._database.run(partial(listing.replace_stretch, after=after, rows=step, last=last))
            after = step[-1][0] if step else after
        await self._database.run(lambda db: listing.finish(db, hash_, buckets))

    async def _fetch_all(self, wanted: dict[str, int], held: dict[str, int]) -> bool:
        missing = {name: None for name in wanted if name not in held}
        complete = True
        while missing and not self._another_list:
            asked = next((name for name in reversed(self._asked) if name in missing), None)
            name = asked or next(iter(missing))
            del missing[name]
            self.standing.full = not await asyncio.to_thread(
                self._has_room, wanted[name], held, makes_room=asked is not None
            )
            if self.standing.full:
                return complete
            await self._sources.prices_at_rest.wait()
            if await self._fetch(name):
                held[name] = wanted[name]
                self._note_one(1, wanted[name])
                if name in self._asked:
                    del self._asked[name]
                    self._arrived()
            else:
                complete = False
            await asyncio.sleep(wanted[name] * 60 / self._budget.bytes_a_minute)
        return complete

    async def _fetch(self, name: str) -> bool:
        """Fetch one picture and put it on the shelf; False when what came is not it, or HQ no longer has it."""
        try:
            content = await self._sources.pictures.picture(name)
            check_picture(content, name)
        except BodyMissing:
            return False
        except PictureRefused as error:
            self.standing.refused += 1
            _log.warning("picture_refused", reason=str(error))
            return False
        await asyncio.to_thread(self._shelf.put, name, content, self._clock.wall_ms())
        return True

    def _has_room(self, size: int, held: dict[str, int], *, makes_room: bool) -> bool:
        """Tell whether a picture has room; for one that somebody wanted to see, the one shown longest ago goes."""
        if self._shelf.free_bytes() - size < self._budget.leave_free_bytes:
            return False
        while self.standing.held_bytes + size > self._budget.disk_bytes:
            oldest = next(iter(held), None) if makes_room else None
            if oldest is None:
                return False
            self._shelf.drop(oldest)
            self._note_one(-1, -held.pop(oldest))
        return True

    def _note(self, wanted: dict[str, int], held: dict[str, int]) -> None:
        self.standing = Standing(len(wanted), len(held), sum(held.values()), refused=self.standing.refused)

    def _note_one(self, count: int, size: int) -> None:
        self.standing.held += count
        self.standing.held_bytes += size


def _check(header: BodyHeader, wanted: str) -> None:
    if (header.kind, header.scope, header.hash) != (BodyKind.PICTURES, listing.SCOPE, wanted):
        raise BodyError(f"the file is of {header.kind}/{header.scope}, wanted is the list of pictures {wanted[:12]}")


def _read_delta(path: Path) -> tuple[BodyHeader, list[Row]]:
    with open_body(path) as (header, rows):
        if header.rows > _MOST_DELTA_ROWS:
            raise BodyError(f"a delta of {header.rows} rows is longer than {_MOST_DELTA_ROWS}")
        return header, list(rows)


def _read_step(rows: Iterator[Row]) -> list[Row]:
    step = list(islice(rows, listing.STEP_ROWS))
    for _, row in step:
        read_row(row or b"")
    return step
