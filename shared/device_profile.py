"""A device model as data: how it is recognised, how it is reached, what it says, what it can do, how we know.

One TOML file a model in `device_profiles/<class>/`, read by that package. What is not said keeps the default here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec


class DeviceClass(StrEnum):
    """The UnifiedPOS categories we know; the value is also the folder of its profiles."""

    SCANNER = "scanners"
    CARD_READER = "card_readers"
    SCALE = "scales"
    PRINTER = "printers"
    DISPLAY = "displays"


class TransportKind(StrEnum):
    """How bytes move."""

    EVDEV = "evdev"
    SERIAL = "serial"
    USB = "usb"
    CHARACTER = "character"
    TCP = "tcp"
    SIMULATED = "simulated"


class Parity(StrEnum):
    """The parity bit of a serial line."""

    NONE = "none"
    EVEN = "even"
    ODD = "odd"


Positive = Annotated[int, msgspec.Meta(ge=1)]
UsbId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{4}:([0-9a-f]{4}|\*)$")]
"""Vendor and product in lower-case hex, `05e0:1200`; `05e0:*` is any product of the vendor."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A table of a profile; a key nobody knows is refused."""


class Match(_Table, frozen=True):
    """How the model is recognised: USB ids, or words in the name the kernel shows (lower case, any of them)."""

    usb: tuple[UsbId, ...] = ()
    names: tuple[str, ...] = ()


class SerialLine(_Table, frozen=True):
    """How the serial line is set."""

    baud: Annotated[int, msgspec.Meta(ge=50, le=4_000_000)] = 9600
    bits: Literal[7, 8] = 8
    parity: Parity = Parity.NONE
    stop_bits: Literal[1, 2] = 1
    hardware_flow: bool = False
    software_flow: bool = False


class UsbBulk(_Table, frozen=True):
    """Which interface of a USB device speaks, by its class (7 is printer, 255 vendor); endpoints are found by it."""

    interface_class: int = 7
    interface: int | None = None


class TcpPort(_Table, frozen=True):
    """The port where a network device listens when the address names none."""

    port: Positive = 9100


class KeyTable(_Table, frozen=True):
    """How a keyboard-like device types.

    `layout`: the keyboard layout the device is set to. `terminators` end a code; so does a pause of `end_gap_ms`.
    """

    layout: str = "us"
    terminators: tuple[Literal["enter", "kp_enter", "tab"], ...] = ("enter", "kp_enter", "tab")
    end_gap_ms: Positive = 100


class Scans(_Table, frozen=True):
    """What is particular in the codes a device reads.

    `prefix` and `suffix` are taken off. `symbology`: how the device says what it read (`aim`: `]E0` in front).
    `transform`: what makes a card reader's digits the number printed on the card.
    """

    prefix: str = ""
    suffix: str = ""
    symbology: Literal["none", "aim", "code_id"] = "none"
    transform: str = "none"
    max_length: Positive = 512


class Weighs(_Table, frozen=True):
    """What a scale can do: how often it is asked, which commands it takes, its capacity and step in grams."""

    request_ms: Positive = 100
    answer_ms: Positive = 1_000
    capacity_g: Positive | None = None
    step_g: Positive | None = None
    zero: bool = False
    tare: bool = False


class Prints(_Table, frozen=True):
    """What a printer can do: an encoder asks for these and never for a brand.

    `columns` and `columns_b` count half-width characters of fonts A and B. `status`: "full" answers DLE EOT, "queued"
    only GS r, "none" is write-only. `confirm`: how it tells that the paper is out ("gs_r": answers after the cut).
    `chinese`: which two-byte characters its font has. `code_page` is the number of the Latin code page to print by, and
    `code_page_name` which one that is. `column_image`: takes 24-dot images within a line of text (ESC * 33).
    `settle_ms`: how long it needs after it was opened before it hears the first command.
    """

    width_dots: Positive = 576
    columns: Positive = 48
    columns_b: Positive = 64
    dpi: Positive = 203
    chinese: Literal["gb18030", "gbk", "gb2312", "none"] = "none"
    chinese_at_power_on: bool = False
    code_page: int = 0
    code_page_name: Literal["cp437", "cp850", "cp858", "cp1252", "cp866", "none"] = "cp437"
    cutter: Literal["partial", "full", "none"] = "partial"
    feed_before_cut_dots: int = 0
    status: Literal["full", "queued", "none"] = "full"
    confirm: Literal["gs_r", "none"] = "gs_r"
    near_end_sensor: bool = False
    drawer_pins: tuple[Literal[2, 5], ...] = (2,)
    drawer_on_ms: Positive = 100
    drawer_off_ms: Positive = 500
    raster: bool = True
    column_image: bool = True
    qr: bool = True
    settle_ms: int = 0
    line_ms: Positive = 40
    """The longest a line takes to print: what a job may take grows with its length."""


class Shows(_Table, frozen=True):
    """What a line display can do: so many characters in so many rows.

    `chinese`: which two-byte characters its font has besides ASCII; each takes two columns.
    """

    columns: Positive = 20
    rows: Positive = 2
    chinese: Literal["gb2312", "none"] = "none"


class DeviceProfile(_Table, frozen=True, rename={"device_class": "class"}):
    """One model.

    `model` is the file's name without its ending and what HQ binds by. `source` says where every fact is from;
    `evidence` how sure it is: "recorded" needs `recordings` (files of `tests/captures/`),
    "from source" was read in another program's source or data. `transports` are the ways
    it can be reached, the usual one first; each has a table of its own name where it needs settings. `protocol` names
    what its bytes mean (the registries of `edge_agent.devices`), `options` what that protocol lets a model choose.
    """

    model: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_]{1,47}$")]
    vendor: str
    name: str
    device_class: DeviceClass
    source: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    evidence: Literal["recorded", "from manual", "from source", "simulated"]
    transports: Annotated[tuple[TransportKind, ...], msgspec.Meta(min_length=1)]
    protocol: str
    recordings: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    notes: str = ""
    match: Match = Match()
    options: dict[str, Any] = {}
    serial: SerialLine = SerialLine()
    usb: UsbBulk = UsbBulk()
    tcp: TcpPort = TcpPort()
    keys: KeyTable = KeyTable()
    scans: Scans = Scans()
    weighs: Weighs = Weighs()
    prints: Prints = Prints()
    shows: Shows = Shows()


class ProfileRefused(ValueError):
    """A profile that does not hold together; the text names the key."""


def read_profile(content: dict[str, Any]) -> DeviceProfile:
    """Return the profile a TOML file's content describes. Raise ProfileRefused naming what does not fit."""
    try:
        profile = msgspec.convert(content, DeviceProfile)
    except msgspec.ValidationError as error:
        raise ProfileRefused(str(error)) from error
    if profile.evidence == "recorded" and not profile.recordings:
        raise ProfileRefused('evidence is "recorded" and `recordings` names no file')
    if len(set(profile.transports)) != len(profile.transports):
        raise ProfileRefused("a transport is named twice - at `$.transports`")
    return profile


def override(profile: DeviceProfile, changes: dict[str, Any]) -> DeviceProfile:
    """Return the profile with what HQ set for one device: `{"keys.layout": "de"}`. Raise ProfileRefused."""
    content: dict[str, Any] = msgspec.to_builtins(profile)
    for key, value in changes.items():
        *path, last = key.split(".")
        table = content
        for name in path:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise ProfileRefused(f"{key!r} is no setting of a profile")
        table[last] = value
    return read_profile(content)
