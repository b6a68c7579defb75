"""What a member's tier brings for sales whose receipt names none: shown by a card that the store did not know.

Such a sale first brings what it brings anybody. Whenever its member is looked at, what their tier of that day makes of
it is worked out again, from what they had done before that day, and the difference to what stands in the ledger is
posted as a journal of its own. So a sale or return that comes late and moves a tier of the past is followed by an
adjustment of what it affects, and in whatever order things arrive the points come to the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import Uuid, func, select, union_all
from sqlmodel import Session

from cloud import ledger
from cloud.database.commits import open_commit
from cloud.database.rowset import rowset, table_of
from cloud.ledger import lots
from cloud.ledger.kinds import POINTS_ISSUED
from cloud.ledger.locking import lock_balances
from cloud.ledger.models import Account, JournalRow, Posting
from cloud.loyalty import crediting, history, rules, tiers
from cloud.loyalty.crediting import Earned
from cloud.loyalty.earning import EARN, RETURN, debt_account, earn_journal, points_account
from cloud.loyalty.facts import SaleFacts
from cloud.loyalty.models import MemberDay, TierChange
from cloud.loyalty.rules import Rules
from cloud.members import one_person
from cloud.members.models import Card
from cloud.sales.models import Sale, SaleReturnLine
from shared.loyalty import Did, EarningRule, PieceBack, TierRule, outlook, points_earned, points_taken_back
from shared.loyalty.points_rules import TierTimes

PURPOSE = "tier"
"""Adjustments of a sale are `tier:1`, `tier:2` and so on."""


class _Stands(NamedTuple):
    """What the ledger says of a sale: by which rule it earned, what is left of it, how often it was adjusted."""

    rule_version: int
    points: int
    adjusted: int


class _Due(NamedTuple):
    """What a sale lacks, or has too much of (below zero), and how often it was adjusted before."""

    sale: SaleFacts
    rule: EarningRule
    points: int
    adjusted: int

    @property
    def purpose(self) -> str:
        """What its journal is for."""
        return f"{PURPOSE}:{self.adjusted + 1}"


class _Past(NamedTuple):
    """What is known of a member's past: what they did by day, when they joined, and tiers given by hand from when."""

    did: Sequence[Did]
    joined: date | None
    changes: Sequence[tuple[date, str, str]]
    """(day, tier, reason), in order."""

    def tier_on(self, rule: TierRule, day: date) -> str:
        """Return the tier in which a day began: what was done on it comes after. A tier by hand counts from its day."""
        before = [one for one in self.did if one.day < day]
        reached = outlook(rule, before, day, joined=self.joined).standing.tier
        _, tier, reason = next((one for one in reversed(self.changes) if one[0] <= day), (day, "", ""))
        return tier if reason == "floor" and rule.rank(tier) > rule.rank(reached) else reached


class Coming(NamedTuple):
    """Goods that are about to come back: of which sale, which pieces, what is paid back, and what their return takes.

    `points` are those of the return's own journal, which takes its share of what the sale first brought.
    """

    sale: SaleFacts
    pieces: Mapping[int, int]
    refund_minor: int
    points: int


class Foreseen(NamedTuple):
    """What is still to be posted for a member's sales as things stand, and what it will be once goods came back."""

    now: int
    then: int


def foresee(session: Session, coming: Coming) -> Foreseen:
    """Return what `settle` posts for the member without the goods that come back, and with them. Nothing is posted.

    A return moves its sale's share of what a tier made of it, and, because it lowers what was done on that day, perhaps
    the tier of later sales.
    """
    known = rules.load(session)
    if not any(TierTimes.of(rule).times for rule in known.tiers):
        return Foreseen(0, 0)
    sales, stands = _looked_at(session, [coming.sale.member], known)
    now, then = (_due(session, sales, stands, known, one) for one in (None, coming))
    return Foreseen(sum(one.points for one in now), sum(one.points for one in then))


def settle(session: Session, members: Collection[UUID], *, now_ms: int) -> int:
    """Bring the points of members' sales without a tier to what they should be. Return how many sales were adjusted.

    The caller holds the members' rows, so that nobody else adjusts the same sale.
    """
    known = rules.load(session)
    if not any(TierTimes.of(rule).times for rule in known.tiers):
        return 0
    due = _due(session, *_looked_at(session, members, known), known)
    if due:
        _adjust(session, open_commit(session, now_ms), due)
    return len(due)


