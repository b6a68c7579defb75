"""The demo's dealings with the outside: its bench client, its child processes, its folder, its command line."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
from rich.console import Console

from deploy.demo.account import account
from deploy.demo.agents import StoreAgent, heartbeat_seconds
from deploy.demo.baskets import TillBasket
from deploy.demo.bench import Bench, BenchAway
from deploy.demo.folder import FolderUnusable, RunFolder
from deploy.demo.judge import Judge, ReportUnwritable
from deploy.demo.options import parse
from deploy.demo.patience import WaitedTooLong, until
from deploy.demo.processes import Processes, ProcessFailed
from deploy.demo.progress import Board, StoreLine
from deploy.demo.room import NotEnoughRoom, require_disk, require_memory
from deploy.demo.trade import Pace, StoreTrade, Tally, TradeRefused

SALE = UUID("01595f9e-70b0-7000-8000-000000000001")
ENVIRONMENT = dict(os.environ)


class FakeBench:
    """Answers each question with the next of `answers`; None hangs up."""

    def __init__(self, path: Path, answers: list[dict | None]) -> None:
        self.path, self.answers, self.heard = path, answers, []
        self.client = Bench(path)

    async def __aenter__(self):
        self._server = await asyncio.start_unix_server(self._talk, self.path)
        return self

    async def __aexit__(self, *error):
        await self.client.aclose()
        self._server.close()
        await self._server.wait_closed()

    async def _talk(self, reader, writer):
        while line := await reader.readline():
            question = json.loads(line)
            self.heard.append(question)
            answer = {"ok": True} if question["do"] == "status" else self.answers.pop(0)
            if answer is None:
                break
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        writer.close()


class RunningProcess:
    """Stands for an agent's process that runs."""

    pid = 1


def trade_at(bench: FakeBench) -> StoreTrade:
    async def rung() -> None:
        return None

    agent = StoreAgent("s1", RunningProcess(), bench.client)
    return StoreTrade(agent, 2, 1, Tally(), Pace(None), rung)


def basket() -> TillBasket:
    return TillBasket(SALE, 1, 1, 5, 900, 2, [{"scan": "1"}, {"tender": {"method": "cash"}}])


@pytest.mark.parametrize("code", ["scanner_away", "till_unknown"])
async def test_a_basket_cut_off_is_asked_again_under_its_id(tmp_path, code):
    paid = {"ok": True, "sale": str(SALE), "total_minor": 250}
    async with FakeBench(tmp_path / "b", [None, {"ok": False, "code": code}, paid]) as bench:
        trade = trade_at(bench)
        await trade.ring_all([basket()])
        asked = [question for question in bench.heard if question["do"] == "basket"]
    assert [question["id"] for question in asked] == [str(SALE)] * 3
    assert asked[0] == asked[1] == asked[2]
    assert (trade.tally.total, trade.tally.lines, trade.tally.tender_minor) == (1, 2, 250)


async def test_a_refusal_names_basket_and_reason(tmp_path):
    refused = {"ok": False, "step": 0, "code": "price_missing", "message": "no price"}
    async with FakeBench(tmp_path / "b", [refused]) as bench:
        with pytest.raises(TradeRefused, match=f"step 0 of basket {SALE}: price_missing: no price"):
            await trade_at(bench).ring_all([basket()])


async def test_a_sale_under_another_id_is_refused(tmp_path):
    async with FakeBench(tmp_path / "b", [{"ok": True, "sale": "other", "total_minor": 1}]) as bench:
        with pytest.raises(TradeRefused, match="under the id other"):
            await trade_at(bench).ring_all([basket()])


async def test_a_bench_that_is_not_there_is_said_to_be_away(tmp_path):
    with pytest.raises(BenchAway, match="does not answer"):
        await Bench(tmp_path / "nobody").ask({"do": "status"})


