"""`storewire-cloud store ...` and `till ...`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from cloud.command import actor, database_of, now_ms
from cloud.errors import Invalid
from cloud.org import devices, stores
from cloud.org.models import Store
from shared.wire.desired import DeviceBinding

store_app = typer.Typer(no_args_is_help=True, help="Stores.")
till_app = typer.Typer(no_args_is_help=True, help="Tills.")


@store_app.command("add")
def add_store(
    context: typer.Context,
    store: Annotated[str, typer.Argument(help="Id: a-z, 0-9 and '-'; it never changes.")],
    *,
    name: Annotated[str, typer.Option()],
    time_zone: Annotated[str, typer.Option(help="Such as Asia/Shanghai.")],
    currency: Annotated[str, typer.Option(help="ISO 4217, such as CNY.")],
    exponent: Annotated[int, typer.Option(help="Digits after the point.")] = 2,
    locale: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    price_zone: Annotated[str, typer.Option()] = "main",
    day_cutoff_minutes: Annotated[int, typer.Option(help="Minutes after midnight at which a business day starts.")] = 0,
    legal_entity: Annotated[str, typer.Option()] = stores.DEFAULT_ENTITY,
    ownership: Annotated[str, typer.Option(help="direct or franchise.")] = "direct",
) -> None:
    """Add a store."""
    row = Store(
        id=store,
        name=name,
        time_zone=time_zone,
        currency=currency,
        exponent=exponent,
        locale=locale,
        price_zone=price_zone,
        day_cutoff_minutes=day_cutoff_minutes,
    )
    with database_of(context) as database, database.session() as session:
        stores.add_store(session, row, entity=legal_entity, ownership=ownership, actor=actor(), now_ms=now_ms())
    typer.echo(f"Store {store} added.")


@store_app.command("list")
def list_stores(context: typer.Context) -> None:
    """List every store and its tills."""
    with database_of(context) as database, database.snapshot() as session:
        for store in stores.stores(session):
            tills = ", ".join(f"{till.id} ({till.number})" for till in stores.tills(session, store.id))
            typer.echo(f"{store.id}\t{store.name}\t{store.time_zone}\t{store.currency}\t{tills or 'no tills'}")


@till_app.command("add")
def add_till(
    context: typer.Context,
    store: Annotated[str, typer.Argument()],
    till: Annotated[str, typer.Argument(help="Id, unique in the store.")],
    number: Annotated[int, typer.Option(help="The number people call it by.")],
    kind: Annotated[str, typer.Option(help="staffed, service_desk or self_checkout.")] = "staffed",
) -> None:
    """Add a till to a store."""
    with database_of(context) as database, database.session() as session:
        stores.add_till(session, store, till, number=number, kind=kind, actor=actor(), now_ms=now_ms())
    typer.echo(f"Till {till} added to {store}.")


@till_app.command("devices")
def till_devices(
    context: typer.Context,
    store: Annotated[str, typer.Argument()],
    till: Annotated[str, typer.Argument()],
    file: Annotated[
        Path | None, typer.Option(help="TOML with a [[device]] for each; without it the present ones are shown.")
    ] = None,
) -> None:
    """Show a till's devices, or say which it has."""
    with database_of(context) as database, database.session() as session:
        if file is not None:
            devices.bind(session, store, till, _read_devices(file), actor=actor(), now_ms=now_ms())
        for one in devices.bound(session, store, till):
            plug = f" at {one.address}" if one.address else ""
            role = f", for {one.role}" if one.role else ""
            typer.echo(f"{one.device}: {one.profile} by {one.transport}{plug}{role}")


def _read_devices(file: Path) -> list[DeviceBinding]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        return msgspec.convert(content, type=_DeviceFile).device
    except OSError as error:
        raise Invalid(f"{file}: {error.strerror}") from None
    except (ValueError, msgspec.ValidationError) as error:
        raise Invalid(f"{file}: {error}") from None


class _DeviceFile(msgspec.Struct, forbid_unknown_fields=True):
    device: list[DeviceBinding] = []
