"""Composition: a process's parts built from its settings, once, in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
from sqlmodel import Session

from cloud.api.auth import admit
from cloud.api.limits import FailureLimit
from cloud.api.services import Services
from cloud.api.together import Together
from cloud.api.waiting_room import WaitingRoom
from cloud.database import Database
from cloud.deployment import ports
from cloud.deployment.clocks import Clocks, clocks_of
from cloud.deployment.opening import open_database, open_vault
from cloud.fleet.models import Agent
from cloud.identity import keys
from cloud.identity.ca_renewal import LatestAuthority
from cloud.ingest.desired import deltas_along, desired_documents
from cloud.ingest.downlink import Downlink
from cloud.ingest.downstream import LoyaltyDownstream
from cloud.ingest.envelopes import Envelopes
from cloud.ingest.exchange import Exchange
from cloud.ingest.parking import unsettled
from cloud.ingest.proofs import AckProofs
from cloud.ingest.questions import Answers
from cloud.ingest.restores import Restores, open_restores
from cloud.ingest.roster import Roster
from cloud.members.home_days import HomeDays
from cloud.members.stepper import member_step, set_versions
from cloud.pictures import keeping as pictures
from cloud.prices.bodies import BodyFiles
from cloud.prices.books import StoreBooks
from cloud.privacy import Vault
from cloud.promotions import sharing
from cloud.receipt_series.series import last_receipts
from cloud.settings import CloudSettings
from shared.ids import UuidMint
from shared.wire.desired import DesiredState, LastReceipt, MemberStep, StoreSettings
from shared.wire.messages import Reported

_FAILED_ENROLMENTS = 10
_ENROLMENT_WINDOW_S = 60.0
_MOST_STRANGERS = 600
_STRANGERS_WINDOW_S = 600.0


def build_services(settings: CloudSettings) -> Services:
    """Build what API requests use."""
    clocks = clocks_of(settings)
    database = open_database(settings)
    ring, vault = keys.load(settings.keys_dir), open_vault(settings)
    exchange = build_exchange(database, clocks, ring, vault, BodyFiles(settings.bodies_dir))
    return Services(
        settings=settings,
        places=ports.resolve(settings),
        database=database,
        clocks=clocks,
        keys=ring,
        authorities=LatestAuthority(settings.keys_dir),
        vault=vault,
        downstream=LoyaltyDownstream(vault, UuidMint(clocks.machine.wall_ms, os.urandom), StoreBooks()),
        exchange=exchange,
        gate=Together(partial(admit, database, clocks.machine), whose=str),
        desk=Together(exchange.answer_each, whose=lambda heard: heard.agent),
        room=WaitingRoom(Roster(database, clocks.machine), exchange, clocks.machine),
        restores=open_restores(settings),
        enrolments=FailureLimit(clocks.machine, limit=_FAILED_ENROLMENTS, window_s=_ENROLMENT_WINDOW_S),
        strangers=FailureLimit(clocks.machine, limit=_MOST_STRANGERS, window_s=_STRANGERS_WINDOW_S),
    )


def build_exchange(database: Database, clocks: Clocks, ring: keys.Keys, vault: Vault, files: BodyFiles) -> Exchange:
    """Build what handles agents' messages, for whichever wire."""
    mint = UuidMint(clocks.machine.wall_ms, os.urandom)
    proofs = AckProofs.of(ring.blind_index)
    envelopes = Envelopes(clocks.machine, clocks.business, mint, proofs)
    downlink = Downlink(
        database=database,
        clock=clocks.machine,
        keys=ring,
        composer=DesiredComposer(clocks, vault, files, ring.signing_public()),
        envelopes=envelopes,
    )
    return Exchange(
        database=database,
        clock=clocks.machine,
        downstream=LoyaltyDownstream(vault, mint, StoreBooks()),
        downlink=downlink,
        envelopes=envelopes,
        answering=Answers(database, clocks.business, vault),
        restores=Restores(proofs, clocks.machine),
    )


class DesiredComposer:
    """What each room says an agent should run, at this moment of business time."""

    def __init__(self, clocks: Clocks, vault: Vault, files: BodyFiles, signing: Mapping[str, bytes]) -> None:
        """`signing` are head office's own public keys by id: members' codes on its page are signed with one of them."""
        self._signing = [signing[name] for name in sorted(signing)]
        self._business = clocks.business
        self._vault = vault
        self._files = files

    def desired(self, session: Session, agents: Sequence[Agent]) -> dict[str, DesiredState]:
        """Return what each of these agents should run, by agent, with serial 0."""
        documents = desired_documents(session, agents, self._business.now_ms())
        versions = set_versions(session, {agent.store_id for agent in agents})
        last = last_receipts(session, agents)
        budgets = sharing.of_agents(session, [agent.id for agent in agents])
        parked = unsettled(session, {agent.store_id for agent in agents})
        pictured = pictures.reference(session)
        return {
            agent: msgspec.structs.replace(
                document,
                members_version=versions.get(document.settings.store, 0),
                budgets=budgets.get(agent, []),
                parked=parked.get(document.settings.store, 0),
                pictures=pictured,
                settings=_going_on(self._knowing_us(document.settings), last.get(agent, {})),
            )
            for agent, document in documents.items()
        }

    def _knowing_us(self, settings: StoreSettings) -> StoreSettings:
        """Let tills take the codes that head office itself shows on telephones, beside those of any other key."""
        ours = [key for key in self._signing if key not in settings.member_code_keys]
        return msgspec.structs.replace(settings, member_code_keys=[*settings.member_code_keys, *ours])

    def deltas(self, session: Session, desired: DesiredState, reported: Reported) -> list[bytes]:
        """Return the deltas of prices that lead an agent there, as far as they fit a message."""
        return deltas_along(session, desired.timeline, reported, self._files)

    def members(self, session: Session, agent: Agent, version: int) -> MemberStep | None:
        """Return what is new of a store's members since a version, None for nothing."""
        today = HomeDays(self._business.now_ms())
        return member_step(session, self._vault, agent, version, today=today)


def _going_on(settings: StoreSettings, last: Mapping[str, LastReceipt]) -> StoreSettings:
    """Tell an agent's tills which receipt of another disk they go on from."""
    if not last:
        return settings
    tills = [msgspec.structs.replace(till, last_receipt=last.get(till.till)) for till in settings.tills]
    return msgspec.structs.replace(settings, tills=tills)
