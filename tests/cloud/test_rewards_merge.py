"""Two members made one: what either could use or fetch is the one's, and goes back when they are taken apart."""

from __future__ import annotations

from uuid import UUID

from cloud.coupons import batches
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.member_lifecycle import merging
from cloud.rewards import gifts, pickups
from tests.cloud.members_data import OTHER_CARD, mint, vault
from tests.cloud.rewards_data import Mall
from tests.factories import START_MS, new_id


def test_coupons_and_gifts_go_along_and_come_back(database: Database) -> None:
    mall = Mall(database)
    keep, gone = mall.member(), mall.member(300, card=OTHER_CARD)
    mall.batch()
    used, open_ = mall.give(gone, gone)
    mall.gift()
    order = new_id()
    mall.order("mug", gone, order)
    mall.order("mug", gone)
    with database.session() as session:
        commit = open_commit(session, START_MS)
        merge = merging.merge(
            session, vault(), mint, keep, gone, reason="asked", actor="ana", commit_no=commit, now_ms=START_MS
        ).id
    assert (coupons_of(mall, keep), coupons_of(mall, gone)) == ({used, open_}, set())
    assert (waiting(mall, keep), waiting(mall, gone), mall.books.points(keep)) == (2, 0, 100)
    with database.session() as session:
        commit = open_commit(session, START_MS)
        gifts.cancel(session, commit, order, cause=order, at_ms=START_MS)
        batches.void(session, commit, used, cause=new_id(), actor="ana", at_ms=START_MS)
    assert (mall.books.points(keep), mall.books.points(gone)) == (200, 0)
    with database.session() as session:
        merging.undo(session, vault(), merge, actor="ana", commit_no=open_commit(session, START_MS), now_ms=START_MS)
    assert (coupons_of(mall, keep), coupons_of(mall, gone)) == (set(), {open_})
    assert (waiting(mall, keep), waiting(mall, gone)) == (0, 1)
    assert (mall.books.points(keep), mall.books.points(gone)) == (100, 100), "what came back since stays with them"
    mall.books.prove()


def coupons_of(mall: Mall, member: UUID) -> set[str]:
    with mall.database.session() as session:
        return {one.code for one in batches.of_member(session, member)}


def waiting(mall: Mall, member: UUID) -> int:
    with mall.database.session() as session:
        return len(pickups.of_member(session, member))
