"""Receipt numbers: each taken once, chained by hash, counted per till and series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, select, tuple_, update
from sqlmodel import Session

from cloud.database.bulk import insert_new, insert_unless_known
from cloud.database.rowset import table_of
from cloud.sales.models import ReceiptNumber, ReceiptSeries
from shared.hashchain import GENESIS, link
from shared.wire.events import RECEIPT_LINK_BYTES, SeriesOpened

Series = tuple[str, str, str]
"""Store, till, series."""
Number = tuple[str, str, str, int]
"""A receipt's full number: the series and the place in it."""

_COLUMNS = ("store_id", "till_id", "series", "number", "event_id", "previous", "head")


class Claim(NamedTuple):
    """An event that says it has a receipt number and follows a head, with its exact bytes for the chain."""

    number: Number
    previous: bytes
    event_id: UUID
    content: bytes


def claim(session: Session, claims: Iterable[Claim]) -> list[tuple[Claim, UUID]]:
    """Record who has which receipt number. Return the claims to a taken one, each with the event that has it.

    An event that claims its number again finds it its own.
    """
    refused: list[tuple[Claim, UUID]] = []
    first: dict[Number, Claim] = {}
    for one in sorted(claims, key=itemgetter(0)):
        owner = first.setdefault(one.number, one)
        if owner is not one and owner.event_id != one.event_id:
            refused.append((one, owner.event_id))
    heads = _heads(session, first)
    rows = [(*number, one.event_id, one.previous, heads[number]) for number, one in first.items()]
    known = insert_unless_known(session, ReceiptNumber, _COLUMNS, rows)
    for number, owner_id in _owners(session, known).items():
        if owner_id != first[number].event_id:
            refused.append((first[number], owner_id))
    _count(session, (number for number in first if number not in known))
    return refused


def _heads(session: Session, claims: Mapping[Number, Claim]) -> dict[Number, bytes | None]:
    """Work out the chain head after each receipt, as far as what stands before it is known here.

    `claims` are in the order of their numbers.
    """
    followed = {number: _before(number) for number in claims}
    heads = _known_heads(session, {before for before in followed.values() if before[3] and before not in claims})
    for number, before in followed.items():
        head = heads.get(before) if before[3] else GENESIS
        one = claims[number]
        heads[number] = link(head, one.content) if head is not None and fits(one.previous, head) else None
    return heads


def fits(previous: bytes, head: bytes | None) -> bool:
    """Tell whether a receipt's word on the head before it agrees with that head; an unknown head contradicts nobody.

    Fewer than RECEIPT_LINK_BYTES are no word.
    """
    return head is None or (len(previous) >= RECEIPT_LINK_BYTES and head.startswith(previous))


def _before(number: Number) -> Number:
    store, till, series, place = number
    return store, till, series, place - 1


def _known_heads(session: Session, numbers: Collection[Number]) -> dict[Number, bytes | None]:
    row = table_of(ReceiptNumber)
    if not numbers:
        return {}
    key = (row.c.store_id, row.c.till_id, row.c.series, row.c.number)
    found = session.execute(select(*key, row.c.head).where(tuple_(*key).in_(sorted(numbers))))
    return {(store, till, series, number): head for store, till, series, number, head in found}


def _owners(session: Session, numbers: Collection[Number]) -> dict[Number, UUID]:
    if not numbers:
        return {}
    row = table_of(ReceiptNumber)
    key = (row.c.store_id, row.c.till_id, row.c.series, row.c.number)
    found = session.execute(select(*key, row.c.event_id).where(tuple_(*key).in_(sorted(numbers))))
    return {(store, till, series, number): event_id for store, till, series, number, event_id in found}


def _count(session: Session, new: Iterable[Number]) -> None:
    """Advance, for each series, the highest number seen and the number up to which none is missing."""
    numbers: dict[Series, list[int]] = defaultdict(list)
    for store, till, name, number in new:
        numbers[store, till, name].append(number)
    if not numbers:
        return
    counted = _lock_counts(session, sorted(numbers))
    changes = []
    for series, (complete_to, highest) in counted.items():
        arrived = sorted(numbers[series])
        reached = _run(complete_to, arrived)
        if reached > complete_to and max(highest, arrived[-1]) > reached:
            reached = _run(reached, _beyond(session, series, reached))
        changes.append(
            {"of_store": series[0], "of_till": series[1], "of_series": series[2],
             "to_complete": reached, "to_highest": max(highest, arrived[-1])}
        )  # fmt: skip
    row = table_of(ReceiptSeries)
    session.connection().execute(
        update(row)
        .where(
            row.c.store_id == bindparam("of_store"),
            row.c.till_id == bindparam("of_till"),
            row.c.series == bindparam("of_series"),
        )
        .values(complete_to=bindparam("to_complete"), highest=bindparam("to_highest")),
        changes,
    )


def _run(start: int, numbers: Iterable[int]) -> int:
    """Return how far `numbers`, in rising order, carry on from `start` without a gap."""
    for number in numbers:
        if number > start + 1:
            break
        start = max(start, number)
    return start


def _beyond(session: Session, series: Series, above: int) -> Iterable[int]:
    """Yield the numbers HQ has above one. A gap was just filled: what stood behind it counts from now on."""
    row = table_of(ReceiptNumber)
    return session.execute(
        select(row.c.number)
        .where(row.c.store_id == series[0], row.c.till_id == series[1], row.c.series == series[2])
        .where(row.c.number > above)
        .order_by(row.c.number)
    ).scalars()


def _lock_counts(session: Session, series: Sequence[Series]) -> dict[Series, tuple[int, int]]:
    found = _counts(session, series)
    missing = [one for one in series if one not in found]
    if missing:
        insert_new(session, ReceiptSeries, [_unopened(one) for one in missing])
        found |= _counts(session, missing)
    return found


def _counts(session: Session, series: Sequence[Series]) -> dict[Series, tuple[int, int]]:
    row = table_of(ReceiptSeries)
    key = (row.c.store_id, row.c.till_id, row.c.series)
    rows = session.execute(
        select(*key, row.c.complete_to, row.c.highest).where(tuple_(*key).in_(series)).order_by(*key).with_for_update()
    )
    return {(store, till, name): (complete_to, highest) for store, till, name, complete_to, highest in rows}


def _unopened(series: Series) -> dict[str, object]:
    store, till, name = series
    return {
        "store_id": store,
        "till_id": till,
        "series": name,
        "previous_series": "",
        "previous_number": 0,
        "previous_head": b"",
        "complete_to": 0,
        "highest": 0,
    }


def open_series(session: Session, opened: Sequence[SeriesOpened]) -> None:
    """Record why series began and what they follow. Numbers may have arrived before."""
    insert_new(session, ReceiptSeries, [_unopened((one.store, one.till, one.series)) for one in opened])
    row = table_of(ReceiptSeries)
    session.connection().execute(
        update(row)
        .where(
            row.c.store_id == bindparam("of_store"),
            row.c.till_id == bindparam("of_till"),
            row.c.series == bindparam("of_series"),
            row.c.reason.is_(None),
        )
        .values(
            reason=bindparam("why"),
            opened_ms=bindparam("at"),
            event_id=bindparam("by"),
            previous_series=bindparam("after_series"),
            previous_number=bindparam("after_number"),
            previous_head=bindparam("after_head"),
        ),
        [
            {"of_store": one.store, "of_till": one.till, "of_series": one.series, "why": one.reason,
             "at": one.at_ms, "by": one.id, "after_series": one.previous_series,
             "after_number": one.previous_number, "after_head": one.previous_head}
            for one in opened
        ],
    )  # fmt: skip
