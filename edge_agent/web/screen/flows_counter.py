"""Flows of stored value at the service desk: topping up, selling gift cards, undoing, giving back, paying out."""

from __future__ import annotations

from uuid import UUID

from edge_agent.till.asks import Approve
from edge_agent.till.results import Refused
from edge_agent.till.service.results import Customer, Offer, UndoForeseen, UndoLeft, ValueBackNow
from edge_agent.till.service.selling import BOUGHT_WITH
from edge_agent.web.figures import to_minor
from edge_agent.web.screen.asking import Asked, Option, Question, Wrong
from edge_agent.web.screen.card_slip import slip_number
from edge_agent.web.screen.flows_desk import name_of
from edge_agent.web.screen.flows_paying import METHODS
from edge_agent.web.screen.hand import About, Done, Hand, Outcome, reason_question, settled
from edge_agent.web.screen.paid_back import to_be_paid_back
from edge_agent.web.screen.saying import Joined, Plain, Sayable, news, refusal, says
from edge_agent.web.screen.value_moved import moved
from edge_agent.web.screen.words import TENDERS
from shared.codes import PaymentBrand, PaymentCode
from shared.web.words import marked
from shared.wire.events import TenderKind

_YES, _CASH, _TOLD, _LEAVE = "yes", "cash", "told", "leave"
_TIMES = "×"
"""Between a way to pay and the amount typed before its key, as `flows_paying.with_amount` writes it."""
_OF_THE_CARD = ("gift_card_", "hq_card_", "hq_purse_")
"""How the codes of refusals begin that are about the gift card, not about the amount."""
_DIGITS_OF_A_CARD = 8
"""No top-up is a million; what is typed with so many digits and no point is a card."""
_SHOWN_DIGITS = 4
_BRANDS = {PaymentBrand.WECHAT: TenderKind.WECHAT, PaymentBrand.ALIPAY: TenderKind.ALIPAY}


async def top_up(ask: Asked, hand: Hand, key: str) -> Outcome:
    """Ask how much, and HQ what comes with it."""
    served = hand.till.desk.whom.served(key)
    ready = await hand.till.counter.ready()
    if isinstance(ready, Refused):
        return ready
    minor = await _amount(ask, hand, says(marked("Top-up for {name}"), name=name_of(served)))
    return await _offer(ask, hand, minor, customer=served)


async def gift_card(ask: Asked, hand: Hand, card: str = "") -> Outcome:
    """Sell a card that is nobody's, with so much on it: the one named, else the one that is scanned."""
    ready = await hand.till.counter.ready(card)
    if isinstance(ready, Refused):
        return ready
    if not card:
        title, prompt = says(marked("A gift card is sold")), says(marked("Scan the gift card, or type its number"))
        card = await ask(Question(id="gift_card", title=title, prompt=prompt, scans=True))
        ready = await hand.till.counter.ready(card)
        if isinstance(ready, Refused):
            return ready
    ending = ready.card[-_SHOWN_DIGITS:]
    minor = await _amount(ask, hand, says(marked("How much goes onto the gift card …{ending}?"), ending=ending))
    answer = await _offer(ask, hand, minor, card=card)
    of_the_card = isinstance(answer, Refused) and answer.code.startswith(_OF_THE_CARD)
    return Done(refusal(answer), then="desk_gift_card") if of_the_card and isinstance(answer, Refused) else answer


async def _amount(ask: Asked, hand: Hand, title: Sayable) -> int:
    """Ask how much is paid. A card scanned or typed here is no amount, and does not begin a sale either."""
    question = Question(id="top_up", title=title, prompt=says(marked("Amount that is paid")), kind="amount", scans=True)
    text = await ask(question)
    if text.isascii() and text.isdigit() and len(text) >= _DIGITS_OF_A_CARD:
        raise Wrong(says(marked("This is the number of a card, not an amount.")), text)
    minor = to_minor(text, hand.settings.exponent)
    if minor is None:
        raise Wrong(says(marked("This is not an amount.")), text)
    return minor


