"""`make demo`: the whole product on this machine, a year of a real chain through it, and a check of every promise."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from deploy.demo import chaos
from deploy.demo.bench import BenchAway
from deploy.demo.chain import Chain, running_chain, store_id
from deploy.demo.dataset import Dataset, DatasetMissing, data_folder, load
from deploy.demo.folder import FolderUnusable, RunFolder
from deploy.demo.hq import HqRefused
from deploy.demo.options import Options, parse
from deploy.demo.patience import WaitedTooLong
from deploy.demo.processes import Processes, ProcessFailed
from deploy.demo.progress import Board, Progress
from deploy.demo.report import main as report
from deploy.demo.room import NotEnoughMemory, require_memory
from deploy.demo.sabotage import commit_sabotage
from deploy.demo.trade import Tally, TradeRefused
from deploy.demo.trouble import Trouble
from deploy.demo.watching import Watch
from deploy.demo.year import Year

_EXPECTED = (
    BenchAway,
    DatasetMissing,
    FolderUnusable,
    HqRefused,
    NotEnoughMemory,
    ProcessFailed,
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
    folder.create()
    dataset = load(options.stores, options.baskets, options.seed)
    require_memory(len(dataset.stores))
    weeks = len({basket.week for basket in dataset.baskets})
    board = Board(weeks=weeks, baskets=len(dataset.rung), chain=len(dataset.stores))
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # SIGHUP: its terminal was closed
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    began = asyncio.get_running_loop().time()
    work = asyncio.create_task(_serve(options, folder, dataset, board, interrupted), name="demo")
    stop = asyncio.create_task(interrupted.wait(), name="interrupt")
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done() and not board.done:
        work.cancel()
    stop.cancel()
    try:
        database_url = await work
    except asyncio.CancelledError:
        print("demo: interrupted; everything is stopped", file=sys.stderr)
        return _INTERRUPTED
    return _judge(options, folder, database_url, asyncio.get_running_loop().time() - began)


async def _serve(
    options: Options, folder: RunFolder, dataset: Dataset, board: Board, interrupted: asyncio.Event
) -> str:
    """Run the year, serve on if asked, stop everything; return the cloud's database."""
    tally = Tally()
    database_url = options.database or f"sqlite:///{folder.cloud / 'cloud.db'}"
    watch = Watch(board, tally, database_url)
    async with Processes(folder.logs, _environment()) as processes:
        with Progress(board, watch.refresh) as progress:
            showing = asyncio.create_task(progress.run(), name="progress")
            try:
                async with running_chain(options, folder, dataset, processes, progress) as chain:
                    password = await chain.cloud.let_in(_ADMIN, "admin")
                    progress.say(_welcome(folder, chain, password))
                    trouble = _trouble(options, folder, dataset, chain, database_url)
                    year = Year(options, dataset, chain, tally=tally, progress=progress, trouble=trouble)
                    await year.run()
                    await year.drain()
                    board.doing, board.done = "done", True
                    if not options.exit:
                        progress.say(f"The year is over. {chain.cloud.console_url} serves on; Ctrl-C ends everything.")
                        await interrupted.wait()
                    (folder.path / "chaos.json").write_text(json.dumps(trouble.done, indent=1) + "\n")
            finally:
                showing.cancel()
    return database_url


def _judge(options: Options, folder: RunFolder, database_url: str, seconds: float) -> int:
    """Damage what was asked for, then let the checker look at what is on the disks."""
    stores = sorted(path.name for path in (folder.path / "edges").iterdir())
    folder.write_manifest(
        {
            "data": str(data_folder()),
            "stores": options.stores,
            "baskets": options.baskets,
            "seed": options.seed,
            "cloud_url": database_url,
            "edges": {store: str(folder.edge(store) / "agent.db") for store in stores},
            "chaos": options.chaos,
            "sabotage": options.sabotage,
            "seconds": round(seconds, 1),
        }
    )
    if options.sabotage:
        commit_sabotage(options.sabotage, database_url)
    target = options.report or folder.path / "report.json"
    status = report(["--run", str(folder.path), "--report", str(target)])
    print(f"{'Every promise held' if status == 0 else 'PROMISES BROKEN'}: {target}", file=sys.stderr)
    return status


def _trouble(options: Options, folder: RunFolder, dataset: Dataset, chain: Chain, database_url: str) -> Trouble:
    postgresql = not database_url.startswith("sqlite")
    plan = chaos.plan(options.seed, len(dataset.rung), dataset.stores, postgresql=postgresql) if options.chaos else []
    return Trouble(
        plan, {store_id(store): chain.agents[store_id(store)] for store in dataset.stores}, folder.cloud, database_url
    )


def _welcome(folder: RunFolder, chain: Chain, password: str) -> str:
    shown = [one for one in chain.agents.values() if one.pages_url]
    return "\n".join(
        (
            f"Head office  {chain.cloud.console_url}  (console and API, this machine only)",
            f"Sign in      {_ADMIN}  {password}  (made for this run, written nowhere)",
            f"Stores       {chain.cloud.api_url}  (agents, HTTPS)",
            *(f"Tills        {one.pages_url}  (store {one.store})" for one in shown),
            *(
                f"Devices      {one.pages_url}tills/t1/bench  (play scanner, scale and printer of its first till)"
                for one in shown[:1]
            ),
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
