"""The members' page over a database: a chain, a member with everything, and a browser without one."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import httpx
from fastapi import FastAPI

from cloud import ledger
from cloud.api.services import Services
from cloud.channels.choosing import channels_of
from cloud.channels.sending import Sender
from cloud.coupons import batches
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.ledger import AccountKey, Journal, Leg, lots
from cloud.ledger.kinds import PURSE_GIFT, PURSE_PRINCIPAL, VALUE_GRANTED, VALUE_SOLD
from cloud.loyalty import rules
from cloud.member_page.codes import CodeMaker
from cloud.settings import CloudSettings
from cloud.value.purses import account, open_purse
from shared.loyalty import Tier, TierRule
from tests.cloud.apps import member_page_of
from tests.cloud.members_data import CARD, join, make_keys, mint, open_chain, shown, take, vault
from tests.factories import START_MS, DrivenMachineClock, make_sale

PHONE = "13800138000"
FAMILY = "13900139000"
TODAY = datetime.fromtimestamp(START_MS // 1000, UTC).date()
URL = "http://127.0.0.1:8090"


class Shop:
    """A deployment's members' page with its clock, and the process that sends messages, run when told."""

    def __init__(self, database: Database, folder: Path, *, channels: object = None, **page: object) -> None:
        self.database = database
        self.clock = DrivenMachineClock()
        self.folder = folder
        facts: dict[str, Any] = {"data_dir": folder, "member_page": {"url": URL, **page}, "channels": channels or {}}
        self.settings = CloudSettings(**facts)
        clocks = SimpleNamespace(machine=self.clock, business=SimpleNamespace(now_ms=self.clock.wall_ms))
        self.services = cast(
            "Services",
            SimpleNamespace(settings=self.settings, database=database, clocks=clocks, keys=make_keys(), vault=vault()),
        )
        self.app: FastAPI = member_page_of(self.services)

    def deliver(self) -> None:
        """Do what the process of messages does in one round."""
        channels = channels_of(self.settings.channels, self.settings.messages_dir, self.clock)
        CodeMaker(self.database, vault(), self.clock, 5, strangers=self.settings.member_page.strangers)()
        Sender(self.database, vault(), self.clock, channels)()

    def messages(self) -> list[dict[str, Any]]:
        path = self.settings.messages_dir / "sms.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def code(self) -> str:
        """Return the last code that was sent."""
        self.deliver()
        return str(self.messages()[-1]["parameters"]["code"])


class Phone:
    """A browser without a screen: keeps cookies, follows nothing by itself."""

    def __init__(self, shop: Shop, language: str = "en", at: str = "10.0.0.1", **headers: str) -> None:
        self.shop = shop
        self._at = at
        self.cookies = httpx.Cookies()
        self.headers = {"Accept-Language": language, **headers}

    async def _ask(self, method: str, path: str, **facts: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.shop.app, client=(self._at, 1))
        async with httpx.AsyncClient(transport=transport, base_url=URL, cookies=self.cookies) as client:
            answer = await client.request(method, path, headers=self.headers, **facts)
            self.cookies = client.cookies
            return answer

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._ask("GET", path))

    def post(self, path: str, **fields: str) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, data=fields))

    def send(self, path: str, content: bytes) -> httpx.Response:
        return asyncio.run(self._ask("POST", path, content=content))

    def submit(self, page: httpx.Response | str, path: str, **fields: str) -> httpx.Response:
        """Send a form of a page that was shown."""
        shown_page = self.get(page) if isinstance(page, str) else page
        return self.post(path, mark=mark_in(shown_page), **fields)

    def sign_in(self, number: str = PHONE) -> httpx.Response:
        asked = self.submit("/me/sign-in", "/me/sign-in", phone=number, then="/me")
        return self.submit(asked, "/me/code", code=self.shop.code(), then="/me")


def mark_in(page: httpx.Response) -> str:
    found = re.search(r'name="mark" value="([^"]*)"', page.text)
    assert found, page.text
    return found.group(1)


def open_shop(database: Database, folder: Path, **page: Any) -> Shop:
    """A chain with tiers; nobody is a member yet."""
    open_chain(database)
    return Shop(database, folder, **page)


def a_member(shop: Shop, *, card: str = CARD, name: str = "李小明", phone: str = PHONE, **more: object) -> UUID:
    fields = {"name": name, "phone": phone}
    return join(shop.database, [card], fields=fields, home_store="s001", **more)


def bought(shop: Shop, count: int = 3, card: str = CARD) -> list[UUID]:
    """Let a member buy; the newest sale last."""
    sales = [
        make_sale(
            [("1001", 3), ("1003", 1236)], number=number, store="s001", member=shown(card),
            at_ms=START_MS - (count - number) * 60_000,
        )
        for number in range(1, count + 1)
    ]  # fmt: skip
    take(shop.database, sales)
    return [sale.id for sale in sales]


def three_tiers(database: Database) -> None:
    tiers = [
        Tier(code="silver", names={"en": "Silver", "zh": "银卡"}, from_minor=5_000),
        Tier(code="gold", names={"en": "Gold", "zh": "金卡"}, from_minor=500_000),
    ]
    with database.session() as session:
        rules.publish_tier(session, TierRule(version=2, tiers=tiers), author="test", at_ms=START_MS)


def purse_with(database: Database, member: UUID, principal: int, gift: int) -> None:
    """Give a member stored value as a ledger has it."""
    with database.session() as session:
        commit = open_commit(session, START_MS)
        purse = open_purse(session, "s001", member=member, card=None, legal_entity="main", now_ms=START_MS)
        keys = {PURSE_PRINCIPAL: (principal, VALUE_SOLD), PURSE_GIFT: (gift, VALUE_GRANTED)}
        legs = tuple(
            leg
            for kind, (amount, other) in keys.items()
            for leg in (Leg(account(purse, kind), amount), Leg(AccountKey(other, "s001", purse.currency), -amount))
        )
        journal = Journal(cause=mint(), purpose="top_up", at_ms=START_MS, store="s001", member=member, legs=legs)
        ledger.post(session, commit, [journal])
        new = [
            lots.NewLot(account=account(purse, kind), key=journal.key, store="s001", amount=amount)
            for kind, (amount, _) in keys.items()
        ]
        lots.bring(session, new)


def coupons_for(shop: Shop, member: UUID, **ends: date) -> dict[str, str]:
    """Give a member a coupon of a batch for each name, until its day; return the codes by name."""
    now_ms = shop.clock.wall_ms()
    codes = {}
    with shop.database.session() as session:
        for name, day in ends.items():
            wanted = batches.NewBatch(
                id=name, kind="personal", promotion=name, starts=TODAY - timedelta(days=9), ends=day, most=9
            )
            batches.create(session, wanted, secrets.randbits, actor="test", now_ms=now_ms)
            (codes[name],) = batches.give(
                session, open_commit(session, now_ms), name, [member], secrets.randbits, cause=mint(),
                today=TODAY - timedelta(days=9), at_ms=now_ms,
            )  # fmt: skip
    return codes
