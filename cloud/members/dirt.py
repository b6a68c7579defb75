"""Who has changed: noted in the transaction that changes them, worked off by the store sets' refresh."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import Session

from cloud.database import bulk
from cloud.members.models import MemberDirty

HEAD_OFFICE = ""


def note(session: Session, commit_no: int, visits: Iterable[tuple[UUID, str, int]]) -> None:
    """Note members as changed. A visit is (member, store, business time); the store is HEAD_OFFICE for an act of HQ."""
    newest: dict[tuple[UUID, str], int] = {}
    for member, store, at_ms in visits:
        newest[member, store] = max(at_ms, newest.get((member, store), at_ms))
    rows = [(member, commit_no, store, at_ms) for (member, store), at_ms in newest.items()]
    bulk.insert_new_tuples(session, MemberDirty, ("member_id", "commit_no", "store_id", "at_ms"), rows)
