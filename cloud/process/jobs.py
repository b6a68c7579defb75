"""The jobs process: what follows the books at its own pace and never holds up a sale."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence

import structlog

from cloud.channels.choosing import channels_of
from cloud.channels.sending import Sender
from cloud.database import Database
from cloud.database.transience import is_transient
from cloud.deployment.clocks import clocks_of
from cloud.deployment.opening import open_database, open_vault
from cloud.fleet import device_tokens
from cloud.ledger.proving import Proving
from cloud.ledger.seal import seal_pending
from cloud.loyalty.club_keeping import ReferralKeeping
from cloud.loyalty.gift_keeping import GiftKeeping
from cloud.loyalty.trial_running import TrialRunning
from cloud.member_import.working import Uploading
from cloud.member_page.codes import CodeMaker
from cloud.member_page.notices import NoticeTaker
from cloud.members.caring import Caring
from cloud.members.home_days import HomeDays
from cloud.members.sets import refresh
from cloud.prices.books import StoreBooks
from cloud.pricing_audit.auditing import audit_pending
from cloud.privacy import Vault
from cloud.promotions.budget_keeping import BudgetKeeping
from cloud.promotions.ending import Ending
from cloud.promotions.previewing import Previewing
from cloud.rewards.counting import COUNTS
from cloud.rewards.keeping import RewardsKeeping
from cloud.settings import CloudSettings
from cloud.value import owed_report
from cloud.value.keeping import ValueKeeping
from shared.clock import MachineClock
from shared.ids import UuidMint

_IDLE_S = 1.0
_HOUSEKEEPING_S = 60.0
_LAST_PROOF_S = 5.0
"""How long a proof may still take when the process is to end; one that is cut short has changed nothing."""

Job = Callable[[], bool]
"""Does one piece of work in transactions of its own; tells whether there may be more at once."""

log = structlog.get_logger()


def run_jobs(jobs: Sequence[tuple[str, Job]], stopping: threading.Event) -> None:
    """Run jobs in turn until stopped; one that fails waits for the next round and harms no other."""
    while not stopping.is_set():
        busy = False
        for name, job in jobs:
            try:
                busy |= job()
            except Exception as error:
                passing = is_transient(error)
                log.warning("job waits", job=name, reason=type(error).__name__, exc_info=None if passing else error)
        if not busy:
            stopping.wait(_IDLE_S)


def build_jobs(settings: CloudSettings, database: Database) -> list[tuple[str, Job]]:
    """Return every job, the ones that agents wait for first."""
    clocks = clocks_of(settings)

    def refresh_member_sets() -> bool:
        today = HomeDays(clocks.business.now_ms())
        with database.session() as session:
            return refresh(session, today=today, now_ms=clocks.machine.wall_ms()).notes > 0

    def seal_ledger() -> bool:
        with database.session() as session:
            return seal_pending(session, clocks.machine.wall_ms()) > 0

    return [
        ("member sets", refresh_member_sets),
        ("ledger seal", seal_ledger),
        ("members", Caring(database, clocks)),
        (
            "value",
            ValueKeeping(database, clocks.business, clocks.machine, UuidMint(clocks.machine.wall_ms, os.urandom)),
        ),
        (
            "budgets",
            BudgetKeeping(database, clocks.business, clocks.machine, UuidMint(clocks.machine.wall_ms, os.urandom)),
        ),
        ("housekeeping", Housekeeping(database, clocks.machine)),
    ]


def audit_job(settings: CloudSettings, database: Database) -> Job:
    """Return the job that prices sales again."""
    books, clock = StoreBooks(), clocks_of(settings).machine

    def audit_prices() -> bool:
        return audit_pending(database, books, clock.wall_ms()).commits > 0

    return audit_prices


def message_jobs(
    settings: CloudSettings, database: Database, vault: Vault, clock: MachineClock
) -> list[tuple[str, Job]]:
    """Return what makes and sends messages to members."""
    channels = channels_of(settings.channels, settings.messages_dir, clock)
    page = settings.member_page
    return [
        ("sign-in codes", CodeMaker(database, vault, clock, page.code_minutes, strangers=page.strangers)),
        ("notices", NoticeTaker(database, vault, clock)),
        ("messages", Sender(database, vault, clock, channels)),
    ]


class Housekeeping:
    """Forgets what has expired."""

    def __init__(self, database: Database, clock: MachineClock) -> None:
        self._database = database
        self._clock = clock
        self._next = 0.0

    def __call__(self) -> bool:
        """Clean up once a minute."""
        if self._clock.monotonic() >= self._next:
            self._next = self._clock.monotonic() + _HOUSEKEEPING_S
            with self._database.session() as session:
                device_tokens.forget_expired(session, self._clock.wall_ms())
        return False


def work_of(settings: CloudSettings, database: Database) -> list[list[tuple[str, Job]]]:
    """Return all the jobs in lines: what stands in one line takes turns, no line waits for another.

    The first line is what agents wait for: a balance that changed is to be seen in every other store within seconds.
    """
    clocks, vault = clocks_of(settings), open_vault(settings)
    machine, mint = clocks.machine, UuidMint(clocks.machine.wall_ms, os.urandom)
    return [
        build_jobs(settings, database),
        # A proof reads the whole ledger: nobody's points may wait for it.
        [("ledger proof", Proving(database, machine, clocks.business, (owed_report.beside_proof,), COUNTS))],
        # Nor for prices: a backlog of a day's sales takes minutes.
        [("price audit", audit_job(settings, database))],
        # Providers answer when they like: no member set waits for one either.
        message_jobs(settings, database, vault, machine),
        # A try of a promotion prices weeks of sales.
        [
            ("promotion previews", Previewing(database, machine, UuidMint(machine.wall_ms, os.urandom)())),
            ("tier trials", TrialRunning(database, machine)),
            ("promotions gone", Ending(database, clocks.business, machine)),
        ],
        # A run gives or takes points of the whole chain.
        [
            ("rewards", RewardsKeeping(database, clocks.business, machine, mint, vault)),
            ("referrals", ReferralKeeping(database, clocks.business, machine)),
            ("tier gifts", GiftKeeping(database, clocks.business, machine, vault)),
        ],
        # A file of members takes minutes.
        [("member uploads", Uploading(database, vault, machine, mint))],
    ]


def run_lines(lines: Sequence[Sequence[tuple[str, Job]]], stopping: threading.Event) -> None:
    """Run each line in a thread of its own until stopped."""
    beside = [
        threading.Thread(target=run_jobs, args=(jobs, stopping), name=jobs[0][0], daemon=True) for jobs in lines[1:]
    ]
    for thread in beside:
        thread.start()
    run_jobs(lines[0], stopping)
    for thread in beside:
        thread.join(timeout=_LAST_PROOF_S)


def main(settings: CloudSettings) -> None:
    """Run the jobs process until SIGTERM."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    database = open_database(settings)
    log.info("jobs start", pid=os.getpid())
    run_lines(work_of(settings, database), stopping)
    database.close()
