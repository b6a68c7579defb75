"""What befalls the store, in order: each part finds the store as the one before left it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from deploy.demo.catalogue import CatalogueItem, barcode, item_code
from shared.receipt.layout import Cut, Row
from tests.vm.head_office import STORE, Open
from tests.vm.machine import MachineFailed
from tests.vm.store import RULES, STATE, Store
from tests.vm.usb_devices import UsbScanner

ITEMS = [
    CatalogueItem(item_code(number), f"Item {number}", f"Item {number}", barcode(number), "goods", "", "each")
    for number in range(1, 81)
]
_CODES = {item.item: item.barcode for item in ITEMS}
_NAMES = list(_CODES)
_AT_ONCE = 30
_CUTS = 5
_ALL = ("t1/scanner", "t2/scanner", "t1/printer")


class Unproven(AssertionError):
    """What should hold does not."""


@dataclass(slots=True)
class ShopFloor:
    """Head office and the store."""

    office: Open
    store: Store
    sold: int = 0


def prove(holds: object, words: str) -> None:
    """Raise Unproven with these words unless something holds."""
    if not holds:
        raise Unproven(words)


async def boots(floor: ShopFloor) -> None:
    """Debian's kernel boots and runs the product's Python"""
    await floor.store.power_on()


async def udev_hands_them_over(floor: ShopFloor) -> None:
    """By the shipped rules udev lets the agent's user open scanners and printer, and names them by their ports"""
    store = floor.store

    wanted = {
        "input-0:1:1.0": ("input", "660"), "input-0:2:1.0": ("input", "660"), "printer-0:3:1.0": ("lp", "660"),
    }  # fmt: skip
    found: dict[str, tuple[str, str]] = {}

    async def handed_over() -> bool:
        found.clear()
        found.update(await _named(store))
        return found.keys() >= wanted.keys()

    try:
        await store.wait(handed_over, "udev to name scanners and printer")
    except MachineFailed as error:
        raise Unproven(f"udev named only {found}") from error
    prove(found == wanted, f"udev named {found}")
    raw = await store.nodes("/dev/hidraw*")
    prove([node[2:] for node in raw] == [["input", "660"]] * 2, f"raw HID nodes are {raw}")
    buses = await store.nodes("/dev/bus/usb/*/*")
    prove([node[3] for node in buses if node[2] == "lp"] == ["660"], f"the printer's node is not the group's: {buses}")
    told = await store.run("udevadm", "test", "/sys/class/mem/null")
    wrong = [line for line in told.splitlines() if f"{RULES}:" in line]
    prove(not wrong, f"udev finds fault with the rules: {wrong}")
    for port in ("1-1", "1-2", "1-3"):
        sleeps = (await store.run("cat", f"/sys/bus/usb/devices/{port}/power/control")).strip()
        prove(sleeps == "on", f"what is at port {port} may fall asleep: {sleeps}")


async def enrols(floor: ShopFloor) -> None:
    """The agent enrols over the emulated network and opens its tills"""
    code = await floor.office.hq.claim(STORE)
    await floor.store.command("enroll", "--state", STATE, "--cloud", floor.office.cloud.api_url, "--code", code)
    await floor.store.start_agent()


async def grabs_the_scanners(floor: ShopFloor) -> None:
    """Two scanners alike but for their ports are opened through usbhid and evdev, the printer through libusb"""
    store = floor.store
    await store.devices_are("scanners and printer", *_ALL)
    told = await store.command("devices", "list", "--state", STATE)
    for port, device in (("usb:1-1", "t1/scanner"), ("usb:1-2", "t2/scanner"), ("usb:1-3", "t1/printer")):
        _, _, about = told.partition(f"{port}  ")
        prove(f"bound      {device} " in about.partition("\nusb:")[0], f"{device} at {port} is not listed:\n{told}")


async def keeps_order(floor: ShopFloor) -> None:
    """Both scanners at once: every code is rung up or told of as cut, at its own till, in order"""
    store = floor.store
    scanned = {"t1": _NAMES[:_AT_ONCE], "t2": _NAMES[_AT_ONCE : 2 * _AT_ONCE]}
    await asyncio.gather(*(
        _hurry(store.scanners[number], items) for number, items in enumerate(scanned.values())
    ))  # fmt: skip
    for till, items in scanned.items():

        async def accounted(till: str = till) -> bool:
            return len(await store.rung(till)) + await store.cuts(till) >= _AT_ONCE

        await store.wait(accounted, f"{_AT_ONCE} codes at {till}")
        rung = await store.rung(till)
        left = iter(items)
        prove(all(item in left for item in rung), f"{till} rang up {rung}, scanned was {items}")
        prove(
            len(rung) + await store.cuts(till) == _AT_ONCE, f"{till} rang up {rung}, told of {await store.cuts(till)}"
        )


async def survives_unplugging(floor: ShopFloor) -> None:
    """A scanner pulled out within a code and pushed in again, five times: each cut is told, nothing else is lost"""
    store, scanner = floor.store, floor.store.scanners[0]
    before = await store.rung("t1")
    for item in _NAMES[2 * _AT_ONCE :][:_CUTS]:
        cuts = await store.cuts("t1")

        async def told(before: int = cuts) -> bool:
            return await store.cuts("t1") == before + 1

        await scanner.scan(_CODES[item], keys=7)
        scanner.unplug()
        await store.devices_are("the scanner without its cable", "t1/scanner", state="closed")
        await store.wait(told, "the agent to tell of the code that was cut")
        scanner.plug()
        await store.devices_are("the scanner", "t1/scanner")
        await store.scan("t1", {item: _CODES[item]})
        before.append(item)
        prove(await store.rung("t1") == before, f"t1 rang up {await store.rung('t1')}, scanned was {before}")
    early = await store.said("may not open")
    prove(not early, f"the agent took for a missing rule that udev had not come to the device yet: {early}")


