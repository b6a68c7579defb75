"""A second pair of eyes: whether drafts need a second person's approval, and who gave it to what."""

from __future__ import annotations

from hashlib import sha256

import msgspec
from sqlmodel import Session

from cloud import audit
from cloud.org.models import ChainSetting
from cloud.prices.drafts import DraftChanges, bodies_in, draft_changes, get_draft, open_draft, writers_of
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import DraftApproval, PriceDraft

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
    seen: str = "",
) -> None:
    """Approve a draft as it stands now.

    Raise PriceRefusal when its author, or one of `authors`, asks, and where it is not what they read: `seen` is its
    digest then, empty where they do not say.
    """
    draft = get_draft(session, draft_id)
    refuse_author(actor, {*writers_of(draft), *authors})
    digest = digest_of(draft_changes(session, draft_id))
    if seen and seen != digest:
        raise PriceRefusal("changed_since", f"draft {draft.title!r} was changed since it was read: read it again")
    draft.asked_ms, draft.returned_by, draft.returned_ms, draft.returned_why = None, "", None, ""
    session.merge(
        DraftApproval(draft_id=draft_id, digest=digest, approved_by=actor, approved_ms=wall_ms, reason=reason)
    )
    session.add(draft)
    _note(session, draft, "prices.approve", actor=actor, wall_ms=wall_ms, reason=reason)


def send(session: Session, draft_id: str, *, actor: str, wall_ms: int, note: str = "") -> None:
    """Send a draft to a second person, who is told the note. Raise PriceRefusal for an empty or a closed one."""
    draft = open_draft(session, draft_id)
    if not bodies_in(session, draft_id):
        raise PriceRefusal("empty_draft", f"draft {draft.title!r} changes nothing", [draft_id])
    draft.asked_by, draft.asked_ms, draft.asked_note = actor, wall_ms, note
    draft.returned_by, draft.returned_ms, draft.returned_why = "", None, ""
    session.add(draft)
    _note(session, draft, "prices.ask", actor=actor, wall_ms=wall_ms, reason=note)


def send_back(session: Session, draft_id: str, *, actor: str, wall_ms: int, reason: str) -> None:
    """Refuse a draft that was sent, or take back its approval: it says why. Raise PriceRefusal without a reason."""
    draft = open_draft(session, draft_id)
    given = session.get(DraftApproval, draft_id)
    check_returned(reason, sent=draft.asked_ms is not None or given is not None)
    if given is not None:
        session.delete(given)
    draft.asked_ms = None
    draft.returned_by, draft.returned_ms, draft.returned_why = actor, wall_ms, reason
    session.add(draft)
    _note(session, draft, "prices.send_back", actor=actor, wall_ms=wall_ms, reason=reason)


def check_returned(reason: str, *, sent: bool) -> None:
    """Raise PriceRefusal where something is sent back that nobody sent, or without saying why."""
    if not sent:
        raise PriceRefusal("not_sent", "nobody sent it for approval: there is nothing to send back")
    if not reason.strip():
        raise PriceRefusal("reason_missing", "say why it is sent back")


def _note(session: Session, draft: PriceDraft, action: str, *, actor: str, wall_ms: int, reason: str) -> None:
    audit.record(
        session, at_ms=wall_ms, actor=actor, action=action, subject=draft.id, reason=reason, detail=draft.title
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
