"""The pages of tiers, earning and what members do for each other: drafted, tried, approved by another, published."""

from __future__ import annotations

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.errors import Refused
from cloud.loyalty import (
    club_deciding,
    deciding,
    drafting,
    leaderboard,
    posting,
    rule_form,
    rules,
    tiers,
    trial,
    trial_running,
)
from cloud.loyalty.draft_models import CANCELLED, DONE, RuleTrial
from cloud.loyalty.models import TierGift
from cloud.member_page import reading
from cloud.members import consent
from cloud.members import rules as member_rules
from shared.loyalty import (
    BirthdayGift,
    CouponsMonthly,
    CouponsOnReaching,
    MemberDay,
    OwnPrices,
    PointsTimes,
    Tier,
    TierRule,
)
from tests.cloud.members_data import join
from tests.cloud.value_pages_data import Desk
from tests.cloud.visiting import Visitor
from tests.factories import START_MS, DrivenMachineClock, new_id

TODAY = date(2026, 1, 1)
LANGUAGES = ("en", "zh")
FULL = Tier(
    code="gold",
    names={"en": "Gold", "zh": "金卡"},
    from_minor=100_000,
    benefits=[
        OwnPrices(promotion="gold-prices"),
        PointsTimes(times_bp=15_000),
        MemberDay(times_bp=20_000, month_days=[8, 18], weekdays=[2]),
        CouponsOnReaching(batch="welcome", count=2, every_months=12),
        CouponsMonthly(batch="monthly", day=5),
        BirthdayGift(batch="cake", days_before=3, leap_day="mar_1"),
    ],
)
SILVER = Tier(code="silver", names={"en": "Silver", "zh": "银卡"}, from_minor=5_000)
NAMES = {"en": "A", "zh": "甲"}
RULES = [
    TierRule(version=0, tiers=[SILVER, FULL]),
    TierRule(version=0, tiers=[SILVER, FULL], window="rolling", months=6, downgrade="rolling", initial="silver"),
    TierRule(version=0, tiers=[SILVER], measure="visits", window="anniversary_year", step="one"),
    TierRule(version=0, tiers=[FULL], measure="growth", growth_per_minor=250, growth_per_visit=3, downgrade="never"),
    TierRule(version=0, measure="mix", mix="any", tiers=[Tier(code="a", names=NAMES, from_minor=1, from_visits=2)]),
]  # fmt: skip


DEARER = TierRule(version=0, tiers=[Tier(code="silver", names={"en": "Silver", "zh": "银卡"}, from_minor=10_000), FULL])


