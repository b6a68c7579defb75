"""Bodies as files, desired state, the audit's books, and who runs what."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

import msgspec
import pytest
from sqlmodel import Session

from cloud.database import Database
from cloud.fleet.models import Agent
from cloud.ingest.desired import deltas_for, desired_document
from cloud.org.models import LegalEntity, StoreOwnership
from cloud.prices.adoption import reported_versions
from cloud.prices.bodies import BodyFiles, delta_name, render_delta, render_whole
from cloud.prices.books import StoreBooks
from cloud.prices.models import StoreManifest
from cloud.prices.revert import rollback, withdraw
from cloud.prices.settings import TillSettings, set_till_settings
from shared.body import BodyKind, body_hash, bucket_hashes, empty_hash, read_body
from shared.pricing import BasketLine, PriceMissing, PricingContext, price_basket
from shared.wire.desired import DesiredState, Manifest
from shared.wire.messages import Reported, TillReport
from tests.cloud.prices_data import ACT, DAY_MS, content_of, found_chain, item, later, price, publish_rows, report
from tests.factories import START_MS


@pytest.fixture
def files(tmp_path: Path) -> BodyFiles:
    return BodyFiles(tmp_path / "bodies")


@pytest.fixture
def chain(database: Database) -> None:
    """Version 1 in force, 2 in force instead, 3 staged in February, 4 in March."""
    with database.session() as session:
        found_chain(session)
        publish_rows(session, [item("1"), item("2"), *(price(str(n), 100 + n) for n in range(1, 40))])
        publish_rows(session, [price("1", 90), price("2", None)])
        publish_rows(session, [price("3", 33), price("50", 5)], at="2026-02-01T00:00")
        publish_rows(session, [price("4", 44), item("3")], at="2026-03-01T00:00")


pytestmark = pytest.mark.usefixtures("chain")


def manifest_of(session: Session, version: int, store: str = "s1") -> dict[str, str]:
    document = msgspec.json.decode(session.get_one(StoreManifest, (version, store)).content, type=Manifest)
    return {f"{body.kind}/{body.scope}": body.hash for body in document.bodies}


def proven(content: bytes) -> dict[str, bytes]:
    header, rows = read_body(content)
    found = {key: row for key, row in rows if row is not None}
    assert body_hash(header.kind, header.scope, bucket_hashes(found.items())) == header.hash
    return found


def test_a_whole_body_file_proves_its_own_hash(database: Database) -> None:
    with database.session() as session:
        hash_ = manifest_of(session, 2)["prices/z1"]
        content = render_whole(session, hash_)
        assert content is not None
        assert len(proven(content)) == 38
        assert render_whole(session, "0" * 64) is None


def test_every_delta_leads_to_the_hash_it_names(database: Database) -> None:
    with database.session() as session:
        rollback(session, 1, later(1000))
        hashes = {manifest_of(session, version)["prices/z1"] for version in (1, 2, 3, 4, 5, 6, 7)}
        hashes.add(empty_hash(BodyKind.PRICES, "z1"))
        for base in hashes:
            start = render_whole(session, base)
            for goal in hashes:
                delta = render_delta(session, base, goal)
                if delta is None:
                    assert goal == empty_hash(BodyKind.PRICES, "z1")
                    continue
                header, rows = read_body(delta)
                assert (header.base, header.hash) == (base, goal)
                after: dict[str, bytes | None] = {} if start is None else dict(proven(start))
                after |= dict(rows)
                left = [(key, row) for key, row in after.items() if row is not None]
                assert body_hash(BodyKind.PRICES, "z1", bucket_hashes(left)) == goal


def test_files_are_rendered_once_kept_and_bounded(database: Database, tmp_path: Path) -> None:
    with database.session() as session:
        first, second = manifest_of(session, 1)["prices/z1"], manifest_of(session, 2)["prices/z1"]
        small = BodyFiles(tmp_path / "small", max_bytes=10)
        path = small.render(session, first)
        assert path is not None
        assert small.cached(first) == path
        assert small.render(session, delta_name(first, second)) is not None
        assert small.cached(first) is None
        assert small.render(session, "../../etc/passwd") is None
        assert small.cached("../x") is None
        assert not list((tmp_path / "small").glob("*.part"))


def test_many_askers_at_once_get_one_file(database: Database, files: BodyFiles, tmp_path: Path) -> None:
    with database.session() as session:
        name = manifest_of(session, 1)["prices/z1"]
    found: list[Path | None] = []

    def ask() -> None:
        with database.snapshot() as session:
            found.append(files.render(session, name))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [tmp_path / "bodies" / f"{name}.zst"] * 8


def desired(session: Session, now_ms: int, agent: str = "s1-a") -> DesiredState:
    document = desired_document(session, session.get_one(Agent, agent), now_ms)
    assert document is not None
    return document


def test_desired_state_starts_with_the_version_in_force(database: Database) -> None:
    with database.session() as session:
        found = desired(session, START_MS)
        assert [entry.version for entry in found.timeline] == [2, 3, 4]
        assert found.timeline[1].activates_local == "2026-02-01T00:00:00"
        assert [entry.version for entry in desired(session, START_MS + 40 * DAY_MS).timeline] == [3, 4]
        # The manifest travels as its exact bytes.
        again = msgspec.json.decode(msgspec.json.encode(found), type=DesiredState)
        row = session.get_one(StoreManifest, (2, "s1"))
        assert (bytes(again.timeline[0].manifest), again.timeline[0].hash) == (row.content, row.hash)
        assert found == desired(session, START_MS + 1)


def test_desired_state_carries_the_store_s_settings(database: Database) -> None:
    with database.session() as session:
        set_till_settings(session, TillSettings(card_prefixes=["77"], card_digits=10))
        session.add(LegalEntity(id="north-ltd", name="North"))
        session.flush()
        session.add(StoreOwnership(store_id="s1", from_date=date(2026, 1, 3), legal_entity_id="north-ltd"))
        session.flush()
        settings = desired(session, START_MS).settings
        assert (settings.store, settings.card_prefixes, settings.card_digits) == ("s1", ["77"], 10)
        assert [(till.till, till.number) for till in settings.tills] == [("t1", 1)]
        assert settings.legal_entity == "chain"
        assert desired(session, START_MS + 3 * DAY_MS).settings.legal_entity == "north-ltd"


def test_deltas_chain_from_what_the_agent_holds(database: Database, files: BodyFiles) -> None:
    with database.session() as session:
        agent = session.get_one(Agent, "s1-a")
        hashes = {version: manifest_of(session, version) for version in (1, 2, 3, 4)}

        def steps(reported: Reported, **options: int) -> list[tuple[str, str]]:
            found = deltas_for(session, agent, reported, START_MS, files, **options)
            return [(header.base, header.hash) for header in (read_body(delta)[0] for delta in found)]

        def runs(version: int, staged: list[int], newest: int) -> Reported:
            tills = [TillReport(till="t1", version=version)]
            return Reported(software="1", engine=1, tills=tills, staged=staged, body_hashes=hashes[newest])

        prices, items = "prices/z1", "items/chain"
        way = [hashes[version][prices] for version in (1, 2, 3, 4)]
        last_items = (hashes[3][items], hashes[4][items])
        assert steps(runs(1, [], 1)) == [(way[0], way[1]), (way[1], way[2]), last_items, (way[2], way[3])]
        assert steps(runs(2, [3], 3)) == [last_items, (way[2], way[3])]
        assert steps(runs(2, [3, 4], 4)) == []
        # An agent with nothing fetches the bodies in force as files; what is staged on them comes along.
        assert steps(Reported(software="1", engine=1)) == [(way[1], way[2]), last_items, (way[2], way[3])]
        assert steps(runs(1, [], 1), limit_bytes=10) == []
        # A staged version was rebuilt: its stand-in is reached from the version in force, not from the dead branch.
        publish_rows(session, [price("9", 9)], at="2026-01-15T00:00")
        middle = manifest_of(session, 5)[prices]
        assert steps(runs(2, [3, 4], 4))[0] == (way[1], middle)


def test_p8_the_audit_prices_with_a_withdrawn_version(database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [price("1", 80, "s1", BodyKind.OVERRIDES)], ["store:s1"], at="2026-02-15T00:00")
        gone = 5
        withdraw(session, gone, ACT)
        publish_rows(session, [price("1", 70)], act=later(1000))
    books = StoreBooks()
    with database.snapshot() as session:
        book = books.book(session, "s1", gone)
        assert book is not None
        book.prefetch(["1", "2", "3", "404"])
        priced = price_basket(
            [BasketLine(n=1, item="1", quantity=2)], book, PricingContext(at_ms=START_MS, time_zone="Asia/Shanghai")
        )
        assert priced.total_minor == 160
        assert book.hash == session.get_one(StoreManifest, (gone, "s1")).hash
        with pytest.raises(PriceMissing):
            price_basket(
                [BasketLine(n=1, item="2", quantity=1)], book, PricingContext(at_ms=0, time_zone="Asia/Shanghai")
            )
        assert books.book(session, "s2", gone) is None
        assert books.book(session, "s1", 99) is None


def test_books_forget_the_bodies_used_longest_ago(database: Database) -> None:
    books = StoreBooks(max_rows=10)
    with database.snapshot() as session:
        for version in (1, 2, 3, 4, 1):
            book = books.book(session, "s1", version)
            assert book is not None
            book.prefetch([str(n) for n in range(1, 9)])
            expected = {key for kind, _, key in content_of(session, "s1", version) if kind == "prices"}
            assert [book.price(str(n)) is not None for n in range(1, 9)] == [str(n) in expected for n in range(1, 9)]


def test_who_runs_what(database: Database) -> None:
    with database.session() as session:

        def drift(store: str, now_ms: int = START_MS) -> str:
            (found,) = reported_versions(session, now_ms, [store])
            return str(found.drift)

        assert drift("s1") == "silent"
        for version, staged, expected in (
            (2, [3, 4], "active"),
            (2, [3], "waiting"),
            (1, [2, 3], "staged"),
            (1, [], "behind"),
            (9, [], "ahead"),
        ):
            report(session, "s1-a", version=version, staged=staged)
            assert drift("s1") == expected
        report(session, "s1-a", version=2, staged=[3, 4])
        assert drift("s1", START_MS + 40 * DAY_MS) == "staged"
        assert drift("s1", START_MS - DAY_MS) == "no_book"
        assert [(found.store, found.till) for found in reported_versions(session, START_MS)] == [
            ("s1", "t1"), ("s2", "t1"), ("s3", "t1"),
        ]  # fmt: skip
