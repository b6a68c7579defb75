"""The pages of stored value and of the ledger, on both databases: figures first, two people, numbers that lead on."""

from __future__ import annotations

import csv
import re
from datetime import date
from io import StringIO

import pytest
from sqlmodel import col, select

from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.errors import Invalid
from cloud.value import rules
from cloud.value.models import Purse, PurseReturn
from cloud.value.settlement import between_stores
from cloud.value.topping_up import TopUp, top_up
from cloud.web.amounts import read_minor
from shared.value import ValueRule
from shared.wire.messages import AskHold
from tests.cloud.value_pages_data import CODE, Desk
from tests.factories import START_MS, new_id

LINK = re.compile(r'href="(/(?:ledger|value|reviews|sales|members|stores)[^"]*)"')


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def test_what_is_owed_stands_first_and_every_number_leads_on(desk: Desk) -> None:
    desk.a_month()
    owing = desk.owe()
    desk.prove()
    sue = desk.visitor()
    told = {
        "/value": ("We owe ￥130.00 in stored value.", "120.00", "10.00", "5.00", "The chain", "110.00"),
        f"/value/purses/{desk.chain.purse}": ("￥130.00", "Topped up", "Spent", "stored value at a till"),
        f"/value/purses/{owing}": ("owes ￥30.00",),
        "/value/debts": ("1 debt is open.", "30.00"),
        "/value/settlement": ("￥80.00 was sold in one store and spent in another.",),
        "/ledger": ("The ledger holds.", "Hash chain", "under 30 days", "never ends"),
        "/reviews/points": ("promised 95, given 80", "15", "worked by version 9 of the earning rule"),
        "/reviews/coupons": (CODE, "another sale had used it"),
    }
    seen: set[str] = set()
    for path, facts in told.items():
        page = sue.get(path).text
        for fact in facts:
            assert fact in page, (path, fact)
        seen |= {href.replace("&amp;", "&") for href in LINK.findall(page)}
    for href in sorted(seen):
        assert sue.get(href).status_code in (200, 303, 307), href
    account = sue.get("/ledger/accounts?kind=value_taken&unit=CNY").text
    movements = sue.get(re.findall(r"/ledger/accounts/[0-9a-f-]+", account)[0]).text
    assert re.search(rf'href="/sales/{desk.sale}">t1/', movements), "a number leads to its receipt, called by its till"
    receipt = sue.get(f"/sales/{desk.sale}").text
    moved = set(re.findall(r"/ledger/journals/[^\"]+", receipt))
    assert moved
    for href in moved:
        assert str(desk.sale) in sue.get(href).text, "and a receipt to its numbers"


def test_a_month_is_settled_between_stores_as_a_file(desk: Desk) -> None:
    desk.a_month()
    eve = desk.visitor("eve")
    rows = list(csv.reader(StringIO(eve.get("/value/settlement?month=2026-01&export=csv&table=settlement").text[1:])))
    assert rows[1] == ["s001", "The chain", "s002", "The chain", "80.00", "0.00", "80.00", "CNY"]
    assert "连锁总公司" in desk.visitor("eve", language="zh").get("/value/settlement?month=2026-01").text
    assert "连锁总公司" in desk.visitor("eve", language="zh").get("/value").text
    assert "2025-12: no store has to settle with another." in eve.get("/value/settlement?month=2025-12").text


def test_a_return_later_changes_no_month_that_is_over(desk: Desk) -> None:
    chain = desk.chain
    chain.top_up(5_000)
    basket = new_id()
    chain.hold("CNY", 5_000, basket)
    sale = chain.sell(5_000, id=basket, value=5_000, store="s002")
    sue = desk.visitor()
    before = sue.get("/value/settlement?month=2026-01&export=csv&table=settlement").text
    assert "50.00" in before
    chain.give_back(sale, value=5_000, at_ms=START_MS + 40 * 86_400_000)
    assert sue.get("/value/settlement?month=2026-01&export=csv&table=settlement").text == before
    assert "-50.00" in sue.get("/value/settlement?month=2026-02&export=csv&table=settlement").text
    chain.prove()


