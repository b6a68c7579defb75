"""The pages of devices: which need somebody, what to do, and binding what is plugged in, checked before it is sent."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from cloud import audit
from cloud.cli import app as cli
from cloud.database import Database
from cloud.fleet import device_history, device_words
from cloud.fleet.device_standing import SILENT_MS, all_devices
from cloud.fleet.models import Agent
from cloud.identity import tokens
from cloud.identity.people import Role
from cloud.org import devices
from cloud.org.models import Till
from edge_agent.devices.printers.problems import STOPPING, PrinterProblem
from edge_agent.devices.scales import health
from edge_agent.devices.scanner import NEEDS_SUFFIX
from edge_agent.till.scanning import tally
from edge_agent.till.scanning.selling import LABEL_FINDINGS
from shared.codes import LabelFinding
from shared.wire.desired import DeviceBinding
from shared.wire.messages import DeviceReport, FoundDevice, LabelReport, Reported
from tests.cloud.calling import call
from tests.cloud.console_data import CLOCK, console
from tests.cloud.ingesting import open_store
from tests.cloud.visiting import Visitor, make_person

HOUR = 3_600_000
SCANNER = DeviceBinding(device="scanner", profile="usb_keyboard", transport="evdev", address="usb:1-1")
PRINTER = DeviceBinding(device="printer", profile="epson_tm_t88v", transport="usb", address="usb:1-2")
FOUND = FoundDevice(
    address="usb:1-3", usb="05e0:1200", name="Symbol Scanner", transports=["evdev"], models=["usb_keyboard"]
)


def report(one: DeviceBinding, state: str = "idle", **more: object) -> DeviceReport:
    """What an agent says of a bound device."""
    plain = {"transport": one.transport, "address": one.address, "since_ms": CLOCK.wall_ms() - HOUR}
    return DeviceReport(device=f"t1/{one.device}", profile=one.profile, state=state, **(plain | more))  # type: ignore[arg-type]


def hear(database: Database, *reports: DeviceReport, agent: str = "s001-a", ago_ms: int = 5_000) -> None:
    """Let a store's agent report its devices."""
    with database.session() as session:
        row = session.get_one(Agent, agent)
        said = Reported(software="0.1.0", engine=1, devices=list(reports), found=[FOUND])
        device_history.note(session, row, said, CLOCK.wall_ms() - ago_ms)
        row.seen_ms, row.reported = CLOCK.wall_ms() - ago_ms, msgspec.json.encode(said)
        session.add(row)


def bind(database: Database, *bindings: DeviceBinding, till: str = "t1") -> None:
    with database.session() as session:
        devices.bind(session, "s001", till, bindings, actor="test", now_ms=0)


@pytest.fixture
def shop(database: Database) -> Database:
    """A store with two tills."""
    open_store(database)
    with database.session() as session:
        session.add(Till(store_id="s001", id="t1", number=1))
        session.add(Till(store_id="s001", id="t2", number=2))
    return database


@pytest.fixture
def app(sqlite_database: Database) -> FastAPI:
    open_store(sqlite_database)
    with sqlite_database.session() as session:
        session.add(Till(store_id="s001", id="t1", number=1))
        session.add(Till(store_id="s001", id="t2", number=2))
    make_person(sqlite_database, "ivy", Role.IT)
    make_person(sqlite_database, "rue", Role.AUDITOR)
    return console(sqlite_database)


def inside(app: FastAPI, name: str = "ivy", language: str = "en") -> Visitor:
    visitor = Visitor(app, language)
    visitor.enter(name)
    return visitor


def states(database: Database) -> dict[str, str]:
    with database.snapshot() as session:
        return {f"{row.till}/{row.device}": row.state for row in all_devices(session, CLOCK.wall_ms())}


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"state": "idle"}, "ready"),
        ({"state": "busy"}, "ready"),
        ({"state": "closed", "reason": "nothing is plugged in", "code": "no_hardware"}, "away"),
        ({"state": "error", "reason": "out of paper", "code": "paper_end"}, "fault"),
        ({"state": "idle", "conditions": ["paper_near_end"]}, "troubled"),
        ({"state": "idle", "address": "usb:9-9"}, "coming"),
        ({"state": "idle", "transport": "", "address": ""}, "ready"),
    ],
)
def test_how_a_device_stands(shop: Database, said: dict[str, str], state: str) -> None:
    bind(shop, PRINTER)
    hear(shop, report(PRINTER, **said))  # type: ignore[arg-type]
    assert states(shop) == {"t1/printer": state}
    hear(shop, report(PRINTER, **said), ago_ms=HOUR)  # type: ignore[arg-type]
    assert states(shop) == {"t1/printer": "unheard"}, "an offline store is said once, as a store"


