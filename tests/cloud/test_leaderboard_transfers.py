"""The leaderboard shows who agreed, masked, with shared places; points are handed on once, with their dates."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from uuid import UUID

import pytest
from msgspec.structs import replace
from sqlmodel import Session, select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import Refused
from cloud.ledger import AccountKey, Journal, Leg, post
from cloud.ledger.models import Lot
from cloud.ledger.proof import prove
from cloud.ledger.reading import points_of
from cloud.ledger.requests import Answered, RequestChanged
from cloud.loyalty import leaderboard, posting, rewarding, transferring
from cloud.loyalty.club_models import PointsTransfer
from cloud.loyalty.facts import LineFacts, SaleFacts
from cloud.loyalty.rules import Rules
from cloud.members import blocks, consent, rules
from cloud.members.models import FamilyMember
from shared.loyalty import EarningRule
from tests.cloud.members_data import join, open_chain
from tests.cloud.test_loyalty import sale
from tests.factories import new_id

TODAY = date(2026, 6, 30)
JUNE = leaderboard.Period(date(2026, 6, 1), date(2026, 6, 30))
EARN = Rules(earning=(EarningRule(version=1, valid_from=date(2026, 1, 1)),))


@pytest.mark.parametrize(
    ("period", "back", "first", "last"),
    [
        ("month", 0, date(2026, 2, 1), date(2026, 2, 28)),
        ("month", 2, date(2025, 12, 1), date(2025, 12, 31)),
        ("quarter", 0, date(2026, 1, 1), date(2026, 3, 31)),
        ("quarter", 1, date(2025, 10, 1), date(2025, 12, 31)),
        ("year", 1, date(2025, 1, 1), date(2025, 12, 31)),
    ],
)
def test_periods(period: str, back: int, first: date, last: date) -> None:
    assert leaderboard.period_of(date(2026, 2, 14), period, back) == (first, last)


def agree(session: Session, *members: UUID) -> None:
    for member in members:
        consent.give(session, member, leaderboard.CHANNEL, version="1", source="api", actor="ann", now_ms=1)


@pytest.mark.parametrize(("by", "figures"), [("spend", [900, 500, 500, 100]), ("points", [9, 5, 5, 1])])
def test_equal_figures_share_a_place_and_nobody_stands_there_unasked(
    database: Database, by: str, figures: list[int]
) -> None:
    open_chain(database)
    names = {"赵一": 500, "钱二": 900, "孙三": 500, "李四": 100, "周五": 5_000, "吴六": 0}
    members = {name: join(database, fields={"name": name}) for name in names}
    at_ms = 1_782_000_000_000  # 21 June 2026
    sales = [sale(members[name], LineFacts(1, 1, minor), day=TODAY) for name, minor in names.items() if minor]
    late = sale(members["李四"], LineFacts(1, 1, 9_000), day=date(2026, 7, 1))
    with database.session() as session:
        placed = [*(one_at(one, at_ms) for one in sales), one_at(late, at_ms + 30 * 24 * 3600 * 1000)]
        posting.post(session, open_commit(session, 1), placed, (), EARN)
        agree(session, *(member for name, member in members.items() if name != "周五"))
    rule = rules.Leaderboard(on=True, by=by, places=3)
    with database.session() as session:
        everybody = leaderboard.board(session, JUNE, rules.Leaderboard(on=True, by=by))
        assert [(one.place, one.masked_name, one.value) for one in everybody] == [
            (1, "钱*", figures[0]), (2, "孙*", figures[1]), (2, "赵*", figures[2]), (4, "李*", figures[3]),
        ]  # fmt: skip
        assert len(leaderboard.board(session, JUNE, rule)) == 3
        own = leaderboard.place_of(session, members["李四"], JUNE, rule)
        assert own is not None
        assert own.place == 4, "their own place, however far down"
        assert leaderboard.place_of(session, members["周五"], JUNE, rule) is None
        assert leaderboard.board(session, JUNE, rules.Leaderboard()) == []
        consent.withdraw(session, members["钱二"], leaderboard.CHANNEL, actor="ann", now_ms=2)
        assert [one.masked_name for one in leaderboard.board(session, JUNE, rule)] == ["孙*", "赵*", "李*"]


@pytest.mark.parametrize(
    ("purpose", "from_", "counts"),
    [
        ("tier:1", "points_issued", True),
        ("beside_earn", "points_issued", True),
        ("back:POINTS:1", "points_spent", False),
    ],
)
def test_points_on_the_board_are_what_stores_issued_whichever_way(
    sqlite_database: Database, purpose: str, from_: str, counts: bool
) -> None:
    open_chain(sqlite_database)
    ann = join(sqlite_database)
    legs = (
        Leg(AccountKey("member_points", str(ann), "POINTS"), 7),
        Leg(AccountKey(from_, "s001", "POINTS"), -7),
    )
    journal = Journal(cause=new_id(), purpose=purpose, at_ms=1_782_000_000_000, store="s001", legs=legs, member=ann)
    with sqlite_database.session() as session:
        post(session, open_commit(session, 1), [journal])
        agree(session, ann)
        board = leaderboard.board(session, JUNE, rules.Leaderboard(on=True, by="points"))
    assert [one.value for one in board] == ([7] if counts else [])


def one_at(made: SaleFacts, at_ms: int) -> SaleFacts:
    return replace(made, at_ms=at_ms)


class Pair:
    """Two members, the first with points of two dates."""

    def __init__(self, database: Database, **rule: object) -> None:
        open_chain(database)
        self.database = database
        self.ann, self.bob = join(database), join(database)
        with database.session() as session:
            rules.publish(session, rules.Transfers(version=1, **rule), actor="ann", now_ms=1)  # type: ignore[arg-type]
            for points, ends in ((60, date(2026, 12, 1)), (100, None)):
                reward = rewarding.Reward(
                    cause=new_id(), purpose="gift", member=self.ann, points=points, source="gift", at_ms=1, day=TODAY
                )
                rewarding.give(session, open_commit(session, 1), reward)
                for lot in session.exec(select(Lot).where(Lot.amount == 60)):
                    lot.expires_on = ends or lot.expires_on
                    session.add(lot)

    def hand(self, points: int, request: UUID | None = None, *, back: bool = False) -> Answered:
        giver, taker = (self.bob, self.ann) if back else (self.ann, self.bob)
        wanted = transferring.Transfer(
            id=request or new_id(), giver=giver, taker=taker, points=points, today=TODAY, actor="desk"
        )
        return in_transaction(
            self.database, lambda session: transferring.transfer(session, wanted, now_ms=2, business_ms=2)
        )

    def points(self) -> tuple[int, int]:
        with self.database.session() as session:
            assert prove(session).holds
            found = points_of(session, [self.ann, self.bob])
            return found[self.ann], found[self.bob]


def test_points_go_once_with_their_dates_and_less_the_fee(database: Database) -> None:
    pair, request = Pair(database, to="all", fee_bp=1_000), new_id()
    answers = [pair.hand(80, request) for _ in range(3)]
    assert [one.require()["received"] for one in answers] == [72, 72, 72]
    assert pair.points() == (80, 72)
    with database.session() as session:
        lots = session.exec(select(Lot)).all()
        assert sorted((lot.left, str(lot.expires_on)) for lot in lots if lot.left) == [
            (18, "None"), (54, "2026-12-01"), (80, "None"),
        ]  # fmt: skip
        assert len(session.exec(select(PointsTransfer)).all()) == 1
    with pytest.raises(RequestChanged, match="points"):
        pair.hand(81, request)


@pytest.mark.parametrize(
    ("rule", "points", "code"),
    [
        ({}, 10, "transfers_off"),
        ({"to": "family"}, 10, "not_family"),
        ({"to": "all", "least": 20}, 10, "too_few"),
        ({"to": "all", "most_at_once": 20}, 30, "too_many"),
        ({"to": "all", "most_in_a_month": 100, "most_at_once": 100}, 200, "too_many"),
        ({"to": "all"}, 161, "points_short"),
    ],
)
def test_what_the_chain_does_not_allow_is_refused(
    sqlite_database: Database, rule: dict[str, object], points: int, code: str
) -> None:
    pair = Pair(sqlite_database, **rule)
    assert pair.hand(points).code == code
    assert pair.points() == (160, 0)


def test_a_month_has_its_limit_and_a_block_stops_both_sides(sqlite_database: Database) -> None:
    pair = Pair(sqlite_database, to="all", most_in_a_month=50, most_at_once=50)
    assert pair.hand(30).code == ""
    assert pair.hand(21).code == "month_full"
    with sqlite_database.session() as session:
        blocks.put(session, pair.bob, "points", reason="misuse", actor="ann", commit_no=1, now_ms=1)
    assert pair.hand(10).code == "points_blocked"
    with pytest.raises(Refused, match="neither collect"):
        pair.hand(10).require()


@pytest.mark.parametrize("side", ["ann", "bob"])
def test_whoever_may_not_buy_hands_nothing_on_and_may_be_given(sqlite_database: Database, side: str) -> None:
    pair = Pair(sqlite_database, to="all")
    with sqlite_database.session() as session:
        blocks.put(session, getattr(pair, side), "buy", reason="misuse", actor="ann", commit_no=1, now_ms=1)
    assert pair.hand(10).code == ("points_blocked" if side == "ann" else "")


def test_a_family_may_where_families_may(sqlite_database: Database) -> None:
    pair, family = Pair(sqlite_database, to="family"), new_id()
    with sqlite_database.session() as session:
        session.add_all(FamilyMember(member_id=one, family_id=family, joined_ms=1) for one in (pair.ann, pair.bob))
    assert pair.hand(10).code == ""


def test_p5_twenty_at_once_spend_no_point_twice(database: Database) -> None:
    pair, start = Pair(database, to="all"), Barrier(20)

    def hand(_: int) -> str:
        start.wait()
        return pair.hand(10).code

    with ThreadPoolExecutor(20) as pool:
        codes = sorted(pool.map(hand, range(20)))
    assert codes == [""] * 16 + ["points_short"] * 4
    assert pair.points() == (0, 160)
