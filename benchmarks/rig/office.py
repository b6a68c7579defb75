"""A head office for one benchmark: keys, stores, members, rules, a broker and ingest as processes of their own."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlmodel import col, func, select

from benchmarks.rig.processes import Process, started, until
from benchmarks.rig.real_sales import member_id
from cloud.clock import SystemMachineClock
from cloud.database import Database, bulk
from cloud.deployment import ports
from cloud.deployment.opening import open_database
from cloud.fleet import claims, enrolment
from cloud.identity import ca, keys
from cloud.ingest.models import ShardLease
from cloud.loyalty import rules
from cloud.members.models import Member
from cloud.org import stores
from cloud.org.models import Store
from cloud.privacy import Vault
from cloud.process import setup
from cloud.settings import CloudSettings
from deploy.demo.schedule import ZONE_NAME
from edge_agent.hq import identity
from edge_agent.hq.identity import Enrolment
from shared.ids import UuidMint
from shared.loyalty import EarningRule, Tier, TierRule

CLOCK = SystemMachineClock()
HOUSEHOLDS = 2_500
_SHARDS = 256


@dataclass(frozen=True, slots=True)
class Office:
    """A deployment in a folder, and its database."""

    settings: CloudSettings
    database: Database
    authority: ca.Authority
    ring: keys.Keys

    def add_stores(self, names: Sequence[str], *, own_zones: bool = False) -> None:
        """Add stores with one till each; the price zone of all is `z1`, or each one's is its own."""
        with self.database.session() as session:
            for name in names:
                zone = name if own_zones else "z1"
                store = Store(id=name, name=name, time_zone=ZONE_NAME, currency="USD", locale="en", price_zone=zone)
                stores.add_store(session, store, actor="benchmark", now_ms=CLOCK.wall_ms())
                stores.add_till(session, name, "t1", number=1, actor="benchmark", now_ms=CLOCK.wall_ms())

    def add_members(self) -> None:
        """Add every household of the data set as a member, and the rules by which they earn."""
        columns = ("id", "status", "masked_name", "source", "signup_cashier", "language", "created_ms")
        rows = [(member_id(number), "active", "M*", "import", "", "en", 0) for number in range(1, HOUSEHOLDS)]
        tiers = [Tier(code=code, names={"en": code}, from_minor=minor) for code, minor in _TIERS]
        with self.database.session() as session:
            bulk.insert_tuples(session, Member, columns, rows)
            earning = EarningRule(version=1, valid_from=date(2016, 1, 1))
            rules.publish_earning(session, earning, author="benchmark", at_ms=0)
            rules.publish_tier(session, TierRule(version=1, tiers=tiers), author="benchmark", at_ms=0)

    def enrol(self, agent: str, store: str, state_dir: Path) -> None:
        """Make a folder the state of an enrolled agent, as the HTTP enrolment would."""
        now_ms = CLOCK.wall_ms()
        key = identity.make_key(state_dir)
        places = ports.resolve(self.settings)
        with self.database.session() as session:
            code = claims.create(
                session, store=store, agent=agent, fingerprint=self.authority.fingerprint, actor="benchmark",
                now_ms=now_ms, valid_hours=1,
            )  # fmt: skip
            enrolled = enrolment.enrol(
                session,
                self.authority,
                Vault(self.ring),
                code=code,
                csr=identity.request_for(key),
                now_ms=now_ms,
                days=90,
            )
            answer = Enrolment(
                agent=agent,
                store=store,
                certificate=enrolled.certificate.pem,
                ca=self.authority.chain,
                brokers=list(places.broker_urls),
                api=places.api_url,
                signing_keys=self.ring.signing_public(),
                sealing_key=self.ring.sealing_public(),
                card_key=enrolled.card_key,
            )
        identity.keep(state_dir, answer, key)

    @contextmanager
    def broker(self) -> Iterator[Process]:
        """Run the broker and its keeper until the block ends."""
        with started("broker", self._command("broker"), self.settings.data_dir) as process:
            port = ports.resolve(self.settings).broker_port
            until(lambda: _answers(port), "the broker", process)
            yield process

    @contextmanager
    def ingest(self, workers: int = 1) -> Iterator[list[Process]]:
        """Run ingest workers until the block ends; they have shared out every shard when this yields."""
        with ExitStack() as stack:
            processes = [
                stack.enter_context(started(f"ingest-{number}", self._command("ingest"), self.settings.data_dir))
                for number in range(1, workers + 1)
            ]
            until(lambda: self._shards_shared(workers), "ingest to hold its shards", processes[0])
            yield processes

    def api(self) -> Process:
        """Return the API process, not started."""
        return Process("api", self._command("api"), self.settings.data_dir)

    def _command(self, name: str) -> list[str]:
        return ["-m", "cloud", "--config", str(self.settings.data_dir / "cloud.toml"), name]

    def _shards_shared(self, workers: int) -> bool:
        with self.database.snapshot() as session:
            held = select(func.count()).where(col(ShardLease.owner).is_not(None)).group_by(col(ShardLease.owner))
            counts = session.exec(held).all()
        return sum(counts) == _SHARDS and len(counts) == workers and max(counts) - min(counts) <= workers


_TIERS = (("silver", 50_000), ("gold", 150_000))
mint = UuidMint(CLOCK.wall_ms, os.urandom)


@contextmanager
def office(folder: Path, database_url: str) -> Iterator[Office]:
    """Make a deployment in an empty folder with an empty database, and close it in the end."""
    settings = CloudSettings(
        data_dir=folder, database_url=database_url, api_port=0, console_port=0, broker_port=0, log_level="warning"
    )
    setup.init(settings)
    facts = {"data_dir": folder, "database_url": database_url, "log_level": "warning"}
    lines = [f'{name} = "{value}"' for name, value in facts.items()]
    lines += [f"{name} = 0" for name in ("api_port", "console_port", "broker_port")]
    (folder / "cloud.toml").write_text("\n".join(lines), encoding="utf-8")
    database = open_database(settings)
    try:
        yield Office(settings, database, ca.load(settings.keys_dir), keys.load(settings.keys_dir))
    finally:
        database.close()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        threading.Event().wait(0.05)
        return False
    return True
