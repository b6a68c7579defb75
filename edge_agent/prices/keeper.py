"""Keeps the price books that HQ wants ready: fetches bodies, proves them, stages them, sweeps and prunes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

import structlog

from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.prices import bodies, pruning, timeline
from edge_agent.prices.body_file import Row, hash_whole_body, open_body
from edge_agent.prices.books import PriceBooks
from shared.body import BodyError, BodyHeader, BodyKind, empty_hash, write_body
from shared.clock import BusinessClock
from shared.wire.desired import BodyReference

_MAX_DELTA_ROWS = 20_000
"""A longer delta costs more memory than fetching the whole body line by line."""
_FIRST_RETRY_SECONDS = 5.0
_LONGEST_REST_SECONDS = 60.0
_SHORTEST_REST_SECONDS = 0.05
_log = structlog.get_logger(__name__)


class BodyMissing(LookupError):
    """HQ does not have this file: a delta it does not offer, or a body that was withdrawn."""


class BodyUnreachable(OSError):
    """The file could not be fetched now; it may work later."""


class BodySource(Protocol):
    """Where body files come from."""

    async def fetch(self, name: str, into: Path) -> None:
        """Fetch a file by name, `<hash>` or `<base>..<hash>`, going on where an earlier attempt broke off.

        Raise BodyMissing or BodyUnreachable.
        """
        ...


class PriceKeeper:
    """Brings this agent's price books to what the timeline wants, one body after the other.

    Deltas that came inside a message are used first, then deltas by HTTPS, then whole bodies.
    """

    def __init__(
        self,
        database: Database,
        source: BodySource,
        clock: BusinessClock,
        *,
        books: PriceBooks,
        directory: Path,
        changed: Callable[[], None],
        random: Callable[[], float],
    ) -> None:
        self._database = database
        self._source = source
        self._clock = clock
        self._books = books
        self._directory = directory
        self._changed = changed
        self._random = random
        self._offered: dict[str, bytes] = {}
        self._wake = asyncio.Event()
        self._switch_ms: int | None = None
        self._unreadable: dict[str, str] = {}
        """Versions that this program cannot price by, by the hash of their manifest, and why."""
        self.problems: list[str] = []
        self.at_rest = asyncio.Event()
        """Set while it has nothing to fetch, or waits to try again: others may use the network."""

    @property
    def refusals(self) -> list[str]:
        """Versions on the timeline that this program cannot price by, in words for HQ."""
        return sorted(self._unreadable.values())

    def offer(self, deltas: Sequence[bytes]) -> None:
        """Take the deltas of a message along; whatever is wrong with one shows when it is used."""
        for delta in deltas:
            try:
                with open_body(delta) as (header, _):
                    self._offered[_name(header.base, header.hash)] = delta
            except BodyError as error:
                _log.warning("delta_refused", reason=str(error))

    def wake(self) -> None:
        """Look at the timeline again: it changed."""
        self._wake.set()

    def clock_set(self) -> None:
        """Switch prices if the business clock, set from outside, has come to the moment of the next version."""
        if self._switch_ms is not None and self._clock.now_ms() >= self._switch_ms:
            self._wake.set()

    async def run(self) -> None:
        """Keep the books ready for ever.

        What cannot be had is asked for again after a random part of a pause that doubles: a chain whose HQ was away
        does not come back all at once.
        """
        failures = 0
        while True:
            self._wake.clear()
            self.at_rest.clear()
            rest = _LONGEST_REST_SECONDS
            try:
                self._directory.mkdir(parents=True, exist_ok=True)
                await self.settle()
                failures = 0
                self._report(self.refusals)
            except (BodyError, BodyMissing, OSError, DiskFull) as error:
                # A full disk too: the agent must live on to drain what it has sold, and to sell when there is room.
                self._report([f"price_book: {error}"])
                failures += 1
                rest = self._random() * min(_LONGEST_REST_SECONDS, _FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 8))
            self.at_rest.set()
            try:
                async with asyncio.timeout(min(rest, await self._seconds_to_switch())):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def settle(self) -> None:
        """Do all there is to do now. Raise BodyError, BodyMissing or BodyUnreachable when a body cannot be had."""
        await self._latch()
        await self._database.read(self._books.prepare)
        await self._sweep()
        while targets := await self._database.read(lambda db: timeline.targets(db, self._clock.now_ms())):
            readable = [version for version in targets if version.hash not in self._unreadable]
            if not readable or not await self._make_ready(readable[0]):
                break  # the timeline changed meanwhile; the next round sees the new one
        self._offered.clear()
        held = {version.hash for version in await self._database.read(timeline.versions)}
        self._unreadable = {name: why for name, why in self._unreadable.items() if name in held}
        await self._prune()

    async def _make_ready(self, version: timeline.Version) -> bool:
        for body in version.manifest.bodies:
            await self._obtain(body, version.version)
        reason = await self._database.read(lambda db: self._books.unreadable(db, version))
        if reason:
            # Never ready, so never in force: better the old prices than new ones without a promotion that nobody sees.
            self._unreadable[version.hash] = f"price_book: {version.version} is refused: {reason}"
            return True
        ready = await self._database.run(lambda db: timeline.mark_ready_if_complete(db, version))
        if ready:
            _log.info("price_book_ready", version=version.version)
            await self._latch()
            self._changed()
        return ready

    async def _latch(self) -> None:
        now_ms = self._clock.now_ms()
        before = await self._database.read(timeline.latched_version)
        after = await self._database.run(lambda db: timeline.version_in_force(db, now_ms))
        if after != before:
            _log.info("price_book_in_force", version=after)
            self._changed()

    async def _seconds_to_switch(self) -> float:
        self._switch_ms = await self._database.read(timeline.next_activation_ms)
        if self._switch_ms is None:
            return _LONGEST_REST_SECONDS
        return max(_SHORTEST_REST_SECONDS, (self._switch_ms - self._clock.now_ms()) / 1000)

    async def _obtain(self, body: BodyReference, version: int) -> None:
        if await self._database.read(lambda db: bodies.holds(db, body, version)):
            return
        base = await self._database.read(lambda db: bodies.base_of(db, body.kind, body.scope, version))
        kind = BodyKind(body.kind)
        if base is not None and base.hash == body.hash:
            await self._database.run(lambda db: bodies.finish(db, body, version, base.buckets))
        elif body.hash == empty_hash(kind, body.scope):
            empty = BodyHeader(kind=kind, scope=body.scope, hash=body.hash, rows=0)
            await self._apply_whole(body, version, write_body(empty, {}), base)
        elif base is None or not await self._applied_as_delta(body, version, base):
            await self._fetch_whole(body, version, base)

    async def _applied_as_delta(self, body: BodyReference, version: int, base: bodies.HeldBody) -> bool:
        name = _name(base.hash, body.hash)
        source: Path | bytes | None = self._offered.get(name)
        path = self._directory / name
        try:
            if source is None:
                await self._source.fetch(name, path)
                source = path
            header, rows = await asyncio.to_thread(_read_delta, source)
            _check_names(header, body)
            buckets = await self._database.read(lambda db: bodies.prove_delta(db, header, rows, base))
        except BodyMissing:
            return False
        except BodyError as error:
            _log.warning("delta_refused", body=f"{body.kind}/{body.scope}", version=version, reason=str(error))
            return False
        finally:
            if source is path:
                path.unlink(missing_ok=True)
        await self._write(body, version, iter(rows), None, buckets)
        return True

    async def _fetch_whole(self, body: BodyReference, version: int, base: bodies.HeldBody | None) -> None:
        path = self._directory / body.hash
        await self._source.fetch(body.hash, path)
        try:
            await self._apply_whole(body, version, path, base)
        finally:
            path.unlink(missing_ok=True)

    async def _apply_whole(
        self, body: BodyReference, version: int, source: Path | bytes, base: bodies.HeldBody | None
    ) -> None:
        header, buckets = await asyncio.to_thread(hash_whole_body, source)
        _check_names(header, body)
        with open_body(source) as (_, rows):
            await self._write(body, version, rows, base, buckets)

    async def _write(
        self,
        body: BodyReference,
        version: int,
        rows: Iterator[Row],
        whole_on: bodies.HeldBody | None,
        buckets: bytes,
    ) -> None:
        """Stage rows step by step, then give the body its hash. On a base, a whole body is reduced to what changed."""
        after, last = "", False
        await self._database.run(lambda db: bodies.begin(db, body.kind, body.scope, version))
        while not last:
            step = await asyncio.to_thread(lambda: list(islice(rows, bodies.STEP_ROWS)))
            last = len(step) < bodies.STEP_ROWS
            changed = step
            if whole_on is not None:
                stretch = bodies.Stretch(after, step, last=last)
                changed = await self._database.read(
                    partial(
                        bodies.differences, kind=body.kind, scope=body.scope, base=whole_on.version, stretch=stretch
                    )
                )
            if changed:
                await self._database.run(
                    partial(bodies.stage, kind=body.kind, scope=body.scope, version=version, rows=changed)
                )
            after = step[-1][0] if step else after
        await self._database.run(lambda db: bodies.finish(db, body, version, buckets))

    async def _sweep(self) -> None:
        for orphan in await self._database.read(bodies.orphans):
            await self._sweep_one(orphan)

    async def _sweep_one(self, orphan: bodies.Orphan) -> None:
        while keys := await self._database.read(lambda db: bodies.orphan_keys(db, orphan)):
            await self._database.run(partial(bodies.sweep, orphan=orphan, keys=keys))
        await self._database.run(lambda db: bodies.drop(db, orphan))

    async def _prune(self) -> None:
        floor = await self._database.read(pruning.floor_version)
        held = await self._database.read(timeline.versions)
        if floor is None or not held or held[0].version >= floor:
            return
        place = pruning.Place()
        while found := await self._database.read(partial(pruning.superseded, floor=floor, after=place)):
            await self._database.run(partial(pruning.prune_rows, places=found))
            place = found[-1]
        await self._database.run(lambda db: pruning.prune_versions(db, floor))
        _log.info("price_books_pruned", oldest=floor)

    def _report(self, problems: list[str]) -> None:
        if problems != self.problems:
            self.problems = problems
            for problem in problems:
                _log.warning("price_book_problem", problem=problem)
            self._changed()


def _name(base: str, content_hash: str) -> str:
    return f"{base}..{content_hash}"


def _read_delta(source: Path | bytes) -> tuple[BodyHeader, list[Row]]:
    with open_body(source) as (header, rows):
        if header.rows > _MAX_DELTA_ROWS:
            raise BodyError(f"delta of {header.rows} rows is longer than {_MAX_DELTA_ROWS}")
        return header, list(rows)


def _check_names(header: BodyHeader, body: BodyReference) -> None:
    if (header.kind, header.scope, header.hash) != (body.kind, body.scope, body.hash):
        raise BodyError(f"body file is of {header.kind}/{header.scope}, wanted {body.kind}/{body.scope}")
