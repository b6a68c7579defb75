"""What is taken off a code, and cards: chips however a reader writes them, stripes of members and of banks."""

from __future__ import annotations

import pytest

from edge_agent.devices.cards.transforms import parse_transform
from edge_agent.devices.ports import (
    DeviceMisconfigured,
    ScanCut,
    Scanned,
    ScanRole,
)
from edge_agent.devices.scanners.refining import Refinement
from shared.device_profile import Scans


def test_prefix_suffix_and_identifier_are_taken_off() -> None:
    scans = Scans(prefix="#", suffix="!", symbology="aim", max_length=20)
    refine = Refinement(scans, ScanRole.PAYMENT_CODE).refine
    assert refine(Scanned("#]E06901234567892!")) == Scanned("6901234567892", "E0", ScanRole.PAYMENT_CODE)
    assert refine(Scanned("4711")) == Scanned("4711", "", ScanRole.PAYMENT_CODE)
    assert refine(Scanned("#!")) is None
    assert refine(Scanned("1" * 21)) == ScanCut("scan_too_long")
    assert refine(ScanCut("scan_cut")) == ScanCut("scan_cut")


# One chip, 0x0A1B2C3D, as readers write it.
@pytest.mark.parametrize(
    ("transform", "text", "number"),
    [
        ("none", "169552957", "169552957"),
        ("dec10 dec10", "0169552957", "0169552957"),
        ("hex8 dec10", "0A1B2C3D", "0169552957"),
        ("hex10 dec10", "050A1B2C3D", "0169552957"),
        ("hex8 reverse dec10", "3D2C1B0A", "0169552957"),
        ("dec10 hex8", "0169552957", "0A1B2C3D"),
        ("dec10 wiegand", "0169552957", "02711325"),
        ("wiegand wiegand", "027,11325", "02711325"),
        ("dec10 dec8", "0169552957", "69552957"),
        ("short-dec10 dec10", "169552957", "0169552957"),
        ("short-hex8 dec10", "A1B2C3D", "0169552957"),
    ],
)
def test_a_chip_is_one_card_however_a_reader_writes_it(transform: str, text: str, number: str) -> None:
    found = parse_transform(transform)
    assert (found(text) if found else text) == number


@pytest.mark.parametrize(
    ("transform", "text"),
    [
        ("hex8 dec10", "xyz"),
        ("dec10 dec10", "4294967296"),
        ("dec10 dec10", "-1"),
        ("wiegand dec8", "25600001"),
        # a part of a number is not another card
        ("hex8 dec10", "1A"),
        ("hex8 dec10", "0A1B2C3D4"),
        ("hex10 dec10", "0A1B2C3D"),
        ("dec10 dec10", "12345"),
        ("dec8 dec8", "1234567"),
        ("dec10 dec10", "00169552957"),
        ("short-dec10 dec10", "00169552957"),
        ("wiegand wiegand", "27,11325"),
    ],
)
def test_what_is_no_chip_number_is_said(transform: str, text: str) -> None:
    refinement = Refinement(Scans(transform=transform), ScanRole.MEMBER_CARD)
    assert refinement.refine(Scanned(text)) == ScanCut("card_unreadable")


@pytest.mark.parametrize("transform", ["reverse", "hex8", "hex8 upside dec10", "hex9 dec10", "dec10 none"])
def test_a_transform_nobody_knows_is_misconfigured(transform: str) -> None:
    with pytest.raises(DeviceMisconfigured, match="transform"):
        Refinement(Scans(transform=transform), ScanRole.MEMBER_CARD)


@pytest.mark.parametrize(
    ("stripe", "number"),
    [
        (";8800000001?", "8800000001"),
        (";8800000001=4912?", "8800000001"),
        ("%B8800000001^WANG/FANG^4912?;8800000001=4912?", "8800000001"),
        ("%8800000001?", "8800000001"),
    ],
)
def test_a_members_stripe_gives_its_number_alone(stripe: str, number: str) -> None:
    refinement = Refinement(Scans(transform="stripe"), ScanRole.MEMBER_CARD)
    assert refinement.refine(Scanned(stripe)) == Scanned(number, "", ScanRole.MEMBER_CARD)


def test_a_banks_card_is_refused_and_its_number_goes_nowhere() -> None:
    refinement = Refinement(Scans(transform="stripe"), ScanRole.MEMBER_CARD)
    for stripe in (
        ";4111111111111111=49121010000?",
        "%B4111111111111111^WANG/FANG^4912101?",
        ";6222021234567890128=4912?",
    ):
        answer = refinement.refine(Scanned(stripe))
        assert answer == ScanCut("bank_card")
        assert "4111" not in repr(answer)


def test_a_track_without_a_number_is_nothing() -> None:
    assert Refinement(Scans(transform="stripe"), ScanRole.MEMBER_CARD).refine(Scanned("+hello?")) is None
