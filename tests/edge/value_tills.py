"""A store whose members HQ knows, and tills of it as the agent builds them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from edge_agent.hq import member_set
from edge_agent.till.desk import CardKeys
from edge_agent.till.results import BasketView, Refused
from edge_agent.till.simulated_gateway import SimulatedGateway
from edge_agent.till.till import Till
from edge_agent.value.gateway import StoredValueGateway
from edge_agent.value.spending import ValueDesk
from shared import coupon_code
from shared.pricing import AnyPromotion
from shared.pricing.kinds.points_redemption import PointsRedemption
from shared.value import POINTS, Allowance
from shared.wire.desired import KnownMember, MemberStep
from shared.wire.events import SaleCompleted, TenderKind
from tests.edge.test_till_offers import books, sales
from tests.edge.tills import CARD, HQ_PUBLIC, Store, opened_store
from tests.edge.value_hq import HOLD_MS, Person, ValueHq, trust_clock
from tests.factories import AGENT, new_id

CODE = coupon_code.make(777)
POINTS_RULE = PointsRedemption(promotion="pts", points=100, worth_minor=100, cap_bp=5_000, step_points=100)
WANG_PHONE, LI_PHONE = "13800138000", "13900138000"


def wang(**fields: object) -> Person:
    base: dict[str, object] = {
        "name": "王**", "phone": WANG_PHONE, "card": CARD, "tier": "gold", "points": 1_000, "money": 5_000,
    }  # fmt: skip
    return Person(**{**base, **fields})  # type: ignore[arg-type]


@asynccontextmanager
async def selling(
    folder: Path, *people: Person, rules: tuple[AnyPromotion, ...] = (POINTS_RULE,), known: bool = True,
    gift_cards: dict[str, int] | None = None, others: SimulatedGateway | None = None, tills: int = 1,
) -> AsyncIterator[tuple[Store, Till, ValueHq]]:  # fmt: skip
    """Open a store whose members HQ knows, and a till of it as the agent builds it."""
    async with opened_store(folder, books=books(*rules), tills=tills) as store:
        hq = ValueHq(store.machine, *people, gift_cards=gift_cards)
        await trust_clock(store)
        for one in people if known else ():
            member = KnownMember(
                member=one.id, cards=[], masked_name=one.name, tier=one.tier, points=one.points, blocks=one.blocks
            )
            store.members.known[one.card] = member
        yield store, till_of(store, hq, others=others), hq


def till_of(store: Store, hq: ValueHq, till: str = "t1", *, others: SimulatedGateway | None = None) -> Till:
    cards = CardKeys(HQ_PUBLIC, lambda count: bytes(range(1, count + 1)))
    gateway = StoredValueGateway(
        store.database, ValueDesk(store.database, store.machine, hq), store.mint, members=store.members, cards=cards
    )
    gateways = {TenderKind.STORED_VALUE: gateway, TenderKind.GIFT_CARD: gateway}
    return store.till(till, {**gateways, **({TenderKind.WECHAT: others} if others else {})}, hq=hq)


async def ring(till: Till, *codes: str) -> None:
    for code in codes:
        assert not isinstance(await till.scan(code), Refused), code


async def shown(till: Till) -> BasketView:
    view = await till.view()
    assert view is not None
    return view


async def last_sale(store: Store) -> SaleCompleted:
    return (await sales(store))[-1]


async def give_ahead(store: Store, who: Person, *, points: int = 0, money: int = 0) -> None:
    """Let HQ have given this store something of a member's ahead: out of the balance there."""
    who.points -= points
    who.money -= money

    def keep(db):  # type: ignore[no-untyped-def]
        (key,) = db.execute("SELECT epoch FROM agent").fetchone()
        until = store.machine.wall_ms() + 3_600_000
        given = [
            Allowance(id=new_id(), unit=unit, amount=amount, valid_until_ms=until, epoch=UUID(bytes=key))
            for unit, amount in ((POINTS, points), ("CNY", money))
            if amount
        ]
        put = [KnownMember(member=who.id, cards=[], allowances=given)]
        assert member_set.apply_step(db, MemberStep(agent=AGENT, incarnation=new_id(), base=0, version=1, put=put))

    await store.database.run(keep)


async def wait_too_long(store: Store) -> None:
    """Let holds come so close to their end that no sale may count on them."""
    store.machine.advance(HOLD_MS - 59_000)
    await trust_clock(store)


def is_stored(folder: Path, text: str) -> bool:
    """Tell whether a text stands anywhere on a store's disk."""
    return any(text.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file())
