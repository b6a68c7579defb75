"""Which devices stand at which till: what head office decides and an agent's supervisor carries out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from sqlmodel import Session, col, select

from cloud.errors import Invalid, NotFound
from cloud.fleet import audit
from cloud.org.models import Till, TillDevices
from device_profiles.catalogue import UnknownModel, profile
from shared.codes.answers import ScanContext
from shared.device_profile import ProfileRefused, TransportKind, override
from shared.ids import check_slug
from shared.wire.desired import DeviceBinding

MAX_DEVICES = 32
"""A till with more has a mistake in its list."""
_bindings = msgspec.json.Decoder(list[DeviceBinding])


def bind(
    session: Session, store: str, till: str, devices: Sequence[DeviceBinding], *, actor: str, now_ms: int
) -> list[DeviceBinding]:
    """Say which devices a till has, all of them; none leaves it to the agent's simulated ones.

    Raise NotFound, or Invalid naming the device and what does not fit.
    """
    if session.get(Till, (store, till)) is None:
        raise NotFound(f"store {store!r} has no till {till!r}")
    _check(devices)
    content = msgspec.json.encode(list(devices)).decode()
    row = session.get(TillDevices, (store, till), with_for_update=True)
    if row is None:
        row = TillDevices(store_id=store, till_id=till, content=content)
    elif row.content != content:
        row.content, row.revision = content, row.revision + 1
    session.add(row)
    audit.record(session, at_ms=now_ms, actor=actor, action="till.devices", subject=f"{store}/{till}")
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


def _check(devices: Sequence[DeviceBinding]) -> None:
    if len(devices) > MAX_DEVICES:
        raise Invalid(f"a till has at most {MAX_DEVICES} devices, got {len(devices)}")
    names = [one.device for one in devices]
    for name in names:
        if names.count(name) > 1:
            raise Invalid(f"two devices of the till are called {name!r}; each needs a name of its own")
    plugs: dict[str, str] = {}
    for one in devices:
        _check_one(one)
        if one.address and plugs.setdefault(one.address, one.device) != one.device:
            raise Invalid(f"{one.device}: {one.address!r} is the plug of {plugs[one.address]} already")


def _check_one(one: DeviceBinding) -> None:
    try:
        check_slug(one.device, "device")
        model = override(profile(one.profile), dict(one.settings))
    except (UnknownModel, ProfileRefused, ValueError) as error:
        raise Invalid(f"{one.device}: {error}") from None
    ways = [kind.value for kind in (*model.transports, TransportKind.SIMULATED)]
    if one.transport not in ways:
        raise Invalid(f"{one.device}: {model.model} is reached by {', '.join(ways)}, not by {one.transport!r}")
    if not one.address and one.transport != TransportKind.SIMULATED.value:
        raise Invalid(f"{one.device}: say where it is plugged in; `storewire-edge devices list` shows the plugs")
    if one.role and one.role not in {role.value for role in ScanContext}:
        raise Invalid(f"{one.device}: a role is one of {', '.join(ScanContext)}, not {one.role!r}")
