"""GS1 codes: element strings with and without their separators, Digital Links, dates, recalls."""

from __future__ import annotations

from datetime import date

import biip
import pytest
from biip.gs1_application_identifiers import _GS1_APPLICATION_IDENTIFIERS as BIIP_TABLE
from biip.gtin import Gtin
from biip.upc import Upc
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.codes import (
    Gs1Code,
    ItemCode,
    NotFit,
    Recall,
    Unfit,
    Unknown,
    canonical,
    check_digit,
    classify,
    expand_upc_e,
    past_its_date,
    recalled,
)
from shared.codes.application_identifiers import TABLE, find
from shared.codes.dates import read_date
from shared.codes.element_strings import read_element_strings

GS = "\x1d"
GTIN = "09506000134352"  # the GTIN of GS1's own examples
EXPIRY = date(2025, 12, 31)


def gs1(text: str, symbology: str = "") -> Gs1Code:
    answer = classify(text, symbology=symbology)
    assert isinstance(answer, Gs1Code), answer
    return answer


@pytest.mark.parametrize(
    "text",
    [
        f"01{GTIN}1725123110ABC123",
        f"01{GTIN}10ABC123{GS}17251231",
        f"{GS}01{GTIN}10ABC123{GS}17251231",
        f"10ABC123{GS}1725123101{GTIN}",
        f"]C101{GTIN}10ABC123{GS}17251231",
        f"]d201{GTIN}10ABC123{GS}17251231",
        f"]Q301{GTIN}10ABC123{GS}17251231",
        f"]e001{GTIN}10ABC123{GS}17251231",
        f"01{GTIN}10ABC123^]17251231",  # keyboard scanners spell Ctrl-] out
        f"01{GTIN}10ABC123<GS>17251231",
        f"01{GTIN}10ABC123\u241d17251231",
        f"https://id.gs1.org/01/{GTIN}/10/ABC123?17=251231",
        "HTTPS://brand.example/a/b/01/9506000134352/10/ABC123?17=251231&utm=x",
        f"https://brand.example/gtin/{GTIN}/lot/ABC123?17=251231",
        f"]Q1https://id.gs1.org/01/{GTIN}/10/ABC123?17=251231",
    ],
)
def test_item_batch_and_expiry(text: str) -> None:
    answer = gs1(text)
    assert (answer.gtin, answer.batch, answer.expires) == (GTIN, "ABC123", EXPIRY)
    assert answer.code == "9506000134352"
    assert not answer.recovered


@pytest.mark.parametrize(
    ("text", "batch", "serial", "expires"),
    [
        (f"01{GTIN}10ABC12317251231", "ABC123", "", EXPIRY),
        (f"01{GTIN}21S99917251231", "", "S999", EXPIRY),
        (f"01{GTIN}10L-202500012345678917251231", "L-2025000123456789", "", EXPIRY),
    ],
)
def test_a_lost_separator_is_put_back(text: str, batch: str, serial: str, expires: date) -> None:
    """Keyboard scanners drop GS; a pack past its date must not be sold because of that."""
    answer = gs1(text)
    assert (answer.gtin, answer.batch, answer.serial, answer.expires) == (GTIN, batch, serial, expires)
    assert answer.recovered


def test_a_batch_that_needs_no_separator_is_left_whole() -> None:
    answer = gs1(f"01{GTIN}10ABC99991399")  # 13 with 9: no date, so part of the batch
    assert answer.batch == "ABC99991399"
    assert not answer.recovered


def test_a_separator_that_came_through_settles_it() -> None:
    answer = gs1(f"01{GTIN}21S1{GS}10ABC17251231")
    assert (answer.batch, answer.expires) == ("ABC17251231", None)


@pytest.mark.parametrize(
    "text",
    [
        "0109506000134353",  # check digit
        f"01{GTIN}17251331",  # month 13
        f"01{GTIN}9",
        f"01{GTIN}10{'A' * 21}",
        f"01{GTIN}10",
        f"01{GTIN}10ABC{GS}10DEF",  # said twice, differently
        "]C1hello",
        "https://id.gs1.org/01/09506000134353",
        "https://id.gs1.org/01/abc",
        "https://id.gs1.org/01",
        "https://brand.example/shop?id=1",
        "https://[",
    ],
)
def test_what_cannot_be_read_is_said(text: str) -> None:
    answer = classify(text)
    assert isinstance(answer, Unknown)
    assert answer.reason in {"no_known_format", "unreadable"}


def test_a_number_alone_is_an_item() -> None:
    assert classify(f"01{GTIN}") == ItemCode("9506000134352")
    assert classify(f"]e001{GTIN}") == ItemCode("9506000134352")
    assert classify("0110012345678902") == ItemCode("10012345678902")


