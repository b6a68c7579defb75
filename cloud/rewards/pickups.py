"""What waits for members in stores: each behind a code of its own, handed over once or ended, never both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import msgspec
from sqlmodel import Session, col, select

from cloud.errors import Refused
from cloud.rewards.models import GiftOrder, Pickup
from shared import pickup_code

GIFT, PRIZE = "gift", "prize"
WAITING, DONE, ENDED = "waiting", "done", "ended"
FETCHED = "fetched"
ANY_STORE = ""

RandomBits = Callable[[int], int]
"""Returns so many random bits, as `secrets.randbits`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What is put aside: for whom, where (ANY_STORE: in any store), until which day (None: for ever)."""

    kind: str
    subject: UUID
    what: str
    names: Mapping[str, str]
    member: UUID
    store: str = ANY_STORE
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handing:
    """Somebody hands it over: `cause` is the id of that request, made by whoever asks and stored before sending."""

    cause: UUID
    store: str
    by: str
    at_ms: int


def put_aside(session: Session, thing: Thing, random_bits: RandomBits, *, at_ms: int) -> str:
    """Let something wait for a member. Return the code it is fetched by."""
    code = pickup_code.make(random_bits(pickup_code.RANDOM_BITS))
    while session.get(Pickup, code) is not None:
        code = pickup_code.make(random_bits(pickup_code.RANDOM_BITS))
    row = Pickup(
        code=code, kind=thing.kind, subject=thing.subject, what=thing.what, names=encoded(thing.names),
        member_id=thing.member, store_id=thing.store, state=WAITING, until=thing.until, made_ms=at_ms,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return code


def look(session: Session, text: str, store: str) -> Pickup:
    """Return what a code stands for, if it can be handed over in a store. Nothing changes.

    Refused: `pickup_malformed`, `pickup_unknown`, `pickup_done`, `pickup_ended`, `pickup_elsewhere` (the text names
    the store it lies in).
    """
    return _open(session, _code(text), store, lock=False)


def hand_over(session: Session, text: str, handing: Handing) -> Pickup:
    """Hand over what a code stands for, once; the same request again hears the same. Refused as `look` says."""
    code = _code(text)
    row = session.get(Pickup, code, with_for_update=True, populate_existing=True)
    if row is not None and row.state == DONE and row.cause == handing.cause:
        return row
    row = _open(session, code, handing.store, lock=True)
    row.state, row.cause = DONE, handing.cause
    row.done_ms, row.done_store, row.done_by = handing.at_ms, handing.store, handing.by
    session.add(row)
    if row.kind == GIFT:
        order = session.get_one(GiftOrder, row.subject, with_for_update=True, populate_existing=True)
        order.state = FETCHED
        session.add(order)
    session.flush()
    return row


def end(session: Session, subject: UUID) -> bool:
    """End the waiting for an order or a ticket, and lock it. False where it was handed over or ended before."""
    waiting = select(Pickup).where(col(Pickup.subject) == subject).with_for_update()
    row = session.exec(waiting, execution_options={"populate_existing": True}).first()
    if row is None or row.state != WAITING:
        return False
    row.state = ENDED
    session.add(row)
    session.flush()
    return True


def of_member(session: Session, member: UUID) -> list[Pickup]:
    """Return what waits for a member, the first to end first."""
    waiting = (col(Pickup.member_id) == member, col(Pickup.state) == WAITING)
    order = (col(Pickup.until).is_(None), col(Pickup.until), col(Pickup.code))
    return list(session.exec(select(Pickup).where(*waiting).order_by(*order)))


def encoded(names: Mapping[str, str]) -> str:
    """Return names by language as a column keeps them."""
    return msgspec.json.encode(dict(names), order="sorted").decode()


def decoded(names: str) -> dict[str, str]:
    """Return a column's names by language."""
    return msgspec.json.decode(names, type=dict[str, str])


def called(names: Mapping[str, str], language: str, otherwise: str) -> str:
    """Return what something is called in a language, else in any."""
    return names.get(language) or next((name for name in names.values() if name), otherwise)


def _code(text: str) -> str:
    code = pickup_code.read(text)
    if code is None:
        raise Refused("pickup_malformed", "this is no code to fetch something by: it was misread or mistyped")
    return code


def _open(session: Session, code: str, store: str, *, lock: bool) -> Pickup:
    row = session.get(Pickup, code, with_for_update=lock or None, populate_existing=True)
    if row is None:
        raise Refused("pickup_unknown", f"nothing waits behind the code {code}")
    if row.state != WAITING:
        raise Refused(f"pickup_{row.state}", f"code {code} is {row.state}")
    if row.store_id not in {ANY_STORE, store}:
        raise Refused("pickup_elsewhere", f"this lies in store {row.store_id}")
    return row
