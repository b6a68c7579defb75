"""Flows of people: signing in and out, practising, freeing a PIN, printing again."""

from __future__ import annotations

from edge_agent.till.asks import ApprovalAsked
from edge_agent.till.results import Refused, SignedIn
from edge_agent.till.stand import StandState
from edge_agent.web.screen.asking import Asked, Question
from edge_agent.web.screen.hand import STAFF, About, Done, Hand, Outcome, approval, identified, settled
from edge_agent.web.screen.saying import news, says
from shared.web.words import marked
from shared.wire.policies import Approval, StaffRole


async def sign_in(ask: Asked, hand: Hand) -> Outcome:
    """Sign in by code and PIN or by staff card; one's own locked till needs the PIN alone."""
    who = await hand.till.people.who()
    locked = who.state is not StandState.OUT
    title = says(marked("Sign in")) if not locked else says(marked("Locked for {name}"), name=who.name or who.staff)
    if who.state is StandState.BREAK:
        title = says(marked("{name} is on a break"), name=who.name or who.staff)
    staff = await ask(
        Question(
            id=STAFF,
            title=title,
            prompt=says(marked("Enter: {name} · another code, or a staff card"), name=who.name or who.staff)
            if locked
            else says(marked("Your code, or your staff card")),
            default=who.staff if locked else None,
            scans=True,
            pane="sign_in",
            wide=True,
        )
    )
    me = await identified(ask, staff, title, about=About(pane="sign_in"))
    answer = await (
        hand.till.people.sign_in_by_card(me.card) if me.card else hand.till.people.sign_in(me.staff, me.pin)
    )
    if isinstance(answer, Refused) and answer.code == "taken_by_other":
        asks = ApprovalAsked(Approval.TAKE_OVER, StaffRole.SUPERVISOR, me.staff)
        by = await approval(ask, asks)
        answer = await (
            hand.till.people.sign_in_by_card(me.card, approve=by)
            if me.card
            else hand.till.people.sign_in(me.staff, me.pin, approve=by)
        )
    return answer if isinstance(answer, Refused) else _welcome(hand, answer)


def _welcome(hand: Hand, answer: SignedIn) -> Done:
    needs_shift = hand.settings.policies.shifts == "required"
    return Done(news(marked("Hello {name}."), name=answer.name or answer.staff), then="begin" if needs_shift else "")


async def begin(_ask: Asked, hand: Hand) -> Outcome:
    """After signing in where a shift is required: open one if there is none."""
    return Done(then="open_shift") if (await hand.till.people.who()).shift is None else Done()


async def sign_out(_ask: Asked, hand: Hand) -> Outcome:
    """Leave the till."""
    answer = await hand.till.people.sign_out()
    return answer if isinstance(answer, Refused) else Done()


async def lock(_ask: Asked, hand: Hand) -> Outcome:
    """Lock the till as it stands."""
    answer = await hand.till.people.lock()
    return answer if isinstance(answer, Refused) else Done()


async def take_break(_ask: Asked, hand: Hand) -> Outcome:
    """Close the till for a break."""
    answer = await hand.till.people.take_break()
    return answer if isinstance(answer, Refused) else Done()


async def practise(ask: Asked, hand: Hand) -> Outcome:
    """Begin or end practising."""
    practice = (await hand.till.people.who()).practice
    answer = await settled(ask, lambda approve, _reason: hand.till.people.practise(on=not practice, approve=approve))
    if isinstance(answer, Refused):
        return answer
    if practice:
        return Done(news(marked("Practice is over. From here on it counts.")))
    return Done(news(marked("You are practising: nothing is sold, counted or sent.")))


async def free_pin(ask: Asked, hand: Hand) -> Outcome:
    """Free a PIN that was locked after too many tries."""
    staff = await ask(
        Question(id="whose", title=says(marked("Free a PIN")), prompt=says(marked("Code of whose PIN is locked")))
    )
    answer = await settled(ask, lambda approve, _reason: hand.till.people.free_pin(staff, approve=approve))
    return answer if isinstance(answer, Refused) else Done(news(marked("The PIN of {staff} is free."), staff=staff))


async def reprint(ask: Asked, hand: Hand) -> Outcome:
    """Print a receipt again, marked as a copy."""
    last = "last"
    text = await ask(
        Question(
            id="reprint",
            title=says(marked("Print a receipt again")),
            prompt=says(marked("Scan its code or type till/number; Enter: the last one")),
            default=last,
            scans=True,
        )
    )
    answer = await hand.till.reprint("" if text == last else text)
    if isinstance(answer, Refused):
        return answer
    return Done(news(marked("Copy {copy} of receipt {receipt}"), copy=answer.copy, receipt=answer.receipt))
