"""What members tell of themselves on their page: optional, never shown again, rewarded once, a birthday told once."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.ledger.reading import points_of
from cloud.members import changing, enrolling, rules
from tests.cloud.member_page_data import Phone, Shop, a_member, open_shop
from tests.cloud.members_data import join, vault
from tests.cloud.test_member_merge import merge
from tests.factories import START_MS

PATH = "/me/profile"


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path) -> Shop:
    return open_shop(sqlite_database, tmp_path)


@pytest.fixture
def member(shop: Shop) -> UUID:
    return a_member(shop)


@pytest.fixture
def phone(shop: Shop, member: UUID) -> Phone:
    assert member
    found = Phone(shop)
    found.sign_in()
    return found


def told(shop: Shop, member: UUID) -> dict[str, str]:
    with shop.database.session() as session:
        return dict(enrolling.fields_of(session, vault(), member))


def points(shop: Shop, member: UUID) -> int:
    with shop.database.session() as session:
        return points_of(session, [member])[member]


def reward(shop: Shop, **rule: object) -> None:
    with shop.database.session() as session:
        rule = {"version": 1, "points": 50, "fields": ("gender", "birthday"), **rule}
        rules.publish(session, rules.ProfileReward(**rule), actor="ana", now_ms=START_MS)  # type: ignore[arg-type]


def test_telling_more_is_rewarded_once(shop: Shop, member: UUID, phone: Phone) -> None:
    assert "points for" not in phone.get(PATH).text
    reward(shop)
    assert "50 points for you when this is filled in: Gender, Birthday." in phone.get(PATH).text
    assert "50 points for filling it in" in phone.get("/me/more").text
    first = phone.submit(PATH, PATH, gender="female")
    assert "Saved. Thank you." in phone.get(first.headers["location"]).text
    done = phone.submit(PATH, PATH, birthday="1990-05-17")
    assert "50 points are yours" in phone.get(done.headers["location"]).text
    again = phone.submit(PATH, PATH, gender="male")
    assert "Saved. Thank you." in phone.get(again.headers["location"]).text
    assert points(shop, member) == 50
    assert "50 points" not in phone.get(PATH).text
    assert "Thanks for your profile" in phone.get("/me/points").text


def test_whoever_was_made_one_with_them_had_it_for_both(shop: Shop, member: UUID, phone: Phone) -> None:
    reward(shop)
    other = join(shop.database, fields={"gender": "female"})
    with shop.database.session() as session:
        commit_no = open_commit(session, START_MS)
        changing.change(
            session, vault(), other, {"birthday": "05-17"}, source="desk", actor="a", commit_no=commit_no,
            now_ms=START_MS,
        )  # fmt: skip
    merge(shop.database, member, other)
    assert points(shop, member) == 50
    assert "50 points" not in phone.get(PATH).text
    phone.submit(PATH, PATH, gender="male", birthday="06-18")
    assert points(shop, member) == 50


def test_what_is_left_empty_stays_and_what_is_ticked_goes(shop: Shop, member: UUID, phone: Phone) -> None:
    form = {"area": "望京", "interests.pets": "1", "interests.baby": "1", "household": "two"}
    phone.submit(PATH, PATH, **form)
    phone.submit(PATH, PATH, **{"gone.area": "1", "gone.gender": "1", "household": "", "interests.wine": "1"})
    found = told(shop, member)
    assert (found["interests"], found["household"], "area" in found) == ("wine", "two", False)
    assert found["name"], "what this page does not ask for is not touched"


def test_nothing_told_is_shown_and_a_birthday_is_told_once(shop: Shop, member: UUID, phone: Phone) -> None:
    phone.submit(PATH, PATH, birthday="1990-05-17", area="望京")
    page = phone.get(PATH).text
    assert "望京" not in page
    assert "1990-05-17" not in re.sub(r"As 1990-05-17", "", page)
    assert 'name="birthday"' not in page
    phone.submit(PATH, PATH, birthday="1991-06-18", **{"gone.birthday": "1"})
    assert told(shop, member)["birthday"] == "1990-05-17"


@pytest.mark.parametrize(
    ("form", "field"),
    [({"birthday": "31 May"}, "Birthday"), ({"gender": "blue"}, "Gender"), ({"area": "x" * 2_000}, "Area")],
)
def test_what_does_not_fit_is_named_and_nothing_is_kept(
    shop: Shop, member: UUID, phone: Phone, form: dict[str, str], field: str
) -> None:
    answer = phone.submit(PATH, PATH, household="two", **form)
    assert answer.status_code == 422
    assert f"{field}: look at this once more." in answer.text
    assert '<option value="two" selected>' in answer.text, "what was typed besides is not lost"
    assert "household" not in told(shop, member)
