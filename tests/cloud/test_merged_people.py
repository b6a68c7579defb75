"""Members who were made one stand as one: what is known of them, what they may not do; and they leave as one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select
from sqlmodel import Session

from cloud.database import Database, sweeping
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.errors import Refused
from cloud.loyalty import tiers
from cloud.member_lifecycle import disclosure, merging
from cloud.member_lifecycle.traces import TRACES
from cloud.member_page import following, movements, reading
from cloud.members import blocks, changing, segments, watching
from cloud.members.care_models import ReviewCase, StaffCard
from cloud.members.models import CLOSED, Card, FamilyMember, Member, MemberBlock, MemberField, MemberSegment
from shared.wire.events import MemberOnSale
from tests.cloud.members_data import (
    CARD,
    OTHER_CARD,
    everything_stored,
    join,
    open_chain,
    take,
    vault,
)
from tests.cloud.test_member_merge import ANN, merge, undo
from tests.cloud.test_member_rights import erase
from tests.cloud.test_referral import Club
from tests.factories import START_MS, make_return, make_sale, new_id

THIRD_CARD = "8810000000000003"
TODAY = date(2026, 1, 1)


@pytest.fixture
def trio(sqlite_database: Database) -> tuple[UUID, UUID, UUID]:
    """One person three times: each with a card, an address of their own, a purchase; the first keeps."""
    open_chain(sqlite_database)
    cards = (CARD, OTHER_CARD, THIRD_CARD)
    told = ({"address": "望京"}, {"email": "x@example.cn"}, {"note": "likes jasmine"})
    first, second, third = (
        join(sqlite_database, [card], fields={**ANN, **more}, consents={"sms": "v1"})
        for card, more in zip(cards, told, strict=True)
    )
    sales = [
        make_sale([("1001", 10)], number=n, member=MemberOnSale(member=one))
        for n, one in enumerate((first, second, third), start=1)
    ]
    assert take(sqlite_database, [*sales, make_return(sales[2], [(1, 5)], number=4)]) == {}
    return first, second, third


def one_of(database: Database, trio: tuple[UUID, UUID, UUID]) -> UUID:
    """Make the third one with the second, and that one with the first."""
    first, second, third = trio
    merge(database, second, third)
    merge(database, first, second)
    return first


def test_p7_all_of_a_person_is_erased_under_whichever_ids(
    sqlite_database: Database, trio: tuple[UUID, UUID, UUID]
) -> None:
    now = one_of(sqlite_database, trio)
    with sqlite_database.session() as session:
        personal = [session.get_one(Member, now).masked_name.encode()]
        personal += session.execute(select(table_of(MemberField).c.content)).scalars()
        personal += session.execute(select(table_of(Card).c.number)).scalars()
    personal += [vault().blind_index("phone", "+8613800138000"), vault().blind_index("card", THIRD_CARD)]
    assert [one for one in personal if one not in everything_stored(sqlite_database)] == []
    with pytest.raises(Refused) as refused:
        erase(sqlite_database, trio[2])
    assert refused.value.code == "member_merged"
    done = erase(sqlite_database, now)
    assert (done.cards, done.consents) == (3, 3)
    kept = everything_stored(sqlite_database)
    assert [one for one in personal if one in kept] == []
    with sqlite_database.session() as session:
        for trace in TRACES:
            if trace.goes:
                assert session.execute(select(table_of(trace.model))).all() == [], trace.model.__tablename__
        assert {session.get_one(Member, one).status for one in trio} == {CLOSED}
        assert prove_points(session, trio) == 0
    assert erase(sqlite_database, now).fields == 0


def prove_points(session: Session, members: tuple[UUID, ...]) -> int:
    return sum(reading.points_held(session, one, TODAY).balance for one in members)


def test_what_is_shown_of_a_person_is_under_all_their_ids(
    sqlite_database: Database, trio: tuple[UUID, UUID, UUID]
) -> None:
    with sqlite_database.session() as session:
        following.link(session, vault(), trio[2], "openid-7", START_MS)
    now = one_of(sqlite_database, trio)
    with sqlite_database.session() as session:
        assert following.member_of(session, vault(), "openid-7") == now
        facts = disclosure.export(session, vault(), now, actor="desk", now_ms=START_MS)
        assert len(reading.receipts(session, now)) == 3
        sale = facts["sales"][2]["id"]
        assert reading.is_theirs(session, now, UUID(sale))
        moves = movements.of_points(session, now).rows
        assert sum(one.amount for one in moves) == prove_points(session, trio)
        assert len(moves) == 4, "three purchases and a return; what went from one to the other is not a movement"
    sizes = {name: len(facts[name]) for name in ("sales", "sale_lines", "returns", "cards", "merged", "merges")}
    assert sizes == {"sales": 3, "sale_lines": 3, "returns": 1, "cards": 3, "merged": 2, "merges": 2}
    assert {one["value"] for one in facts["fields"]} >= {"望京", "x@example.cn", "likes jasmine"}


def test_an_export_does_not_name_the_baskets_of_strangers(
    sqlite_database: Database, trio: tuple[UUID, UUID, UUID]
) -> None:
    strangers = str(new_id())
    with sqlite_database.session() as session:
        session.add(
            ReviewCase(
                id=new_id(), kind=watching.CARD_USES, member_id=trio[0], store_id="s001", day=TODAY, found=20,
                allowed=9, rule_version=1, evidence=strangers, opened_ms=1,
            )
        )  # fmt: skip
    with sqlite_database.session() as session:
        facts = disclosure.export(session, vault(), trio[0], actor="desk", now_ms=START_MS)
    assert len(facts["reviews"]) == 1
    assert strangers not in str(facts)


class Standing:
    """How two members stand, before they are made one, after, and taken apart."""

    def __init__(self, database: Database) -> None:
        self.database = database
        open_chain(database)
        self.keep, self.gone, self.mum = (join(database) for _ in range(3))

    def block(self, member: UUID, kind: str) -> None:
        with self.database.session() as session:
            blocks.put(
                session, member, kind, reason="misuse", actor="ana", commit_no=open_commit(session, 1), now_ms=START_MS
            )

    def floor(self, member: UUID, tier: str, until: date) -> None:
        with self.database.session() as session:
            tiers.set_floor(session, member, tier, until, reason="asked", actor="ana", now_ms=START_MS)

    def seen(self) -> dict[str, Any]:
        def rows(session: Session, model: Any, column: str) -> set[tuple[UUID, str]]:
            table = table_of(model)
            return {(row.member_id, row[1]) for row in session.execute(select(table.c.member_id, table.c[column]))}

        with self.database.session() as session:
            return {
                "blocks": rows(session, MemberBlock, "kind"),
                "segments": rows(session, MemberSegment, "segment"),
                "staff": rows(session, StaffCard, "staff_code"),
                "family": rows(session, FamilyMember, "family_id"),
                "floors": {one: found.until for one, found in tiers.floors_of(session, [self.keep, self.gone]).items()},
            }

    def merge(self) -> UUID:
        return merge(self.database, self.keep, self.gone)


@pytest.fixture
def stand(sqlite_database: Database) -> Standing:
    return Standing(sqlite_database)


def blocked(stand: Standing) -> None:
    stand.block(stand.gone, "points")


def blocked_both(stand: Standing) -> None:
    stand.block(stand.gone, "points")
    stand.block(stand.keep, "points")
    stand.block(stand.keep, "buy")


def grouped(stand: Standing) -> None:
    with stand.database.session() as session:
        segments.put_in(session, "families", [stand.gone], commit_no=open_commit(session, 1), now_ms=START_MS)


def staff(stand: Standing) -> None:
    with stand.database.session() as session:
        watching.declare_staff(session, "c7", stand.gone, actor="ana", now_ms=START_MS)


def related(stand: Standing) -> None:
    with stand.database.session() as session:
        changing.join_family(session, stand.gone, stand.mum, actor="ana", now_ms=START_MS)


def related_both(stand: Standing) -> None:
    related(stand)
    with stand.database.session() as session:
        changing.join_family(session, stand.keep, join_in(session), actor="ana", now_ms=START_MS)


def join_in(session: Session) -> UUID:
    dad = new_id()
    session.add(Member(id=dad, source="test", created_ms=1))
    session.flush()
    return dad


def silver(stand: Standing) -> None:
    stand.floor(stand.gone, "silver", date(2026, 12, 31))


def silver_longer(stand: Standing) -> None:
    stand.floor(stand.gone, "silver", date(2026, 12, 31))
    stand.floor(stand.keep, "silver", date(2026, 6, 30))


def silver_shorter(stand: Standing) -> None:
    stand.floor(stand.gone, "silver", date(2026, 6, 30))
    stand.floor(stand.keep, "silver", date(2026, 12, 31))


@pytest.mark.parametrize(
    ("prepare", "of"),
    [
        (blocked, "blocks"), (blocked_both, "blocks"), (grouped, "segments"), (staff, "staff"), (related, "family"),
        (related_both, "family"), (silver, "floors"), (silver_longer, "floors"), (silver_shorter, "floors"),
    ],
)  # fmt: skip
def test_what_stood_of_either_stands_of_the_one_and_comes_apart(
    stand: Standing, prepare: Callable[[Standing], None], of: str
) -> None:
    prepare(stand)
    before = stand.seen()
    made = stand.merge()
    after = stand.seen()[of]
    if of == "floors":
        assert after[stand.keep] == date(2026, 12, 31), "the higher, and the longer"
    elif of == "family":
        assert [one for one, _ in after if one in (stand.keep, stand.gone)] == [stand.keep]
    else:
        theirs = {code for _, code in before[of]}
        assert {code for one, code in after if one == stand.keep} == theirs
    undo(stand.database, made)
    assert stand.seen() == before


def test_a_block_lifted_since_is_lifted_for_both(stand: Standing) -> None:
    stand.block(stand.gone, "points")
    made = stand.merge()
    with stand.database.session() as session:
        blocks.lift(
            session,
            stand.keep,
            "points",
            reason="looked at",
            actor="ana",
            commit_no=open_commit(session, 1),
            now_ms=START_MS + 1,
        )
    with stand.database.session() as session:
        spans = blocks.spans(session, [stand.keep], "points")
        assert {span.covers(START_MS + 1) for span in spans[stand.keep]} == {False}
        assert {span.covers(START_MS) for span in spans[stand.keep]} == {True}, "while it stood, for either"
    undo(stand.database, made)
    assert stand.seen()["blocks"] == set()


def test_a_referral_that_waited_is_rewarded_to_whoever_brought_them(sqlite_database: Database) -> None:
    club = Club(sqlite_database)
    first = club.friend()
    club.buys()
    club.work(1)
    keep = join(sqlite_database)
    merge(sqlite_database, keep, club.ann)
    second = club.friend(THIRD_CARD)
    club.buys(THIRD_CARD)
    club.work(30)
    assert club.states() == [("rewarded", ""), ("rewarded", "")]
    assert club.rewards(keep, club.ann) == [200, 0]
    assert min(club.rewards(first, second)) >= 20


def test_whoever_turns_out_to_have_brought_themselves_gets_nothing(sqlite_database: Database) -> None:
    club = Club(sqlite_database)
    friend = club.friend()
    club.buys()
    club.work(1)
    merge(sqlite_database, friend, club.ann)
    club.work(30)
    assert club.states() == [("refused", "referrer_gone")]


def test_a_merge_cannot_be_undone_once_they_have_left(stand: Standing) -> None:
    made = stand.merge()
    erase(stand.database, stand.keep)
    with pytest.raises(Refused, match="has left: it stays as it is"), stand.database.session() as session:
        merging.undo(session, vault(), made, actor="desk", commit_no=open_commit(session, 1), now_ms=START_MS)


@pytest.mark.postgresql
def test_p7_the_room_of_what_was_erased_is_used_again_in_every_table_about_people(
    postgresql_database: Database,
) -> None:
    asked: list[str] = []
    event.listen(
        postgresql_database.engine, "before_cursor_execute", lambda *facts: asked.append(str(facts[2])), named=False
    )
    sweeping.sweep(postgresql_database)
    (vacuum,) = (statement for statement in asked if statement.startswith("VACUUM"))
    swept = set(vacuum.removeprefix("VACUUM ").split(", "))
    assert swept >= {"member", "member_field", "member_key", "card", "consent", "member_wechat", "member_message",
                     "member_sign_in", "family_member", "member_block"}  # fmt: skip
