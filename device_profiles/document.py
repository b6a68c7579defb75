"""`docs/hardware.md`, written from the profiles: `python -m device_profiles.document > docs/hardware.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from device_profiles.catalogue import catalogue
from shared.device_profile import DeviceClass, DeviceProfile, TransportKind

_HEAD = """\
# Hardware

Written from `device_profiles/` by `python -m device_profiles.document`: change a profile, not this file. A model that
is not here may be one small file away: see "A new model" at the end.

What the column **known from** means: *recorded* - a recording of a real device is a test of ours; *from manual* - built
after the maker's documents, named below each table, and not yet seen on a cable by us; *simulated* - ships with the
product for demos and training.
"""

_TITLES = {
    DeviceClass.SCANNER: "Scanners",
    DeviceClass.CARD_READER: "Card readers",
    DeviceClass.SCALE: "Scales",
    DeviceClass.PRINTER: "Receipt printers",
    DeviceClass.DISPLAY: "Customer displays",
}

_UNPROVEN = """\
## Asked for, and not here

A profile is written from a maker's document or a recording, never from hearsay. For these neither was found:

- Adam AZextra and CPWplus scales. Known from the user manual, page 16: the commands `P`, `T` and `Z` with CR LF,
  8 bits, no parity, any baud. Missing: whether an answer tells a moving weight from one at rest. Without that nothing
  may be sold by it.
- Dibal DPOS 400 scales. Known from the user manual, page 45: it waits 7 s for rest, says `-00.000` below zero and
  `00.000` when overloaded. Missing: its frames. `options.overload_reads_zero` is ready for it: a scale that was loaded
  and then says zero is not believed.
- Indicators of the FF form (Yousheng 友声 JCS-B and relatives). Known from the JCS-B manual, page 6: `FF`, a byte of
  state, three bytes BCD with the lowest digits first, a byte for the unit. Missing: whether its decimals count from 0
  or from 1. The manual and another description differ, and a wrong guess sells by ten times the weight.
- Dahua (大华) scales at a till. Known: text commands, by their letters alone. Missing: the frame of a weight.
- USB scales without a serial port (HID, Zebra MP7000). Known: the status has bits for motion, overload, below zero.
  Missing: the report.
- Line displays with a Chinese font, other than NCR's. Many are sold; missing is a manual that says how the font is
  chosen. Where a display shows Chinese as it is sent, set `shows.chinese` to `gb2312` for it at HQ. One without shows
  the Latin name of an item, or its number, and English words.

A recording is worth more than a document: record such a device with the nearest profile, every byte is written down
whatever it means.
"""

_TAIL = """\
## A new model

1. Look with `storewire-edge devices list`, and on a serial port with `storewire-edge devices detect /dev/ttyS0`: a
   model that speaks a known protocol is named.
2. Copy the nearest file of `device_profiles/` to one named as the model, and change what differs. Say in `source`
   where each fact is from, and in `evidence` that it is "from manual". Folder and name of the file are class and model.
3. Record the device: `storewire-edge devices record my_scale.txt --profile my_scale --address usb:1-1.2`, with goods on
   it that you know. Put the file into `tests/captures/`, name it in `recordings`, and `evidence` may be "recorded".
4. `make documents` writes this file anew, and `make test` audits the profile and replays the recording.

A protocol that nobody here speaks yet is a module besides: bytes in, readings out, without any I/O
(`edge_agent/devices/scales/protocol.py` shows how).

## Where a device is plugged in

HQ binds a device by its plug: two scanners of one model look alike, and `/dev/ttyUSB0` is another one after a restart.

| way | address | for |
|---|---|---|
| `evdev` | `usb:1-1.2` or `/dev/input/by-path/...` | scanners and card readers in keyboard mode |
| `serial` | `usb:1-1.2`, `/dev/serial/by-path/...` or `/dev/ttyS0` | serial scanners and scales, also by USB |
| `usb` | `usb:1-1.2`; empty for the only one of its model | printers the agent owns itself |
| `character` | `usb:1-1.2` or `/dev/usb/lp0` | printers through usblp, HID devices through hidraw |
| `tcp` | `10.0.0.9:9100` | printers on the network |
| `simulated` | - | any model, for demos and training |

`usb:1-1.2` is the port as the kernel names it: bus 1, port 1, port 2 of the hub there.
"""


def document() -> str:
    """Return the whole file."""
    parts = [_HEAD]
    for device_class in DeviceClass:
        profiles = [one for one in catalogue().values() if one.device_class is device_class]
        if profiles:
            parts.append("\n".join(_section(_TITLES[device_class], sorted(profiles, key=_order))))
    return "\n".join([*parts, _UNPROVEN, _TAIL])


def _order(profile: DeviceProfile) -> tuple[bool, str, str]:
    return profile.evidence == "simulated", profile.vendor.lower(), profile.name.lower()


def _section(title: str, profiles: Sequence[DeviceProfile]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    yield "| model | profile | reached by | protocol | known from |"
    yield "|---|---|---|---|---|"
    for profile in profiles:
        name = _name(profile)
        ways = ", ".join(_way(profile, kind) for kind in profile.transports)
        yield f"| {name} | `{profile.model}` | {ways} | `{profile.protocol}` | {profile.evidence} |"
    yield ""
    for profile in profiles:
        yield from _sources(profile)
    yield ""


def _name(profile: DeviceProfile) -> str:
    named = profile.name if profile.vendor.lower() in {"any", "storewire"} else f"{profile.vendor} {profile.name}"
    also = f" (also {', '.join(profile.aliases)})" if profile.aliases else ""
    return _cell(f"{named}{also}")


def _way(profile: DeviceProfile, kind: TransportKind) -> str:
    match kind:
        case TransportKind.SERIAL:
            line = profile.serial
            return f"serial {line.baud} {line.bits}-{line.parity.value[0].upper()}-{line.stop_bits}"
        case TransportKind.TCP:
            return f"tcp {profile.tcp.port}"
        case TransportKind.USB if profile.match.usb:
            return f"usb {' '.join(profile.match.usb)}"
        case _:
            return kind.value


def _sources(profile: DeviceProfile) -> Iterator[str]:
    yield f"- `{profile.model}`: {'; '.join(source.rstrip('.') for source in profile.source)}."
    if profile.notes:
        yield f"  {' '.join(profile.notes.split())}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(document())
