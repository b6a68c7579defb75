"""Flows of the service desk: who stands there, joining, cards, gifts, and points of a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from edge_agent.till.asks import Approve
from edge_agent.till.results import Refused
from edge_agent.till.service.consents import consents_of
from edge_agent.till.service.members import CardAct
from edge_agent.till.service.results import CardChanged, Customer, Served
from edge_agent.till.service.whom import WHOLE_PHONE, plain_phone
from edge_agent.web.screen.asking import Asked, Option, Question, Wrong
from edge_agent.web.screen.hand import Done, Hand, Outcome, settled
from edge_agent.web.screen.saying import Named, Plain, Said, named, news, refusal, says
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
        return await _gift_card(hand, text) or found if found.code == "hq_card_unknown" else found
    if len(found.found) == 1:
        return Done(then="desk_customer", about=(found.found[0].key,))
    note = says(marked("There are more: type the whole number.")) if found.more else Plain("")
    key = await ask(
        Question(
            id="who",
            title=says(marked("Who is it?")),
            prompt=says(marked("Number in the list")),
            options=tuple(Option(value=one.key, words=_name(one), note=_signs(one)) for one in found.found),
            free=False,
            deliberate=True,
            note=note,
            wide=True,
        )
    )
    return Done(then="desk_customer", about=(key,))


async def _gift_card(hand: Hand, card: str) -> Done | Refused | None:
    """Say what is on a card that is nobody's, or that too much was asked already; None where nothing ever was."""
    wallet = await hand.till.desk.balance(card=card)
    if isinstance(wallet, Refused) and wallet.code == "hq_wallet_looks":
        return wallet
    if isinstance(wallet, Refused) or not wallet.has_value:
        return None
    return Done(news(marked("A gift card with {balance}"), balance=hand.money(wallet.value_minor)))


def _name(one: Customer) -> Said | Plain:
    return Plain(one.masked_name) if one.masked_name else says(marked("Member without a name"))


def _signs(one: Customer) -> Plain:
    return Plain(" · ".join(sign for sign in (one.masked_phone, one.masked_card, one.tier) if sign))


