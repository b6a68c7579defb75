"""Finding one of a million members by card and by phone, by blind index, on PostgreSQL; and taking a base over.

The comparison, in the same run and on the same connection: a bare select by primary key. Each look-up hashes what was
typed, as the product does. The base that is taken over goes the whole way: read, checked, encrypted, posted, signed.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel import Session

from benchmarks.rig import databases
from benchmarks.rig.figures import latency, now, report
from benchmarks.rig.office import CLOCK, office
from cloud.database import Database, bulk
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.member_import import signing
from cloud.member_import.importing import SOURCE, Importer
from cloud.member_import.loading import Loader
from cloud.members import cards, enrolling, lookup_keys
from cloud.members.models import ACTIVE, Card, Member
from cloud.privacy import Vault, normal
from shared.ids import UuidMint

BUDGET = "p99 by card or phone within twice that of a bare select by primary key; 100,000 members taken over in minutes"
_AT_ONCE = 20_000
_MEMBER = ("id", "status", "masked_name", "source", "signup_cashier", "language", "created_ms")
_CARD = ("id", "blind_index", "number", "masked", "member_id", "status", "first_seen_ms", "attached_ms")


def card_of(n: int) -> str:
    """Return the n-th member's card number."""
    return f"88{n:014}"


def phone_of(n: int) -> str:
    """Return the n-th member's phone number."""
    return f"+8613{n:09}"


def fill(database: Database, vault: Vault, mint: UuidMint, count: int) -> list[UUID]:
    """Make so many members with a card and a phone each, encrypted as they always are."""
    ids = []
    for start in range(0, count, _AT_ONCE):
        with database.session() as session:
            ids += _part(session, vault, mint, range(start, min(start + _AT_ONCE, count)))
    with database.session() as session:
        session.execute(text("ANALYZE"))
    return ids


def _part(session: Session, vault: Vault, mint: UuidMint, numbers: range) -> list[UUID]:
    at_ms = CLOCK.wall_ms()
    ids = [mint() for _ in numbers]
    bulk.insert_tuples(session, Member, _MEMBER, [(one, ACTIVE, "", SOURCE, "", "", at_ms) for one in ids])
    fields, rows = [], []
    keys: list[tuple[str, bytes, UUID]] = []
    for n, member in zip(numbers, ids, strict=True):
        phone, number, card = phone_of(n), card_of(n), mint()
        fields.append(enrolling.field_row(vault, member, "phone", phone, source=SOURCE, now_ms=at_ms))
        keys += lookup_keys.keys_of(vault, member, {"phone": phone})
        sealed, index = vault.encrypt(number, cards.number_context(card)), vault.blind_index(cards.CARD, number)
        rows.append((card, index, sealed, normal.masked_card(number), member, ACTIVE, at_ms, at_ms))
    enrolling.insert_fields(session, fields)
    lookup_keys.insert(session, keys)
    bulk.insert_tuples(session, Card, _CARD, rows)
    return ids


def look_up(database: Database, vault: Vault, ids: list[UUID], count: int) -> dict[str, object]:
    """Time look-ups of members at random, each kind in turn so that all meet the same moment."""
    member, chance = table_of(Member), Random(7)
    taken: dict[str, list[float]] = {"bare_primary_key": [], "by_card": [], "by_phone": [], "by_phone_tail_of_50": []}
    with database.session() as session:
        for _ in range(count):
            n = chance.randrange(len(ids))
            kinds: dict[str, Callable[[], object]] = {
                "bare_primary_key": lambda n=n: session.execute(  # type: ignore[misc]
                    select(member.c.id).where(member.c.id == ids[n])
                ).scalar_one(),
                "by_card": lambda n=n: cards.find(session, vault, card_of(n)),  # type: ignore[misc]
                "by_phone": lambda n=n: enrolling.find_by_phone(session, vault, phone_of(n)),  # type: ignore[misc]
                "by_phone_tail_of_50": lambda n=n: lookup_keys.members_by(  # type: ignore[misc]
                    session,
                    lookup_keys.PHONE_TAIL,
                    vault.blind_index(lookup_keys.PHONE_TAIL, phone_of(n)[-4:]),
                    50,
                ),
            }
            for name, act in kinds.items():
                began = now()
                found = act()
                taken[name].append(now() - began)
                if not found:
                    raise SystemExit(f"{name} found nobody")
    return {name: latency(seconds) for name, seconds in taken.items()}


def take_over(database: Database, vault: Vault, mint: UuidMint, count: int) -> dict[str, object]:
    """Take a base over: check and load it, then sign it."""
    lines = ["reference,name,phone,cards,points_lots"]
    lines += [f"r{n},Member {n},+8615{n:09},77{n:014},{n % 900 + 1}@2030-12-31;10" for n in range(count)]
    content = "\n".join(lines).encode()
    importer = Importer(vault, mint, CLOCK.wall_ms(), open_commit)
    began = now()
    done = Loader(database, importer, "person:one").load(content, "base.csv")
    loaded = now() - began
    if done.opening is None:
        raise SystemExit(f"the file is wrong: {done.file.problems[:3]}")
    began = now()
    with database.session() as session:
        commit_no = open_commit(session, CLOCK.wall_ms())
        signing.sign(session, done.opening, actor="person:two", commit_no=commit_no, now_ms=CLOCK.wall_ms())
    return {"members": count, "check_and_load_s": round(loaded, 1), "sign_s": round(now() - began, 1)}


def _parts(arguments: argparse.Namespace) -> Iterator[tuple[str, object]]:
    with ExitStack() as stack:
        server = stack.enter_context(databases.server(arguments.database))
        url = stack.enter_context(server.database("members"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        head = stack.enter_context(office(folder, url))
        vault, mint = Vault(head.ring), UuidMint(CLOCK.wall_ms, os.urandom)
        began = now()
        ids = fill(head.database, vault, mint, arguments.members)
        yield "members", len(ids)
        yield "fill_s", round(now() - began, 1)
        yield "look_ups", look_up(head.database, vault, ids, arguments.look_ups)
        yield "base_taken_over", take_over(head.database, vault, mint, arguments.base)
        yield "postgresql", server.settings()


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--look-ups", type=int, default=5_000)
    parser.add_argument("--base", type=int, default=100_000)
    databases.add_option(parser)
    report("member_lookup", BUDGET, **dict(_parts(parser.parse_args())))


if __name__ == "__main__":
    main()
