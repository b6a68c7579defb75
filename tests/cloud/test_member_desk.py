"""The service desk by a till's questions, on both databases: join, cards, receipts claimed once, whatever repeats."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from cloud.database import Database
from cloud.ingest.questions import Answers
from cloud.ledger.proof import prove
from cloud.ledger.reading import points_of
from cloud.members import blocks, cards, consent, enrolling, rules
from cloud.members.care_models import ReceiptClaim
from cloud.members.models import ACTIVE, LOST, Member
from cloud.sales.models import Sale
from shared.sealing import seal
from shared.wire.messages import AnyAsk, AskCard, AskClaim, AskEnrol, MemberFound, PointsClaimed, Question, Refused
from tests.cloud.members_data import (
    AGENTS,
    CARD,
    OTHER_CARD,
    everything_stored,
    join,
    open_chain,
    shown,
    take,
    vault,
)
from tests.factories import START_MS, DrivenMachineClock, make_return, make_sale, new_id

PHONE = "13800138000"
TERMS = {"membership": "2026-01"}
DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def answers(database: Database) -> Answers:
    open_chain(database)
    return asked(database)


def asked(database: Database, machine_ms: int = START_MS) -> Answers:
    business, machine = DrivenMachineClock(START_MS), DrivenMachineClock(machine_ms)
    return Answers(database, SimpleNamespace(now_ms=business.wall_ms), vault(), machine)


def sealed(text: str) -> bytes:
    return seal(text.encode(), vault().sealing_public, os.urandom(32))


def ask(answers: Answers, body: AnyAsk, question: UUID | None = None) -> MemberFound | PointsClaimed | Refused:
    envelope: dict[str, Any] = {
        "id": new_id(),
        "agent": AGENTS["s001"],
        "connection": new_id(),
        "at_ms": START_MS,
        "sent_ms": START_MS,
    }
    message = Question(**envelope, question=question or new_id(), deadline_ms=800, body=body)
    found = answers(AGENTS["s001"], message)
    assert isinstance(found, MemberFound | PointsClaimed | Refused)
    return found


def code(found: object) -> str:
    assert isinstance(found, Refused), found
    return found.code


def enrol(**more: Any) -> AskEnrol:
    facts: dict[str, Any] = {"till": "t1", "cashier": "c7", "sealed_phone": sealed(PHONE), "consents": TERMS}
    return AskEnrol(**{**facts, **more})


def test_a_phone_and_a_yes_make_a_member(answers: Answers, database: Database) -> None:
    found = ask(answers, enrol(language="zh"))
    assert isinstance(found, MemberFound)
    with database.session() as session:
        row = session.get_one(Member, found.member)
        assert (row.home_store, row.signup_store, row.signup_cashier, row.source) == ("s001", "s001", "c7", "till")
        assert enrolling.fields_of(session, vault(), found.member) == {"phone": f"+86{PHONE}"}
        given = consent.standing(session, found.member, "membership")
        assert given is not None
        assert given.version == "2026-01"
    assert PHONE.encode() not in everything_stored(database)


def test_asked_again_it_is_the_same_member(answers: Answers, database: Database) -> None:
    question, body = new_id(), enrol(sealed_card=sealed(CARD), sealed_name=sealed("李小明"))
    first, again = ask(answers, body, question), ask(answers, body, question)
    assert isinstance(first, MemberFound)
    assert (first, first.masked_name) == (again, "李**")
    assert code(ask(answers, enrol(), question)) == "question_changed"
    assert code(ask(answers, enrol())) == "phone_known"
    with database.session() as session:
        assert len(list(session.exec(select(Member)))) == 1
        found = cards.find(session, vault(), CARD)
        assert found is not None
        assert found.member == first.member


def test_a_no_stays_a_no(answers: Answers) -> None:
    question, body = new_id(), enrol(consents={})
    assert code(ask(answers, body, question)) == "consent_missing"
    assert code(ask(answers, body, question)) == "consent_missing"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"sealed_phone": b"\x01" * 90}, "phone_unreadable"),
        ({"sealed_phone": "123"}, "phone_unreadable"),
        ({"sealed_card": b"\x01" * 90}, "card_unreadable"),
        ({"sealed_card": CARD}, "card_taken"),
        ({"consents": {"sms": "v1"}}, "consent_missing"),
    ],
)
def test_what_cannot_be_is_refused_and_makes_nobody(
    answers: Answers, database: Database, more: dict[str, Any], says: str
) -> None:
    join(database, [CARD])
    given = {name: sealed(value) if isinstance(value, str) else value for name, value in more.items()}
    assert code(ask(answers, enrol(**given))) == says
    with database.session() as session:
        assert len(list(session.exec(select(Member)))) == 1


@pytest.mark.postgresql
def test_t14_one_number_at_eight_desks_at_once_makes_one_member(postgresql_database: Database) -> None:
    open_chain(postgresql_database)
    answers, barrier = asked(postgresql_database), Barrier(8)

    def join_at(_desk: int) -> str:
        barrier.wait()
        found = ask(answers, enrol())
        return found.code if isinstance(found, Refused) else "joined"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(join_at, range(8))) == ["joined"] + ["phone_known"] * 7


def test_who_may_join_is_asked_here_too(answers: Answers, database: Database) -> None:
    sale = make_sale([("1001", 10)])
    assert not take(database, [sale])
    with database.session() as session:
        rules.publish(session, rules.Entry(version=1, by="receipt", minor=100), actor="a", now_ms=1)
    assert code(ask(answers, enrol())) == "entry_receipt"
    found = ask(answers, enrol(receipt=sale.id))
    assert isinstance(found, MemberFound)
    assert found.points == 50, "what they bought to join is theirs"
    other = {"sealed_phone": sealed("13900139000"), "receipt": sale.id}
    assert code(ask(answers, enrol(**other))) == "entry_receipt", "one receipt lets one person in"
    assert code(ask(answers, claim(sale.id, member=found.member))) == "receipt_has_member"


def test_cards_are_given_lost_and_replaced(answers: Answers, database: Database) -> None:
    member = join(database, fields={"phone": PHONE})
    by_phone: dict[str, Any] = {"till": "t1", "cashier": "c7", "sealed_phone": sealed(PHONE)}
    assert code(ask(answers, AskCard(act="lost", **by_phone))) == "card_unknown"
    found = ask(answers, AskCard(act="issue", sealed_card=sealed(CARD), **by_phone))
    assert isinstance(found, MemberFound)
    assert found.member == member
    question, body = new_id(), AskCard(act="replace", sealed_card=sealed(OTHER_CARD), **by_phone)
    assert ask(answers, body, question) == ask(answers, body, question)
    with database.session() as session:
        standing = {number: cards.find(session, vault(), number) for number in (CARD, OTHER_CARD)}
        assert [found.status for found in standing.values() if found] == [LOST, ACTIVE]
    assert code(ask(answers, AskCard(act="issue", sealed_card=sealed(CARD), **by_phone))) == "card_lost"
    nobody = {**by_phone, "sealed_phone": sealed("13900139000")}
    assert code(ask(answers, AskCard(act="lost", **nobody))) == "phone_unknown"
    join(database, fields={"phone": PHONE})
    assert code(ask(answers, AskCard(act="lost", **by_phone))) == "phone_shared"
    assert code(ask(answers, AskCard(act="lost", till="t1", cashier="c7", member=new_id()))) == "member_unknown"


def claim(sale: UUID, **more: Any) -> AskClaim:
    return AskClaim(sale=sale, till="t1", cashier="c7", **more)


def test_a_receipt_is_claimed_once_and_returned_goods_take_their_points_back(
    answers: Answers, database: Database
) -> None:
    ann, bob = join(database, [CARD]), join(database)
    sale = make_sale([("1001", 10)], number=1)
    assert not take(database, [sale])
    question = new_id()
    found = ask(answers, claim(sale.id, sealed_card=sealed(CARD)), question)
    assert isinstance(found, PointsClaimed)
    assert (found.member, found.earned, found.points) == (ann, found.earned, found.earned)
    assert found.earned > 0
    assert isinstance(ask(answers, claim(sale.id, member=bob)), Refused)
    with database.session() as session:
        assert session.get_one(Sale, sale.id).member_id == ann
        claimed = session.get_one(ReceiptClaim, sale.id)
        assert (claimed.store_id, claimed.cashier) == ("s001", "c7")
        assert points_of(session, [ann, bob]) == {ann: found.earned, bob: 0}
        assert prove(session).holds
    assert not take(database, [make_return(sale, [(1, 10)], number=2)])
    with database.session() as session:
        assert points_of(session, [ann])[ann] == 0
        assert prove(session).holds


def test_days_are_counted_by_the_time_that_sales_have(sqlite_database: Database) -> None:
    """A demo or a rehearsal drives the business clock: the machine's may be years away from it."""
    open_chain(sqlite_database)
    answers = asked(sqlite_database, START_MS + 400 * DAY_MS)
    with sqlite_database.session() as session:
        rules.publish(session, rules.Entry(version=1, by="receipt", minor=100), actor="a", now_ms=1)
    first, second = (make_sale([("1001", 1)], number=n) for n in (1, 2))
    take(sqlite_database, [first, second])
    found = ask(answers, enrol(receipt=first.id))
    assert isinstance(found, MemberFound)
    assert isinstance(ask(answers, claim(second.id, member=found.member)), PointsClaimed)
    with sqlite_database.session() as session:
        assert session.get_one(ReceiptClaim, second.id).claimed_ms == START_MS


