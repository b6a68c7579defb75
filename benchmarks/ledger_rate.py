"""How fast the ledger posts on PostgreSQL: journals with their legs, balances and lots, in commits of one group each.

The comparison, in the same run and on the same server: bare INSERTs (COPY) of exactly the rows it wrote, without
looking whether they are new, moving balances or opening accounts.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from benchmarks.rig import databases
from benchmarks.rig.databases import Server
from benchmarks.rig.figures import now, report
from cloud.database import Database, bulk
from cloud.database.columns import Table
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.ledger import AccountKey, Journal, Leg, post
from cloud.ledger.lots import NewLot, bring
from cloud.ledger.models import JournalRow, Lot, Posting
from cloud.ledger.proof import prove
from shared.ids import UuidMint
from tests.provision import databases as provisioned

_TABLES: tuple[type[Table], ...] = (JournalRow, Posting, Lot)
_START_MS = 1_767_225_600_000
BUDGET = "none of its own; the whole way in, `drain`, is held to 0.35 of bare inserts with a conflict check"


def journals_of(count: int, members: int, seed: int) -> list[Journal]:
    """Return so many sales' points, over members and twenty stores, the same in every run."""
    chance = random.Random(seed)
    mint = UuidMint(lambda: _START_MS, chance.randbytes)
    who = [str(mint()) for _ in range(members)]
    found = []
    for n in range(count):
        store, points = f"s{n % 20:03d}", chance.randint(1, 500)
        member = chance.choice(who)
        legs = (
            Leg(AccountKey("member_points", member, "POINTS"), points),
            Leg(AccountKey("points_issued", store, "POINTS"), -points),
        )
        found.append(
            Journal(
                cause=mint(), purpose="earn", at_ms=_START_MS + n, store=store, till="t1", cashier="c1",
                rule_version=1, member=UUID(member), receipt=f"t1-1-{n}", legs=legs,
            )
        )  # fmt: skip
    return found


def post_all(database: Database, journals: Sequence[Journal], group: int) -> float:
    """Post in groups, a commit each. Return the seconds it took."""
    began = now()
    for start in range(0, len(journals), group):
        part = journals[start : start + group]
        with database.session() as session:
            post(session, open_commit(session, _START_MS), part)
            lots = [
                NewLot(account=one.legs[0].account, key=one.key, store=one.store, amount=one.legs[0].amount)
                for one in part
            ]
            bring(session, lots)
    return now() - began


def insert_all(database: Database, rows: dict[type[Table], list[tuple[Any, ...]]], group: int, journals: int) -> float:
    """Insert exactly these rows in as many commits. Return the seconds it took."""
    began = now()
    for start in range(0, journals, group):
        with database.session() as session:
            for table, found in rows.items():
                each = len(found) // journals
                columns = tuple(column.name for column in table_of(table).columns)
                bulk.insert_tuples(session, table, columns, found[start * each : (start + group) * each])
    return now() - began


def measure(server: Server, count: int, members: int, group: int) -> dict[str, Any]:
    """Post, prove, insert the same rows bare into a second database, and compare."""
    journals = journals_of(count, members, 1)
    with server.database("posted") as posted, server.database("bare") as bare:
        provisioned.build(posted)
        provisioned.build(bare)
        database, other = Database(posted), Database(bare)
        seconds = post_all(database, journals, group)
        with database.snapshot() as session:
            proven = prove(session).holds
            rows = {table: [tuple(row) for row in session.execute(select(table_of(table)))] for table in _TABLES}
        yardstick = insert_all(other, rows, group, count)
        database.close()
        other.close()
    return {
        "journals": count,
        "postings": 2 * count,
        "members": members,
        "journals_a_commit": group,
        "postings_per_second": round(2 * count / seconds),
        "bare_postings_per_second": round(2 * count / yardstick),
        "share_of_bare_inserts": round(yardstick / seconds, 3),
        "ledger_holds": proven,
    }


def main() -> None:
    """Run from the command line and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--journals", type=int, default=50_000)
    parser.add_argument("--members", type=int, default=10_000)
    parser.add_argument("--group", type=int, default=1_000, help="journals a commit")
    databases.add_option(parser)
    given = parser.parse_args()
    with databases.server(given.database) as server:
        found = measure(server, given.journals, given.members, given.group)
        report("ledger_rate", BUDGET, **found, postgresql=server.settings())


if __name__ == "__main__":
    main()
