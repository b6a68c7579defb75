"""Flows of what a customer may take besides: coupons by their code, the member's own, gifts and add-on items."""

from __future__ import annotations

from edge_agent.till.membership.results import WalletView
from edge_agent.till.results import BasketView, PriceChecked, Refused
from edge_agent.till.selling.results import CouponTaken, OfferView
from edge_agent.web.screen.asking import Asked, Option, Question
from edge_agent.web.screen.carried import carried, carry
from edge_agent.web.screen.hand import Done, Hand, Outcome
from edge_agent.web.screen.saying import Joined, Named, Notice, Plain, Sayable, named, news, says
from shared.pricing import Unit
from shared.web.words import marked

_MENU = (
    ("points", marked("Points as money")),
    ("own_coupons", marked("The member's own coupons")),
    ("coupon_code", marked("A coupon by its code")),
    ("gifts", marked("Gifts and add-on items")),
    ("coupon_off", marked("Take a coupon off")),
    ("coupon", marked("Paper coupon")),
)
_TAKE_BACK = "back"


async def offers(ask: Asked, hand: Hand) -> Outcome:
    """Choose between points, coupons and gifts; a coupon that is scanned here is taken at once."""
    view = await hand.till.view()
    waiting = await hand.till.offers()
    count = 0 if isinstance(waiting, Refused) else sum(not one.chosen for one in waiting)
    notes: dict[str, Sayable] = {"coupon_off": Plain(_codes(view))}
    if count:
        notes["gifts"] = says(marked("{count} to choose"), count=count)
    shown = [(name, words) for name, words in _MENU if name != "coupon_off" or _codes(view)]
    chosen = await ask(
        Question(
            id="offers",
            title=says(marked("Points, coupons, gifts")),
            prompt=says(marked("Number, or scan or type a coupon's code")),
            options=tuple(
                Option(value=name, words=says(words), note=notes.get(name, Plain(""))) for name, words in shown
            ),
            scans=True,
        )
    )
    if chosen in dict(_MENU):
        return Done(then=chosen)
    return taken(await hand.till.take_coupon_code(chosen))


def _codes(view: BasketView | None) -> str:
    return "" if view is None else " ".join(one.code for one in view.coupons)


def taken(answer: CouponTaken | Refused) -> Outcome:
    """Say what came of a coupon: what it takes off, or why not yet."""
    if isinstance(answer, Refused):
        return answer
    words = named(answer.says, answer.code)
    if answer.applied:
        return Done(Notice(words=words, refused=False))
    then = says(marked("It stays on the basket and counts as soon as it can."))
    return Done(Notice(words=words, what=answer.code, next=then, refused=False))


async def coupon_code(ask: Asked, hand: Hand) -> Outcome:
    """Take a coupon by its code."""
    code = await ask(
        Question(
            id="coupon_code",
            title=says(marked("A coupon by its code")),
            prompt=says(marked("Scan or type the code")),
            scans=True,
        )
    )
    return taken(await hand.till.take_coupon_code(code))


async def coupon_scanned(_ask: Asked, hand: Hand, code: str) -> Outcome:
    """Take a coupon whose code was scanned while goods were."""
    return taken(await hand.till.take_coupon_code(code))


async def own_coupons(_ask: Asked, hand: Hand) -> Outcome:
    """Find out which coupons the member has, then have one chosen."""
    view = await hand.till.view()
    if view is None or view.member is None:
        return Done(then="member", about=("own_coupons",))
    wallet = await hand.till.members.wallet(coupons=True)
    if isinstance(wallet, Refused):
        return wallet
    if not wallet.by_hq:
        words = says(marked("HQ does not answer; it alone knows a member's own coupons."))
        then = says(marked("Type the coupon's code later, or sell without: it stays the member's."))
        return Done(Notice(words=words, next=then, code="coupons_offline"))
    if not wallet.coupons:
        then = says(marked("Go on selling."))
        return Done(Notice(words=says(marked("This member has no coupon that counts today.")), next=then,
                           code="no_coupons"))  # fmt: skip
    return Done(then="own_coupon", about=(carry(wallet),))


