"""What HQ will never have, and what it still lacks, over the whole chain; and who did what, page by page."""

from __future__ import annotations

import pytest

from cloud import audit
from cloud.audit import AuditFilter
from cloud.database import Database
from cloud.fleet import gaps
from cloud.fleet.models import AgentGap
from cloud.receipt_series import losses
from tests.cloud.ingesting import Outbox, add_agent, open_store, take_in
from tests.factories import AGENT, START_MS, STORE, make_gap, make_sale, make_series, new_id


def test_p1_declared_gaps_of_the_chain_come_latest_first_and_page_by_page(database: Database) -> None:
    open_store(database)
    open_store(database, "s002", agents=("s002-a",))
    epochs = [new_id() for _ in range(7)]
    with database.session() as session:
        for number, epoch in enumerate(epochs):
            agent = AGENT if number % 2 else "s002-a"
            # Two at a time in the same millisecond: a page must not lose the second of them.
            at_ms = START_MS + number // 2
            row = AgentGap(agent_id=agent, epoch=epoch, first=1, last=number + 1, reason="pruned", declared_ms=at_ms)
            session.add(row)
    with database.snapshot() as session:
        whole = gaps.declared(session)
        paged, before = [], None
        while page := gaps.declared(session, before=before, limit=2):
            paged += page
            before = page[-1]
        of_store = gaps.declared(session, store_id="s002")
    assert paged == whole
    assert {one.epoch for one in whole} == set(epochs)
    assert [one.since_ms for one in whole] == sorted((one.since_ms for one in whole), reverse=True)
    newest = whole[0]
    assert (newest.store_id, newest.agent_id, newest.first, newest.last, newest.events, newest.reason) == (
        "s002", "s002-a", 1, 7, 7, "pruned"
    )  # fmt: skip
    assert {one.store_id for one in of_store} == {"s002"}
    assert len(of_store) == 4


def test_p9_missing_receipts_name_whose_they_were_and_what_is_said_of_them(database: Database) -> None:
    open_store(database)
    with database.session() as session:
        add_agent(session, "s001-b")
    hopeful, hopeless = Outbox(), Outbox(agent="s001-b")
    take_in(
        database,
        hopeful.add(make_series("one"), make_sale(series="one", number=1), make_sale(series="one", number=4)).batch(),
        hopeless.add(make_sale(series="two", number=3), make_gap(hopeless.epoch, 5, 9, reason="pruned")).batch(),
    )
    with database.snapshot() as session:
        found = losses.missing(session)
        assert losses.missing(session, store_id=STORE) == found
        assert losses.missing(session, store_id="s002") == []
    assert [(one.series, one.agent_id, one.epoch, one.first, one.last, one.reason) for one in found] == [
        ("one", AGENT, hopeful.epoch, 2, 3, ""),
        ("two", "s001-b", hopeless.epoch, 1, 2, "pruned"),
    ]
    assert all(one.since_ms >= START_MS for one in found)


def record_acts(database: Database) -> None:
    acts = [
        ("cli:ann", "store.add", "s001", "", ""),
        ("cli:ann", "parked.repair", "e1", "Till printed 12.50", ""),
        ("token:erp", "parked.replay", "e1", "", "applied"),
        ("cli:bob", "agent.revoke", "s001-a", "stolen, 100% sure", ""),
        ("cli:bob", "parkedish", "x", "", ""),
    ]
    with database.session() as session:
        for at, (actor, action, subject, reason, detail) in enumerate(acts):
            audit.record(
                session, at_ms=START_MS + at, actor=actor, action=action, subject=subject, reason=reason, detail=detail
            )
            session.flush()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (AuditFilter(), ["parkedish", "agent.revoke", "parked.replay", "parked.repair", "store.add"]),
        (AuditFilter(actor="cli:ann"), ["parked.repair", "store.add"]),
        (AuditFilter(action="parked."), ["parked.replay", "parked.repair"]),
        (AuditFilter(action="parked.replay"), ["parked.replay"]),
        (AuditFilter(subject="e1", actor="token:erp"), ["parked.replay"]),
        (AuditFilter(words="PRINTED"), ["parked.repair"]),
        (AuditFilter(words="applied"), ["parked.replay"]),
        (AuditFilter(words="0%"), ["agent.revoke"]),
        (AuditFilter(words="_"), []),
        (AuditFilter(since_ms=START_MS + 1, until_ms=START_MS + 3), ["parked.replay", "parked.repair"]),
        (AuditFilter(actor="nobody"), []),
    ],
)
def test_acts_are_found_by_who_what_why_and_when(database: Database, wanted: AuditFilter, expected: list[str]) -> None:
    record_acts(database)
    with database.snapshot() as session:
        found = audit.page(session, wanted)
    assert [entry.action for entry in found.entries] == expected
    assert found.older is None


def test_pages_of_acts_lose_and_repeat_nothing_while_more_happens(database: Database) -> None:
    record_acts(database)
    seen: list[str] = []
    before: int | None = None
    while True:
        with database.session() as session:
            page = audit.page(session, AuditFilter(), before=before, limit=2)
            seen += [entry.action for entry in page.entries]
            audit.record(session, at_ms=START_MS, actor="me", action="meanwhile", subject="")
        before = page.older
        if before is None:
            break
    assert seen == ["parkedish", "agent.revoke", "parked.replay", "parked.repair", "store.add"]
    with database.snapshot() as session:
        assert audit.actors(session) == ["cli:ann", "cli:bob", "me", "token:erp"]
        assert "meanwhile" in audit.actions(session)
        assert audit.page(session, AuditFilter(action="store.add"), limit=1).older is None
