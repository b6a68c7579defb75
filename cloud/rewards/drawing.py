"""Prize draws: a seed bound before the first ticket, points taken with the draw, stock that is never overdrawn."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import func, select, update
from sqlmodel import Session

from cloud import audit
from cloud.coupons import batches
from cloud.coupons.models import CouponBatch
from cloud.database.rowset import table_of
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.ledger import AccountKey, Journal, Leg, lots, post
from cloud.ledger.holding import INSUFFICIENT
from cloud.ledger.kinds import MEMBER_POINTS, POINTS, POINTS_SPENT
from cloud.ledger.locking import lock_balances
from cloud.ledger.lots import Pick
from cloud.ledger.requests import Answered, once
from cloud.loyalty import rewarding
from cloud.loyalty.rewarding import Reward
from cloud.members import dirt, one_person
from cloud.members.home_days import HomeDays
from cloud.privacy import Vault
from cloud.rewards import law, pickups
from cloud.rewards.models import Draw, DrawStock, Ticket
from cloud.rewards.pickups import RandomBits, Thing
from cloud.rewards.who import may_spend_points
from shared.draws import MOST, NOTHING, SEED_BYTES, DrawRules, Prize, commitment
from shared.ids import check_slug
from shared.web.phrases import Phrase

DRAW = "prize_draw"
"""Not `draw`: the ledger calls it that when a till draws on an allowance."""
PRIZE = "prize"
HEAD_OFFICE = "hq"

_rules = msgspec.json.Decoder(DrawRules)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDraw:
    """What a draw is to be: everything that is published before the first ticket. See `cloud.rewards.models.Draw`."""

    id: str
    rules: DrawRules
    stock: Mapping[str, int]
    names: Mapping[str, str] = field(default_factory=dict)
    points: int = 0
    starts: date | None = None
    ends: date | None = None
    per_member: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A member takes part once. `id` is made by whoever asks; `today` is the day where the member is at home."""

    id: UUID
    draw: str
    member: UUID
    today: date
    at_ms: int


@dataclass(frozen=True, slots=True)
class Published:
    """What everybody may see of a draw; the seed only when it has ended."""

    odds: Mapping[str, str]
    commitment: bytes
    tickets: int
    seed: bytes | None


def open_draw(
    session: Session,
    vault: Vault,
    wanted: NewDraw,
    seed: bytes,
    *,
    actor: str,
    now_ms: int,
    business_ms: int | None = None,
) -> Draw:
    """Open a draw. `seed` comes from the system's random source, is kept encrypted and shown to nobody until the end.

    Coupons that can be won are set aside of their batches, which must not be over at `business_ms`; where nobody
    drives that clock, it is `now_ms`. Raise Conflict where the id is taken, Refused (`top_prize`,
    or as `batches.promise` does), Invalid for what does not fit together.
    """
    if len(seed) != SEED_BYTES:
        raise Invalid(f"a seed has {SEED_BYTES} bytes")
    check(session, wanted)
    if session.get(Draw, wanted.id) is not None:
        raise Conflict(f"there is a draw {wanted.id!r} already")
    row = Draw(
        id=wanted.id, names=pickups.encoded(wanted.names), rules=msgspec.json.encode(wanted.rules).decode(),
        points=wanted.points, starts=wanted.starts, ends=wanted.ends, per_member=wanted.per_member,
        commitment=commitment(seed), sealed=vault.encrypt(seed.hex(), seed_context(wanted.id)), author=actor,
        made_ms=now_ms,
    )  # fmt: skip
    session.add(row)
    session.flush()
    stock = [DrawStock(draw_id=wanted.id, prize=prize, left=left, whole=left) for prize, left in wanted.stock.items()]
    session.add_all(stock)
    session.flush()
    today = HomeDays(now_ms if business_ms is None else business_ms)
    for prize in wanted.rules.prizes:
        if prize.batch:
            batches.promise(session, prize.batch, wanted.stock[prize.prize], today=today)
    detail = f"commitment {row.commitment.hex()}"
    audit.record(session, at_ms=now_ms, actor=actor, action="draw.open", subject=f"draw {wanted.id}", detail=detail)
    return row


def seed_context(draw_id: str) -> str:
    """Return what a draw's encrypted seed is bound to."""
    return f"prize_draw/{draw_id}/seed"


def seed_of(vault: Vault, row: Draw) -> bytes:
    """Return the seed of a draw, shown or not."""
    return row.seed or bytes.fromhex(vault.decrypt(row.sealed, seed_context(row.id)))


