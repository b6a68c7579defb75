"""What each device went through, as its agent said it: one entry whenever it came to stand otherwise."""

from __future__ import annotations

import msgspec
from sqlmodel import Session, col, delete, select

from cloud.fleet.models import Agent, DeviceChange
from shared.wire.messages import DeviceReport, Reported

KEPT_MS = 90 * 24 * 3600 * 1000
MOST_AT_ONCE = 64
"""Devices of one report that are looked at: more than any store's PC has."""
_LONGEST = 300
_WELL = {"idle", "busy"}

_reported = msgspec.json.Decoder(Reported)


def note(session: Session, row: Agent, reported: Reported, now_ms: int) -> None:
    """Note which devices stand otherwise than the agent's last report said; that is still in `row`."""
    last = _reported.decode(row.reported).devices if row.reported else []
    before = {one.device: _standing(one) for one in last}
    changed = [one for one in reported.devices[:MOST_AT_ONCE] if before.get(one.device) != _standing(one)]
    for one in {one.device[:80]: one for one in changed}.values():
        session.merge(
            DeviceChange(
                agent_id=row.id,
                device=one.device[:80],
                at_ms=now_ms,
                state=one.state[:16],
                power=one.power[:16],
                code=one.code[:64],
                reason=one.reason[:_LONGEST],
                conditions=" ".join(one.conditions)[:_LONGEST],
            )
        )
    if changed:
        session.execute(
            delete(DeviceChange).where(col(DeviceChange.agent_id) == row.id, col(DeviceChange.at_ms) < now_ms - KEPT_MS)
        )


def changes_of(session: Session, agents: list[str], device: str, limit: int = 50) -> list[DeviceChange]:
    """Return what a device went through, newest first. `device` is `till/name`."""
    query = select(DeviceChange).where(col(DeviceChange.agent_id).in_(agents), col(DeviceChange.device) == device)
    return list(session.exec(query.order_by(col(DeviceChange.at_ms).desc()).limit(limit)))


def _standing(one: DeviceReport) -> tuple[object, ...]:
    """Return what counts as a change: not that a printer is busy for a second at every sale."""
    return ("well" if one.state in _WELL else one.state, one.power, one.reason, tuple(sorted(one.conditions)))
