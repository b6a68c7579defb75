"""What a watcher sees: a table that lives on a terminal, plain lines anywhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

_LINE_SECONDS = 5.0
_TABLE_SECONDS = 0.5
_SHOWN_STORES = 20


@dataclass(slots=True)
class StoreLine:
    """One store as HQ last heard of it."""

    sales: int = 0
    backlog: int = 0
    version: int = 0
    staged: int = 0
    online: bool = False


@dataclass(slots=True)
class Board:
    """Everything shown."""

    doing: str = "starting"
    done: bool = False
    week: int = 0
    weeks: int = 0
    sales: int = 0
    baskets: int = 0
    cloud_sales: int = 0
    points: int = 0
    versions: int = 0
    harms: int = 0
    stores: dict[str, StoreLine] = field(default_factory=dict)

    def sentence(self) -> str:
        """Return the board as one line."""
        backlog = sum(store.backlog for store in self.stores.values())
        online = sum(store.online for store in self.stores.values())
        harms = f", {self.harms} harms done" if self.harms else ""
        return (
            f"{self.doing}: week {self.week} of {self.weeks}, {self.sales} of {self.baskets} sales rung, "
            f"{self.cloud_sales} at HQ, backlog {backlog}, {self.points} points, price book {self.versions}, "
            f"{online} of {len(self.stores)} stores online{harms}"
        )

    def table(self) -> Table:
        """Return the board as a table."""
        table = Table(title=self.sentence(), title_justify="left", expand=False)
        for heading in ("store", "online", "sales", "backlog", "price book", "staged"):
            table.add_column(heading, justify="left" if heading in {"store", "online"} else "right")
        shown = sorted(self.stores.items(), key=lambda entry: (-entry[1].sales, entry[0]))[:_SHOWN_STORES]
        for name, store in shown:
            table.add_row(
                name,
                "yes" if store.online else "no",
                str(store.sales),
                str(store.backlog),
                str(store.version or "-"),
                str(store.staged or "-"),
            )
        if len(self.stores) > len(shown):
            table.add_row(f"and {len(self.stores) - len(shown)} more", "", "", "", "", "")
        return table


class Progress:
    """Shows a board until the block ends. `refresh` brings it up to date before each showing."""

    def __init__(self, board: Board, refresh: Callable[[], object]) -> None:
        self.board = board
        self._refresh = refresh
        self._console = Console(stderr=True)
        self._live: Live | None = None
        self._said = ""

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(self.board.table(), console=self._console, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._refresh()
        self.show()
        if self._live is not None:
            self._live.stop()

    async def run(self) -> None:
        """Show the board again and again."""
        while True:
            await asyncio.to_thread(self._refresh)
            self.show()
            await asyncio.sleep(_TABLE_SECONDS if self._live else _LINE_SECONDS)

    def show(self) -> None:
        """Show the board now; an unchanged line is not repeated."""
        if self._live is not None:
            self._live.update(self.board.table())
            return
        sentence = self.board.sentence()
        if sentence != self._said:
            self._console.print(sentence, highlight=False, soft_wrap=True)
            self._said = sentence

    def say(self, text: str) -> None:
        """Say something beside the board."""
        self._console.print(text, highlight=False, soft_wrap=True)
