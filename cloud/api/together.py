"""Requests that are handled together: whatever waits when one transaction is done shares the next.

A thousand agents that answer one change at once would each cost transactions of their own. A request that comes alone
is handled at once, so nobody waits for company.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from starlette.concurrency import run_in_threadpool

from cloud.database.transience import is_transient
from cloud.errors import Unavailable

MOST = 50
"""Requests of one group, as the ingest worker's: many share its cost, and nobody waits long for it."""

Asked = TypeVar("Asked")
Told = TypeVar("Told")


class Together(Generic[Asked, Told]):
    """Handles requests in groups, one group at a time. Used from an event loop alone; the handling is in a thread.

    `handle` returns one answer for each request, in their order; a refusal stands as an exception in its place. Of
    requests with the same `whose` only one is in a group.
    """

    def __init__(
        self,
        handle: Callable[[Sequence[Asked]], Sequence[Told | Exception]],
        whose: Callable[[Asked], Hashable],
        most: int = MOST,
    ) -> None:
        self._handle = handle
        self._whose = whose
        self._most = most
        self._waiting: list[tuple[Asked, asyncio.Future[Told]]] = []
        self._handling: asyncio.Task[None] | None = None

    async def ask(self, asked: Asked) -> Told:
        """Return the answer to a request, or raise what stands in its place."""
        told: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, told))
        if self._handling is None:
            self._handling = asyncio.create_task(self._handle_on(), name="requests together")
        return await told

    async def _handle_on(self) -> None:
        try:
            while self._waiting:
                group = self._take()
                answers = await run_in_threadpool(self._answers, [asked for asked, _ in group])
                for (_, told), answer in zip(group, answers, strict=True):
                    _tell(told, answer)
        finally:
            self._handling = None

    def _take(self) -> list[tuple[Asked, asyncio.Future[Told]]]:
        """Take what can go together, oldest first; nothing for whoever has hung up meanwhile."""
        group: dict[Hashable, tuple[Asked, asyncio.Future[Told]]] = {}
        later = []
        for asked, told in self._waiting:
            if told.done():
                continue
            if len(group) < self._most and self._whose(asked) not in group:
                group[self._whose(asked)] = (asked, told)
            else:
                later.append((asked, told))
        self._waiting = later
        return list(group.values())

    def _answers(self, group: Sequence[Asked]) -> Sequence[Told | Exception]:
        """Handle a group or, when something in it fails, its halves: what is wrong with one is not the others' loss."""
        if not group:
            return []
        try:
            return self._handle(group)
        except Exception as error:
            if len(group) == 1 or isinstance(error, Unavailable) or is_transient(error):
                return [error] * len(group)
        middle = len(group) // 2
        return [*self._answers(group[:middle]), *self._answers(group[middle:])]


def _tell(told: asyncio.Future[Told], answer: Told | Exception) -> None:
    if told.done():
        return
    if isinstance(answer, Exception):
        told.set_exception(answer)
    else:
        told.set_result(answer)
