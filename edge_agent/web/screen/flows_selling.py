"""Flows that fill the basket: finding items, weighing, ages, asked prices, putting aside."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from edge_agent.till.asks import ApprovalAsked, PriceAsked
from edge_agent.till.results import HeldLine, LineAdded, Refused
from edge_agent.web.figures import clock_time, to_minor
from edge_agent.web.screen.asking import Asked, Option, Question, Wrong
from edge_agent.web.screen.carried import carried
from edge_agent.web.screen.hand import About, Done, Hand, Outcome, approval, settled
from edge_agent.web.screen.saying import Joined, Notice, Plain, Sayable, named, news, says
from shared.pricing import Unit
from shared.web.words import marked

_USUAL = "usual"


async def age(ask: Asked, hand: Hand, years: str, born_by: str) -> Outcome:
    """Make sure of the buyer's age: by looking, or by the birth date."""
    seen = "seen"
    text = await ask(
        Question(
            id="age",
            title=says(marked("Over {years}? Born on or before {born}"), years=years, born=born_by),
            prompt=says(marked("Birth date as YYYYMMDD, or 1 and Enter: I have looked")),
            options=(Option(value=seen, words=says(marked("Yes, I have looked at the person or a document"))),),
            deliberate=True,
        )
    )
    born = "" if text == seen else text.replace("-", "")
    if born and (len(born) != len("20080101") or not born.isdigit()):
        raise Wrong(says(marked("A birth date has eight digits, such as 20080131.")), text)
    iso = f"{born[:4]}-{born[4:6]}-{born[6:]}" if born else ""
    answer = await hand.till.confirm_age(int(years), born=iso)
    if isinstance(answer, Refused) and isinstance(answer.asks, ApprovalAsked):
        answer = await hand.till.confirm_age(int(years), born=iso, approve=await approval(ask, answer.asks))
    if isinstance(answer, LineAdded) and answer.measure is not None:
        return Done(then="weigh" if answer.measure is Unit.GRAM else "pour", about=(str(answer.line.n),))
    return answer if isinstance(answer, Refused) else Done()


async def open_price(ask: Asked, hand: Hand, about: str) -> Outcome:
    """Ask what a piece of something costs, and ring it up at that."""
    asked = carried(about, PriceAsked)
    bounds = says(
        marked("{least} to {most}; anything else needs approval"),
        least=hand.money(asked.least_minor), most=hand.money(asked.most_minor),
    )  # fmt: skip
    usual = Option(value=_USUAL, words=says(marked("The usual price")), amount=hand.money(asked.suggested_minor))
    text = await ask(
        Question(
            id="open_price",
            title=says(marked("Price of {item}"), item=named(asked.names, asked.code)),
            prompt=says(marked("Price of one piece")),
            kind="amount",
            options=(usual,) if asked.suggested_minor else (),
            numbered=False,
            note=bounds,
        )
    )
    minor = asked.suggested_minor if text == _USUAL else to_minor(text, hand.settings.exponent)
    if minor is None:
        raise Wrong(says(marked("This is not an amount.")), text)
    what = About(
        says(marked("{item}: {amount}"), item=named(asked.names, asked.code), amount=hand.money(minor * asked.count))
    )
    answer = await settled(
        ask, lambda approve, _reason: hand.till.ring_at(asked.code, minor, asked.count, approve=approve), what
    )
    return answer if isinstance(answer, Refused) else Done()


async def hold(ask: Asked, hand: Hand) -> Outcome:
    """Put the basket aside under a number that is free, or a name."""
    names = {one.name for one in await hand.till.held()}
    free = next(str(number) for number in range(1, len(names) + 2) if str(number) not in names)
    if await hand.till.view() is None:
        answer = await hand.till.hold(free)
        return answer if isinstance(answer, Refused) else Done()
    name = await ask(
        Question(
            id="hold",
            title=says(marked("Put this basket on hold")),
            prompt=says(marked("Name or card number of the basket; Enter: {name}"), name=free),
            default=free,
        )
    )
    answer = await hand.till.hold(name[:40], expects=hand.expects)
    return answer if isinstance(answer, Refused) else Done(news(marked("On hold as {name}."), name=name[:40]))


async def recall(ask: Asked, hand: Hand) -> Outcome:
    """Take up a held basket of any till of the store."""
    held = await hand.till.held()
    if not held:
        return Done(
            notice=Notice(
                words=says(marked("No basket is on hold.")), next=says(marked("Go on selling.")), code="nothing_held"
            )
        )
    options = tuple(
        Option(
            value=str(one.id),
            words=Plain(one.name or "–"),
            note=_held_note(hand, one),
            amount=hand.money(one.total_minor),
        )
        for one in held
    )
    chosen = await ask(
        Question(
            id="held",
            title=says(marked("On hold")),
            prompt=says(marked("Number in the list")),
            options=options,
            free=False,
            wide=True,
        )
    )
    answer = await hand.till.recall(UUID(chosen))
    if isinstance(answer, Refused):
        return answer
    notice = None
    if answer.without_price:
        notice = await _old_prices(hand, answer.without_price)
    elif answer.repriced and answer.before_minor != answer.total_minor:
        before, now = hand.money(answer.before_minor), hand.money(answer.total_minor)
        notice = news(marked("Prices have changed since: {before} is {now} now."), before=before, now=now)
    if answer.to_measure:
        return Done(notice, then="measure", about=(str(answer.to_measure[0]),))
    return Done(notice)


def _held_note(hand: Hand, one: HeldLine) -> Sayable:
    """Say where a held basket comes from, how much is in it, and that something of it is still to be weighed."""
    note = says(
        marked("till {till}, {time}, {lines} lines"),
        till=hand.number_of(one.till), time=clock_time(one.opened_ms, hand.settings.time_zone), lines=one.lines,
    )  # fmt: skip
    return Joined((note, says(marked("{lines} still to weigh"), lines=one.to_measure))) if one.to_measure else note


async def _old_prices(hand: Hand, items: Sequence[str]) -> Notice:
    """Say that a recalled basket keeps the prices it had, as the new ones leave some of its items out."""
    view = await hand.till.view()
    lines = view.priced.lines if view else []
    names = {line.item: named(view.names.get(line.n, {}), line.item) for line in lines} if view else {}
    return Notice(
        words=says(
            marked("The basket keeps its old prices. Without a price now: {items}"),
            items=Joined(tuple(names.get(item, Plain(item)) for item in items)),
        ),
        next=says(marked("Take the money as shown, or remove these lines, and tell head office.")),
        code="old_prices",
        refused=False,
    )
