"""What each store may know of whom: steps that lead from any version to the newest, on both databases."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import msgspec
import pytest

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.errors import Invalid, NotFound
from cloud.fleet.models import Agent
from cloud.members import dirt, segments
from cloud.members.models import CLOSED, Member
from cloud.members.sets import MOST_KNOWN, refresh
from cloud.members.stepper import MAX_BYTES, member_step
from shared.sealing import card_hash
from shared.wire.desired import KnownMember, MemberStep
from shared.wire.events import MemberOnSale
from tests.cloud.members_data import AGENTS, CARD, OTHER_CARD, join, open_chain, shown, take, vault
from tests.factories import START_MS, make_sale, make_swipe, new_id

YEAR = 2026


@pytest.fixture(autouse=True)
def _chain(database: Database) -> None:
    open_chain(database)


@dataclass
class Store:
    """A store's copy of its set, as the agent keeps it."""

    name: str
    version: int = 0
    members: dict[UUID, KnownMember] = field(default_factory=dict)
    steps: int = 0

    def follow(self, database: Database, max_bytes: int = MAX_BYTES) -> Store:
        while step := self.ask(database, max_bytes):
            assert step.base in {0, self.version}
            if step.base == 0:
                self.members.clear()
            self.members |= {known.member: known for known in step.put}
            for member in step.gone:
                self.members.pop(member, None)
            self.version = step.version
            self.steps += 1
        return self

    def ask(self, database: Database, max_bytes: int = MAX_BYTES) -> MemberStep | None:
        with database.session() as session:
            agent = session.get_one(Agent, AGENTS[self.name])
            return member_step(session, vault(), agent, self.version, today=date(YEAR, 6, 30), max_bytes=max_bytes)


def settle(database: Database, most_known: int = MOST_KNOWN) -> set[str]:
    moved: set[str] = set()
    while True:
        with database.session() as session:
            now = refresh(session, today=date(YEAR, 6, 30), at_once=3, most_known=most_known)
        if not now.notes:
            return moved
        moved |= now.stores


def change(database: Database, member: UUID, **fields: object) -> None:
    with database.session() as session:
        row = session.get_one(Member, member)
        for name, value in fields.items():
            setattr(row, name, value)
        dirt.note(session, open_commit(session, START_MS), [(member, dirt.HEAD_OFFICE, 0)])


def test_p7_a_store_knows_its_own_members_by_hashes_of_that_agent_alone(database: Database) -> None:
    ann = join(database, [CARD, OTHER_CARD], fields={"name": "李小明"}, home_store="s001")
    join(database, home_store="s001")  # carries no card: nothing to be known by
    assert settle(database) == {"s001"}
    here, there = Store("s001").follow(database), Store("s002").follow(database)
    known = here.members[ann]
    assert set(here.members) == {ann}
    assert set(known.cards) == {card_hash(card, b"s001" * 8) for card in (CARD,)}, "only the card in use"
    assert (known.masked_name, known.points, known.tier) == ("李**", 0, "")
    assert there.members == {}


def test_a_balance_follows_the_member_to_every_store_that_knows_them(database: Database) -> None:
    ann = join(database, [CARD], home_store="s001")
    settle(database)
    here, there = Store("s001").follow(database), Store("s002").follow(database)
    take(database, [make_sale([("1002", 10)], member=MemberOnSale(member=ann), store="s002")])
    assert settle(database) == {"s001", "s002"}
    for store in (here, there):
        known = store.follow(database).members[ann]
        assert (known.points, known.tier) == (129, "silver")
    assert here.steps == 2


def test_a_store_knows_next_time_whoever_showed_a_card_there(database: Database) -> None:
    ann = join(database, [CARD], home_store="s001")
    settle(database)
    there = Store("s002").follow(database)
    assert ann not in there.members
    assert not take(database, [make_swipe(shown(CARD), store="s002"), make_swipe(shown("8810000000000033"))])
    assert settle(database) == {"s002"}
    assert ann in there.follow(database).members


def test_a_tier_ends_with_the_year_after_it_was_reached(database: Database) -> None:
    ann = join(database, [CARD], home_store="s001")
    take(database, [make_sale([("1002", 10)], member=MemberOnSale(member=ann))])
    tiers, version = [], 0
    for year in (2026, 2027, 2028):
        with database.session() as session:
            refresh(session, today=date(year, 6, 30))
            agent = session.get_one(Agent, AGENTS["s001"])
            step = member_step(session, vault(), agent, version, today=date(year, 6, 30))
        tiers.append(step.put[0].tier if step else None)
        version = step.version if step else version
    assert tiers == ["silver", None, ""]


