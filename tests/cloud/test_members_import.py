"""Members from a spreadsheet on both databases: every bad row named, all or nothing, repeatable."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.errors import Conflict, Invalid
from cloud.ledger.reading import points_of
from cloud.member_import.importing import Importer, MemberImport
from cloud.members import enrolling, finding
from cloud.members.models import Card, Member
from cloud.members.sets import refresh
from tests.cloud.members_data import CARD, OTHER_CARD, join, mint, open_chain, shown, take, vault
from tests.factories import START_MS, make_sale

HEADER = "reference,name,phone,home_store,cards\n"


@pytest.fixture(autouse=True)
def _chain(database: Database) -> None:
    open_chain(database)


def run(database: Database, text: str, *, dry_run: bool = False) -> MemberImport:
    with database.session() as session:
        return Importer(vault(), mint, START_MS, open_commit).run(session, text.encode(), dry_run=dry_run)


def count(database: Database, model: type[Member | Card]) -> int:
    with database.snapshot() as session:
        return int(session.execute(select(func.count()).select_from(table_of(model))).scalar_one())


def test_a_file_of_members_is_stored_and_found_by_card(database: Database) -> None:
    take(database, [make_sale([("1002", 1)], member=shown(CARD), store="s002")])
    text = f"{HEADER}h1,李小明,13800138000,s001,{CARD} {OTHER_CARD}\nh2,,,,8810000000000003\n"
    assert run(database, text, dry_run=True) == MemberImport(rows=2, cards=3)
    assert count(database, Member) == 0
    assert run(database, text) == MemberImport(rows=2, cards=3, stored=True, sales_credited=1)
    with database.session() as session:
        member, seen = finding.by_card(session, vault(), OTHER_CARD, date(2026, 6, 30))
        assert (seen.masked_name, seen.points, seen.home_store) == ("李**", 12, "s001")
        assert points_of(session, [member]) == {member: 12}
        assert enrolling.find_by_phone(session, vault(), "+8613800138000") == [member]
        assert refresh(session, today=date(2026, 6, 30)).stores == {"s001", "s002"}


def test_repeating_an_import_makes_nobody_twice(database: Database) -> None:
    text = f"{HEADER}h1,Ann,,s001,{CARD}\n"
    run(database, text)
    again = run(database, text + f"h2,Bob,,s002,{OTHER_CARD}\n")
    assert again == MemberImport(rows=2, known=1, cards=1, stored=True)
    assert count(database, Member) == 2


def test_p5_a_card_that_somebody_else_got_meanwhile_stays_theirs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another desk gave it away after the look at who owns the file's cards: the look saw nothing."""
    owner = join(database, cards=[CARD])
    monkeypatch.setattr(Importer, "check_owners", lambda *_: None)
    with pytest.raises(Conflict):
        run(database, f"{HEADER}h1,Ann,,s001,{CARD}\n")
    assert count(database, Member) == 1
    with database.session() as session:
        assert finding.by_card(session, vault(), CARD, date(2026, 6, 30))[0] == owner


def test_every_bad_row_is_named_and_nothing_is_stored(database: Database) -> None:
    join(database, [CARD])
    rows = [
        "h1,Ann,,s999,8810000000000010",
        "h2,Bob,12,s998,?",
        f"h3,Cid,,s001,{CARD}",
        "h4,Dan,,s001,8810000000000011",
        "h5,Eve,,s001,8810000000000011",
        "h6,,,s001,",
        "h7,Fay,,s001,?",
        "h4,Gus,,s001,",
    ]
    found = run(database, HEADER + "\n".join(rows))
    assert [(problem.row, problem.column) for problem in found.problems] == [
        (2, "home_store"),
        (3, "home_store"),
        (3, "cards"),
        (3, "phone"),
        (4, "cards"),
        (6, "cards"),
        (7, "cards"),
        (8, "cards"),
        (9, "reference"),
    ]
    assert found.bad_rows == 7
    assert not found.stored
    assert count(database, Member) == 1
    assert not any(CARD in problem.problem for problem in found.problems)


def test_a_file_that_is_no_table_of_members_is_refused(database: Database) -> None:
    for text in ("", "name,shoe_size\nAnn,44\n"):
        with pytest.raises(Invalid):
            run(database, text)


def test_thousands_of_members_come_in_at_once(database: Database) -> None:
    rows = "".join(f"h{n},,,s001,88{n:010}\n" for n in range(3_000))
    assert run(database, HEADER + rows).stored
    assert (count(database, Member), count(database, Card)) == (3_000, 3_000)
