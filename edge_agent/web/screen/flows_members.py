"""Flows about who buys: by card, code or phone, and off the basket again."""

from __future__ import annotations

from edge_agent.till.membership.members import phone_number
from edge_agent.till.membership.results import PeopleFound
from edge_agent.till.results import MemberAttached, Refused
from edge_agent.web.screen.asking import Asked, Option, Question
from edge_agent.web.screen.carried import carried, carry
from edge_agent.web.screen.hand import Done, Hand, Outcome
from edge_agent.web.screen.saying import Joined, Notice, Plain, Sayable, news, says
from shared.codes import ScanContext
from shared.web.words import marked
from shared.wire.messages import MemberChoice

_KEEP, _OFF = "keep", "off"
_TAIL_DIGITS = 4


async def member(ask: Asked, hand: Hand, after: str = "", *more: str) -> Outcome:
    """Attach a member by card, by the code on their telephone, or by phone; `after` is the flow that waits for it."""
    view = await hand.till.view()
    now = view.member if view else None
    options = (
        Option(value=_KEEP, words=says(marked("Go on with this member"))),
        Option(value=_OFF, words=says(marked("Take the member off")), key="Delete"),
    )
    text = await ask(
        Question(
            id="member",
            title=says(marked("Member")),
            prompt=says(marked("Scan the card or code · or type card, phone number, or its last four digits")),
            options=options if now else (),
            numbered=False,
            scans=True,
            pane="member",
            detail=now,
        )
    )
    if now and text in {_KEEP, _OFF}:
        return Done() if text == _KEEP else await _off(hand)
    if hand.till.is_card(text) or phone_number(text) is None:
        if not after:
            return Done(then="attach", about=(text,))
        answer = await hand.till.scan(text, ScanContext.MEMBER_CARD)
        return answer if isinstance(answer, Refused) else Done(then=after, about=more)
    return await _by_phone(hand, text, (after, *more))


async def people(ask: Asked, hand: Hand, found: str, after: str = "", *more: str) -> Outcome:
    """Choose among the members behind a telephone number, by what is masked of them."""
    shown = carried(found, PeopleFound)
    chosen = await ask(
        Question(
            id="people",
            title=says(marked("Who is it?")),
            prompt=says(marked("Number in the list")),
            options=tuple(_person(number, one) for number, one in enumerate(shown.people)),
            free=False,
            deliberate=True,
            wide=True,
            note=says(marked("There are more. The whole number tells them apart.")) if shown.more else Plain(""),
        )
    )
    return await _attach(hand, shown.people[int(chosen)], (after, *more))


async def _by_phone(hand: Hand, text: str, then: tuple[str, ...]) -> Outcome:
    found = await hand.till.members.by_phone(text)
    if isinstance(found, Refused):
        return found
    # Four digits fit more people than one: who was found is looked at, also when it is the only one.
    tail = len(phone_number(text) or "") == _TAIL_DIGITS
    if len(found.people) == 1 and not tail:
        return await _attach(hand, found.people[0], then)
    return Done(then="people", about=(carry(found), *then))


async def _attach(hand: Hand, choice: MemberChoice, then: tuple[str, ...]) -> Outcome:
    answer = await hand.till.members.attach(choice.found)
    if isinstance(answer, Refused):
        return answer
    after, *more = then or ("",)
    return Done(_greeting(answer), then=after, about=tuple(more))


def _greeting(member: MemberAttached) -> Notice:
    if (gone := let_go(member)) is not None:
        return gone
    if not member.masked_name:
        return news(marked("The member is on the basket."))
    return news(marked("Member {name} is on the basket."), name=member.masked_name)


def let_go(member: MemberAttached) -> Notice | None:
    """Say that another member's points and coupons came off the basket with them; None when nothing did."""
    if not member.let_go:
        return None
    words = says(marked("Another member now: the points and coupons of the one before came off."))
    then = says(marked("Look at the total; enter coupons of this member again."))
    return Notice(words=words, next=then, refused=False)


async def _off(hand: Hand) -> Outcome:
    answer = await hand.till.members.put_back()
    return answer if isinstance(answer, Refused) else Done(news(marked("The member was taken off.")))


def _person(number: int, one: MemberChoice) -> Option:
    parts: list[Sayable] = []
    if one.masked_phone:
        parts.append(says(marked("phone {phone}"), phone=one.masked_phone))
    if one.masked_card:
        parts.append(says(marked("card {card}"), card=one.masked_card))
    if one.birthday_month:
        parts.append(says(marked("born in month {month}"), month=one.birthday_month))
    name = one.found.masked_name
    words: Sayable = Plain(name) if name else says(marked("Member without a name"))
    return Option(value=str(number), words=words, note=Joined(tuple(parts)))