class _Form:
    """What a form sends, as the page reads it."""

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        self.fields = fields

    def get(self, name: str) -> str:
        return next((value for key, value in self.fields if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]


def form_of(rule: TierRule, starts: date = TODAY) -> list[tuple[str, str]]:
    """Return the fields of a rule's form, as a browser would send them back."""
    fields = [(name, str(getattr(rule, name))) for name in ("window", "measure", "mix", "downgrade", "step", "initial")]
    fields += [("months", str(rule.months)), ("growth_visit", str(rule.growth_per_visit)), ("starts", str(starts))]
    fields.append(("growth_per", f"{rule.growth_per_minor / 100:.2f}"))
    for row in rule_form.tier_rows(rule, 2):
        fields += [(f"tier_{name}", row[name]) for name in rule_form.TIER_FIELDS]
    return fields


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_survives_its_form(rule: TierRule) -> None:
    assert rule_form.read_tiers(_Form(form_of(rule)), 0, 2) == rule  # type: ignore[arg-type]


@pytest.fixture
def desk(sqlite_database: Database) -> Desk:
    return Desk(sqlite_database)


@pytest.fixture
def members(desk: Desk) -> list[UUID]:
    found = [join(desk.database, fields={"name": name}) for name in ("李小明", "王芳")]
    with desk.database.session() as session:
        done = {(member, TODAY): posting.Done(6_000 * (n + 1), 1) for n, member in enumerate(found)}
        posting.add(session, done, rules.load(session))
    return found


def drafted(mia: Visitor, kind: str = "tiers") -> str:
    """Begin a draft by its button; return its page."""
    page = mia.get("/loyalty").text
    ids = dict(re.findall(r'name="id" value="([^"]+)"><input type="hidden" name="kind" value="(\w+)"', page))
    fresh = next(id_ for id_, which in ids.items() if which == kind)
    assert mia.send("/loyalty/drafts", {"id": fresh, "kind": kind}).headers["location"] == f"/loyalty/drafts/{fresh}"
    return f"/loyalty/drafts/{fresh}"


def run(desk: Desk) -> None:
    job = trial_running.TrialRunning(desk.database, DrivenMachineClock(START_MS))
    while job():
        pass


def test_from_a_draft_over_a_trial_to_two_people_and_the_tills(desk: Desk, members: list[UUID]) -> None:
    mia, ada = desk.visitor("mia"), desk.visitor("ada")
    where = drafted(mia)
    assert mia.send(f"{where}/save", form_of(DEARER)).headers["location"] == where
    page = mia.get(where).text
    for fact in ("100.00 or more spent", "1.5 times the points", "day 8 of the month", "1 March in other years"):
        assert fact in page, fact
    assert "refused=second_person" in mia.send(f"{where}/approve", {"reason": "ok"}).headers["location"]
    assert "refused=not_tried" in ada.send(f"{where}/approve", {"reason": "ok"}).headers["location"]
    assert "refused=not_approved" in mia.send(f"{where}/publish", {"reason": "go"}).headers["location"]
    mia.send(f"{where}/try", {"id": str(new_id())})
    assert "Cancel the try" in mia.get(where).text
    run(desk)
    for language in LANGUAGES:
        seen = desk.visitor("mia", language).get(where).text
        assert ("1 member would stand elsewhere." if language == "en" else "将有 1 位会员等级变动") in seen
        assert "李**" in seen
        assert ("From which tier to which" if language == "en" else "等级变化去向") in seen
        assert 'data-value="1"' in seen
    mia.send(f"{where}/save", form_of(DEARER, TODAY + timedelta(days=31)))
    assert "refused=not_tried" in ada.send(f"{where}/approve", {"reason": "ok"}).headers["location"], "as it was tried"
    mia.send(f"{where}/save", form_of(DEARER))
    mia.send(f"{where}/try", {"id": str(new_id())})
    run(desk)
    assert ada.send(f"{where}/approve", {"reason": "looked at it"}).headers["location"] == where
    assert mia.send(f"{where}/publish", {"reason": "new year"}).headers["location"] == where
    assert "Published as version 2." in mia.get(where).text
    assert "refused=draft_closed" in mia.send(f"{where}/drop").headers["location"]
    with desk.database.session() as session:
        assert tiers.tiers_of(session, members, TODAY) == {members[0]: "", members[1]: "silver"}
        acts = {row.action: row.reason for row in session.exec(select(AuditEntry))}
        assert acts["loyalty.approve"] == "looked at it"
        assert acts["loyalty.publish_draft"] == "new year"
    for language in LANGUAGES:
        seen = desk.visitor("mia", language).get("/loyalty").text
        assert ("Members can rise to 2 tiers." if language == "en" else "会员可升至 2 个等级。") in seen


def test_whoever_may_not_plan_sees_no_buttons_and_is_refused(desk: Desk, members: list[UUID]) -> None:
    mia, eve = desk.visitor("mia"), desk.visitor("eve")
    where = drafted(mia)
    page = eve.get(where).text
    assert "/save" not in page
    assert "/approve" not in page
    assert eve.send(f"{where}/publish", {"reason": "x"}).status_code == 403
    assert members


def test_an_earning_rule_is_drafted_and_published_too(desk: Desk) -> None:
    mia, ada = desk.visitor("mia"), desk.visitor("ada")
    where = drafted(mia, "earning")
    for language, said in (("en", "may come back: the points are owed"), ("zh", "可退，记为欠积分")):
        offered = desk.visitor("mia", language).get(where).text
        assert re.search(rf'<option value="owed" selected>\s*{said}', offered), "as it is today"
        assert '<option value="refused">' in offered
    fields = [("starts", str(TODAY)), ("points", "2"), ("per", "10.00"), ("tender", "gift_card"), ("expiry", "months"),
              ("expiry_count", "12"), ("pending_days", "3"), ("categories", "tobacco, food/milk & eggs"),
              ("spent_points", "refused")]  # fmt: skip
    assert mia.send(f"{where}/save", fields).headers["location"] == where
    page = mia.get(where).text
    for fact in (
        "2 points per ￥10.00",
        "tobacco, food/milk &amp; eggs",
        "Gift card earns nothing",
        "after 12 months",
        "after 3 days",
    ):
        assert fact in page, fact
    assert "refused=not_tried" in ada.send(f"{where}/approve", {"reason": "fine"}).headers["location"]
    mia.send(f"{where}/try", {"id": str(new_id())})
    run(desk)
    ada.send(f"{where}/approve", {"reason": "fine"})
    mia.send(f"{where}/publish", {"reason": "go"})
    with desk.database.session() as session:
        published = rules.load(session).earning_on(TODAY)
        assert published is not None
        assert (published.points, published.per_minor, published.spent_points) == (2, 1_000, "refused")


def test_where_one_person_is_enough_a_draft_is_published_as_it_was_tried(desk: Desk) -> None:
    mia, ada = desk.visitor("mia"), desk.visitor("ada")
    assert "/loyalty/second-person" not in mia.get("/loyalty").text
    assert mia.send("/loyalty/second-person", {"needed": "no", "reason": "small"}).status_code == 403
    assert "refused=reason" in ada.send("/loyalty/second-person", {"needed": "no"}).headers["location"]
    ada.send("/loyalty/second-person", {"needed": "no", "reason": "three of us"})
    where = drafted(mia, "earning")
    assert "refused=not_tried" in mia.send(f"{where}/publish", {"reason": "go"}).headers["location"]
    mia.send(f"{where}/try", {"id": str(new_id())})
    run(desk)
    assert mia.send(f"{where}/publish", {"reason": "go"}).headers["location"] == where
    with desk.database.session() as session:
        assert len(rules.load(session).earning) == 2
        acts = {row.action: row.reason for row in session.exec(select(AuditEntry))}
        assert acts["loyalty.second_person"] == "three of us"
    assert "Ask a second person from now on" in ada.get("/loyalty").text
    assert "一人即可" in desk.visitor("ada", "zh").get("/loyalty").text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ([("starts", "soon")], "starts"),
        ([("window", "never heard of")], "rule"),
        ([("downgrade", "rolling")], "rule"),
        ([("tier_code", "Gold Card!")], "tier"),
        ([("tier_from", "lots")], "tier"),
        ([("tier_times", "0.5")], "benefit"),
        ([("tier_month_batch", "b"), ("tier_month_day", "31")], "benefit"),
    ],
)
def test_what_makes_no_rule_is_said(sqlite_database: Database, changes: list[tuple[str, str]], code: str) -> None:
    desk = Desk(sqlite_database)
    mia = desk.visitor("mia")
    where = drafted(mia)
    fields, changed = form_of(RULES[0]), dict(changes)
    sent = []
    for name, value in fields:
        sent.append((name, changed.pop(name) if name in changed else value))
    answer = mia.send(f"{where}/save", sent)
    assert answer.headers["location"] == f"{where}?refused={code}"
    assert 'role="alert"' in mia.get(answer.headers["location"]).text