def test_a_purse_is_found_by_member_or_card_and_by_nothing_else(desk: Desk) -> None:
    desk.a_month()
    sue = desk.visitor()
    found = sue.send("/value/find", {"q": "8810000000000001"}, page="/value")
    assert found.headers["location"] == f"/value/purses/{desk.chain.purse}"
    assert "No purse fits." in sue.send("/value/find", {"q": "nobody"}, page="/value").text


def test_a_card_goes_back_by_two_people_and_its_money_is_handed_over_once(desk: Desk) -> None:
    desk.chain.publish(return_fee_bp=100)
    desk.chain.top_up(10_000)
    sue, tom = desk.visitor("sue"), desk.visitor("tom")
    purse = f"/value/purses/{desk.chain.purse}"
    asked = {"id": str(new_id()), "purse": str(desk.chain.purse), "store": "s001", "reason": "moves away"}
    for _ in range(2):
        assert sue.send("/value/returns", asked).headers["location"] == purse
    page = sue.get("/value/returns").text
    assert "1 card waits for approval." in page
    assert "￥99.00: ￥100.00 less a fee of ￥1.00" in page
    assert "You asked for it: somebody else decides." in page
    own = {"application": asked["id"], "as": "approve", "note": "seen"}
    assert sue.send("/value/returns/decide", own).headers["location"] == "/value/returns?refused=same_person"
    assert "Whoever asked does not decide." in sue.get("/value/returns?refused=same_person").text
    early = {"application": asked["id"], "how": "cash"}
    assert "not_approved" in tom.send("/value/returns/hand", early).headers["location"]
    assert tom.send("/value/returns/decide", own).headers["location"] == "/value/returns"
    assert "decided" in tom.send("/value/returns/decide", {**own, "as": "refuse"}).headers["location"]
    assert "The money of 1 card waits for its owner." in tom.get("/value/returns").text
    assert tom.send("/value/returns/hand", early).headers["location"] == "/value/returns"
    assert "decided" in sue.send("/value/returns/hand", {**early, "how": "T-1"}).headers["location"]
    for name in ("mia", "eve"):
        assert desk.visitor(name).send("/value/returns/decide", own).status_code == 403
    with desk.database.snapshot() as session:
        row = session.exec(select(PurseReturn)).one()
        acts = session.exec(select(AuditEntry).where(col(AuditEntry.action).startswith("value.return"))).all()
    assert (row.state, row.paid_minor, row.fee_minor, row.handed_by) == ("paid", 9_900, 100, "person:tom")
    assert [one.action for one in acts] == ["value.return_paid", "value.return_handed"]
    desk.chain.prove()


@pytest.mark.parametrize(
    ("kind", "sign", "amount", "code"),
    [
        ("purse_principal", "more", "12.50", ""),
        ("purse_gift", "more", "1", ""),
        ("purse_principal", "less", "30.00", ""),
        ("purse_principal", "less", "100.01", "value_gone"),
        ("purse_principal", "more", "4,900.01", "cap_exceeded"),
        ("purse_debt", "more", "1", "no_debt"),
    ],
)
def test_value_is_put_right_by_two_people(desk: Desk, kind: str, sign: str, amount: str, code: str) -> None:
    desk.chain.top_up(10_000)
    before = desk.chain.stands(kind)
    sue, tom = desk.visitor("sue"), desk.visitor("tom")
    address = f"/value/corrections?owner={desk.chain.ann}&unit=CNY"
    asked = {
        "id": str(new_id()), "owner": str(desk.chain.ann), "unit": "CNY", "kind": kind, "sign": sign, "amount": amount,
        "store": "s001", "reason": "the till crashed",
    }  # fmt: skip
    assert "refused" not in sue.send("/value/corrections", asked, page=address).headers["location"]
    assert desk.chain.stands(kind) == before, "nothing moves before a second person"
    said = {"correction": asked["id"], "as": "approve", "note": "slip seen"}
    assert "same_person" in sue.send("/value/corrections/decide", said).headers["location"]
    where = tom.send("/value/corrections/decide", said).headers["location"]
    assert where == f"/value/corrections{'?refused=' + code if code else ''}"
    moved = read_minor(amount, 2, "amount") * (-1 if sign == "less" else 1)
    assert desk.chain.stands(kind) == before + (0 if code else moved)
    desk.chain.prove()


