"""Agents on HTTPS are answered in many threads at once: each batch is taken once, items are looked up all the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from cloud.database import Database
from cloud.ingest.apply import apply_batches
from cloud.ingest.downstream import LoyaltyDownstream
from cloud.ingest.outcomes import Acked, Outcome
from cloud.prices.books import StoreBooks
from cloud.sales.models import Sale, StoreDay
from tests.cloud.ingesting import Outbox, add_agent, count, of_kind
from tests.cloud.members_data import CARD, OTHER_CARD, join, mint, open_chain, shown, vault
from tests.factories import DrivenMachineClock, make_sale

AGENTS = 6
BATCHES = 4
SALES = 5


def test_p1_batches_of_many_agents_at_once_are_each_taken_once(database: Database) -> None:
    open_chain(database)
    join(database, [CARD])
    with database.session() as session:
        for number in range(AGENTS):
            add_agent(session, f"s001-t{number}", "s001")
    downstream = LoyaltyDownstream(vault(), mint, StoreBooks(max_rows=1))
    outboxes = [
        Outbox(f"s001-t{number}").add(
            *(
                make_sale(number=n, series=f"x{number}", till=f"t{number}", member=shown(CARD if n % 2 else OTHER_CARD))
                for n in range(1, BATCHES * SALES + 1)
            )
        )
        for number in range(AGENTS)
    ]

    def send(outbox: Outbox) -> list[Outcome]:
        said: list[Outcome] = []
        for first in range(1, BATCHES * SALES, SALES):
            batch = outbox.batch(first, first + SALES - 1)
            for _ in range(2):
                said += apply_batches(database, [batch], DrivenMachineClock(), downstream)
        return said

    with ThreadPoolExecutor(AGENTS) as threads:
        outcomes = [one for said in threads.map(send, outboxes) for one in said]
    assert all(isinstance(one, Acked) for one in outcomes)
    assert count(database, Sale) == AGENTS * BATCHES * SALES
    with database.session() as session:
        assert session.exec(of_kind(StoreDay)).one().sales == AGENTS * BATCHES * SALES
