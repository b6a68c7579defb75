"""The virtual store PC: QEMU under software emulation, its power switch, its network cable, its hands."""

from __future__ import annotations

import asyncio
import json
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.demo.patience import until
from tests.vm.debian import Parts

_DISK_MIB = 512
_ANSWER_BYTES = 4 * 1024 * 1024
_UP_SECONDS = 180.0
USB_PORTS = ("scanner-1", "scanner-2", "printer")
"""What stands at the machine's USB ports 1-1, 1-2, 1-3; the scale's adapter is at 1-4."""


class MachineFailed(RuntimeError):
    """The machine ended or does not answer; the text holds the end of its console."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the machine is made of: `folder` keeps its disk, `sockets` (a short path) is where its plugs are."""

    parts: Parts
    initramfs: Path
    folder: Path
    sockets: Path

    @property
    def disk(self) -> Path:
        """The only thing that survives a power cut."""
        return self.folder / "disk.img"

    def plug(self, name: str) -> Path:
        """Where a device is plugged in."""
        return self.sockets / name

    def format(self) -> None:
        """Give the machine an empty disk."""
        with self.disk.open("wb") as disk:
            disk.truncate(_DISK_MIB * 1024 * 1024)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", str(self.disk)], check=True)

    def command(self) -> list[str]:
        """Return QEMU's command line."""
        kernel = "console=ttyS0 quiet panic=-1 mitigations=off"
        shared = "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"
        found = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024"]
        found += ["-nodefaults", "-display", "none", "-no-reboot"]
        found += ["-kernel", str(self.parts.kernel), "-initrd", str(self.initramfs), "-append", kernel]
        found += ["-serial", f"file:{self.folder / 'console.log'}"]
        found += [*self._socket("hands"), "-serial", "chardev:hands", *self._socket("qmp"), "-mon", "qmp,mode=control"]
        found += ["-virtfs", shared, "-drive", f"file={self.disk},format=raw,if=virtio"]
        found += ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=", "-chardev", "null,id=hole"]
        found += ["-device", "qemu-xhci,id=usb,p2=8,p3=4"]
        for number, name in enumerate(USB_PORTS, start=1):
            found += [*self._socket(name), "-device", f"usb-redir,chardev={name},bus=usb.0,port={number}"]
        return [*found, *self._socket("scale"), "-device", "usb-serial,chardev=scale,bus=usb.0,port=4"]

    def _socket(self, name: str) -> list[str]:
        return ["-chardev", f"socket,id={name},path={self.plug(name)},server=on,wait=off"]


class Machine:
    """One life of the machine, from power on to power off."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._process: asyncio.subprocess.Process | None = None
        self._hands: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()

    async def power_on(self) -> None:
        """Boot, and return when its first process answers."""
        for name in ("hands", "qmp", "scale", *USB_PORTS):
            self.case.plug(name).unlink(missing_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            *self.case.command(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=(self.case.folder / "qemu.log").open("wb"),
            start_new_session=True,
        )
        await until(self._reached, "QEMU to open its sockets", seconds=30)
        self._hands = await asyncio.open_unix_connection(self.case.plug("hands"), limit=_ANSWER_BYTES)
        try:
            await asyncio.wait_for(self._ready(), _UP_SECONDS)
        except (TimeoutError, ConnectionError) as error:
            raise MachineFailed(f"the machine did not boot:\n{self.console()}") from error

    async def cut_power(self) -> None:
        """End it without a word: what its disk was not told to keep is gone."""
        if self._hands is not None:
            self._hands[1].close()
            self._hands = None
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """Let the machine's first process do something. Raise MachineFailed when it cannot."""
        if self._hands is None:
            raise MachineFailed("the machine is off")
        reader, writer = self._hands
        async with self._turn:
            writer.write(json.dumps({"do": do, **what}).encode() + b"\n")
            line = await asyncio.wait_for(reader.readline(), _UP_SECONDS)
        answer: dict[str, Any] = json.loads(line or b'{"failed": "it hung up"}')
        if "failed" in answer:
            raise MachineFailed(f"{do} {what}: {answer['failed']}")
        return answer

    async def black_hole(self, *, on: bool) -> None:
        """Let every packet vanish without an answer, while the cable stays in; or carry them again."""
        if on:
            await self._qmp("object-add", **{"qom-type": "filter-redirector", "id": "hole-filter", "netdev": "net",
                                             "queue": "all", "outdev": "hole"})  # fmt: skip
        else:
            await self._qmp("object-del", id="hole-filter")

    def console(self, lines: int = 30) -> str:
        """Return the end of what the kernel and the first process said."""
        text = ""
        for name in ("qemu.log", "console.log"):
            path = self.case.folder / name
            text += path.read_text(errors="replace") if path.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    async def _qmp(self, execute: str, **arguments: Any) -> None:
        reader, writer = await asyncio.open_unix_connection(self.case.plug("qmp"))
        try:
            await reader.readline()
            for command in ({"execute": "qmp_capabilities"}, {"execute": execute, "arguments": arguments}):
                writer.write(json.dumps(command).encode() + b"\n")
                while "return" not in (answer := json.loads(await reader.readline())):
                    if "error" in answer:
                        raise MachineFailed(f"QEMU refuses {execute}: {answer['error']['desc']}")
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _reached(self) -> bool:
        if self._process is not None and self._process.returncode is not None:
            raise MachineFailed(f"QEMU ended:\n{self.console()}")
        return all(self.case.plug(name).exists() for name in ("hands", "qmp", "scale", *USB_PORTS))

    async def _ready(self) -> None:
        assert self._hands is not None
        while True:
            line = await self._hands[0].readline()
            if not line:
                raise ConnectionError("QEMU hung up")
            if b'"ready"' in line:
                return