async def test_processes_end_with_the_block_even_when_frozen(tmp_path):
    script = "import time, signal; signal.signal(signal.SIGTERM, lambda *_: exit(0)); signal.pause()"
    async with Processes(tmp_path, ENVIRONMENT) as processes:
        process = await processes.start("agent-a", [sys.executable, "-c", script])
        process.send(signal.SIGSTOP)
        assert process.pid is not None
    assert process.pid is None


async def test_a_command_that_fails_says_what_it_said(tmp_path):
    processes = Processes(tmp_path, ENVIRONMENT)
    assert await processes.command("greeting", [sys.executable, "-c", "print('hello')"]) == "hello\n"
    with pytest.raises(ProcessFailed, match="greeting failed: no luck"):
        await processes.command("greeting", [sys.executable, "-c", "import sys; sys.exit('no luck')"])


async def test_waiting_ends_with_words():
    async def never() -> bool:
        return False

    with pytest.raises(WaitedTooLong, match="for the moon"):
        await until(never, "the moon", seconds=0.01)


def test_a_folder_is_used_once_and_must_be_short_enough(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.create()
    folder.write_manifest({"seed": 1})
    with pytest.raises(FolderUnusable, match="earlier run"):
        folder.create()
    with pytest.raises(FolderUnusable, match="too long"):
        RunFolder(tmp_path / ("x" * 120)).create()
    with pytest.raises(FolderUnusable, match="cannot be made: Not a directory; name another --folder"):
        RunFolder(Path("/dev/null/x")).create()


@pytest.mark.parametrize(("wanted", "why"), [("missing/report.json", "its folder is missing"), ("", "is a folder")])
async def test_a_report_that_cannot_be_written_is_said_before_the_year(tmp_path, wanted, why):
    options = parse(["--report", str(tmp_path / wanted)])
    with pytest.raises(ReportUnwritable, match=why):
        Judge(options, RunFolder(tmp_path / "run")).require_a_place_for_the_report()


def test_the_account_says_what_a_newcomer_can_hold_against_the_console():
    report = {
        "stores": 5,
        "baskets": 2994,
        "lines": 27413,
        "skipped": {"basket_without_lines": 6, "empty_row": 119},
        "tender_minor": 9476953,
        "cloud_tender_minor": 9476853,
        "lost": 1,
        "duplicated": 0,
        "audit_differences": 2,
        "points_posted": 93270,
        "ledger_balanced": True,
        "price_books_published": 53,
        "price_books_applied": 52,
    }
    assert account(report).splitlines() == [
        "Sold         2,994 sales, 27,413 lines, 5 stores (6 of 3,000 baskets hold nothing to sell)",
        "Money        94,769.53 USD in the tills, 94,768.53 USD known to head office",
        "Wrong        1 lost, 0 doubled, 2 priced otherwise by head office",
        "Points       93,270 posted, the ledger balances",
        "Prices       53 weekly price books, 52 in every store",
    ]
    assert "DOES NOT BALANCE" in account(report | {"ledger_balanced": False})


def test_the_command_line_of_the_issue_is_understood(tmp_path):
    options = parse(
        ["--stores", "5", "--baskets", "5000", "--speed", "max", "--seed", "1", "--exit", "--report", "report.json"]
    )
    assert (options.stores, options.baskets, options.speed, options.seed) == (5, 5000, None, 1)
    assert (options.exit, options.report, options.chaos, options.sabotage) == (True, Path("report.json"), False, None)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("--stores -1", "must not be negative, got -1; 0 is all of them"),
        ("--stores five", "must be a whole number, got 'five'"),
        ("--stores 500", "there are 457 stores, got 500; 0 is all of them"),
        ("--baskets 1.5", "must be a whole number, got '1.5'"),
        ("--seed one", "must be a whole number, got 'one'"),
        ("--speed 0", "must be max, or business seconds a second such as 3600, got '0'"),
        ("--speed soon", "must be max, or business seconds a second such as 3600, got 'soon'"),
        ("--speed nan", "must be max, or business seconds a second such as 3600, got 'nan'"),
        ("--speed inf", "must be max, or business seconds a second such as 3600, got 'inf'"),
        ("--tills 0", "must be 1 to 20, got 0"),
        ("--sabotage lose", "--sabotage needs --exit"),
        ("--sabotage steal --exit", "lose, double, misprice, misledger"),
    ],
)
def test_a_mistake_on_the_command_line_is_a_sentence(wrong, words, capsys):
    with pytest.raises(SystemExit) as ended:
        parse(wrong.split())
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert words in said.replace("'lose', 'double', 'misprice', 'misledger'", "lose, double, misprice, misledger")
    assert 'make demo DEMO="' in said