def test_weight_price_and_count_of_a_variable_item() -> None:
    answer = gs1(f"01{GTIN}3103001234392201999{GS}3012")
    assert (answer.weight_g, answer.amount_minor, answer.pieces) == (1234, 1999, 12)
    assert gs1(f"01{GTIN}3102001235").weight_g == 12_350
    assert gs1(f"01{GTIN}3201001000").weight_g == 45_359  # 100.0 lb
    assert gs1(f"01{GTIN}39321561999").amount_minor == 1999


@pytest.mark.parametrize(
    ("digits", "expected"),
    [
        ("251231", date(2025, 12, 31)),
        ("240229", date(2024, 2, 29)),
        ("250229", None),
        ("250200", date(2025, 2, 28)),  # day 00: the last of the month
        ("760101", date(2076, 1, 1)),
        ("770101", date(1977, 1, 1)),
        ("000000", None),
        ("25123", None),
        ("２５1231", None),
    ],
)
def test_dates(digits: str, expected: date | None) -> None:
    assert read_date(digits) == expected


def test_a_pack_is_sold_up_to_its_last_day() -> None:
    pack = gs1(f"01{GTIN}1725123110ABC123")
    assert past_its_date(pack, date(2025, 12, 31)) is None
    assert past_its_date(pack, date(2026, 1, 2)) == NotFit(Unfit.EXPIRED, 2, "ABC123")
    sell_by = gs1(f"01{GTIN}16251231")
    assert past_its_date(sell_by, date(2026, 1, 1)) == NotFit(Unfit.PAST_SELL_BY, 1)
    assert past_its_date(gs1(f"01{GTIN}15251231"), date(2030, 1, 1)) is None  # best before does not block


def test_recalls() -> None:
    batch = [Recall(gtin="9506000134352", batch="ABC123", reason="glass")]
    assert recalled(batch, gtin=GTIN, batch="ABC123") == NotFit(Unfit.RECALLED, 0, "ABC123", "glass")
    assert recalled(batch, gtin=GTIN, batch="ABC124") is None
    assert recalled(batch, gtin=GTIN) is None
    assert recalled([Recall(item="1001")], item="1001", gtin=GTIN, batch="X") == NotFit(Unfit.RECALLED)
    assert recalled([Recall(item="1001")], item="1002") is None
    assert recalled([Recall()], item="1001") is None, "a recall of nothing calls nothing back"
    assert recalled([Recall(gtin="nonsense")], item="1001") is None


def test_the_table_has_every_identifier_and_none_begins_another() -> None:
    assert set(TABLE) == set(BIIP_TABLE)
    for ai, row in TABLE.items():
        assert find(ai + "123456789") is row
        assert row.fixed is not BIIP_TABLE[ai].separator_required


@given(st.from_regex(r"\A[0-9]{7,13}\Z"))
def test_check_digits_agree_with_another_implementation(body: str) -> None:
    assume(len(body) in (7, 11, 12, 13))
    code = body + str(check_digit(body))
    assert canonical(code) == Gtin.parse(code).as_gtin_14() if code.strip("0") else True


@given(st.from_regex(r"\A[01][0-9]{6}\Z"))
def test_upc_e_agrees_with_another_implementation(code: str) -> None:
    assert expand_upc_e(code) == Upc.parse(code).as_upc_a()


_batch = st.from_regex(r"\A[A-Z0-9/-]{1,20}\Z")
_dates = st.dates(date(2000, 1, 1), date(2070, 1, 1))


@given(batch=_batch, serial=_batch, expiry=_dates, order=st.permutations(["01", "10", "17", "21"]))
def test_element_strings_read_back_and_agree_with_another_implementation(
    batch: str, serial: str, expiry: date, order: list[str]
) -> None:
    parts = {"01": GTIN, "10": batch, "17": f"{expiry:%y%m%d}", "21": serial}
    text = "".join(ai + parts[ai] + (GS if ai in ("10", "21") else "") for ai in order)
    read = read_element_strings(text)
    assert read is not None
    assert dict(read.values) == parts
    message = biip.parse(f"]C1{text}")
    assert message.gs1_message is not None
    assert {one.ai.ai: one.value for one in message.gs1_message.element_strings} == parts


@given(batch=_batch, expiry=_dates)
def test_expiry_is_found_whether_or_not_the_separator_came(batch: str, expiry: date) -> None:
    """Only where the batch itself reads like identifiers may the answer differ; then it is never a later date."""
    text = f"01{GTIN}10{batch}17{expiry:%y%m%d}"
    answer = classify(text)
    assert isinstance(answer, Gs1Code | Unknown)
    if isinstance(answer, Gs1Code) and answer.batch == batch:
        assert answer.expires == expiry


def test_the_worst_text_is_read_in_no_time() -> None:
    worst = f"01{GTIN}" + "1021303792" * 11
    assert isinstance(classify(worst), Gs1Code | Unknown)
    assert isinstance(classify("]C110" + "2130371011" * 12), Gs1Code | Unknown)