def test_what_came_back_before_the_claim_earns_nothing(answers: Answers, database: Database) -> None:
    ann = join(database)
    sale = make_sale([("1001", 10)], number=1)
    assert not take(database, [sale, make_return(sale, [(1, 10)], number=2)])
    found = ask(answers, claim(sale.id, member=ann))
    assert isinstance(found, PointsClaimed)
    assert found.points == 0


def test_receipts_that_earn_nobody_anything(answers: Answers, database: Database) -> None:
    ann = join(database)
    with_card = make_sale([("1001", 1)], number=1, member=shown(OTHER_CARD))
    old = make_sale([("1001", 1)], number=2, at_ms=START_MS - 15 * DAY_MS)
    fresh = make_sale([("1001", 1)], number=3)
    assert not take(database, [with_card, old, fresh])
    for sale, says in (
        (with_card.id, "receipt_has_member"),
        (old.id, "receipt_too_old"),
        (new_id(), "receipt_not_here"),
    ):
        assert code(ask(answers, claim(sale, member=ann))) == says
    assert code(ask(answers, claim(fresh.id))) == "card_unreadable"
    assert code(ask(answers, claim(fresh.id, sealed_card=sealed("8819999999999999")))) == "card_unknown"
    with database.session() as session:
        blocks.put(session, ann, "points", reason="x", actor="a", commit_no=1, now_ms=1)
    assert code(ask(answers, claim(fresh.id, member=ann))) == "points_blocked"


