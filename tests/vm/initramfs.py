"""The first file system of the virtual store PC: Debian's busybox, the kernel's modules, a script that mounts the rest.

The root is this machine's own file system, read only over 9p, below a writable layer in memory: the product in it is
the very tree under test. The store's data lies on a disk of its own, and only that survives a power cut.
"""

from __future__ import annotations

import gzip
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

MODULES = (
    "virtio_pci", "virtio_blk", "virtio_net", "9pnet_virtio", "9p", "overlay", "crc32c_generic", "ext4",
    "evdev", "hid", "usbhid", "hid_generic", "xhci_pci", "usblp", "ftdi_sio",
)  # fmt: skip
"""What the store PC needs of Debian's kernel; what these need in turn is found in `modules.dep`."""

_INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /run /host /layer /new
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do
  insmod "/modules/$module" || echo "module $module was not taken"
done
mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 host /host
mount -t tmpfs -o mode=755 layer /layer
mkdir /layer/up /layer/work
mount -t overlay -o lowerdir=/host,upperdir=/layer/up,workdir=/layer/work overlay /new
mkdir -p /new/dev /new/proc /new/sys /new/run /new/store
mount -t ext4 -o data=ordered,barrier=1 /dev/vda /new/store
for tree in dev proc sys; do mount --move "/$tree" "/new/$tree"; done
mount -t tmpfs -o mode=755 run /new/run
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2
printf '127.0.0.1 localhost\\n10.0.2.2 {hq}\\n' >/new/etc/hosts
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root PYTHONDONTWRITEBYTECODE=1
cd /
exec switch_root -c /dev/console /new {python} {guest}
"""


def build(busybox: Path, modules: Path, *, hq: str, python: Path, guest: Path) -> bytes:
    """Return a compressed archive for the kernel: `modules` is its folder `lib/modules/<version>`."""
    entries: list[tuple[str, int, bytes]] = [
        ("bin", stat.S_IFDIR | 0o755, b""),
        ("modules", stat.S_IFDIR | 0o755, b""),
        ("bin/busybox", stat.S_IFREG | 0o755, busybox.read_bytes()),
        ("bin/sh", stat.S_IFLNK | 0o777, b"busybox"),
        ("init", stat.S_IFREG | 0o755, _INIT.format(hq=hq, python=python, guest=guest).encode()),
    ]
    order = _with_needed(modules, MODULES)
    entries += [(f"modules/{Path(path).name}", stat.S_IFREG | 0o644, (modules / path).read_bytes()) for path in order]
    entries.append(("modules/order", stat.S_IFREG | 0o644, "\n".join(Path(path).name for path in order).encode()))
    return gzip.compress(_cpio(entries), compresslevel=1, mtime=0)


def _with_needed(modules: Path, names: Sequence[str]) -> list[str]:
    """Return the files of the modules and of all they need, in the order in which the kernel takes them."""
    needs: dict[str, list[str]] = {}
    for path in sorted(modules.rglob("*.ko")):
        needs[str(path.relative_to(modules))] = []
    by_name = {Path(path).stem.replace("-", "_"): path for path in needs}
    found: list[str] = []

    def add(name: str) -> None:
        path = by_name.get(name.replace("-", "_"))
        if path is None or path in found:
            return  # built into the kernel, or there already
        for other in _depends(modules / path):
            add(other)
        found.append(path)

    for name in names:
        add(name)
    return found


def _depends(module: Path) -> list[str]:
    """Return the modules that one names in its own `depends=` and `softdep=pre:` lines."""
    found: list[str] = []
    for field in module.read_bytes().split(b"\0"):
        if field.startswith(b"depends=") and len(field) > 8:
            found += field[8:].decode().split(",")
        elif field.startswith(b"softdep=pre:"):
            found += field[12:].decode().split("post:")[0].split()
    return found


def _cpio(entries: Iterable[tuple[str, int, bytes]]) -> bytes:
    """Return an archive in the kernel's format `newc` (Documentation/driver-api/early-userspace/buffer-format)."""
    out = bytearray()
    for number, (name, mode, content) in enumerate([*entries, ("TRAILER!!!", 0, b"")], start=1):
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4) + content
        out += b"\0" * (-len(out) % 4)
    return bytes(out)
