"""A real agent killed between the hold and the payment: it comes back with both, and spends nothing twice. Offline."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from benchmarks.rig.disks import CLOCKS, mint, store_settings
from benchmarks.rig.shop import AGENT, STORE, barcode, open_shop
from edge_agent.disk.agent_row import note_hq_time
from edge_agent.hq import member_set
from edge_agent.web.server import bound
from shared.sealing import card_hash
from shared.value import Allowance
from shared.wire.desired import KnownMember, MemberStep
from shared.wire.events import SaleCompleted, TenderKind, decode_event
from tests.edge.test_pages_browser import SIZES, asked, keys
from tests.edge.test_pages_killed import running
from tests.edge.tills import CARD
from tests.provision.browser import browsing, find_browser
from tests.provision.processes import command

CARD_KEY = bytes(range(32))
"""As `benchmarks.rig.shop` enrols its agent."""
AHEAD = 60


def give_ahead(state: Path) -> UUID:
    """Let HQ have known a member and given this store something of theirs before it went away."""
    db = sqlite3.connect(state / "agent.db", isolation_level=None)
    settings = msgspec.structs.replace(store_settings(STORE), card_prefixes=[CARD[:2]], card_digits=len(CARD))
    db.execute("UPDATE agent SET settings = ?", (msgspec.json.encode(settings),))
    (epoch,) = db.execute("SELECT epoch FROM agent").fetchone()
    wall_ms = CLOCKS.machine.wall_ms()
    note_hq_time(db, 0, wall_ms)
    allowance = Allowance(
        id=mint(), unit="USD", amount=AHEAD, valid_until_ms=wall_ms + 3_600_000, epoch=UUID(bytes=epoch)
    )
    known = KnownMember(member=mint(), cards=[card_hash(CARD, CARD_KEY)], masked_name="Wang", allowances=[allowance])
    assert member_set.apply_step(db, MemberStep(agent=AGENT, incarnation=mint(), base=0, version=1, put=[known]))
    db.close()
    return allowance.id


def sales(state: Path) -> list[SaleCompleted]:
    db = sqlite3.connect(state / "agent.db")
    found = [decode_event(row[0]) for row in db.execute("SELECT content FROM event ORDER BY n")]
    db.close()
    return [one for one in found if isinstance(one, SaleCompleted)]


def test_p1_agent_killed_between_hold_and_payment_goes_on_with_both(tmp_path: Path) -> None:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    state = tmp_path / "state"
    open_shop(state, 100, 5)
    allowance = give_ahead(state)
    with bound(0) as free:
        port = free.getsockname()[1]
    (state / "edge.toml").write_text(f'web_port = {port}\nlink = "mqtt"\n')
    due = "document.querySelector('.due').textContent"
    with browsing(program, tmp_path / "browser") as page:
        page.resize(*SIZES["till"])
        with running(state, port) as agent:
            page.load(f"http://127.0.0.1:{port}/tills/t1?language=en")
            keys(page, CARD, "Enter", barcode(1), "Enter", barcode(2), "Enter", "+")
            page.until(asked("pay"))
            keys(page, "F6")
            page.until(asked("value_amount"))
            assert "HQ does not answer" in page.evaluate("document.querySelector('.ask').textContent")
            keys(page, "Enter")
            page.until(f"{asked('pay')} && document.querySelector('.given')")
            left = page.evaluate(due)
            agent.send(signal.SIGKILL)
            agent.ended()
            page.until("!document.querySelector('[data-cut]').hidden")
            agent.start([command("storewire-edge"), "run", "--state", str(state)])
            page.until("document.querySelector('[data-cut]').hidden", 20)
            assert page.evaluate(due) == left
            assert "Paid so far 0.60" in page.evaluate("document.querySelector('.till-sum').textContent")
            keys(page, "+")
            page.until(asked("pay"))
            keys(page, "F6")
            page.until("document.querySelector('[data-refused=value_offline]')")  # nothing of it is left to spend
            keys(page, "Enter")
            page.until("document.querySelector('[data-change]')")
    (sale,) = sales(state)
    assert [(one.method, one.minor) for one in sale.tenders][:1] == [(TenderKind.STORED_VALUE, AHEAD)]
    assert [one.method for one in sale.tenders] == [TenderKind.STORED_VALUE, TenderKind.CASH]
    assert sale.holds == [allowance]
