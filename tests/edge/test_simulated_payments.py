"""The simulated payment service: played on the bench by a person; it remembers, and a sale is paid once with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from edge_agent.devices.transports.simulated import SimulatedTransport
from edge_agent.till.ports import AttemptState, PaymentAttempt
from edge_agent.till.results import NothingUnresolved, Paid, PartlyPaid, Refused
from edge_agent.till.simulated_gateway import Mood, SimulatedGateway
from edge_agent.till.till import Till
from shared.codes import PaymentCode
from shared.wire.events import TenderKind
from tests.edge.screens import Screens, served_screens
from tests.edge.test_pages_browser import CONTRAST, SIZES
from tests.edge.tills import APPLES, Store, opened_store
from tests.provision.browser import Page, browsing, find_browser


def attempt(number: int = 1, **fields: object) -> PaymentAttempt:
    said = {"id": UUID(int=number), "basket": UUID(int=9), "till": "t1", "method": TenderKind.WECHAT, "minor": 500}
    return PaymentAttempt(**{**said, "at_ms": 1, **fields})  # type: ignore[arg-type]


async def test_it_remembers_what_it_took_after_the_agent_was_killed(tmp_path: Path) -> None:
    file = tmp_path / "payments.json"
    service = SimulatedGateway(Mood.LOSE_REPLY, file)
    assert (await service.pay(attempt())).state is AttemptState.UNKNOWN
    again = SimulatedGateway(file=file)
    found = await again.look_up(attempt())
    assert found.state is AttemptState.PAID
    assert [(one.till, one.minor, one.reference) for one in again.bookings] == [("t1", 500, found.reference)]
    back = attempt(2, pays_back=found.reference, minor=200)
    assert (await again.refund(back)).state is AttemptState.PAID
    assert sum(one.minor for one in SimulatedGateway(file=file).bookings) == 300


async def test_question_that_never_came_is_refused_for_good(tmp_path: Path) -> None:
    service = SimulatedGateway(Mood.NEVER_ARRIVES, tmp_path / "payments.json")
    assert (await service.pay(attempt())).state is AttemptState.UNKNOWN
    service.mood = Mood.PAY
    assert (await service.look_up(attempt())).state is AttemptState.REFUSED
    assert (await service.pay(attempt())).state is AttemptState.REFUSED
    assert service.bookings == []


async def test_statement_is_bounded() -> None:
    service = SimulatedGateway()
    for number in range(1_050):
        await service.pay(attempt(number))
    assert (len(service.bookings), len(service.taken)) == (1_000, 1_000)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path) as store:
        yield store


def till_with(store: Store, service: SimulatedGateway) -> Till:
    return store.till("t1", {TenderKind.WECHAT: service, TenderKind.ALIPAY: service})


@pytest.mark.parametrize("mood", [Mood.DOUBLE, Mood.LOSE_REPLY])
async def test_p1_service_that_takes_money_whenever_it_is_asked_is_asked_once(store: Store, mood: Mood) -> None:
    """The attempt is looked up before anything is asked again: by the same till, a second tap, and after a restart."""
    service = SimulatedGateway(mood)
    till = till_with(store, service)
    await till.scan(APPLES)
    first = await till.tender(TenderKind.WECHAT)
    assert isinstance(first, Refused)
    second = await till.tender(TenderKind.WECHAT)
    assert isinstance(second, Refused | Paid)
    service.mood = Mood.PAY
    again = till_with(store, service)  # as after a restart
    resolved = await again.resolve_payments()
    assert not isinstance(resolved, Refused | PartlyPaid)
    assert not await again.unresolved_payments()
    assert isinstance(await again.resolve_payments(), NothingUnresolved)
    assert [one.minor for one in service.bookings] == [500]


@pytest.fixture
def screens(tmp_path: Path) -> Iterator[Screens]:
    service = SimulatedGateway(file=tmp_path / "payments.json")
    gateways = {TenderKind.WECHAT: service, TenderKind.ALIPAY: service}
    with served_screens(tmp_path, gateways=gateways) as made:
        counter = made.counters["t1"]
        counter.payments = service
        counter.simulated = {"scanner": SimulatedTransport("scanner")}
        yield made


@pytest.mark.parametrize("method", [TenderKind.WECHAT, TenderKind.ALIPAY])
def test_bench_shows_a_new_code_of_the_right_service_each_time(screens: Screens, method: TenderKind) -> None:
    counter = screens.counters["t1"]
    with httpx.Client(base_url=f"{screens.address}/tills/t1/") as client:
        token = client.get("bench").text.split('data-token="')[1].split('"', maxsplit=1)[0]
        client.headers.update({"X-Token": token, "Origin": screens.address})
        shown = []
        for _ in range(2):
            assert client.post("bench/do", data={"device": "payments", "do": "code", "method": method}).is_success
            shown.append(screens.do(counter.simulated["scanner"].read()).decode().strip())
        assert shown[0] != shown[1]
        told = counter.till.told_payment(shown[0])
        assert isinstance(told, PaymentCode)
        assert told.brand.value == method.value
        wrong = client.post("bench/do", data={"device": "payments", "do": "mood", "mood": "generous"})
        assert "cannot do" in wrong.json()["error"]


def test_service_is_played_on_the_bench_in_both_languages(screens: Screens, tmp_path: Path) -> None:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    service = screens.counters["t1"].payments
    assert service is not None
    screens.do(service.pay(attempt()))
    with browsing(program, tmp_path / "browser") as page:
        page.resize(*SIZES["till"])
        for language in ("en", "zh"):
            page.load(f"{screens.address}/tills/t1/bench?language={language}", language)
            _play(page)
            assert page.accessibility_faults() == []
            assert page.evaluate(CONTRAST) == []
            assert "5.00" in page.evaluate("document.querySelector('[data-part=devices]').textContent")
    assert service.mood is Mood.LOSE_REPLY
    assert service.answering.is_set()


def _play(page: Page) -> None:
    page.evaluate("""document.querySelector('[data-send*="lose_reply"]').click()""")
    page.until("""document.querySelector('[data-send*="lose_reply"]').getAttribute('aria-pressed') === 'true'""")
    page.evaluate("""document.querySelector('[data-send*="slow"]').click()""")
    page.until("""document.querySelector('[data-send*="slow"]').getAttribute('aria-pressed') === 'true'""")
    page.evaluate("""document.querySelector('[data-send*="slow"]').click()""")
    page.until("""document.querySelector('[data-send*="slow"]').getAttribute('aria-pressed') === 'false'""")