def test_a_trial_is_cancelled_and_another_process_goes_on(
    desk: Desk, members: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "SLICE", 1)
    monkeypatch.setattr(trial.members_after, "__defaults__", (1,))
    mia = desk.visitor("mia")
    where = drafted(mia)
    mia.send(f"{where}/save", form_of(RULES[0]))
    mia.send(f"{where}/try", {"id": str(new_id())})
    first, second = (trial_running.TrialRunning(desk.database, DrivenMachineClock(START_MS)) for _ in range(2))
    assert first()
    assert second()
    with desk.database.session() as session:
        (row,) = session.exec(select(RuleTrial)).all()
        assert (row.done, row.state) == (2, "running")
    mia.send(f"{where}/cancel")
    assert not first()
    with desk.database.session() as session:
        assert [row.state for row in session.exec(select(RuleTrial))] == [CANCELLED]
    mia.send(f"{where}/try", {"id": str(new_id())})
    run(desk)
    with desk.database.session() as session:
        assert sorted(row.state for row in session.exec(select(RuleTrial))) == [CANCELLED, DONE]
        newest = trial_running.newest(session, UUID(where.rpartition("/")[2]))
        assert newest is not None
        assert trial_running.tally_of(newest).after == {"": newest.total - 2, "silver": 2}
    assert members


