"""Scales: what their bytes mean, which weight may be sold by, and what shows that one is not well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from device_profiles.catalogue import catalogue
from device_profiles.catalogue import profile as find_profile
from edge_agent.clock import SystemMachineClock
from edge_agent.devices.fitting import Fitting
from edge_agent.devices.ports import (
    ByteStream,
    DeviceRefused,
    DeviceUnavailable,
    Scanned,
    ScanRole,
    Weight,
    WeightProblem,
)
from edge_agent.devices.printers.problems import Advice
from edge_agent.devices.scale import ScaleDriver, fit
from edge_agent.devices.scales import health
from edge_agent.devices.scales.advice import CONDITIONS, WEIGHTS
from edge_agent.devices.scales.doubt import ZeroDoubt
from edge_agent.devices.scales.simulated import SimulatedScale
from edge_agent.devices.scales.weighing import Weighing, weighing_seal
from edge_agent.devices.scanners.advice import CONDITIONS as SCANNER_CONDITIONS
from edge_agent.devices.transports.simulated import SimulatedTransport
from edge_agent.till.selling.scaled import Scaled, WeighedLine
from shared.device_profile import DeviceClass, DeviceProfile, TransportKind, override
from tests.edge.agents import until
from tests.edge.scales import P, problem, stable
from tests.edge.scanner_keys import Told


def test_only_a_settled_weight_above_zero_is_sold_by() -> None:
    weighing = Weighing()
    assert weighing.problem() is P.SILENT
    for weight, expected in [
        (stable(1234), None),
        (problem(P.MOVING, weight_g=1234), P.MOVING),
        (Weight(1234, stable=False), P.MOVING),
        (stable(0), P.EMPTY),
        (Weight(0, stable=True), P.EMPTY),
        (Weight(-5, stable=True, problems=(P.NEGATIVE,)), P.NEGATIVE),
        (problem(P.OVERLOAD), P.OVERLOAD),
        (Weight(None, stable=True), P.MOVING),
    ]:
        weighing.take(weight)
        assert weighing.problem() is expected


@pytest.mark.parametrize(
    ("between", "released"),
    [
        ([stable(1234)], False),
        ([problem(P.MOVING, weight_g=1300), stable(1234)], False),  # only leant on
        ([stable(1240), stable(1234)], False),  # one step of flicker
        ([problem(P.OVERLOAD), stable(1234)], False),
        ([problem(P.OUT_OF_RANGE, weight_g=0), stable(1234)], False),  # CAS "F" with no figure
        ([problem(P.SILENT), stable(1234)], False),
        ([stable(0), stable(1234)], True),
        ([Weight(-10, stable=True, problems=(P.NEGATIVE,)), stable(1234)], True),
        ([stable(1500)], True),
        ([stable(1500), stable(1234)], True),
    ],
)
def test_goods_come_off_before_the_same_weight_is_sold_again(between: list[Weight], released: bool) -> None:
    """odoo PR#213537 and CORE-POS: after a weighed line the weight must change before the next."""
    weighing = Weighing(step_g=5)
    weighing.take(stable(1234))
    weighing.sold(1234)
    for weight in between:
        weighing.take(weight)
    assert weighing.problem() is (None if released else P.SAME_WEIGHT)
    weighing.release()
    assert weighing.problem() is None


def test_unplugging_does_not_release_a_sold_weight() -> None:
    weighing = Weighing()
    weighing.take(stable(1234))
    weighing.sold(1234)
    weighing.lose()
    weighing.take(stable(1234))
    assert weighing.problem() is P.SAME_WEIGHT


def test_the_weighing_code_is_sealed() -> None:
    """Whoever changes it gives it a new version, and writes down here which text that version is."""
    seal = weighing_seal()
    assert SEALED.get(seal.version) == seal.hash, "weighing.py changed: raise VERSION and add its hash here"


SEALED = {
    "1.0": "9ca7acd0d2faf5a58ed46daed749381c8d5a2dda25d9880bfb249ea22aa9e43d",
    "1.1": "6861352515dc89b0e77f996325196a68744223fe5f8d547d9409f42a6d98664d",
}


def test_a_zero_out_of_a_rising_load_is_an_overload() -> None:
    """Dibal DPOS 400 manual p. 45: overload answers 00.000."""
    doubt = ZeroDoubt()
    rising = [problem(P.MOVING, weight_g=4_000), problem(P.MOVING, weight_g=12_000), stable(0), stable(0)]
    assert [doubt.judge(weight) for weight in rising][2:] == [problem(P.OVERLOAD)] * 2
    taken_off = [stable(5_000), problem(P.MOVING, weight_g=800), stable(0)]
    assert [doubt.judge(weight) for weight in taken_off] == taken_off
    assert doubt.judge(stable(700)) == stable(700)
    assert doubt.judge(stable(0)) == stable(0), "taken off at once"