async def own_coupon(ask: Asked, hand: Hand, found: str) -> Outcome:
    """Choose one of the member's own coupons."""
    wallet = carried(found, WalletView)
    code = await ask(
        Question(
            id="own_coupon",
            title=says(marked("The member's own coupons")),
            prompt=says(marked("Number in the list")),
            options=tuple(
                Option(
                    value=one.code,
                    words=named(one.names, one.code),
                    note=Joined((named(one.gives, ""), says(marked("until {date}"), date=one.ends))),
                    disabled=one.on_basket,
                )
                for one in wallet.coupons
            ),
            free=False,
            wide=True,
        )
    )
    return taken(await hand.till.take_coupon_code(code))


async def coupon_off(ask: Asked, hand: Hand) -> Outcome:
    """Take a coupon's code off the basket again."""
    view = await hand.till.view()
    coupons = view.coupons if view else ()
    if not coupons:
        return await _no_coupon(hand)
    code = await ask(
        Question(
            id="coupon_off",
            title=says(marked("Take a coupon off")),
            prompt=says(marked("Number in the list")),
            options=tuple(
                Option(value=one.code, words=named(one.names, one.code), note=Plain(one.code)) for one in coupons
            ),
            free=False,
        )
    )
    answer = await hand.till.put_back_coupon(code)
    return answer if isinstance(answer, Refused) else Done(news(marked("The coupon was taken off.")))


async def _no_coupon(hand: Hand) -> Outcome:
    answer = await hand.till.put_back_coupon("")
    return answer if isinstance(answer, Refused) else Done()


async def gifts(ask: Asked, hand: Hand) -> Outcome:
    """Choose what the customer has earned: a gift, or an item at a special price. It is rung up with it."""
    found = await hand.till.offers()
    if isinstance(found, Refused):
        return found
    rows = [(one, gift.item) for one in found for gift in one.gifts]
    if not rows:
        then = says(marked("Go on selling."))
        return Done(Notice(words=says(marked("There is nothing to choose for this basket yet.")), next=then,
                           code="no_gifts"))  # fmt: skip
    names = {item: await _name(hand, item) for _, item in rows}
    number = await ask(
        Question(
            id="gifts",
            title=says(marked("Gifts and add-on items")),
            prompt=says(marked("Number of what the customer takes; once more takes it back")),
            options=tuple(
                Option(value=str(n), words=names[item], note=_says(one, item), amount=_costs(hand, one, item))
                for n, (one, item) in enumerate(rows)
            ),
            free=False,
            wide=True,
        )
    )
    return await _chosen(hand, *rows[int(number)])


async def _chosen(hand: Hand, offer: OfferView, item: str) -> Outcome:
    """Note the choice; points it costs are set aside, and the goods are rung up unless they are there."""
    back = item in offer.chosen
    wanted = [one for one in offer.chosen if one != item] + ([] if back else [item])
    answer = await hand.till.choose(offer.promotion, wanted)
    if isinstance(answer, Refused):
        return answer
    view = await hand.till.view()
    lines = [line.item for line in view.priced.lines] if view else []
    if back or item in lines:
        return await _points_for_choice(hand)
    return Done(then="ring_chosen", about=(item,))


async def _points_for_choice(hand: Hand) -> Outcome:
    """Set points aside where what was chosen costs some."""
    used = await hand.till.value.use_points()
    return used if isinstance(used, Refused) else Done()


async def ring_chosen(_ask: Asked, hand: Hand, item: str) -> Outcome:
    """Ring up what was chosen, then set aside what it costs in points."""
    rung = await hand.till.ring_item(item)
    if isinstance(rung, Refused):
        return rung
    if rung.measure is not None:
        return Done(then="weigh" if rung.measure is Unit.GRAM else "pour", about=(str(rung.line.n),))
    return await _points_for_choice(hand)


async def _name(hand: Hand, item: str) -> Named:
    found = await hand.till.catalogue.price_check(item)
    return named(found.names if isinstance(found, PriceChecked) else {}, item)


def _costs(hand: Hand, offer: OfferView, item: str) -> str:
    """Write what a piece costs this way; nothing for a gift."""
    return hand.money(offer.terms[item][0]) if item in offer.terms else ""


def _says(offer: OfferView, item: str) -> Joined:
    """Say what it is offered by: of a gift what is to be done, of an add-on the points it costs beside money."""
    parts: list[Sayable] = [Plain("✓")] if item in offer.chosen else []
    if item not in offer.terms:
        return Joined((*parts, named(offer.says, offer.promotion)))
    parts.append(named(offer.names, offer.promotion))
    if points := offer.terms[item][1]:
        parts.append(says(marked("and {points} points"), points=f"{points:,}"))
    return Joined(tuple(parts))
