"""What members are to be told becomes a message, once, by the way that reaches them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from secrets import randbits
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest
from sqlmodel import select

from cloud import ledger
from cloud.channels.models import MemberMessage
from cloud.channels.outbox import opened
from cloud.coupons import batches, giving
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.deployment.clocks import Clocks
from cloud.ledger import lots
from cloud.member_page import following
from cloud.member_page.notices import NoticeTaker
from cloud.members import blocks, caring, ending_points, rules, value
from cloud.members.care_models import MemberNotice
from tests.cloud.member_page_data import PHONE, Shop, open_shop
from tests.cloud.members_data import join, mint, vault
from tests.factories import START_MS


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path) -> Shop:
    return open_shop(sqlite_database, tmp_path)


def noticed(shop: Shop, member: UUID) -> UUID:
    notice = MemberNotice(
        id=mint(), member_id=member, kind="card_expires", subject="card", due_on=date(2026, 5, 31), made_ms=START_MS
    )
    with shop.database.session() as session:
        session.add(notice)
        session.flush()
        return notice.id


@pytest.mark.parametrize(
    ("fields", "openid", "by", "to"),
    [
        ({"phone": PHONE, "email": "li@example.com"}, "openid-1", "wechat", "openid-1"),
        ({"phone": PHONE, "email": "li@example.com"}, "", "sms", f"+86{PHONE}"),
        ({"email": "li@example.com"}, "", "email", "li@example.com"),
        ({}, "", "", ""),
    ],
)
def test_a_notice_goes_once_by_what_reaches_its_member(
    shop: Shop, fields: dict[str, str], openid: str, by: str, to: str
) -> None:
    member = join(shop.database, ["8810000000000001"], fields=fields)
    if openid:
        with shop.database.session() as session:
            following.link(session, vault(), member, openid, START_MS)
    notice = noticed(shop, member)
    take = NoticeTaker(shop.database, vault(), shop.clock)
    take()
    take()
    with shop.database.snapshot() as session:
        rows = session.exec(select(MemberMessage)).all()
        assert [(row.id, row.channel) for row in rows] == ([(notice, by)] if by else [])
        for row in rows:
            message = opened(vault(), row)
            assert message is not None
            assert (message.recipient, message.parameters) == (to, {"day": "2026-05-31"})
        assert session.get_one(MemberNotice, notice).taken_ms is not None


def test_whoever_takes_no_messages_in_wechat_any_more_is_told_by_the_next_way(shop: Shop) -> None:
    member = join(shop.database, ["8810000000000001"], fields={"phone": PHONE})
    with shop.database.session() as session:
        following.link(session, vault(), member, "openid-1", START_MS)
    take = NoticeTaker(shop.database, vault(), shop.clock)
    ways = []
    for code in ("", "wechat_43004", "wechat_43004"):
        notice = noticed(shop, member)
        take()
        shop.clock.advance(1)
        with shop.database.session() as session:
            row = session.get_one(MemberMessage, notice)
            ways.append(row.channel)
            row.state, row.code, row.changed_ms = "failed" if code else "delivered", code, shop.clock.wall_ms()
            session.add(row)
    assert ways == ["wechat", "wechat", "sms"]


def earned(shop: Shop, member: UUID, points: int, expires_on: date | None) -> None:
    journal, lot = value.open_with(mint(), member, 1, value.Brought("member_points", "POINTS", points, expires_on), 1)
    with shop.database.session() as session:
        ledger.post(session, open_commit(session, 1), [journal])
        lots.bring(session, [lot])


def told(shop: Shop, today: date) -> int:
    with shop.database.session() as session:
        return ending_points.tell(session, mint, today=today, now_ms=START_MS)


def messages(shop: Shop) -> list[dict[str, str]]:
    NoticeTaker(shop.database, vault(), shop.clock)()
    with shop.database.snapshot() as session:
        found = [opened(vault(), row) for row in session.exec(select(MemberMessage).order_by("made_ms", "id"))]
    return [dict(one.parameters) for one in found if one is not None]


def test_points_that_end_are_told_of_once_as_far_as_they_are_left(shop: Shop) -> None:
    ann, bob, eve = (join(shop.database, fields={"phone": f"1380013800{n}"}) for n in range(3))
    for member, points, ends in (
        (ann, 30, date(2027, 1, 1)), (ann, 12, date(2027, 1, 1)), (ann, 5, date(2027, 6, 1)), (ann, 9, None),
        (bob, 40, date(2027, 1, 1)), (eve, 7, date(2027, 2, 1)),
    ):  # fmt: skip
        earned(shop, member, points, ends)
    assert told(shop, date(2026, 12, 20)) == 0, "a chain that has not said so sends nothing"
    with shop.database.session() as session:
        rules.publish(session, rules.Notices(version=1, points_days=20), actor="ana", now_ms=START_MS)
    assert told(shop, date(2026, 12, 11)) == 0
    assert told(shop, date(2026, 12, 12)) == 2
    assert told(shop, date(2026, 12, 13)) == 0, "once"
    with shop.database.session() as session:
        value.give_up_points(session, open_commit(session, 1), bob, cause=mint(), at_ms=START_MS)
    assert messages(shop) == [{"points": "42", "day": "2026-12-31"}], "their last day; bob has spent his"
    assert told(shop, date(2027, 1, 12)) == 1
    assert {"points": "7", "day": "2027-01-31"} in messages(shop)


def test_at_the_end_of_a_year_everybody_is_told_in_parts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending_points, "AT_ONCE", 2)
    with shop.database.session() as session:
        rules.publish(session, rules.Notices(version=1, points_days=30), actor="ana", now_ms=START_MS)
    for _ in range(5):
        earned(shop, join(shop.database), 10, date(2027, 1, 1))
    clocks = SimpleNamespace(machine=shop.clock, business=SimpleNamespace(now_ms=lambda: START_MS + 355 * 86_400_000))
    caring.Caring(shop.database, cast("Clocks", clocks))()
    with shop.database.snapshot() as session:
        assert len(session.exec(select(MemberNotice)).all()) == 5


def test_a_coupon_is_told_of_to_those_alone_who_agreed_to_offers(shop: Shop) -> None:
    ann, bob, eve, dan, zoe = (
        join(shop.database, fields={"phone": f"1380013801{n}", "email": f"m{n}@example.com"}, consents=agreed)
        for n, agreed in enumerate(({"email": "v1"}, {}, {"sms": "v1"}, {"sms": "v1"}, {"sms": "v1"}))
    )
    batch = batches.NewBatch(
        id="spring", kind="personal", promotion="p", starts=date(2026, 1, 1), ends=date(2026, 3, 31), most=9,
        title="春季券",
    )  # fmt: skip
    asked = {"batch": "spring", "segment": "*", "today": "2026-01-01", "tell": True}
    with shop.database.session() as session:
        batches.create(session, batch, randbits, actor="ana", now_ms=START_MS)
        blocks.put(session, zoe, "coupons", reason="x", actor="a", commit_no=1, now_ms=START_MS)
        everybody = [SimpleNamespace(subject=one) for one in (ann, bob, eve, dan, zoe)]
        moved = giving.post_items(session, open_commit(session, 1), mint(), asked, everybody, at_ms=START_MS)
        assert moved.members == {ann, bob, eve, dan}, "blocked since it was worked out"
        (code,) = [one.code for one in batches.of_member(session, dan)]
        batches.void(session, open_commit(session, 1), code, cause=mint(), actor="a", at_ms=1)
    assert messages(shop) == [{"title": "春季券", "day": "2026-03-31"}] * 2, "of a coupon taken back nobody is told"
    with shop.database.snapshot() as session:
        went = {(row.member_id, row.channel) for row in session.exec(select(MemberMessage))}
    assert went == {(ann, "email"), (eve, "sms")}, "by the way they agreed to, and no other"
