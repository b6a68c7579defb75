"""A till asks for a member by phone, on both databases: who is found, what is shown of them, how often one may look."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, select

from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.ingest.questions import Answers
from cloud.member_lifecycle import leaving
from cloud.members import blocks, rules
from cloud.members.care_models import PhoneLook
from cloud.members.models import StoreMember
from cloud.org.models import Till as KnownTill
from cloud.privacy import normal
from shared.sealing import seal
from shared.wire.messages import AskPhone, MembersFound, Question, Refused
from tests.cloud.members_data import AGENTS, CARD, everything_stored, join, open_chain, vault
from tests.factories import START_MS, DrivenMachineClock, make_mint, new_id

PHONE = "13800135678"
MINUTE_MS = 60_000


class Till:
    """A till of store s001 that asks, and the time at which it does."""

    def __init__(self, database: Database) -> None:
        self.clock = DrivenMachineClock(START_MS)
        self._answers = Answers(database, SimpleNamespace(now_ms=self.clock.wall_ms), vault(), self.clock)

    def ask(self, digits: str | bytes, question: UUID | None = None, till: str = "t1") -> MembersFound | Refused:
        sealed = digits if isinstance(digits, bytes) else seal(digits.encode(), vault().sealing_public, os.urandom(32))
        envelope: dict[str, Any] = {
            "id": new_id(), "agent": AGENTS["s001"], "connection": new_id(), "at_ms": START_MS, "sent_ms": START_MS,
        }  # fmt: skip
        body = AskPhone(sealed_phone=sealed, till=till, cashier="c7")
        found = self._answers(
            AGENTS["s001"], Question(**envelope, question=question or new_id(), deadline_ms=800, body=body)
        )
        assert isinstance(found, MembersFound | Refused)
        return found

    def found(self, digits: str) -> list[UUID]:
        answer = self.ask(digits)
        return [one.found.member for one in answer.members] if isinstance(answer, MembersFound) else []


@pytest.fixture
def till(database: Database) -> Till:
    open_chain(database)
    return Till(database)


def knows(session: Session, member: UUID, *, store: str = "s001", seen_ms: int = 0, gone: bool = False) -> None:
    session.add(StoreMember(store_id=store, member_id=member, version=1, gone=gone, seen_ms=seen_ms, digest=b"x"))


def test_a_whole_number_finds_its_member_masked(till: Till, database: Database) -> None:
    ann = join(database, [CARD], fields={"phone": PHONE, "name": "李小明", "birthday": "1990-05-17"})
    with database.session() as session:
        blocks.put(session, ann, "coupons", reason="misuse", actor="ann", commit_no=1, now_ms=1)
    answer = till.ask("138 0013-5678")
    assert isinstance(answer, MembersFound)
    (one,) = answer.members
    assert (one.found.member, one.found.masked_name, one.found.blocks) == (ann, "李**", ["coupons"])
    assert (one.masked_phone, one.masked_card, one.birthday_month) == ("138****5678", f"•••• {CARD[-4:]}", 5)
    assert not answer.more


def test_the_last_digits_find_only_whom_the_store_knows(till: Till, database: Database) -> None:
    here, elsewhere, gone = (join(database, fields={"phone": f"138001{n}5678"}) for n in range(1, 4))
    with database.session() as session:
        knows(session, here)
        knows(session, elsewhere, store="s002")
        knows(session, gone, gone=True)
    assert till.found("5678") == [here]
    assert till.found("13800125678") == [elsewhere]


def test_families_share_a_number_and_those_who_shop_here_come_first(till: Till, database: Database) -> None:
    family = [join(database, fields={"phone": PHONE}) for _ in range(7)]
    with database.session() as session:
        knows(session, family[6], seen_ms=5)
        knows(session, family[5], seen_ms=9)
    answer = till.ask(PHONE)
    assert isinstance(answer, MembersFound)
    assert [one.found.member for one in answer.members] == [*sorted(family[5:]), *sorted(family[:5])[:3]]
    assert answer.more
    assert till.found("5678") == [family[5], family[6]]


def test_whoever_has_left_is_not_found(till: Till, database: Database) -> None:
    ann = join(database, fields={"phone": PHONE})
    with database.session() as session:
        leaving.erase(session, make_mint(), ann, confirm=str(ann), reason="asked", actor="ann", commit_no=1, now_ms=2)
    assert till.ask(PHONE) == Refused(code="phone_unknown")


@pytest.mark.parametrize(("digits", "code"), [("12", "phone_unreadable"), (b"\x01" * 90, "phone_unreadable"),
                                             ("9999", "phone_unknown"), ("13900000000", "phone_unknown")])  # fmt: skip
def test_what_leads_to_nobody_is_said(till: Till, digits: str | bytes, code: str) -> None:
    assert till.ask(digits) == Refused(code=code)


def test_one_till_may_look_so_often_and_each_look_is_on_record(till: Till, database: Database) -> None:
    join(database, fields={"phone": PHONE})
    rule = rules.PhoneLooks(version=1, in_a_minute=2, in_an_hour=3)
    with database.session() as session:
        rules.publish(session, rule, actor="ann", now_ms=1)
    again = new_id()
    looks = [till.ask(PHONE, again), till.ask(PHONE, again), till.ask("9999"), till.ask(PHONE)]
    assert [isinstance(one, MembersFound) for one in looks] == [True, True, False, False]
    assert looks[2:] == [Refused(code="phone_unknown"), Refused(code="phone_looks")]
    till.clock.advance(MINUTE_MS)
    assert till.found(PHONE)
    assert till.ask(PHONE) == Refused(code="phone_looks")
    with database.session() as session:
        rows = session.exec(select(PhoneLook).order_by(PhoneLook.at_ms, PhoneLook.found)).all()  # type: ignore[arg-type]
        assert [(row.cashier, row.whole, row.found) for row in rows] == [
            ("c7", False, 0),
            ("c7", True, 1),
            ("c7", True, 1),
        ]
        acts = session.exec(select(AuditEntry).where(AuditEntry.action == "member.phone_looks")).all()
        assert [act.actor for act in acts] == ["till:s001/t1/c7"] * 2
    assert PHONE.encode() not in everything_stored(database)


def test_p6_an_agent_that_makes_tills_up_looks_no_more_often(till: Till, database: Database) -> None:
    with database.session() as session:
        rules.publish(session, rules.PhoneLooks(version=1, in_a_minute=2, in_an_hour=3), actor="ann", now_ms=1)
        session.add(KnownTill(store_id="s001", id="t1", number=1))
    told = [till.ask(PHONE, till=name) for name in ("x1", "x2", "x3", "t1", "t1", "t1")]
    unknown, refused = Refused(code="phone_unknown"), Refused(code="phone_looks")
    assert told == [unknown, unknown, refused] * 2


@pytest.mark.parametrize(("number", "shown"), [("+8613800135678", "138****5678"), ("+4930901820123", "+4930****0123"),
                                              ("+8612345", "****"), ("", "")])  # fmt: skip
def test_a_number_is_masked_where_it_is_from(number: str, shown: str) -> None:
    assert normal.masked_phone(number) == shown
