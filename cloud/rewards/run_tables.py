"""The tables of runs: every run there was, and what one does to whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlmodel import col

from cloud.ledger.kinds import COUPONS, POINTS
from cloud.ledger.models import Account, Lot
from cloud.ledger.units import Units
from cloud.rewards import runs, words
from cloud.rewards.models import Run, RunItem, Ticket
from cloud.web.figures import with_sign
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource, toned
from shared.web.phrases import Phrase
from shared.web.words import marked


class Sum(NamedTuple):
    """What a run comes to in one unit: worked out, and posted; `exponent` where it is money."""

    unit: str
    whole: int
    posted: int
    exponent: int = 0

    def said(self, amount: int) -> tuple[str, dict[str, str]]:
        """Return an amount of it in words (a text of the catalogue and its values)."""
        if self.unit == POINTS:
            return marked("{points} points"), {"points": f"{amount:,}"}
        if self.unit == COUPONS:
            return marked("{count} coupons"), {"count": f"{amount:,}"}
        return "{amount}", {"amount": with_sign(amount, self.exponent, self.unit)}


def sums(row: Run, written: Units) -> list[Sum]:
    """Return what a run comes to, unit by unit: points and money are never added up."""
    by_unit = runs.units_of(row)
    if not by_unit:
        return [Sum(COUPONS if row.kind == runs.COUPONS else POINTS, row.total, row.posted_total)]
    return [Sum(unit, *both, written.exponent(unit)) for unit, both in sorted(by_unit.items(), reverse=True)]


def whole(by_unit: Mapping[str, tuple[int, int]], written: Units) -> list[Sum]:
    """Return what (count, amount) by unit come to."""
    return [Sum(unit, amount, 0, written.exponent(unit)) for unit, (_, amount) in sorted(by_unit.items(), reverse=True)]


def _shown(row: Run, written: Units, amount: Callable[[Sum], int]) -> Cell:
    first, *others = sums(row, written)
    text, values = first.said(amount(first))
    beside = [with_sign(amount(one), one.exponent, one.unit) for one in others]
    return Cell(value=text, values=values, say=True, note=" ".join(f"+ {one}" for one in beside))


def _columns(written: Units) -> Sequence[Column[Any]]:
    return (
        Column(
            key="made",
            title=marked("Worked out"),
            kind=Kind.MOMENT,
            order=col(Run.made_ms),
            cell=lambda row: Cell(value=row.Run.made_ms, href=f"/rewards/runs/{row.Run.id}"),
        ),
        Column(
            key="kind",
            title=marked("Kind"),
            order=col(Run.kind),
            cell=lambda row: Cell(value=words.RUN_KINDS[row.Run.kind][0], say=True),
        ),
        Column(
            key="state",
            title=marked("State"),
            order=col(Run.state),
            cell=lambda row: toned(words.RUN_STATES[row.Run.state]),
        ),
        Column(key="items", title=marked("Items"), kind=Kind.NUMBER, cell=lambda row: row.Run.items),
        Column(
            key="total",
            title=marked("In all"),
            kind=Kind.NUMBER,
            cell=lambda row: _shown(row.Run, written, lambda one: one.whole),
        ),
        Column(
            key="posted",
            title=marked("Posted"),
            kind=Kind.NUMBER,
            cell=lambda row: _shown(row.Run, written, lambda one: one.posted),
        ),
        Column(key="by", title=marked("By"), cell=lambda row: row.Run.made_by.removeprefix("person:")),
        Column(
            key="second",
            title=marked("Approved by"),
            cell=lambda row: (row.Run.approved_by or "").removeprefix("person:"),
        ),
    )


def _runs(asked: Asked) -> Query:
    query: Query = select(Run)
    return query.where(col(Run.kind) == asked.get("kind")) if asked.get("kind") else query


def all_runs(written: Units) -> Listing[Any]:
    """Return the table of every run."""

    def columns() -> Sequence[Column[Any]]:
        return _columns(written)

    return Listing(
        name="runs",
        title=marked("Runs"),
        columns=columns(),
        source=SqlSource(_runs, lambda row: row, columns, (col(Run.id).desc(),)),
        order="-made",
        filters=(
            Filter(
                key="kind",
                title=marked("Kind"),
                say=True,
                options=lambda _session: [(kind, name) for kind, (name, _) in words.RUN_KINDS.items()],
            ),
        ),
        empty=marked("No run yet. Working one out moves nothing."),
    )


def items(run: UUID, kind: str, written: Units) -> Listing[Any]:
    """Return the table of what a run does: to lots for an expiry, to tickets for a refund, to members else."""
    by_lot, by_ticket = kind == runs.EXPIRY, kind == runs.REFUND
    titles = defaultdict(lambda: marked("Points"), {runs.EXPIRY: marked("What ends"), runs.COUPONS: marked("Coupons")})

    def columns() -> Sequence[Column[Any]]:
        return (
            Column(key="subject", title=marked("Member or account"), cell=_whose),
            Column(
                key="amount",
                title=titles[kind],
                kind=Kind.NUMBER,
                order=col(RunItem.amount),
                cell=lambda row: _amount(row, row.RunItem.amount),
            ),
            Column(
                key="posted",
                title=marked("Posted"),
                kind=Kind.NUMBER,
                cell=lambda row: _amount(row, row.RunItem.posted),
            ),
            Column(key="reason", title=marked("Why"), kind=Kind.WRAP, cell=_why),
        )

    def query(_asked: Asked) -> Query:
        if by_ticket:
            paid: Query = select(RunItem, col(Ticket.member_id).label("owner"))
            paid = paid.join(Ticket, col(Ticket.request) == col(RunItem.subject), isouter=True)
            return paid.where(col(RunItem.run_id) == run)
        if not by_lot:
            return select(RunItem).where(col(RunItem.run_id) == run)
        found: Query = select(RunItem, col(Account.owner).label("owner"), col(Account.unit).label("unit"))
        found = found.join(Lot, col(Lot.id) == col(RunItem.subject), isouter=True)
        return found.join(Account, col(Account.id) == col(Lot.account_id), isouter=True).where(
            col(RunItem.run_id) == run
        )

    def _amount(row: Any, amount: int | None) -> Cell:
        if amount is None or not by_lot:
            return Cell(value=amount)
        text, values = Sum(row.unit, 0, 0, written.exponent(row.unit)).said(amount)
        return Cell(value=text, values=values, say=True)

    def _whose(row: Any) -> Cell:
        owner = str(row.owner or "") if by_lot or by_ticket else str(row.RunItem.subject)
        is_member = not by_lot or row.unit == "POINTS"
        return Cell(value=owner[-8:], href=f"/members/{owner}" if is_member and owner else "")

    def _why(row: Any) -> Cell:
        if not row.RunItem.reason:
            return Cell(value="")
        why = Phrase.of(msgspec.json.decode(row.RunItem.reason))
        return Cell(value=why.text, values=why.values, say=True)

    return Listing(
        name="items",
        title=marked("What it does to whom"),
        columns=columns(),
        source=SqlSource(query, lambda row: row, columns, (col(RunItem.subject),)),
        order="-amount",
        empty=marked("Nothing fits: nobody would get or lose anything."),
    )
