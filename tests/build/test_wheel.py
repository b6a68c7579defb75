"""What leaves the house: a wheel holds every asset and catalogue the pages need, and is not built without them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deploy.build import web_assets
from deploy.build.wheel import WebAssets
from deploy.build.words import SIDES
from shared.web.assets import OURS, VENDORED

ROOT = Path(__file__).parents[2]


@pytest.mark.processes
def test_a_wheel_holds_the_assets_and_the_words(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {f"shared/web/static/{name}" for name in (*OURS, *VENDORED)}
    wanted |= {str(side.chinese.with_suffix(".mo").relative_to(ROOT)) for side in SIDES if side.chinese.is_file()}
    assert wanted - names == set()
    assert [name for name in names if name.endswith(".po") or "node_modules" in name or "axe" in name] == []


def test_a_wheel_without_them_is_refused_in_words(tmp_path: Path) -> None:
    hook = WebAssets(str(tmp_path), {}, None, None, str(tmp_path), "wheel", None)
    hook.initialize("editable", {})
    with pytest.raises(FileNotFoundError, match=r"htmx\.min\.js.* run `make setup` first"):
        hook.initialize("standard", {})


def test_the_lock_has_hashes_and_no_addresses() -> None:
    lock = json.loads((web_assets.PLAN / web_assets.LOCK).read_text())
    packages = {name: found for name, found in lock["packages"].items() if name}
    assert {"node_modules/htmx.org", "node_modules/echarts", "node_modules/axe-core"} <= set(packages)
    assert [name for name, found in packages.items() if not found["integrity"].startswith("sha512-")] == []
    assert re.findall(r"https?:|resolved", json.dumps(lock)) == []


def test_what_is_fetched_is_never_committed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [name for name in tracked.split() if "/vendor/" in name or name.endswith((".mo", ".min.js"))] == []


def test_npm_failing_is_said_in_words(tmp_path: Path) -> None:
    broken = tmp_path / "npm"
    broken.write_text("#!/bin/sh\necho 'registry: no answer' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(web_assets.Failed, match=r"npm could not fetch what .*package-lock.json names:\nregistry: no"):
        web_assets.fetch([str(broken)])