def check(session: Session, wanted: NewDraw) -> None:
    """Raise Invalid for a draw whose parts do not fit together, Refused (`top_prize`) beyond what the law allows."""
    try:
        check_slug(wanted.id, "a draw's id")
    except ValueError as error:
        raise Invalid(str(error)) from None
    if set(wanted.stock) != {one.prize for one in wanted.rules.prizes}:
        raise Invalid(Phrase("stock: say for each prize, and nothing else, how many there are"))
    if not all(0 <= one <= MOST for one in (*wanted.stock.values(), wanted.points, wanted.per_member)):
        raise Invalid(Phrase("points, per_member and how many there are of a prize: 0 to {most}", most=MOST))
    if wanted.starts and wanted.ends and wanted.ends < wanted.starts:
        raise Invalid(Phrase("ends: a draw does not end before it starts"))
    last = _coupons_end(session, wanted.rules)
    if last and wanted.ends and last < wanted.ends:
        raise Invalid(Phrase("ends: coupons that can be won are over after {day}, before the draw is", day=last))
    law.check_prizes(session, wanted.rules)


def draw(
    session: Session,
    vault: Vault,
    commit_no: int,
    wanted: Entry,
    *,
    now_ms: int,
    random_bits: RandomBits = secrets.randbits,
) -> Answered:
    """Draw once for a member under the asker's id; a repeat gets the same ticket and pays nothing more.

    The answer: `ticket`, `prize` (empty: nothing), `points` paid, `won` in points, `code` to fetch a thing by, `coupon`
    the code of a coupon.
    Refused, and then nothing is paid: `draw_unknown`, `draw_ended`, `draw_not_yet`, `per_member`, `insufficient`,
    `points_blocked`, `member_<status>`.
    """

    def work() -> Mapping[str, Any]:
        return _draw(session, vault, commit_no, wanted, random_bits)

    content = {"draw": wanted.draw, "member": str(wanted.member)}
    return once(session, wanted.id, DRAW, content, work, now_ms=now_ms)


def _draw(session: Session, vault: Vault, commit_no: int, wanted: Entry, random_bits: RandomBits) -> Mapping[str, Any]:
    may_spend_points(session, wanted.member)
    account = AccountKey(MEMBER_POINTS, str(wanted.member), POINTS)
    lock_balances(session, [account])
    row = _open(session, wanted)
    _pay(session, commit_no, wanted, account, row.points)
    number, rules = row.next_ticket, _rules.decode(row.rules)
    row.next_ticket += 1
    landed = rules.land(seed_of(vault, row), number)
    prize = landed if landed != NOTHING and _taken(session, row.id, landed) else NOTHING
    ticket = Ticket(
        draw_id=row.id, number=number, request=wanted.id, member_id=wanted.member, landed=landed, prize=prize,
        points=row.points, at_ms=wanted.at_ms,
    )  # fmt: skip
    session.add_all([row, ticket])
    session.flush()
    won = rules.named(prize)
    code = coupon = ""
    if won and won.batch:
        coupon = _give_coupon(session, commit_no, wanted, won.batch, random_bits)
    elif won:
        code = _give(session, commit_no, wanted, won, random_bits)
    dirt.note(session, commit_no, [(wanted.member, dirt.HEAD_OFFICE, 0)])
    return {
        "ticket": number, "prize": prize, "points": row.points, "won": won.points if won else 0, "code": code,
        "coupon": coupon,
    }  # fmt: skip


def _coupons_end(session: Session, rules: DrawRules) -> date | None:
    """Return the last day on which every coupon that can be won can still be used, None where none can be won."""
    wanted = sorted({one.batch for one in rules.prizes if one.batch})
    if not wanted:
        return None
    batch = table_of(CouponBatch)
    return session.execute(select(func.min(batch.c.ends)).where(batch.c.id.in_(wanted))).scalar_one_or_none()


def _open(session: Session, wanted: Entry) -> Draw:
    row = session.get(Draw, wanted.draw, with_for_update=True, populate_existing=True)
    if row is None:
        raise Refused("draw_unknown", f"there is no draw {wanted.draw!r}")
    last = last_day(session, row)
    if row.ended or (last is not None and wanted.today > last):
        raise Refused("draw_ended", f"draw {row.id} has ended")
    if row.starts is not None and wanted.today < row.starts:
        raise Refused("draw_not_yet", f"draw {row.id} begins on {row.starts}")
    if row.per_member and taken_part(session, row.id, wanted.member) >= row.per_member:
        raise Refused("per_member", f"a member may draw {row.per_member} times")
    return row


