"""From what a till saw to who it was: known members are checked, sealed cards opened, new cards remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session

from cloud.database import bulk
from cloud.errors import Invalid
from cloud.members import cards, one_person
from cloud.members.models import UNKNOWN, Member
from cloud.members.one_person import Now
from cloud.privacy import CannotOpen, Vault, normal
from shared.ids import UuidMint
from shared.wire.events import MemberOnSale

UNKNOWN_MEMBER = "unknown_member"
CARD_UNREADABLE = "card_unreadable"
MEMBER_CLOSED = "member_closed"


class Resolution(NamedTuple):
    """Whose card was shown. A card without a member is one that nobody has registered yet.

    `problem` is a code for a person to look at: `card_unreadable` (no key opens it, or it holds no card number),
    `unknown_member` (an id HQ has no record of, as after a restore): points are kept for it until HQ knows it again,
    or `member_closed`: a store that had not heard yet named somebody who has left, who collects nothing any more.
    """

    member_id: UUID | None = None
    card_id: UUID | None = None
    problem: str | None = None


def resolve(
    session: Session, vault: Vault, mint: UuidMint, references: Sequence[MemberOnSale | None], seen_ms: int
) -> list[Resolution]:
    """Resolve what tills showed, in the order given; None resolves to nobody.

    The cards met are locked against being attached until this transaction ends: a sale is credited either here,
    because the card already leads to a member, or by the attaching, because the sale is already there. `seen_ms` is
    HQ's time, kept with a card that is new.
    """
    members = {shown.member for shown in references if shown and shown.member}
    known = one_person.look(session, members, lock=True)
    unknown = members - known.keys()
    _keep_place(session, unknown, seen_ms)
    numbers = {shown.sealed_card: "" for shown in references if shown and not shown.member and shown.sealed_card}
    for sealed in numbers:
        numbers[sealed] = _open(vault, sealed)
    found = cards.remember(session, vault, mint, {number for number in numbers.values() if number}, seen_ms)
    return [_resolution(shown, known, numbers, found) for shown in references]


def _resolution(
    shown: MemberOnSale | None,
    known: Mapping[UUID, Now],
    numbers: Mapping[bytes, str],
    found: Mapping[str, cards.FoundCard],
) -> Resolution:
    if shown is None:
        return Resolution()
    if shown.member is not None:
        person = known.get(shown.member)
        if person is None:
            return Resolution(member_id=shown.member, problem=UNKNOWN_MEMBER)
        return Resolution(problem=MEMBER_CLOSED) if person.has_left else Resolution(member_id=person.id)
    if shown.sealed_card is None:
        return Resolution()
    number = numbers[shown.sealed_card]
    if not number:
        return Resolution(problem=CARD_UNREADABLE)
    return Resolution(member_id=found[number].member, card_id=found[number].card)


def _keep_place(session: Session, members: Iterable[UUID], seen_ms: int) -> None:
    """Make a row for ids HQ lost: agents only ever learn ids from HQ, and what was bought was bought by somebody."""
    columns = ("id", "status", "masked_name", "source", "signup_cashier", "language", "created_ms")
    rows = [(member, UNKNOWN, "", "store", "", "", seen_ms) for member in sorted(members)]
    bulk.insert_new_tuples(session, Member, columns, rows)


def _open(vault: Vault, sealed: bytes) -> str:
    try:
        return normal.card(vault.unseal(sealed))
    except (CannotOpen, Invalid):
        return ""
