"""A tiny real chain, started in seconds: head office, broker and agents as processes, a dozen items, a few members.

What its tills say they sold is noted; `settle` then holds HQ's books against it.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import col, func, select

from cloud.database import Database
from cloud.fleet.models import Agent
from cloud.ingest.handlers.base import RECEIPT_CONFLICT
from cloud.ingest.models import ParkedEvent
from cloud.ledger.models import Balance, JournalRow
from cloud.ledger.proof import prove
from cloud.sales.models import ReceiptNumber, Sale, SaleTender
from tests.provision.head_office import HeadOffice
from tests.provision.patience import until
from tests.provision.processes import ProcessFailed
from tests.provision.store_agent import Basket, Sold, StoreAgent, basket

TILLS = ("t1", "t2")
CARDS = ("8800000001", "8800000002", "8800000003")
_BREATH_SECONDS = 0.02
"""Between two baskets of one till: the load is steady, not all that the machine can do."""
PRICES_MINOR = {f"10{number:02d}": 100 + 35 * number for number in range(1, 13)}
"""What each item costs in the first price book; a member pays 10 less for those of an even number."""


def barcode(item: str) -> str:
    """Return an item's EAN-13."""
    digits = f"69000000{item}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


class Chain:
    """A chain of stores `s1`, `s2`, ... each with two tills."""

    def __init__(self, folder: Path, *, database_url: str = "", apart: bool = False) -> None:
        self.folder = folder
        self.hq = HeadOffice(folder, database_url=database_url, apart=apart)
        self.agents: list[StoreAgent] = []
        self.sold: dict[UUID, Sold] = {}
        self.given_twice: set[UUID] = set()
        """Sales whose receipt number two disks gave, each without knowing of the other: HQ holds the second ones."""
        self.database = Database(self.hq.database_url)
        self._goods = cycle(sorted(PRICES_MINOR))
        self._cards = cycle((*CARDS, "", ""))
        self._turn = threading.Lock()

    def begin(self, stores: Sequence[str]) -> None:
        """Start head office, add stores, prices and members. Agents come by `enrol`."""
        self.hq.begin()
        self.hq.ask("PUT", "/prices/till-settings", {"card_prefixes": ["88"], "card_digits": 10})
        self.hq.ask("POST", "/loyalty/earning-rules", {"version": 1, "valid_from": "2016-01-01"})
        for number, store in enumerate(stores, start=1):
            facts = {"id": store, "name": f"Store {number}", "time_zone": "Asia/Shanghai", "currency": "CNY"}
            self.hq.ask("POST", "/stores", {**facts, "price_zone": "main"})
            for till_number, till in enumerate(TILLS, start=1):
                self.hq.ask("POST", f"/stores/{store}/tills", {"id": till, "number": till_number})
        self.hq.publish(
            "first book",
            items=[f"{item},Item {item},Item {item},{barcode(item)},food,each" for item in PRICES_MINOR],
            prices=[f"main,{item},{_decimal(minor)},{_member(item, minor)},1," for item, minor in PRICES_MINOR.items()],
        )
        rows = [f"member-{number},{card}" for number, card in enumerate(CARDS)]
        content = "\n".join(["reference,cards", *rows, ""])
        self.hq.ask("POST", "/members/import", content=content, params={"dry_run": "false"})

    def enrol(self, store: str, name: str, *, link: str = "auto") -> StoreAgent:
        """Enrol a mini PC as a store's agent; the one before drains. It is not started yet."""
        agent = StoreAgent(store, name, self.folder, link=link)
        code = self.hq.ask("POST", f"/stores/{store}/claims", {"agent": name})["code"]
        agent.enrol(f"https://127.0.0.1:{self.hq.ports['api']}", code)
        self.agents.append(agent)
        return agent

    def start(self, agent: StoreAgent, seconds: float = 30.0) -> None:
        """Start an agent and wait until it sells by the first price book."""
        agent.start()
        agent.wait_ready()
        until(lambda: set(agent.status()["tills"]) == set(TILLS), f"{agent.name} to have its tills", seconds)
        until(lambda: agent.status()["in_force"], f"{agent.name} to have a price book")

    def close(self) -> None:
        """End every process."""
        for agent in self.agents:
            agent.process.stop()
        self.hq.close()
        self.database.close()

    def a_basket(self, till: str = "t1", lines: int = 3) -> Basket:
        """Return the next basket: other goods each time, some with a card."""
        with self._turn:
            codes = [barcode(next(self._goods)) for _ in range(lines)]
            return basket(till, codes, card=next(self._cards))

    def sell(self, agent: StoreAgent, wanted: Basket | None = None) -> Sold:
        """Ring a basket and note what the till said."""
        wanted = wanted or self.a_basket()
        sold = agent.ring(wanted)
        assert sold.id == wanted.id
        self.note(sold)
        return sold

    def note(self, sold: Sold) -> None:
        """Note a sale that a till called paid. Raise AssertionError if it said something else before."""
        assert self.sold.setdefault(sold.id, sold) == sold

    @contextmanager
    def trading(self, *agents: StoreAgent) -> Iterator[Callable[[int], None]]:
        """Ring baskets at every till of these agents until the block ends.

        Yields a function that waits for a number of further sales.
        """
        stop, failures = threading.Event(), list[BaseException]()

        def trade(agent: StoreAgent, till: str) -> None:
            try:
                while not stop.wait(_BREATH_SECONDS):
                    self.note(agent.ring(self.a_basket(till)))
            except BaseException as error:
                failures.append(error)

        def wait_for(more: int) -> None:
            goal = len(self.sold) + more
            until(lambda: failures or len(self.sold) >= goal, f"{more} more sales", 60)
            assert not failures, failures[0]

        threads = [threading.Thread(target=trade, args=(agent, till)) for agent in agents for till in TILLS]
        for thread in threads:
            thread.start()
        try:
            yield wait_for
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert not failures, failures[0]

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until HQ has everything; then hold its books against what the tills said."""
        for agent in self.agents:
            if agent.process.pid is not None:
                agent.wait_for("everything acked", seconds, backlog=0)
        until(lambda: self.count_at_hq() >= len(self.sold), "HQ to have every sale", seconds)
        self.verify()

    def count_at_hq(self) -> int:
        """Return how many sales HQ has, those that it has parked included."""
        with self.database.snapshot() as session:
            return sum(session.exec(select(func.count()).select_from(table)).one() for table in (Sale, ParkedEvent))

    def sales(self) -> dict[UUID, Sale]:
        """Return HQ's sales."""
        with self.database.snapshot() as session:
            return {sale.id: sale for sale in session.exec(select(Sale))}

    def verify(self) -> None:
        """P1, P5, P9: each sale once and as the till said, receipts without a gap, points once, books balanced."""
        sales = self.sales()
        assert sales.keys() | self.given_twice == self.sold.keys()
        assert not sales.keys() & self.given_twice
        for sale in sales.values():
            sold = self.sold[sale.id]
            assert (sale.total_minor, sale.till_id) == (sold.total_minor, sold.till)
            assert f"{sale.receipt_series}-{sale.receipt_number:06d}" == sold.receipt
        with self.database.snapshot() as session:
            tendered = session.exec(select(func.sum(col(SaleTender.minor)))).one()
            assert tendered == sum(self.sold[sale].total_minor for sale in sales)
            parked = {one.event_id: one.code for one in session.exec(select(ParkedEvent))}
            assert parked == dict.fromkeys(self.given_twice, RECEIPT_CONFLICT)
            self._verify_receipts(session.exec(select(ReceiptNumber)).all())
            earned = Counter(session.exec(select(col(JournalRow.cause)).where(col(JournalRow.purpose) == "earn")))
            assert earned == Counter(sale.id for sale in sales.values() if sale.member_id and sale.total_minor >= 100)
            expected = sum(sale.total_minor // 100 for sale in sales.values() if sale.member_id)
            assert session.exec(select(func.coalesce(func.sum(col(Balance.amount)), 0))).one() == expected
            proof = prove(session)
            assert proof.holds, proof

    def expect_given_twice(self) -> int:
        """Take every sale that HQ has parked as one whose receipt number was given before, if it truly was."""
        with self.database.snapshot() as session:
            parked = {one.event_id for one in session.exec(select(ParkedEvent))}
        first = {(sold.till, sold.receipt) for sold in self.sold.values() if sold.id not in parked}
        assert all((self.sold[one].till, self.sold[one].receipt) in first for one in parked)
        self.given_twice = parked
        return len(parked)

    def status_at_hq(self, name: str) -> Agent:
        """Return an agent's row."""
        with self.database.snapshot() as session:
            return session.get_one(Agent, name)

    def _verify_receipts(self, receipts: Sequence[ReceiptNumber]) -> None:
        numbers: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for receipt in receipts:
            numbers[receipt.store_id, receipt.till_id, receipt.series].append(receipt.number)
            assert receipt.head is not None, (
                f"receipt {receipt.series}-{receipt.number} does not link to the one before"
            )
        for series, found in numbers.items():
            assert sorted(found) == list(range(1, len(found) + 1)), series
        assert sum(map(len, numbers.values())) == len(self.sold) - len(self.given_twice)


def _decimal(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _member(item: str, minor: int) -> str:
    return "" if int(item) % 2 else _decimal(minor - 10)


@contextmanager
def running_chain(
    *stores: str, database_url: str = "", apart: bool = False, agents: bool = True, **options: Any
) -> Iterator[Chain]:
    """Run a chain of these stores, each with an agent `<store>-a`, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="sw-chain-"))  # short: a Unix socket's path has 107 bytes
    chain = Chain(folder, database_url=database_url, apart=apart)
    try:
        chain.begin(stores)
        for store in stores if agents else ():
            chain.start(chain.enrol(store, f"{store}-a", **options))
        yield chain
    except (AssertionError, ProcessFailed) as error:
        error.add_note("\n".join(f"--- {path.name}\n{_tail(path)}" for path in sorted(folder.glob("*.log"))))
        raise
    finally:
        chain.close()
        shutil.rmtree(folder, ignore_errors=True)


def _tail(path: Path, lines: int = 12) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
