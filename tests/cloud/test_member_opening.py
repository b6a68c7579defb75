"""Taking over an existing base, on both databases: checked whole, loaded in pieces, reconciled, signed by another."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import Session, col, func, select
from typer.testing import CliRunner

from cloud import cli
from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.identity import keys
from cloud.ledger.kinds import MEMBER_POINTS, POINTS, PURSE_GIFT, PURSE_PRINCIPAL
from cloud.ledger.models import Lot, Posting
from cloud.ledger.proof import prove
from cloud.ledger.reading import points_of
from cloud.loyalty.tiers import tiers_of
from cloud.member_import import importing, loading, signing, taking_back
from cloud.member_import.loading import Loader
from cloud.member_import.models import LOADED, REFUSED, SIGNED, MemberOpening, OpeningTotal
from cloud.members import enrolling, finding, sets
from cloud.members.models import ACTIVE, CLOSED, PENDING, Member, MemberField
from tests.cloud.members_data import CARD, OTHER_CARD, join, make_keys, mint, open_chain, shown, take, vault
from tests.factories import START_MS, make_sale
from tests.provision.databases import new_sqlite

YEAR = 2026
HEADER = "reference,name,phone,home_store,cards,tier,points,points_lots,stored_minor,gift_minor\n"
FILE = (
    HEADER
    + f"h1,李小明,13800138000,s001,{CARD},silver,,300@2026-12-31;200,10000,500\n"
    + f"h2,Bob,13800138001,s002,{OTHER_CARD},,40,,,\n"
    + "h3,Cid,13800138002,,,,,,,\n"
)


@pytest.fixture(autouse=True)
def _chain(request: pytest.FixtureRequest) -> None:
    name = "sqlite_database" if "sqlite_database" in request.fixturenames else "database"
    if name in request.fixturenames:
        open_chain(request.getfixturevalue(name))


def loader(database: Database, actor: str = "person:ana") -> Loader:
    return Loader(database, importing.Importer(vault(), mint, START_MS, open_commit), actor)


def load(database: Database, text: str = FILE) -> UUID:
    done = loader(database).load(text.encode(), "base.csv")
    assert done.opening is not None, done.file.problems
    return done.opening


def sign(database: Database, opening: UUID, actor: str = "person:bob") -> int:
    with database.session() as session:
        return signing.sign(session, opening, actor=actor, commit_no=open_commit(session, START_MS), now_ms=START_MS)


def member_of(session: Session, reference: str) -> Member:
    return session.exec(select(Member).where(Member.reference == reference)).one()


def test_a_base_comes_over_with_everything_it_holds(database: Database) -> None:
    sale = make_sale([("1001", 10)], member=shown(CARD))
    assert not take(database, [sale])
    opening = load(database)
    with database.session() as session:
        assert [row.status for row in session.exec(select(Member))] == [PENDING] * 3
        found = signing.reconcile(session, opening)
        assert {(line.kind, line.unit): (line.file_members, line.file) for line in found.lines} == {
            (MEMBER_POINTS, POINTS): (2, 540),
            (PURSE_PRINCIPAL, "CNY"): (1, 10_000),
            (PURSE_GIFT, "CNY"): (1, 500),
        }
        assert (found.agrees, found.members, found.cards, found.opening.status) == (True, 3, 2, LOADED)
        assert prove(session).holds
        with pytest.raises(NotFound):
            finding.by_card(session, vault(), CARD, date(YEAR, 6, 30))
    assert sign(database, opening) == 1
    with database.session() as session:
        assert prove(session).holds
        li = member_of(session, "h1")
        found_member, sight = finding.at_till(session, vault(), CARD, date(YEAR, 6, 30))
        assert (found_member, sight.tier, li.status) == (li.id, "silver", ACTIVE)
        assert sight.points > 500, "the sale before counts too"
        assert enrolling.find_by_phone(session, vault(), "13800138000") == [li.id]
        lots = [lot for lot in session.exec(select(Lot)) if lot.purpose == "opening" and lot.amount in (200, 300)]
        assert sorted((lot.expires_on for lot in lots), key=str) == [date(2027, 1, 1), None], (
            "the last day counts whole"
        )
        sets.refresh(session, today=date(YEAR, 6, 30))


def test_nothing_is_active_before_the_signature_and_the_signer_is_another(database: Database) -> None:
    opening = load(database)
    with pytest.raises(Refused) as refused:
        sign(database, opening, actor="person:ana")
    assert refused.value.code == "same_person"
    with database.session() as session:
        sets.refresh(session, today=date(YEAR, 6, 30))
        assert not list(session.exec(select(Member).where(Member.status == ACTIVE)))
    sign(database, opening)
    with pytest.raises(Refused) as refused:
        sign(database, opening)
    assert refused.value.code == "opening_signed"


@pytest.mark.parametrize(
    ("row", "column", "says"),
    [
        ("h9,Ann,13800138009,s001,,gold,,,,", "tier", "no tier 'gold'"),
        ("h9,Ann,13800138009,s001,,,12.5,,,", "points", "neither a whole number"),
        ("h9,Ann,13800138009,s001,,,-5,,,", "points", "neither a whole number"),
        ("h9,Ann,13800138009,s001,,,,300@2026-02-30,,", "points_lots", "no day of the calendar"),
        ("h9,Ann,13800138009,s001,,,5,6,,", "points", "count twice"),
        ("h9,Ann,13800138009,s001,,,,,1e3,", "stored_minor", "whole number"),
        ("h9,Ann,13800138009,s001,,,,,,99999999999", "gift_minor", "whole number"),
        ("h9,Ann,1380,s001,,,,,,", "phone", "E.164"),
        (f"h9,Ann,13800138009,s001,{CARD},,,,,", "cards", "row 2"),
        ("h9,Ann,13800138009,s999,,,,,,", "home_store", "no store"),
        (
            "h9,Ann,1380,s999,,gold,5,x,1e3,-1",
            "home_store phone tier points points_lots stored_minor gift_minor",
            "no s",
        ),
    ],
)
def test_every_bad_row_is_named_and_nothing_is_loaded(database: Database, row: str, column: str, says: str) -> None:
    done = loader(database).load(f"{FILE}{row}\n".encode(), "base.csv")
    assert done.opening is None
    assert [(one.row, one.column) for one in done.file.problems] == [(5, one) for one in column.split()]
    assert done.file.bad_rows == 1
    assert says in done.file.problems[0].problem
    with database.session() as session:
        assert session.exec(select(func.count()).select_from(MemberOpening)).one() == 0


def test_an_import_without_signature_takes_no_balances(database: Database) -> None:
    with database.session() as session, pytest.raises(Invalid, match="taken over by an opening"):
        importing.Importer(vault(), mint, START_MS, open_commit).run(session, FILE.encode())


def test_who_is_interrupted_goes_on_and_nothing_comes_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "AT_ONCE", 2)
    text = HEADER + "".join(f"r{n},M{n},1380013{n:04},s001,,,{n + 1},,,\n" for n in range(7))
    told: list[tuple[int, int]] = []

    def stop(done: int, rows: int) -> None:
        told.append((done, rows))
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loader(database).load(text.encode(), "base.csv", stop)
    with database.session() as session:
        opening = session.exec(select(MemberOpening)).one().id
        with pytest.raises(Refused, match="loading"):
            signing.sign(session, opening, actor="person:bob", commit_no=1, now_ms=1)
    assert loader(database).load(text.encode(), "base.csv", lambda *_: None).opening == opening
    assert told == [(2, 7), (4, 7)]
    with database.session() as session:
        assert signing.reconcile(session, opening).agrees
        assert session.exec(select(func.count()).select_from(Member)).one() == 7
    with pytest.raises(Conflict, match="here already"):
        loader(database).load(text.encode(), "base.csv")


def decide(database: Database, opening: UUID) -> None:
    with database.session() as session:
        signing.refuse(session, opening, reason="wrong file", actor="person:ana", now_ms=START_MS)


def test_an_opening_that_is_refused_leaves_nobody_and_the_books_hold(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = load(database)
    monkeypatch.setattr(taking_back, "AT_ONCE", 2)
    decide(database, opening)
    with pytest.raises(Refused, match="taking_back"):
        sign(database, opening)
    with pytest.raises(Conflict, match="taking_back"):
        load(database)

    def killed(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taking_back.take_back(database, opening, lambda: START_MS, killed)
    with database.session() as session:
        assert prove(session).holds, "between two parts too"
        assert sorted(row.status for row in session.exec(select(Member))) == [CLOSED, PENDING, PENDING]
        assert taking_back.waiting(session) == [opening]
    told: list[tuple[int, int]] = []
    assert taking_back.take_back(database, opening, lambda: START_MS, lambda *how: told.append(how)) == 2
    assert told == [(3, 3)]
    assert taking_back.take_back(database, opening, lambda: START_MS) == 0
    with database.session() as session:
        assert prove(session).holds
        members = list(session.exec(select(Member)))
        assert {row.status for row in members} == {CLOSED}
        assert {row.reference for row in members} == {None}
        assert not list(session.exec(select(MemberField)))
        assert set(points_of(session, [row.id for row in members]).values()) == {0}
        assert session.get_one(MemberOpening, opening).status == REFUSED
        assert session.exec(select(func.sum(col(Posting.amount)))).one() == 0
        decided = session.exec(select(AuditEntry).where(AuditEntry.subject == str(opening))).all()
        assert [(one.actor, one.reason) for one in decided if one.reason] == [("person:ana", "wrong file")]
    with pytest.raises(Refused, match="refused already"):
        decide(database, opening)
    with database.snapshot() as session:
        taken_back = signing.reconcile(session, opening)
    assert {(line.ledger_members, line.ledger) for line in taken_back.lines} == {(0, 0)}
    again = load(database)
    assert again != opening, "what was taken back can be loaded anew, as it is"
    sign(database, again)
    with database.session() as session:
        assert prove(session).holds
        assert len(list(session.exec(select(Member).where(Member.status == ACTIVE)))) == 3


def test_a_file_whose_figures_do_not_reach_the_ledger_cannot_be_signed(database: Database) -> None:
    opening = load(database)
    with database.session() as session:
        row = session.get_one(MemberOpening, opening)
        assert row.status == LOADED
        total = OpeningTotal
        wrong = session.exec(select(total).where(total.kind == MEMBER_POINTS)).one()
        wrong.amount += 1
        session.add(wrong)
    with pytest.raises(Refused) as refused:
        sign(database, opening)
    assert refused.value.code == "totals_differ"


def test_a_card_given_away_meanwhile_stops_the_signature(database: Database) -> None:
    opening = load(database)
    join(database, [OTHER_CARD])
    with pytest.raises(Refused) as refused:
        sign(database, opening)
    assert refused.value.code == "cards_taken"


def test_a_second_file_leaves_known_references_alone(database: Database) -> None:
    sign(database, load(database))
    more = loader(database).load((FILE + "h4,Dan,13800138003,s001,,,7,,,\n").encode(), "more.csv")
    assert more.opening is not None
    assert (more.file.rows, more.file.known, len(more.file.good)) == (4, 3, 1)
    sign(database, more.opening)
    with database.session() as session:
        dan = member_of(session, "h4")
        assert (points_of(session, [dan.id])[dan.id], tiers_of(session, [dan.id], date(YEAR, 6, 30))) == (
            7,
            {dan.id: ""},
        )
        assert session.get_one(MemberOpening, more.opening).status == SIGNED


def test_the_file_itself_is_not_kept(sqlite_database: Database, tmp_path: Path) -> None:
    load(sqlite_database)
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("cloud.db*"))
    assert b"13800138000" not in stored
    assert "李小明".encode() not in stored


def test_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "load", lambda _: make_keys())
    (tmp_path / "keys").mkdir()
    open_chain(new_sqlite(tmp_path / "cloud.db"))
    file = tmp_path / "base.csv"

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(cli.app, ["--data-dir", str(tmp_path), "members", "opening", *arguments])
        assert result.exit_code == code, result.output
        return result.output

    file.write_text(FILE + "h9,Ann,123,,,,,,,\n")
    assert "row 5, phone" in run("load", str(file), code=1)
    file.write_text(FILE)
    assert "member_points\t540 POINTS\tof 2 members" in run("load", str(file))
    said = run("load", str(file), "--store")
    assert "3 of 3" in said
    opening = said.partition("Loaded as ")[2].partition(".")[0]
    assert f"{opening}\tloaded" in run("list")
    assert "agrees" in run("show", opening)
    assert "does not sign" in run("sign", opening, code=1)
    assert "3 members gone" in run("refuse", opening, "--reason", "wrong file")
