"""An HQ for tests of tills: members by phone and card, their points, stored value and coupons, holds that end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from edge_agent.disk.agent_row import note_hq_time
from shared.loyalty import NextTier
from shared.sealing import unseal
from shared.value import POINTS
from shared.wire.asks import AskPhone, MemberChoice, MembersFound
from shared.wire.messages import (
    AnyAnswer,
    AnyAsk,
    AskCoupon,
    AskHold,
    AskRelease,
    CouponReserved,
    Held,
    MemberFound,
    Refused,
    Released,
)
from shared.wire.wallet_asks import AskWallet, Wallet, WalletCoupon
from tests.edge.tills import HQ_SEALING_KEY, Store
from tests.factories import DrivenMachineClock, new_id

HOLD_MS = 15 * 60_000
GIFT_CARD = "8800009001"
_PRIVATE: X25519PrivateKey = HQ_SEALING_KEY


@dataclass
class Person:
    """A member as HQ knows them."""

    name: str
    phone: str
    card: str = ""
    tier: str = ""
    points: int = 0
    money: int = 0
    blocks: list[str] = field(default_factory=list)
    next_tier: NextTier | None = None
    coupons: dict[str, str] = field(default_factory=dict)
    """Codes, and the promotion each stands for."""
    id: UUID = field(default_factory=new_id)

    def found(self) -> MemberFound:
        return MemberFound(
            member=self.id, masked_name=self.name, tier=self.tier, points=self.points, blocks=self.blocks,
            next_tier=self.next_tier,
        )  # fmt: skip


@dataclass
class _Held:
    basket: UUID
    whose: UUID | str
    unit: str
    amount: int
    until_ms: int


class ValueHq:
    """Answers as HQ does, from memory; `online` False: not at all. It forgets no hold by itself."""

    def __init__(self, clock: DrivenMachineClock, *people: Person, gift_cards: dict[str, int] | None = None) -> None:
        self.clock = clock
        self.people = list(people)
        self.gift_cards = gift_cards or {}
        self.online = True
        self.held: dict[UUID, _Held] = {}
        self.reserved: dict[str, UUID] = {}
        self.asked: list[AnyAsk] = []
        self.given_up: set[UUID] = set()
        self.wallet_looks = True
        """Whether this till may still ask what there is to spend."""
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        """What somebody does at the till while the next question is on its way."""
        self.lost_answers = 0
        """How many answers that set something aside get lost on their way."""

    async def whose_card(self, _question: UUID, _till: str, sealed_card: bytes) -> MemberFound | Refused | None:
        if not self.online:
            return None
        person = self._by_card(_opened(sealed_card))
        return person.found() if person else Refused(code="card_unknown")

    async def ask(self, question: UUID, till: str, body: AnyAsk) -> AnyAnswer | None:
        assert till
        if not self.online:
            return None
        self.asked.append(body)
        if self.meanwhile is not None:
            act, self.meanwhile = self.meanwhile, None
            await act()
        match body:
            case AskPhone():
                answer = self._phone(_opened(body.sealed_phone))
            case AskWallet():
                answer = self._wallet(body)
            case AskHold():
                answer = self._hold(question, body)
            case AskCoupon():
                answer = self._coupon(body)
            case AskRelease():
                answer = self._release(body)
            case _:
                answer = Refused(code="not_understood")
        if isinstance(answer, Held) and self.lost_answers:
            self.lost_answers -= 1
            return None
        return answer

    def aside(self, unit: str = "CNY") -> int:
        """Return how much is set aside now."""
        return sum(one.amount for one in self.held.values() if one.unit == unit)

    def _phone(self, number: str) -> AnyAnswer:
        found = [one for one in self.people if one.phone == number or (len(number) == 4 and one.phone.endswith(number))]
        if not found:
            return Refused(code="phone_unknown")
        masked = [MemberChoice(found=one.found(), masked_phone=f"{one.phone[:3]}****{one.phone[-4:]}") for one in found]
        return MembersFound(members=masked[:5], more=len(masked) > 5)

    def _wallet(self, body: AskWallet) -> AnyAnswer:
        if not self.wallet_looks:
            return Refused(code="wallet_looks")
        number = _opened(body.sealed_card) if body.sealed_card else ""
        person = self._by_card(number) if number else self._by_id(body.member)
        if person is None:
            if number not in self.gift_cards:
                return Refused(code="card_unknown")
            free = self.gift_cards[number] - self._taken(number, "CNY")
            return Wallet(value_minor=free, has_value=True, named=False)
        free = person.money - self._taken(person.id, "CNY")
        ends = date(2026, 12, 31)
        coupons = [WalletCoupon(code=code, promotion=one, ends=ends) for code, one in person.coupons.items()]
        points = person.points - self._taken(person.id, POINTS)
        return Wallet(
            value_minor=free, has_value=True, points=points, blocks=person.blocks,
            coupons=coupons if body.coupons else [],
        )  # fmt: skip

    def _hold(self, question: UUID, body: AskHold) -> AnyAnswer:
        number = _opened(body.sealed_card) if body.sealed_card else ""
        person = self._by_card(number) if number else self._by_id(body.member)
        whose: UUID | str = person.id if person else number
        if question in self.given_up:
            return Refused(code="given_up")
        if question not in self.held:
            has = self.gift_cards.get(number, 0)
            blocked = person.blocks if person else []
            if body.unit == POINTS and "points" in blocked:
                return Refused(code="points_blocked")
            if "buy" in blocked:
                return Refused(code="buy_blocked")
            if person is not None:
                has = person.points if body.unit == POINTS else person.money
            if has - self._taken(whose, body.unit) < body.amount:
                return Refused(code="insufficient")
            until_ms = self.clock.wall_ms() + HOLD_MS
            self.held[question] = _Held(body.basket, whose, body.unit, body.amount, until_ms)
        until_ms = self.held[question].until_ms
        return Held(hold=question, unit=body.unit, amount=body.amount, valid_until_ms=until_ms)

    def _coupon(self, body: AskCoupon) -> AnyAnswer:
        promotion = next((one.coupons[body.code] for one in self.people if body.code in one.coupons), None)
        if promotion is None:
            return Refused(code="coupon_unknown")
        owner = next(one for one in self.people if body.code in one.coupons)
        number = _opened(body.sealed_card) if body.sealed_card else ""
        if owner.card and owner is not (self._by_card(number) or self._by_id(body.member)):
            return Refused(code="coupon_not_yours")
        if self.reserved.setdefault(body.code, body.basket) != body.basket:
            return Refused(code="coupon_reserved")
        return CouponReserved(code=body.code, promotion=promotion, valid_until_ms=self.clock.wall_ms() + HOLD_MS)

    def _release(self, body: AskRelease) -> AnyAnswer:
        if body.coupon:
            self.reserved.pop(body.coupon, None)
            return Released()
        if body.hold is not None:
            self.held.pop(body.hold, None)
            self.given_up.add(body.hold)
            return Released()
        self.held = {key: one for key, one in self.held.items() if one.basket != body.basket}
        self.reserved = {code: basket for code, basket in self.reserved.items() if basket != body.basket}
        return Released()

    def _taken(self, whose: UUID | str, unit: str) -> int:
        return sum(one.amount for one in self.held.values() if (one.whose, one.unit) == (whose, unit))

    def _by_card(self, number: str) -> Person | None:
        return next((one for one in self.people if one.card and one.card == number), None)

    def _by_id(self, member: UUID | None) -> Person | None:
        return next((one for one in self.people if one.id == member), None)


async def trust_clock(store: Store) -> None:
    """Let the store have heard HQ's time just now, as every link does first."""
    await store.database.run(lambda db: note_hq_time(db, 0, store.machine.wall_ms()))


def _opened(sealed: bytes) -> str:
    return unseal(sealed, _PRIVATE.private_bytes_raw()).decode()
