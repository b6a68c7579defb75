"""Journals of members undone: what comes back reaches whoever they are by now, what is taken is taken of them.

Points that come back settle first what their member owes. A member who was made one with another has an account that
nobody can spend from; one who has left collects nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID, uuid5

import msgspec
from sqlmodel import Session

from cloud import ledger
from cloud.ledger.journal import Journal
from cloud.ledger.kinds import KINDS, MEMBER_POINTS
from cloud.ledger.reading import journals_by_key
from cloud.ledger.reversing import Undo
from cloud.ledger.reversing import reverse as reverse_journal
from cloud.ledger.settling import SETTLE, settle_owed
from cloud.members import dirt, one_person, value
from cloud.value import purses

_OWNERS = ("member", "purse")


def reverse(session: Session, commit_no: int, undo: Undo) -> Journal:
    """Undo a journal as `cloud.ledger.reversing.reverse` does, for the people its members are today.

    What comes back to a member who was merged goes on to whom they are, each part with its date, what they owe first;
    points that come back to one who has left end at once, and money stays in the purse until somebody pays it out: one
    that was paid out before is open again.
    """
    key = (undo.cause, undo.purpose)
    found = journals_by_key(session, [undo.of, key])
    original, repeated = found.get(undo.of), key in found
    people = one_person.look(session, _members(original.legs if original else ()))
    moved = {member: person.id for member, person in people.items() if person.id != member}
    owners = {str(member): str(now) for member, now in moved.items()}
    journal = reverse_journal(session, commit_no, replace(undo, owners=owners))
    purses.reopen(session, journal.legs)
    for member in sorted(people):
        cause = uuid5(undo.cause, f"{undo.purpose} {member}")
        if member in moved:
            value.follow(session, commit_no, of=member, to=moved[member], cause=cause, at_ms=undo.at_ms)
            dirt.note(session, commit_no, [(moved[member], dirt.HEAD_OFFICE, 0)])
        elif not people[member].has_left and not repeated:
            _settle(session, commit_no, journal, member, cause)
        if people[member].has_left:
            value.give_up_points(session, commit_no, people[member].id, cause=uuid5(cause, "left"), at_ms=undo.at_ms)
    return journal


def _settle(session: Session, commit_no: int, back: Journal, member: UUID, cause: UUID) -> None:
    """Let the points that came back to a member settle what they owe; what a purse owes waits for its next top-up."""
    for leg in back.legs:
        if leg.amount > 0 and leg.account.kind == MEMBER_POINTS and leg.account.owner == str(member):
            facts = msgspec.structs.replace(back, cause=cause, purpose=SETTLE, member=member, legs=())
            settle_owed(session, commit_no, leg.account, leg.amount, facts)


def _members(legs: Iterable[ledger.Leg]) -> set[UUID]:
    """Return whose accounts these are; a purse may also be a card's, whose id is nobody's."""
    return {UUID(leg.account.owner) for leg in legs if KINDS[leg.account.kind].owner in _OWNERS}