def test_a_device_that_is_bound_and_not_heard_of_is_on_its_way(shop: Database) -> None:
    bind(shop, PRINTER)
    assert states(shop) == {"t1/printer": "coming"}


def test_a_scanner_that_reads_nothing_for_a_day_is_said(app: FastAPI, sqlite_database: Database) -> None:
    bind(sqlite_database, SCANNER)
    now = CLOCK.wall_ms()
    hear(sqlite_database, report(SCANNER, since_ms=now - 9 * SILENT_MS, heard_ms=now - HOUR))
    assert states(sqlite_database) == {"t1/scanner": "ready"}
    hear(sqlite_database, report(SCANNER, since_ms=now - 9 * SILENT_MS, heard_ms=now - SILENT_MS - HOUR))
    assert states(sqlite_database) == {"t1/scanner": "troubled"}
    assert "Nothing was read for a day" in inside(app).get("/devices").text


def test_a_scale_that_prints_an_old_price_is_an_alarm_until_its_labels_are_sold(
    app: FastAPI, sqlite_database: Database
) -> None:
    def hear_of(day: date, finding: str, times: int) -> None:
        label = LabelReport(business_date=day.isoformat(), format="weight_price_18", finding=finding, times=times)
        with sqlite_database.session() as session:
            row = session.get_one(Agent, "s001-a")
            row.seen_ms = CLOCK.wall_ms()
            row.reported = msgspec.json.encode(Reported(software="0.1.0", engine=1, labels=[label]))
            session.add(row)

    today = datetime.fromtimestamp(CLOCK.wall_ms() / 1000, UTC).date()
    english, chinese = inside(app, "rue"), inside(app, language="zh")
    store, chain = "/stores/s001/devices", "/devices"
    assert "Nothing was wrong with a label of late." in english.get(store).text
    hear_of(today, LabelFinding.PRICE_OLD.value, 12)
    assert "A scale here prints an old price: 12 labels were turned away" in english.get(store).text
    assert "another price than the till has" in english.get(store).text
    assert "The scales of 1 store print an old price" in english.get(chain).text
    assert "12 张标签" in chinese.get(store).text
    hear_of(today - timedelta(days=3), LabelFinding.PRICE_OLD.value, 12)
    assert "A scale here prints an old price" not in english.get(store).text
    hear_of(today, tally.CHECK_IGNORED, 3)
    assert "A scale here prints an old price" not in english.get(store).text
    assert "print an old price" not in english.get(chain).text
    assert {*LABEL_FINDINGS, tally.CHECK_IGNORED} == set(device_words.LABEL)


def test_the_chain_is_answered_first_and_each_says_what_to_do(app: FastAPI, sqlite_database: Database) -> None:
    visitor = inside(app, "rue")
    assert "No device yet." in visitor.get("/devices").text
    bind(sqlite_database, SCANNER, PRINTER)
    hear(sqlite_database, report(SCANNER), report(PRINTER, "error", code="paper_end", reason="out of paper"))
    chain = visitor.get("/devices").text
    assert "1 of 2 devices needs you, in 1 store." in chain
    assert "No paper: put in a roll and close the cover." in chain
    assert chain.index("t1/printer") < chain.index("t1/scanner"), "who needs somebody comes first"
    assert "t1/scanner" not in visitor.get("/devices?state=need").text
    assert "t1/printer" not in visitor.get("/devices?class=scanners").text
    one = visitor.get("/stores/s001/devices/t1/printer").text
    for fact in ("Epson", "faulty", "No paper", "usb:1-2", "How sure the model"):
        assert fact in one, fact
    assert "Change the binding" not in one
    assert visitor.get("/stores/s001/devices/t1/nothing").status_code == 404
    assert "1 of 1 stores needs you" in visitor.get("/stores").text
    assert "1 thing needs you" in visitor.get("/stores/s001").text
    rows = visitor.get("/devices?export=csv&table=devices").text
    assert rows.count("\n") == 3


