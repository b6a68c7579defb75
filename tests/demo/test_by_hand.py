"""After the year: people publish and sell by hand, it arrives and takes effect, and the year's verdict stands."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from deploy.demo import dataset, report
from deploy.demo.afterwards import Doors, RunningTime, invitation
from deploy.demo.agents import StoreAgent
from deploy.demo.bench import Bench, BenchAway
from deploy.demo.catalogue import barcode
from deploy.demo.chain import Chain
from deploy.demo.cloud import command
from deploy.demo.members import card_number, phone_number, regular
from deploy.demo.patience import until

ROOT = Path(__file__).parents[2]
YEAR_ENDS_MS = 1_514_782_800_000
SALE = "01595f9e-70b0-7000-8000-000000000001"


class HeardCloud:
    console_url = "http://127.0.0.1:1"
    member_url = "http://127.0.0.1:2"

    def __init__(self) -> None:
        self.set_to: list[int] = []

    def set_clock(self, business_ms: int) -> None:
        self.set_to.append(business_ms)


class HeardBench:
    def __init__(self, *, away_for: int = 0) -> None:
        self.set_to: list[int] = []
        self.asked, self._away_for = 0, away_for

    async def ask(self, question: dict) -> dict:
        self.asked += 1
        if self.asked <= self._away_for:
            raise BenchAway("just killed")
        assert question["do"] == "clock"
        self.set_to.append(question["ms"])
        return {"ok": True}


class RunningProcess:
    pid = 1


def chain_of(*benches: HeardBench) -> Chain:
    agents = {
        f"s{number}": StoreAgent(f"s{number}", RunningProcess(), bench, f"http://127.0.0.1:900{number}/")
        for number, bench in enumerate(benches, start=1)
    }
    return Chain(HeardCloud(), None, agents)


async def test_both_sides_agree_and_go_on_with_real_time(monkeypatch):
    monkeypatch.setattr("deploy.demo.afterwards._BEAT_SECONDS", 0.01)
    first, second = HeardBench(), HeardBench()
    chain = chain_of(first, second)
    time = RunningTime(chain, YEAR_ENDS_MS)
    await time.agree()
    for heard in (chain.cloud.set_to, first.set_to, second.set_to):
        assert 0 <= heard[0] - YEAR_ENDS_MS < 1000
    second.asked, second._away_for = 0, 2
    over = asyncio.Event()
    keeping = asyncio.create_task(time.keep(over))
    began, before_ms = asyncio.get_running_loop().time(), time.now_ms()

    async def heard_often() -> bool:
        return min(map(len, (chain.cloud.set_to, first.set_to, second.set_to))) > 5

    await until(heard_often, "clocks to go on", seconds=5)
    assert time.now_ms() - before_ms == pytest.approx((asyncio.get_running_loop().time() - began) * 1000, abs=50)
    over.set()
    await keeping
    assert first.set_to == sorted(first.set_to)
    assert first.set_to[-1] > first.set_to[0]


def test_the_invitation_says_where_to_sign_in_and_which_till_is_the_desk():
    chain, doors = chain_of(HeardBench()), Doors("admin", "word", 534)
    said = invitation(chain, doors, tills=2, kept=True)
    assert "every promise held" in said
    assert "admin  word" in said
    assert "http://127.0.0.1:2/me" in said
    assert "+12065550134" in said
    assert "http://127.0.0.1:9001/  (store s1; t2 is the service desk)" in said
    assert "http://127.0.0.1:9001/tills/t1/bench" in said, "where to scan: a newcomer has no scanner"
    assert "service desk" not in invitation(chain, doors, tills=1, kept=True)
    assert "PROMISES WERE BROKEN" in invitation(chain, doors, tills=1, kept=False)


def said_until(run: subprocess.Popen, start: str) -> list[str]:
    assert run.stderr is not None
    said = []
    for line in run.stderr:
        said.append(line)
        if line.startswith(start):
            return said
    raise AssertionError("".join(said))


def api_of(folder: Path) -> httpx.Client:
    arguments = ["--config", str(folder / "cloud.toml"), "token", "create", "hand", "--scope", "prices:write"]
    made = subprocess.run([command("storewire-cloud"), *arguments], capture_output=True, text=True, check=True)
    token = next(word for word in made.stdout.split() if word.startswith("swt_"))
    port = json.loads((folder / "cloud" / "ports.json").read_text())["console"]
    return httpx.Client(
        base_url=f"http://127.0.0.1:{port}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60
    )


def publish_at_once(folder: Path, store: str, item: str) -> int:
    with api_of(folder) as api:
        draft = api.post("/prices/drafts", json={"title": "By hand"}).raise_for_status().json()["id"]
        rows = f"zone,item,regular,member,basis\n{store},{item},7.77,,1\n".encode()
        api.post(
            f"/prices/drafts/{draft}/import", content=rows, params={"kind": "prices", "dry_run": "false"}
        ).raise_for_status()
        return int(api.post(f"/prices/drafts/{draft}/publish", json={}).raise_for_status().json()["version"])


async def trade_by_hand(folder: Path) -> dict:
    """Publish a price, wait until the tills have it, and sell at it with a member's card."""
    store = next((folder / "edges").iterdir()).name
    with closing(sqlite3.connect(f"file:{folder / 'cloud' / 'cloud.db'}?mode=ro", uri=True)) as db:
        item = db.execute("SELECT item FROM sale_line WHERE quantity = 1 ORDER BY item").fetchone()[0]
    card = card_number(dataset.load(1, 12, 1).rung[-1].household)
    version = await asyncio.to_thread(publish_at_once, folder, store, item)
    bench = Bench(folder / "bench" / f"{store}.sock")

    async def in_force() -> bool:
        return (await bench.ask({"do": "status"}))["tills"]["t1"]["version"] == version

    await until(in_force, "the till to sell by what was published by hand", seconds=60)
    steps = [{"card": card}, {"scan": barcode(int(item[1:]))}, {"tender": {"method": "cash"}}]
    paid = await bench.ask({"do": "basket", "till": "t1", "id": str(UUID(SALE)), "steps": steps})
    ends = int((folder / "cloud" / "business-clock").read_text())
    status = await bench.ask({"do": "status"})
    assert abs(status["business_ms"] - ends) < 5000
    await bench.aclose()
    return paid


