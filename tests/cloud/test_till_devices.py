"""Which devices stand at a till: said once at head office, refused where it cannot be, and what the agent is told."""

from __future__ import annotations

import pytest

from cloud.database import Database
from cloud.errors import Invalid, NotFound
from cloud.fleet.models import Agent
from cloud.ingest.desired import desired_document
from cloud.org import devices, stores
from cloud.org.models import Store
from shared.topics import SHARDS
from shared.wire.desired import DeviceBinding
from tests.cloud.prices_data import found_chain
from tests.cloud.test_roster import _chain, _settled
from tests.factories import START_MS, DrivenMachineClock

SCANNER = DeviceBinding(
    device="scanner", profile="serial_line", transport="serial", address="/dev/serial/by-path/pci-1", role="goods"
)
PRINTER = DeviceBinding(device="printer", profile="epson_tm_t88v", transport="usb", address="usb:1-1.2")


def _store(database: Database) -> None:
    with database.session() as session:
        row = Store(id="s1", name="s1", time_zone="Asia/Shanghai", currency="CNY", price_zone="main")
        stores.add_store(session, row, actor="test", now_ms=0)
        stores.add_till(session, "s1", "t1", number=1, actor="test", now_ms=0)


def _bind(database: Database, *bindings: DeviceBinding, till: str = "t1") -> None:
    with database.session() as session:
        devices.bind(session, "s1", till, bindings, actor="test", now_ms=0)


def test_devices_are_kept_as_they_were_said(database: Database) -> None:
    _store(database)
    _bind(database, SCANNER, PRINTER)
    with database.snapshot() as session:
        assert devices.bound(session, "s1", "t1") == [SCANNER, PRINTER]
        assert devices.by_till(session, ["s1", "s2"]) == {("s1", "t1"): [SCANNER, PRINTER]}
    _bind(database)
    with database.snapshot() as session:
        assert devices.bound(session, "s1", "t1") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"profile": "no_such_model"}, "no profile of 'no_such_model'"),
        ({"transport": "evdev"}, "is reached by"),
        ({"address": ""}, "say where it is plugged in"),
        ({"role": "coupons"}, "a role is one of"),
        ({"device": "The Scanner"}, "The Scanner"),
        ({"settings": {"no.such.key": 1}}, "no"),
    ],
)
def test_device_that_cannot_be_is_refused_by_name(database: Database, changes: dict[str, object], words: str) -> None:
    _store(database)
    said = {name: getattr(SCANNER, name) for name in SCANNER.__struct_fields__} | changes
    with pytest.raises(Invalid, match=words):
        _bind(database, DeviceBinding(**said))  # type: ignore[arg-type]
    with database.snapshot() as session:
        assert devices.bound(session, "s1", "t1") == []


def test_two_devices_share_neither_name_nor_plug(database: Database) -> None:
    _store(database)
    with pytest.raises(Invalid, match="called 'scanner'"):
        _bind(database, SCANNER, SCANNER)
    other = DeviceBinding(device="scanner-2", profile="serial_line", transport="serial", address=SCANNER.address)
    with pytest.raises(Invalid, match="plug of scanner already"):
        _bind(database, SCANNER, other)
    with pytest.raises(NotFound):
        _bind(database, SCANNER, till="t9")


def test_agents_of_the_chain_are_looked_at_when_devices_change(database: Database, clock: DrivenMachineClock) -> None:
    _chain(database, clock)
    with database.session() as session:
        stores.add_till(session, "s1", "t1", number=1, actor="test", now_ms=0)
    roster = _settled(database, clock)
    for bindings in ([SCANNER], [SCANNER, PRINTER]):
        _bind(database, *bindings)
        assert "s1-a" in roster.due(SHARDS)
        while roster.due(SHARDS):
            clock.advance(1)


def test_agent_is_told_its_tills_devices(database: Database) -> None:
    with database.session() as session:
        found_chain(session)
        devices.bind(session, "s1", "t1", [SCANNER], actor="test", now_ms=0)
        for agent, bindings in (("s1-a", [SCANNER]), ("s2-a", [])):
            document = desired_document(session, session.get_one(Agent, agent), START_MS)
            assert document is not None
            assert [till.devices for till in document.settings.tills] == [bindings]