def test_what_a_device_went_through_is_kept(shop: Database) -> None:
    bind(shop, PRINTER)
    for ago, said in enumerate(({"state": "idle"}, {"state": "busy"}, {"state": "closed", "reason": "unplugged"},
                                {"state": "idle"})):  # fmt: skip
        hear(shop, report(PRINTER, **said), ago_ms=60_000 - ago * 1000)  # type: ignore[arg-type]
    with shop.snapshot() as session:
        found = device_history.changes_of(session, ["s001-a"], "t1/printer")
    assert [one.state for one in found] == ["idle", "closed", "idle"], "busy is no change"
    page = call(console(shop), "GET", "/stores/s001/devices/t1/printer").text
    assert "unplugged" in page


def form(*rows: dict[str, str], do: str = "send", revision: int = 0, reason: str = "new till") -> dict[str, str]:
    given = {f"{n}.{name}": value for n, row in enumerate(rows) for name, value in row.items()}
    return given | {"do": do, "revision": str(revision), "reason": reason}


ROW = {"device": "scanner", "profile": "usb_keyboard", "transport": "evdev", "address": "usb:1-3", "role": "goods"}
PLACE = "/stores/s001/tills/t1/devices"


def test_what_is_plugged_in_is_bound_by_choosing_it(app: FastAPI, sqlite_database: Database) -> None:
    hear(sqlite_database)
    visitor = inside(app)
    store = visitor.get("/stores/s001/devices").text
    assert "Symbol Scanner" in store
    offered = re.search(r'href="(/stores/s001/tills/t1/devices\?add=[^"]+)"', store)
    assert offered
    page = visitor.get(offered[1]).text
    for filled in ('value="scanner"', '<option value="usb_keyboard" selected>', '<option value="evdev" selected>',
                   'value="usb:1-3"'):  # fmt: skip
        assert filled in page, filled
    checked = visitor.send(PLACE, form(ROW, do="check"), page=PLACE)
    assert "Nothing is wrong with this" in checked.text
    with sqlite_database.snapshot() as session:
        assert devices.bound(session, "s001", "t1") == [], "a check stores nothing"
    sent = visitor.send(PLACE, form(ROW), page=PLACE)
    assert (sent.status_code, sent.headers["location"]) == (303, f"{PLACE}?sent=1")
    assert "1 device is on its way to till t1." in visitor.get(PLACE).text
    hear(sqlite_database, report(msgspec.structs.replace(SCANNER, address="usb:1-3")))
    assert "Till t1 runs what is said here." in visitor.get(PLACE).text
    assert "t1/scanner" in visitor.get("/stores/s001/devices").text, "the plug says what it is bound to"
    with sqlite_database.snapshot() as session:
        act = audit.latest(session, 1)[0]
        assert (act.actor, act.action, act.subject, act.reason) == (
            "person:ivy", "till.devices", "s001/t1", "new till")  # fmt: skip


REFUSED: list[tuple[list[dict[str, str]], str]] = [
    ([{**ROW, "profile": ""}], "no profile of"),
    ([{**ROW, "transport": "tcp"}], "is reached by"),
    ([{**ROW, "address": ""}], "say where it is plugged in"),
    ([{**ROW, "device": "The Scanner"}], "The Scanner"),
    ([ROW, ROW], "each needs a name of its own"),
    ([ROW, {**ROW, "device": "two"}], "is the plug of scanner already"),
    ([{**ROW, "address": "usb:1-1"}], "is the plug of t2/scanner already"),
    ([{**ROW, "settings": "keys.layout de"}], "Settings are lines such as"),
    ([{**ROW, "settings": '"keys.nonsense" = 1'}], "nonsense"),
]


def test_what_cannot_be_is_said_beside_its_device(app: FastAPI, sqlite_database: Database) -> None:
    bind(sqlite_database, SCANNER, till="t2")
    visitor = inside(app)
    for rows, words in REFUSED:
        answer = visitor.send(PLACE, form(*rows), page=PLACE)
        assert answer.status_code == 200
        fault = re.findall(r'role="alert"><strong>(.*?)</strong>', answer.text)
        assert any(words in one for one in fault), fault
        assert f'value="{rows[0]["address"]}"' in answer.text, "what was typed stays"
    with sqlite_database.snapshot() as session:
        assert devices.bound(session, "s001", "t1") == []


