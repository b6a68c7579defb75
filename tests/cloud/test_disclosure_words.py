"""What a member reads about themselves is in their words: no column of a database, no code of a program."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.beside import moving, undoing
from cloud.database import Database
from cloud.database.rowset import table_of
from cloud.ledger import holding, settling
from cloud.ledger.models import JournalRow
from cloud.loyalty import earning, giving, referring, transferring
from cloud.member_lifecycle import disclosure
from cloud.member_lifecycle.disclosure_page import page
from cloud.member_lifecycle.disclosure_values import said
from cloud.member_lifecycle.disclosure_words import COLUMNS, MACHINES, PARTS
from cloud.member_lifecycle.traces import TRACES
from cloud.member_page import movements
from cloud.members import journal_words, value
from cloud.members.models import Card, Member
from cloud.rewards import drawing, expiry, gifts, rebate, refunding
from cloud.sales.models import Sale, SaleCoupon, SaleDiscount, SaleLine, SaleReturn, SaleReturnLine, SaleTender, Swipe
from cloud.value import card_returns, correcting, desk_top_ups, topping_up
from shared.web.words import Language
from tests.cloud.member_page_data import a_member, open_shop
from tests.cloud.members_data import vault
from tests.factories import START_MS

MORE = (
    Card, JournalRow, Member, Sale, SaleCoupon, SaleDiscount, SaleLine, SaleReturn, SaleReturnLine, SaleTender, Swipe,
)  # fmt: skip


def test_every_part_and_every_column_of_it_has_a_name_in_both_languages() -> None:
    assert {one.name for one in TRACES if one.name} - set(PARTS) == set()
    shown = [(one.model, one.of_others) for one in TRACES if one.name] + [(model, ()) for model in MORE]
    nameless = {
        f"{model.__tablename__}.{column.name}"
        for model, of_others in shown
        for column in table_of(model).c
        if column.name not in {*COLUMNS, *MACHINES, *of_others} and column.name not in disclosure._INSIDE
    }
    assert nameless == set()


PURPOSES = (
    earning.EARN, earning.RETURN, holding.PLACE, settling.CAPTURE, settling.DRAW, settling.FREE,
    *settling.LET_GO.values(), moving.EARN, moving.REVERSE, giving.BIRTHDAY, referring.PURPOSE,
    referring.FRIEND_PURPOSE, referring.BACK, transferring.PURPOSE, value.PROFILE_REWARD, value.FORFEIT, value.MERGE,
    value.UNMERGE, value.OPENING, value.UNOPENING, drawing.DRAW, drawing.PRIZE, refunding.UNDO, gifts.ORDER,
    gifts.UNDO, rebate.REBATE, rebate.UNDO, expiry.EXPIRE, expiry.UNDO, correcting.PURPOSE, card_returns.PURPOSE,
    topping_up.TOP_UP, desk_top_ups.UNDO, "back:POINTS:3",
)  # fmt: skip


@pytest.mark.parametrize("purpose", PURPOSES)
def test_whatever_moves_members_value_has_a_word(purpose: str) -> None:
    assert journal_words.known(purpose) != journal_words.OTHER


def test_points_spent_at_a_till_are_called_so(sqlite_database: Database, tmp_path: Path) -> None:
    member = a_member(open_shop(sqlite_database, tmp_path))
    till = moving.Till(vault(), "maker", START_MS, START_MS)
    with sqlite_database.session() as session:
        till.earn(session, "e", member, 10_000, moving.Place(store="s001"))
        till.spend(session, "s", member, 40, moving.Place(store="s001"))
        till.undo(session, "b", "s", undoing.Part(points=10), moving.Place(store="s001"))
    with sqlite_database.session() as session:
        assert {(one.kind, one.amount) for one in movements.of_points(session, member).rows} == {
            ("beside_earn", 100), ("spend", -40), ("beside_reverse", 10),
        }  # fmt: skip
        facts = disclosure.export(session, vault(), member, actor="test", now_ms=START_MS)
    written = page(facts, "zh")
    for word in ("消费积分", "结账使用", "收银撤销", "预扣积分"):
        assert f"<td>{word}</td>" in written, word
    for code in ("beside_earn", "capture", "member_points"):
        assert f"<td>{code}</td>" not in written, code


@pytest.mark.parametrize(
    ("column", "found", "language", "words"),
    [
        ("status", "lost", "zh", "已挂失"),
        ("status", "lost", "en", "lost"),
        ("gone", True, "zh", "是"),
        ("gone", False, "en", "no"),
        ("names", '{"en":"Mug","zh":"马克杯"}', "zh", "马克杯"),
        ("names", '{"en":"Mug"}', "zh", "Mug"),
        ("purpose", "give:b1", "zh", "give:b1"),
        ("note", "lost", "zh", "lost"),
    ],
)
def test_a_code_is_said_and_what_has_no_word_stands_as_it_is(
    column: str, found: object, language: Language, words: str
) -> None:
    assert said(column, found, language) == words
