"""The members' page as a deployment serves it: real processes, a real code, and nothing of HQ behind the port."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cloud.broker.listening import free_ports
from cloud.clock import SystemMachineClock
from cloud.database.commits import open_commit
from cloud.deployment.opening import open_database, open_vault
from cloud.members.enrolling import SignUp, enrol
from cloud.members.home_days import HomeDays
from cloud.settings import load
from shared.ids import UuidMint
from tests.provision.patience import until

pytestmark = pytest.mark.processes
PHONE = "13800138000"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A deployment with one member, its API and its jobs; yields the page's address and the file of messages."""
    (port,) = free_ports(1)
    config = tmp_path / "cloud.toml"
    config.write_text(
        f'data_dir = "{tmp_path / "data"}"\napi_port = 0\nconsole_port = 0\nbroker_port = 0\n'
        f'[member_page]\nurl = "http://127.0.0.1:{port}"\nport = {port}\n'
    )
    command = [sys.executable, "-m", "cloud", "--config", str(config)]
    subprocess.run([*command, "init"], check=True, capture_output=True, timeout=60)
    _enrol(config)
    running = [subprocess.Popen([*command, part]) for part in ("api", "jobs")]
    try:
        yield f"http://127.0.0.1:{port}", tmp_path / "data" / "messages" / "sms.jsonl"
    finally:
        for process in running:
            process.terminate()
        for process in running:
            assert process.wait(30) == 0


def _enrol(config: Path) -> None:
    settings, clock = load(config), SystemMachineClock()
    database, now_ms = open_database(settings), clock.wall_ms()
    sign_up = SignUp(source="test", fields={"name": "李小明", "phone": PHONE}, cards=("8810000000000001",))
    with database.session() as session:
        commit = open_commit(session, now_ms)
        mint = UuidMint(clock.wall_ms, os.urandom)
        enrol(session, open_vault(settings), mint, sign_up, today=HomeDays(now_ms), commit_no=commit, now_ms=now_ms)
    database.close()


def test_a_member_signs_in_to_a_deployment(served: tuple[str, Path]) -> None:
    address, messages = served

    def up() -> bool:
        try:
            return httpx.get(f"{address}/me/sign-in").status_code == 200
        except httpx.TransportError:
            return False

    until(up, "the page is served", 60)
    with httpx.Client(base_url=address, follow_redirects=True, headers={"Accept-Language": "zh-CN"}) as phone:
        asked = phone.post("/me/sign-in", data={"mark": _mark(phone.get("/me").text), "phone": PHONE})
        until(messages.exists, "the code is sent", 30)
        code = json.loads(messages.read_text().splitlines()[-1])["parameters"]["code"]
        card = phone.post("/me/code", data={"mark": _mark(asked.text), "code": code})
        assert "您好，李**" in card.text
        assert phone.get("/me/code.svg").status_code == 200
        for path in ("/health", "/stores", "/api/v1/stores", "/static/console.css"):
            assert phone.get(path).status_code == 404
        assert phone.get("/me", headers={"Host": "hq.example"}).status_code == 400
        # Whoever comes through the proxy before us is counted by the address it names.
        for n in range(30):
            assert _ask(phone, f"1370013{n:04}", "203.0.113.7") == 200
        assert _ask(phone, "13700139999", "203.0.113.7") == 429
        assert _ask(phone, "13700139998", "203.0.113.8") == 200


def _ask(phone: httpx.Client, number: str, address: str) -> int:
    fields = {"mark": _mark(phone.get("/me/sign-in").text), "phone": number}
    return phone.post("/me/sign-in", data=fields, headers={"X-Forwarded-For": address}).status_code


def _mark(page: str) -> str:
    found = re.search(r'name="mark" value="([^"]+)"', page)
    assert found, page
    return found.group(1)
