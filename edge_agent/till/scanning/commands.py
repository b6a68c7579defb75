"""`storewire-edge codes`: what a label would mean, before a table of formats is used at a till."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from edge_agent.clock import SystemBusinessClock
from edge_agent.configuration import SettingsRefused, load
from edge_agent.disk.agent_row import NotEnrolled, store_settings
from edge_agent.disk.errors import StorageError
from edge_agent.prices import timeline
from edge_agent.prices.books import PriceBooks
from edge_agent.standing import read_database
from edge_agent.till.scanning.tally import counts
from shared.codes import LabelFormat, VariableMeasure, usable
from shared.codes.labels import read_label
from shared.codes.preview import LabelPreview, preview
from shared.money import UnitPrice
from shared.pricing import Unit
from shared.wire.desired import StoreSettings

app = typer.Typer(help="What codes mean.", no_args_is_help=True, pretty_exceptions_enable=False)

_DEFAULT_EXPONENT, _DEFAULT_CURRENCY = 2, "CNY"


@app.command(name="preview")
def preview_label(  # noqa: PLR0917 - each is an option of the command line
    text: Annotated[str, typer.Argument(help="The digits of a label, as printed.")],
    state: Annotated[
        Path | None, typer.Option("--state", help="The agent's state: its table of labels and its prices are used.")
    ] = None,
    pattern: Annotated[str, typer.Option("--pattern", help="A form to try, such as 21IIIIIAAAAAC.")] = "",
    amount_decimals: Annotated[int, typer.Option(help="Decimals of A and U in the pattern.")] = 2,
    weight_decimals: Annotated[int, typer.Option(help="Decimals of W in the pattern.")] = 3,
    weight_unit: Annotated[str, typer.Option(help="Unit of W in the pattern: kg, jin (斤) or g.")] = "kg",
    check: Annotated[str, typer.Option(help="enforce or ignore the pattern's check digit.")] = "enforce",
    price_minor: Annotated[
        int | None, typer.Option("--price", help="The item's price in cents (fen) for --basis grams.")
    ] = None,
    basis: Annotated[int, typer.Option("--basis", min=1, help="Grams, or pieces, that --price is for.")] = 1000,
    *,
    pieces: Annotated[bool, typer.Option("--pieces", help="The item is sold by piece.")] = False,
) -> None:
    """Say what a label would mean, what it would be sold for, and whether the scale has today's price."""
    tried = LabelFormat(
        name="tried",
        pattern=pattern,
        amount_decimals=amount_decimals,
        weight_decimals=weight_decimals,
        weight_unit=weight_unit,
        check=check,
    )
    price = None if price_minor is None else UnitPrice(price_minor, basis)
    unit = Unit.EACH if pieces else Unit.GRAM
    said = _preview(text, state, [tried] if pattern else [], price, unit)
    for problem in said.problems:
        typer.echo(f"{problem.format}: {problem.en} {problem.zh}", err=True)
    typer.echo(said.en)
    typer.echo(said.zh)
    if said.measure is None or said.finding is not None:
        raise typer.Exit(1)


@app.command(name="tally")
def label_tally(state: Annotated[Path, typer.Option("--state", help="The agent's state.")]) -> None:
    """List how often labels had a wrong check digit or an old price, by business day and format."""
    try:
        found = read_database(load(state).database_path, counts)
    except (StorageError, SettingsRefused) as error:
        _fail(str(error))
    for one in found:
        typer.echo(f"{one.business_date}  {one.format:<20}  {one.finding:<20}  {one.times}")
    if not found:
        typer.echo("Nothing was remarkable about the labels of the last 35 days.")


def _preview(
    text: str, state: Path | None, formats: list[LabelFormat], price: UnitPrice | None, unit: Unit
) -> LabelPreview:
    if state is None:
        if not formats:
            _fail("give a form to try with --pattern, or the agent's own table with --state")
        return preview(text, formats, exponent=_DEFAULT_EXPONENT, currency=_DEFAULT_CURRENCY, price=price, unit=unit)
    try:
        return read_database(load(state).database_path, lambda db: _at_store(db, text, formats, price, unit))
    except (StorageError, SettingsRefused, NotEnrolled) as error:
        _fail(str(error))


def _at_store(
    db: sqlite3.Connection, text: str, formats: list[LabelFormat], price: UnitPrice | None, unit: Unit
) -> LabelPreview:
    settings = store_settings(db)
    if settings is None:
        _fail("HQ has not described this store yet; give a form to try with --pattern")
    table = formats or settings.labels
    if price is None and (found := _price(db, settings, text, table)) is not None:
        price, unit = found
    return preview(text, table, exponent=settings.exponent, currency=settings.currency, price=price, unit=unit)


def _price(
    db: sqlite3.Connection, settings: StoreSettings, text: str, table: list[LabelFormat]
) -> tuple[UnitPrice, Unit] | None:
    """Return the price, in the book in force, of the item that a label names."""
    version = timeline.latched_version(db)
    label = read_label(text.strip(), usable(table), settings.exponent)
    if version is None or not isinstance(label, VariableMeasure):
        return None
    book = PriceBooks(SystemBusinessClock()).at(db, version)
    for code in label.look_up:
        found = book.by_code(code)
        price = book.price(found.item.item) if found else None
        if found is not None and price is not None:
            return price.regular(), found.item.unit
    return None


def _fail(words: str) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(1)
