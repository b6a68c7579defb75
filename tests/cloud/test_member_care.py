"""Caring for members on both databases: what they tell, one card in use, blocks, family, entry, a reward once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.fleet.models import Agent
from cloud.ledger.models import JournalRow
from cloud.ledger.proof import prove
from cloud.ledger.reading import points_of
from cloud.members import (
    blocks,
    card_desk,
    cards,
    changing,
    enrolling,
    entry,
    finding,
    lookup_keys,
    profile,
    rules,
    sets,
    stepper,
    value,
)
from cloud.members.care_models import MemberNotice
from cloud.members.models import ACTIVE, EXPIRED, LOST, REPLACED, Card, Member, MemberField
from cloud.members.sight import look_at
from tests.cloud.members_data import AGENTS, CARD, OTHER_CARD, join, mint, open_chain, shown, take, vault
from tests.factories import START_MS, make_sale

TODAY = date(2026, 1, 31)
YEAR = 2026


@pytest.fixture(autouse=True)
def _chain(request: pytest.FixtureRequest) -> None:
    if "database" in request.fixturenames:
        open_chain(request.getfixturevalue("database"))


def issue(session: Session, member: UUID, number: str, today: date = TODAY) -> None:
    card_desk.issue(
        session, vault(), mint, member, number, today=today, actor="desk",
        commit_no=open_commit(session, START_MS), now_ms=START_MS,
    )  # fmt: skip


def act(session: Session, member: UUID, what: str) -> None:
    card_desk.act(
        session, card_desk.current(session, member).id, what, reason="lost in the bus", actor="desk",
        commit_no=open_commit(session, START_MS), now_ms=START_MS,
    )  # fmt: skip


def tell(session: Session, member: UUID, **fields: str) -> changing.Changed:
    return changing.change(
        session, vault(), member, fields, source="phone", actor="desk",
        commit_no=open_commit(session, START_MS), now_ms=START_MS + 5, business_ms=START_MS + 7,
    )  # fmt: skip


def status_of(session: Session, number: str) -> str:
    found = cards.find(session, vault(), number)
    assert found is not None
    return found.status


def refusal_at_till(session: Session, number: str) -> str:
    with pytest.raises(Refused) as refused:
        finding.at_till(session, vault(), number, date(YEAR, 6, 30))
    return refused.value.code


def test_one_card_in_use_and_the_one_before_is_replaced(database: Database) -> None:
    ann = join(database, [CARD], home_store="s001")
    with database.session() as session:
        issue(session, ann, OTHER_CARD)
        assert (status_of(session, CARD), status_of(session, OTHER_CARD)) == (REPLACED, ACTIVE)
        assert len(look_at(session, [ann], date(YEAR, 6, 30))[ann].cards) == 1
        assert refusal_at_till(session, CARD) == "card_replaced"
        assert finding.by_card(session, vault(), CARD, date(YEAR, 6, 30))[0] == ann, (
            "head office still knows whose it was"
        )
        with pytest.raises(Refused, match="not given again"):
            issue(session, ann, CARD)


def test_the_database_itself_refuses_a_second_card_in_use(database: Database) -> None:
    ann = join(database, [CARD, OTHER_CARD])

    def use_both() -> None:
        with database.session() as session:
            row = session.exec(select(Card).where(Card.status == REPLACED)).one()
            row.status = ACTIVE
            session.add(row)

    with pytest.raises(IntegrityError):
        use_both()
    with database.session() as session:
        assert card_desk.current(session, ann).masked.endswith(CARD[-4:]), "the first card is the one in use"


@pytest.mark.postgresql
def test_two_desks_give_one_card_each_and_one_is_in_use(postgresql_database: Database) -> None:
    open_chain(postgresql_database)
    ann = join(postgresql_database)
    barrier = Barrier(8)

    def give(n: int) -> None:
        barrier.wait()
        with postgresql_database.session() as session:
            issue(session, ann, f"88100000000001{n:02}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(give, range(8)))
    with postgresql_database.session() as session:
        found = session.exec(select(Card).where(Card.member_id == ann)).all()
        assert sorted(card.status for card in found) == [ACTIVE] + [REPLACED] * 7


def test_a_lost_card_is_refused_and_what_was_bought_with_it_counts(database: Database) -> None:
    ann = join(database, [CARD], home_store="s001")
    with database.session() as session:
        act(session, ann, "freeze")
        assert refusal_at_till(session, CARD) == "card_frozen"
        act(session, ann, "thaw")
        assert finding.at_till(session, vault(), CARD, date(YEAR, 6, 30))[0] == ann
        act(session, ann, "lost")
        assert (status_of(session, CARD), refusal_at_till(session, CARD)) == (LOST, "card_lost")
        with pytest.raises(NotFound, match="no card in use"):
            act(session, ann, "thaw")
    assert not take(database, [make_sale([("1001", 10)], member=shown(CARD))])
    with database.session() as session:
        assert points_of(session, [ann])[ann] > 0


def test_a_frozen_card_stays_frozen_when_another_is_in_use(database: Database) -> None:
    ann = join(database, [CARD])
    with database.session() as session:
        old, commit_no = card_desk.current(session, ann).id, open_commit(session, 1)
        act(session, ann, "freeze")
        issue(session, ann, OTHER_CARD)
        with pytest.raises(Refused) as refused:
            card_desk.act(session, old, "thaw", reason="x", actor="a", commit_no=commit_no, now_ms=1)
        assert refused.value.code == "card_replaced"


def test_a_card_ends_with_notice_ahead(database: Database) -> None:
    ann = join(database)
    with database.session() as session:
        rules.publish(session, rules.Cards(version=1, valid_months=1, notice_days=10), actor="a", now_ms=1)
        issue(session, ann, CARD)  # on 31 January: the last day is 28 February less one
        assert card_desk.current(session, ann).expires_on == date(2026, 2, 28)

    def on(day: date) -> tuple[int, int]:
        with database.session() as session:
            return card_desk.end_cards(
                session, mint, today=day, commit_no=open_commit(session, START_MS), now_ms=START_MS
            )

    assert on(date(2026, 2, 17)) == (0, 0)
    assert on(date(2026, 2, 18)) == (1, 0)
    assert on(date(2026, 2, 19)) == (0, 0), "a notice once"
    assert on(date(2026, 2, 28)) == (0, 0), "the last day counts"
    assert on(date(2026, 3, 1)) == (0, 1)
    with database.session() as session:
        assert status_of(session, CARD) == EXPIRED
        notice = session.exec(select(MemberNotice)).one()
        assert (notice.member_id, notice.kind, notice.due_on) == (ann, "card_expires", date(2026, 2, 28))


def test_a_card_given_at_joining_ends_like_any_other(database: Database) -> None:
    with database.session() as session:
        rules.publish(session, rules.Cards(version=1, valid_months=12, notice_days=10), actor="a", now_ms=1)
    ann = join(database, [CARD, OTHER_CARD])
    with database.session() as session:
        assert card_desk.current(session, ann).expires_on == date(2026, 12, 31)
        assert status_of(session, OTHER_CARD) == REPLACED


def test_an_anonymous_card_gets_a_name_later(database: Database) -> None:
    ann = join(database, [CARD])
    with database.session() as session:
        assert tell(session, ann, name="李 小明", phone="138 0013 8000", birthday="1990年5月17日").set == (
            "birthday", "name", "phone",
        )  # fmt: skip
        assert enrolling.find_by_phone(session, vault(), "13800138000") == [ann]
        field = session.get_one(MemberField, (ann, "phone"))
        assert (field.source, field.set_ms) == ("phone", START_MS + 5)
        tail = vault().blind_index(lookup_keys.PHONE_TAIL, "8000")
        assert lookup_keys.members_by(session, lookup_keys.PHONE_TAIL, tail, 5) == [ann]
        assert lookup_keys.members_by_names(session, vault(), [" 李小明 "], 5) == [ann]
        assert session.get_one(Member, ann).masked_name == "李***"
        assert tell(session, ann, phone="", name="李小明").removed == ("phone",)
        assert lookup_keys.members_by(session, lookup_keys.PHONE_TAIL, tail, 5) == []
        assert enrolling.find_by_phone(session, vault(), "13800138000") == []
        found = session.exec(select(AuditEntry).where(AuditEntry.action == "member.change")).all()
        assert "13800138000" not in str([(one.detail, one.reason) for one in found])
        with pytest.raises(Invalid, match="no field"):
            tell(session, ann, shoe_size="44")


def test_a_full_profile_is_rewarded_once_whatever_happens_later(database: Database) -> None:
    ann = join(database, [CARD], home_store="s001")
    told = {"gender": "女", "area": "望京", "household": "two"}
    with database.session() as session:
        rules.publish(session, rules.ProfileReward(version=1, points=50, fields=tuple(told)), actor="a", now_ms=1)
        assert tell(session, ann, gender="女", area="望京").rewarded == 0
        assert tell(session, ann, **told).rewarded == 50
        of_reward = select(JournalRow.at_ms).where(JournalRow.purpose == value.PROFILE_REWARD)
        assert session.exec(of_reward).all() == [START_MS + 7], "by the clock that sales have"
        rules.publish(session, rules.ProfileReward(version=2, points=80, fields=("area",)), actor="a", now_ms=1)
        assert tell(session, ann, area="").rewarded == 0
        assert tell(session, ann, area="国贸").rewarded == 0
        assert points_of(session, [ann])[ann] == 50
    with database.session() as session:
        assert prove(session).holds


def test_blocks_stand_and_fall_apart_and_reach_the_stores(database: Database) -> None:
    ann = join(database, [CARD], home_store="s001")

    def change(action: object, kind: str) -> None:
        with database.session() as session:
            action(  # type: ignore[operator]
                session, ann, kind, reason="under review", actor="desk",
                commit_no=open_commit(session, START_MS), now_ms=START_MS,
            )  # fmt: skip
            sets.refresh(session, today=date(YEAR, 6, 30))

    def known() -> list[str]:
        with database.session() as session:
            agent = session.get_one(Agent, AGENTS["s001"])
            step = stepper.member_step(session, vault(), agent, 0, today=date(YEAR, 6, 30))
            assert step is not None
            return step.put[0].blocks

    change(blocks.put, "coupons")
    change(blocks.put, "buy")
    assert known() == ["buy", "coupons"]
    change(blocks.lift, "buy")
    assert known() == ["coupons"]
    with database.session() as session:
        assert blocks.standing(session, [ann]) == {ann: frozenset({"coupons"})}
    for action, kind, error in ((blocks.lift, "buy", NotFound), (blocks.put, "sing", Invalid)):
        with pytest.raises(error):
            change(action, kind)


def test_a_family_is_joined_and_left(database: Database) -> None:
    ann, bob, cid, dan = (join(database) for _ in range(4))
    with database.session() as session:
        family = changing.join_family(session, ann, bob, actor="a", now_ms=1)
        assert changing.join_family(session, cid, bob, actor="a", now_ms=1) == family
        assert changing.family_of(session, ann) == sorted([bob, cid])
        changing.join_family(session, dan, eve := _another(session), actor="a", now_ms=1)
        with pytest.raises(Refused, match="family here"):
            changing.join_family(session, dan, ann, actor="a", now_ms=1)
        changing.leave_family(session, dan, actor="a", now_ms=1)
        assert changing.family_of(session, eve) == []
        with pytest.raises(Invalid):
            changing.join_family(session, ann, ann, actor="a", now_ms=1)


def _another(session: Session) -> UUID:
    return enrolling.enrol(
        session, vault(), mint, enrolling.SignUp(source="x"), today=date(2026, 1, 1),
        commit_no=open_commit(session, 1), now_ms=1,
    )  # fmt: skip


def test_who_may_join(database: Database) -> None:
    small, large = make_sale([("1001", 1)], number=1), make_sale([("1001", 10)], number=2, member=shown(CARD))
    assert not take(database, [small, large])

    def may(rule: rules.Entry, *, card: str = "", receipt: UUID | None = None) -> bool:
        with database.session() as session:
            rules.publish(session, rule, actor="a", now_ms=1)
            numbers = [card] if card else []
            try:
                entry.check(session, vault(), card_numbers=numbers, receipt=receipt, business_ms=START_MS)
            except Refused:
                return False
            return True

    assert may(rules.Entry(version=1))
    assert not may(rules.Entry(version=2, by="spend", minor=large.total_minor + 1), card=CARD)
    assert may(rules.Entry(version=3, by="spend", minor=large.total_minor), card=CARD)
    assert not may(rules.Entry(version=4, by="receipt", minor=small.total_minor))
    assert may(rules.Entry(version=5, by="receipt", minor=small.total_minor), receipt=small.id)
    assert not may(rules.Entry(version=6, by="receipt", minor=1), receipt=large.id), "that one has a card on it"


def test_rules_are_versions_and_refuse_what_cannot_be(database: Database) -> None:
    with database.session() as session:
        assert rules.newest(session, rules.Watch) == rules.Watch()
        rules.publish(session, rules.Watch(version=1, claims_per_member=2), actor="a", now_ms=1)
        assert rules.newest(session, rules.Watch).claims_per_member == 2
        with pytest.raises(Conflict, match="next version of the rule 'watch' is 2"):
            rules.publish(session, rules.Watch(version=1), actor="a", now_ms=1)
        for wrong in (
            rules.Entry(version=1, by="magic"),
            rules.Entry(version=1, by="spend"),
            rules.ProfileReward(version=1, fields=("shoe",)),
            rules.Cards(version=1, valid_months=-1),
        ):
            with pytest.raises(Invalid):
                rules.publish(session, wrong, actor="a", now_ms=1)
    for facts in ({"version": "x"}, {"version": 1, "colour": 1}):
        with pytest.raises(Invalid):
            rules.read("watch", facts)


@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("birthday", "1990-05-17", "1990-05-17"),
        ("birthday", "1990/5/17", "1990-05-17"),
        ("birthday", "19900517", "1990-05-17"),
        ("birthday", "5月17日", "05-17"),
        ("birthday", "02-29", "02-29"),
        ("birthday", "1990-02-30", None),
        ("birthday", "next week", None),
        ("gender", "女", "female"),
        ("gender", "MALE", "male"),
        ("gender", "?", None),
        ("interests", "母婴、宠物", "baby,pets"),
        ("interests", "baby;baby", "baby"),
        ("email", " Ann@Example.COM ", "ann@example.com"),
        ("email", "ann", None),
        ("phone", "138-0013-8000", "+8613800138000"),
        ("name", "x" * 501, None),
        ("shoe", "44", None),
    ],
)
def test_a_field_has_one_spelling(name: str, text: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(Invalid):
            profile.checked(name, text)
        return
    assert profile.checked(name, text) == kept
    assert profile.checked(name, kept) == kept, "writing it again changes nothing"


@given(st.sampled_from(sorted(profile.PROFILE)), st.text(max_size=40))
def test_whatever_is_typed_is_kept_or_refused_without_repeating_it(name: str, text: str) -> None:
    said = ""
    try:
        kept = profile.checked(name, text)
    except Invalid as error:
        said = str(error)
    else:
        assert profile.checked(name, kept) == kept
    assert len(text.strip()) < 12 or text not in said
