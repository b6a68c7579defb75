"""The udev rules: in udev's own language, and every profile's device in every way it is reached is the agent's to open.

`make test-vm` has the real udev apply them to real nodes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from device_profiles.catalogue import catalogue
from shared.device_profile import DeviceClass, DeviceProfile, TransportKind
from tests.install import bundles
from tests.install.udev_rules import Done, Node, apply, read_rules

RULES = bundles.EDGE / "system" / "70-storewire-devices.rules"
UNIT = bundles.EDGE / "system" / "storewire-edge.service"
DEBIANS = """\
KERNEL=="tty[A-Z]*[0-9]|ttymxc[0-9]*|pppox[0-9]*|ircomm[0-9]*|noz[0-9]*|rfcomm[0-9]*", GROUP="dialout"
SUBSYSTEM=="input", GROUP="input"
KERNEL=="lp[0-9]*", GROUP="lp"
"""
"""What systemd's 50-udev-default.rules, which Debian ships, does before ours come."""
DEBIANS_FILE = Path("/usr/lib/udev/rules.d/50-udev-default.rules")
PORT = "pci-0000:00:14.0-usb-0:2:1.0"
USB = (Node("0003:05E0:1200.0001", "hid"), Node("1-2:1.0", "usb"), Node("1-2", "usb"))


def shipped(node: Node) -> Done:
    """Return what Debian's rules and then ours make of a node."""
    return apply(read_rules(DEBIANS) + read_rules(RULES.read_text()), node)


def groups() -> set[str]:
    """Return the groups of the agent's user."""
    (line,) = [one for one in UNIT.read_text().splitlines() if one.startswith("SupplementaryGroups=")]
    return set(line.partition("=")[2].split())


def nodes_of(profile: DeviceProfile) -> Iterator[tuple[str, Node]]:
    """Yield what the agent opens for a profile, in each way it is reached."""
    port = {"ID_PATH": PORT}
    for kind in profile.transports:
        match kind:
            case TransportKind.EVDEV:
                yield "evdev", Node("event7", "input", port, USB)
            case TransportKind.SERIAL:
                yield "a serial port", Node("ttyS0", "tty")
                yield "an adapter", Node("ttyUSB0", "tty", port, USB)
                yield "a virtual port", Node("ttyACM0", "tty", port, USB)
            case TransportKind.USB:
                interfaces = f":{profile.usb.interface_class:02x}0102:"
                yield "libusb", Node("1-2", "usb", {"DEVTYPE": "usb_device", "ID_USB_INTERFACES": interfaces})
            case TransportKind.CHARACTER if profile.device_class is DeviceClass.PRINTER:
                yield "usblp", Node("lp0", "usbmisc", {}, USB, path=PORT)
            case TransportKind.CHARACTER:
                yield "hidraw", Node("hidraw2", "hidraw", {}, USB)
            case TransportKind.TCP | TransportKind.SIMULATED:
                pass


CASES = [
    pytest.param(node, id=f"{profile.model} by {way}")
    for profile in catalogue().values()
    for way, node in nodes_of(profile)
]


@pytest.mark.parametrize("node", CASES)
def test_every_device_is_the_agents_to_open(node: Node) -> None:
    done = shipped(node)
    assert done.group in groups()
    assert int(done.mode, 8) & 0o777 == 0o660, "its group reads and writes, nobody else does either"


@pytest.mark.parametrize(
    ("node", "link"),
    [
        (Node("event7", "input", {"ID_PATH": PORT}, USB), f"storewire/input-{PORT}"),
        (Node("ttyUSB0", "tty", {"ID_PATH": PORT}, USB), f"storewire/serial-{PORT}"),
        (Node("ttyACM1", "tty", {"ID_PATH": PORT}, USB), f"storewire/serial-{PORT}"),
        (Node("lp0", "usbmisc", {}, USB, path=PORT), f"storewire/printer-{PORT}"),
    ],
)
def test_two_alike_are_named_by_their_ports(node: Node, link: str) -> None:
    assert shipped(node).links == [link]


@pytest.mark.parametrize(
    "node",
    [
        Node("event0", "input", {"ID_PATH": "platform-i8042-serio-0"}),
        Node("sda", "block", {"ID_PATH": PORT}, USB),
        Node("hidraw0", "hidraw"),
        Node("1-3", "usb", {"DEVTYPE": "usb_device", "ID_USB_INTERFACES": ":080650:"}),
        Node("ttyUSB0", "tty", {"ID_PATH": PORT}, USB, action="remove"),
    ],
)
def test_what_is_no_device_of_a_till_is_left_alone(node: Node) -> None:
    ours = apply(read_rules(RULES.read_text()), node)
    assert ours == Done(env=dict(node.env))


def test_nobody_takes_a_scale_for_a_modem_and_no_scanner_sleeps() -> None:
    scale = shipped(Node("ttyUSB0", "tty", {"ID_PATH": PORT}, USB))
    assert (scale.env["ID_MM_DEVICE_IGNORE"], scale.env["ID_MM_PORT_IGNORE"]) == ("1", "1")
    for interfaces in (":030101:", ":030000:", ":070102:", ":ff0000:", ":020201:0a0000:"):
        awake = shipped(Node("1-2", "usb", {"DEVTYPE": "usb_device", "ID_USB_INTERFACES": interfaces}))
        assert awake.attributes == {"power/control": "on"}, interfaces


def test_masked_scanner_is_known_by_its_port_alone(tmp_path: Path) -> None:
    environment = {"ROOT": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run([bundles.EDGE / "mask-scanners", "1-2"], check=True, env=environment)
    rules = read_rules((tmp_path / "etc/udev/rules.d/71-storewire-scanners.rules").read_text())
    other = (Node("1-4:1.0", "usb"), Node("1-4", "usb"))
    assert apply(rules, Node("event7", "input", {}, USB)).env == {"LIBINPUT_IGNORE_DEVICE": "1"}
    assert apply(rules, Node("event8", "input", {}, other)).env == {}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('SUBSYSTEM="tty"', "SUBSYSTEM="),
        ('GROUP=="lp"', "GROUP=="),
        ('SUBSYSTM=="tty", MODE="0660"', "SUBSYSTM=="),
        ('ENV=="1"', "ENV"),
        ('GOTO="nowhere"', "LABEL"),
        ("MODE=0660", "line 1"),
        ('KERNEL=="lp*" MODE', "MODE"),
    ],
)
def test_slip_of_the_pen_in_a_rule_is_found(line: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_rules(line)


def test_debians_rules_are_as_quoted_here() -> None:
    if not DEBIANS_FILE.exists():
        pytest.skip("no udev is installed here")
    theirs = DEBIANS_FILE.read_text().splitlines()
    assert [line for line in DEBIANS.splitlines() if line not in theirs] == []
    read_rules(DEBIANS_FILE.read_text())  # what is read here is udev's language, not one of our own
