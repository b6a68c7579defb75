"""What is said over the bench's socket: one JSON object a line, one answer line each."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from shared.wire.events import TenderKind


class GiveCoupon(msgspec.Struct, forbid_unknown_fields=True):
    """A paper coupon for the line just added; values in minor units."""

    code: str
    supplier_minor: int = 0
    chain_minor: int = 0


class GiveTender(msgspec.Struct, forbid_unknown_fields=True):
    """Money; without `minor` what is due."""

    method: TenderKind
    minor: int | None = None


class Step(msgspec.Struct, forbid_unknown_fields=True):
    """One thing a cashier does: exactly one field is given."""

    scan: str | None = None
    quantity: int | None = None
    weight_g: int | None = None
    volume_ml: int | None = None
    coupon: GiveCoupon | None = None
    code: str | None = None
    """A coupon's code, typed in: a public one of the price book, or one that HQ is asked for."""
    card: str | None = None
    tender: GiveTender | None = None

    def __post_init__(self) -> None:
        given = [name for name in self.__struct_fields__ if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a step does one thing, got {', '.join(given) or 'nothing'}")


class Command(msgspec.Struct, tag_field="do", forbid_unknown_fields=True):
    """What every command is: an object whose `do` says which."""


class SetClock(Command, tag="clock"):
    """Set the driven business clock, in milliseconds since 1970 UTC; it never goes back unless forced."""

    ms: int
    force: bool = False


class RingBasket(Command, tag="basket"):
    """Ring a whole basket. The id becomes the sale's; the same id again goes on where it stopped."""

    till: str
    id: UUID
    steps: list[Step]
    at_ms: int | None = None
    cashier: str = ""


class FindBasket(Command, tag="find"):
    """Say what became of a basket."""

    till: str
    id: UUID


class VoidBasket(Command, tag="void"):
    """Give up the open basket."""

    till: str


class SwipeCard(Command, tag="swipe"):
    """Show a member card without a sale."""

    till: str
    card: str
    at_ms: int | None = None
    cashier: str = ""


class ScannerFault(Command, tag="scanner"):
    """Order a fault of a till's simulated device (its scanner unless named), or end it: what is given changes.

    `press` lets the device say something by itself, also half a code.
    """

    till: str
    device: str = ""
    plugged: bool | None = None
    split_every: int | None = None
    noise: str | None = None
    garbage: str | None = None
    slow_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] | None = None
    stuck: bool | None = None
    press: str | None = None


class PrinterPanel(Command, tag="printer"):
    """Order a fault of a till's simulated printer, or end it, and see its paper: exactly what is given changes.

    `rows_left`: so many rows until the paper ends, -1 for a roll without end. `rows_at_once`: print so many and wait,
    -1 for all. `lose_power`: off and on again; its cable is `scanner`'s to pull. `svg`: show the paper as a picture,
    `last`: only so many pieces of it from its end, 0 for all.
    """

    till: str
    device: str = "printer"
    cover_open: bool | None = None
    cutter_jammed: bool | None = None
    overheated: bool | None = None
    broken: bool | None = None
    near_end: bool | None = None
    silent: bool | None = None
    drawer_open: bool | None = None
    rows_left: Annotated[int, msgspec.Meta(ge=-1)] | None = None
    rows_at_once: Annotated[int, msgspec.Meta(ge=-1)] | None = None
    lose_power: bool = False
    tear_off: bool = False
    svg: bool = False
    last: Annotated[int, msgspec.Meta(ge=0)] = 0


class AskStatus(Command, tag="status"):
    """Say how the agent is."""


AnyCommand = SetClock | RingBasket | FindBasket | VoidBasket | SwipeCard | ScannerFault | PrinterPanel | AskStatus

_decoder: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)


def decode_command(line: bytes) -> AnyCommand:
    """Read a command. Raise msgspec.ValidationError or DecodeError naming what does not fit."""
    return _decoder.decode(line)
