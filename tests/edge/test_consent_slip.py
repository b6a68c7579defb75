"""What somebody agreed to when they joined comes on paper, and again as a copy of that very text."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge_agent.hq import member_set
from edge_agent.receipt import jobs
from edge_agent.receipt.consent_slip import Consented, consent_slip, copy_of
from edge_agent.receipt.ordering import PaperOrders
from edge_agent.till.service.consents import AS_SHIPPED
from shared.receipt.document import Document
from shared.receipt.layout import lay_out
from shared.receipt.plain import to_text
from shared.wire.desired import MemberStep, ReceiptSettings
from shared.wire.policies import ConsentText
from tests.edge.printers import PrinterBench
from tests.edge.printing_store import printing_of
from tests.edge.test_desk_pages import PHONE, DeskPerson, at_desk, good
from tests.edge.tills import CARD, store_settings
from tests.factories import AGENT, START_MS, new_id

AGREED = Consented(
    texts=AS_SHIPPED, given={"membership": "shipped-1"}, masked_name="李**", phone=PHONE, card="8800000001"
)


@pytest.mark.parametrize("columns", [32, 48])
@pytest.mark.parametrize(
    ("languages", "says", "silent"),
    [
        (
            ["zh"],
            ["入会同意书", "可随时查询", "[X] 同意", "[ ] 不同意", "本人签名", "****0001", "****8000"],
            "Membership",
        ),
        (["en"], ["Membership consent", "leave at", "[X] Agreed", "[ ] Not agreed", "Signature"], "入会"),
        (["zh", "en"], ["入会同意书 Membership consent", "可随时查询", "leave at", "版本 Version"], "\ufffd"),
    ],
)
def test_the_slip_says_who_agreed_to_which_text_in_the_store_s_languages(
    languages: list[str], says: list[str], silent: str, columns: int
) -> None:
    settings = msgspec.structs.replace(store_settings(), receipt=ReceiptSettings(languages=languages))
    slip = consent_slip(AGREED, settings, at_ms=START_MS, till="t1", cashier="c1")
    text = to_text(lay_out(slip, columns))
    whole = "".join(line.strip() for line in text.splitlines())
    assert [one for one in says if one.replace(" ", "") not in whole.replace(" ", "")] == []
    assert "shipped-1" in text
    assert silent not in text
    assert PHONE not in text
    assert CARD not in text
    assert "***" not in text.replace("****", "").replace("李**", "")
    again = to_text(lay_out(copy_of(slip, 2, settings), columns))
    assert "第2次" in again or "No. 2" in again


async def on_paper(at: DeskPerson) -> list[tuple[int, str]]:
    """Return every slip that was ordered: which copy, and what it says."""
    rows = await at.store.database.read(
        lambda db: db.execute("SELECT copy, document FROM print_job WHERE document IS NOT NULL ORDER BY n").fetchall()
    )
    return [
        (copy, to_text(lay_out(msgspec.json.decode(content, type=Document), 48)).replace("\n", ""))
        for copy, content in rows
    ]


def with_printer(at: DeskPerson) -> None:
    printing = printing_of(at.store, PrinterBench())
    at.till.paper = PaperOrders(
        at.store.database, "t1", printing=printing, clocks=at.store.clocks, who=lambda: at.till.cashier
    )


async def test_joining_prints_the_consent_and_a_copy_says_the_text_of_that_day(tmp_path: Path) -> None:
    first = ConsentText(
        channel="membership", version="v1", words={"en": "First text.", "zh": "第一版。"}, required=True
    )
    async with at_desk(tmp_path, consents=[first]) as at:
        with_printer(at)
        await at.presses("F12")
        await at.types("1", PHONE, "1")
        await at.scans(CARD)
        await at.types("李小明")
        assert at.asked == "customer", at.told
        assert good(at)
        ((copy, slip),) = await on_paper(at)
        assert copy == 0
        assert "v1" in slip
        assert "First text." in slip or "第一版" in slip
        policies = msgspec.structs.replace(
            at.store.settings.policies, consents=[msgspec.structs.replace(first, version="v2", words={"en": "Later."})]
        )
        at.store.settings = msgspec.structs.replace(at.store.settings, policies=policies)
        for number in (1, 2):
            await at.types("7")
            assert good(at), at.told
            copy, again = (await on_paper(at))[-1]
            assert copy == number
            assert ("v1" in again, "v2" in again, "Later" in again) == (True, False, False)
            assert f"No. {number}" in again or f"第{number}次" in again
        (member,) = at.till.desk.whom.now
        assert len(await at.store.database.read(lambda db: jobs.of_receipt(db, member.member))) == 3
        left = MemberStep(agent=AGENT, incarnation=new_id(), base=0, version=1, gone=[member.member])
        await at.store.database.run(lambda db: member_set.apply_step(db, left))
        said = " ".join(text for _copy, text in await on_paper(at))
        assert "李**" not in said, "whoever has left is on no paper that is kept here"


async def test_without_a_printer_or_a_slip_of_this_store_head_office_is_named(tmp_path: Path) -> None:
    async with at_desk(tmp_path) as at:
        await at.presses("F12")
        await at.types("1", PHONE, "1", "1", "", "")
        assert at.asked == "customer", "without paper they are a member as well"
        await at.types("7")
        assert (at.told, at.asked) == ("no_printer", "customer")
        with_printer(at)
        await at.types("7")
        assert (at.told, at.asked) == ("no_slip", "customer")
