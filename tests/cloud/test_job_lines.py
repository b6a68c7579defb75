"""What agents wait for is held up by no other job, however long that one takes."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

from cloud.database import Database
from cloud.fleet.models import Agent
from cloud.identity import keys
from cloud.members.stepper import member_step
from cloud.process.jobs import Job, run_lines, work_of
from cloud.settings import CloudSettings
from shared.wire.events import MemberOnSale
from tests.cloud.members_data import AGENTS, CARD, join, open_chain, take, vault
from tests.factories import make_sale
from tests.provision.patience import until


def test_a_balance_is_seen_at_another_store_within_5_s_while_the_audit_has_a_backlog(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """The audit's turn stands still here for as long as it likes, as with tens of thousands of sales."""
    database = sqlite_database
    open_chain(database)
    ann = join(database, [CARD], home_store="s001")
    stopping, at_work, done = threading.Event(), threading.Event(), threading.Event()

    def audit() -> bool:
        at_work.set()
        return not done.wait(30)

    keys.create(tmp_path / "keys")
    lines = work_of(CloudSettings(data_dir=tmp_path), database)
    assert [name for line in lines for name, _ in line].count("price audit") == 1
    replaced = [[(name, audit if name == "price audit" else job) for name, job in line] for line in lines]
    running = threading.Thread(target=run_lines, args=(_only(replaced, {"member sets", "price audit"}), stopping))
    running.start()
    try:
        assert at_work.wait(10)
        take(database, [make_sale([("1002", 10)], member=MemberOnSale(member=ann), store="s002")])
        until(lambda: _points(database, "s001", ann) == 129, "the balance at the other store", 5)
    finally:
        stopping.set()
        done.set()
        running.join()


def _only(lines: list[list[tuple[str, Job]]], wanted: set[str]) -> list[list[tuple[str, Job]]]:
    kept = [[(name, job) for name, job in line if name in wanted] for line in lines]
    return [line for line in kept if line]


def _points(database: Database, store: str, member: object) -> int | None:
    with database.session() as session:
        step = member_step(session, vault(), session.get_one(Agent, AGENTS[store]), 0, today=date(2026, 6, 30))
    known = {one.member: one.points for one in step.put} if step else {}
    return known.get(member)  # type: ignore[call-overload,no-any-return]
