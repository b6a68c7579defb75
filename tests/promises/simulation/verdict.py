"""What must hold in the end: everything that a surviving disk said was paid is in the books once, and they add up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from cloud.ledger.proof import prove
from cloud.receipt_series import gaps
from cloud.rewards.counting import COUNTS
from edge_agent.record import outbox
from shared.wire.events import Event, SaleCompleted, SaleReturned
from tests.promises.simulation.box import Box
from tests.promises.simulation.office import HeadOffice, as_uuid, rows, standings
from tests.promises.simulation.reckoning import reckon, whose
from tests.promises.simulation.trail import Trail

Number = tuple[str, str, str, int]


@dataclass(frozen=True)
class Books:
    """What head office has in the end, read without the product."""

    inbox: dict[UUID, str]
    """Events and what became of them."""
    parked: dict[UUID, str]
    sales: set[UUID]
    returns: set[UUID]
    receipts: dict[Number, UUID]
    gaps: list[tuple[str, UUID, int, int]]


def read_books(office: HeadOffice) -> Books:
    with office.database.snapshot() as session:
        return Books(
            {as_uuid(key): status for key, status in rows(session, "SELECT event_id, status FROM event")},
            {as_uuid(key): code for key, code in rows(session, _PARKED)},
            {as_uuid(key) for (key,) in rows(session, "SELECT id FROM sale")},
            {as_uuid(key) for (key,) in rows(session, "SELECT id FROM sale_return")},
            {(a, b, c, d): as_uuid(key) for a, b, c, d, key in rows(session, _RECEIPTS)},
            [(agent, as_uuid(epoch), first, last) for agent, epoch, first, last in rows(session, _GAPS)],
        )


def judge(trail: Trail, boxes: Sequence[Box], office: HeadOffice) -> Books:
    """Check everything, and return what was found."""
    books = read_books(office)
    for box in boxes:
        _check_box_is_empty(box, books)
    _check_nothing_lost(trail, boxes, books)
    _check_parked(trail, books)
    _check_rows(trail, books)
    _check_receipts(books, office)
    _check_ledger(trail, books, office)
    return books


def _check_box_is_empty(box: Box, books: Books) -> None:
    at = outbox.position(box.disk.db)
    assert at.acked_seq == at.last_seq, f"box {box.number} still has a backlog"
    missing = {key: place for key, place in box.kept().items() if key not in books.inbox}
    assert not missing, f"box {box.number} ({box.agent}) holds events that head office lacks: {missing}"


def _check_nothing_lost(trail: Trail, boxes: Sequence[Box], books: Books) -> None:
    remembered: defaultdict[UUID, list[Box]] = defaultdict(list)
    for box in boxes:
        for event in box.past.ever:
            remembered[event].append(box)
    for event, owners in remembered.items():
        if event not in books.inbox:
            declared = any(_is_declared(event, box, books) for box in owners)
            assert declared, f"event {event} was on the disk of box {owners[0].number} and head office never names it"
    assert books.sales | books.returns <= trail.issued.keys(), "head office has what no till ever made"


def _is_declared(event: UUID, box: Box, books: Books) -> bool:
    place = box.past.pruned.get(event)
    if place is None:
        return False
    epoch, seq = place
    return any((agent, of) == (box.agent, epoch) and first <= seq <= last for agent, of, first, last in books.gaps)


def _check_parked(trail: Trail, books: Books) -> None:
    """Only what no machine can decide is parked: a number given twice by two disks, a return of a lost sale."""
    for key, code in books.parked.items():
        event = trail.issued[key]
        if code == "receipt_conflict":
            owner = books.receipts[number_of(event)]
            assert owner != key, f"{key} is parked for a number that is its own"
            assert owner in trail.issued
        else:
            assert code == "original_missing", f"{key} is parked: {code}"
            assert isinstance(event, SaleReturned)
            assert event.original not in books.sales, f"return {key} still waits for a sale that is here"


def _check_rows(trail: Trail, books: Books) -> None:
    for key, status in books.inbox.items():
        event = trail.issued.get(key)
        applied = status == "applied"
        assert applied != (key in books.parked), f"{key} is {status}, and parked: {key in books.parked}"
        if isinstance(event, SaleCompleted):
            assert applied == (key in books.sales), f"sale {key} is {status}"
        elif isinstance(event, SaleReturned):
            assert applied == (key in books.returns), f"return {key} is {status}"


def number_of(event: Event) -> Number:
    if not hasattr(event, "receipt"):
        raise AssertionError(f"{event} has no receipt number")
    return event.store, event.till, event.receipt.series, event.receipt.number


def _check_receipts(books: Books, office: HeadOffice) -> None:
    numbers: defaultdict[tuple[str, str, str], set[int]] = defaultdict(set)
    for store, till, series, number in books.receipts:
        numbers[store, till, series].add(number)
    absent = {
        (*series, number)
        for series, present in numbers.items()
        for number in range(1, max(present))
        if number not in present
    }
    with office.database.snapshot() as session:
        named = {
            (gap.store_id, gap.till_id, gap.series, number)
            for gap in gaps.missing(session)
            for number in range(gap.first, gap.last + 1)
        }
    assert named == absent, f"head office misses {named}, in truth {absent}"


def _check_ledger(trail: Trail, books: Books, office: HeadOffice) -> None:
    sales = [event for key in books.sales if isinstance(event := trail.issued[key], SaleCompleted)]
    returns = [event for key in books.returns if isinstance(event := trail.issued[key], SaleReturned)]
    buyers = [(sale, whose(sale, trail.cards, office.registered)) for sale in sales]
    wanted = reckon([(sale, None if one is None else office.now(one)) for sale, one in buyers], returns)
    found = standings(office.database)
    assert found == wanted, f"members have {found}, by their sales and returns {wanted}"
    with office.database.snapshot() as session:
        proof = prove(session, counts=COUNTS)
    assert proof.holds, f"the ledger does not hold: {proof}"


_PARKED = "SELECT event_id, code FROM parked_event WHERE resolved_ms IS NULL"
_RECEIPTS = "SELECT store_id, till_id, series, number, event_id FROM receipt_number"
_GAPS = 'SELECT agent_id, epoch, "first", "last" FROM agent_gap'
