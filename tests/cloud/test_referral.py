"""Who brought whom, on both databases: rewarded once after the wait, taken back on return, odd ones looked at."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, select

from cloud.database import Database
from cloud.ledger import AccountKey
from cloud.ledger.proof import prove
from cloud.ledger.reading import points_of
from cloud.loyalty import referring
from cloud.loyalty.club_models import Referral
from cloud.members import blocks, rules, watching
from cloud.members.care_models import ReviewCase
from cloud.members.models import FamilyMember
from shared.wire.events import SaleCompleted
from tests.cloud.members_data import CARD, OTHER_CARD, join, open_chain, shown, take
from tests.cloud.value_books import Books
from tests.factories import make_return, make_sale, new_id

DAY = date(2026, 1, 1)
BOUGHT = [("1001", 2)]


class Club:
    """A chain that rewards whoever brings friends."""

    def __init__(self, database: Database, **rule: int) -> None:
        open_chain(database)
        self.database = database
        given = {"version": 1, "points": 100, "friend_points": 20, "least_minor": 100, "pending_days": 7, **rule}
        with database.session() as session:
            rules.publish(session, rules.Referral(**given), actor="ann", now_ms=1)
        self.ann, self.receipts = join(database, [CARD]), 0

    def friend(self, card: str = OTHER_CARD, **fields: object) -> UUID:
        return join(self.database, [card], referred_by=self.ann, **fields)

    def buys(self, card: str = OTHER_CARD) -> SaleCompleted:
        self.receipts += 1
        sale = make_sale(BOUGHT, id=new_id(), member=shown(card), number=self.receipts)
        assert not take(self.database, [sale])
        return sale

    def work(self, after_days: int) -> None:
        """Let the job run twice over on a day."""
        at = {"today": DAY + timedelta(days=after_days), "now_ms": 5, "business_ms": 5}
        for _ in range(2):
            with self.database.session() as session:
                referring.find(session, now_ms=5)
                referring.settle(session, **at)  # type: ignore[arg-type]
                referring.reviewed(session, **at)  # type: ignore[arg-type]
                referring.take_back(session, now_ms=5, business_ms=5)

    def states(self) -> list[tuple[str, str]]:
        with self.database.session() as session:
            return sorted((row.state, row.reason) for row in session.exec(select(Referral)))

    def rewards(self, *members: UUID) -> list[int]:
        """Return the points of members; the books hold."""
        with self.database.session() as session:
            assert prove(session).holds
            found = points_of(session, members)
            return [found[member] for member in members]


@pytest.fixture
def club(database: Database) -> Club:
    return Club(database)


def test_a_friends_first_purchase_is_rewarded_once_when_the_wait_is_over(club: Club) -> None:
    bob = club.friend()
    club.work(30)
    assert club.states() == []
    club.buys()
    before = club.rewards(club.ann, bob)
    club.work(6)
    assert club.states() == [("waiting", "")]
    club.work(7)
    club.buys()
    club.work(30)
    assert club.states() == [("rewarded", "")]
    after = club.rewards(club.ann, bob)
    assert after[0] - before[0] == 100
    assert after[1] >= before[1] + 20


def test_what_comes_back_in_the_wait_earns_nothing_and_the_next_purchase_may(club: Club) -> None:
    club.friend()
    sale = club.buys()
    club.work(0)
    take(club.database, [make_return(sale, [(1, 2)], number=90)])
    club.work(8)
    assert club.states() == []
    club.buys()
    club.work(8)
    assert club.states() == [("rewarded", "")]


def test_what_comes_back_later_is_taken_back_even_when_it_is_spent(club: Club) -> None:
    bob = club.friend()
    before = club.rewards(club.ann)
    sale = club.buys()
    club.work(8)
    take(club.database, [make_return(sale, [(1, 2)], number=90)])
    club.work(9)
    assert club.states() == [("taken_back", "returned")]
    assert club.rewards(club.ann) == before
    assert club.rewards(bob)[0] == 0


def odd_family(club: Club, session: Session, friend: UUID) -> None:
    family = new_id()
    session.add_all(FamilyMember(member_id=one, family_id=family, joined_ms=1) for one in (club.ann, friend))


def odd_cashier(club: Club, session: Session, friend: UUID) -> None:
    del friend
    watching.declare_staff(session, "c9", club.ann, actor="ann", now_ms=1)


@pytest.mark.parametrize(("make_odd", "reason"), [(odd_family, "family"), (odd_cashier, "own_cashier")])
@pytest.mark.parametrize(("decision", "state"), [("fine", ("rewarded", "")), ("misuse", ("refused", "misuse"))])
def test_what_looks_odd_waits_for_a_person(
    club: Club, make_odd: object, reason: str, decision: str, state: tuple[str, str]
) -> None:
    bob = club.friend(cashier="c9")
    with club.database.session() as session:
        make_odd(club, session, bob)  # type: ignore[operator]
    club.buys()
    club.work(8)
    assert club.states() == [("review", reason)]
    with club.database.session() as session:
        (case,) = session.exec(select(ReviewCase).where(ReviewCase.kind == "referral")).all()
        assert (case.member_id, case.status) == (club.ann, "open")
        watching.decide(session, case.id, status=decision, note="looked", actor="desk", now_ms=9)
    club.work(9)
    assert club.states() == [state]


def test_more_friends_a_month_than_the_rule_lets_pass_are_looked_at(database: Database) -> None:
    club = Club(database, most_in_a_month=1)
    club.friend()
    club.friend("6200000000000033")
    club.buys()
    club.buys("6200000000000033")
    club.work(8)
    assert club.states() == [("review", "too_many"), ("rewarded", "")]


def test_p5_who_spends_a_reward_that_is_taken_back_does_not_get_the_next_one_on_top(club: Club) -> None:
    """Bring a friend, spend the reward, have the goods returned, and again: nothing is gained by it."""
    books = Books(club.database)
    for n, card in enumerate((OTHER_CARD, "8810000000000033"), start=1):
        club.friend(card)
        sale = club.buys(card)
        club.work(8)
        has = club.rewards(club.ann)[0]
        assert has == (100 if n == 1 else 0), "the second reward settles what is owed for the first"
        if has:
            books.capture(books.hold(club.ann, has), has)
        take(club.database, [make_return(sale, [(1, 2)], number=90 + n)])
        club.work(9)
        assert books.balance(AccountKey("member_debt", str(club.ann), "POINTS")) == -100


@pytest.mark.parametrize("blocked", ["who brought", "who came"])
def test_whoever_may_not_collect_is_rewarded_when_they_may_again_and_holds_up_nobody(
    club: Club, monkeypatch: pytest.MonkeyPatch, blocked: str
) -> None:
    monkeypatch.setattr(referring, "SLICE", 1)
    bob, other = club.friend(), "8810000000000033"
    club.buys()
    one = club.ann if blocked == "who brought" else bob
    with club.database.session() as session:
        blocks.put(session, one, "points", reason="misuse", actor="ann", commit_no=1, now_ms=1)
    carl = join(club.database, [other], referred_by=join(club.database))
    club.buys(other)
    club.work(8)
    assert club.states() == [("rewarded", ""), ("waiting", "")]
    assert club.rewards(carl)[0] >= 20
    with club.database.session() as session:
        blocks.lift(session, one, "points", reason="cleared", actor="ann", commit_no=1, now_ms=1)
    club.work(8)
    assert club.states() == [("rewarded", ""), ("rewarded", "")]


def test_purchases_that_came_back_in_part_and_are_still_enough_hold_up_nothing(
    club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(referring, "SLICE", 1)
    cards = {club.friend(card): card for card in (OTHER_CARD, "8810000000000033")}
    first, last = sorted(cards)
    sales = {one: club.buys(card) for one, card in cards.items()}
    club.work(8)
    club.work(8)
    for friend, pieces in ((first, 1), (last, 2)):
        take(club.database, [make_return(sales[friend], [(1, pieces)], number=90 + pieces)])
    club.work(9)
    assert club.states() == [("rewarded", ""), ("taken_back", "returned")]


def test_without_a_rule_nothing_happens(database: Database) -> None:
    club = Club(database, points=0, friend_points=0)
    club.friend()
    club.buys()
    club.work(30)
    assert club.states() == []