async def weighs(floor: ShopFloor) -> None:
    """A scale on a USB serial adapter, through ftdi_sio: its weight is read, also after its cable was out"""
    store = floor.store
    await store.watch("t1/scale")
    for grams in (1234, 310):
        store.scale.scale.put(0)
        store.plug_scale()
        await store.devices_are("the scale", "t1/scale")
        prove((await _named(store)).get("serial-0:4:1.0") == ("dialout", "660"), "udev did not name the scale's port")
        known = await store.run("udevadm", "info", "--query=property", "--name=/dev/ttyUSB0")
        prove("ID_MM_DEVICE_IGNORE=1" in known, f"ModemManager may talk to the scale: {known}")
        store.scale.scale.put(grams)
        await store.wait(partial(store.seen, f"weight {grams} g, stable"), f"{grams} g on the scale")
        store.scale.unplug()
        await store.devices_are("the scale without its cable", "t1/scale", state="closed")


async def prints(floor: ShopFloor) -> None:
    """A test page is printed beside the agent; a sale is paid and its receipt lies in the USB printer"""
    told = await floor.store.command("devices", "test", "t1/printer", "--state", STATE)
    prove("is on paper, says the printer" in told, told)
    await _sell(floor, "t1", _NAMES[-1:])
    answer = await floor.store.pay("t2")
    prove(answer.get("ok"), f"t2 did not take the money: {answer}")
    floor.sold += 1

    async def on_paper() -> bool:
        pieces = floor.store.printer.printer.sheet().pieces
        text = "\n".join(str(piece) for piece in pieces if isinstance(piece, Row))
        return ITEMS[-1].name in text and any(isinstance(piece, Cut) for piece in pieces)

    await floor.store.wait(on_paper, "the receipt on paper")


async def sells_without_network(floor: ShopFloor) -> None:
    """Every packet vanishes: tills go on selling, and head office gets everything once packets flow again"""
    store = floor.store
    await store.wait(lambda: _sales_at_hq(floor), "head office to have what was sold")
    await store.machine.black_hole(on=True)
    try:
        await _sell(floor, "t2", _NAMES[:2])

        async def alone() -> bool:
            found = await store.status()
            return found.get("backlog", 0) > 0 and not found.get("link", "?")

        await store.wait(alone, "the agent to see that nobody answers")
        await _sell(floor, "t2", _NAMES[2:5])
        prove(floor.office.sales() < floor.sold, "packets went through after all")
    finally:
        await store.machine.black_hole(on=False)
    await store.wait(lambda: _sales_at_hq(floor), "head office to have every sale")


async def survives_a_power_cut(floor: ShopFloor) -> None:
    """The power goes the moment a sale is paid: the sale is there, the other till's basket goes on where it was"""
    store = floor.store
    await store.scan("t1", _of(_NAMES[:4]))
    waiting = await store.rung("t1")
    await _sell(floor, "t2", _NAMES[10:12])  # its commit also syncs what the other till rang up
    await store.cut_power()
    await store.power_on()
    await store.start_agent()
    prove(await store.rung("t1") == waiting, f"t1 goes on with {await store.rung('t1')}, it was {waiting}")
    prove(not await store.rung("t2"), "t2 still has the basket that was paid")
    await store.devices_are("scanners and printer", *_ALL)
    await _sell(floor, "t1", _NAMES[4:5])
    await store.wait(lambda: _sales_at_hq(floor), "head office to have every sale")
    prove(floor.office.sales() == floor.sold, f"head office has {floor.office.sales()}, sold {floor.sold}")


FIRST = (boots, udev_hands_them_over, enrols, grabs_the_scanners)
"""Without these there is nothing to look at."""
PARTS = (
    *FIRST, keeps_order, survives_unplugging, weighs, prints, sells_without_network,
    survives_a_power_cut,
)  # fmt: skip


async def _named(store: Store) -> dict[str, tuple[str, str]]:
    """Return group and mode behind each name of ours below /dev, by its kind and the port: `input-0:1:1.0`."""
    found = await store.nodes("/dev/storewire/*")
    names = [node[0].rpartition("/")[2] for node in found]
    ports = [f"{name.partition('-')[0]}-{name.rpartition('-usb-')[2]}" for name in names]
    return {port: (node[2], node[3]) for port, node in zip(ports, found, strict=True)}


def _of(items: Sequence[str]) -> dict[str, str]:
    return {item: _CODES[item] for item in items}


async def _hurry(scanner: UsbScanner, items: Sequence[str]) -> None:
    for item in items:
        await scanner.scan(_CODES[item])


async def _sell(floor: ShopFloor, till: str, items: Sequence[str]) -> None:
    """Scan and take the money; once the till has answered, the sale counts."""
    await floor.store.scan(till, _of(items))
    answer = await floor.store.pay(till)
    prove(answer.get("ok"), f"{till} did not take the money: {answer}")
    floor.sold += 1


async def _sales_at_hq(floor: ShopFloor) -> bool:
    return floor.office.sales() >= floor.sold