def test_settings_come_back_as_they_were_said(app: FastAPI, sqlite_database: Database) -> None:
    visitor = inside(app)
    visitor.send(PLACE, form({**ROW, "settings": 'keys.layout = "de"\nkeys.terminators = ["enter"]'}), page=PLACE)
    with sqlite_database.snapshot() as session:
        (bound,) = devices.bound(session, "s001", "t1")
    assert bound.settings == {"keys.layout": "de", "keys.terminators": ["enter"]}
    assert "&#34;keys.layout&#34; = &#34;de&#34;" in visitor.get(PLACE).text


def test_two_people_do_not_undo_each_other(app: FastAPI, sqlite_database: Database) -> None:
    visitor = inside(app)
    bind(sqlite_database, PRINTER)
    agreed = {"without": "printer"}
    late = visitor.send(PLACE, form(ROW, revision=0) | agreed, page=PLACE)
    assert "Somebody else has changed these devices meanwhile" in late.text
    silent = visitor.send(PLACE, form(ROW, revision=1, reason=""), page=PLACE)
    assert "Say why" in silent.text
    assert visitor.send(PLACE, form({**ROW, "remove": "1"}, revision=1) | agreed, page=PLACE).status_code == 303
    with sqlite_database.snapshot() as session:
        assert devices.bound(session, "s001", "t1") == []


def test_a_till_loses_no_device_that_nobody_spoke_of(app: FastAPI, sqlite_database: Database) -> None:
    """What the till reports is where the form begins, and sending fewer is said by name and agreed to first."""
    hear(sqlite_database, report(SCANNER), report(PRINTER))
    visitor = inside(app)
    page = visitor.get(PLACE).text
    assert all(f'value="{one}"' in page for one in ("scanner", "printer", "usb:1-1", "usb:1-2"))
    fewer = visitor.send(PLACE, form({**ROW, "address": "usb:1-1"}), page=PLACE)
    assert fewer.status_code == 200
    assert "devices that are missing here: printer." in fewer.text
    with sqlite_database.snapshot() as session:
        assert devices.bound(session, "s001", "t1") == []
    bind(sqlite_database, SCANNER, PRINTER)
    assert visitor.send(PLACE, form(ROW, revision=1), page=PLACE).status_code == 200, "and so with what is bound"
    wider = {**ROW, "device": "display"}
    assert visitor.send(PLACE, form(wider, revision=1) | {"without": "printer"}, page=PLACE).status_code == 200
    assert visitor.send(PLACE, form(ROW, revision=1) | {"without": "printer"}, page=PLACE).status_code == 303


def test_who_only_reads_binds_nothing(app: FastAPI, sqlite_database: Database) -> None:
    hear(sqlite_database)
    visitor = inside(app, "rue")
    assert visitor.get(PLACE).status_code == 403
    assert visitor.send(PLACE, form(ROW)).status_code == 403
    assert PLACE not in visitor.get("/stores/s001/devices").text


def test_every_code_that_a_driver_says_has_words() -> None:
    scales = {health.NO_ZERO_AT_START, health.ZERO_DRIFT, health.NEVER_STABLE, health.SILENT, health.UNREADABLE}
    printers = {one.value for one in STOPPING} - {"fault"} | {PrinterProblem.PAPER_NEAR_END.value}
    assert {*scales, *printers, NEEDS_SUFFIX} <= set(device_words.ADVICE)


def test_programs_and_scripts_read_the_same(shop: Database) -> None:
    bind(shop, SCANNER, PRINTER)
    hear(shop, report(SCANNER), report(PRINTER, "error", code="paper_end", reason="out of paper"))
    with shop.session() as session:
        token = tokens.create(session, name="noc", scopes=["fleet:read"], actor="x", now_ms=CLOCK.wall_ms(), days=1)
    headers = {"Authorization": f"Bearer {token}"}
    found = call(console(shop), "GET", "/api/v1/devices?store=s001", headers=headers).json()
    assert [(one["device"], one["state"], one["needs_somebody"]) for one in found] == [
        ("printer", "fault", True), ("scanner", "ready", False)]  # fmt: skip
    assert call(console(shop), "GET", "/api/v1/devices?store=s009", headers=headers).json() == []
    assert call(console(shop), "GET", "/api/v1/devices").status_code == 401
    url = shop.engine.url.render_as_string(hide_password=False)
    listed = CliRunner().invoke(cli, ["agent", "devices"], env={"STOREWIRE_CLOUD_DATABASE_URL": url})
    assert "t1/printer" in listed.output, listed.output
