"""Flows of the service desk: who stands there, joining, cards, gifts, and points of a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from edge_agent.till.asks import Approve
from edge_agent.till.results import Refused
from edge_agent.till.service.members import CardAct
from edge_agent.till.service.results import CardChanged, Customer, Served
from edge_agent.till.service.whom import WHOLE_PHONE, plain_phone
from edge_agent.web.screen.asking import Asked, Option, Question, Wrong
from edge_agent.web.screen.hand import About, Done, Hand, Outcome, settled
from edge_agent.web.screen.saying import Joined, Named, Plain, Said, named, news, refusal, says
from shared import pickup_code
from shared.web.words import marked
from shared.wire.desk_asks import GiftsFound

_NO, _YES = "no", "yes"
_DESK = (
    ("desk_enrol", marked("Sign up a new member")),
    ("desk_gift_card", marked("Sell a gift card")),
    ("desk_undo", marked("Undo a top-up")),
)
_SERVED = (
    ("desk_top_up", marked("Top up")),
    ("desk_claim", marked("Credit a receipt's points")),
    ("desk_gifts", marked("Gifts")),
    ("desk_cards", marked("Card")),
    ("desk_return", marked("Give the stored value back")),
    ("desk_pay_out", marked("Pay out what head office approved")),
    ("desk_slip", marked("Print the consent again")),
)
CARD_ACTS: Mapping[CardAct, str] = {
    "issue": marked("Give a card"),
    "replace": marked("Replace the card, the old one is lost or broken"),
    "lost": marked("Report the card lost"),
    "freeze": marked("Freeze the card for a while"),
    "thaw": marked("End the freeze"),
}
_DONE: Mapping[str, str] = {
    "issue": marked("{name} has the card now."),
    "replace": marked("{name} has the new card; the old one is out of use."),
    "lost": marked("The card of {name} is out of use."),
    "freeze": marked("The card of {name} is frozen."),
    "thaw": marked("The card of {name} can be used again."),
}


async def desk(ask: Asked, hand: Hand) -> Outcome:
    """Begin: a member by card or telephone, something to fetch by its code, or one of what needs no member."""
    if not ask.answers:
        hand.till.desk.whom.begin()
    begun = [
        (f"desk_undo:{one.receipt}", says(marked("Go on undoing {receipt}"), receipt=one.receipt))
        for one in await hand.till.counter.unfinished()
    ]
    options = [*begun, *((value, says(words)) for value, words in _DESK)]
    text = await ask(
        Question(
            id="desk",
            title=says(marked("Service desk")),
            prompt=says(marked("Card, phone number, or a number of the list")),
            note=says(
                marked("A member: scan their card or pick-up code, or type their phone number or its last 4 digits.")
            ),
            options=tuple(Option(value=value, words=words) for value, words in options),
            scans=True,
            wide=True,
        )
    )
    flow, _, receipt = text.partition(":")
    if text in {value for value, _words in options}:
        return Done(then=flow, about=(receipt,) if receipt else ())
    code = pickup_code.read(text)
    if code is not None:
        return Done(then="desk_gifts", about=("", code))
    return await _found(ask, hand, text)


async def _found(ask: Asked, hand: Hand, text: str) -> Outcome:
    """Choose who is meant where several are."""
    found = await hand.till.desk.look_up(text)
    if isinstance(found, Refused):
        whole = len(plain_phone(text) or "") >= WHOLE_PHONE
        if found.code == "hq_phone_unknown" and whole:
            return Done(refusal(found), then="desk_join", about=(text,))
        return await _nobodys(hand, text, found) if found.code == "hq_card_unknown" else found
    if len(found.found) == 1:
        return Done(then="desk_customer", about=(found.found[0].key,))
    note = says(marked("There are more: type the whole number.")) if found.more else Plain("")
    key = await ask(
        Question(
            id="who",
            title=says(marked("Who is it?")),
            prompt=says(marked("Number in the list")),
            options=tuple(Option(value=one.key, words=name_of(one), note=_signs(one)) for one in found.found),
            free=False,
            deliberate=True,
            note=note,
            wide=True,
        )
    )
    return Done(then="desk_customer", about=(key,))


async def _nobodys(hand: Hand, card: str, found: Refused) -> Outcome:
    """Say what is on a card that is no member's, and ask what is to be done with it; or that too much was asked."""
    wallet = await hand.till.desk.balance(card=card)
    if isinstance(wallet, Refused) and wallet.code == "hq_wallet_looks":
        return wallet
    if isinstance(wallet, Refused) or not wallet.has_value:
        return Done(refusal(found), then="desk_nobodys", about=(card, ""))
    balance = hand.money(wallet.value_minor)
    return Done(news(marked("A gift card with {balance}"), balance=balance), then="desk_nobodys", about=(card, balance))


async def nobodys(ask: Asked, _hand: Hand, card: str, balance: str) -> Outcome:
    """Offer what can be done with a card that is no member's: put money on it, or sign its holder up."""
    sell = marked("Put more money on this gift card") if balance else marked("Sell this as a gift card")
    title = says(marked("A gift card with {balance}"), balance=balance)
    choice = await ask(
        Question(
            id="nobodys",
            title=title if balance else says(marked("This card is no member's")),
            prompt=says(marked("Number in the list, or Esc")),
            options=(
                Option(value="desk_gift_card", words=says(sell)),
                *(() if balance else (Option(value="desk_enrol", words=says(marked("Sign up a new member"))),)),
            ),
            free=False,
            wide=True,
        )
    )
    return Done(then=choice, about=(card,) if choice == "desk_gift_card" else ())


