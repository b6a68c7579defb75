"""A machine becomes a terminal as far as a trial folder allows: what is written, what it trusts, what is refused."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloud.identity.ca import pem
from edge_agent.terminals.certificate import fingerprint
from tests.edge.store_network import make_ca
from tests.install import bundles

ADDRESS = "https://192.168.1.10:8443/"


@dataclass
class Trial:
    """A machine in a folder, whose systemctl and certutil write down what they were asked."""

    root: Path
    programs: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.programs}:{os.environ['PATH']}"
        environment = {
            **os.environ,
            "PATH": path,
            "ROOT": str(self.root),
            "SYSTEMCTL": str(self.programs / "systemctl"),
        }
        script = bundles.EDGE / "terminal"
        return subprocess.run([script, *arguments], env=environment, capture_output=True, text=True, check=False)

    def asked(self, program: str) -> list[str]:
        log = self.programs / f"{program}.log"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    made = Trial(tmp_path / "root", tmp_path / "programs")
    made.root.mkdir()
    made.programs.mkdir()
    for name in ("systemctl", "certutil"):
        program = made.programs / name
        program.write_text(f'#!/bin/sh\necho "$@" >>"{program}.log"\n')
        program.chmod(0o755)
    return made


def test_terminal_trusts_our_ca_and_keeps_its_pairing_over_a_restart(trial: Trial, tmp_path: Path) -> None:
    root = make_ca().authority.root
    ca = tmp_path / "storewire-ca.crt"
    ca.write_text(pem(root))
    for _ in range(2):
        done = trial.run(ADDRESS, str(ca))
        assert done.returncode == 0, done.stderr
        assert fingerprint(root) in done.stdout, "people compare it with what the store's PC shows"
    conf = (trial.root / "etc/storewire/kiosk.conf").read_text()
    assert conf == f"TILL_PAGE={ADDRESS}\nKIOSK_PROFILE=/var/lib/storewire-kiosk/profile\n"
    home = trial.root / "var/lib/storewire-kiosk"
    assert home.stat().st_mode & 0o077 == 0, "whoever reads its cookie is the terminal"
    added = [line for line in trial.asked("certutil") if " -A " in line]
    assert added == [f"-d sql:{home}/.pki/nssdb -A -t C,, -n storewire -i {ca}"] * 2
    assert trial.asked("systemctl")[-1] == "restart storewire-kiosk.service"
    dropped = (trial.root / "etc/systemd/system/storewire-kiosk.service.d/terminal.conf").read_text()
    assert "StateDirectory=storewire-kiosk" in dropped


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "terminal ADDRESS CA_FILE"),
        ((ADDRESS,), "terminal ADDRESS CA_FILE"),
        ((ADDRESS, "/nowhere/ca.crt"), "cannot read"),
        (("http://192.168.1.10:8443/", "/etc/hostname"), "https:// alone"),
        ((ADDRESS, "/etc/hostname"), "is no certificate"),
        ((ADDRESS, "--force"), "unknown"),
    ],
)
def test_what_makes_no_terminal_is_refused_in_words(trial: Trial, arguments: tuple[str, ...], words: str) -> None:
    done = trial.run(*arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert not (trial.root / "etc/storewire/kiosk.conf").exists()


def test_browser_keeps_its_profile_where_it_is_told(tmp_path: Path) -> None:
    browser = tmp_path / "chromium"
    browser.write_text('#!/bin/sh\necho "$@"\n')
    browser.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    for given, folder in (({}, "/run/kiosk/profile"), ({"KIOSK_PROFILE": "/var/lib/k"}, "/var/lib/k")):
        environment = {"PATH": path, "TILL_PAGE": ADDRESS, "RUNTIME_DIRECTORY": "/run/kiosk", **given}
        done = subprocess.run(
            [bundles.EDGE / "kiosk-browser"], env=environment, capture_output=True, text=True, check=True
        )
        assert f"--user-data-dir={folder} " in done.stdout
        assert f"--app={ADDRESS}" in done.stdout
