"""`make test-vm`: a store PC with Debian's own kernel, real drivers and devices made in Python, and what may befall it.

Order and loss are judged here, not speed: the machine is emulated in software. See CONTRIBUTING.md.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.demo.hq import HqRefused
from deploy.demo.patience import WaitedTooLong
from deploy.demo.processes import Processes, ProcessFailed
from tests.vm import head_office, initramfs
from tests.vm.debian import NotToBeHad, parts
from tests.vm.machine import Case, MachineFailed
from tests.vm.scenario import FIRST, ITEMS, PARTS, ShopFloor, Unproven
from tests.vm.store import Store

_REPOSITORY = Path(__file__).resolve().parents[2]
_CACHE = _REPOSITORY / "var" / "vm"
_FAILURES = (MachineFailed, ProcessFailed, WaitedTooLong, HqRefused, Unproven)


def say(words: str) -> None:
    """Say how far it is."""
    print(f"[{time.monotonic() - _BEGAN:5.0f} s] {words}", flush=True)


_BEGAN = time.monotonic()


@asynccontextmanager
async def shop_floor() -> AsyncIterator[ShopFloor]:
    """Yield head office and a store PC that is switched off, with an empty disk."""
    say("Debian's kernel and busybox (fetched once, kept in var/vm)")
    found = parts(_CACHE / "debian")
    run = _CACHE / "run"
    shutil.rmtree(run, ignore_errors=True)
    (run / "logs").mkdir(parents=True)
    (run / "cloud").mkdir()
    python = Path(sys.executable)
    content = initramfs.build(
        found.busybox,
        found.modules,
        hq=head_office.NAME,
        python=python,
        guest=_REPOSITORY / "tests" / "vm" / "guest.py",
    )
    (run / "initramfs.gz").write_bytes(content)
    with tempfile.TemporaryDirectory(prefix="vm-") as sockets:
        case = Case(found, run / "initramfs.gz", run, Path(sockets))
        case.format()
        async with Processes(run / "logs", os.environ) as processes:
            say("head office, the real one, on this machine")
            async with head_office.opened(run, ITEMS, processes) as office:
                store = Store(case, python, _REPOSITORY)
                try:
                    yield ShopFloor(office, store)
                finally:
                    await store.cut_power()


async def main(last: str) -> int:
    """Run every part, or up to the named one; return the exit status."""
    passed: list[str] = []
    failed: list[str] = []
    try:
        async with shop_floor() as floor:
            for part in PARTS:
                words = (part.__doc__ or "").strip()
                say(words)
                try:
                    await part(floor)
                    passed.append(words)
                except _FAILURES as error:
                    failed.append(words)
                    say(f"FAILED: {error}")
                    if part in FIRST:
                        break
                if part.__name__ == last:
                    break
    except (NotToBeHad, *_FAILURES) as error:
        failed.append(str(error))
    for verdict, found in (("passed", passed), ("FAILED", failed)):
        print(*(f"{verdict}  {words}" for words in found), sep="\n")
    print(f"{len(passed)} passed, {len(failed)} failed" + (f" (logs in {_CACHE / 'run'})" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "")))