def test_the_board_says_what_is_going_on():
    board = Board("trading", week=3, weeks=53, sales=7, baskets=9, cloud_sales=6, points=40, versions=4)
    board.stores = {"s1": StoreLine(sales=7, backlog=1, version=3, staged=4, online=True)}
    assert board.sentence() == (
        "trading: week 3 of 53, 7 of 9 sales rung, 6 at HQ, backlog 1, 40 points, price book 4, 1 of 1 stores online"
    )


def drawn(board: Board, rows: int = 20, width: int = 160) -> list[str]:
    console = Console(width=width, height=45, record=True, file=io.StringIO())
    console.print(board.picture(rows))
    return [line.rstrip() for line in console.export_text().splitlines() if line.strip()]


def test_the_board_on_a_terminal_keeps_its_lines_in_place():
    board = Board("trading", week=3, weeks=53, sales=7, baskets=9, cloud_sales=6, points=40, versions=4, chain=457)
    board.stores = {f"s{number}": StoreLine(sales=number % 7, version=3, online=True) for number in range(1, 31)}
    lines = drawn(board)
    assert lines[0] == "trading, week 3 of 53, 30 of 457 stores online"
    assert lines[1] == "7 of 9 sales rung, 6 at HQ, backlog 0, 40 points, price book 4"
    names = [line.split()[0] for line in lines if line.split()[0][1:].isdigit()]
    assert names == sorted(names, key=lambda name: int(name[1:]))
    assert len(names) == 20
    assert "s6" in names
    assert "s7" not in names, "it has sold nothing"
    assert lines[-1] == "and 10 less busy ones"
    assert drawn(Board("starting", weeks=53, chain=5))[0] == "starting, 0 of 5 stores online"
    columns = [line.index("price book") for line in lines if "staged" in line]
    for store in board.stores.values():
        store.sales += 99_000
    assert [line.index("price book") for line in drawn(board) if "staged" in line] == columns
    assert max(map(len, drawn(board, width=60))) <= 60
    assert len(drawn(board, rows=3)) == len(lines) - 17


@pytest.mark.parametrize(
    ("available", "stores", "words"),
    [
        ("MemAvailable:   27000000 kB", 457, ""),
        ("MemAvailable:   20000000 kB", 457, "take --stores 336 at most"),
        ("MemAvailable:     500000 kB", 1, "close something else first"),
        ("nothing of the kind", 457, ""),
    ],
)
def test_a_chain_that_does_not_fit_the_memory_is_refused_before_anything_starts(tmp_path, available, stores, words):
    source = tmp_path / "meminfo"
    source.write_text(f"MemTotal: 1 kB\n{available}\n")
    if not words:
        require_memory(stores, source)
        return
    with pytest.raises(NotEnoughRoom, match=words):
        require_memory(stores, source)


def test_a_run_that_would_fill_the_disk_is_refused_before_anything_starts(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=335 * 1024 * 1024))
    require_disk(tmp_path, 5, 3_000)
    with pytest.raises(NotEnoughRoom, match=rf"about 370 MiB, and {tmp_path} has 335 MiB left: name a --folder"):
        require_disk(tmp_path, 6, 3_000)


def test_the_more_stores_share_a_machine_the_longer_they_bear_silence():
    assert [heartbeat_seconds(stores) for stores in (1, 5, 50, 220, 457, 5_000)] == [5.0, 5.0, 5.0, 22.0, 45.7, 60.0]
