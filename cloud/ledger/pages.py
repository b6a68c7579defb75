"""The pages of the ledger: does it hold, what is owed since when and until when, and every number down to receipts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session, col, func, select

from cloud.api.services import Here
from cloud.errors import NotFound
from cloud.ledger import listings, lot_listing, proving, words
from cloud.ledger.ages import AGES
from cloud.ledger.kinds import KINDS
from cloud.ledger.models import Account, Balance, JournalRow, LedgerProof, LedgerSeal, Posting, Reversal
from cloud.ledger.proving import Proved
from cloud.ledger.reading import journals_by_key
from cloud.ledger.receipts import Printed, sales_of
from cloud.ledger.units import units
from cloud.web.rendering import Context, page
from cloud.web.showing import listed

router = APIRouter(prefix="/ledger", include_in_schema=False)

_SHOWN = 14
_MOST = 366


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link of the hash chain, as it is written down now."""

    number: int
    commit_no: int
    journals: int
    head: str
    sealed_ms: int


@router.get("")
def ledger(request: Request, services: Here) -> Response:
    """Does the ledger balance, and what does the chain owe?"""

    def read(session: Session, _now_ms: int) -> Context:
        proved = proving.newest(session)
        return {
            "proved": proved,
            "wrongs": _wrong(proved),
            "history": proving.stretches(session, _SHOWN),
            "units": units(session),
            "words": words,
            "ages": AGES,
            "kinds": KINDS,
        }

    return page(request, services, "ledger", read)


def _wrong(proved: Proved | None) -> list[tuple[str, Any]]:
    return [] if proved is None else [(name, found) for name, found in proving.wrongs(proved.proof).items() if found]


@router.get("/proofs")
def proofs(request: Request, services: Here) -> Response:
    """What did the proofs of the last year find?"""
    return page(
        request,
        services,
        "ledger_proofs",
        lambda session, _now_ms: {"history": proving.stretches(session, _MOST)},
    )


@router.get("/proofs/{number}")
def proof(request: Request, services: Here, number: int) -> Response:
    """What exactly was proved, and what was wrong?"""

    def read(session: Session, _now_ms: int) -> Context:
        row = session.get(LedgerProof, number)
        if row is None:
            raise NotFound(f"there is no proof {number}")
        it = proving.stretch(row)
        return {"it": it, "wrongs": _wrong(it.newest), "units": units(session), "words": words}

    return page(request, services, "ledger_proof", read)


@router.get("/seals/{number}")
def seal(request: Request, services: Here, number: int) -> Response:
    """Which movements does this link of the hash chain seal?"""

    def read(session: Session, _now_ms: int) -> Context:
        row = session.get(LedgerSeal, number)
        if row is None:
            raise NotFound(f"there is no link {number} of the hash chain")
        link = Link(
            number=row.number, commit_no=row.commit_no, journals=row.journals, head=bytes(row.head).hex(),
            sealed_ms=row.sealed_ms,
        )  # fmt: skip
        return {"it": link, "table": listings.movements((), units(session), commit=row.commit_no)}

    return listed(request, services, "ledger_seal", read)


@router.get("/accounts")
def accounts(request: Request, services: Here, kind: str = "member_points", unit: str = "POINTS") -> Response:
    """Whose accounts make up this number?"""

    def read(session: Session, _now_ms: int) -> Context:
        if kind not in KINDS:
            raise NotFound(f"there is no kind of account {kind!r}")
        written, proved = units(session), proving.newest(session)
        return {
            "kind": kind,
            "unit": unit,
            "exponent": written.exponent(unit),
            "words": words,
            "total": _total(session, kind, unit, proved),
            "proved_ms": proved.at_ms if proved else None,
            "table": listings.accounts(kind, unit, written),
        }

    return listed(request, services, "ledger_accounts", read)


@router.get("/accounts/{account}")
def account(request: Request, services: Here, account: UUID) -> Response:
    """What moved on this account?"""

    def read(session: Session, _now_ms: int) -> Context:
        row = session.get(Account, account)
        if row is None:
            raise NotFound(f"there is no account {account}")
        written = units(session)
        stands = select(func.coalesce(func.sum(Posting.amount), 0)).where(Posting.account_id == account)
        return {
            "it": row,
            "exponent": written.exponent(row.unit),
            "stands": int(session.exec(stands).one()),
            "balance": session.get(Balance, account),
            "link": listings.owner_link(row.kind, row.owner, row.unit),
            "words": words,
            "table": listings.movements((account,), written),
        }

    return listed(request, services, "ledger_account", read)


@router.get("/journals/{cause}/{purpose:path}")
def journal(request: Request, services: Here, cause: UUID, purpose: str) -> Response:
    """What moved from where to where, and why?"""

    def read(session: Session, _now_ms: int) -> Context:
        found = journals_by_key(session, [(cause, purpose)]).get((cause, purpose))
        if found is None:
            raise NotFound(f"there is no journal {purpose!r} of {cause}")
        printed = Printed(found.store, found.till, found.receipt)
        undone = select(Reversal).where(Reversal.of_cause == cause, Reversal.of_purpose == purpose)
        undoes = select(Reversal).where(Reversal.cause == cause, Reversal.purpose == purpose)
        own = select(col(JournalRow.commit_no)).where(JournalRow.cause == cause, JournalRow.purpose == purpose)
        return {
            "it": found,
            "sale": sales_of(session, {printed}).get(printed),
            "undone": sorted({(one.cause, one.purpose) for one in session.exec(undone)}),
            "undoes": sorted({(one.of_cause, one.of_purpose) for one in session.exec(undoes)}),
            "seal": session.exec(select(LedgerSeal).where(LedgerSeal.commit_no == session.exec(own).one())).first(),
            "units": units(session),
            "words": words,
        }

    return page(request, services, "ledger_journal", read)


@router.get("/lots")
def lots(request: Request, services: Here) -> Response:
    """Which lots make up what is owed?"""

    def read(session: Session, _now_ms: int) -> Context:
        return {"table": lot_listing.lots(units(session), services.clocks.business.now_ms())}

    return listed(request, services, "ledger_lots", read)


def _total(session: Session, kind: str, unit: str, proved: Proved | None) -> int:
    """Return what all accounts of a kind come to, as last proved: adding up a million of them takes seconds."""
    if proved is not None:
        return proved.proof.by_kind.get(kind, {}).get(unit, 0)
    theirs = select(Account.id).where(Account.kind == kind, Account.unit == unit)
    if KINDS[kind].keeps_balance:
        kept = select(func.coalesce(func.sum(Balance.amount), 0)).where(col(Balance.account_id).in_(theirs))
        return int(session.exec(kept).one())
    posted = select(func.coalesce(func.sum(Posting.amount), 0)).where(col(Posting.account_id).in_(theirs))
    return int(session.exec(posted).one())
