"""`make demo`: the whole product on this machine, a year of a real chain through it, and a check of every promise."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from deploy.demo import chaos, members
from deploy.demo.afterwards import Doors, RunningTime, devices_page, invitation, members_page
from deploy.demo.bench import BenchAway
from deploy.demo.chain import Chain, running_chain, store_id
from deploy.demo.dataset import Dataset, DatasetMissing, load
from deploy.demo.folder import FolderUnusable, RunFolder
from deploy.demo.hq import HqRefused
from deploy.demo.judge import Judge, ReportUnwritable
from deploy.demo.options import Options, parse
from deploy.demo.patience import WaitedTooLong
from deploy.demo.presents import give_presents
from deploy.demo.processes import Processes, ProcessFailed
from deploy.demo.progress import Board, Progress
from deploy.demo.room import NotEnoughRoom, require_disk, require_memory
from deploy.demo.telephones import Telephones
from deploy.demo.trade import Tally, TradeRefused
from deploy.demo.trouble import Trouble
from deploy.demo.watching import Watch
from deploy.demo.year import Year

_EXPECTED = (
    BenchAway,
    DatasetMissing,
    FolderUnusable,
    HqRefused,
    NotEnoughRoom,
    ProcessFailed,
    ReportUnwritable,
    TradeRefused,
    WaitedTooLong,
)
_INTERRUPTED = 130
_ADMIN = "admin"


def main(arguments: list[str] | None = None) -> int:
    """Run the demo and return the exit status: 0 only if it ended well and every promise held."""
    options = parse(arguments)
    try:
        return asyncio.run(_run(options))
    except* _EXPECTED as problems:
        for problem in _leaves(problems):
            print(f"demo: {problem}", file=sys.stderr)
    return 1


async def _run(options: Options) -> int:
    folder = RunFolder((options.folder or _new_folder()).absolute())
    judge = Judge(options, folder)
    judge.require_a_place_for_the_report()
    folder.create()
    dataset = load(options.stores, options.baskets, options.seed)
    require_memory(len(dataset.stores))
    require_disk(folder.path, len(dataset.stores), len(dataset.rung))
    weeks = len({basket.week for basket in dataset.baskets})
    board = Board(weeks=weeks, baskets=len(dataset.rung), chain=len(dataset.stores))
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # SIGHUP: its terminal was closed
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    work = asyncio.create_task(_serve(folder, dataset, board, judge, interrupted), name="demo")
    stop = asyncio.create_task(interrupted.wait(), name="interrupt")
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done() and not board.done:
        work.cancel()
    stop.cancel()
    try:
        await work
    except asyncio.CancelledError:
        print("demo: interrupted; everything is stopped", file=sys.stderr)
        return _INTERRUPTED
    return judge.status if judge.status is not None else judge.examine()


async def _serve(folder: RunFolder, dataset: Dataset, board: Board, judge: Judge, interrupted: asyncio.Event) -> None:
    """Run the year and stop everything; where it serves on, the year is judged before anybody is invited."""
    options, tally = judge.options, Tally()
    watch = Watch(board, tally, judge.database_url)
    async with Processes(folder.logs, _environment()) as processes:
        with Progress(board, watch.refresh) as progress:
            beside = [asyncio.create_task(progress.run(), name="progress")]
            try:
                async with running_chain(options, folder, dataset, processes, progress) as chain:
                    household = members.regular(dataset.rung, dataset.campaigns.households, options.seed)
                    doors = Doors(_ADMIN, await chain.cloud.let_in(_ADMIN, "admin"), household)
                    progress.say(_welcome(folder, chain, doors))
                    beside.append(asyncio.create_task(Telephones(chain.cloud.messages, progress.say).ring()))
                    trouble = _trouble(options, folder, dataset, chain, judge.database_url)
                    year = Year(options, dataset, chain, tally=tally, progress=progress, trouble=trouble)
                    await year.run()
                    await year.drain()
                    (folder.path / "chaos.json").write_text(json.dumps(trouble.done, indent=1) + "\n")
                    if options.exit:
                        board.doing, board.done = "done", True
                    else:
                        await _judge_and_serve_on(year, judge, doors, interrupted)
            finally:
                for task in beside:
                    task.cancel()


async def _judge_and_serve_on(year: Year, judge: Judge, doors: Doors, interrupted: asyncio.Event) -> None:
    """Judge the year as it stands, then let people trade by hand for as long as they like."""
    chain, progress = year.chain, year.progress
    progress.board.doing = "checking the year"
    status = await asyncio.to_thread(judge.examine)
    time = RunningTime(chain, year.ends_ms)
    await time.agree()
    progress.board.doing = "giving presents"
    await give_presents(chain.hq, doors.household, chain.agents, time.now_ms())
    progress.board.doing, progress.board.done = "done", True
    judge.serves_on()
    tills = judge.options.tills
    progress.say(invitation(chain, doors, tills=tills, kept=status == 0))
    await time.keep(interrupted)


def _trouble(options: Options, folder: RunFolder, dataset: Dataset, chain: Chain, database_url: str) -> Trouble:
    postgresql = not database_url.startswith("sqlite")
    plan = chaos.plan(options.seed, len(dataset.rung), dataset.stores, postgresql=postgresql) if options.chaos else []
    return Trouble(
        plan, {store_id(store): chain.agents[store_id(store)] for store in dataset.stores}, folder.cloud, database_url
    )


def _welcome(folder: RunFolder, chain: Chain, doors: Doors) -> str:
    shown = [one for one in chain.agents.values() if one.pages_url]
    return "\n".join(
        (
            f"Head office  {chain.cloud.console_url}  (console and API, this machine only)",
            f"Sign in      {doors.admin}  {doors.password}  (made for this run, written nowhere)",
            *members_page(chain, doors),
            f"Stores       {chain.cloud.api_url}  (agents, HTTPS)",
            *(f"Tills        {one.pages_url}  (store {one.store})" for one in shown),
            *devices_page(chain),
            "Until the year is over only look on: the check counts every sale, by whomever.",
            f"Folder       {folder.path}",
        )
    )


def _new_folder() -> Path:
    return Path("var/demo") / datetime.now(UTC).strftime("%Y%m%d-%H%M%S")


def _environment() -> dict[str, str]:
    """The product's processes read their settings from the run's own files alone."""
    return {name: value for name, value in os.environ.items() if not name.startswith("STOREWIRE_")}


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    return [
        leaf for one in group.exceptions for leaf in (_leaves(one) if isinstance(one, BaseExceptionGroup) else [one])
    ]


if __name__ == "__main__":
    sys.exit(main())
