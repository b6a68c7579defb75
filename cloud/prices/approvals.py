"""A second pair of eyes: whether drafts need a second person's approval, and who gave it to what."""

from __future__ import annotations

from hashlib import sha256

import msgspec
from sqlmodel import Session

from cloud import audit
from cloud.org.models import ChainSetting
from cloud.prices.drafts import DraftChanges, draft_changes, get_draft, writers_of
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import DraftApproval

_NAME = "second_person"


def needs_second_person(session: Session) -> bool:
    """Tell whether what is published needs somebody else's approval first."""
    found = session.get(ChainSetting, _NAME)
    return found is not None and bytes(found.value) == b"true"


def set_second_person(session: Session, *, needed: bool, actor: str, wall_ms: int) -> None:
    """Decide whether a second person has to approve."""
    session.merge(ChainSetting(name=_NAME, value=msgspec.json.encode(needed)))
    word = "needed" if needed else "not needed"
    audit.record(session, at_ms=wall_ms, actor=actor, action="prices.second_person", subject="chain", detail=word)
    session.flush()


def digest_of(changes: DraftChanges) -> str:
    """Return what stands for exactly these changes, in hex."""
    rows = [
        (str(kind), scope, key, row)
        for (kind, scope), body in sorted(changes.items())
        for key, row in sorted(body.items())
    ]
    return sha256(msgspec.json.encode(rows)).hexdigest()


def approve(
    session: Session,
    draft_id: str,
    *,
    actor: str,
    wall_ms: int,
    reason: str = "",
    authors: frozenset[str] = frozenset(),
) -> None:
    """Approve a draft as it stands now. Raise PriceRefusal when its author, or one of `authors`, asks."""
    draft = get_draft(session, draft_id)
    refuse_author(actor, {*writers_of(draft), *authors})
    digest = digest_of(draft_changes(session, draft_id))
    session.merge(
        DraftApproval(draft_id=draft_id, digest=digest, approved_by=actor, approved_ms=wall_ms, reason=reason)
    )
    audit.record(
        session,
        at_ms=wall_ms,
        actor=actor,
        action="prices.approve",
        subject=draft_id,
        reason=reason,
        detail=draft.title,
    )
    session.flush()


def refuse_author(actor: str, authors: set[str]) -> None:
    """Raise PriceRefusal when whoever approves has written it."""
    if actor in authors:
        raise PriceRefusal("own_approval", "who wrote a draft cannot approve it: ask a second person")


def approval_of(session: Session, draft_id: str) -> DraftApproval | None:
    """Return the approval of a draft as it stands now; one given to other content does not count."""
    found = session.get(DraftApproval, draft_id)
    if found is None or found.digest != digest_of(draft_changes(session, draft_id)):
        return None
    return found


def check_approved(session: Session, draft_id: str) -> None:
    """Raise PriceRefusal when a draft needs an approval and has none."""
    if needs_second_person(session) and approval_of(session, draft_id) is None:
        raise PriceRefusal(
            "approval_missing", "a second person has to approve this draft before it is published", [draft_id]
        )