def test_a_rule_does_not_start_on_a_day_that_is_over(database: Database) -> None:
    with database.session() as session:
        draft = drafting.begin(session, new_id(), TierRule(version=0), TODAY, actor="mia", now_ms=1)
        trial_running.ask(session, new_id(), draft, today=TODAY, actor="mia", now_ms=1)
    trial_running.TrialRunning(database, DrivenMachineClock(START_MS))()
    with database.session() as session:
        drafting.approve(session, draft.id, actor="ada", reason="ok", now_ms=2)
        with pytest.raises(Refused, match="day that is over"):
            drafting.publish(session, draft.id, actor="mia", reason="go", today=TODAY + timedelta(days=1), now_ms=3)


def waiting_id(page: str) -> str:
    """Return the id of the rule that waits for a second person on a page."""
    found = re.search(r'/approve"><input[^>]*><input type="hidden" name="id" value="([^"]+)"', page)
    assert found, "nothing waits there for this person"
    return found[1]


def test_friends_board_and_transfers_have_rules_in_words(desk: Desk, members: list[UUID]) -> None:
    mia, ada = desk.visitor("mia"), desk.visitor("ada")
    sent = {"points": "100", "friend_points": "20", "least_minor": "50.00", "within_days": "60", "pending_days": "7",
            "most_in_a_month": "3", "reason": "spring"}  # fmt: skip
    assert mia.send("/loyalty/club/referral", {**sent, "reason": ""}).headers["location"].endswith("refused=reason")
    handing = {"to": "family", "least": "10", "most_at_once": "500", "most_in_a_month": "900", "fee_bp": "2.50",
               "reason": "asked for"}  # fmt: skip
    board = {"on": "yes", "by": "spend", "period": "month", "places": "10", "reason": "contest"}
    for kind, typed, place in (
        ("referral", sent, "/loyalty/referrals"),
        ("transfers", handing, "/loyalty/referrals"),
        ("leaderboard", board, "/loyalty/leaderboard"),
    ):
        assert mia.send(f"/loyalty/club/{kind}", typed).headers["location"] == place
        mine, hers = mia.get(place).text, ada.get(place).text
        assert "Waits for a second person" in mine
        assert "Approve: it counts" not in mine, "who wrote it does not approve it"
        agreed = {"id": waiting_id(hers), "reason": "fine"}
        assert mia.send(f"/loyalty/club/{kind}/approve", agreed).headers["location"].endswith("refused=second_person")
        with desk.database.snapshot() as session:
            assert member_rules.newest(session, club_deciding.CLUB[kind]).version == 0, "nothing counts yet"
        assert ada.send(f"/loyalty/club/{kind}/approve", agreed).headers["location"] == place
        assert ada.send(f"/loyalty/club/{kind}/approve", agreed).headers["location"].endswith("refused=draft_closed")
    wrong = mia.send("/loyalty/club/leaderboard", {**board, "places": "1"})
    assert wrong.headers["location"] == "/loyalty/leaderboard?refused=rule"
    with desk.database.session() as session:
        assert member_rules.newest(session, member_rules.Transfers).fee_bp == 250
        for member in members:
            consent.give(session, member, leaderboard.CHANNEL, version="1", source="api", actor="ann", now_ms=1)
    told = {
        "/loyalty/referrals": (("gets 100 points", "2.50 %"), ("推荐人得 100 积分", "2.50% 手续费")),
        "/loyalty/leaderboard": (("王* stands first", "120.00"), ("王* 位列第一", "120.00")),
    }
    for path, by_language in told.items():
        for language, facts in zip(LANGUAGES, by_language, strict=True):
            page = desk.visitor("mia", language).get(path).text
            for fact in facts:
                assert fact in page, (path, fact)


