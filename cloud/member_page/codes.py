"""Signing in with a code to one's phone.

The page keeps what was asked and answers alike whoever asks: it never looks whether a number is a member's. The
process that sends messages does, makes the code and sends it; neither answer nor time tells strangers anything.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, delete, func, select

from cloud.api.limits import TooMany
from cloud.channels.models import MemberMessage
from cloud.channels.outbox import HOUR_MS, Ask, queue
from cloud.channels.ports import ChannelName
from cloud.database import Database
from cloud.errors import Refused, Unavailable
from cloud.member_page import sessions
from cloud.member_page.models import MemberSignIn
from cloud.members.models import ACTIVE, Member, MemberField
from cloud.members.profile import PHONE
from cloud.privacy import CannotOpen, Vault, normal
from shared.clock import MachineClock
from shared.ids import UuidMint
from shared.web.words import Language

DIGITS = 6
MOST_TRIES = 5
PAUSE_MS = 60_000
"""Between two codes to one number, whoever asks."""
JOIN_MS = 15 * 60_000
"""How long a number stays proven for whoever joins."""
MOST_OPEN = 50_000
"""Attempts kept at once."""
_AT_ONCE = 50


class Typed(StrEnum):
    """What a code that was typed is."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"
    """Too old, or tried too often: a new one is needed."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a code, and whose phone it proved: families share one."""

    typed: Typed
    members: Sequence[UUID] = ()


