"""Bundles for trials: the real one, and later versions of it made by changing what its wheel holds."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
EDGE = ROOT / "deploy" / "edge"
VERSION = "0.1.0"


def real(folder: Path) -> Path:
    """Make the bundle that a store gets."""
    done = subprocess.run([EDGE / "bundle", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip().splitlines()[-1])


def later(bundle: Path, version: str, files: Mapping[str, str]) -> Path:
    """Make another version of a bundle: its agent's wheel with these files put in or changed."""
    made = bundle.with_name(f"storewire-edge-{version}")
    shutil.copytree(bundle, made, copy_function=_link)
    (wheel,) = (made / "wheels").glob("storewire-*.whl")
    before = wheel.name.split("-")[1]
    with (
        zipfile.ZipFile(wheel) as old,
        zipfile.ZipFile(wheel.with_name(wheel.name.replace(before, version, 1)), "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(".dist-info/METADATA"):
                content = content.replace(f"\nVersion: {before}\n".encode(), f"\nVersion: {version}\n".encode())
            if name.endswith(".dist-info/RECORD"):
                content = content.replace(before.encode(), version.encode())
            if name not in files:
                new.writestr(name.replace(f"storewire-{before}.dist-info", f"storewire-{version}.dist-info"), content)
        for name, text in files.items():
            new.writestr(name, text)
    wheel.unlink()
    _rewrite(made / "VERSION", f"{version}\n")
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  ./{path.relative_to(made)}\n"
        for path in sorted(made.rglob("*"))
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    _rewrite(made / "SHA256SUMS", "".join(lines))
    return made


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def _rewrite(path: Path, text: str) -> None:
    path.unlink()  # a hard link: the other bundle's file stays as it is
    path.write_text(text)
