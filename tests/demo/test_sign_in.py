"""The demo's sign-in: an admin whose password is made for the run, works, and stands in no file."""

from __future__ import annotations

import asyncio
from pathlib import Path

from cloud.database import Database
from cloud.identity import people, sessions
from cloud.identity.people import Role
from deploy.demo.cloud import Cloud
from deploy.demo.folder import RunFolder
from deploy.demo.processes import Processes
from tests.factories import START_MS


def test_whoever_starts_the_demo_can_sign_in_and_nobody_else(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create()

    async def let_in() -> tuple[str, str]:
        async with Processes(folder.logs, {}) as processes:
            cloud = Cloud(processes, folder, "")
            await cloud.found(START_MS)
            return cloud.database_url, await cloud.let_in("admin", "admin")

    url, password = asyncio.run(let_in())
    database = Database(url)
    try:
        with database.session() as session:
            token = sessions.sign_in(session, "admin", password, START_MS)
            who = sessions.signed(session, token, START_MS)
            assert who is not None
            assert (who.role, who.must_change) == (Role.ADMIN, False)
            assert [person.name for person in people.everybody(session)] == ["admin"]
    finally:
        database.close()
    holding = [path for path in folder.path.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
    assert holding == []