def name_of(one: Customer) -> Said | Plain:
    """Say who it is: by name, else by what is masked of their number or card."""
    known = one.masked_name or one.masked_phone or one.masked_card
    return Plain(known) if known else says(marked("Member without a name"))


def _signs(one: Customer) -> Plain:
    said = name_of(one)
    named_by = said.text if isinstance(said, Plain) else ""
    signs = (one.masked_phone, one.masked_card, one.tier)
    return Plain(" · ".join(sign for sign in signs if sign and sign != named_by))


async def customer(ask: Asked, hand: Hand, key: str) -> Outcome:
    """Choose what is done for a member."""
    served = hand.till.desk.whom.served(key)
    choice = await ask(
        Question(
            id="customer",
            title=name_of(served),
            prompt=says(marked("Number")),
            options=tuple(Option(value=value, words=says(words)) for value, words in _SERVED),
            free=False,
            wide=True,
            pane="customer",
            detail=await _now(hand, served),
        )
    )
    return Done(then=choice, about=(key,))


async def _now(hand: Hand, served: Customer) -> Served:
    wallet = await hand.till.desk.balance(served)
    if isinstance(wallet, Refused):
        return Served(served, served.points)
    return Served(served, wallet.points, wallet.value_minor if wallet.has_value else None)


async def cards(ask: Asked, hand: Hand, key: str) -> Outcome:
    """Give a member a card, or take theirs out of use."""
    served = hand.till.desk.whom.served(key)
    choice = await ask(
        Question(
            id="card_act",
            title=says(marked("Card of {name}"), name=name_of(served)),
            prompt=says(marked("Number")),
            options=tuple(Option(value=act, words=says(words)) for act, words in CARD_ACTS.items()),
            free=False,
            deliberate=True,
            wide=True,
            note=Plain(served.masked_card),
        )
    )
    act = next(one for one in get_args(CardAct) if one == choice)
    card = ""
    if act in ("issue", "replace"):
        card = await new_card(ask, hand, says(marked("The new card")), says(marked("Scan the new card")))

    async def change(approve: Approve | None, _reason: str) -> CardChanged | Refused:
        return await hand.till.desk.change_card(act, served, card=card, approve=approve)

    about = About(Joined((says(CARD_ACTS[act]), name_of(served))))
    answer = await settled(ask, change, about)
    if isinstance(answer, Refused):
        return answer
    return Done(news(_DONE[act], name=name_of(served)), then="desk_customer", about=(key,))


async def new_card(ask: Asked, hand: Hand, title: Said, prompt: Said, none: str | None = None) -> str:
    """Ask for a card to give out; '' for the answer that stands for none. One that is not ours is asked for again."""
    text = await ask(Question(id="new_card", title=title, prompt=prompt, default=none, scans=True))
    if text == none:
        return ""
    if isinstance(await hand.till.desk.whom.card(text), Refused):
        raise Wrong(says(marked("This is not a member card of ours.")), text)
    return text


async def claim(ask: Asked, hand: Hand, key: str) -> Outcome:
    """Credit a receipt on which no card was shown."""
    served = hand.till.desk.whom.served(key)
    receipt = await ask(receipt_question(says(marked("Points for {name}"), name=name_of(served))))
    answer = await hand.till.desk.claim(receipt, served)
    if isinstance(answer, Refused):
        return answer
    said = news(marked("{earned} points credited; now {points}."), earned=answer.earned, points=answer.points)
    return Done(said, then="desk_customer", about=(key,))


def receipt_question(title: Said) -> Question:
    """Ask for a receipt, of this store or by its code."""
    prompt = says(marked("Scan the receipt's code, or type till/number of this store"))
    return Question(id="receipt", title=title, prompt=prompt, scans=True)


async def gifts(ask: Asked, hand: Hand, key: str, code: str = "") -> Outcome:
    """Hand over what waits for a member, or a gift against points."""
    served = hand.till.desk.whom.served(key) if key else None
    found = await hand.till.desk.gifts(served, code=code)
    if isinstance(found, Refused):
        return Done(refusal(found), then="desk_customer" if key else "desk", about=(key,) if key else ())
    options = (*_waiting(found), *_for_points(found))
    name = found.masked_name or (name_of(served) if served else says(marked("Member without a name")))
    choice = await ask(
        Question(
            id="gifts",
            title=says(marked("Gifts for {name} · points {points}"), name=name, points=found.points),
            prompt=says(marked("Number in the list: hand it over now")) if options
            else says(marked("Nothing waits and nothing can be had here; Esc goes back")),
            options=options,
            free=False,
            deliberate=True,
            wide=True,
            pane="gifts",
        )
    )  # fmt: skip
    kind, _, what = choice.partition(":")
    answer = await hand.till.desk.give_gift(
        found.member, code=what if kind == "code" else "", gift=what if kind == "gift" else ""
    )
    if isinstance(answer, Refused):
        return answer
    return Done(
        news(marked("Hand over: {gift}. Points left: {points}."), gift=named(answer.names), points=answer.points),
        then="desk_customer" if key else "",
        about=(key,) if key else (),
    )


def _waiting(found: GiftsFound) -> tuple[Option, ...]:
    return tuple(
        Option(value=f"code:{one.code}", words=_gift(one.names), note=says(marked("waits for them")))
        for one in found.waiting
    )


def _for_points(found: GiftsFound) -> tuple[Option, ...]:
    return tuple(
        Option(
            value=f"gift:{one.gift}",
            words=_gift(one.names),
            note=says(marked("{points} points · {left} left"), points=one.points, left=one.left),
            disabled=one.points > found.points,
        )
        for one in found.gifts
    )


def _gift(names: Mapping[str, str]) -> Named:
    return named(names, "–")