async def customer(ask: Asked, hand: Hand, key: str) -> Outcome:
    """Choose what is done for a member."""
    served = hand.till.desk.whom.served(key)
    choice = await ask(
        Question(
            id="customer",
            title=_name(served),
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


async def join(ask: Asked, _hand: Hand, phone: str) -> Outcome:
    """Offer to sign up whoever has a number that is no member's."""
    await ask(
        Question(
            id="join",
            title=says(marked("No member has {phone}"), phone=phone),
            prompt=says(marked("1 and Enter to sign them up, Esc to go back")),
            options=(Option(value=_YES, words=says(marked("Sign up a new member"))),),
            free=False,
            deliberate=True,
        )
    )
    return Done(then="desk_enrol", about=(phone,))


async def enrol(ask: Asked, hand: Hand, phone: str = "") -> Outcome:
    """Make somebody a member: number, consent, and if they have them a card and a name."""
    phone = phone or await _phone(ask)
    given = await _consents(ask, hand)
    card = await ask(
        Question(
            id="new_card",
            title=says(marked("A card for them?")),
            prompt=says(marked("Scan the new card; Enter: none")),
            default=_NO,
            scans=True,
        )
    )
    name = await ask(
        Question(
            id="name",
            title=says(marked("Their name?")),
            prompt=says(marked("Name as they say it; Enter: none")),
            default=_NO,
        )
    )
    facts = {"name": "" if name == _NO else name[:64], "card": "" if card == _NO else card}
    if hand.settings.policies.ask_referrer:
        facts["referrer"] = await _referrer(ask)
    answer = await hand.till.desk.enrol(phone, given, **facts)
    if isinstance(answer, Refused) and answer.code == "hq_entry_receipt":
        receipt = await ask(_receipt_question(says(marked("Joining takes a receipt"))))
        answer = await hand.till.desk.enrol(phone, given, **facts, receipt=receipt)
    if isinstance(answer, Refused):
        return await _known(hand, phone, answer) if answer.code == "hq_phone_known" else answer
    name_ = answer.customer.masked_name
    welcome = news(marked("Welcome, {name}! They are a member now."), name=name_) if name_ else news(
        marked("Welcome! They are a member now.")
    )  # fmt: skip
    return Done(welcome, then="desk_customer", about=(answer.customer.key,))


async def _phone(ask: Asked) -> str:
    phone = await ask(
        Question(id="phone", title=says(marked("A new member")), prompt=says(marked("Their telephone number")))
    )
    number = plain_phone(phone)
    if number is None or len(number) < WHOLE_PHONE:
        raise Wrong(says(marked("This is not a whole telephone number.")), phone)
    return phone


async def _consents(ask: Asked, hand: Hand) -> dict[str, str]:
    """Show each text and take down what they agreed to, with its version."""
    given: dict[str, str] = {}
    for text in consents_of(hand.settings.policies):
        yes = Option(value=_YES, words=says(marked("They have seen the text and agree")))
        no = Option(value=_NO, words=says(marked("They do not agree to this")))
        answer = await ask(
            Question(
                id="consent",
                title=says(marked("Do they agree?"))
                if text.required
                else says(marked("This too? It may be left out.")),
                prompt=says(marked("1 and Enter: they agree")),
                options=(yes,) if text.required else (yes, no),
                free=False,
                wide=True,
                pane="consent",
                detail=text,
                deliberate=True,
            )
        )
        if answer == _YES:
            given[text.channel] = text.version
    return given


async def _referrer(ask: Asked) -> str:
    brought_by = await ask(
        Question(
            id="referrer",
            title=says(marked("Did a member bring them?")),
            prompt=says(marked("Scan that member's card or type their phone number; Enter: nobody")),
            default=_NO,
            scans=True,
        )
    )
    return "" if brought_by == _NO else brought_by


async def _known(hand: Hand, phone: str, answer: Refused) -> Outcome:
    """Say that the number is a member's, and go on with that member."""
    found = await hand.till.desk.look_up(phone)
    if isinstance(found, Refused) or len(found.found) != 1:
        return answer
    return Done(refusal(answer), then="desk_customer", about=(found.found[0].key,))


async def cards(ask: Asked, hand: Hand, key: str) -> Outcome:
    """Give a member a card, or take theirs out of use."""
    served = hand.till.desk.whom.served(key)
    choice = await ask(
        Question(
            id="card_act",
            title=says(marked("Card of {name}"), name=_name(served)),
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
        card = await ask(
            Question(
                id="new_card", title=says(marked("The new card")), prompt=says(marked("Scan the new card")), scans=True
            )
        )

    async def change(approve: Approve | None, _reason: str) -> CardChanged | Refused:
        return await hand.till.desk.change_card(act, served, card=card, approve=approve)

    answer = await settled(ask, change)
    if isinstance(answer, Refused):
        return answer
    return Done(news(_DONE[act], name=_name(served)), then="desk_customer", about=(key,))


async def claim(ask: Asked, hand: Hand, key: str) -> Outcome:
    """Credit a receipt on which no card was shown."""
    served = hand.till.desk.whom.served(key)
    receipt = await ask(_receipt_question(says(marked("Points for {name}"), name=_name(served))))
    answer = await hand.till.desk.claim(receipt, served)
    if isinstance(answer, Refused):
        return answer
    said = news(marked("{earned} points credited; now {points}."), earned=answer.earned, points=answer.points)
    return Done(said, then="desk_customer", about=(key,))


def _receipt_question(title: Said) -> Question:
    prompt = says(marked("Scan the receipt's code, or type till/number of this store"))
    return Question(id="receipt", title=title, prompt=prompt, scans=True)


async def gifts(ask: Asked, hand: Hand, key: str, code: str = "") -> Outcome:
    """Hand over what waits for a member, or a gift against points."""
    served = hand.till.desk.whom.served(key) if key else None
    found = await hand.till.desk.gifts(served, code=code)
    if isinstance(found, Refused):
        return Done(refusal(found), then="desk_customer" if key else "desk", about=(key,) if key else ())
    options = (*_waiting(found), *_for_points(found))
    choice = await ask(
        Question(
            id="gifts",
            title=says(marked("Gifts for {name} · points {points}"), name=found.masked_name or "–",
                       points=found.points),
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