@pytest.mark.parametrize(
    ("wrong", "code"), [({"amount": "0"}, "amount"), ({"amount": "x"}, "amount"), ({"reason": " "}, "reason")]
)
def test_a_correction_that_says_nothing_is_refused_in_words(desk: Desk, wrong: dict[str, str], code: str) -> None:
    asked = {
        "id": str(new_id()), "owner": str(desk.chain.ann), "unit": "POINTS", "kind": "member_points", "sign": "more",
        "amount": "5", "store": "s001", "reason": "why", **wrong,
    }  # fmt: skip
    sue = desk.visitor()
    where = sue.send("/value/corrections", asked).headers["location"]
    assert where.endswith(f"refused={code}")
    assert 'role="alert"' in sue.get(where).text


def test_rules_are_drafted_tried_and_published_with_a_reason(desk: Desk) -> None:
    desk.chain.top_up(10_000)
    mia = desk.visitor("mia")
    draft = str(new_id())
    assert mia.send("/value/rules", {"id": draft}).headers["location"] == f"/value/rules/{draft}"
    fields = {
        "named_cap_minor": "50.00", "unnamed_cap_minor": "1,000", "identity_from_minor": "0",
        "order_of_use": "gift_first", "hold_minutes": "15", "return_fee_bp": "1.5", "return_fee_minor": "2",
        "recover_debt": "yes", "allowance_minor": "0", "allowance_points": "0", "allowance_percent": "50",
        "allowance_hours": "24", "allowance_members": "200", "campaign_from": "100", "campaign_gift": "10",
        "campaign_starts": "2026-01-01", "campaign_ends": "2026-01-31", "campaign_repeating": "yes",
        "campaign_months": "12",
    }  # fmt: skip
    page = f"/value/rules/{draft}"
    assert mia.send(f"{page}/save", {**fields, "campaign_ends": ""}).headers["location"].endswith("refused=campaign")
    assert mia.send(f"{page}/save", {**fields, "hold_minutes": "0"}).headers["location"].endswith("refused=rule")
    assert mia.send(f"{page}/save", fields).headers["location"] == page
    shown = mia.get(page).text
    for fact in (
        "This draft changes 7 things.", "at most ￥50.00", "￥10.00 on top for every full ￥100.00",
        "1 card in a member&#39;s name holds more than it might", "Giving a card back costs 1.50% and ￥2.00",
    ):  # fmt: skip
        assert fact in shown, fact
    assert mia.send(f"{page}/publish", {"reason": " "}).headers["location"].endswith("refused=reason")
    assert mia.send(f"{page}/publish", {"reason": "spring campaign"}).headers["location"] == page
    assert "Published as version 1." in mia.get(page).text
    assert "spring campaign" in desk.visitor("eve", "zh").get("/value/rules").text
    with desk.database.snapshot() as session:
        rule = rules.current(session)
    assert (rule.version, rule.named_cap_minor, rule.return_fee_bp, rule.recover_debt) == (1, 5_000, 150, True)
    assert desk.chain.top_up(1) == "cap_exceeded"
    assert desk.visitor("sue").send(f"{page}/discard").status_code == 403


def test_a_debt_is_taken_from_the_next_top_up_where_the_rules_say_so(desk: Desk) -> None:
    purse = desk.owe(3_000)
    chain = desk.chain

    def topped(minor: int, rule: ValueRule | None) -> int:
        with desk.database.session() as session:
            if rule is not None:
                rules.publish(session, rule, actor="ann", now_ms=START_MS)
            wanted = TopUp(id=new_id(), purse=purse, minor=minor, store="s001", day=DAY, at_ms=START_MS)
            done = top_up(session, open_commit(session, START_MS), wanted, now_ms=START_MS)
            owner = session.get_one(Purse, purse).owner
        chain.prove()
        assert done.answer["principal"] + done.answer["recovered"] == minor
        return chain.stands("purse_debt", owner=owner)

    assert topped(1_000, None) == -3_000, "as shipped it stays owed"
    assert topped(1_000, ValueRule(version=1, recover_debt=True)) == -2_000
    assert topped(5_000, None) == 0


