"""Who works at tills: added, moved, given a PIN or a card, gone. Stores hear of it in their signed settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlmodel import Session, col, select

from cloud import audit
from cloud.errors import Conflict, Invalid, NotFound
from cloud.org.models import ChainSetting
from cloud.org.stores import find_store
from cloud.store_days.models import Staff, StaffStore
from shared.ids import check_slug
from shared.pins import card_digest, hash_secret
from shared.wire.policies import StaffMember, StaffRole

MIN_PIN_DIGITS = 4
MAX_PIN_DIGITS = 12
SALT_BYTES = 16
_SALT = "staff_card_salt"


def add(
    session: Session, member: Staff, *, pin: str, salt: bytes, stores: Sequence[str], actor: str, now_ms: int
) -> Staff:
    """Add somebody with a PIN ('' for none); `salt` is 16 fresh random bytes."""
    _check(member)
    if session.get(Staff, member.code):
        raise Conflict(f"staff {member.code!r} exists")
    member.pin, member.revision = _hashed(pin, salt), member.revision + 1
    session.add(member)
    session.flush()
    _place(session, member.code, stores)
    audit.record(session, at_ms=now_ms, actor=actor, action="staff.add", subject=member.code, detail=member.role)
    session.flush()
    return member


def set_pin(session: Session, code: str, pin: str, *, salt: bytes, actor: str, now_ms: int) -> None:
    """Give somebody a new PIN; wrong tries at the old one count no more."""
    member = find(session, code)
    member.pin, member.revision = _hashed(pin, salt), member.revision + 1
    session.add(member)
    audit.record(session, at_ms=now_ms, actor=actor, action="staff.pin", subject=code)
    session.flush()


def set_card(session: Session, code: str, number: str, *, fresh_salt: bytes, actor: str, now_ms: int) -> None:
    """Give somebody a staff card, or none (''). Only a digest of its number is kept."""
    member = find(session, code)
    if number and not (number.isascii() and number.isdigit() and len(number) <= 32):
        raise Invalid("a card's number has at most 32 digits")
    digest = card_digest(number, _salt_of(session, fresh_salt)) if number else b""
    holder = session.exec(select(Staff).where(Staff.card == digest)).first() if digest else None
    if holder is not None and holder.code != code and holder.left_ms is None:
        raise Conflict(f"this card is {holder.code}'s")
    member.card, member.revision = digest, member.revision + 1
    session.add(member)
    audit.record(session, at_ms=now_ms, actor=actor, action="staff.card", subject=code)
    session.flush()


def move(session: Session, code: str, stores: Sequence[str], *, actor: str, now_ms: int) -> None:
    """Say in which stores somebody works from now on."""
    find(session, code).revision += 1
    for row in session.exec(select(StaffStore).where(StaffStore.staff_code == code)).all():
        session.delete(row)
    session.flush()
    _place(session, code, stores)
    audit.record(session, at_ms=now_ms, actor=actor, action="staff.move", subject=code, detail=", ".join(stores))
    session.flush()


def leave(session: Session, code: str, *, actor: str, now_ms: int) -> None:
    """Note that somebody no longer works here: no till lets them in. Their name stays with what they did."""
    member = find(session, code)
    member.left_ms, member.pin, member.card = now_ms, "", b""
    member.revision += 1
    session.add(member)
    audit.record(session, at_ms=now_ms, actor=actor, action="staff.leave", subject=code)
    session.flush()


def find(session: Session, code: str) -> Staff:
    """Return somebody who works here. Raise NotFound."""
    member = session.get(Staff, code)
    if member is None or member.left_ms is not None:
        raise NotFound(f"nobody of code {code!r} works here")
    return member


def everybody(session: Session, store: str = "") -> list[tuple[Staff, list[str]]]:
    """Return who works here, or in one store, each with their stores."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for row in session.exec(select(StaffStore).order_by(col(StaffStore.store_id))).all():
        places[row.staff_code].append(row.store_id)
    members = session.exec(select(Staff).where(col(Staff.left_ms).is_(None)).order_by(col(Staff.code))).all()
    return [(one, places[one.code]) for one in members if not store or store in places[one.code]]


def staff_of(session: Session, stores: Sequence[str]) -> dict[str, list[StaffMember]]:
    """Return who works at the tills of each of these stores, as its agents are told."""
    rows = session.execute(
        select(StaffStore.store_id, Staff)
        .join(Staff, col(Staff.code) == col(StaffStore.staff_code))
        .where(col(StaffStore.store_id).in_(list(stores)), col(Staff.left_ms).is_(None))
        .order_by(col(StaffStore.store_id), col(Staff.code))
    )
    found: defaultdict[str, list[StaffMember]] = defaultdict(list)
    for store, one in rows:
        found[store].append(
            StaffMember(
                code=one.code, name=one.name, role=StaffRole(one.role), pin=one.pin, card=one.card, adult=one.adult
            )
        )
    return dict(found)


def card_salt(session: Session) -> bytes:
    """Return what staff cards' digests are keyed with; empty while there is no card."""
    found = session.get(ChainSetting, _SALT)
    return b"" if found is None else bytes(found.value)


def _salt_of(session: Session, fresh: bytes) -> bytes:
    kept = card_salt(session)
    if kept:
        return kept
    session.merge(ChainSetting(name=_SALT, value=fresh))
    session.flush()
    return fresh


def _place(session: Session, code: str, stores: Sequence[str]) -> None:
    for store in dict.fromkeys(stores):
        find_store(session, store)
        session.add(StaffStore(staff_code=code, store_id=store))
    session.flush()


def _check(member: Staff) -> None:
    try:
        check_slug(member.code, "staff code")
    except ValueError as error:
        raise Invalid(str(error)) from None
    if not member.name.strip() or len(member.name) > 100:
        raise Invalid("a name has 1 to 100 characters")
    if member.role not in {str(role) for role in StaffRole}:
        raise Invalid(f"a role is one of {', '.join(StaffRole)}, not {member.role!r}")


def _hashed(pin: str, salt: bytes) -> str:
    if not pin:
        return ""
    if not (pin.isascii() and pin.isdigit() and MIN_PIN_DIGITS <= len(pin) <= MAX_PIN_DIGITS):
        raise Invalid(f"a PIN has {MIN_PIN_DIGITS} to {MAX_PIN_DIGITS} digits")
    if len(set(pin)) == 1 or pin in "01234567890" or pin in "09876543210":
        raise Invalid("a PIN is not one digit over and over, nor digits in a row: everybody guesses those first")
    return hash_secret(pin, salt)