def last_day(session: Session, row: Draw) -> date | None:
    """Return the last day of a draw; one without ends with its coupons, for one that is over is no prize."""
    return row.ends or _coupons_end(session, _rules.decode(row.rules))


def taken_part(session: Session, draw_id: str, member: UUID) -> int:
    """Return how often a member has drawn, under whichever of their ids."""
    row = table_of(Ticket)
    ids = one_person.ids_of(session, [member])
    query = select(func.count()).where(row.c.draw_id == draw_id, row.c.member_id.in_(sorted(ids)))
    return int(session.execute(query).scalar_one())


def _pay(session: Session, commit_no: int, wanted: Entry, account: AccountKey, points: int) -> None:
    if not points:
        return
    pick = Pick(today=wanted.today)
    has = lots.spendable(session, account, pick)
    if has < points:
        raise Refused(INSUFFICIENT, f"{points - has} points too few")
    parts, _ = lots.take(session, account, points, pick)
    journal = Journal(
        cause=wanted.id, purpose=DRAW, at_ms=wanted.at_ms, store=HEAD_OFFICE, member=wanted.member,
        legs=(Leg(account, -points), Leg(AccountKey(POINTS_SPENT, HEAD_OFFICE, POINTS), points)),
    )  # fmt: skip
    post(session, commit_no, [journal])
    lots.used(session, journal.key, parts, HEAD_OFFICE)


def _taken(session: Session, draw_id: str, prize: str) -> bool:
    stock = table_of(DrawStock)
    mine = (stock.c.draw_id == draw_id, stock.c.prize == prize, stock.c.left > 0)
    done = session.execute(update(stock).where(*mine).values(left=stock.c.left - 1).returning(stock.c.left))
    return done.one_or_none() is not None


def _give_coupon(session: Session, commit_no: int, wanted: Entry, batch: str, random_bits: RandomBits) -> str:
    """Give a coupon that was set aside for this draw: once, for the ticket's own id is its cause."""
    (code,) = batches.give(
        session, commit_no, batch, [wanted.member], random_bits, cause=wanted.id, today=wanted.today,
        at_ms=wanted.at_ms, promised=True,
    )  # fmt: skip
    return code


def _give(session: Session, commit_no: int, wanted: Entry, prize: Prize, random_bits: RandomBits) -> str:
    """Give what was won: points at once; a thing waits in any store behind the code returned."""
    if not prize.points:
        thing = Thing(
            kind=pickups.PRIZE, subject=wanted.id, what=prize.prize, names=prize.names or {"en": prize.prize},
            member=wanted.member,
        )  # fmt: skip
        return pickups.put_aside(session, thing, random_bits, at_ms=wanted.at_ms)
    won = Reward(
        cause=wanted.id, purpose=PRIZE, member=wanted.member, points=prize.points, source=DRAW, at_ms=wanted.at_ms,
        day=wanted.today,
    )  # fmt: skip
    rewarding.give(session, commit_no, won)
    return ""


def end(session: Session, vault: Vault, draw_id: str, *, actor: str, now_ms: int, reason: str = "") -> None:
    """End a draw: nobody draws any more, the seed may be seen, coupons nobody won are free again.

    Repeating it changes nothing. Raise NotFound.
    """
    row = session.get(Draw, draw_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no draw {draw_id!r}")
    if row.ended:
        return
    row.seed, row.sealed = seed_of(vault, row), b""
    row.ended, row.ended_ms = True, now_ms
    session.add(row)
    session.flush()
    _let_go(session, row)
    audit.record(session, at_ms=now_ms, actor=actor, action="draw.end", subject=f"draw {draw_id}", reason=reason)


def _let_go(session: Session, row: Draw) -> None:
    stock = table_of(DrawStock)
    left = {one.prize: one.left for one in session.execute(select(stock).where(stock.c.draw_id == row.id))}
    for prize in rules_of(row).prizes:
        if prize.batch:
            batches.promise(session, prize.batch, -left[prize.prize], today=HomeDays(row.ended_ms or 0))


def find(session: Session, draw_id: str) -> Draw:
    """Return a draw. Raise NotFound."""
    row = session.get(Draw, draw_id)
    if row is None:
        raise NotFound(f"there is no draw {draw_id!r}")
    return row


def rules_of(row: Draw) -> DrawRules:
    """Return a draw's published rules."""
    return _rules.decode(row.rules)


def published(session: Session, draw_id: str) -> Published:
    """Return what everybody may see. Raise NotFound."""
    row = find(session, draw_id)
    return Published(rules_of(row).odds(), row.commitment, row.next_ticket - 1, row.seed)
