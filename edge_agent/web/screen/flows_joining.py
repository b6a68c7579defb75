"""Flows of joining at the service desk: number, consent to each text, card and name, and the paper of the consent."""

from __future__ import annotations

from edge_agent.disk.errors import DiskFull
from edge_agent.receipt.consent_slip import Consented, consent_slip, copy_of
from edge_agent.till.commands import refused
from edge_agent.till.results import Refused
from edge_agent.till.service.consents import consents_of
from edge_agent.till.service.results import Customer
from edge_agent.till.service.whom import WHOLE_PHONE, plain_phone
from edge_agent.web.screen.asking import Asked, Option, Question, Wrong
from edge_agent.web.screen.flows_desk import new_card, receipt_question
from edge_agent.web.screen.hand import Done, Hand, Outcome
from edge_agent.web.screen.saying import NOTHING, Notice, Sayable, news, refusal, says
from shared.receipt.document import Document
from shared.web.words import marked

_NO, _YES = "no", "yes"


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
    if not phone:
        phone = await _phone(ask)
        if len(ask.answers) == 1:  # nobody reads and agrees for nothing: said before, and asked once
            there = await hand.till.desk.look_up(phone)
            if isinstance(there, Refused) and there.code == "hq_silent":
                return there
            if not isinstance(there, Refused) and len(there.found) == 1:
                return _served(there.found[0], refused("hq_phone_known"))
    given = await _consents(ask, hand)
    asks, scan = says(marked("A card for them?")), says(marked("Scan the new card; Enter: none"))
    card = await new_card(ask, hand, asks, scan, none=_NO)
    name = await ask(
        Question(
            id="name",
            title=says(marked("Their name?")),
            prompt=says(marked("Name as they say it; Enter: none")),
            default=_NO,
        )
    )
    facts = {"name": "" if name == _NO else name[:64], "card": card}
    if hand.settings.policies.ask_referrer:
        facts["referrer"] = await _referrer(ask)
    answer = await hand.till.desk.enrol(phone, given, **facts)
    if isinstance(answer, Refused) and answer.code == "hq_entry_receipt":
        receipt = await ask(receipt_question(says(marked("Joining takes a receipt"))))
        answer = await hand.till.desk.enrol(phone, given, **facts, receipt=receipt)
    if isinstance(answer, Refused):
        return await _known(hand, phone, answer) if answer.code == "hq_phone_known" else answer
    name_ = answer.customer.masked_name
    welcome = says(marked("Welcome, {name}! They are a member now."), name=name_) if name_ else says(
        marked("Welcome! They are a member now.")
    )  # fmt: skip
    paper = await _on_paper(hand, answer.customer, given, phone, facts["card"])
    return Done(Notice(words=welcome, next=paper, refused=False), then="desk_customer", about=(answer.customer.key,))


async def _on_paper(hand: Hand, customer: Customer, given: dict[str, str], phone: str, card: str) -> Sayable:
    """Have printed what they agreed to, and say what to do with it. They are a member without paper as well."""
    who = (await hand.till.people.who()).staff
    consented = Consented(
        texts=consents_of(hand.settings.policies), given=given, masked_name=customer.masked_name, phone=phone, card=card
    )

    def slip(_before: int) -> Document:
        return consent_slip(
            consented, hand.settings, at_ms=hand.clock.now_ms(), till=hand.till.id, cashier=who or hand.till.cashier
        )

    try:
        printed = hand.till.paper is not None and await hand.till.paper.order(slip, customer.member)
    except DiskFull:
        printed = False
    return says(marked("Have them sign the slip; print it again for them to keep.")) if printed else NOTHING


async def slip_again(_ask: Asked, hand: Hand, key: str) -> Outcome:
    """Print once more what a member agreed to here when they joined: those texts, marked as a copy."""
    served = hand.till.desk.whom.served(key)
    copy = None
    if hand.till.paper is not None:
        copy = await hand.till.paper.again(served.member, lambda first, n: copy_of(first, n, hand.settings))
    if copy:
        said = news(marked("Copy {copy} of the consent is being printed."), copy=copy)
        return Done(said, then="desk_customer", about=(key,))
    if hand.till.paper is None or copy == 0:
        no = Notice(words=says(marked("This till has no receipt printer.")),
                    next=says(marked("Head office shows what they agreed to.")), code="no_printer")  # fmt: skip
    else:
        no = Notice(words=says(marked("They did not join here, or too long ago: there is no slip to copy.")),
                    next=says(marked("Head office shows what they agreed to.")), code="no_slip")  # fmt: skip
    return Done(no, then="desk_customer", about=(key,))


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
    return _served(found.found[0], answer)


def _served(customer: Customer, answer: Refused) -> Done:
    return Done(refusal(answer), then="desk_customer", about=(customer.key,))
