"""Which devices stand at which till: what head office decides and an agent's supervisor carries out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlmodel import Session, col, select

from cloud import audit
from cloud.errors import Conflict, Invalid, NotFound
from cloud.org.device_checks import ALONE, problems_of
from cloud.org.models import Till, TillDevices
from shared.wire.desired import DeviceBinding

_bindings = msgspec.json.Decoder(list[DeviceBinding])


def bind(
    session: Session,
    store: str,
    till: str,
    devices: Sequence[DeviceBinding],
    *,
    actor: str,
    now_ms: int,
    reason: str = "",
    expected: int | None = None,
) -> list[DeviceBinding]:
    """Say which devices a till has, all of them; none leaves it to the agent's simulated ones.

    `expected` is the revision that whoever says it has seen. Raise NotFound, Conflict when somebody else changed it
    since, or Invalid naming the device and what does not fit.
    """
    if session.get(Till, (store, till)) is None:
        raise NotFound(f"store {store!r} has no till {till!r}")
    wrong = problems_of(devices, plugs_elsewhere(session, store, till))
    if wrong:
        raise Invalid(wrong[0].english)
    content = msgspec.json.encode(list(devices)).decode()
    row = session.get(TillDevices, (store, till), with_for_update=True)
    if expected is not None and expected != (row.revision if row else 0):
        raise Conflict("somebody else has changed these devices meanwhile: load the page again")
    if row is None:
        row = TillDevices(store_id=store, till_id=till, content=content)
    elif row.content != content:
        row.content, row.revision = content, row.revision + 1
    session.add(row)
    audit.record(
        session, at_ms=now_ms, actor=actor, action="till.devices", subject=f"{store}/{till}", reason=reason,
        detail=", ".join(one.device for one in devices),
    )  # fmt: skip
    session.flush()
    return list(devices)


def bound(session: Session, store: str, till: str) -> list[DeviceBinding]:
    """Return a till's devices. Raise NotFound."""
    if session.get(Till, (store, till)) is None:
        raise NotFound(f"store {store!r} has no till {till!r}")
    row = session.get(TillDevices, (store, till))
    return [] if row is None else _bindings.decode(row.content)


def by_till(session: Session, stores: Collection[str]) -> dict[tuple[str, str], list[DeviceBinding]]:
    """Return the devices of these stores' tills, by store and till; a till without any is absent."""
    rows = session.exec(select(TillDevices).where(col(TillDevices.store_id).in_(stores)))
    return {(row.store_id, row.till_id): _bindings.decode(row.content) for row in rows}


def plugs_elsewhere(session: Session, store: str, till: str) -> dict[str, str]:
    """Return the plugs that devices of the store's other tills have to themselves: whose each is, `till/device`."""
    return {
        one.address: f"{other}/{one.device}"
        for (_, other), devices in by_till(session, [store]).items()
        for one in devices
        if other != till and one.address and one.transport in ALONE
    }


def revision(session: Session, store: str, till: str) -> int:
    """Return how often a till's devices were said; 0 for never."""
    row = session.get(TillDevices, (store, till))
    return 0 if row is None else row.revision
