"""The leaderboard on the members' own page: nobody stands there unasked, one touch on, one touch off."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.database import Database
from cloud.members import rules
from tests.cloud.member_page_data import Phone, Shop, a_member, bought, mark_in, open_shop


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path) -> Shop:
    return open_shop(sqlite_database, tmp_path)


def test_one_touch_puts_a_member_on_the_board_and_another_takes_them_off(shop: Shop) -> None:
    a_member(shop)
    bought(shop)
    phone = Phone(shop)
    phone.sign_in()
    assert "/me/board" not in phone.get("/me/points").text
    assert phone.get("/me/board").status_code == 404
    with shop.database.session() as session:
        board = rules.Leaderboard(version=1, on=True, by="visits", period="year")
        rules.publish(session, board, actor="ann", now_ms=1)
    assert "/me/board" in phone.get("/me/points").text
    page = phone.get("/me/board")
    assert "Nobody stands here yet." in page.text
    assert phone.post("/me/board", mark=mark_in(page), give="1").status_code == 303
    page = phone.get("/me/board")
    assert "1. 李**" in page.text
    assert "(you)" in page.text
    assert "排行榜" in Phone.get(phone, "/me/board?language=zh").text
    assert phone.post("/me/board", mark=mark_in(page)).status_code == 303
    assert "李**" not in phone.get("/me/board").text
