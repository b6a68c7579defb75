"""The members' page of the demo: telephones that nobody has, and their codes where whoever tries it looks."""

from __future__ import annotations

import json
import re
from pathlib import Path

from cloud.privacy import normal
from deploy.demo import members
from deploy.demo.dataset import Row, SourceBasket
from deploy.demo.telephones import Telephones


def test_each_household_has_a_telephone_of_its_own_that_nobody_can_have():
    numbers = [members.phone_number(household) for household in range(1, 2501)]
    assert len(set(numbers)) == len(numbers)
    for number in numbers:
        assert re.fullmatch(r"\+1[2-9]\d\d55501\d\d", number), "outside the range kept free for stories"
        assert normal.phone(number) == number
    assert members.import_file([845]).decode().splitlines() == [
        "reference,cards,phone",
        "household-845,8800000845,+12095550145",
    ]


def test_whoever_tries_it_is_the_one_who_spends_most_and_is_known_from_the_start():
    late = next(one for one in range(1, 500) if members.is_late(one, 1))
    spent = [(late, 500), (2001, 300), (2000, 100), (2000, 200), (7, 50), (7, 50), (7, 50)]
    rung = [
        SourceBasket(n, 1, household, 1, 0, (Row(1, 1, minor, 0, 0, 0),)) for n, (household, minor) in enumerate(spent)
    ]
    assert members.regular(rung, {2000, 2001}, 1) == 2000
    assert members.regular(rung, {late, 2000, 2001}, 1) == late


def test_a_code_is_said_once_whole_and_alone(tmp_path: Path):
    said: list[str] = []
    messages = tmp_path / "sms.jsonl"
    telephones = Telephones(messages, said.append)
    telephones.look()
    first, notice, second = (
        json.dumps({"template": template, "to": "+12095550145", "text": text}) + "\n"
        for template, text in (("sign_in_code", "111111"), ("points_expire", "soon"), ("sign_in_code", "222222"))
    )
    messages.write_text(first + notice + second[:20])
    telephones.look()
    telephones.look()
    assert said == ["Telephone    +12095550145 gets: 111111"]
    messages.write_text(first + notice + second)
    telephones.look()
    assert said[1:] == ["Telephone    +12095550145 gets: 222222"]
    messages.write_text(first)  # begun anew: it is kept small
    telephones.look()
    assert said[2:] == ["Telephone    +12095550145 gets: 111111"]
