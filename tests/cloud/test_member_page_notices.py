"""What members are to be told becomes a message, once, by the way that reaches them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import select

from cloud.channels.models import MemberMessage
from cloud.channels.outbox import opened
from cloud.database import Database
from cloud.member_page import following
from cloud.member_page.notices import NoticeTaker
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
