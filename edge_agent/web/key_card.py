"""The key card: every action with its key and what it does offline, and a practice basket, on one page to print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.till.results import QuickKeyView
from edge_agent.web.rendering import speech
from edge_agent.web.screen.actions import ACTIONS, Action
from edge_agent.web.screen.flows_paying import METHODS
from edge_agent.web.screen.words import TENDERS
from edge_agent.web.shop import Counter
from shared.receipt.document import Align, Block, Document, Gap, Pair, Rule, Says
from shared.web.words import Language, marked
from shared.wire.desired import StoreSettings


@dataclass(frozen=True, slots=True)
class KeyCard:
    """What the card shows: actions with their keys, ways to pay with theirs, the store's quick keys."""

    actions: Sequence[tuple[Action, str]]
    payments: Sequence[tuple[str, str]]
    quick: Sequence[QuickKeyView]


PRINTED = marked("The key card is being printed.")
NO_PRINTER = marked("This till has no receipt printer.")
_TITLE = marked("Keys of till {till}")


async def card_of(counter: Counter) -> KeyCard:
    """Return a till's key card."""
    keys = counter.screen.keys
    return KeyCard(
        actions=[(action, keys[action.name]) for action in ACTIONS if _is_here(counter, action)],
        payments=[(TENDERS[method], key) for method, key in METHODS],
        quick=await counter.till.catalogue.quick_keys(),
    )


def _is_here(counter: Counter, action: Action) -> bool:
    return action.name != "more" and counter.till.kind in action.kinds


def document_of(card: KeyCard, settings: StoreSettings, till: str, language: Language) -> Document:
    """Return the key card for the receipt printer: what has a key, then the ways to pay, then the quick keys."""
    t = speech(language).t
    title = t(_TITLE, till=till)
    blocks: list[Block] = [
        Says(text=settings.name, align=Align.CENTRE),
        Says(text=title, align=Align.CENTRE, bold=True),
        Rule(),
    ]
    blocks += [Pair(left=t(action.words), right=key) for action, key in card.actions if key]
    blocks.append(Rule())
    blocks += [Pair(left=t(words), right=key) for words, key in card.payments if key]
    if card.quick:
        blocks.append(Rule())
        blocks += [Pair(left=_named(one, language), right=one.item) for one in card.quick]
    return Document(title=title, language=language, blocks=(*blocks, Gap()))


def _named(key: QuickKeyView, language: Language) -> str:
    return key.words.get(language) or key.words.get("en", key.item)
