"""Telling apart what was scanned: goods to ring up, a member, or a refusal that says what to do."""

from __future__ import annotations

from datetime import date

from edge_agent.disk.agent_row import business_day
from edge_agent.till.desk import Desk
from edge_agent.till.results import Refused
from edge_agent.till.scanning.words import filled
from edge_agent.till.words import WORDS
from shared.codes import (
    CodeTables,
    Gs1Code,
    ItemCode,
    MemberCard,
    MemberQr,
    NotFit,
    PaymentCode,
    Scan,
    ScanContext,
    Unknown,
    VariableMeasure,
    classify,
    past_its_date,
    usable,
)
from shared.codes.member_code import VerifiedMember, verify
from shared.wire.desired import StoreSettings

Goods = ItemCode | VariableMeasure | Gs1Code
"""What names an item of the price book."""


def code_tables(settings: StoreSettings) -> CodeTables:
    """Return what the store's codes look like."""
    return CodeTables(
        card_prefixes=settings.card_prefixes,
        card_digits=settings.card_digits,
        labels=usable(settings.labels),
        exponent=settings.exponent,
    )


def tell(
    desk: Desk, text: str, context: ScanContext = ScanContext.GOODS, symbology: str = "", *, hq_offset_ms: int = 0
) -> Goods | MemberCard | PaymentCode | Refused:
    """Say what was scanned while the till asked for `context`.

    A member's code is checked here, by HQ's time as the till estimates it: its wall clock and `hq_offset_ms`. A pack
    past its date is refused by the store's own business day.
    """
    settings = desk.settings()
    answer = classify(text, code_tables(settings), context, symbology)
    if isinstance(answer, MemberQr):
        return _member(answer, settings, desk.clocks.machine.wall_ms() + hq_offset_ms)
    if isinstance(answer, Gs1Code):
        today = date.fromisoformat(business_day(settings, desk.clocks.business.now_ms()))
        unfit = past_its_date(answer, today)
        return answer if unfit is None else not_fit(unfit)
    if isinstance(answer, Unknown):
        return Refused(answer.reason, WORDS[answer.reason], answer.text)
    return _in_context(answer, context)


def not_fit(unfit: NotFit) -> Refused:
    """Return the refusal of goods that must not be sold, with the days in its words and HQ's reason as its detail."""
    detail = " ".join(part for part in (unfit.batch, unfit.reason) if part) or str(unfit.days)
    return Refused(unfit.why.value, filled(WORDS[unfit.why.value], days=unfit.days), detail)


def _member(code: MemberQr, settings: StoreSettings, now_ms: int) -> MemberCard | Refused:
    answer = verify(code.text, settings.member_code_keys, now_ms)
    if isinstance(answer, VerifiedMember):
        return MemberCard(answer.card)
    return Refused(answer.value, WORDS[answer.value])


def _in_context(answer: Scan, context: ScanContext) -> Goods | MemberCard | PaymentCode | Refused:
    """Refuse what is something else than the till asks for just now."""
    if isinstance(answer, PaymentCode):
        if context is ScanContext.PAYMENT_CODE:
            return answer
        return Refused("payment_code_early", WORDS["payment_code_early"])
    if context is ScanContext.PAYMENT_CODE:
        return Refused("not_a_payment_code", WORDS["not_a_payment_code"])
    if context is ScanContext.MEMBER_CARD and not isinstance(answer, MemberCard):
        return Refused("not_a_card", WORDS["not_a_card"])
    if not isinstance(answer, Goods | MemberCard):
        raise TypeError(f"an answer that no till knows: {answer!r}")
    return answer
