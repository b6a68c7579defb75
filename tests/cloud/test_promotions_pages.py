"""The pages of promotions: from a kind to the tills and back, by people whose role lets them."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID

import pytest
from sqlmodel import select

from cloud.database import Database
from cloud.identity.people import Role
from cloud.loyalty.publishing import publish_tiers
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow
from cloud.prices.models import PriceRow, StoreManifest
from cloud.promotions import plans
from cloud.promotions.models import PromotionPlan
from cloud.promotions.previewing import Previewing
from shared.body import BodyKind
from shared.loyalty import Tier, TierRule
from shared.pricing.promotion_rows import read_promotion
from shared.wire.events import MANIFEST_BYTES
from tests.cloud.console_data import CLOCK, console
from tests.cloud.ingesting import Outbox, take_in
from tests.cloud.prices_data import publish_rows, report
from tests.cloud.promotions_data import ITEMS, PRICES, a_chain, sell
from tests.cloud.visiting import Visitor, make_person
from tests.factories import START_MS, MemoryPriceBook, make_sale

TODAY = date(2026, 1, 1)
FORM = {"title": "Spring", "steps.0.at_minor": "20", "steps.0.off_minor": "3", "names.zh": "满减", "all_stores": "yes"}


@pytest.fixture
def marketer(database: Database) -> Visitor:
    a_chain(database)
    make_person(database, "ana", Role.MARKETER)
    make_person(database, "bo", Role.MARKETER)
    make_person(database, "eve", Role.AUDITOR)
    make_person(database, "root", Role.ADMIN)
    return signed(database, "ana")


def signed(database: Database, name: str, language: str = "en") -> Visitor:
    visitor = Visitor(console(database), language)
    visitor.enter(name)
    return visitor


def started(visitor: Visitor, kind: str = "spend_and_get") -> str:
    made = visitor.send("/promotions", {"kind": kind, "title": "Spring"})
    assert made.status_code == 303, made.text[:500]
    return str(made.headers["location"])


def test_from_a_kind_to_the_tills_and_back(database: Database, marketer: Visitor) -> None:
    place = started(marketer)
    assert "appears here as soon as" in marketer.get(place).text
    half = marketer.send(f"{place}/save", {**FORM, "steps.0.off_minor": ""})
    assert half.status_code == 303
    assert "gives exactly one thing" in marketer.get(place).text
    says = marketer.send(f"{place}/says", FORM)
    assert "from 20.00 spent 3.00 off" in says.text
    of_two = marketer.send(f"{place}/says", {**FORM, "scope.items": "1001 1003"}).text
    assert "on Apples (1001), Yoghurt (1003)" in of_two
    assert "限苹果（1001）、酸奶（1003）" in of_two
    assert "<html" not in says.text
    marketer.send(f"{place}/save", FORM)
    page = marketer.get(place).text
    assert "from 20.00 spent 3.00 off" in page
    assert "满 20 减 3" in page
    assert re.search(r"−\d\.\d\d Spend and save", page)
    published = marketer.send(f"{place}/push", {"reason": "spring"})
    assert published.status_code == 303, re.findall(r'role="alert">(.*?)</div>', published.text)
    page = marketer.get(place).text
    assert "0 of 3 tills sell by it" in page
    assert "not there yet" in page
    assert "It runs into nothing." in page, "not into itself"
    assert "Nothing else was published there since: only this promotion goes." in page
    assert "It ends in 3 stores (3 tills)" in page
    with database.session() as session:
        report(session, "s1-a", engine=2, version=2)
    assert "1 of 3 tills sell by it" in marketer.get(place).text
    marketer.send(f"{place}/stop", {"reason": "typo"})
    stopped = marketer.get(place).text
    assert "stopped" in stopped
    assert "To bring it back, clone it" in stopped
    told = stopped[stopped.index("What happened to it") :]
    assert told.index("Promotion stopped") < told.index("typo") < told.index("Promotion published")
    assert "1 till still sells by what is taken back." in stopped, "its agent has not taken the new book yet"
    with database.session() as session:
        report(session, "s1-a", engine=2, version=3)
    assert "It is on no till any more." in marketer.get(place).text
    assert "spring" in marketer.get("/audit").text
    assert "Spring" in marketer.get("/promotions").text


def test_a_try_is_asked_for_watched_and_read(database: Database, marketer: Visitor) -> None:
    sell(database, "s1", [("1001", 4)], [("1002", 2)])
    place = started(marketer)
    marketer.send(f"{place}/save", FORM)
    assert marketer.send(f"{place}/preview", {"weeks": "2"}).headers["location"] == f"{place}#preview"
    waiting = marketer.get(place).text
    assert "waiting" in waiting
    assert "Cancel the try" in waiting
    assert waiting.index('sse-swap="preview"') < waiting.index("data-tried"), "the live region says which button shows"
    job = Previewing(database, CLOCK, UUID(int=1))
    while job():
        pass
    done = marketer.get(place).text
    for fact in ("of 2", "-6.00", "Receipts that change most", "20.00 → 17.00", "Below cost: Milk 1 l (1002)"):
        assert fact in done, fact
    assert "data-tried" not in done
    assert "Spend and save · Spring" in done, "by the name it was given"
    assert "· promotion-" not in done
    marketer.language = "zh"
    assert "低于成本：牛奶（1002）" in marketer.get(place).text
    marketer.language = "en"
    marketer.send(f"{place}/save", {**FORM, "steps.0.off_minor": "4"})
    assert "the draft has changed since" in marketer.get(place).text


def test_tiers_stores_and_tills_have_names_in_the_sentence(database: Database, marketer: Visitor) -> None:
    gold = Tier(code="gold", names={"en": "Gold card", "zh": "金卡"}, from_minor=100)
    with database.session() as session:
        publish_tiers(session, TierRule(version=1, tiers=[gold]), actor="person:ana", now_ms=START_MS, today=TODAY)
    place = started(marketer, "tier_price")
    typed = {"tier_minor.0.key": "gold", "tier_minor.0.value": "4", "scope.items": "1001", "who.tiers": "gold",
             "where.stores": "s1 nowhere", "where.till_kinds": "self_checkout"}  # fmt: skip
    says = marketer.send(f"{place}/says", typed).text
    marketer.send(f"{place}/save", {**typed, "title": "Spring", "where.stores": "s1", "all_stores": "yes"})
    form = marketer.get(place).text
    for words in (
        '<option value="gold" selected>Gold card</option>',
        'name="who.tiers" value="gold" checked> <span>Gold card</span>',
        'name="where.stores" value="s1" checked> <span>Store 1</span>',
        'name="where.till_kinds" value="self_checkout" checked> <span>self-checkout</span>',
    ):  # fmt: skip
        assert words in form, words
    for words in (
        "for 4.00 (Gold card)", "tier Gold card, in Store 1, nowhere, at self-checkout tills",
        "等级价 金卡 4.00 元", "限金卡会员，限门店 Store 1、nowhere，限自助收银台",
    ):  # fmt: skip
        assert words in says, words


def test_what_a_field_is_filled_with_is_found_by_name(marketer: Visitor) -> None:
    for asked, found in (
        ("field=scope.items&q=appl", 'data-adds="1001" data-by="space" data-to="f-scope.items"'),
        ("field=steps.0.gift&q=1003", 'data-adds="1003" data-by="one" data-to="f-steps.0.gift"'),
        ("field=scope.categories&q=DAIRY", 'data-adds="food/dairy" data-by="comma"'),
        ("field=scope.leave_out.categories&q=", "2 items"),
        ("field=scope.brands&q=nothing", "No item of head office says this."),
    ):
        assert found in marketer.get(f"/prices/items?{asked}").text, asked


def test_what_a_price_book_brought_is_changed_here(database: Database, marketer: Visitor) -> None:
    place = started(marketer)
    marketer.send(f"{place}/save", FORM)
    marketer.send(f"{place}/push", {"reason": "spring"})
    with database.session() as session:
        (plan,) = session.exec(select(PromotionPlan)).all()
        promotion = plan.promotion
        session.delete(plan)
    calendar = marketer.get("/promotions/calendar").text
    assert f'name="promotion" value="{promotion}">Change or stop it' in calendar
    taken = marketer.send("/promotions/adopt", {"promotion": promotion}).headers["location"]
    assert marketer.send("/promotions/adopt", {"promotion": promotion}).headers["location"] == taken, "once"
    page = marketer.get(taken).text
    assert "from 20.00 spent 3.00 off" in page
    assert "It runs into nothing." in page or "takes its place" in page
    assert "It is on as a price book brought it" in page
    assert "Stop it now, everywhere" in page
    marketer.send(f"{taken}/save", {**FORM, "steps.0.off_minor": "4"})
    assert marketer.send(f"{taken}/push", {"reason": "more"}).status_code == 303
    with database.snapshot() as session:
        rows = session.exec(select(PriceRow).where(PriceRow.kind == "promotions")).all()
    assert {row.key for row in rows} == {promotion}, "it takes its own place"
    assert marketer.send("/promotions/adopt", {"promotion": "nothing"}).status_code == 404


def test_a_second_person_is_asked_where_it_is_set(database: Database, marketer: Visitor) -> None:
    assert marketer.send("/promotions/second-person", {"needed": "yes"}).status_code == 403
    signed(database, "root").send("/promotions/second-person", {"needed": "yes"})
    bo, place = signed(database, "bo"), started(marketer)
    marketer.send(f"{place}/save", FORM)
    assert "A second person has to approve it first." in marketer.send(f"{place}/push").text
    assert "Who wrote it cannot approve it." in marketer.send(f"{place}/approve").text
    offered = marketer.get(place).text
    assert f'action="{place}/approve"' not in offered, "no button that leads to a refusal"
    assert f'action="{place}/push"' not in offered
    assert "May approve it: bo, root." in offered
    assert "Nobody sent it for approval." in bo.send(f"{place}/send-back", {"reason": "no"}).text
    assert marketer.send(f"{place}/ask", {"reason": "for Friday"}).status_code == 303
    assert 'href="/promotions?status=asked"' in bo.get("/").text
    read = bo.get(place).text
    assert "Sent for approval by ana" in read
    assert "for Friday" in read
    (seen,) = set(re.findall(r'name="seen" value="([0-9a-f]+)"', read))
    assert "Say why: whoever wrote it" in bo.send(f"{place}/send-back", {"reason": " "}).text
    assert bo.send(f"{place}/send-back", {"reason": "4 is too much"}).status_code == 303
    assert re.search(r"Sent back by bo.*4 is too much", marketer.get(place).text, re.DOTALL)
    marketer.send(f"{place}/save", {**FORM, "steps.0.off_minor": "2"})
    marketer.send(f"{place}/ask")
    assert "Sent back by" not in marketer.get(place).text
    assert "Somebody changed it since" in bo.send(f"{place}/approve", {"seen": seen}).text, "what nobody read"
    assert bo.send(f"{place}/approve", {"reason": "fine"}).status_code == 303
    assert "approved by bo" in marketer.get(place).text
    assert bo.send(f"{place}/send-back", {"reason": "not yet"}).status_code == 303
    assert "A second person has to approve it first." in marketer.send(f"{place}/push").text
    bo.send(f"{place}/approve")
    assert marketer.send(f"{place}/push", {"reason": "go"}).status_code == 303
    with database.session() as session:
        draft = plans.find(session, place.rpartition("/")[2]).price_draft
    assert str(draft) not in marketer.get("/prices/changes").text, "it is no price change"
    assert marketer.get(f"/prices/changes/{draft}").headers["location"] == place


def test_who_only_reads_changes_nothing(database: Database, marketer: Visitor) -> None:
    place = started(marketer)
    eve = signed(database, "eve")
    page = eve.get(place)
    assert page.status_code == 200
    assert "Save the draft" not in page.text
    for act in (
        "save",
        "push",
        "stop",
        "preview",
        "approve",
        "ask",
        "send-back",
        "leave-out",
        "clone",
        "discard",
        "roll-back",
        "says",
        "cancel-preview",
    ):
        assert eve.send(f"{place}/{act}", FORM).status_code == 403, act
    assert eve.send("/promotions", {"kind": "percent_off"}).status_code == 403
    with database.session() as session:
        assert plans.counts(session)["draft"] == 1


def test_a_till_too_old_is_named_on_the_page(database: Database) -> None:
    a_chain(database, engine=1)
    make_person(database, "ana", Role.MARKETER)
    ana = signed(database, "ana")
    place = started(ana)
    ana.send(f"{place}/save", FORM)
    before = ana.get(place).text
    assert "These tills are too old for it:" in before, "before anybody tries"
    refused = ana.send(f"{place}/push", {"reason": "go"}).text
    assert "some tills there are too old for it." in refused
    assert '<a href="/stores/s1">Store 1</a>: till t1' in refused
    assert "no store would be left" not in refused
    with database.session() as session:
        report(session, "s2-a", engine=9)
    assert ana.send(f"{place}/leave-out", [("store", "s1"), ("store", "s3")]).status_code == 303
    assert ana.send(f"{place}/push", {"reason": "go"}).status_code == 303


def test_every_kind_has_a_form_in_both_languages(database: Database, marketer: Visitor) -> None:
    kinds = re.findall(r'name="kind" value="([a-z_]+)"', marketer.get("/promotions/new").text)
    assert len(kinds) == 19
    places = [started(marketer, kind) for kind in kinds]
    for language in ("en", "zh"):
        marketer.language = language
        for place in places:
            page = marketer.get(place)
            assert page.status_code == 200
            assert page.text.count("<h1>") == 1
            assert ("保存草稿" if language == "zh" else "Save the draft") in page.text


def test_clones_and_discarded_drafts(database: Database, marketer: Visitor) -> None:
    place = started(marketer)
    marketer.send(f"{place}/save", FORM)
    other = str(marketer.send(f"{place}/clone").headers["location"])
    assert other != place
    assert "from 20.00 spent 3.00 off" in marketer.get(other).text
    marketer.send(f"{place}/discard")
    assert place not in marketer.get("/promotions").text
    assert place in marketer.get("/promotions?status=discarded").text
    assert "no longer a draft" in marketer.send(f"{place}/save", FORM).text
    assert marketer.get("/promotions/unknown").status_code == 404


def test_the_calendar_shows_what_runs_where(database: Database, marketer: Visitor) -> None:
    place = started(marketer)
    marketer.send(f"{place}/save", {**FORM, "all_stores": "", "group_chosen": "north", "when.first": "2026-01-03"})
    assert "Publish to North" in marketer.get(place).text
    marketer.send(f"{place}/push", {"reason": "spring"})
    month = marketer.get("/promotions/calendar?first=2026-01-01").text
    row = re.search(r'<th scope="row" class="wrap">.*?</tr>', month, re.DOTALL)
    assert row is not None
    cells = re.findall(r"<td( class=[^>]*)?>", row[0])
    assert [bool(cell) for cell in cells] == [False, False] + [True] * 26
    assert "2 stores" in row[0]
    assert "all stores" in marketer.get("/promotions/calendar?first=2026-01-05&store=s1").text
    nothing = marketer.get("/promotions/calendar?store=s3").text
    assert "Nothing runs in these four weeks" in nothing
    assert 'href="/promotions/new"' in nothing.partition("<main")[2], "an empty table says what to do"
    other = started(marketer)
    marketer.send(f"{other}/save", {**FORM, "all_stores": "yes"})
    assert "from 20.00 spent 3.00 off, from 2026-01-03 · price book" in marketer.get(other).text
    assert "No promotion is on today." in marketer.get("/promotions/calendar").text


def test_promotions_of_price_books_count_as_what_is_on(database: Database, marketer: Visitor) -> None:
    assert "No promotion is on today." in marketer.get("/promotions").text
    rule = {"promotion": "p1", "kind": "percent_off", "off_bp": 1000}
    with database.session() as session:
        content = encode_row(BodyKind.PROMOTIONS, "p1", rule)
        publish_rows(session, [DraftRow(BodyKind.PROMOTIONS, "chain", "p1", content)])
    page = marketer.get("/promotions").text
    assert "1 promotion is on today." in page
    assert "0 promotions are published" in page, "none of them was planned here"
    assert "1 promotion is on today." in marketer.get("/promotions/calendar").text


def test_a_receipt_says_why_it_cost_what_it_cost(database: Database, marketer: Visitor) -> None:
    place = started(marketer)
    marketer.send(f"{place}/save", FORM)
    marketer.send(f"{place}/push", {"reason": "spring"})
    far = started(marketer, "order_percent")
    marketer.send(f"{far}/save", {"title": "Rich", "off_bp": "10", "need.spend_minor": "30", "all_stores": "yes"})
    marketer.send(f"{far}/push", {"reason": "spring"})
    with database.session() as session:
        manifest = session.get_one(StoreManifest, (3, "s1")).hash
        rows = session.exec(select(PriceRow).where(PriceRow.kind == "promotions"))
        rules = [read_promotion(bytes(one.row)) for one in rows if one.row]
    book = MemoryPriceBook(3, ITEMS, PRICES, rules)
    proof = bytes.fromhex(manifest)[:MANIFEST_BYTES]
    sale = make_sale([("1001", 4)], book=book, store="s1", series="s1-9", manifest=proof)
    take_in(database, Outbox("s1-a").add(sale).batch())
    why = marketer.get(f"/sales/{sale.id}/why").text
    assert "The price is right" in why, re.findall(r"<h1>.*?</h1>|class=.state.*?</span>", why)
    for fact in ("−3.00", "from 20.00 spent 3.00 off", "Spend and save", "near", "10.00 more gives 10% off the order"):
        assert fact in why, fact
    marketer.language = "zh"
    assert "满 20 减 3" in marketer.get(f"/sales/{sale.id}/why").text
    assert f"/sales/{sale.id}/why" in marketer.get(f"/sales/{sale.id}").text
    assert marketer.get(f"/sales/{UUID(int=5)}/why").status_code == 404
    unknown = make_sale([("1001", 1)], book=MemoryPriceBook(99, ITEMS, PRICES), store="s2", series="s2-9")
    take_in(database, Outbox("s2-a").add(unknown).batch())
    assert "无法在此重新计价" in marketer.get(f"/sales/{unknown.id}/why").text


def test_who_opens_a_form_s_address_again_is_led_to_its_page(marketer: Visitor) -> None:
    place = started(marketer)
    refused = marketer.send(f"{place}/push", {"reason": "too early"})
    assert "It is not complete" in refused.text
    assert f'href="{place}/push?language=zh"' in refused.text, "the other language is asked for at this address"
    again = marketer.get(f"{place}/push?language=zh")
    assert (again.status_code, again.headers["location"]) == (303, f"{place}?language=zh")
    assert marketer.get("/api/v1/prices/drafts/x/publish").status_code == 405, "a program is told"
