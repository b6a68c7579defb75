"""A service desk with the real head office behind it, in one process: HQ's own answers, and its ledger to look into."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from sqlmodel import select

from cloud.database import Database
from cloud.identity import keys
from cloud.ingest.handlers.base import Refusals
from cloud.privacy import Vault
from cloud.value.models import PurseReturn
from edge_agent.till.ports import PaymentGateway
from edge_agent.till.till import Till
from shared.wire.desk_asks import AskTopUpUndone, CardReturnTaken
from shared.wire.events import AnyEvent, TenderKind, TillKind, decode_event
from shared.wire.messages import AnyAnswer, AnyAsk, Ask, MemberFound
from shared.wire.messages import Refused as RefusedByHq
from tests.cloud.members_data import take, vault
from tests.cloud.value_desk import DeskChain
from tests.edge.staffing import open_to_all, staffed
from tests.edge.tills import Store, opened_store
from tests.provision import databases


class RealHq:
    """Implements `HeadOffice`. `silent` is a network that is away; `loses` one that loses the next reply."""

    def __init__(self, chain: DeskChain) -> None:
        self.chain = chain
        self.silent = False
        self.loses = False
        self.asked: list[tuple[UUID, AnyAsk]] = []

    async def ask(self, question: UUID, till: str, body: AnyAsk) -> AnyAnswer | None:
        assert till
        self.asked.append((question, body))
        if self.silent:
            return None
        answer = await asyncio.to_thread(self.chain.ask, body, question)
        if self.loses:
            self.loses = False
            return None
        return answer

    async def whose_card(self, question: UUID, till: str, sealed_card: bytes) -> MemberFound | RefusedByHq | None:
        answer = await self.ask(question, till, Ask(sealed_card=sealed_card))
        return answer if isinstance(answer, MemberFound | RefusedByHq) else None

    def undos(self) -> set[UUID]:
        """Return the ids under which a top-up was asked to be undone."""
        return {question for question, body in self.asked if isinstance(body, AskTopUpUndone)}


class DeskStore:
    """A store with one service desk, `t1`, and its HQ."""

    def __init__(self, store: Store, hq: RealHq, gateways: Mapping[TenderKind, PaymentGateway] | None) -> None:
        self.store = store
        self.hq = hq
        self.chain = hq.chain
        self._gateways = gateways
        self._taken: set[UUID] = set()
        self.till = self.open()

    def open(self, till: str = "t1", kind: TillKind = TillKind.SERVICE_DESK) -> Till:
        """Return a till as it is after a start."""
        return self.store.till(till, self._gateways, hq=self.hq, kind=kind, hq_public=vault().sealing_public)

    async def events(self, *kinds: type[AnyEvent]) -> list[AnyEvent]:
        """Return what the store's disk has recorded, of some kinds."""
        rows = await self.store.database.read(lambda db: db.execute("SELECT content FROM event ORDER BY n").fetchall())
        found = [decode_event(content) for (content,) in rows]
        return [one for one in found if not kinds or isinstance(one, kinds)]

    async def applied(self) -> CardReturnTaken:
        """Return the one application that waits for HQ."""
        with self.chain.database.snapshot() as session:
            row = session.exec(select(PurseReturn)).one()
        return CardReturnTaken(application=row.id, state="applied", minor=row.paid_minor)

    async def send(self) -> Refusals:
        """Let HQ have what it does not have yet."""
        fresh = [one for one in await self.events() if one.id not in self._taken]
        self._taken |= {one.id for one in fresh}
        return await asyncio.to_thread(take, self.chain.database, fresh)


def _keys(folder: Path) -> Vault:
    place = folder / "keys"
    return Vault(keys.load(place) if place.exists() else keys.create(place))


@asynccontextmanager
async def desk_store(
    folder: Path,
    gateways: Mapping[TenderKind, PaymentGateway] | None = None,
    *,
    rule: Mapping[str, object] | None = None,
    seed: int = 1,
    people: bool = False,
    shared_keys: bool = False,
    **policies: object,
) -> AsyncIterator[DeskStore]:
    """Open a store whose till is a service desk, beside a new HQ; `people`: somebody has to sign in.

    `shared_keys`: HQ's keys lie in the folder, for the next process.
    """
    path = folder / "cloud.db"
    database = Database(f"sqlite:///{path}") if path.exists() else databases.new_sqlite(path)
    try:
        chain = DeskChain(database, _keys(folder) if shared_keys else None, **(rule or {}))
        async with opened_store(folder, seed=seed) as store:
            staffed(store, **policies) if people else open_to_all(store, **policies)
            yield DeskStore(store, RealHq(chain), gateways)
    finally:
        database.close()
