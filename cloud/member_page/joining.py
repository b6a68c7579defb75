"""Becoming a member on the telephone, and the card that lives there: a number of its own behind the member code."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlmodel import Session, col, select

from cloud.database.commits import open_commit
from cloud.errors import Refused
from cloud.members import blocks, card_desk, enrolling, entry, rules
from cloud.members.home_days import Days
from cloud.members.models import EXPIRED, FROZEN, Card
from cloud.members.profile import NAME, PHONE
from cloud.org.models import Store
from cloud.privacy import Vault
from shared.ids import UuidMint

SOURCE = "member_page"
_DIGITS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Joiner:
    """Who joins: the number they proved, what they told, and the texts agreed to, version by channel."""

    phone: str = field(repr=False)
    name: str = field(default="", repr=False)
    store: str = ""
    """Where they mostly shop; empty: not said."""
    language: str
    consents: Mapping[str, str]


def is_open(session: Session) -> bool:
    """Tell whether anybody may join by telephone: other entry rules take a desk that sees a card or a receipt."""
    return rules.newest(session, rules.Entry).by == "free"


def join(session: Session, vault: Vault, mint: UuidMint, joiner: Joiner, *, today: Days, now_ms: int) -> UUID:
    """Make somebody a member with a card on their telephone; return their id.

    Raise Invalid for a name that cannot be, NotFound for a store that is not there, Refused where the entry rule says.
    """
    entry.check(session, vault, card_numbers=(), receipt=None, business_ms=now_ms)
    fields = {PHONE: joiner.phone} | ({NAME: joiner.name} if joiner.name else {})
    sign_up = enrolling.SignUp(
        source=SOURCE, fields=fields, cards=(_number(),), home_store=joiner.store or None, language=joiner.language,
        consents=joiner.consents,
    )  # fmt: skip
    commit_no = open_commit(session, now_ms)
    return enrolling.enrol(session, vault, mint, sign_up, today=today, commit_no=commit_no, now_ms=now_ms)


def may_have_card(session: Session, member: UUID) -> bool:
    """Tell whether a member may take a card on their telephone: they have none, and none was taken from them."""
    held = session.exec(select(Card.status).where(col(Card.member_id) == member)).all()
    blocked = blocks.standing(session, [member]).get(member, frozenset())
    return not {"active", FROZEN, EXPIRED} & set(held) and blocks.BUY not in blocked


def give_card(session: Session, vault: Vault, mint: UuidMint, member: UUID, *, today: Days, now_ms: int) -> None:
    """Give a member a card on their telephone. Raise Refused (`card_desk`) where a service desk has to."""
    if not may_have_card(session, member):
        raise Refused("card_desk", "a service desk gives this member a card")
    card_desk.issue(
        session, vault, mint, member, _number(), today=today, actor=f"member:{member}",
        commit_no=open_commit(session, now_ms), now_ms=now_ms, reason="asked for on the member's page",
    )  # fmt: skip


def stores(session: Session) -> Collection[tuple[str, str]]:
    """Return (id, name) of every store, by name."""
    return session.exec(select(Store.id, Store.name).order_by(col(Store.name), col(Store.id))).all()


def _number() -> str:
    """Return a card number of a telephone. A letter first: no payment code, no item and no plastic card has it."""
    return f"V{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
