"""Members tell more of themselves, or take it back: who they are may come long after their card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from cloud import audit
from cloud.errors import Invalid, NotFound, Refused
from cloud.members import dirt, enrolling, lookup_keys, rules, value
from cloud.members.models import ACTIVE, FamilyMember, Member, MemberField
from cloud.members.profile import NAME, PROFILE, checked
from cloud.org.models import Store
from cloud.privacy import Vault, normal


@dataclass(frozen=True, slots=True)
class Changed:
    """Which fields were set and taken away, and the points that a full profile brought now."""

    set: tuple[str, ...]
    removed: tuple[str, ...]
    rewarded: int


def change(
    session: Session,
    vault: Vault,
    member: UUID,
    fields: Mapping[str, str],
    *,
    source: str,
    actor: str,
    commit_no: int,
    now_ms: int,
    business_ms: int | None = None,
    reason: str = "",
) -> Changed:
    """Set fields; an empty text takes one away. What was told before and is the same keeps its source and date.

    `business_ms` is when a reward for it is given; where nobody drives that clock, it is `now_ms`.
    Raise Invalid, NotFound, or Refused (`member_closed` and the like) for whoever is no member now.
    """
    row = active(session, member)
    business_ms = now_ms if business_ms is None else business_ms
    unknown = sorted(set(fields) - set(PROFILE))
    if unknown:
        raise Invalid(f"a member has no field {unknown[0]!r}; there are {', '.join(PROFILE)}")
    before = enrolling.fields_of(session, vault, member)
    removed = tuple(sorted(name for name, text in fields.items() if not text.strip() and name in before))
    new = {name: text for name, text in fields.items() if text.strip()}
    for name in removed:
        session.delete(session.get_one(MemberField, (member, name)))
    session.flush()
    changed = [name for name, text in sorted(new.items()) if checked(name, text) != before.get(name)]
    for name in changed:
        enrolling.set_field(session, vault, member, name, new[name], source=source, now_ms=now_ms)
    after = enrolling.fields_of(session, vault, member)
    lookup_keys.renew(session, vault, member, after)
    row.masked_name = normal.masked_name(after.get(NAME, ""))
    session.add(row)
    rewarded = _reward(session, row, after, commit_no, business_ms)
    dirt.note(session, commit_no, [(member, dirt.HEAD_OFFICE, 0)])
    detail = ", ".join([*changed, *(f"no {name}" for name in removed)])
    if detail:
        audit.record(
            session, at_ms=now_ms, actor=actor, action="member.change", subject=str(member), reason=reason,
            detail=detail,
        )  # fmt: skip
    session.flush()
    return Changed(tuple(changed), removed, rewarded)


def active(session: Session, member: UUID, *, lock: bool = True) -> Member:
    """Return a member's row, locked unless it is only looked at. Raise NotFound, or Refused for one who is none now."""
    row = session.get(Member, member, with_for_update={"key_share": True} if lock else None, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no member {member}")
    if row.status != ACTIVE:
        raise Refused(f"member_{row.status}", f"member {member} is {row.status}")
    return row


def move_home(session: Session, member: UUID, store: str | None, *, actor: str, commit_no: int, now_ms: int) -> None:
    """Give a member another home store, or none. Raise NotFound."""
    row = active(session, member)
    if store is not None and session.get(Store, store) is None:
        raise NotFound(f"there is no store {store!r}")
    before, row.home_store = row.home_store, store
    session.add(row)
    dirt.note(session, commit_no, [(member, dirt.HEAD_OFFICE, now_ms)])
    detail = f"{before or 'none'} to {store or 'none'}"
    audit.record(session, at_ms=now_ms, actor=actor, action="member.home", subject=str(member), detail=detail)
    session.flush()


def join_family(session: Session, member: UUID, other: UUID, *, actor: str, now_ms: int, reason: str = "") -> UUID:
    """Put two members into one family: that of either, or a new one. Return the family's id.

    Raise Refused (`two_families`) where each has one already, Invalid for a family of one.
    """
    if member == other:
        raise Invalid("a family is of at least two members")
    for one in sorted((member, other)):
        active(session, one)
    of = {one: found.family_id for one in (member, other) if (found := session.get(FamilyMember, one))}
    if len(set(of.values())) > 1:
        raise Refused("two_families", "each of the two has a family here: take one out of theirs first")
    family = next(iter(of.values()), None) or uuid4()
    for one in (member, other):
        if one not in of:
            session.add(FamilyMember(member_id=one, family_id=family, joined_ms=now_ms))
            audit.record(session, at_ms=now_ms, actor=actor, action="member.family", subject=str(one), reason=reason)
    session.flush()
    return family


def leave_family(session: Session, member: UUID, *, actor: str, now_ms: int, reason: str = "") -> None:
    """Take a member out of their family; one that is left alone has none. Raise NotFound."""
    found = session.get(FamilyMember, member)
    if found is None:
        raise NotFound(f"member {member} has no family here")
    family = found.family_id
    session.delete(found)
    session.flush()
    rest = session.exec(select(FamilyMember).where(col(FamilyMember.family_id) == family)).all()
    if len(rest) == 1:
        session.delete(rest[0])
    audit.record(
        session,
        at_ms=now_ms,
        actor=actor,
        action="member.family",
        subject=str(member),
        reason=reason,
        detail="left",
    )
    session.flush()


def family_of(session: Session, member: UUID) -> list[UUID]:
    """Return the others of a member's family."""
    found = session.get(FamilyMember, member)
    if found is None:
        return []
    query = select(col(FamilyMember.member_id)).where(
        col(FamilyMember.family_id) == found.family_id, col(FamilyMember.member_id) != member
    )
    return list(session.exec(query.order_by(col(FamilyMember.member_id))))


def _reward(session: Session, row: Member, fields: Mapping[str, str], commit_no: int, business_ms: int) -> int:
    rule = rules.newest(session, rules.ProfileReward)
    if not rule.points or not set(rule.fields) <= set(fields):
        return 0
    given = value.reward_profile(
        session,
        commit_no,
        row.id,
        points=rule.points,
        store=row.home_store,
        rule_version=rule.version,
        at_ms=business_ms,
    )
    return rule.points if given else 0
