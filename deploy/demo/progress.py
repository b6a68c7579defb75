"""What a watcher sees: a table that lives on a terminal, plain lines anywhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

_LINE_SECONDS = 5.0
_TABLE_SECONDS = 0.5
_SHOWN_STORES = 20
_OTHER_LINES = 7
"""What stands around the stores' lines on a terminal."""
_HEADINGS = ("store", "online", "sales", "backlog", "price book", "staged")
_COLUMN_CHARACTERS = 6
"""Wide enough for a year's figures, so that columns keep their place while these grow."""


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
    chain: int = 0
    """How many stores there will be."""
    stores: dict[str, StoreLine] = field(default_factory=dict)

    def sentence(self) -> str:
        """Return the board as one line."""
        return f"{self.doing}: {', '.join(filter(None, (self._when(), self._sold(), self._chain())))}"

    def picture(self, rows: int = _SHOWN_STORES) -> Group:
        """Return the board for a terminal: two lines that keep their place, and a table of so many stores at most."""
        lines = (", ".join(filter(None, (self.doing, self._when(), self._chain()))), self._sold())
        return Group(*(Text(line, no_wrap=True, overflow="ellipsis") for line in lines), self._table(rows))

    def _when(self) -> str:
        return f"week {self.week} of {self.weeks}" if self.week else ""

    def _sold(self) -> str:
        backlog = sum(store.backlog for store in self.stores.values())
        return (
            f"{self.sales} of {self.baskets} sales rung, {self.cloud_sales} at HQ, backlog {backlog}, "
            f"{self.points} points, price book {self.versions}"
        )

    def _chain(self) -> str:
        online = sum(store.online for store in self.stores.values())
        harms = f", {self.harms} harms done" if self.harms else ""
        return f"{online} of {max(self.chain, len(self.stores))} stores online{harms}"

    def _table(self, rows: int) -> Table:
        """Return the busiest stores, by name: a line that jumps with every sale cannot be read."""
        table = Table(box=box.SIMPLE_HEAD, caption_justify="left", caption_style="")
        for heading in _HEADINGS:
            left = heading in {"store", "online"}
            table.add_column(heading, justify="left" if left else "right", min_width=_COLUMN_CHARACTERS)
        busiest = sorted(self.stores.items(), key=lambda entry: (-entry[1].sales, _place(entry[0])))[:rows]
        for name, store in sorted(busiest, key=lambda entry: _place(entry[0])):
            cells = (name, "yes" if store.online else "no", store.sales, store.backlog)
            table.add_row(*map(str, (*cells, store.version or "-", store.staged or "-")))
        if len(self.stores) > len(busiest):
            table.caption = f"and {len(self.stores) - len(busiest)} less busy ones"
        return table


def _place(store: str) -> tuple[int, str]:
    """Order s9 before s10."""
    return len(store), store


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
            self._live = Live(self._picture(), console=self._console, refresh_per_second=4)
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
            self._live.update(self._picture())
            return
        sentence = self.board.sentence()
        if sentence != self._said:
            self._console.print(sentence, highlight=False, soft_wrap=True)
            self._said = sentence

    def say(self, text: str) -> None:
        """Say something beside the board."""
        self._console.print(text, highlight=False, soft_wrap=True)

    def _picture(self) -> Group:
        """Return as much of the board as fits the terminal: what does not would scroll it away."""
        return self.board.picture(max(1, min(_SHOWN_STORES, self._console.height - _OTHER_LINES)))
