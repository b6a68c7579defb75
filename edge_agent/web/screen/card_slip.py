"""The number on a card terminal's slip: what ties a payment by bank card to the bank's own list."""

from __future__ import annotations

from collections.abc import Iterable

from edge_agent.till.desk import MAX_REFERENCE_CHARACTERS
from edge_agent.web.screen.asking import Asked, Question, Wrong
from edge_agent.web.screen.hand import Hand
from edge_agent.web.screen.saying import NOTHING, Joined, Sayable, says
from edge_agent.web.screen.words import TENDERS
from shared.web.words import marked
from shared.wire.events import Tender, TenderKind


async def slip_number(ask: Asked, hand: Hand, method: TenderKind, minor: int) -> str:
    """Return the slip's number of a payment that the till cannot ask for itself; '' for other ways to pay.

    An empty line is none, where the store's policy (`card_reference`) lets a card be taken without.
    """
    rule = hand.settings.policies.card_reference
    if method is not TenderKind.BANK_CARD or method in hand.till.by_gateway or rule == "none":
        return ""
    required = rule == "required"
    number = await ask(
        Question(
            id="card_slip",
            title=says(marked("Take {minor} on the card terminal"), minor=hand.money(minor)),
            prompt=says(marked("Number on the slip"))
            if required
            else says(marked("Number on the slip · Enter: taken, without a number")),
            default=None if required else "",
            note=says(marked("Esc if the terminal refused it")),
            stays=True,
        )
    )
    number = number.strip()
    if len(number) > MAX_REFERENCE_CHARACTERS or not number.isprintable() or (required and not number):
        raise Wrong(says(marked("This is not a slip's number.")), number[:MAX_REFERENCE_CHARACTERS])
    return number


def handed_back(hand: Hand, tenders: Iterable[Tender]) -> Sayable:
    """Say how what was given goes back: each by the way it came, a card with the number on its slip."""
    said: list[Sayable] = []
    for one in tenders:
        way, minor = says(TENDERS[one.method]), hand.money(one.minor + one.change_minor)
        if one.method is TenderKind.EXCHANGE:
            continue
        if one.reference:
            said.append(says(marked("{way} {minor}, slip {slip}"), way=way, minor=minor, slip=one.reference))
        else:
            said.append(says(marked("{way} {minor}"), way=way, minor=minor))
    return Joined(tuple(said)) if said else NOTHING


def then_on_the_terminal(tenders: Iterable[Tender]) -> Sayable:
    """Say what is to be done at the card terminal, if anything: no cash is given for a card."""
    if all(one.method is not TenderKind.BANK_CARD for one in tenders):
        return NOTHING
    return says(marked("Undo the card payment on its terminal; give no cash for it."))