def test_health_of_a_scale() -> None:
    watch = health.ScaleHealth(step_g=5)
    watch.opened(0.0)
    watch.take(stable(300), 1.0)
    assert watch.conditions(4.0) == []
    assert watch.conditions(6.0) == [health.NO_ZERO_AT_START]
    watch.take(stable(0), 7.0)
    assert watch.conditions(7.0) == []
    watch.take(stable(1234), 8.0)
    watch.take(stable(10), 9.0)
    assert watch.conditions(10.0) == []
    watch.take(stable(10), 15.0)
    assert watch.conditions(15.0) == [health.ZERO_DRIFT]
    watch.take(problem(P.MOVING, weight_g=900), 20.0)
    assert watch.conditions(20.0) == []
    watch.take(problem(P.MOVING, weight_g=901), 51.0)
    assert watch.conditions(51.0) == [health.NEVER_STABLE]
    watch.take(problem(P.SILENT), 60.0)
    assert watch.conditions(60.0) == [health.SILENT]
    for at in range(61, 71):
        watch.take(problem(P.UNREADABLE), at)
    assert watch.conditions(71.0) == [health.UNREADABLE]


class Rig:
    """A simulated scale on a simulated cable, and its driver."""

    def __init__(self, model: str = "simulated_scale", **changes: bool | int | str | list[str]) -> None:
        quick: dict[str, bool | int | str | list[str]] = {"weighs.request_ms": 5, "weighs.answer_ms": 60}
        named = {name.replace("__", "."): value for name, value in changes.items()}
        self.profile = override(find_profile(model), quick | named)
        self.scale = SimulatedScale(self.profile)
        self.transport = SimulatedTransport("scale", self.scale)
        self.told = Told()
        self.driver: ScaleDriver = fit(
            Fitting("t1/scale", self.profile, TransportKind.SIMULATED, ScanRole.GOODS, self.told, SystemMachineClock())
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self.transport.opened() as stream:
            task = asyncio.create_task(self._serve(stream))
            await until(lambda: self.driver._stream is not None, "the scale")
            try:
                yield
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _serve(self, stream: ByteStream) -> None:
        await self.driver.serve(stream)

    async def refusal(self, within_s: float = 0.1) -> str:
        with pytest.raises(DeviceRefused) as refused:
            await self.driver.settled(within_s)
        return refused.value.code


ASKED = ["simulated_scale", "toledo_8217", "weigh_tronix_7821", "datalogic_magellan", "cas_pd2"]


@pytest.mark.parametrize("model", ASKED)
async def test_a_weight_is_sold_by_once_it_has_settled(model: str) -> None:
    rig = Rig(model)
    rig.scale.put(1234, stable=False)
    async with rig.running():
        assert await rig.refusal() == P.MOVING
        waiting = asyncio.create_task(rig.driver.settled(5))
        rig.scale.settle()
        assert await waiting == stable(1234)
        assert rig.driver.live == stable(1234)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda scale: scale.put(0), P.EMPTY),
        (lambda scale: scale.put(-20), P.NEGATIVE),
        (lambda scale: scale.put(15_001), P.OUT_OF_RANGE),
        (lambda scale: setattr(scale, "corrupt", True), P.UNREADABLE),
        (lambda scale: setattr(scale, "silent", True), P.SILENT),
    ],
)
async def test_nothing_else_is_sold_by(spoil: Callable[[SimulatedScale], None], code: P) -> None:
    rig = Rig("cas_pd2")
    rig.scale.put(1234)
    async with rig.running():
        await rig.driver.settled(5)
        spoil(rig.scale)
        await until(lambda: rig.driver.live != stable(1234), "the change")
        assert await rig.refusal(0.2) == code


async def test_noise_without_a_frame_is_silence() -> None:
    rig = Rig("toledo_8217")
    rig.scale.put(1234)
    async with rig.running():
        await rig.driver.settled(5)
        rig.transport.garbage(b"~~~~")
        await until(lambda: rig.driver.live == problem(P.SILENT), "the silence")
        assert await rig.refusal() == P.SILENT
        rig.transport.garbage(b"")
        assert await rig.driver.settled(5) == stable(1234)


async def test_a_scale_that_says_a_weight_once_stands_by_it_until_it_changes() -> None:
    """Some 8217 send "no flags" until the weight changes; elsewhere the last weight outlived its goods."""
    rig = Rig("toledo_8217")
    rig.scale.once = True
    rig.scale.put(1234)
    async with rig.running():
        for _ in range(3):
            assert await rig.driver.settled(5) == stable(1234)
        rig.scale.put(0)
        await until(lambda: rig.driver.live == stable(0), "the empty scale")
        assert await rig.refusal() == P.EMPTY


