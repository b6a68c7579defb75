"""Scales: what their bytes mean, which weight may be sold by, and what shows that one is not well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_profiles.catalogue import catalogue
from device_profiles.catalogue import profile as find_profile
from edge_agent.clock import SystemMachineClock
from edge_agent.devices.fitting import Fitting
from edge_agent.devices.ports import (
    ByteStream,
    DeviceRefused,
    DeviceUnavailable,
    Reading,
    Scanned,
    ScanRole,
    Weight,
    WeightProblem,
)
from edge_agent.devices.printers.problems import Advice
from edge_agent.devices.scale import ScaleDriver, fit
from edge_agent.devices.scales import health
from edge_agent.devices.scales.advice import CONDITIONS, WEIGHTS
from edge_agent.devices.scales.cas import CasOptions, CasRequest
from edge_agent.devices.scales.doubt import ZeroDoubt
from edge_agent.devices.scales.lines import CasContinuous, StatusLines
from edge_agent.devices.scales.magellan import Magellan
from edge_agent.devices.scales.nci import Nci
from edge_agent.devices.scales.protocol import ScaleProtocol
from edge_agent.devices.scales.protocols import PROTOCOLS
from edge_agent.devices.scales.simulated import FRAMES, SimulatedLoad, SimulatedScale
from edge_agent.devices.scales.toledo_8217 import Toledo8217, ToledoOptions
from edge_agent.devices.scales.weighing import Weighing, grams, in_jin, in_kg, weighing_seal
from edge_agent.devices.scales.xk3190 import Xk3190, Xk3190Options
from edge_agent.devices.scanners.advice import CONDITIONS as SCANNER_CONDITIONS
from edge_agent.devices.transports.simulated import SimulatedTransport
from shared.device_profile import DeviceClass, DeviceProfile, TransportKind, override
from tests.edge.agents import until
from tests.edge.test_scanners import Told

P = WeightProblem


def stable(weight_g: int, *, net: bool = False) -> Weight:
    return Weight(weight_g, stable=True, net=net, zero=weight_g == 0)


def problem(*problems: P, weight_g: int | None = None, net: bool = False) -> Weight:
    return Weight(weight_g, stable=False, net=net, problems=problems)


# Frames as manuals and drivers show them; the CAS and XK3190 ones are computed from their rules.
VECTORS: list[tuple[str, Callable[[], ScaleProtocol], bytes, list[Reading]]] = [
    ("cas kg", CasRequest, bytes.fromhex("01 02 53 20 30 31 2E 32 33 34 6B 67 65 03 04"), [stable(1234)]),
    ("cas 市斤", CasRequest, b"\x01\x02S 02.468SJ" + bytes([0x7C]) + b"\x03\x04", [stable(1234)]),
    ("cas bad check", CasRequest, b"\x01\x02S 01.234kgX\x03\x04", [problem(P.UNREADABLE)]),
    ("st kg", StatusLines, b"ST,GS,+  1.234kg\r\n", [stable(1234)]),
    ("st net", StatusLines, b"ST,NT,+ 0.500 kg\r\n", [stable(500, net=True)]),
    ("us", StatusLines, b"US,GS,+  0.980kg\r\n", [problem(P.MOVING, weight_g=980)]),
    ("ol", StatusLines, b"OL,GS,+       kg\r\n", [problem(P.OVERLOAD)]),
    ("below zero", StatusLines, b"ST,GS,-  0.020kg\r\n", [Weight(-20, stable=True, problems=(P.NEGATIVE,))]),
    ("tare alone", StatusLines, b"ST,TR,+  0.100kg\r\n", []),
    ("cas 22", CasContinuous, b"ST,GS,1\xc4,   1.234 kg\r\n", [stable(1234)]),
    ("cas 22 net", CasContinuous, b"ST,NT,1\xc2,   0.500 kg\r\n", [stable(500, net=True)]),
    ("xk3190", lambda: Xk3190(Xk3190Options(steady_frames=1)), b"\x02+0020002" + b"1B\x03", [stable(20_000)]),
    ("8217 kg", Toledo8217, b"\x0201.234\r", [stable(1234)]),
    ("8217 net", Toledo8217, b"\x0201.234N\r", [stable(1234, net=True)]),
    ("8217 lb", Toledo8217, b"\x02002.72\r", [stable(1234)]),
    ("8217 as told", lambda: Toledo8217(ToledoOptions(unit="kg")), b"\x02001.23\r", [stable(1230)]),
    ("8217 moving", Toledo8217, b"\x02?\x61\r", [problem(P.MOVING)]),
    ("8217 over", Toledo8217, b"\x02?\x62\r", [problem(P.OVERLOAD)]),
    ("8217 under", Toledo8217, b"\x02?\x64\r", [problem(P.NEGATIVE)]),
    ("8217 range", Toledo8217, b"\x02?\x68\r", [problem(P.NOT_ZEROED)]),
    ("8217 zero", Toledo8217, b"\x02?\x70\r", [stable(0)]),
    ("8217 no news", Toledo8217, b"\x02?\x60\r", []),
    ("8217 state that is CR", Toledo8217, b"\x02?\x0d\r", [problem(P.MOVING, P.NEGATIVE, P.NOT_ZEROED)]),
    ("8217 parity bit", Toledo8217, bytes(b | 0x80 for b in b"\x0201.234\r"), [stable(1234)]),
    ("nci", Nci, b"\n01.234KG\r\n00\r\x03", [stable(1234)]),
    ("ecr", Nci, b"\n01.234KG\r\nS00\r\x03", [stable(1234)]),
    ("ecr lb", Nci, b"\n02.720LB\r\nS00\r\x03", [stable(1234)]),
    ("ecr net", Nci, b"\n00.500KG\r\nS0p4\r\x03", [stable(500, net=True)]),
    ("ecr moving", Nci, b"\nS10\r\x03", [problem(P.MOVING)]),
    ("nci over", Nci, b"\n02\r\x03", [problem(P.OVERLOAD)]),
    ("nci under", Nci, b"\n01\r\x03", [problem(P.NEGATIVE)]),
    ("nci zero error", Nci, b"\n0p8\r\x03", [problem(P.NOT_ZEROED)]),
    ("nci calibration", Nci, b"\n08\r\x03", [problem(P.FAULT)]),
    ("nci no weight and no reason", Nci, b"\n00\r\x03", [problem(P.UNREADABLE)]),
    ("nci not understood", Nci, b"\n?\r\x03", [problem(P.UNREADABLE)]),
    ("magellan lb", Magellan, b"S1440272\r", [stable(1234)]),
    ("magellan kg", Magellan, b"S14401234\r", [stable(1234)]),
    ("magellan s11", Magellan, b"S110272\r", [stable(1234)]),
    ("magellan moving", Magellan, b"S141\r", [problem(P.MOVING)]),
    ("magellan over", Magellan, b"S142\r", [problem(P.OVERLOAD)]),
    ("magellan zero", Magellan, b"S143\r", [stable(0)]),
    ("magellan under", Magellan, b"S145\r", [problem(P.NEGATIVE)]),
    ("magellan not ready", Magellan, b"S140\r", [problem(P.WARMING_UP)]),
    ("magellan ean", Magellan, b"S08F6901234567892\r", [Scanned("6901234567892", "E0")]),
    ("magellan upc-e", Magellan, b"S08E01278907\r", [Scanned("012000007897", "E0")]),
    ("magellan ean-8", Magellan, b"S08FF96385074\r", [Scanned("96385074", "E4")]),
    ("magellan 128", Magellan, b"S08B3260001201250005006\r", [Scanned("260001201250005006", "C0")]),
    ("magellan databar", Magellan, b"S08R0109506000134352\r", [Scanned("0109506000134352", "e0")]),
    ("magellan both", Magellan, b"S141\rS08A036000291452\rS14401234\r",
     [problem(P.MOVING), Scanned("036000291452", "E0"), stable(1234)]),
]  # fmt: skip


@pytest.mark.parametrize(("make", "content", "readings"), [row[1:] for row in VECTORS], ids=[row[0] for row in VECTORS])
def test_frames_mean_what_the_manuals_say(
    make: Callable[[], ScaleProtocol], content: bytes, readings: list[Reading]
) -> None:
    assert make().feed(content) == readings


@pytest.mark.parametrize(("make", "content", "readings"), [row[1:] for row in VECTORS], ids=[row[0] for row in VECTORS])
def test_noise_costs_no_frame_after_it(
    make: Callable[[], ScaleProtocol], content: bytes, readings: list[Reading]
) -> None:
    protocol = make()
    protocol.feed(content)
    found = protocol.feed(b"\x00\x7f\xfe~~" + content)
    assert found == readings


_noise = st.binary(max_size=8).map(lambda noise: bytes(b for b in noise if b not in b"\x01\x02\x06\nSUO"))


@pytest.mark.parametrize("name", PROTOCOLS)
@given(
    loads=st.lists(
        st.builds(
            SimulatedLoad,
            grams=st.integers(-99, 20_000),
            stable=st.booleans(),
            net=st.booleans(),
            not_zeroed=st.booleans(),
        ),
        min_size=1,
        max_size=6,
    ),
    noise=st.lists(_noise, min_size=6, max_size=6),
    data=st.data(),
)
def test_any_cut_of_the_stream_reads_the_same(
    name: str, loads: list[SimulatedLoad], noise: list[bytes], data: st.DataObject
) -> None:
    stream = b"".join(before + FRAMES[name](load) for before, load in zip(noise, loads, strict=False))
    kind = PROTOCOLS[name]
    whole = kind.make(kind.options()).feed(stream)
    assert len(whole) == len(loads)
    protocol, found, at = kind.make(kind.options()), list[Reading](), 0
    while at < len(stream):
        size = data.draw(st.integers(1, 9))
        found += protocol.feed(stream[at : at + size])
        at += size
    assert found == whole


@pytest.mark.parametrize("name", PROTOCOLS)
@given(content=st.binary(max_size=200))
def test_no_bytes_raise_and_none_are_hoarded(name: str, content: bytes) -> None:
    kind = PROTOCOLS[name]
    protocol = kind.make(kind.options())
    for reading in protocol.feed(content) + protocol.feed(b"~" * 300):
        assert isinstance(reading, Weight | Scanned)
    assert not protocol.lost()


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_simulated_scale_says_what_its_driver_reads(name: str) -> None:
    kind = PROTOCOLS[name]
    protocol = kind.make(kind.options())
    steady = 5 if name == "xk3190" else 1
    for weight_g in (0, 5, 1234, 14_999):
        found = [protocol.feed(FRAMES[name](SimulatedLoad(weight_g))) for _ in range(steady)]
        assert found[-1] == [stable(weight_g)]
    for load in (SimulatedLoad(16_000), SimulatedLoad(1000, stable=False), SimulatedLoad(-5)):
        (reading,) = protocol.feed(FRAMES[name](load))
        assert isinstance(reading, Weight)
        assert not reading.stable or reading.problems


def test_cas_asks_in_two_steps_or_in_one() -> None:
    protocol = CasRequest()
    assert protocol.request() == b"\x05"
    assert protocol.reply() == b""
    assert protocol.feed(b"\x15") == []
    assert protocol.reply() == b""
    assert protocol.feed(b"\x06") == []
    assert (protocol.reply(), protocol.reply()) == (b"\x11", b"")
    assert CasRequest(CasOptions(direct=True)).request() == b"\x11"
    assert (protocol.zero_command(), protocol.tare_command()) == (None, None)
    os2 = CasRequest(CasOptions(os2=True))
    assert (os2.zero_command(), os2.tare_command()) == (bytes.fromhex("3C5A4B3E09"), bytes.fromhex("3C544B3E09"))


def test_a_weight_without_a_stable_bit_has_to_repeat() -> None:
    protocol = Xk3190(Xk3190Options(steady_frames=3))
    frame = b"\x02+0020002" + b"1B\x03"
    moving = problem(P.MOVING, weight_g=20_000)
    assert protocol.feed(frame * 4) == [moving, moving, stable(20_000), stable(20_000)]
    assert protocol.feed(frame[:-2] + b"X\x03" + frame) == [problem(P.UNREADABLE), moving]


@pytest.mark.parametrize(
    ("figure", "unit", "weight_g"),
    [
        ("1.234", "kg", 1234),
        ("01.234", "KG", 1234),
        ("-0.020", "kg", -20),
        ("+ 12.5", "g", 13),
        ("2.469", "SJ", 1235),  # 1,234.5 g: half a gram up
        ("-2.469", "SJ", -1235),
        ("1.000", "TJ", 600),
        ("1", "TL", 38),
        ("1.00", "lb", 454),
        ("16.000", "oz", 454),
        (".5", "kg", 500),
        ("5.", "kg", 5000),
    ],
)
def test_grams(figure: str, unit: str, weight_g: int) -> None:
    assert grams(figure, unit) == weight_g


@pytest.mark.parametrize(
    ("figure", "unit"), [("", "kg"), (".", "kg"), ("1.2.3", "kg"), ("1", ""), ("1", "st"), ("1234567890", "g")]
)
def test_what_is_no_weight_is_never_zero(figure: str, unit: str) -> None:
    with pytest.raises(ValueError, match="no weight"):
        grams(figure, unit)


@given(st.integers(-99_999, 99_999))
def test_kilograms_and_jin_are_exact(weight_g: int) -> None:
    assert grams(in_kg(weight_g), "kg") == grams(in_jin(weight_g), "jin") == weight_g
    assert in_jin(1235) == "2.470"


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


SEALED = {"1.0": "9ca7acd0d2faf5a58ed46daed749381c8d5a2dda25d9880bfb249ea22aa9e43d"}


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
        (lambda scale: scale.put(15_001), P.OVERLOAD),
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


async def test_the_same_goods_are_not_sold_twice() -> None:
    rig = Rig()
    rig.scale.put(1234)
    async with rig.running():
        weight = await rig.driver.settled(5)
        rig.driver.sold(weight.grams or 0)
        assert await rig.refusal() == P.SAME_WEIGHT
        assert rig.driver.live is not None
        assert rig.driver.live.problems == (P.SAME_WEIGHT,)
        rig.scale.put(0)
        await until(lambda: rig.driver.live == stable(0), "the empty scale")
        rig.scale.put(1234)
        assert await rig.driver.settled(5) == stable(1234)
        rig.driver.sold(1234)
        await rig.driver.release()
        assert await rig.driver.settled(5) == stable(1234)


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


async def test_zero_and_tare_are_sent_where_the_scale_takes_them() -> None:
    rig = Rig()
    async with rig.running():
        await rig.driver.zero()
        await rig.driver.tare()
        assert {b"<ZK>\t", b"<TK>\t"} <= set(rig.transport.written)
    other = Rig("cas_ap1")
    async with other.running():
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
    rig = Rig()
    rig.scale.put(1234)
    rig.scale.stick()
    async with rig.running():
        rig.driver.sold((await rig.driver.settled(5)).grams or 0)
        rig.scale.put(0)
        assert await rig.refusal() == P.SAME_WEIGHT


SCALES = [profile for profile in catalogue().values() if profile.device_class is DeviceClass.SCALE]


@pytest.mark.parametrize("profile", SCALES, ids=[profile.model for profile in SCALES])
def test_every_scale_profile_is_served(profile: DeviceProfile) -> None:
    told = Told()
    driver = fit(Fitting("t1/scale", profile, profile.transports[0], ScanRole.GOODS, told, SystemMachineClock()))
    assert driver.live is None


@pytest.mark.parametrize("name", PROTOCOLS)
@pytest.mark.parametrize("other", PROTOCOLS)
def test_a_scale_is_recognised_by_its_own_protocol_alone(name: str, other: str) -> None:
    """Elsewhere an unknown scale was "detected" because a probe accepted anything (odoo-serial-scale-drivers #5)."""
    protocol = PROTOCOLS[name].make(PROTOCOLS[name].options())
    for weight_g in (0, 500, 1234, 14_999):
        protocol.feed(FRAMES[other](SimulatedLoad(weight_g)))
    assert bool(protocol.readable) is (name == other)


def test_a_frame_with_a_wrong_check_proves_nothing() -> None:
    protocol = CasRequest()
    protocol.feed(b"\x01\x02S 01.234kgX\x03\x04")
    assert (protocol.frames, protocol.readable) == (1, 0)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_asking_for_a_weight_changes_nothing_in_a_scale(name: str) -> None:
    """What a protocol asks with is also what detection sends to a device it does not know."""
    assert PROTOCOLS[name].make(PROTOCOLS[name].options()).request() in {None, b"\x05", b"W", b"W\r", b"S14\r"}


@pytest.mark.parametrize("advice", [*CONDITIONS.values(), *WEIGHTS.values(), *SCANNER_CONDITIONS.values()])
def test_every_problem_has_words_that_say_what_to_do(advice: Advice) -> None:
    assert all(text.endswith(".") and text.isascii() for text in (advice.en, advice.next_en))
    assert all(text.endswith("。") for text in (advice.zh, advice.next_zh))


def test_no_problem_is_without_words() -> None:
    assert set(WEIGHTS) == set(WeightProblem)
    said = {value for name, value in vars(health).items() if name.isupper() and isinstance(value, str)}
    assert set(CONDITIONS) == said
