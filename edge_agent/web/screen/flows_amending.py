"""Flows that amend the basket: another price, a line or a coupon more or less, dropped cents, all of it given up."""

from __future__ import annotations

from edge_agent.till.results import BasketView, Refused
from edge_agent.web.screen.asking import Asked, Option, Question
from edge_agent.web.screen.hand import NOT_SAID, About, Done, Hand, Outcome, settled
from edge_agent.web.screen.saying import named, news, says
from shared.pricing import PricedLine
from shared.web.words import marked


async def override(ask: Asked, hand: Hand) -> Outcome:
    """Lower the price of the chosen line."""
    view = await hand.till.view()
    line = _meant(hand, view)
    if line is None or view is None:
        return await _refused_empty(hand)
    price = hand.price(line.price, line.unit)
    name = named(view.names.get(line.n, {}), line.item)
    minor = await ask.amount(
        Question(
            id="price",
            title=says(marked("New price for {item}, now {price}"), item=name, price=price),
            prompt=says(marked("New price")),
            kind="amount",
        ),
        hand.settings.exponent,
    )
    change = says(marked("{item}: {before} becomes {after}"), item=name, before=price, after=hand.money(minor))
    answer = await settled(
        ask, lambda approve, reason: hand.till.set_price(minor, line.n, reason=reason, approve=approve), About(change)
    )
    return answer if isinstance(answer, Refused) else Done()


async def void_line(ask: Asked, hand: Hand) -> Outcome:
    """Take the chosen line out, or the last one."""
    view = await hand.till.view()
    line = _meant(hand, view)
    about = NOT_SAID
    if view is not None and line is not None:
        name = named(view.names.get(line.n, {}), line.item)
        about = About(says(marked("{item}: {amount}"), item=name, amount=hand.money(line.net_minor)))
    answer = await settled(
        ask, lambda approve, _reason: hand.till.void_line(hand.line, approve=approve, expects=hand.expects), about
    )
    if isinstance(answer, Refused) or about is NOT_SAID:
        return answer if isinstance(answer, Refused) else Done()
    return Done(news(marked("Taken out: {what}"), what=about.words))


async def round_off(ask: Asked, hand: Hand) -> Outcome:
    """Drop cents from the total."""
    answer = await settled(ask, lambda approve, _reason: hand.till.round_off(approve=approve, expects=hand.expects))
    return (
        answer if isinstance(answer, Refused) else Done(news(marked("{cents} dropped"), cents=hand.money(answer.minor)))
    )


async def void_basket(ask: Asked, hand: Hand) -> Outcome:
    """Give the basket up, after one question."""
    view = await hand.till.view()
    if view is None:
        return await _refused_empty(hand)
    yes = "yes"
    await ask(
        Question(
            id="void_basket",
            title=says(marked("Give this basket up? {lines} lines, {total}"), lines=len(view.priced.lines),
                       total=hand.money(view.priced.total_minor)),
            prompt=says(marked("1 and Enter to give it up, Esc to go on selling")),
            options=(Option(value=yes, words=says(marked("Give the basket up"))),),
            free=False,
            deliberate=True,
        )
    )  # fmt: skip
    about = About(
        says(marked("{lines} lines, {total}"), lines=len(view.priced.lines), total=hand.money(view.priced.total_minor))
    )
    answer = await settled(ask, lambda approve, reason: hand.till.void_basket(reason, approve=approve), about)
    return answer if isinstance(answer, Refused) else Done(news(marked("The basket was given up.")))


async def _refused_empty(hand: Hand) -> Refused:
    answer = await hand.till.void_basket()
    if isinstance(answer, Refused):
        return answer
    raise RuntimeError("a basket was given up that nobody saw")


async def coupon(ask: Asked, hand: Hand) -> Outcome:
    """Take a paper coupon for the chosen line."""
    code = await ask(
        Question(
            id="coupon",
            title=says(marked("Paper coupon")),
            prompt=says(marked("Scan or type its code")),
            scans=True,
        )
    )
    minor = await ask.amount(
        Question(
            id="value", title=says(marked("Paper coupon {code}"), code=code), prompt=says(marked("What it is worth")),
            kind="amount",
        ),
        hand.settings.exponent,
    )  # fmt: skip
    answer = await hand.till.coupon(code, minor, line=hand.line)
    return answer if isinstance(answer, Refused) else Done()


def _meant(hand: Hand, view: BasketView | None) -> PricedLine | None:
    """Return the line that was chosen, else the last one; a deposit goes with its goods."""
    lines = [] if view is None else [one for one in view.priced.lines if one.n not in view.deposit_of]
    return next((one for one in lines if one.n == hand.line), lines[-1] if lines else None)