def test_a_promise_of_a_till_is_honoured_once_with_a_reason(desk: Desk) -> None:
    desk.a_month()
    sue = desk.visitor()
    given = desk.chain.points
    said = {"event": str(desk.sale), "as": "give"}
    assert "refused=reason" in sue.send("/reviews/points", {**said, "reason": ""}).headers["location"]
    for _ in range(2):
        assert sue.send("/reviews/points", {**said, "reason": "sign said 95"}).headers["location"] == "/reviews/points"
    assert desk.chain.points == given + 15
    assert "points on the receipt 95" in sue.get(f"/sales/{desk.sale}").text
    assert "decided" in desk.visitor("tom").send("/reviews/points", {**said, "reason": "x"}).headers["location"]
    assert "the promise was honoured" in sue.get("/reviews/points?state=given").text
    assert desk.visitor("eve").send("/reviews/points", {**said, "reason": "x"}).status_code == 403
    desk.chain.prove()


def test_a_coupon_conflict_is_closed_once(desk: Desk) -> None:
    desk.a_month()
    sue, page = desk.visitor(), f"/reviews/coupons/{desk.sale}/{CODE}"
    assert "refused=note" in sue.send(page, {"as": "misuse", "note": " "}).headers["location"]
    assert sue.send(page, {"as": "misuse", "note": "same cashier twice"}).headers["location"] == page
    assert "decided" in sue.send(page, {"as": "stands", "note": "y"}).headers["location"]
    assert "same cashier twice" in sue.get(page).text
    assert "No coupon waits for you." in sue.get("/reviews/coupons").text


def test_what_proofs_found_stays_day_by_day(desk: Desk) -> None:
    desk.a_month()
    desk.prove()
    eve = desk.visitor("eve")
    page = eve.get("/ledger/proofs").text
    assert "The ledger held whenever it was proved." in page
    assert page.count("/ledger/proofs/") == 1, "two proofs of a day that found the same are one line"
    one = eve.get("/ledger/proofs/1").text
    assert "2 proofs found this" in one
    assert re.search(r"<code>[0-9a-f]{64}</code>", one), "the chain's head stands there whole"


DAY = date(2026, 1, 1)


def test_every_month_together_is_what_was_taken_and_never_came_back(desk: Desk) -> None:
    chain = desk.chain
    chain.top_up(10_000, store="s001")
    chain.top_up(10_000, store="s002")
    kept = 0
    for n, (minor, store, back) in enumerate(
        [(3_000, "s001", 1), (4_000, "s002", 0), (6_000, "s002", 1), (700, "s001", 0)]
    ):
        basket, at_ms = new_id(), START_MS + n * 20 * 86_400_000
        chain.ask(AskHold(basket=basket, unit="CNY", amount=minor, till="t1", member=chain.ann), store=store)
        sale = chain.sell(minor, id=basket, value=minor, store=store, at_ms=at_ms)
        kept += 0 if back else minor
        if back:
            chain.give_back(sale, value=minor, at_ms=at_ms + 15 * 86_400_000)
    with desk.database.snapshot() as session:
        whole = between_stores(session, 0, 2**62)
        parts = [
            one
            for start in range(12)
            for one in between_stores(
                session, START_MS + start * 10 * 86_400_000, START_MS + (start + 1) * 10 * 86_400_000
            )
        ]
    assert sum(one.principal_minor + one.gift_minor for one in whole) == kept
    assert sum(one.principal_minor + one.gift_minor for one in parts) == kept
    chain.prove()


@pytest.mark.parametrize("text", ["", "1.005", "abc", "1e9999", "NaN", "Infinity", "9" * 30])
def test_amounts_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(Invalid, match="amount"):
        read_minor(text, 2, "amount")


@pytest.mark.parametrize(("text", "minor"), [("12.5", 1_250), ("-1,234.50", -123_450), (" 7 ", 700), ("0.01", 1)])
def test_amounts_are_read_as_people_write_them(text: str, minor: int) -> None:
    assert read_minor(text, 2, "amount") == minor


def test_nobody_without_a_right_sees_its_buttons(desk: Desk) -> None:
    desk.a_month()
    for name, path, words in (
        ("eve", f"/value/purses/{desk.chain.purse}", "Ask for pay-back"),
        ("mia", "/reviews/points", "Give 15 points more"),
        ("sue", "/value/rules", "Draft the next version"),
    ):
        assert words not in desk.visitor(name).get(path).text, (name, path)
    assert "Ask for pay-back" in desk.visitor("sue").get(f"/value/purses/{desk.chain.purse}").text
