"""Flows of the drawer: a shift from its float to its Z report, cash in and out, the blind count."""

from __future__ import annotations

from uuid import UUID

from edge_agent.receipt.shift_papers import shift_document
from edge_agent.till.asks import HeldAsked
from edge_agent.till.results import Refused
from edge_agent.till.shifts.results import HeldChoice, ShiftReport, ShiftView
from edge_agent.web.figures import clock_time
from edge_agent.web.screen.asking import Asked, Option, Question, Wrong
from edge_agent.web.screen.hand import NOT_SAID, About, Done, Hand, Outcome, reason_question, settled
from edge_agent.web.screen.saying import Notice, Plain, news, refusal, says
from edge_agent.web.screen.words import MOVES
from shared.receipt.document import Document
from shared.web.words import marked
from shared.wire.till_events import CashMove

_MOST_PIECES = 100_000


async def shift(ask: Asked, hand: Hand) -> Outcome:
    """Say how the shift stands, and offer what can be done about it."""
    view = await hand.till.drawer.view()
    items = (
        [("open_shift", marked("Open a shift"))]
        if view is None
        else [
            *((f"cash_{move.value}", words) for move, words in MOVES.items()),
            ("count", marked("Count the drawer")),
            ("x_report", marked("X report: how it stands")),
            ("close_shift", marked("Close the shift: Z report")),
        ]
    )
    items += [("past", marked("Earlier Z reports"))]
    choice = await ask(
        Question(
            id="shift",
            title=says(marked("Shift")),
            prompt=says(marked("Number")),
            options=tuple(Option(value=value, words=says(words)) for value, words in items),
            free=False,
            pane="shift",
            detail=view,
            wide=True,
        )
    )  # fmt: skip
    name, _mark, move = choice.partition("_")
    return Done(then="cash", about=(move,)) if name == "cash" else Done(then=choice)


async def open_shift(ask: Asked, hand: Hand) -> Outcome:
    """Open a shift with what is in the drawer."""
    minor = await ask.amount(
        Question(
            id="float",
            title=says(marked("Open the shift")),
            prompt=says(marked("Cash in the drawer now (float)")),
            kind="amount",
        ),
        hand.settings.exponent,
    )
    answer = await hand.till.drawer.open(minor)
    return answer if isinstance(answer, Refused) else Done(news(marked("The shift is open.")))


async def cash(ask: Asked, hand: Hand, move: str) -> Outcome:
    """Put cash in, take some out, drop some, or open the drawer; always with a reason."""
    kind = CashMove(move)
    minor = 0
    if kind is not CashMove.NO_SALE:
        minor = await ask.amount(
            Question(id="cash", title=says(MOVES[kind]), prompt=says(marked("Amount")), kind="amount"),
            hand.settings.exponent,
        )
    known = hand.settings.policies.cash_reasons
    question = reason_question(known)
    if not known:
        question = Question(id="reason", title=says(marked("Why?")), prompt=says(marked("Reason in a few words")))
    reason = await ask(question)
    about = (
        About(says(marked("{what}: {amount}"), what=says(MOVES[kind]), amount=hand.money(minor))) if minor else NOT_SAID
    )
    answer = await settled(
        ask, lambda approve, _reason: hand.till.drawer.move(kind, minor, reason=reason, approve=approve), about
    )
    if isinstance(answer, Refused):
        return answer
    if kind is CashMove.NO_SALE:
        return Done(news(marked("The drawer opens.")))
    return Done(news(marked("{what}: {amount}"), what=says(MOVES[kind]), amount=hand.money(minor)))


async def no_sale(ask: Asked, hand: Hand) -> Outcome:
    """Open the drawer without a sale, with a reason."""
    return await cash(ask, hand, CashMove.NO_SALE.value)


async def count(ask: Asked, hand: Hand) -> Outcome:
    """Count the drawer, one kind of note or coin after the other, without seeing what should be there."""
    view = await hand.till.drawer.view()
    if view is None:
        answer = await hand.till.drawer.count({})
        return answer if isinstance(answer, Refused) else Done()
    counted: dict[int, int] = {}
    for value in view.denominations:
        pieces = await ask.whole(
            Question(
                id="count",
                title=says(marked("Count the drawer")),
                prompt=says(marked("How many of {value}? Enter: none"), value=hand.money(value)),
                default="0",
                pane="count",
                detail=(value, view.denominations, dict(counted)),
                wide=True,
            ),
            _MOST_PIECES,
        )
        counted[value] = pieces
    kept = await hand.till.drawer.count(counted)
    if isinstance(kept, Refused):
        return kept
    return Done(news(marked("Counted: {total}"), total=hand.money(kept.minor)), then="shift")


