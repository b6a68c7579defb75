"""What WeChat's servers say of messages: believed when signed, written down as what is known, and no more."""

from __future__ import annotations

from hashlib import sha1
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session

from cloud.channels.models import MemberMessage
from cloud.channels.outbox import Ask, queue
from cloud.channels.ports import ChannelName
from cloud.database import Database
from tests.cloud.member_page_data import Phone, Shop, open_shop
from tests.cloud.members_data import vault
from tests.factories import new_id

TOKEN = "a-token-of-ours"
ACCOUNT = {"account": {"app_id": "wx1", "app_secret": "s", "token": TOKEN}, "wechat": "off"}
EVENT = (
    "<xml><ToUserName><![CDATA[gh_7f083739789a]]></ToUserName><FromUserName><![CDATA[oia2]]></FromUserName>"
    "<CreateTime>1395658920</CreateTime><MsgType><![CDATA[event]]></MsgType>"
    "<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event><MsgID>{reference}</MsgID>"
    "<Status><![CDATA[{status}]]></Status></xml>"
)
"""As the platform's page on template messages shows it."""


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    return open_shop(database, tmp_path, channels=ACCOUNT)


def signed(shop: Shop, *, token: str = TOKEN, later_s: int = 0) -> str:
    timestamp, nonce = str(shop.clock.wall_ms() // 1000 - later_s), "n1"
    signature = sha1("".join(sorted((token, timestamp, nonce))).encode(), usedforsecurity=False).hexdigest()
    return f"/me/wechat/events?signature={signature}&timestamp={timestamp}&nonce={nonce}"


def taken(session: Session, shop: Shop, reference: str) -> MemberMessage:
    """Return a message as it stands when the account has taken it."""
    now_ms = shop.clock.wall_ms()
    ask = Ask(
        id=new_id(), channel=ChannelName.WECHAT, template="card_expires", language="zh", recipient="openid-1",
        parameters={"day": "2026-05-31"}, until_ms=now_ms + 60_000,
    )  # fmt: skip
    queue(session, vault(), ask, now_ms=now_ms)
    row = session.get_one(MemberMessage, ask.id)
    row.state, row.reference, row.changed_ms = "sent", reference, now_ms
    session.add(row)
    return row


def says(shop: Shop, address: str, body: str) -> httpx.Response:
    phone = Phone(shop, **{"Content-Type": "text/xml"})
    return phone.send(address, body.encode())


def test_the_address_is_proven_by_who_knows_the_token(shop: Shop) -> None:
    answer = Phone(shop).get(signed(shop) + "&echostr=5932")
    assert (answer.status_code, answer.text) == (200, "5932")
    for address in (signed(shop, token="another"), signed(shop, later_s=601), "/me/wechat/events?timestamp=x"):
        assert Phone(shop).get(address + "&echostr=5932").status_code == 403
        assert says(shop, address, EVENT).status_code == 403


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [
        ("success", "delivered", ""),
        ("failed:user block", "failed", "wechat_user_block"),
        ("failed: system failed", "failed", "wechat_system_failed"),
        ("something new", "sent", ""),
    ],
)
def test_what_became_of_a_message_is_written_down(shop: Shop, status: str, state: str, code: str) -> None:
    with shop.database.session() as session:
        ids = [taken(session, shop, reference).id for reference in ("77", "78")]
    answer = says(shop, signed(shop), EVENT.format(reference="77", status=status))
    assert (answer.status_code, answer.text) == (200, "success")
    assert says(shop, signed(shop), EVENT.format(reference="79", status=status)).text == "success", "of no message"
    assert says(shop, signed(shop), "<xml><Event>unsubscribe</Event>").text == "success"
    with shop.database.snapshot() as session:
        rows = [session.get_one(MemberMessage, one) for one in ids]
        assert [(row.state, row.code) for row in rows] == [(state, code), ("sent", "")]
        assert (rows[0].personal is None) == (state != "sent"), "forgotten when it is over"


def test_without_a_token_nobody_is_believed(database: Database, tmp_path: Path) -> None:
    shop = open_shop(database, tmp_path)
    assert Phone(shop).get(signed(shop, token="") + "&echostr=1").status_code == 403
