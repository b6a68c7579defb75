"""`storewire-cloud rules`: says back in both languages what a rule means, and publishes it only when told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from cloud.audit.models import AuditEntry
from cloud.cli import app
from cloud.identity import people
from cloud.loyalty import rules
from cloud.loyalty.models import MemberYear
from cloud.loyalty.tier_words import tier_words
from cloud.loyalty.words import earning_words
from cloud.members.models import Member
from cloud.web.figures import money
from shared.loyalty import EarningRule, Tier, TierRule
from tests.cloud.members_data import mint
from tests.provision.databases import new_sqlite


class Office:
    """A deployment's database, and its command."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database = new_sqlite(directory / "cloud.db")

    def rules(self, *arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["--data-dir", str(self.directory), "rules", *arguments])
        assert result.exit_code == code, result.output
        return result.output


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_a_rule_is_said_back_and_published_only_when_told(office: Office) -> None:
    new = ("earning", "--from", "2026-03-01", "--points", "2", "--per", "1000", "--exclude", "services/gift-cards")
    said = office.rules(*new)
    assert "From 2026-03-01 on, members earn 2 points per 10.00 spent" in said
    assert "每消费 10.00 得 2 积分" in said
    assert "A receipt of 105.00 earns 21 points." in said
    assert "services/gift-cards" in said
    assert "Nothing is published yet" in said
    assert "nobody earns points" in office.rules("show")
    assert "Published as earning rule 1." in office.rules(*new, "--publish")
    assert "Published as earning rule 2." in office.rules(*new, "--publish")
    assert "Earning rule 2" in office.rules("show")
    with office.database.session() as session:
        assert rules.load(session).earning[0].per_minor == 1000
        assert session.exec(select(AuditEntry.subject)).all() == ["earning rule 1", "earning rule 2"]


def test_tiers_are_published_and_members_weighed(office: Office) -> None:
    with office.database.session() as session:
        year = datetime.now(UTC).year
        for spend in (600_000, 100):
            member = mint()
            session.add(Member(id=member, source="till", created_ms=1))
            session.add(MemberYear(member_id=member, year=year, spend_minor=spend))
    said = office.rules("tiers", "gold:500000:Gold:金卡", "silver:100000:Silver:银卡", "--publish")
    assert said.index("Silver (silver): 1,000.00") < said.index("Gold (gold): 5,000.00")
    assert "金卡（gold）：一个自然年内消费满 5,000.00" in said
    assert "Published as tier rule 1.\n1 members stand in another tier now." in said
    assert "all members are equal" in office.rules("tiers", "--publish")


def test_where_people_sign_in_the_command_leaves_it_to_one_of_them_or_says_why_not(office: Office) -> None:
    with office.database.session() as session:
        people.add(session, "ada", people.Role.ADMIN, "a long password", actor="cli:root", now_ms=1)
    new = ("earning", "--from", "2099-03-01", "--points", "2", "--per", "1000", "--publish")
    said = office.rules(*new)
    assert "waits as a draft" in said
    assert "/loyalty/drafts/" in said
    assert "starts on" in office.rules(
        "earning", "--from", "2020-01-01", "--points", "2", "--per", "9", "--publish", code=1
    )
    assert "nobody earns points" in office.rules("show")
    assert "Published as earning rule 1." in office.rules(*new, "--alone", "nobody is in the office")
    assert "reason" in office.rules("second-person", "off", "--reason", " ", code=1)
    assert "One person is enough" in office.rules("second-person", "off", "--reason", "three of us")
    assert "Published as earning rule 2." in office.rules(*new)
    assert "A second person approves." in office.rules("second-person", "on", "--reason", "we grew")
    assert "waits as a draft" in office.rules("tiers", "gold:500000:Gold:金卡", "--publish")
    with office.database.session() as session:
        kept = [(row.action, row.reason) for row in session.exec(select(AuditEntry)) if row.reason]
    assert kept == [
        ("loyalty.alone", "nobody is in the office"),
        ("loyalty.second_person", "three of us"),
        ("loyalty.second_person", "we grew"),
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("tiers", "gold"), "code:minor:English:Chinese"),
        (("tiers", "gold:x:Gold:金卡"), "code:minor:English:Chinese"),
        (("tiers", "Gold!:1:Gold:金卡"), "a tier's code"),
        (("tiers", "a:1:A:甲", "a:2:B:乙"), "same code"),
        (("tiers", "a:1:A:甲", "b:1:B:乙"), "same spend"),
        (("tiers", f"a:{10**16}:A:甲"), "at most"),
    ],
)
def test_wrong_tiers_are_refused_in_words(office: Office, arguments: tuple[str, ...], words: str) -> None:
    assert words in office.rules(*arguments, code=1)


def test_words_say_what_the_engine_does() -> None:
    rule = EarningRule(version=1, valid_from="2026-01-01", points=1, per_minor=100)  # type: ignore[arg-type]
    assert "1 point per 1.00" in earning_words(rule, "en")[0]
    assert earning_words(rule, "en", exponent=0)[1] == "A receipt of 1,050 earns 10 points."
    nothing = EarningRule(version=1, valid_from="2026-01-01", points=0, per_minor=100)  # type: ignore[arg-type]
    assert earning_words(nothing, "zh") == ["自 2026-01-01 起，会员消费不积分。"]
    assert tier_words(TierRule(version=1, tiers=[Tier(code="g", names={}, from_minor=5)]), "zh")[0].startswith("g（g）")
    assert (money(123456, 2), money(5, 3), money(1234, 0)) == ("1,234.56", "0.005", "1,234")