def _looked_at(
    session: Session, members: Collection[UUID], known: Rules
) -> tuple[dict[UUID, SaleFacts], dict[UUID, _Stands]]:
    """Return the sales of members that may need an adjustment, and what the ledger says of each."""
    buyers = _sales_without_tier(session, members)
    sales, stands = history.sale_facts(session, buyers), _standing(session, buyers)
    stands |= _too_small(session, [sale for key, sale in sales.items() if key not in stands], known)
    return {key: sales[key] for key in stands}, stands


def _sales_without_tier(session: Session, members: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the sales by a card that the store did not know, whose receipt names no tier, and whose they are."""
    here = {person.id for person in one_person.look(session, members).values() if not person.has_left}
    sale, card, people = table_of(Sale), table_of(Card), one_person.ids_of(session, here)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(people)])
    credited = (
        select(sale.c.id, sale.c.member_id.label("whose"))
        .join(wanted, wanted.c.id == sale.c.member_id)
        .where(sale.c.member_id.is_not(None), sale.c.card_id.is_not(None), sale.c.member_tier == "")
    )
    claimed = (
        select(sale.c.id, card.c.member_id.label("whose"))
        .join(card, card.c.id == sale.c.card_id)
        .join(wanted, wanted.c.id == card.c.member_id)
        .where(sale.c.card_id.is_not(None), sale.c.member_id.is_(None), sale.c.member_tier == "")
    )
    return {row.id: people[row.whose] for row in session.execute(union_all(credited, claimed))}


def _standing(session: Session, sales: Collection[UUID]) -> dict[UUID, _Stands]:
    """Return what the ledger says of these sales; one that earned nothing is absent."""
    back = table_of(SaleReturnLine)
    some = rowset(session, "some", {"id": Uuid()}, [(one,) for one in sorted(sales)])
    returns = session.execute(
        select(back.c.return_id, back.c.original_sale_id).join(some, some.c.id == back.c.original_sale_id).distinct()
    )
    whose = {one: one for one in sales} | {row.return_id: row.original_sale_id for row in returns}
    wanted = rowset(session, "wanted", {"cause": Uuid()}, [(one,) for one in sorted(whose)])
    posting, account, journal = table_of(Posting), table_of(Account), table_of(JournalRow)
    rows = session.execute(
        select(posting.c.cause, posting.c.purpose, journal.c.rule_version, func.sum(posting.c.amount).label("issued"))
        .join(wanted, wanted.c.cause == posting.c.cause)
        .join(account, account.c.id == posting.c.account_id)
        .join(journal, (journal.c.cause == posting.c.cause) & (journal.c.purpose == posting.c.purpose))
        .where(account.c.kind == POINTS_ISSUED)
        .group_by(posting.c.cause, posting.c.purpose, journal.c.rule_version)
    )
    points: defaultdict[UUID, int] = defaultdict(int)
    adjusted: defaultdict[UUID, int] = defaultdict(int)
    earned_by: dict[UUID, int] = {}
    for row in rows:
        sale, kind = whose[row.cause], row.purpose.partition(":")[0]
        if kind not in (EARN, RETURN, PURPOSE):
            continue
        points[sale] -= int(row.issued)
        adjusted[sale] += kind == PURPOSE
        if kind in (EARN, PURPOSE) and row.rule_version is not None:
            earned_by[sale] = row.rule_version
    return {sale: _Stands(version, points[sale], adjusted[sale]) for sale, version in earned_by.items()}


def _too_small(session: Session, sales: Sequence[SaleFacts], known: Rules) -> dict[UUID, _Stands]:
    """Return those of these sales that earned nothing because they came to less than a point: a tier may make it one.

    One made during a block, or before there was a rule, earned nothing for another reason, and that stays so.
    """
    found = {}
    for sale in crediting.collecting(session, sales):
        rule = known.earning_on(sale.business_date)
        if rule is not None and not points_earned(sale, rule):
            found[sale.sale] = _Stands(rule.version, 0, 0)
    return found


def _due(
    session: Session,
    sales: Mapping[UUID, SaleFacts],
    stands: Mapping[UUID, _Stands],
    known: Rules,
    coming: Coming | None = None,
) -> list[_Due]:
    """Work out what each sale should have left its member: with their tier of its day, less what came back.

    `coming`: as it will be once these goods came back too.
    """
    pasts = _pasts(session, {sale.member for sale in sales.values()})
    back, versions = history.came_back(session, sales), {rule.version: rule for rule in known.earning}
    if coming is not None:
        pasts, stands = _after(coming, pasts, stands)
        back[coming.sale.sale] = Counter(back.get(coming.sale.sale, {})) + Counter(coming.pieces)
    due = []
    for key, sale in sorted(sales.items()):
        of_tiers, rule = known.tier_on(sale.business_date), versions[stands[key].rule_version]
        tier = pasts[sale.member].tier_on(of_tiers, sale.business_date) if of_tiers.tiers else ""
        points = points_earned(sale, rule, crediting.tier_times(replace(sale, tier=tier), known))
        pieces = [PieceBack(line, quantity, 0) for line, quantity in back.get(key, {}).items()]
        missing = points - points_taken_back(sale, rule, points, pieces) - stands[key].points
        if missing:
            due.append(_Due(sale, rule, missing, stands[key].adjusted))
    return due


def _after(
    coming: Coming, pasts: Mapping[UUID, _Past], stands: Mapping[UUID, _Stands]
) -> tuple[dict[UUID, _Past], dict[UUID, _Stands]]:
    """Return members' pasts and what the ledger says as they will be when the return of these goods is posted."""
    sale = coming.sale
    moved, stood = dict(pasts), dict(stands)
    if sale.member in moved:
        past = moved[sale.member]
        back = Did(sale.business_date, -coming.refund_minor, 0)
        moved[sale.member] = past._replace(did=[*past.did, back])
    if sale.sale in stood:
        stood[sale.sale] = stood[sale.sale]._replace(points=stood[sale.sale].points - coming.points)
    return moved, stood


def _pasts(session: Session, members: Collection[UUID]) -> dict[UUID, _Past]:
    wanted = rowset(session, "wanted", {"member_id": Uuid()}, [(one,) for one in sorted(members)])
    day, change = table_of(MemberDay), table_of(TierChange)
    did: defaultdict[UUID, list[Did]] = defaultdict(list)
    for row in session.execute(select(day).join(wanted, wanted.c.member_id == day.c.member_id)):
        did[row.member_id].append(Did(row.day, row.spend_minor, row.visits))
    changes: defaultdict[UUID, list[tuple[date, str, str]]] = defaultdict(list)
    query = select(change).join(wanted, wanted.c.member_id == change.c.member_id)
    for row in session.execute(query.order_by(change.c.member_id, change.c.n)):
        changes[row.member_id].append((row.day, row.after, row.reason))
    joined = tiers.joined(session, members)
    return {one: _Past(did[one], joined.get(one), changes[one]) for one in members}


def _adjust(session: Session, commit_no: int, due: Sequence[_Due]) -> None:
    """Post what is missing, take what was too much: of the sale's own lots first, then of the earliest to expire."""
    members = {one.sale.member for one in due}
    lock_balances(session, [account(one) for one in members for account in (points_account, debt_account)])
    more: defaultdict[str, list[Earned]] = defaultdict(list)
    for one in due:
        if one.points > 0:
            more[one.purpose].append(Earned(one.sale, one.rule, one.points))
        else:
            _take(session, commit_no, one)
    for purpose, earned in sorted(more.items()):
        crediting.give(session, commit_no, earned, purpose)


def _take(session: Session, commit_no: int, due: _Due) -> None:
    keys = [(due.sale.sale, EARN), *((due.sale.sale, f"{PURPOSE}:{n}") for n in range(1, due.adjusted + 1))]
    own = [lot for found in lots.of_journals(session, keys).values() for lot in found]
    parts, gone = lots.take(session, points_account(due.sale.member), -due.points, first=own)
    journal = earn_journal(due.sale, due.points, due.rule, recovered=-gone, purpose=due.purpose)
    lots.used(session, journal.key, parts, due.sale.store)
    ledger.post(session, commit_no, [journal])