async def test_unplugging_is_said_at_once_and_a_weight_of_before_is_forgotten() -> None:
    rig = Rig()
    rig.scale.put(1234)
    with pytest.raises(DeviceUnavailable):
        await rig.driver.settled(0.01)
    async with rig.transport.opened() as stream:
        serving = asyncio.create_task(rig._serve(stream))
        await until(lambda: rig.driver._stream is not None, "the scale")
        await rig.driver.settled(5)
        rig.scale.put(1234, stable=False)
        await until(lambda: rig.driver.live == problem(P.MOVING, weight_g=1234), "the movement")
        waiting = asyncio.create_task(rig.driver.settled(5))
        await rig.transport.unplug()
        with pytest.raises(DeviceUnavailable):
            await waiting
        with pytest.raises(DeviceUnavailable):
            await serving
    assert rig.driver.live is None
    assert rig.told.readings[-1] == problem(P.SILENT), "whoever kept the weight hears that it is gone"


async def test_zero_and_tare_are_sent_where_the_scale_takes_them() -> None:
    rig = Rig()
    async with rig.running():
        await rig.driver.zero()
        await rig.driver.tare()
        assert {b"<ZK>\t", b"<TK>\t"} <= set(rig.transport.written)
        assert (rig.driver.takes_zero, rig.driver.takes_tare) == (True, True)
    other = Rig("cas_ap1")
    async with other.running():
        assert (other.driver.takes_zero, other.driver.takes_tare) == (False, False)
        with pytest.raises(DeviceRefused, match="use its key"):
            await other.driver.zero()


async def test_a_scanner_scale_on_one_cable_weighs_and_scans() -> None:
    rig = Rig("datalogic_magellan")
    rig.scale.put(1234)
    async with rig.running():
        await rig.driver.settled(5)
        await rig.transport.press(b"S08F6901234567892\r")
        await until(lambda: Scanned("6901234567892", "E0") in rig.told.readings, "the scan")
    assert rig.told.readings.count(stable(1234)) == 1, "a display hears of a weight once"


async def test_split_frames_and_noise_on_the_line_change_nothing() -> None:
    rig = Rig()
    rig.transport.split(1)
    rig.transport.noise(b"\x00\xff~")
    rig.scale.put(1234)
    async with rig.running():
        assert await rig.driver.settled(5) == stable(1234)


async def test_a_continuous_scale_is_heard_unasked() -> None:
    rig = Rig("status_lines", weighs__request_ms=1000)
    rig.scale.put(1234)
    async with rig.running():
        waiting = asyncio.create_task(rig.driver.settled(5))
        await until(lambda: rig.driver._stream is not None, "the line")
        await rig.transport.press(rig.scale.frame())
        assert await waiting == stable(1234)


async def test_a_stuck_scale_is_found_by_the_goods_that_come_off() -> None:
    rig, scaled = Rig(), Scaled()
    scaled.stands(lambda: {"scale": rig.driver})
    rig.scale.put(1234)
    rig.scale.stick()
    async with rig.running():
        assert await scaled.settled() == stable(1234)
        scaled.used(WeighedLine(UUID(int=1), 1), 1234)
        rig.scale.put(0)
        assert await scaled.settled() == stable(1234)
        assert scaled.weighed is not None, "nothing has come off it, for all that it says"


SCALES = [profile for profile in catalogue().values() if profile.device_class is DeviceClass.SCALE]


@pytest.mark.parametrize("profile", SCALES, ids=[profile.model for profile in SCALES])
def test_every_scale_profile_is_served(profile: DeviceProfile) -> None:
    told = Told()
    driver = fit(Fitting("t1/scale", profile, profile.transports[0], ScanRole.GOODS, told, SystemMachineClock()))
    assert driver.live is None


@pytest.mark.parametrize("advice", [*CONDITIONS.values(), *WEIGHTS.values(), *SCANNER_CONDITIONS.values()])
def test_every_problem_has_words_that_say_what_to_do(advice: Advice) -> None:
    assert all(text.endswith(".") and text.isascii() for text in (advice.en, advice.next_en))
    assert all(text.endswith("。") for text in (advice.zh, advice.next_zh))


def test_no_problem_is_without_words() -> None:
    assert set(WEIGHTS) == set(WeightProblem)
    said = {value for name, value in vars(health).items() if name.isupper() and isinstance(value, str)}
    assert set(CONDITIONS) == said