def test_what_could_not_be_given_is_said_and_tried_again(desk: Desk) -> None:
    with desk.database.session() as session:
        gift = {"occasion": "2026-01", "tier": "gold", "batch": "few", "rule_version": 1, "given_ms": 1}
        session.add(TierGift(member_id=new_id(), benefit="monthly:0", problem="batch_spent", **gift))
    sue = desk.visitor("sue")
    assert "few: the batch is spent" in sue.get("/loyalty").text
    assert "few" in desk.visitor("sue", "zh").get("/loyalty").text
    assert sue.send("/loyalty/gifts/again").headers["location"] == "/loyalty"
    assert "few" not in sue.get("/loyalty").text


def test_a_member_reads_why_they_stand_there_and_what_it_brings(desk: Desk, members: list[UUID]) -> None:
    with desk.database.session() as session:
        rules.publish_tier(session, TierRule(version=2, tiers=[SILVER, FULL]), author="ann", at_ms=1)
    ada, sue = desk.visitor("ada"), desk.visitor("sue")
    where = f"/members/{members[1]}"
    page = ada.get(where).text
    for fact in ("Silver", "reached now, until 2027-12-31", "880.00 more, until 2026-12-31"):
        assert fact in page, fact
    given = {"member": str(members[1]), "tier": "gold", "until": "2026-03-31", "reason": "press"}
    assert desk.visitor("eve").send("/loyalty/floors", given).status_code == 403
    assert sue.send("/loyalty/floors", given).headers["location"] == where
    for language, facts in (("en", ("Gold", "given by hand, until 2026-03-31", "1.5 times the points")),
                            ("zh", ("金卡", ["人工授予", "至 2026-03-31"][0], "1.5 倍积分"))):  # fmt: skip
        page = desk.visitor("sue", language).get(where).text
        for fact in facts:
            assert fact in page, (language, fact)
    with desk.database.session() as session:
        house = reading.house_of(session, members[1])
        shown = reading.standing(session, members[1], TODAY, house, "zh")
        assert (shown.name, shown.until, shown.next_name) == ("金卡", date(2026, 3, 31), "")
        assert "每月送优惠券 × 1" in shown.brings
        below = reading.standing(session, members[0], TODAY, house, "en")
        assert (below.name, below.next_name, below.missing) == ("Silver", "Gold", "￥940.00 more")


def test_a_rule_of_the_club_is_given_up_replaced_or_needs_nobody(desk: Desk) -> None:
    mia, ada = desk.visitor("mia"), desk.visitor("ada")
    place = "/loyalty/club/leaderboard"
    board = {"on": "yes", "by": "spend", "period": "month", "places": "10", "reason": "contest"}
    mia.send(place, board)
    mia.send(place, {**board, "places": "20"})
    page = ada.get("/loyalty/leaderboard").text
    assert page.count("Waits for a second person") == 1, "the newer takes the older's place"
    assert "The first 20 by spend" in page
    assert f"/loyalty/drafts/{waiting_id(page)}" not in ada.get("/loyalty").text
    mia.send(f"{place}/drop", {"id": waiting_id(page)})
    assert "Waits for a second person" not in ada.get("/loyalty/leaderboard").text
    with desk.database.session() as session:
        rule = member_rules.Leaderboard(version=1, on=True)
        assert not club_deciding.send(session, new_id(), rule, actor="token:crm", today=TODAY, now_ms=1)
        deciding.set_alone(session, on=True, actor="person:ada", reason="a small chain", now_ms=1)
    mia.send(place, board)
    with desk.database.snapshot() as session:
        assert member_rules.newest(session, member_rules.Leaderboard).places == 10
