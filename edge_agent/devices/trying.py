"""Trying a device out: what `storewire-edge devices test` does with one that says nothing by itself.

A printer prints a page on which a person sees whether the profile fits; a line display shows a text.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from edge_agent.control import Refusal, Work
from edge_agent.devices.device import Device
from edge_agent.devices.displays.driver import LineDisplay
from edge_agent.devices.ports import DeviceError, DeviceState
from edge_agent.devices.printers.driver import PrinterDriver, PrintResult
from edge_agent.devices.printers.problems import ADVICE, PrinterProblem
from edge_agent.devices.supervisor import Supervisor
from edge_agent.receipt.escpos import to_escpos
from edge_agent.receipt.glyphs import find_glyphs
from shared.device_profile import DeviceProfile
from shared.receipt.document import Align, Document, Gap, Link, Pair, Rule, Says
from shared.receipt.layout import Row, lay_out

TEST = "devices.test"
_DIGITS = "1234567890"
_SHOWN_SECONDS = 5.0
_SWITCH = (
    "The drawer opened and its switch said so. From now on an opening by hand is noticed, and told to head office with"
    " who stood at the till."
)
_NO_SWITCH = (
    "The drawer's switch did not move. Was the drawer closed, and did it open? Close it and try again. A drawer or a"
    " cable without a switch works, but nobody can notice an opening by hand."
)


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it: whether it works as far as the device can say, and what to tell people."""

    works: bool
    words: str


class _Request(msgspec.Struct, frozen=True):
    device: str
    drawer: bool = False


Learn = Callable[[str], Awaitable[bool | None]]
"""Opens the closed drawer of a till and says how its switch is wired; None when that did not move."""


def test_page(profile: DeviceProfile) -> Document:
    """Return what a printer prints: each line shows whether one thing of the profile fits."""
    prints = profile.prints
    return Document(
        title="test page",
        language="en",
        blocks=(
            Says(text="Storewire", align=Align.CENTRE, big=True),
            Says(text="test page 打印测试", align=Align.CENTRE),
            Rule(),
            Pair(left="profile", right=profile.model),
            Pair(left=f"{prints.columns} columns: this is one row", right="|"),
            Says(text=(_DIGITS * prints.columns)[: prints.columns]),
            Pair(left="sums 合计", right="￥1,234.50"),
            Says(text="names 猪五花肉 酸奶 ABC abc"),
            Pair(left="accents", right="é ü ñ €"),
            Link(content=f"storewire test {profile.model}", caption="a code to scan"),
            Gap(),
        ),
    )


async def try_out(device: Device) -> Tried | None:
    """Let a printer print or a display show something; None for a device that people try by using it."""
    profile = device.profile
    if profile is not None and isinstance(device.driver, PrinterDriver):
        return await _print(device.driver, profile)
    if isinstance(device.driver, LineDisplay):
        return await _show(device.driver)
    return None


async def _print(driver: PrinterDriver, profile: DeviceProfile) -> Tried:
    sheet = lay_out(test_page(profile), profile.prints.columns)
    content = await asyncio.to_thread(to_escpos, sheet, driver.prints, find_glyphs())
    outcome = await driver.print(content, sum(isinstance(piece, Row) for piece in sheet.pieces))
    why = f" {_advice(outcome.reason)}" if outcome.reason is not None else ""
    match outcome.result:
        case PrintResult.PRINTED:
            words = "The test page is on paper, says the printer. See that no row wraps and no sign is wrong."
        case PrintResult.UNCONFIRMED:
            words = f"The test page was sent, and the printer did not say that it printed it.{why} Look at the paper."
        case PrintResult.REFUSED | PrintResult.FAILED:
            return Tried(works=False, words=f"The test page was not printed.{why}")
    return Tried(works=True, words=words)


def _advice(problem: PrinterProblem) -> str:
    advice = ADVICE[problem]
    return f"{advice.en} {advice.next_en}"


async def _show(driver: LineDisplay) -> Tried:
    columns = driver.shows.columns
    rows = ("TEST" if driver.shows.chinese == "none" else "TEST 测试", (_DIGITS * columns)[:columns])
    try:
        async with asyncio.timeout(_SHOWN_SECONDS):
            await driver.shown(*rows)
    except TimeoutError:
        return Tried(works=False, words="The display takes nothing: see to its cable and power.")
    return Tried(works=True, words=f"It was told to show: {' / '.join(rows)}. A display says nothing back: look at it.")


async def _drawer(device: Device, learn: Learn) -> Tried:
    if not isinstance(device.driver, PrinterDriver):
        raise Refusal(f"{device.device} is no printer: a drawer hangs on the receipt printer of its till")
    try:
        wired = await learn(device.device.partition("/")[0])
    except DeviceError as error:
        return Tried(works=False, words=f"The drawer could not be told to open: {error}")
    if wired is None:
        return Tried(works=False, words=_NO_SWITCH)
    return Tried(works=True, words=_SWITCH)


def works(supervisor: Supervisor, learn: Learn) -> dict[str, Work]:
    """Return what the control socket does about trying devices of the running agent out. `learn`: a till's drawer."""

    async def test(request: Mapping[str, Any]) -> AsyncIterator[Mapping[str, Any]]:
        try:
            asked = msgspec.convert({key: request[key] for key in ("device", "drawer") if key in request}, _Request)
        except msgspec.ValidationError as error:
            raise Refusal(f"the request cannot be read: {error}") from error
        wanted = asked.device
        found = {device.device: device for device in supervisor.devices}
        if wanted not in found:
            raise Refusal(f"this agent has no device {wanted!r}; there are {', '.join(found) or 'none'}")
        device = found[wanted]
        if device.state not in {DeviceState.IDLE, DeviceState.BUSY}:
            raise Refusal(f"{wanted} is {device.state.value}: {device.standing.reason or 'it could not be opened'}")
        tried = await _drawer(device, learn) if asked.drawer else await try_out(device)
        if tried is None:
            raise Refusal(f"{wanted} reads: use it, and look with `storewire-edge devices watch {wanted}`")
        yield {"works": tried.works, "words": tried.words}

    return {TEST: test}
