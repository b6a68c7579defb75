"""Search for a member by whatever somebody at the desk has: card, phone or its last four, e-mail, name, id."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from cloud.errors import Invalid
from cloud.members import cards, enrolling, lookup_keys
from cloud.members.models import Member
from cloud.privacy import Vault, normal

_LONGEST = 200


def find(session: Session, vault: Vault, text: str, limit: int) -> list[UUID]:
    """Return the members that fit, by blind index alone: nothing is opened, and half a name finds nobody."""
    wanted = text.strip()[:_LONGEST]
    if not wanted:
        return []
    found: list[UUID] = []
    if (member := _as_id(wanted)) is not None and session.get(Member, member) is not None:
        found.append(member)
    if wanted.isdecimal() and len(wanted) == lookup_keys.TAIL_DIGITS:
        index = vault.blind_index(lookup_keys.PHONE_TAIL, wanted)
        found += lookup_keys.members_by(session, lookup_keys.PHONE_TAIL, index, limit)
    found += _by_card(session, vault, wanted) + _by_phone(session, vault, wanted)
    if "@" in wanted:
        found += _by_email(session, vault, wanted)
    found += lookup_keys.members_by_names(session, vault, [wanted], limit)
    return list(dict.fromkeys(found))[:limit]


def _by_card(session: Session, vault: Vault, text: str) -> list[UUID]:
    try:
        card = cards.find(session, vault, normal.card(text.replace(" ", "")))
    except Invalid:
        return []
    return [card.member] if card is not None and card.member is not None else []


def _by_phone(session: Session, vault: Vault, text: str) -> list[UUID]:
    try:
        return enrolling.find_by_phone(session, vault, text)
    except Invalid:
        return []


def _by_email(session: Session, vault: Vault, text: str) -> list[UUID]:
    try:
        return enrolling.find_by_email(session, vault, text)
    except Invalid:
        return []


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
