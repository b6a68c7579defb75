"""One person here twice, on both databases: found, decided, made one, taken apart again."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.errors import Invalid, NotFound, Refused
from cloud.ledger.proof import prove
from cloud.ledger.reading import points_of
from cloud.loyalty.models import MemberYear
from cloud.member_lifecycle import merging
from cloud.members import (
    cards,
    consent,
    duplicates,
    enrolling,
    finding,
    sets,
    value,
)
from cloud.members.care_models import DuplicatePair
from cloud.members.models import ACTIVE, MERGED, REPLACED, Card, Consent, Member
from cloud.members.resolving import resolve
from shared.wire.events import MemberOnSale
from tests.cloud.members_data import CARD, OTHER_CARD, join, mint, open_chain, shown, take, vault
from tests.factories import START_MS, make_sale

YEAR = 2026
DAY_MS = 24 * 3600 * 1000
ANN = {"name": "李小明", "phone": "13800138000", "birthday": "1990-05-17"}


@pytest.fixture(autouse=True)
def _chain(database: Database) -> None:
    open_chain(database)


@pytest.fixture
def pair(database: Database) -> tuple[UUID, UUID]:
    """The same person twice: with a card, points, silver; with another card, points, an address, a consent."""
    keep = join(database, [CARD], fields=ANN, home_store="s001", consents={"sms": "v1"})
    gone = join(database, [OTHER_CARD], fields={**ANN, "address": "望京"}, consents={"email": "v2", "sms": "v2"})
    sales = [make_sale([("1001", 10)], number=1, member=shown(CARD)),
             make_sale([("1001", 20)], number=2, member=shown(OTHER_CARD))]  # fmt: skip
    assert not take(database, sales)
    with database.session() as session:
        consent.withdraw(session, keep, "sms", actor="a", now_ms=START_MS + 1)
    return keep, gone


def merge(database: Database, keep: UUID, gone: UUID) -> UUID:
    with database.session() as session:
        return merging.merge(
            session, vault(), mint, keep, gone, reason="same phone, asked", actor="desk",
            commit_no=open_commit(session, START_MS), now_ms=START_MS,
        ).id  # fmt: skip


def undo(database: Database, merge_id: UUID, now_ms: int = START_MS + DAY_MS) -> None:
    with database.session() as session:
        merging.undo(session, vault(), merge_id, actor="desk", commit_no=open_commit(session, now_ms), now_ms=now_ms)


def picture(session: Session, members: tuple[UUID, UUID]) -> object:
    """Everything of two members that a merge and its undoing touch."""
    years = session.exec(select(MemberYear).order_by(col(MemberYear.member_id), col(MemberYear.year)))
    consents = session.exec(select(Consent).order_by(col(Consent.member_id), col(Consent.channel)))
    return (
        points_of(session, members),
        [(row.member_id, row.year, row.spend_minor, row.tier) for row in years],
        sorted((str(card.id), str(card.member_id), card.status) for card in session.exec(select(Card))),
        [(row.member_id, row.channel, row.version, row.withdrawn_ms) for row in consents],
        [enrolling.fields_of(session, vault(), member) for member in members],
        [(row.status, row.merged_into, row.home_store, row.masked_name) for row in
         (session.get_one(Member, member) for member in members)],
    )  # fmt: skip


def test_two_become_one_with_everything(database: Database, pair: tuple[UUID, UUID]) -> None:
    keep, gone = pair
    with database.session() as session:
        before = points_of(session, pair)
        spend = sum(row.spend_minor for row in session.exec(select(MemberYear)))
    merge(database, keep, gone)
    with database.session() as session:
        assert points_of(session, pair) == {keep: sum(before.values()), gone: 0}
        year = session.get_one(MemberYear, (keep, YEAR))
        assert (year.spend_minor, year.tier) == (spend, "silver")
        assert enrolling.fields_of(session, vault(), keep)["address"] == "望京"
        other = cards.find(session, vault(), OTHER_CARD)
        assert other is not None
        assert (other.member, other.status) == (keep, REPLACED)
        assert consent.standing(session, keep, "email") is not None
        assert consent.standing(session, keep, "sms") is None, "a no stays a no"
        assert session.get_one(Member, gone).status == MERGED
        assert prove(session).holds
        sets.refresh(session, today=date(YEAR, 6, 30))


def test_a_store_that_still_knows_the_old_id_credits_the_one(database: Database, pair: tuple[UUID, UUID]) -> None:
    keep, gone = pair
    merge(database, keep, gone)
    with database.session() as session:
        (found,) = resolve(session, vault(), mint, [MemberOnSale(member=gone)], START_MS)
        assert (found.member_id, found.problem) == (keep, None)
        before = points_of(session, pair)[keep]
    assert not take(database, [make_sale([("1001", 10)], number=3, member=MemberOnSale(member=gone))])
    with database.session() as session:
        assert points_of(session, pair)[keep] > before


def test_undone_it_is_as_if_it_had_not_been(database: Database, pair: tuple[UUID, UUID]) -> None:
    with database.session() as session:
        before = picture(session, pair)
    made = merge(database, *pair)
    undo(database, made)
    with database.session() as session:
        assert picture(session, pair) == before
        assert prove(session).holds
    with pytest.raises(Refused) as refused:
        undo(database, made)
    assert refused.value.code == "undone"
    undo(database, merge(database, *pair))


def test_what_was_spent_meanwhile_does_not_come_back(database: Database, pair: tuple[UUID, UUID]) -> None:
    made = merge(database, *pair)
    with database.session() as session:
        value.settle(
            session, open_commit(session, START_MS), pair[0], forfeit_points=True, cause=mint(), at_ms=START_MS
        )
    with pytest.raises(Refused) as refused:
        undo(database, made)
    assert refused.value.code == "value_gone"


def test_the_days_for_undoing_end(database: Database, pair: tuple[UUID, UUID]) -> None:
    made = merge(database, *pair)
    with pytest.raises(Refused) as refused:
        undo(database, made, START_MS + 7 * DAY_MS + 1)
    assert refused.value.code == "too_late"
    undo(database, made, START_MS + 7 * DAY_MS)


def test_undone_in_the_order_they_were_made(database: Database, pair: tuple[UUID, UUID]) -> None:
    keep, gone = pair
    third = join(database, fields=ANN)
    first, second = merge(database, keep, gone), merge(database, third, keep)
    with pytest.raises(Refused) as refused:
        undo(database, first)
    assert refused.value.code == "merged_on"
    undo(database, second)
    undo(database, first)


def test_refusals(database: Database, pair: tuple[UUID, UUID]) -> None:
    keep, gone = pair
    with pytest.raises(Invalid):
        merge(database, keep, keep)
    with pytest.raises(NotFound):
        merge(database, keep, mint())
    merge(database, keep, gone)
    with pytest.raises(Refused) as refused:
        merge(database, gone, keep)
    assert refused.value.code == "member_merged"


def test_pairs_are_found_once_and_a_family_is_left_alone(database: Database, pair: tuple[UUID, UUID]) -> None:
    keep, gone = pair
    mum = join(database, fields={"name": "李母", "phone": ANN["phone"]})
    join(database, fields={"name": "李小明", "phone": "13900139000"})  # the same name alone says nothing
    for n in range(duplicates.MOST_OF_ONE + 1):
        join(database, fields={"phone": "13700137000", "name": f"Shop {n}"})
    with database.session() as session:
        assert duplicates.scan(session, START_MS) == 2
        assert duplicates.scan(session, START_MS) == 0
        found = {(row.first_id, row.second_id): row.reasons for row in session.exec(select(DuplicatePair))}
        assert found == {(keep, gone): "name_birthday,phone", (keep, mum): "phone"}
        duplicates.decide(session, mum, keep, status=duplicates.DIFFERENT, actor="desk", now_ms=START_MS)
        assert [(row.second_id) for row in duplicates.of_member(session, keep)] == [gone]
        with pytest.raises(Refused):
            duplicates.decide(session, mum, keep, status=duplicates.MERGED, actor="desk", now_ms=START_MS)
    merge(database, keep, gone)
    with database.session() as session:
        assert session.get_one(DuplicatePair, (keep, gone)).status == duplicates.MERGED
        assert duplicates.scan(session, START_MS) == 0
        assert finding.by_card(session, vault(), CARD, date(YEAR, 6, 30))[0] == keep
        assert session.get_one(Member, mum).status == ACTIVE