async def _offer(ask: Asked, hand: Hand, minor: int, *, customer: Customer | None = None, card: str = "") -> Outcome:
    answer = await hand.till.counter.offer(minor, customer=customer, gift_card=card)
    if isinstance(answer, Refused) and answer.code == "hq_identity_needed":
        await ask(
            Question(
                id="identity",
                title=says(marked("For this amount the buyer's identity is needed")),
                prompt=says(marked("1 and Enter when you have looked at the document")),
                options=(Option(value=_YES, words=says(marked("I have looked at the identity document"))),),
                free=False,
                deliberate=True,
            )
        )
        answer = await hand.till.counter.offer(minor, customer=customer, gift_card=card, identified=True)
    return answer if isinstance(answer, Refused) else Done(then="desk_pay", about=(str(answer.id),))


async def pay(ask: Asked, hand: Hand, offer: str) -> Outcome:
    """Show what it brings before it is paid, and take the money: all of it, one way."""
    wanted = hand.till.counter.offered(UUID(offer))
    if isinstance(wanted, Refused):
        return wanted
    text = await ask(
        Question(
            id="value_pay",
            title=says(marked("Payment")),
            prompt=says(marked("Enter: exact cash · amount given · key of the way to pay · or scan the payment code")),
            kind="amount",
            options=tuple(
                Option(value=method.value, words=says(TENDERS[method]), key=key, group="way")
                for method, key in METHODS
                if method in BOUGHT_WITH
            ),
            default=TenderKind.CASH.value,
            numbered=False,
            scans=True,
            pane="value",
            detail=wanted,
        )
    )
    return await _sell(ask, hand, wanted, text)


async def _sell(ask: Asked, hand: Hand, offer: Offer, text: str) -> Outcome:
    way, times, amount = text.partition(_TIMES)
    method, given, code = TenderKind.CASH, int(amount) if times else None, ""
    if way in set(TenderKind):
        method = TenderKind(way)
    elif isinstance(told := hand.till.told_payment(text), PaymentCode):
        if told.brand not in _BRANDS:
            raise Wrong(says(marked("This payment code is not taken here.")))
        method, code = _BRANDS[told.brand], told.text
    else:
        given = to_minor(text, hand.settings.exponent)
        if given is None:
            raise Wrong(says(marked("This is not an amount.")), text)
    reference = await slip_number(ask, hand, method, offer.minor if given is None else given)
    answer = await hand.till.counter.sell(offer.id, method, given, reference=reference, code=code)
    return answer if isinstance(answer, Refused) else moved(hand, answer)


async def undo(ask: Asked, hand: Hand, begun: str = "") -> Outcome:
    """Undo a top-up by its receipt, with approval; or go on with the one `begun`.

    What it hands back is seen first, and until that is agreed to nothing is begun: Esc leaves it all as it was.
    """
    receipt = begun or await ask(
        Question(
            id="top_up_receipt",
            title=says(marked("Undo a top-up")),
            prompt=says(marked("Receipt number of the top-up, as printed")),
            scans=True,
        )
    )
    foreseen = await hand.till.counter.foresee_undo(receipt)
    if isinstance(foreseen, Refused):
        return foreseen
    goes_back = _goes_back(hand, foreseen)
    how = await ask(_how(foreseen, goes_back) if begun else _whether(hand, foreseen, goes_back))
    if how == _LEAVE:
        return await _let_be(ask, hand, foreseen)
    reasons = hand.settings.policies.void_reasons
    reason = await ask(reason_question(reasons)) if reasons and not begun else ""

    async def undone(approve: Approve | None, _reason: str) -> ValueBackNow | Refused:
        return await hand.till.counter.undo(
            receipt, reason=reason, in_cash=how == _CASH, told=how == _TOLD, approve=approve
        )

    answer = await settled(ask, undone, About(goes_back))
    return answer if isinstance(answer, Refused) else moved(hand, answer)


async def _let_be(ask: Asked, hand: Hand, foreseen: UndoForeseen) -> Outcome:
    """Let an undoing be that head office did not do, with approval."""

    async def left(approve: Approve | None, _reason: str) -> UndoLeft | Refused:
        return await hand.till.counter.leave_undo(foreseen.receipt, approve=approve)

    answer = await settled(ask, left, About(says(marked("The top-up stays; nothing is handed back"))))
    if isinstance(answer, Refused):
        return answer
    return Done(news(marked("The top-up {receipt} stays. Hand nothing back."), receipt=foreseen.receipt))


