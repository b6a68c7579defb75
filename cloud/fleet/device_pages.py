"""The pages of devices: the chain's, a store's, one device's, and the binding of a till's devices."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.api.services import Here, Services
from cloud.errors import Conflict, Invalid, NotFound
from cloud.fleet import binding_form, device_words
from cloud.fleet.binding_form import FormRow
from cloud.fleet.device_history import changes_of
from cloud.fleet.device_standing import StoreDevices, all_devices, of_store, old_scale_prices
from cloud.fleet.device_table import advice_of, devices, place_of
from cloud.identity.people import Right
from cloud.org import devices as bindings
from cloud.org.models import Till
from cloud.org.stores import find_store
from cloud.web.rendering import Context, page
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by, person_with
from device_profiles.catalogue import catalogue
from shared.codes.answers import ScanContext
from shared.device_profile import TransportKind
from shared.web.words import marked
from shared.wire.desired import DeviceBinding

router = APIRouter(include_in_schema=False)

MayOperate = Annotated[Posted, Depends(form_by(Right.OPERATE))]
_BLANK_ROWS = 1
_LONGEST_REASON = 500
_SHOWN = {"words": device_words, "place_of": place_of, "advice_of": advice_of}


@router.get("/devices")
def chain_devices(request: Request, services: Here) -> Response:
    """Which devices of the chain need somebody?"""

    def read(session: Session, now_ms: int) -> Context:
        rows = all_devices(session, now_ms)
        needy = sum(row.needs_somebody for row in rows)
        return {
            "all": len(rows),
            "needy": needy,
            "unheard": sum(row.state == "unheard" for row in rows),
            "stores": len({row.store for row in rows if row.needs_somebody}),
            "old_prices": old_scale_prices(session, now_ms),
            "table": devices(lambda _session: rows),
        }

    return listed(request, services, "devices", read)


@router.get("/stores/{store}/devices")
def store_devices(request: Request, services: Here, store: str) -> Response:
    """Which devices stand in this store, and how is each?"""

    def read(session: Session, now_ms: int) -> Context:
        return {"it": of_store(session, find_store(session, store), now_ms), **_SHOWN}

    return page(request, services, "store_devices", read)


@router.get("/stores/{store}/devices/{till}/{device}")
def one_device(request: Request, services: Here, store: str, till: str, device: str) -> Response:
    """How is this device, since when, and what did it go through?"""

    def read(session: Session, now_ms: int) -> Context:
        it = of_store(session, find_store(session, store), now_ms)
        row = next((one for one in it.of(till) if one.device == device), None)
        if row is None:
            raise NotFound(f"till {till!r} has no device {device!r}")
        history = changes_of(session, [row.agent] if row.agent else [], f"{till}/{device}")
        return {"it": row, "profile": catalogue().get(row.model), "history": history, **_SHOWN}

    return page(request, services, "device", read)


@router.get("/stores/{store}/tills/{till}/devices", dependencies=[Depends(person_with(Right.OPERATE))])
def binding(request: Request, services: Here, store: str, till: str, add: str = "") -> Response:
    """Which devices stand at this till?"""

    def read(session: Session, now_ms: int) -> Context:
        it, bound = _till(session, store, till, now_ms), bindings.bound(session, store, till)
        rows = binding_form.rows_of(binding_form.starting(bound, it.of(till)))
        new = next((one for one in it.plugged if one.found.address == add), None) if add else None
        if new is not None and not new.bound_to:
            rows.append(binding_form.row_for(new, [row.device for row in rows]))
        return _context(it, till, rows, bindings.revision(session, store, till), sent="sent" in request.query_params)

    return page(request, services, "till_devices", read)


@router.post("/stores/{store}/tills/{till}/devices")
def bind(request: Request, services: Here, posted: MayOperate, store: str, till: str) -> Response:
    """Check a till's devices as they are said, and send them to the store if that is wanted and nothing is wrong."""
    rows = binding_form.read_form(posted.fields)
    seen = int(posted.get("revision")) if posted.get("revision").isdecimal() else 0
    with services.database.snapshot() as session:
        it = _till(session, store, till, services.clocks.machine.wall_ms())
        taken = bindings.plugs_elsewhere(session, store, till)
        has = binding_form.starting(bindings.bound(session, store, till), it.of(till))
    wanted = binding_form.check(rows, taken, it.plugged)
    dropped = binding_form.dropped(has, wanted)
    good = not any(row.faults for row in rows)
    reason = posted.get("reason")[:_LONGEST_REASON]
    refused = ""
    if posted.get("do") == "send" and good:
        if not reason:
            refused = marked("Say why: it is kept in the audit log.")
        elif posted.get("without") != dropped:
            refused = marked("Not sent: the till has devices that are missing here. See below.")
        else:
            refused = _send(services, posted, (store, till), wanted, reason=reason, seen=seen)
            if not refused:
                return RedirectResponse(f"/stores/{store}/tills/{till}/devices?sent=1", HTTPStatus.SEE_OTHER)
    values = _context(it, till, rows, seen, checked=good, refused=refused, reason=reason, dropped=dropped)
    return page(request, services, "till_devices", lambda _session, _now_ms: values)


def _send(
    services: Services, posted: Posted, place: tuple[str, str], wanted: list[DeviceBinding], *, reason: str, seen: int
) -> str:
    """Bind; return why it was refused as a marked text, empty where it was not."""
    now_ms = services.clocks.machine.wall_ms()
    try:
        with services.database.session() as session:
            bindings.bind(session, *place, wanted, actor=posted.who.actor, now_ms=now_ms, reason=reason, expected=seen)
    except Conflict:
        return marked("Somebody else has changed these devices meanwhile: load the page again.")
    except Invalid:
        return marked("This was not done: load the page again and repeat.")
    return ""


def _till(session: Session, store: str, till: str, now_ms: int) -> StoreDevices:
    if session.get(Till, (store, till)) is None:
        raise NotFound(f"store {store!r} has no till {till!r}")
    return of_store(session, find_store(session, store), now_ms)


def _context(
    it: StoreDevices,
    till: str,
    rows: list[FormRow],
    revision: int,
    *,
    checked: bool = False,
    refused: str = "",
    reason: str = "",
    sent: bool = False,
    dropped: str = "",
) -> Context:
    return {
        "it": it,
        "till": till,
        "rows": [*rows, *(FormRow() for _ in range(_BLANK_ROWS))],
        "revision": revision,
        "checked": checked,
        "faulty": any(row.faults for row in rows),
        "refused": refused,
        "reason": reason,
        "sent": sent,
        "dropped": dropped,
        "models": list(binding_form.models()),
        "ways": [kind.value for kind in TransportKind],
        "roles": [role.value for role in ScanContext],
        **_SHOWN,
    }
