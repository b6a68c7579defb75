"""Rows held in memory reach a statement as they are, on both databases."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import BigInteger, Date, Integer, String, Uuid, select

from cloud.database import Database
from cloud.database.rowset import rowset
from tests.factories import new_id

_SHAPE = {"n": Integer(), "id": Uuid(), "big": BigInteger(), "day": Date(), "text": String()}
_ROWS = [
    (1, UUID(int=0), -(2**62), date(1, 1, 1), ""),
    (2, UUID(int=2**128 - 1), 2**62, date(1999, 12, 31), "超市 'a'\\,{}\"NULL\""),
    (-3, new_id(), 0, date(9999, 12, 31), "x" * 100_000),
]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([], id="none at all"),
        pytest.param(_ROWS, id="one of each kind"),
        pytest.param([*_ROWS, (4, None, None, None, None)], id="nulls among them"),
    ],
)
def test_rows_come_back_as_they_went_in(database: Database, rows: list[tuple[Any, ...]]) -> None:
    with database.session() as session:
        found = session.execute(select(*rowset(session, "given", _SHAPE, rows).c)).all()
    assert [tuple(row) for row in found] == rows
