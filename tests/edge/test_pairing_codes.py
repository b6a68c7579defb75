"""Codes that pair terminals: how long they are good, what guessing costs; and who may give one at the store's PC."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from edge_agent.cli import app
from edge_agent.terminals.acts import Acts
from edge_agent.terminals.codes import LIFE_SECONDS, LOCK_SECONDS, TRIES_A_CODE, TRIES_AN_ADDRESS, No, PairingCodes
from edge_agent.terminals.desk import TerminalDesk, TerminalsClosed
from edge_agent.terminals.register import Register, Why
from edge_agent.web.app import make_app
from edge_agent.web.paired import _is_local, address_of
from edge_agent.web.shop import Shop
from edge_agent.web.standing import Standing
from edge_agent.web.terminals_page import TerminalList
from tests.edge.screens import OpenCounter
from tests.edge.staffing import staffed
from tests.edge.store_network import HOST, WHY, open_settings
from tests.edge.tills import Store, opened_store
from tests.factories import DrivenMachineClock, new_id

PC = "http://127.0.0.1:1"


@pytest.fixture
def clock() -> DrivenMachineClock:
    return DrivenMachineClock()


@pytest.fixture
def codes(clock: DrivenMachineClock) -> PairingCodes:
    numbers = count(12345678)
    return PairingCodes(clock, lambda digits: f"{next(numbers):0{digits}d}")


@pytest.mark.parametrize("typed", ["12345678", "1234 5678", " 1234-5678", "１２３４５６７８", "1234\u30005678"])
def test_code_is_taken_as_people_type_it(codes: PairingCodes, typed: str) -> None:
    made = codes.make("t1", "tablet", "anna", "new")
    assert made.shown == "1234 5678"
    assert codes.redeem(typed, "a") == made


def test_code_ends_after_ten_minutes(codes: PairingCodes, clock: DrivenMachineClock) -> None:
    made = codes.make("t1", "tablet", "anna", "new")
    clock.advance(1000 * (LIFE_SECONDS - 1))
    assert codes.seconds_left(made) == 1
    assert codes.open == [made]
    clock.advance(1000)
    assert codes.redeem(made.code, "a") is No.WRONG


def test_new_code_of_a_till_ends_the_one_before(codes: PairingCodes) -> None:
    first, second = codes.make("t1", "a", "anna", "new"), codes.make("t1", "b", "anna", "new")
    assert codes.redeem(first.code, "a") is No.WRONG
    assert codes.redeem(second.code, "a") == second
    assert codes.cancel("t1") is False


def test_guessers_wait_and_others_do_not(codes: PairingCodes, clock: DrivenMachineClock) -> None:
    made = codes.make("t1", "tablet", "anna", "new")
    answers = [codes.redeem("0", "thief") for _ in range(TRIES_AN_ADDRESS)]
    assert answers == [No.WRONG] * (TRIES_AN_ADDRESS - 1) + [No.LOCKED]
    assert codes.redeem(made.code, "thief") is No.LOCKED
    assert codes.redeem(made.code, "tablet") == made
    clock.advance(1000 * LOCK_SECONDS)
    again = codes.make("t1", "tablet", "anna", "new")
    assert codes.redeem(again.code, "thief") == again


def test_machine_with_many_ipv6_addresses_is_one_guesser(codes: PairingCodes) -> None:
    made = codes.make("t1", "tablet", "anna", "new")
    for number in range(TRIES_AN_ADDRESS):
        codes.redeem("0", f"fd12:3456:789a:1::{number:x}")
    assert codes.redeem(made.code, "fd12:3456:789a:1:ffff::1") is No.LOCKED
    assert codes.redeem(made.code, "fd12:3456:789a:2::1") == made


def test_guesses_from_many_places_end_every_code(codes: PairingCodes) -> None:
    made = codes.make("t1", "tablet", "anna", "new")
    for number in range(TRIES_A_CODE):
        assert codes.redeem("0", f"thief {number}") is No.WRONG
    assert codes.open == []
    assert codes.redeem(made.code, "tablet") is No.WRONG


def test_a_thousand_callers_are_not_all_remembered(codes: PairingCodes) -> None:
    for number in range(1000):
        codes.redeem("0", f"10.0.{number // 250}.{number % 250}")
    assert len(codes._callers) <= 256


@pytest.mark.parametrize(
    ("address", "local"),
    [("192.168.1.7", True), ("10.0.0.1", True), ("172.16.4.4", True), ("127.0.0.1", True), ("169.254.1.1", True),
     ("8.8.8.8", False), ("172.32.0.1", False), ("2001:4860:4860::8888", False), ("", False), ("unix", False),
     ("fd12:3456:789a::7", True), ("fe80::1", True), ("::1", True),
     ("::ffff:192.168.1.7", True), ("::ffff:8.8.8.8", False)],
)  # fmt: skip
def test_only_the_stores_own_network_comes_in(address: str, local: bool) -> None:
    assert _is_local(address_of({"client": (address, 1)})) is local


def _desk(store: Store, codes: PairingCodes, *hosts: str) -> TerminalDesk:
    settings = open_settings(8443, *hosts)
    acts = Acts(store.clocks, new_id, lambda: None)
    register = Register(store.database, lambda: 0, lambda: "t" * 43, acts)
    return TerminalDesk(codes, register, lambda: settings, lambda _: None)


async def test_store_that_is_not_open_says_what_to_do(tmp_path: Path, codes: PairingCodes) -> None:
    async with opened_store(tmp_path) as store:
        with pytest.raises(TerminalsClosed, match="Ask it for `store terminals`"):
            _desk(store, codes).give_code("t1", "tablet", WHY)
        with pytest.raises(TerminalsClosed, match="no till t9 here; there are t1, t2"):
            _desk(store, codes, HOST).give_code("t9", "tablet", WHY)
        for reason in ("", "  "):
            with pytest.raises(TerminalsClosed, match="Say why"):
                _desk(store, codes, HOST).give_code("t1", "tablet", Why("anna", reason))
            with pytest.raises(TerminalsClosed, match="Say why"):
                await _desk(store, codes, HOST).unpair(1, Why("anna", reason))


@pytest.mark.parametrize(
    ("staff", "pin", "words"),
    [("anna", "2580", "may not approve"), ("sue", "0000", "PIN"), ("", "", "PIN"), ("sue", "3690", "")],
)
async def test_only_a_supervisor_pairs_where_people_sign_in(
    tmp_path: Path, codes: PairingCodes, staff: str, pin: str, words: str
) -> None:
    async with opened_store(tmp_path) as store:
        staffed(store)
        desk = _desk(store, codes, HOST)
        counter = OpenCounter(store.till("t1"), screen=None)  # type: ignore[arg-type]
        shop = Shop(counters={"t1": counter}, settings=lambda: store.settings, clock=store.business, standing=_standing)
        listed = TerminalList(shop, desk, lambda: "AB CD")
        pages = make_app(
            shop,
            hosts=["127.0.0.1:1"],
            key=bytes(32),
            make_visit=lambda: "v" * 43,
            terminals=listed,
        )
        async with httpx.AsyncClient(transport=httpx.ASGITransport(pages), base_url=PC) as client:
            page = (await client.get("/terminals", params={"language": "en"})).text
            token = page.split('data-token="')[1].split('"', maxsplit=1)[0]
            said = {"kind": "pair", "till": "t1", "name": "tablet", "staff": staff, "pin": pin, "reason": "new"}
            answer = await client.post("/terminals/do", data=said, headers={"X-Token": token, "Origin": PC})
    assert words in answer.json().get("error", "")
    assert [(one.by, one.reason) for one in codes.open] == ([] if words else [(staff, "new")])


async def _standing() -> Standing:
    return Standing("mqtt", 0)


def test_command_without_an_agent_says_so(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["terminals", "list", "--state", str(tmp_path)])
    assert done.exit_code == 1
    assert "no agent runs here" in done.output
