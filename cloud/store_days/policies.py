"""How tills work: the chain's policies, and a store's own where it has any. Agents hear of a change at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlmodel import Session, col, select

from cloud import audit
from cloud.errors import Invalid
from cloud.org.models import ChainSetting
from cloud.org.stores import find_store
from shared.wire.policies import MEMBERSHIP, Approval, ConsentText, StaffRole, TillPolicies

_NAME = "till_policies"
_NAMED = 32
_decoder = msgspec.json.Decoder(TillPolicies)


def policies_of(session: Session, stores: Sequence[str]) -> dict[str, TillPolicies]:
    """Return the policies of each store: its own, else the chain's, else the defaults."""
    rows = session.exec(select(ChainSetting).where(col(ChainSetting.name).startswith(_NAME))).all()
    kept = {row.name: _decoder.decode(row.value) for row in rows}
    chain = kept.get(_NAME, TillPolicies())
    return {store: kept.get(_key(store), chain) for store in stores}


def policies(session: Session, store: str = "") -> TillPolicies:
    """Return a store's policies, or the chain's."""
    return policies_of(session, [store])[store]


def reason_words(session: Session, store: str) -> dict[str, dict[str, str]]:
    """Return what a store's reasons are called, by code and language: for prices, voids, returns and cash."""
    found = policies(session, store)
    lists = (found.override_reasons, found.void_reasons, found.return_reasons, found.cash_reasons)
    return {one.code: one.words for those in lists for one in those}


def set_policies(session: Session, content: bytes, *, store: str = "", actor: str, now_ms: int) -> TillPolicies:
    """Replace the chain's policies, or give a store its own. Raise Invalid, naming what does not fit."""
    try:
        found = _decoder.decode(content)
    except msgspec.DecodeError as error:
        raise Invalid(f"these are no till policies: {error}") from None
    _check(found)
    if store:
        find_store(session, store)
    session.merge(ChainSetting(name=_key(store), value=msgspec.json.encode(found)))
    audit.record(session, at_ms=now_ms, actor=actor, action="policies.set", subject=store or "chain")
    session.flush()
    return found


def _key(store: str) -> str:
    return f"{_NAME}/{store}" if store else _NAME


def _check(found: TillPolicies) -> None:
    amounts = (found.round_off_step, found.round_off_max, found.cash_step, found.return_days, found.no_receipt_max)
    if min(amounts) < 0 or found.lock_after_seconds < 0 or found.pin_tries < 1:
        raise Invalid("amounts, days and seconds are not negative, and a PIN has at least one try")
    if any(value < 1 for value in found.denominations):
        raise Invalid("notes and coins are worth at least 1 minor unit")
    _check_consents(found.consents)
    roles, known = {"", *map(str, StaffRole)}, set(map(str, Approval))
    for approval, role in found.approvals.items():
        if approval not in known or role not in roles:
            raise Invalid(
                f"approval {approval!r} for {role!r}: it is one of {', '.join(sorted(known))}, for a role or ''"
            )


def _check_consents(texts: Sequence[ConsentText]) -> None:
    """Raise Invalid for texts that would let nobody join, or that nobody could tell apart later."""
    channels = [one.channel for one in texts]
    if len(set(channels)) != len(channels):
        raise Invalid("consents: one text a channel")
    for one in texts:
        if not 0 < len(one.channel) <= _NAMED or not 0 < len(one.version) <= _NAMED:
            raise Invalid(
                f"consents: channel and version have 1 to {_NAMED} characters: {one.channel!r}, {one.version!r}"
            )
        if not any(text.strip() for text in one.words.values()):
            raise Invalid(f"consents: the text for {one.channel!r} has no words")
    if texts and not any(one.channel == MEMBERSHIP and one.required for one in texts):
        raise Invalid(f"consents: the text for {MEMBERSHIP!r} is missing or not required, and nobody joins without it")