@pytest.mark.postgresql
def test_one_receipt_claimed_at_twenty_tills_is_one_members(postgresql_database: Database) -> None:
    open_chain(postgresql_database)
    members = [join(postgresql_database) for _ in range(20)]
    sale = make_sale([("1001", 10)])
    assert not take(postgresql_database, [sale])
    answers, barrier = asked(postgresql_database), Barrier(20)

    def one(member: UUID) -> bool:
        barrier.wait()
        return isinstance(ask(answers, claim(sale.id, member=member)), PointsClaimed)

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(one, members)) == [False] * 19 + [True]
    with postgresql_database.session() as session:
        assert sum(points_of(session, members).values()) == max(points_of(session, members).values()) > 0
        assert prove(session).holds


@pytest.mark.parametrize("by", [CARD, "138 0013 8000"])
def test_who_brought_them_is_said_by_card_or_phone(answers: Answers, database: Database, by: str) -> None:
    friend = ask(answers, enrol(sealed_card=sealed(CARD)))
    assert isinstance(friend, MemberFound)
    unknown = enrol(sealed_phone=sealed("13900139000"), sealed_referrer=sealed("13700000000"))
    assert code(ask(answers, unknown)) == "referrer_unknown"
    joined = ask(answers, enrol(sealed_phone=sealed("13900139000"), sealed_referrer=sealed(by)))
    assert isinstance(joined, MemberFound)
    with database.session() as session:
        assert session.get_one(Member, joined.member).referred_by == friend.member
