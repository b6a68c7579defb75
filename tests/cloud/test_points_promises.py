"""What a till promises is what head office posts; what differs waits for a person with its cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.errors import Conflict
from cloud.loyalty import crediting, earning, points_rules, promises, review, rules
from cloud.loyalty.facts import LineFacts, ReturnedLineFacts, ReturnFacts, SaleFacts, TenderFacts
from cloud.loyalty.models import PointsReview
from cloud.loyalty.points_rules import KEPT_DAYS, Written, as_stores_get
from cloud.loyalty.rules import Rules
from shared.loyalty import (
    EarningRule,
    MemberDay,
    PieceBack,
    PointsBasis,
    PointsRule,
    PointsTimes,
    Promise,
    Purchase,
    Tier,
    TierRule,
    basis_on,
    points_earned,
    promised,
    promised_back,
    stated,
)
from shared.loyalty.points_rules import EARNING, POINTS_LEVEL
from shared.pricing import PromotionUse
from tests.cloud.members_data import join
from tests.cloud.test_loyalty import back, credit, sale
from tests.factories import new_id

DAY = date(2026, 6, 30)
BASE = EarningRule(version=1, valid_from=date(2026, 1, 1))
CATEGORIES = ["", "food", "food/fruit", "tobacco", "tobacco/cigars"]
METHODS = ["cash", "gift_card", "stored_value"]


def as_sent(known: Rules) -> list[PointsRule]:
    """Return rules as a store gets them, off the wire."""
    written = [Written(one.version, one.valid_from, msgspec.json.encode(one).decode()) for one in known.earning]
    sent = as_stores_get(written, known.tiers)
    return msgspec.json.decode(msgspec.json.encode(sent), type=list[PointsRule])


days = st.integers(0, 400).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
bonus = st.integers(10_001, 50_000)
benefits = st.one_of(
    st.builds(PointsTimes, times_bp=bonus),
    st.builds(MemberDay, times_bp=bonus, weekdays=st.lists(st.integers(1, 7), min_size=1, max_size=3)),
)
earning_rules = st.builds(
    EarningRule,
    version=st.just(0), valid_from=days, points=st.integers(0, 5), per_minor=st.integers(1, 500),
    excluded_categories=st.lists(st.sampled_from(CATEGORIES[1:]), max_size=2),
    excluded_tenders=st.lists(st.sampled_from(METHODS), max_size=1),
)  # fmt: skip
tier_rules = st.builds(
    TierRule, version=st.just(0), valid_from=st.none() | days,
    tiers=st.lists(benefits, max_size=2).map(
        lambda found: [Tier(code="gold", names={}, from_minor=1, benefits=[*found])]
    ),
)  # fmt: skip
known_rules = st.builds(
    lambda earns, tiers: Rules(
        tuple(msgspec.structs.replace(one, version=n) for n, one in enumerate(earns, start=1)),
        tuple(msgspec.structs.replace(one, version=n) for n, one in enumerate(tiers, start=1)),
    ),
    st.lists(earning_rules, max_size=3), st.lists(tier_rules, max_size=2),
)  # fmt: skip
lines = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 30_000), st.sampled_from(CATEGORIES)), min_size=1, max_size=6
).map(lambda rows: [LineFacts(n, *row) for n, row in enumerate(rows, start=1)])
uses = st.lists(
    st.builds(PromotionUse, st.just("p"), points=st.integers(0, 50), multiplier_bp=st.sampled_from([0, 20_000]),
              base_minor=st.integers(0, 5_000)), max_size=2,
)  # fmt: skip


@st.composite
def sales(draw: st.DrawFn) -> SaleFacts:
    made = draw(lines)
    total = sum(line.net_minor for line in made)
    first = draw(st.integers(0, total))
    tenders = [TenderFacts(draw(st.sampled_from(METHODS)), part) for part in (first, total - first)]
    return SaleFacts(
        sale=new_id(), member=new_id(), store="s001", business_date=draw(days), at_ms=1, lines=made, tenders=tenders,
        uses=draw(uses), tier=draw(st.sampled_from(["", "gold", "gone"])),
    )  # fmt: skip


@given(known=known_rules, sold=sales(), brought=st.lists(st.integers(1, 9), min_size=6, max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_promise_is_what_head_office_posts(known: Rules, sold: SaleFacts, brought: list[int]) -> None:
    sent = as_sent(known)
    bought = Purchase(lines=sold.lines, tenders=sold.tenders, uses=sold.uses)
    told = promised(sent, bought, sold.tier, sold.business_date)
    rule = known.earning_on(sold.business_date)
    if rule is None:
        assert told is None
        return
    assert told is not None
    assert told.points == points_earned(sold, rule, crediting.tier_times(sold, known))
    assert told.by == basis_on(sent, sold.business_date)
    _returns_agree(
        sent, sold, told, rule, [min(n, line.quantity) for n, line in zip(brought, sold.lines, strict=False)]
    )


def _returns_agree(
    sent: Sequence[PointsRule], sold: SaleFacts, told: Promise, rule: EarningRule, first: Sequence[int]
) -> None:
    """Two returns, everything at last: each the same on both sides, together all there was."""
    rest = [line.quantity - n for n, line in zip(first, sold.lines, strict=True)]
    taken = 0
    for quantities, before in ((first, [0] * len(first)), (rest, first)):
        pieces = [PieceBack(line.n, n, b) for line, n, b in zip(sold.lines, quantities, before, strict=True) if n]
        at_till = promised_back(sent, Purchase(lines=sold.lines), told, pieces)
        facts = ReturnFacts(
            returned=new_id(), sale=sold, store="s001", at_ms=2,
            lines=[ReturnedLineFacts(one.of_line, one.quantity, 0) for one in pieces],
        )  # fmt: skip
        at_hq = earning.points_taken_back(facts, rule, told.points, {one.of_line: one.before for one in pieces})
        assert at_till == (at_hq if told.points else 0)
        taken += at_till or 0
    assert taken == told.points


def one_line(minor: int = 1_000) -> Purchase:
    return Purchase(lines=[LineFacts(1, 1, minor)])


def test_a_staged_version_counts_from_its_day_on_and_what_is_unknown_is_not_promised() -> None:
    now, then = msgspec.json.encode(BASE), EarningRule(version=2, valid_from=date(2026, 7, 1), points=2)
    sent = [stated(EARNING, 1, now, BASE.valid_from), stated(EARNING, 2, msgspec.json.encode(then), then.valid_from)]
    on = {day: promised(sent, one_line(), "", day) for day in (date(2026, 6, 30), date(2026, 7, 1))}
    assert [told and (told.points, told.by.earning) for told in on.values()] == [(10, 1), (20, 2)]
    assert promised(sent, one_line(), "", date(2025, 12, 31)) is None, "no rule yet"
    assert promised([], one_line(), "", DAY) is None
    newer = stated(EARNING, 2, b'{"kind":"visits"}', DAY, level=POINTS_LEVEL + 1)
    assert promised([sent[0], newer], one_line(), "", DAY) is None, "never by the version before"
    assert promised([sent[0], newer], one_line(), "", DAY - timedelta(days=1)) is not None, "until then by that"
    caps = msgspec.structs.replace(newer, kind="caps")
    assert promised([sent[0], caps], one_line(), "", DAY) is None, "a kind of rule this program does not know"
    for broken in (msgspec.structs.replace(sent[0], hash="0" * 64), stated(EARNING, 1, b'{"kind":"visits"}', None)):
        assert promised([broken], one_line(), "", DAY) is None
    given_ = Promise(10, PointsBasis(9))
    assert promised_back(sent, one_line(), given_, [PieceBack(1, 1, 0)]) is None, "by a version not here any more"


def test_stores_get_what_counts_or_will_and_for_returns_what_counted_lately(database: Database) -> None:
    with database.session() as session:
        for version, start in enumerate((date(2025, 1, 1), date(2026, 1, 1), date(2026, 6, 1), date(2027, 1, 1)), 1):
            rules.publish_earning(session, EarningRule(version=version, valid_from=start), author="ann", at_ms=1)
        rules.publish_tier(
            session, TierRule(version=1, tiers=[Tier(code="g", names={}, from_minor=9)]), author="a", at_ms=1
        )
        known = points_rules.published(session)
    for today, versions in ((date(2026, 6, 15), [2, 3, 4]), (date(2026, 6, 1) + timedelta(days=KEPT_DAYS), [3, 4])):
        sent = points_rules.of_day(known, today)
        assert [one.version for one in sent if one.kind == EARNING] == versions
        assert [one.rule for one in sent if one.kind != EARNING] == [msgspec.Raw(b"{}")], "no thresholds, no names"


BY_1 = PointsBasis(1, 0, b"12345678")


@pytest.mark.parametrize(
    ("till", "hq", "cause"),
    [
        (BY_1, None, (promises.NO_RULE, 1, 0)),
        (None, BY_1, (promises.NOT_SAID, 0, 1)),
        (PointsBasis(1, 2), PointsBasis(3, 2), (promises.OTHER_EARNING, 1, 3)),
        (PointsBasis(1, 2), PointsBasis(1, 4), (promises.OTHER_TIERS, 2, 4)),
        (BY_1, PointsBasis(1, 0, b"87654321"), (promises.OTHER_CONTENT, 1, 1)),
        (BY_1, BY_1, (promises.SAME_RULES, 1, 1)),
    ],
)
def test_a_difference_says_why(till: PointsBasis | None, hq: PointsBasis | None, cause: tuple[str, int, int]) -> None:
    assert promises.cause(till, hq) == cause


def test_what_a_till_promised_otherwise_waits_until_a_person_gives_it_or_not(database: Database) -> None:
    ann = join(database, ["8810000000000078"])
    with database.session() as session:
        rules.publish_earning(session, BASE, author="ann", at_ms=1)
        rules.publish_earning(session, EarningRule(version=2, valid_from=DAY, points=2), author="ann", at_ms=2)
        known = rules.load(session)
    by = PointsBasis(1, 0, b"12345678")
    kept = msgspec.structs.replace(sale(ann, LineFacts(1, 2, 1_000), day=DAY), promised=20, promised_by=by)
    short = msgspec.structs.replace(sale(ann, LineFacts(1, 2, 1_000), day=DAY), promised=25, promised_by=by)
    agrees = replace(back(kept, ReturnedLineFacts(1, 1, 500)), promised=10)
    less = replace(back(short, ReturnedLineFacts(1, 1, 500)), promised=7)
    credit(database, sales=[kept, short], under=known)
    credit(database, returns=[agrees, less], under=known)
    with database.session() as session:
        rows = session.exec(select(PointsReview)).all()
        assert {(row.sale_id, row.promised, row.computed, row.cause, row.by_till, row.by_hq) for row in rows} == {
            (short.sale, 25, 20, promises.OTHER_EARNING, 1, 2),
            (short.sale, -7, -10, promises.SALE_DIFFERED, 0, 0),
        }
        assert (review.waiting(session).count, review.waiting(session).too_much) == (2, 8)
    for event, grant in ((short.sale, True), (less.returned, False)):
        with database.session() as session:
            review.decide(
                session, open_commit(session, 5), event, grant=grant, by="person:sue", reason="the sign said so",
                today=DAY, at_ms=5, now_ms=5,
            )  # fmt: skip
    with database.session() as session:
        with pytest.raises(Conflict):
            review.decide(
                session, open_commit(session, 6), short.sale, grant=False, by="person:bob", reason="no", today=DAY,
                at_ms=6, now_ms=6,
            )  # fmt: skip
        assert review.waiting(session).count == 0
        acts = select(AuditEntry).where(AuditEntry.action == "points.review")
        said = [(row.subject, row.reason) for row in session.exec(acts)]
        assert sorted(said) == sorted(
            [(f"sale {short.sale}", "the sign said so"), (f"return {less.returned}", "the sign said so")]
        )
