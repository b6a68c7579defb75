"""A restore of the database that nobody announced: how agents prove it, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlmodel import Session

from cloud.deployment.clocks import clocks_of
from cloud.identity import keys
from cloud.ingest import incarnation, misconduct
from cloud.ingest.proofs import AckProofs
from cloud.settings import CloudSettings
from shared.clock import MachineClock
from shared.wire.events import HeldAck

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Restores:
    """Weighs what agents hold as acked against what HQ has."""

    proofs: AckProofs
    clock: MachineClock

    def weigh(
        self, session: Session, agent: str, epoch: UUID, held: HeldAck | None, watermark: int, *, ours: UUID
    ) -> UUID:
        """Return HQ's incarnation: a new one when an agent proves that `ours` has acked more than HQ has.

        One new incarnation makes the whole chain send again, so nobody's word is enough: without the proof that
        came with the ack the claim is noted, and changes nothing.
        """
        if held is None or held.incarnation != ours or held.seq <= watermark:
            return ours
        claim = f"{held.seq} of epoch {epoch} as acked, HQ has {watermark}"
        if not self.proofs.holds(agent, epoch, held):
            misconduct.note(session, agent, "agent.unproven_ack", f"holds {claim}, without proof", self.clock.wall_ms())
            return ours
        log.error("database was restored", agent=agent, epoch=str(epoch), acked=held.seq, watermark=watermark)
        reason = f"agent {agent} holds {claim}: the database was restored"
        return incarnation.renew(session, reason, self.clock, seen=ours, actor="ingest")


def open_restores(settings: CloudSettings) -> Restores:
    """Return what weighs an agent's proof that the database was restored."""
    return Restores(AckProofs.of(keys.load(settings.keys_dir).blind_index), clocks_of(settings).machine)
