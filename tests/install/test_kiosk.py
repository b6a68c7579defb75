"""The till's screen: which screens it takes, and both pages on two screens of a real compositor without hardware."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.edge.waiting import until
from tests.install import bundles
from tests.provision.browser import find_browser

PAGE = "http://127.0.0.1:9/tills/t1"  # nobody answers there: a window is named after its address all the same
TWO = {"HEADLESS-1": "connected", "HEADLESS-2": "connected"}


def sockets(folder: Path, screens: Mapping[str, str]) -> Path:
    """Write sockets for screens as the kernel shows them (drivers/gpu/drm/drm_sysfs.c)."""
    for name, status in screens.items():
        place = folder / "class/drm" / f"card0-{name}"
        place.mkdir(parents=True)
        (place / "status").write_text(status + "\n")
    return folder


def chosen(tmp_path: Path, screens: Mapping[str, str], **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the kiosk with a sway and a cage that only say what they were given."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, says in {"sway": 'exec cat "$2"', "cage": 'echo "cage $*"'}.items():
        (programs / name).write_text(f"#!/bin/sh\n{says}\n")
        (programs / name).chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "SYSFS": str(sockets(tmp_path / "sys", screens)),
        "RUNTIME_DIRECTORY": str(tmp_path),
        "TILL_PAGE": PAGE,
        **settings,
    }
    return subprocess.run([bundles.EDGE / "kiosk"], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("screens", "output", "till", "others"),
    [
        ({"DP-1": "disconnected", "HDMI-A-1": "connected", "HDMI-A-2": "connected"}, "", "HDMI-A-1", "HDMI-A-2 DP-1"),
        ({"DP-1": "connected", "eDP-1": "connected"}, "", "eDP-1", "DP-1"),
        ({"DP-1": "connected", "DP-2": "connected"}, "DP-2", "DP-2", "DP-1"),
        ({"DP-1": "disconnected", "DP-2": "disconnected"}, "", "DP-1", "DP-2"),
    ],
)
def test_the_till_takes_the_first_screen_and_the_customer_s_side_any_other(
    tmp_path: Path, screens: Mapping[str, str], output: str, till: str, others: str
) -> None:
    done = chosen(tmp_path, screens, STOREWIRE_DISPLAY="second", **({"TILL_OUTPUT": output} if output else {}))
    assert done.returncode == 0, done.stderr
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert f"workspace 1 output {till}" in lines
    assert f"workspace 2 output {others}" in lines
    assert f"input type:touch map_to_output {till}" in lines


def test_one_screen_is_the_till_s_alone(tmp_path: Path) -> None:
    assert chosen(tmp_path, TWO).stdout == f"cage -d -- {bundles.EDGE}/kiosk-browser\n"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"STOREWIRE_DISPLAY": "both"}, "none or second, got both"),
        ({"STOREWIRE_DISPLAY": "second", "TILL_OUTPUT": "HDMI-A-9"}, "no socket of this machine"),
    ],
)
def test_what_cannot_be_shown_is_said(tmp_path: Path, settings: Mapping[str, str], words: str) -> None:
    done = chosen(tmp_path, TWO, **settings)
    assert done.returncode == 1
    assert words in done.stderr


def test_installation_writes_what_was_chosen(tmp_path: Path) -> None:
    def install(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "ROOT": str(tmp_path), "SYSTEMCTL": "/bin/true"}
        command = [bundles.EDGE / "install", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    said = install("--kiosk", PAGE, "--display", "second", "--output", "DP-2")  # no wheels here: it ends at those
    assert "chromium cage sway" in said.stdout
    conf = (tmp_path / "etc/storewire/kiosk.conf").read_text()
    assert conf == f"TILL_PAGE={PAGE}\nSTOREWIRE_DISPLAY=second\nTILL_OUTPUT=DP-2\n"
    for wrong in (("--kiosk", PAGE, "--display", "three"), ("--display", "second")):
        refused = install(*wrong)
        assert refused.returncode == 1
        assert "--display" in refused.stderr


class Screens:
    """A compositor with two screens that exist in memory alone, as whoever runs a kiosk: nobody of any rights."""

    def __init__(self, folder: Path, as_user: Sequence[str]) -> None:
        self.folder = folder
        self._as_user = as_user

    def ask(self, *words: str) -> object:
        (address,) = self.folder.glob("sway-ipc.*.sock")
        command = [*self._as_user, "swaymsg", "--raw", "--socket", str(address), *words]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def windows(self) -> dict[str, tuple[str, bool, bool]]:
        """Return each window by its name: on which screen, whether it fills it, whether it has the keys."""
        if not list(self.folder.glob("sway-ipc.*.sock")):
            return {}
        found: dict[str, tuple[str, bool, bool]] = {}

        def look(node: dict, output: str) -> None:  # type: ignore[type-arg]
            output = node["name"] if node["type"] == "output" else output
            if node.get("app_id"):
                found[node["app_id"]] = (output, node["fullscreen_mode"] == 1, node["focused"])
            for child in node["nodes"]:
                look(child, output)

        look(self.ask("--type", "get_tree"), "")  # type: ignore[arg-type]
        return found


@pytest.fixture
def screens() -> Iterator[Screens]:
    browser = find_browser()
    if browser is None or shutil.which("sway") is None:
        pytest.skip("needs Chromium and sway: `apt-get install chromium sway`")
    folder = Path(tempfile.mkdtemp(prefix="kiosk"))
    nobody = pwd.getpwnam("nobody")
    is_root = os.geteuid() == 0
    as_user = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"] if is_root else []
    sockets(folder / "sys", TWO)
    for name in ("kiosk", "kiosk-browser", "kiosk-windows"):
        shutil.copy(bundles.EDGE / name, folder)
    (folder / "chromium").write_text(f'#!/bin/sh\nexec {browser} --no-sandbox --disable-gpu "$@"\n')
    (folder / "chromium").chmod(0o755)
    if is_root:
        for place in (folder, *folder.rglob("*")):
            os.chown(place, nobody.pw_uid, nobody.pw_gid)
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder),
        "RUNTIME_DIRECTORY": str(folder), "SYSFS": str(folder / "sys"), "TILL_PAGE": PAGE,
        "STOREWIRE_DISPLAY": "second", "WLR_BACKENDS": "headless", "WLR_HEADLESS_OUTPUTS": "2",
        "WLR_RENDERER": "pixman", "WLR_LIBINPUT_NO_DEVICES": "1",
    }  # fmt: skip
    log = (folder / "log").open("w")
    kiosk = subprocess.Popen([*as_user, folder / "kiosk"], env=environment, stdout=log, stderr=log)
    try:
        yield Screens(folder, as_user)
    finally:
        kiosk.terminate()
        kiosk.wait(20)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.processes
@pytest.mark.timeout(120)
async def test_two_screens_show_both_pages_and_keys_stay_with_the_till(screens: Screens) -> None:
    till, side = "chrome-127.0.0.1__tills_t1-Default", "chrome-127.0.0.1__tills_t1_display-Default"
    both = {till: ("HEADLESS-1", True, True), side: ("HEADLESS-2", True, False)}
    await until(lambda: screens.windows() == both, "both windows")
    screens.ask("workspace 2")  # as a click on the customer's side does
    await until(lambda: screens.windows() == both, "the keys to come back")