async def x_report(ask: Asked, hand: Hand) -> Outcome:
    """Show how the shift stands."""
    answer = await hand.till.drawer.x_report()
    if isinstance(answer, Refused) and answer.code == "report_hidden":
        return Done(refusal(answer), then="count")
    if isinstance(answer, Refused):
        return answer
    return await _shown(ask, hand, answer)


async def close_shift(ask: Asked, hand: Hand) -> Outcome:
    """Close the shift: each held basket moves or is cancelled by choice, then its Z report is made."""
    chosen: dict[UUID, HeldChoice] = {}
    about = _drawer_said(hand, await hand.till.drawer.view())

    async def closed() -> ShiftReport | Refused:
        return await settled(ask, lambda approve, _reason: hand.till.drawer.close(chosen, approve=approve), about)

    answer = await closed()
    if isinstance(answer, Refused) and answer.code in {"count_first", "count_again"}:
        return Done(refusal(answer) if answer.code == "count_again" else None, then="count")
    while isinstance(answer, Refused) and isinstance(answer.asks, HeldAsked):
        held = {one.id: one for one in await hand.till.held()}
        missing = [key for key in answer.asks.baskets if key not in chosen and key in held]
        if not missing:
            return answer
        one = held[missing[0]]
        words = says(
            marked("Basket {name} is on hold: {total}"), name=one.name or "–", total=hand.money(one.total_minor)
        )
        choice = await ask(
            Question(
                id="held_choice",
                title=words,
                prompt=says(marked("Number")),
                options=(
                    Option(value=HeldChoice.MOVE.value, words=says(marked("Goes on to the next shift"))),
                    Option(value=HeldChoice.CANCEL.value, words=says(marked("Is cancelled"))),
                ),
                free=False,
                deliberate=True,
            )
        )
        chosen[one.id] = HeldChoice(choice)
        answer = await closed()
    return answer if isinstance(answer, Refused) else Done(then="z_report", about=(str(answer.shift),))


def _drawer_said(hand: Hand, view: ShiftView | None) -> About:
    """Say what is in the drawer and what should be, for whoever approves the close."""
    if view is None or view.counted is None or view.totals is None:
        return NOT_SAID
    counted, expected = view.counted.minor, view.totals.cash_expected_minor
    return About(
        says(
            marked("counted {counted}, expected {expected}, difference {difference}"),
            counted=hand.money(counted), expected=hand.money(expected), difference=hand.money(counted - expected),
        )
    )  # fmt: skip


async def z_report(ask: Asked, hand: Hand, key: str) -> Outcome:
    """Show a closed shift's report."""
    answer = await hand.till.drawer.z_report(UUID(key))
    if isinstance(answer, Refused):
        return answer
    return await _shown(ask, hand, answer)


async def past(ask: Asked, hand: Hand) -> Outcome:
    """Choose one of the last Z reports."""
    reports = await hand.till.drawer.past()
    if not reports:
        words, then = (
            says(marked("No shift of this till was closed yet.")),
            says(marked("Its Z report will stand here.")),
        )
        return Done(notice=Notice(words=words, next=then, code="no_past"))
    options = tuple(
        Option(
            value=str(one.shift),
            words=Plain(one.business_date),
            note=Plain(_when(one, hand)),
            amount=hand.money(one.totals.sales_minor),
        )
        for one in reports
    )
    chosen = await ask(
        Question(
            id="past",
            title=says(marked("Earlier Z reports")),
            prompt=says(marked("Number in the list")),
            options=options,
            free=False,
            wide=True,
        )
    )
    return Done(then="z_report", about=(chosen,))


def _when(report: ShiftReport, hand: Hand) -> str:
    """Return when a shift was closed, and which version its report is where it is not the first."""
    time = clock_time(report.closed_ms or report.opened_ms, hand.settings.time_zone)
    return f"{time} · v{report.version}" if report.version > 1 else time


async def _shown(ask: Asked, hand: Hand, report: ShiftReport) -> Outcome:
    """Show a report until it is put away or printed."""
    chosen = await ask(
        Question(
            id="report",
            title=says(marked("X report")) if report.version == 0 else says(marked("Z report")),
            prompt=says(marked("Enter or Esc closes it, 2 prints it")),
            options=(
                Option(value="close", words=says(marked("Close"))),
                Option(value="print", words=says(marked("Print"))),
            ),
            free=False,
            pane="report",
            detail=report,
            wide=True,
        )
    )
    if chosen != "print":
        return Done()

    def paper(before: int) -> Document:
        now_ms = hand.clock.now_ms()
        return shift_document(report, hand.settings, at_ms=now_ms, till=hand.till.id, copy=before)

    if hand.till.paper is None or not await hand.till.paper.order(paper, report.event):
        raise Wrong(says(marked("This till has no receipt printer.")))
    return Done(news(marked("The report is being printed.")))
