"""`storewire-cloud coupons ...`."""

from __future__ import annotations

import csv
import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import col, select

from cloud.clock import SystemMachineClock
from cloud.command import actor, database_of, now_ms, settings_of
from cloud.coupons import batches, changing, life
from cloud.coupons.changing import Act
from cloud.coupons.figures import Tally, tallies
from cloud.coupons.models import Coupon, CouponBatch
from cloud.database.commits import open_commit
from cloud.deployment.clocks import clocks_of
from cloud.errors import Invalid
from cloud.identity.keys import write_private
from cloud.org.zones import house_day
from shared.ids import UuidMint

app = typer.Typer(no_args_is_help=True, help="Coupons: batches, codes, what became of one.")

Batch = Annotated[str, typer.Argument(help="As `coupons list` names them.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the audit log.")]


@app.command("list")
def list_batches(context: typer.Context) -> None:
    """List the batches with their figures, the newest first."""
    business_ms = clocks_of(settings_of(context)).business.now_ms()
    with database_of(context) as database, database.snapshot() as session:
        found = tallies(session, house_day(session, business_ms))
        for row in session.exec(select(CouponBatch).order_by(col(CouponBatch.made_ms).desc())):
            it = found.get(row.id, Tally())
            state = "withdrawn" if row.closed else f"{row.starts} to {row.ends}"
            typer.echo(
                f"{row.id}\t{row.kind}\t{state}\t{it.issued} issued\t{it.open} open\t{it.used} used\t{row.title}"
            )


@app.command("new")
def new_batch(
    context: typer.Context,
    batch: Annotated[str, typer.Argument(help="An id: a-z, 0-9 and '-'.")],
    *,
    kind: Annotated[str, typer.Option(help="codes, personal, public or next_visit.")],
    promotion: Annotated[str, typer.Option(help="The promotion of the price book it stands for.")],
    starts: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])],
    ends: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="That day included.")],
    most: Annotated[int, typer.Option(help="How many at most.")],
    title: Annotated[str, typer.Option(help="What head office calls it.")] = "",
) -> None:
    """Make a batch; a public one says its code."""
    wanted = batches.NewBatch(
        id=batch, kind=kind, promotion=promotion, starts=starts.date(), ends=ends.date(), most=most, title=title
    )
    with database_of(context) as database, database.session() as session:
        made = batches.create(session, wanted, secrets.randbits, actor=actor(), now_ms=now_ms())
        code = made.public_code
    typer.echo(f"Batch {batch} is made." + (f" Its code is {code}." if code else ""))


@app.command("codes")
def make_codes(
    context: typer.Context,
    batch: Batch,
    file: Annotated[Path, typer.Argument(help="A CSV file to write the codes to; readable by you alone.")],
    *,
    count: Annotated[int, typer.Option(help="Make so many new ones first.")] = 0,
) -> None:
    """Write every open code of a batch to a file, new ones among them if wanted."""
    business_ms = clocks_of(settings_of(context)).business.now_ms()
    if file.exists():
        raise typer.BadParameter(f"{file} is there already: choose another name")
    with database_of(context) as database:
        with database.session() as session:
            if session.get(CouponBatch, batch) is None:
                raise Invalid(f"there is no batch {batch!r}")
            if count > 0:
                batches.give(
                    session, open_commit(session, now_ms()), batch, [None] * count, secrets.randbits, cause=_mint()(),
                    today=house_day(session, business_ms), at_ms=business_ms,
                )  # fmt: skip
        with database.snapshot() as session:
            rows = select(Coupon).where(col(Coupon.batch) == batch, col(Coupon.state) == "issued")
            found = session.exec(rows.order_by(col(Coupon.code))).all()
    write_private(file, b"")
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(("code", "from", "until"))
        writer.writerows((row.code, row.starts, row.ends) for row in found)
    typer.echo(f"{file} written: {len(found)} codes.")


@app.command("show")
def show(context: typer.Context, code: Annotated[str, typer.Argument(help="However it is written.")]) -> None:
    """Say what became of a coupon."""
    with database_of(context) as database, database.snapshot() as session:
        it = life.life_of(session, code)
        typer.echo(f"{it.coupon.code}\tbatch {it.batch.id}\t{it.coupon.state}\tuntil {it.coupon.ends}")
        for step in it.steps:
            typer.echo(f"  {step.at_ms}\t{step.title}\t{step.detail}")


@app.command("withdraw")
def withdraw(context: typer.Context, batch: Batch, reason: Reason) -> None:
    """Close a batch and end its unused coupons at once."""
    business_ms = clocks_of(settings_of(context)).business.now_ms()
    act = Act(actor=actor(), reason=reason, at_ms=business_ms, now_ms=now_ms())
    with database_of(context) as database, database.session() as session:
        ended = changing.withdraw(session, open_commit(session, now_ms()), batch, act, cause=_mint()())
    typer.echo(f"Batch {batch} is withdrawn; {ended} unused coupons ended.")


def _mint() -> UuidMint:
    return UuidMint(SystemMachineClock().wall_ms, os.urandom)