def test_nothing_is_said_where_nothing_changed(database: Database) -> None:
    ann = join(database, [CARD], home_store="s001")
    settle(database)
    store = Store("s001").follow(database)
    take(database, [make_sale([("1001", 1)], member=MemberOnSale(member=ann))])
    settle(database)
    store.follow(database)
    change(database, ann)
    assert settle(database) == set()
    assert store.ask(database) is None


def test_a_card_that_becomes_known_is_known_where_it_shopped(database: Database) -> None:
    take(database, [make_sale(member=shown(CARD), store="s002")])
    assert settle(database) == set()
    ann = join(database, [CARD], home_store="s001")
    assert settle(database) == {"s001", "s002"}
    assert set(Store("s002").follow(database).members) == {ann}


def test_who_has_left_is_forgotten_everywhere(database: Database) -> None:
    ann, bob = join(database, [CARD], home_store="s001"), join(database, [OTHER_CARD], home_store="s001")
    settle(database)
    store = Store("s001").follow(database)
    change(database, ann, status=CLOSED)
    settle(database)
    assert set(store.follow(database).members) == {bob}
    assert set(Store("s001").follow(database).members) == {bob}


def test_a_long_step_comes_in_pieces_that_each_count(database: Database) -> None:
    members = {join(database, [f"88{n:014}"], home_store="s001") for n in range(20)}
    settle(database)
    store = Store("s001").follow(database, max_bytes=400)
    assert set(store.members) == members
    assert store.steps > 3
    assert store.members == Store("s001").follow(database).members


def test_an_agent_that_knows_more_than_hq_starts_again(database: Database) -> None:
    ann = join(database, [CARD], home_store="s001")
    settle(database)
    store = Store("s001", version=99, members={new_id(): KnownMember(member=new_id(), cards=[])})
    assert set(store.follow(database).members) == {ann}


def test_the_longest_absent_make_room(database: Database) -> None:
    cards = [f"88{n:014}" for n in range(4)]
    members = [join(database, [card]) for card in cards]
    for n, member in enumerate(members):
        sale = make_sale(member=MemberOnSale(member=member), number=n + 1, at_ms=START_MS + n)
        take(database, [sale])
        settle(database, most_known=2)
    store = Store("s001").follow(database)
    assert set(store.members) == set(members[2:])
    take(database, [make_sale(member=MemberOnSale(member=members[0]), number=9, at_ms=START_MS + 9)])
    settle(database, most_known=2)
    assert set(store.follow(database).members) == {members[0], members[3]}


def segment(database: Database, code: str, *members: UUID, leave: bool = False) -> int:
    with database.session() as session:
        commit_no = open_commit(session, START_MS)
        if leave:
            return segments.take_out(session, code, members, commit_no=commit_no)
        return segments.put_in(session, code, members, commit_no=commit_no, now_ms=START_MS)


def test_a_store_knows_what_offers_ask_as_codes_and_numbers_alone(database: Database) -> None:
    ann = join(database, [CARD], fields={"name": "李小明", "birthday": "1990-05-17"}, home_store="s001")
    bob = join(database, [OTHER_CARD], fields={"birthday": "12-03"}, home_store="s001")
    assert segment(database, "families", ann, bob) == 2
    assert segment(database, "families", ann) == 0
    take(database, [make_sale([("1001", 1)], member=MemberOnSale(member=ann))])
    settle(database)
    store = Store("s001").follow(database)
    known = store.members[ann]
    assert (known.segments, known.birthday_month, known.purchases) == (["families"], 5, 1)
    assert b"1990" not in msgspec.json.encode(known)
    assert b"-17" not in msgspec.json.encode(known)
    assert (store.members[bob].birthday_month, store.members[bob].purchases) == (12, 0)
    assert segment(database, "families", ann, leave=True) == 1
    assert settle(database) == {"s001"}
    assert store.follow(database).members[ann].segments == []


def test_what_a_card_bought_before_it_was_known_counts_as_its_members_purchase(database: Database) -> None:
    take(database, [make_sale([("1001", 1)], member=shown(CARD), store="s002")])
    ann = join(database, [CARD], home_store="s001")
    take(database, [make_sale([("1001", 1)], member=MemberOnSale(member=ann))])
    settle(database)
    assert Store("s001").follow(database).members[ann].purchases == 2


@pytest.mark.parametrize("code", ["", "Families", "a b"])
def test_a_segment_has_a_code_and_members(database: Database, code: str) -> None:
    with pytest.raises(Invalid, match="segment's code is 1 to 32"):
        segment(database, code)
    with pytest.raises(NotFound, match="there is no member"):
        segment(database, "families", new_id())
