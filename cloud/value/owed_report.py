"""What the chain owes, added up at the moment of each proof of the ledger and kept for the pages that show it.

Adding up a million purses takes seconds. Kept is what the proof proves and nothing else: figures of a proof that found
something wrong, or figures by issuer that do not add up to what the postings say, never take the place of the last ones
that did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import structlog
from sqlmodel import Session

from cloud.ledger.kinds import PURSE_GIFT, PURSE_GIFT_HELD, PURSE_PRINCIPAL, PURSE_PRINCIPAL_HELD
from cloud.ledger.proving import Keep, Moment, newest
from cloud.org.zones import zone_of
from cloud.value.models import OwedReportRow
from cloud.value.months import last_months
from cloud.value.owing import Flow, Issued, by_issuer, flows

MONTHS = 12
_ONLY_ROW = 1
_FIGURES: Mapping[str, tuple[str, str]] = {
    "principal": (PURSE_PRINCIPAL, PURSE_PRINCIPAL_HELD),
    "gift": (PURSE_GIFT, PURSE_GIFT_HELD),
    "held": (PURSE_PRINCIPAL_HELD, PURSE_GIFT_HELD),
}
"""The figures of an issuer, and the kinds of account whose postings each is."""

log = structlog.get_logger()


class OwedReport(msgspec.Struct, frozen=True):
    """What each issuer owes and what happened in the last twelve months, as one proof of the ledger found it."""

    issued: list[Issued]
    flows: list[Flow]


@dataclass(frozen=True, slots=True)
class Owed:
    """The last report that the ledger proved (None before the first), and whether a later proof did not bear it out."""

    report: OwedReport | None
    at_ms: int
    """Wall time of the proof it was made with; 0 without one."""
    ledger_wrong: bool
    """The newest proof found something wrong with the ledger."""
    off: Mapping[str, int]
    """By how much issuers together miss what the newest proof found, by currency and figure (`CNY principal`)."""

    @property
    def doubted(self) -> bool:
        """Whether a later proof does not bear the report out."""
        return self.ledger_wrong or bool(self.off)

    @property
    def off_in(self) -> list[str]:
        """The currencies in which issuers together miss what the newest proof found."""
        return sorted({what.partition(" ")[0] for what in self.off})


_report = msgspec.json.Decoder(OwedReport)
_off_of = msgspec.json.Decoder(dict[str, int])


def beside_proof(session: Session, moment: Moment) -> Keep:
    """Add up what is owed at the moment of a proof, in its own transaction; return what keeps it together with it."""
    if not moment.proof.holds:
        return lambda _session: None
    issued = by_issuer(session)
    off = misses(issued, moment.proof.by_kind)
    if off:
        log.error("what issuers owe is not what the ledger holds", off=off)
        return lambda later: _doubt(later, off)
    report = OwedReport(issued, flows(session, last_months(moment.business_ms, zone_of(session), MONTHS)))
    return lambda later: _keep(later, moment.at_ms, report)


def misses(issued: Sequence[Issued], by_kind: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Return by how much issuers together miss what all accounts come to, by currency and figure; empty: by nothing."""
    found: defaultdict[str, int] = defaultdict(int)
    for name, kinds in _FIGURES.items():
        for one in issued:
            found[f"{one.currency} {name}"] += getattr(one, name)
        for kind in kinds:
            for currency, amount in by_kind.get(kind, {}).items():
                found[f"{currency} {name}"] -= amount
    return {what: amount for what, amount in sorted(found.items()) if amount}


def owed(session: Session) -> Owed:
    """Return what is owed as the ledger last proved it."""
    row, proved = session.get(OwedReportRow, _ONLY_ROW), newest(session)
    wrong = proved is not None and not proved.proof.holds
    if row is None:
        return Owed(None, 0, wrong, {})
    return Owed(_report.decode(row.report) if row.report else None, row.at_ms, wrong, _off_of.decode(row.off))


def _keep(session: Session, at_ms: int, report: OwedReport) -> None:
    row = _row(session)
    row.at_ms, row.report, row.off = at_ms, msgspec.json.encode(report), "{}"
    session.add(row)


def _doubt(session: Session, off: Mapping[str, int]) -> None:
    row = _row(session)
    row.off = msgspec.json.encode(off).decode()
    session.add(row)


def _row(session: Session) -> OwedReportRow:
    return session.get(OwedReportRow, _ONLY_ROW) or OwedReportRow(number=_ONLY_ROW, at_ms=0, report=b"", off="{}")