def _goes_back(hand: Hand, foreseen: UndoForeseen) -> Sayable:
    """Say what is handed back and which way, and what gift money ends."""
    parts = [to_be_paid_back(hand, foreseen.refunds)]
    if foreseen.gift_minor:
        parts.append(says(marked("gift money of {gift} ends"), gift=hand.money(foreseen.gift_minor)))
    return Joined(tuple(parts))


def _whether(hand: Hand, foreseen: UndoForeseen, goes_back: Sayable) -> Question:
    return Question(
        id="undo_top_up",
        title=says(
            marked("Undo the top-up {receipt} of {minor}?"), receipt=foreseen.receipt, minor=hand.money(foreseen.minor)
        ),
        prompt=says(marked("1 and Enter does it, Esc goes back and changes nothing")),
        note=goes_back,
        options=(Option(value=_YES, words=says(marked("Undo this top-up"))),),
        free=False,
        deliberate=True,
    )


def _how(foreseen: UndoForeseen, goes_back: Sayable) -> Question:
    """Say what an undoing waits for, and ask how it goes on: with the answer, or by somebody who knows it."""
    if foreseen.taken:
        waits = says(marked("Head office took the value back; its money is not paid back yet."))
        further: tuple[tuple[str, str], ...] = ((_CASH, marked("Pay in cash what the payment service refused")),)
    else:
        waits = says(marked("Head office has not said whether it took the value back. Ask again, or telephone."))
        further = (
            (_TOLD, marked("Head office says by telephone: taken back. Hand the money back")),
            (_LEAVE, marked("Head office says by telephone: not taken back. Let it be")),
        )
    return Question(
        id="undo_how",
        title=says(marked("Go on undoing {receipt}"), receipt=foreseen.receipt),
        prompt=says(marked("Number, or Esc: it waits in the list of the desk")),
        note=Joined((waits, goes_back)),
        options=tuple(
            Option(value=value, words=says(words)) for value, words in ((_YES, marked("Ask again")), *further)
        ),
        free=False,
        deliberate=True,
        wide=True,
    )


async def give_back(ask: Asked, hand: Hand, key: str) -> Outcome:
    """Take the application to pay a member's stored value back."""
    served = hand.till.desk.whom.served(key)
    reason = await ask(
        Question(
            id="return_reason",
            title=says(marked("Give back the stored value of {name}"), name=name_of(served)),
            prompt=says(marked("Why, in a few words")),
            note=says(marked("Head office decides; until then it cannot be used.")),
        )
    )
    answer = await hand.till.counter.apply_return(served, reason)
    if isinstance(answer, Refused):
        return answer
    return Done(
        news(
            marked("Applied for: {minor} to be paid back, fee {fee}, gift money {gift} ends."),
            minor=hand.money(answer.minor), fee=hand.money(answer.fee_minor), gift=hand.money(answer.forfeited_minor),
        ),
        then="desk_customer",
        about=(key,),
    )  # fmt: skip


async def pay_out(ask: Asked, hand: Hand, key: str) -> Outcome:
    """Pay out what HQ approved, in cash and with approval."""
    due = await hand.till.counter.due(hand.till.desk.whom.served(key))
    if isinstance(due, Refused):
        return Done(refusal(due), then="desk_customer", about=(key,))
    await ask(
        Question(
            id="pay_out",
            title=says(marked("Head office approved it: pay out {minor}"), minor=hand.money(due.minor)),
            prompt=says(marked("1 and Enter to pay it out in cash, Esc to leave it")),
            options=(Option(value=_YES, words=says(marked("Pay it out in cash"))),),
            free=False,
            deliberate=True,
            note=Plain(due.masked_name),
        )
    )

    async def paid(approve: Approve | None, _reason: str) -> ValueBackNow | Refused:
        return await hand.till.counter.pay_out(due, approve=approve)

    goes_out = says(marked("Goes back: {ways}"), ways=says(marked("{way} {minor}"), way=says(TENDERS[TenderKind.CASH]),
                    minor=hand.money(due.minor)))  # fmt: skip
    answer = await settled(
        ask, paid, About(Joined((goes_out, Plain(due.masked_name))) if due.masked_name else goes_out)
    )
    return answer if isinstance(answer, Refused) else moved(hand, answer)
