"""What all use cases of one till work with, and what they have in common."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from edge_agent.clock import Clocks
from edge_agent.disk.agent_row import business_day
from edge_agent.till import attempts, baskets
from edge_agent.till.asks import Ask
from edge_agent.till.basket import Basket
from edge_agent.till.changes import BudgetsSeen
from edge_agent.till.last_price import LastPrice
from edge_agent.till.ports import HeadOffice, MemberDirectory, PriceBooks, TillBook
from edge_agent.till.selling import budgets
from edge_agent.till.selling.budgets import Asker, Budgets, Counted
from edge_agent.till.selling.wanted import Wanted
from edge_agent.till.stand import NOBODY, Stand
from edge_agent.till.words import WORDS, Words
from shared.adjustments import Adjusted
from shared.pricing import MemberFacts, PricedBasket, PriceMissing, PricingContext
from shared.wire.desired import StoreSettings
from shared.wire.events import TillKind
from shared.wire.policies import TillPolicies

MAX_LINES = 1000
MAX_COUPONS = 500
MAX_COUPON_CHARACTERS = 128
MAX_TENDERS = 100
MAX_REFERENCE_CHARACTERS = 128
MAX_TILL_CHARACTERS = 32
MAX_CASHIER_CHARACTERS = 64
"""Limits of one basket. A sale at all of them at once fits the wire: none can be stuck in the outbox."""


@dataclass(frozen=True, slots=True)
class CardKeys:
    """What a card number is hidden with: HQ's X25519 public key, and fresh random bytes as `os.urandom` gives."""

    hq_public: bytes
    random_bytes: Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One till: which, where, and what it may ask. `settings` gives the store's as they are now."""

    till: str
    kind: TillKind
    clocks: Clocks
    mint: Callable[[], UUID]
    books: PriceBooks
    members: MemberDirectory
    cards: CardKeys
    settings: Callable[[], StoreSettings]
    stand: Stand = NOBODY
    """Who stands there, as the running command found it."""
    price: LastPrice = field(default_factory=LastPrice)
    """The engine, asked once for what does not change."""
    budgets: Budgets = Budgets()  # noqa: RUF009 - immutable
    """What the store's sales used of promotions' budgets, as the running command sees it."""
    wanted: Wanted = field(default_factory=Wanted)
    """What HQ would have to say about budgets, as the last pricing found."""
    hq: HeadOffice | None = None
    """Who is asked what only HQ knows now; None: nobody."""

    @property
    def cashier(self) -> str:
        """Who stands there."""
        return self.stand.cashier

    @property
    def policies(self) -> TillPolicies:
        """How the store's tills work."""
        return self.settings().policies


class Refusal(Exception):
    """Why a use case was not done; it rolls the transaction back and becomes the till's answer."""

    def __init__(self, code: str, detail: str = "", asks: Ask | None = None) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.asks = asks

    @property
    def words(self) -> Words:
        """The words for people."""
        return WORDS[self.code]


def require_resolved(db: sqlite3.Connection, desk: Desk) -> None:
    """Refuse while a payment attempt of this till waits for its result: that comes before anything else."""
    if attempts.unresolved(db, desk.till):
        raise Refusal("payment_unresolved")


def require_shift(desk: Desk) -> None:
    """Refuse what goes into a drawer that nobody has counted: where the store wants a shift and none is open.

    Practice has no drawer.
    """
    if desk.policies.shifts == "required" and desk.stand.shift is None and not desk.stand.practice:
        raise Refusal("shift_needed")


def open_basket(db: sqlite3.Connection, desk: Desk) -> Basket:
    """Return the till's open basket, or refuse."""
    require_resolved(db, desk)
    basket = baskets.load_open(db, desk.till)
    if basket is None:
        raise Refusal("no_open_basket")
    return basket


def changeable(basket: Basket) -> Basket:
    """Return a basket whose lines may change, or refuse: after money was taken they stand still."""
    if basket.tenders:
        raise Refusal("payment_begun")
    return basket


def book_for(db: sqlite3.Connection, desk: Desk, basket: Basket | None) -> TillBook:
    """Return the price book a basket is pinned to, else the one in force."""
    version = basket.version if basket and basket.version is not None else desk.books.in_force(db)
    if version is None:
        raise Refusal("no_price_book")
    try:
        return desk.books.at(db, version)
    except LookupError as error:
        raise Refusal("no_price_book", str(version)) from error


def priced(desk: Desk, basket: Basket, book: TillBook) -> PricedBasket:
    """Price the basket with all that people changed about it."""
    return adjusted(desk, basket, book).priced


def adjusted(desk: Desk, basket: Basket, book: TillBook) -> Adjusted:
    """Price the basket as of its last change, so that a power cut between changes alters no price."""
    context = pricing_context(desk, basket, book)
    try:
        by_book = desk.price([line.as_rung() for line in basket.lines], book, context, basket.coupons)
    except PriceMissing as error:
        raise Refusal("price_missing", error.item) from error
    return basket.adjusted(by_book)


def pricing_context(desk: Desk, basket: Basket, book: TillBook) -> PricingContext:
    """Return everything beside lines and book that the basket's price depends on. The sale records it."""
    settings, card = desk.settings(), basket.card
    used = basket.budgets or budgets_before(desk, basket, book)
    member = None
    if card is not None:
        member = MemberFacts(
            tier=card.member.tier or "",
            segments=card.segments,
            birthday_month=card.birthday_month,
            purchases=card.purchases,
        )
    return PricingContext(
        at_ms=basket.priced_ms,
        time_zone=settings.time_zone,
        member=member,
        store=settings.store,
        till_kind=desk.kind.value,
        counters=used.counters,
        uncounted=used.uncounted,
        coupons=list(basket.codes.values()),
        choices=[choice for choice in basket.chosen.values() if choice.items],
        points=basket.points,
    )


def budgets_before(desk: Desk, basket: Basket, book: TillBook) -> Counted:
    """Return what was used so far of the budgets that concern a basket, and note what HQ would have to say of them."""
    items = (book.item(name) for name in {line.item for line in basket.lines})
    limited = book.promotions().limited([item for item in items if item])
    if not limited:
        return Counted()
    found = desk.budgets.before(limited, _asker(desk, basket))
    if not basket.tenders and not desk.stand.practice:
        desk.wanted.note(basket.id, found.short, found.of_member)
    return found


def _asker(desk: Desk, basket: Basket) -> Asker:
    member = basket.card.member.member if basket.card else None
    return Asker(basket.id, business_day(desk.settings(), basket.priced_ms), member, basket.elsewhere)


def stand_still(db: sqlite3.Connection, desk: Desk, basket: Basket, book: TillBook) -> None:
    """Keep what was used of budgets until now: what another till sells from here on changes no price of this basket.

    What the basket is going to use is set aside for it, so that no other uses it too. Called before the first money is
    asked for or taken.
    """
    now = desk.clocks.business.now_ms()
    if basket.budgets is not None:
        return
    used = budgets_before(desk, basket, book)
    if used.counters or used.uncounted or book.promotions().has_limits:
        baskets.add(db, basket, BudgetsSeen(at_ms=now, counters=used.counters, uncounted=used.uncounted))
        if not desk.stand.practice:
            outcomes = adjusted(desk, basket, book).priced.outcomes
            budgets.set_aside(db, _asker(desk, basket), outcomes, book.promotions())


def total(db: sqlite3.Connection, desk: Desk, basket: Basket) -> int:
    """Return what the basket costs; an empty one without a book costs nothing."""
    if not basket.lines:
        return 0
    return priced(desk, basket, book_for(db, desk, basket)).total_minor