def ask(
    session: Session,
    vault: Vault,
    mint: UuidMint,
    phone: str,
    *,
    language: Language,
    token: str,
    now_ms: int,
    minutes: int,
) -> None:
    """Keep that the browser which holds `token` asks for a code to a phone.

    Raise Invalid for what is no number, TooMany soon after another code to the number, Unavailable when flooded.
    """
    phone = normal.phone(phone)
    index = vault.blind_index(PHONE, phone)
    last = session.exec(select(func.max(MemberSignIn.made_ms)).where(col(MemberSignIn.phone_index) == index)).one()
    if last is not None and now_ms - last < PAUSE_MS:
        raise TooMany((PAUSE_MS - (now_ms - last) + 999) // 1000)
    if session.exec(select(func.count()).select_from(MemberSignIn)).one() >= MOST_OPEN:
        raise Unavailable("too many people sign in at this moment: try again in some minutes")
    attempt = mint()
    session.add(
        MemberSignIn(
            id=attempt,
            token_hash=sessions.hash_of(token),
            phone=vault.encrypt(phone, sign_in_context(attempt)),
            phone_index=index,
            language=language,
            made_ms=now_ms,
            expires_ms=now_ms + minutes * 60_000,
        )
    )
    session.flush()


def check(session: Session, vault: Vault, token: str, code: str, now_ms: int) -> Checked:
    """Weigh a code; each look counts as a try, and a right code is right once."""
    found = select(MemberSignIn).where(col(MemberSignIn.token_hash) == sessions.hash_of(token)).with_for_update()
    row = session.exec(found).first()
    if row is None or row.expires_ms <= now_ms or row.tries >= MOST_TRIES:
        return Checked(Typed.OVER)
    row.tries += 1
    session.add(row)
    if row.code_hash is None or not hmac.compare_digest(row.code_hash, _hash(vault, row.id, code)):
        return Checked(Typed.OVER if row.tries >= MOST_TRIES else Typed.WRONG)
    row.code_hash, row.proven_ms = None, now_ms
    members = _members_with(session, row.phone_index)
    if not members:  # they read what they agree to before they join
        row.expires_ms = max(row.expires_ms, now_ms + JOIN_MS)
    return Checked(Typed.RIGHT, members)


def proven(session: Session, token: str, now_ms: int) -> Sequence[UUID]:
    """Return whose phone the browser has proven, for as long as its attempt lasts: one of them is chosen."""
    found = select(MemberSignIn).where(col(MemberSignIn.token_hash) == sessions.hash_of(token))
    row = session.exec(found).first()
    if row is None or row.proven_ms is None or row.expires_ms <= now_ms:
        return ()
    return _members_with(session, row.phone_index)


def proves(session: Session, vault: Vault, token: str, phone: str, now_ms: int) -> bool:
    """Tell whether the browser has proven this number, for as long as its attempt lasts. Raise Invalid for none."""
    found = select(MemberSignIn).where(col(MemberSignIn.token_hash) == sessions.hash_of(token)).with_for_update()
    row = session.exec(found).first()
    if row is None or row.proven_ms is None or row.expires_ms <= now_ms:
        return False
    return row.phone_index == vault.blind_index(PHONE, normal.phone(phone))


def finish(session: Session, token: str, now_ms: int) -> None:
    """End the attempt: its member is signed in. It stays until its time is over, so that the pause holds."""
    found = select(MemberSignIn).where(col(MemberSignIn.token_hash) == sessions.hash_of(token))
    row = session.exec(found).first()
    if row is not None:
        row.proven_ms, row.expires_ms = None, min(row.expires_ms, now_ms)
        session.add(row)


class CodeMaker:
    """Makes the codes that were asked for, and forgets attempts and sessions that have ended."""

    def __init__(
        self, database: Database, vault: Vault, clock: MachineClock, minutes: int, *, strangers: int = 0
    ) -> None:
        """Make them for members, and for so many `strangers` an hour: where they may join on the page."""
        self._strangers = strangers
        self._database = database
        self._vault = vault
        self._clock = clock
        self._minutes = minutes

    def __call__(self) -> bool:
        """Make some codes; tell whether there may be more."""
        now_ms = self._clock.wall_ms()
        row = MemberSignIn
        with self._database.session() as session:
            # An attempt is kept for the pause after it too, so that the pause holds for who was just signed in.
            session.execute(delete(row).where(col(row.expires_ms) <= now_ms - PAUSE_MS))
            sessions.forget_expired(session, now_ms)
            waiting = select(row).where(col(row.phone).is_not(None), col(row.code_hash).is_(None))
            asked = session.exec(waiting.order_by(col(row.made_ms)).limit(_AT_ONCE).with_for_update()).all()
            for one in asked:
                self._make(session, one, now_ms)
                session.add(one)
        return len(asked) == _AT_ONCE

    def _make(self, session: Session, attempt: MemberSignIn, now_ms: int) -> None:
        sealed, attempt.phone = attempt.phone, None
        members = _members_with(session, attempt.phone_index)
        if sealed is None or attempt.expires_ms <= now_ms:
            return
        if not members and _to_strangers(session, now_ms) >= self._strangers:
            return
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        try:
            message = Ask(
                id=attempt.id,
                channel=ChannelName.SMS,
                template="sign_in_code",
                language="zh" if attempt.language == "zh" else "en",
                recipient=self._vault.decrypt(sealed, sign_in_context(attempt.id)),
                parameters={"code": code, "minutes": str(self._minutes)},
                member=members[0] if members else None,
                until_ms=attempt.expires_ms,
            )
            queue(session, self._vault, message, now_ms=now_ms)
        except (Refused, Unavailable, CannotOpen):
            return  # whoever asked is told the same as ever; the limits are there for the phone's owner
        attempt.code_hash = _hash(self._vault, attempt.id, code)


def _to_strangers(session: Session, now_ms: int) -> int:
    """Return how many codes of the last hour went to numbers that were no member's."""
    row = MemberMessage
    lately = (col(row.changed_ms) > now_ms - HOUR_MS) & (col(row.made_ms) > now_ms - HOUR_MS)
    query = select(func.count()).where(lately, col(row.member_id).is_(None), col(row.template) == "sign_in_code")
    return session.exec(query).one()


def _members_with(session: Session, index: bytes) -> Sequence[UUID]:
    found = (
        select(col(MemberField.member_id))
        .join(Member, col(Member.id) == col(MemberField.member_id))
        .where(col(MemberField.blind_index) == index, col(MemberField.name) == PHONE, col(Member.status) == ACTIVE)
    )
    return session.exec(found.order_by(col(MemberField.member_id)).limit(10)).all()


def _hash(vault: Vault, attempt: UUID, code: str) -> bytes:
    return vault.blind_index("sign_in_code", f"{attempt}\n{code.strip()}")


def sign_in_context(attempt: UUID) -> str:
    """Return what the phone of somebody who asked for a code is encrypted with."""
    return f"member_sign_in/{attempt}"
