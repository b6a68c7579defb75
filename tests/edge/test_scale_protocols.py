"""Scale protocols: frames as manuals show them, any cut of the stream, noise, and what proves a protocol."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.detecting import probes
from edge_agent.devices.ports import (
    Reading,
    Scanned,
    Weight,
)
from edge_agent.devices.scales.ads import Ads
from edge_agent.devices.scales.cas import CasOptions, CasRequest
from edge_agent.devices.scales.lines import CasContinuous, StatusLines
from edge_agent.devices.scales.magellan import Magellan
from edge_agent.devices.scales.nci import Nci
from edge_agent.devices.scales.protocol import ScaleProtocol
from edge_agent.devices.scales.protocols import PROTOCOLS
from edge_agent.devices.scales.simulated import FRAMES, SimulatedLoad
from edge_agent.devices.scales.toledo_8217 import Toledo8217, ToledoOptions
from edge_agent.devices.scales.weighing import grams, in_jin, in_kg
from edge_agent.devices.scales.xk3190 import Xk3190, Xk3190Options
from tests.edge.scales import P, problem, stable


def ads_answer(flags: int, weight: bytes, check: int | None = None) -> bytes:
    """A frame as the source of 耐克斯 ADS describes it: check over the ten bytes from the flags on."""
    body = bytes([flags]) + weight
    return b"\x01\x02  0.000KU\x03\x02" + body + bytes([reduce(xor, body) if check is None else check]) + b"\x03\x04"


ADS_KG = bytes.fromhex("01 02 20 20 30 2e 30 30 30 4b 65 03 02 01 20 20 31 2e 32 33 34 4b 47 27 03 04")
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
    ("cr alone", StatusLines, b"ST,GS,+  1.234kg\rST,GS,+  1.236kg\r", [stable(1234), stable(1236)]),
    ("lf alone", StatusLines, b"ST,GS,+  1.234kg\nST,GS,+  1.236kg\n", [stable(1234), stable(1236)]),
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
    ("ads kg", Ads, ADS_KG, [stable(1234)]),
    ("ads net", Ads, ads_answer(0x09, b"  0.500KG"), [stable(500, net=True)]),
    ("ads moving", Ads, ads_answer(0x00, b"  0.980KG"), [problem(P.MOVING, weight_g=980)]),
    ("ads over", Ads, ads_answer(0x03, b" 15.500KG"), [problem(P.OVERLOAD, weight_g=15_500)]),
    ("ads below zero", Ads, ads_answer(0x05, b"- 0.020KG"), [Weight(-20, stable=True, problems=(P.NEGATIVE,))]),
    ("ads sign without its flag", Ads, ads_answer(0x01, b"- 0.020KG"), [problem(P.UNREADABLE)]),
    ("ads bad check", Ads, ads_answer(0x01, b"  1.234KG", check=0), [problem(P.UNREADABLE)]),
    ("ads counted from the other end", Ads, ads_answer(0x80, b"  1.234KG"), [problem(P.MOVING, weight_g=1234)]),
    ("ads after a tare command", Ads, bytes.fromhex("7e 01 e5 00 9a 7f") + ADS_KG, [stable(1234)]),
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
    """What a protocol asks with is also what detection sends to a device it does not know, but for ADS's XOFF."""
    asked = PROTOCOLS[name].make(PROTOCOLS[name].options()).request()
    assert asked in {None, b"\x05", b"W", b"W\r", b"S14\r", b"\x13"}
    assert all(probe.make().question() != b"\x13" for probe in probes())
