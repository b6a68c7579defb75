"""Debian's own kernel and busybox, fetched once by apt and kept; and what this machine must have to boot them."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_NEEDED = {"qemu-system-x86_64": "qemu-system-x86", "mke2fs": "e2fsprogs", "dpkg-deb": "dpkg", "apt-get": "apt",
           "udevadm": "udev"}  # fmt: skip
_KERNEL = "linux-image-amd64"


class NotToBeHad(RuntimeError):
    """This machine cannot run the virtual store PC; the text says what to install."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What is booted."""

    kernel: Path
    modules: Path
    busybox: Path


def parts(cache: Path) -> Parts:
    """Return kernel, modules and busybox, from the cache or fetched into it. Raise NotToBeHad."""
    missing = sorted({package for command, package in _NEEDED.items() if shutil.which(command) is None})
    if missing:
        raise NotToBeHad(
            f"install first: apt-get install --no-install-recommends {' '.join(missing)} ipxe-qemu seabios"
        )
    if not _found(cache):
        _fetch(cache)
    found = _found(cache)
    if not found:
        raise NotToBeHad(f"Debian's packages did not hold what was looked for; empty {cache} and try again")
    return found[-1]


def _found(cache: Path) -> list[Parts]:
    busybox = cache / "busybox-static" / "bin" / "busybox"
    return [
        Parts(kernel, modules, busybox)
        for kernel in sorted(cache.glob("kernel/boot/vmlinuz-*"))
        for modules in cache.glob(f"kernel/*/modules/{kernel.name.removeprefix('vmlinuz-')}")
        if busybox.exists() and (modules / "kernel").is_dir()
    ]


def _fetch(cache: Path) -> None:
    packages = cache / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    told = _run(["apt-cache", "depends", _KERNEL], packages)
    name = re.search(r"Depends: (linux-image-\S+)", told)
    if name is None:
        raise NotToBeHad(f"apt knows no {_KERNEL}: run apt-get update, on a Debian of the architecture amd64")
    for package, folder in ((name[1], "kernel"), ("busybox-static", "busybox-static")):
        _run(["apt-get", "download", package], packages)
        for file in sorted(packages.glob(f"{package}_*.deb")):
            _run(["dpkg-deb", "--extract", str(file), str(cache / folder)], packages)


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotToBeHad(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