def member_signs_in(run: subprocess.Popen, said: list[str]) -> str:
    """Sign in at the members' page as the invitation says, and return the page with the card."""
    address = next(line.split()[1] for line in said if line.startswith("Members"))
    phone = phone_number(regular(dataset.load(1, 12, 1).rung, dataset.load(1, 12, 1).campaigns.households, 1))
    assert any(line.startswith(f"Sign in      {phone}") for line in said)
    with httpx.Client(base_url=address.removesuffix("/me"), follow_redirects=True) as telephone:
        asked = telephone.post("/me/sign-in", data={"mark": mark_of(telephone.get("/me").text), "phone": phone})
        code = re.search(r"\b\d{6}\b", said_until(run, "Telephone")[-1])
        assert code is not None
        card = telephone.post("/me/code", data={"mark": mark_of(asked.text), "code": code.group()}).text
        return card + telephone.get("/me/coupons").text + telephone.get("/me/gifts").text


def mark_of(page: str) -> str:
    found = re.search(r'name="mark" value="([^"]+)"', page)
    assert found is not None, page
    return found.group(1)


@pytest.mark.processes
@pytest.mark.timeout(300)
def test_what_people_do_after_the_year_takes_effect_and_breaks_no_promise():
    try:
        dataset.data_folder()
    except dataset.DatasetMissing as missing:
        pytest.skip(str(missing))
    with tempfile.TemporaryDirectory(prefix="demo-") as place:
        folder = Path(place) / "run"
        options = ["--folder", str(folder), "--stores", "1", "--baskets", "12"]
        run = subprocess.Popen(
            [sys.executable, "-m", "deploy.demo.run", *options], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        try:
            said = said_until(run, "Ctrl-C ends everything")
            assert any("every promise held" in line for line in said)
            shown = member_signs_in(run, said)
            for fact in ('src="/me/code.svg', "Welcome back", "Shopping bag"):
                assert fact in shown, fact
            paid = asyncio.run(trade_by_hand(folder))
            assert (paid["ok"], paid["total_minor"]) == (True, 777), paid
        finally:
            run.send_signal(signal.SIGINT)
            rest = run.communicate()[1]
        assert run.returncode == 0, rest
        assert "BROKEN" not in rest
        assert json.loads((folder / "report.json").read_text())["failures"] == []
        assert report.main(["--run", str(folder), "--report", str(folder / "later.json")]) == 1, (
            "it is as strict as ever"
        )
