"""What HQ says of a member stands at the store, whole, and goes when HQ takes it back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge_agent.hq import member_set
from edge_agent.hq.member_set import MemberSet
from shared.loyalty import NextTier
from shared.sealing import card_hash
from shared.wire.desired import KnownMember, MemberStep
from tests.edge.tills import opened_store
from tests.factories import new_id

KEY = b"k" * 32
CARD = "6200000000000017"
PLAIN = KnownMember(
    member=new_id(),
    cards=[card_hash(CARD, KEY)],
    masked_name="王*",
    tier="silver",
    points=7,
    segments=["families"],
    birthday_month=2,
    purchases=3,
)
BLOCKED = msgspec.structs.replace(
    PLAIN,
    blocks=["buy", "coupons", "points"],
    next_tier=NextTier(tier="gold", spend_minor=100, visits=2, either=True, until="2026-12-31"),
)


@pytest.mark.parametrize("then", [PLAIN, BLOCKED, None])
async def test_a_store_knows_a_member_as_hq_said_last(tmp_path: Path, then: KnownMember | None) -> None:
    def step(base: int, known: KnownMember | None) -> MemberStep:
        put, gone = ([known], []) if known else ([], [PLAIN.member])
        return MemberStep(agent="a", incarnation=new_id(), base=base, version=base + 1, put=put, gone=gone)

    async with opened_store(tmp_path) as store:
        for base, known in ((0, PLAIN), (1, BLOCKED), (2, then)):
            said = step(base, known)
            assert await store.database.run(lambda db, said=said: member_set.apply_step(db, said))
        found = await store.database.read(lambda db: MemberSet(KEY).find(db, CARD))
    assert found == (None if then is None else msgspec.structs.replace(then, cards=[]))


async def test_p7_nothing_of_a_member_who_is_taken_away_stays_on_the_disk(tmp_path: Path) -> None:
    names = [f"欧阳{n:03}***" for n in range(200)]
    known = [
        KnownMember(member=new_id(), cards=[card_hash(f"62{n}", KEY)], masked_name=name, tier="silver", points=n)
        for n, name in enumerate(names)
    ]

    def on_disk() -> list[int]:
        found = b"".join(file.read_bytes() for file in tmp_path.glob("agent.db*"))
        return [n for n, one in enumerate(known) if one.masked_name.encode() in found or one.cards[0] in found]

    async with opened_store(tmp_path) as store:
        put = MemberStep(agent="a", incarnation=new_id(), base=0, version=1, put=known)
        assert await store.database.run(lambda db: member_set.apply_step(db, put))
        assert len(on_disk()) == len(known)
        step = MemberStep(
            agent="a", incarnation=new_id(), base=1, version=2, gone=[one.member for one in known[1:]]
        )  # fmt: skip
        assert await store.database.run(lambda db: member_set.apply_step(db, step), erases=True)
        assert on_disk() == [0]
