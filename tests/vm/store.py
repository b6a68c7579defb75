"""The store as the scenario sees it: its machine, its tills and what stands at them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from deploy.demo.patience import until
from device_profiles.catalogue import profile
from tests.vm.bindings import DEVICES, PRINTER, SCALE
from tests.vm.machine import Case, Machine, MachineFailed
from tests.vm.serial_scale import SerialScale
from tests.vm.usb_devices import UsbPrinter, UsbScanner

STATE = "/store/state"
BENCH = "/run/storewire/bench.sock"
_USER = 61_000
"""The agent's user there; its groups are those that the service's unit names."""
RULES = "70-storewire-devices.rules"
"""The rules that are installed on a store's PC."""
_UDEV_SECONDS = 120.0
_SECONDS = 240.0
"""How long anything may take: an emulated machine is some thirty times slower than a real one."""


class Store:
    """A store PC that is on, with its devices, each in its own plug."""

    def __init__(self, case: Case, python: Path, repository: Path) -> None:
        self.machine = Machine(case)
        self.scanners = [UsbScanner(case.plug("scanner-1")), UsbScanner(case.plug("scanner-2"))]
        self.printer = UsbPrinter(case.plug("printer"), profile(PRINTER))
        self.scale = SerialScale(case.plug("scale"), profile(SCALE))
        self._case = case
        self._program = str(python.parent / "storewire-edge")
        self._on_the_way = [str(folder) for path in (python, python.resolve()) for folder in path.parents]
        self._system = repository / "deploy" / "edge" / "system"
        self._cables: list[asyncio.Task[None]] = []

    async def power_on(self) -> None:
        """Boot, with scanners and printer plugged in; the scale is not."""
        await self.machine.power_on()
        # The interpreter may lie in a developer's home; this is the layer in memory above it.
        await self.run("chmod", "a+x", *self._on_the_way)
        await self._start_udev()
        for folder in (STATE, str(Path(BENCH).parent)):
            await self.machine.ask("folder", path=folder, user=_USER)
        for plug in (*self.scanners, self.printer):
            self._cables.append(asyncio.create_task(plug.run()))
        for plug in (*self.scanners, self.printer):
            await asyncio.wait_for(plug.wired.wait(), 30)
            plug.plug()

    async def cut_power(self) -> None:
        """Take the power away, from everything."""
        await self.machine.cut_power()
        await asyncio.gather(*self._cables, return_exceptions=True)
        self._cables.clear()

    def plug_scale(self) -> None:
        """Push the scale's adapter in."""
        self._cables.append(asyncio.create_task(self.scale.run()))

    async def command(self, *arguments: str) -> str:
        """Run one of the agent's commands in the machine and return what it said. Raise MachineFailed."""
        argv = [self._program, *arguments]
        answer = await self.machine.ask("run", argv=argv, seconds=170, user=self._user())
        if answer["code"]:
            raise MachineFailed(f"storewire-edge {' '.join(arguments)}: {answer['out']}")
        return str(answer["out"])

    async def start_agent(self) -> None:
        """Start the agent as the machine's service manager would, and wait until its tills are open."""
        settings = f'bench_socket = "{BENCH}"\nheartbeat_seconds = 5\nstep_seconds = 5\n'
        await self.machine.ask("write", path=f"{STATE}/edge.toml", text=settings)
        argv = [self._program, "run", "--state", STATE]
        await self.machine.ask("start", name="agent", argv=argv, user=self._user())
        await self.wait(self._selling, "the agent to sell")

    async def status(self) -> dict[str, Any]:
        """Return what the agent says of itself; empty while it does not answer."""
        return await self.bench(do="status") or {}

    async def bench(self, **question: Any) -> dict[str, Any]:
        """Ask the agent's bench."""
        answer = (await self.machine.ask("bench", path=BENCH, question=question))["answer"]
        return dict(answer) if answer else {}

    async def states(self) -> dict[str, str]:
        """Return how the devices are, by till/device."""
        tills = (await self.status()).get("tills", {})
        return {device: state for till in tills.values() for device, state in till["devices"].items()}

    async def devices_are(self, what: str, *names: str, state: str = "idle") -> None:
        """Wait until these devices are in a state."""

        async def as_wanted() -> bool:
            found = await self.states()
            return all(found.get(name) == state for name in names)

        await self.wait(as_wanted, f"{what} to be {state}")

    async def basket(self, till: str) -> tuple[UUID, list[dict[str, Any]]] | None:
        """Return the open basket of a till and its changes, as they are on the disk."""
        query = f"SELECT id FROM basket WHERE till = '{till}' AND state = 'open'"
        found = (await self._rows(query))[:1]
        if not found:
            return None
        changes = await self._rows(f"SELECT content FROM basket_change WHERE basket = x'{found[0][0]}' ORDER BY n")
        return UUID(found[0][0]), [msgspec.json.decode(bytes.fromhex(row[0])) for row in changes]

    async def rung(self, till: str) -> list[str]:
        """Return the items rung up in a till's open basket, in order."""
        found = await self.basket(till)
        return [str(change["item"]) for change in found[1] if change["change"] == "line"] if found else []

    async def cuts(self, till: str) -> int:
        """Return how many codes the agent has told of that broke off at a till."""
        return sum(f'"till": "{till}"' in line for line in await self.said("scan_cut"))

    async def scan(self, till: str, items: Mapping[str, str]) -> None:
        """Scan codes (by item) as a cashier does: one after the other, again when the till says that one broke off."""
        scanner = self.scanners[list(DEVICES).index(till)]
        for item, code in items.items():
            rung = len(await self.rung(till))
            while True:
                cuts = await self.cuts(till)
                await scanner.scan(code)

                async def heard(before: tuple[int, int] = (rung, cuts)) -> bool:
                    return (len(await self.rung(till)), await self.cuts(till)) != before

                await self.wait(heard, f"{item} at {till}")
                if len(await self.rung(till)) > rung:
                    break

    async def pay(self, till: str) -> dict[str, Any]:
        """Pay what is in the open basket in cash, and return what the till answers."""
        found = await self.basket(till)
        if found is None:
            raise MachineFailed(f"{till} has no basket to pay")
        basket, changes = found
        done: list[dict[str, Any]] = [{"scan": "0"}] * len(changes)  # the till goes on after what it holds
        steps = [*done, {"tender": {"method": "cash"}}]
        return await self.bench(do="basket", till=till, id=str(basket), steps=steps)

    async def said(self, contains: str) -> list[str]:
        """Return the agent's log lines that contain a text."""
        return list((await self.machine.ask("said", name="agent", contains=contains, lines=200))["lines"])

    async def watch(self, device: str) -> None:
        """Watch what a device reads, by the command that people have for it."""
        argv = [self._program, "devices", "watch", device, "--state", STATE]
        await self.machine.ask("start", name="watch", argv=argv, user=self._user())
        await self.wait(lambda: self.seen(device), f"the command to watch {device}")

    async def seen(self, words: str) -> bool:
        """Return whether the command that watches has said this."""
        return bool((await self.machine.ask("said", name="watch", contains=words))["lines"])

    async def wait(self, condition: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait for something the agent has to do; the end of its log is told when it does not."""
        try:
            await until(condition, what, seconds=_SECONDS)
        except RuntimeError as error:
            raise MachineFailed(f"{error}\n" + "\n".join((await self.said(""))[-20:])) from error

    async def _selling(self) -> bool:
        if not (await self.machine.ask("alive", name="agent"))["alive"]:
            raise MachineFailed("the agent ended:\n" + "\n".join(await self.said("")))
        found = await self.status()
        return found.get("in_force") is not None and set(found.get("tills", ())) == set(DEVICES)

    async def _rows(self, query: str) -> list[list[Any]]:
        answer = await self.machine.ask("rows", database=f"{STATE}/agent.db", query=query)
        return list(answer["rows"])

    async def nodes(self, pattern: str) -> list[list[str]]:
        """Return of each device node that fits: its name, where that leads, its group, its mode in octal digits."""
        return list((await self.machine.ask("nodes", pattern=pattern))["nodes"])

    async def run(self, *argv: str) -> str:
        """Run a program as root and return what it said. Raise MachineFailed."""
        answer = await self.machine.ask("run", argv=list(argv), seconds=_UDEV_SECONDS)
        if answer["code"]:
            raise MachineFailed(f"{' '.join(argv)}: {answer['out']}")
        return str(answer["out"])

    async def _start_udev(self) -> None:
        """Start Debian's udev with the rules that the installer puts there."""
        rules = (self._system / RULES).read_text()
        await self.machine.ask("write", path=f"/etc/udev/rules.d/{RULES}", text=rules)
        await self.run("/lib/systemd/systemd-udevd", "--daemon")
        await self.run("udevadm", "trigger", "--action=add", "--subsystem-match=usb", "--subsystem-match=tty")
        await self.run("udevadm", "settle")

    def _user(self) -> dict[str, Any]:
        unit = (self._system / "storewire-edge.service").read_text()
        groups = next(line for line in unit.splitlines() if line.startswith("SupplementaryGroups="))
        return {"id": _USER, "groups": groups.partition("=")[2].split()}
