"""Pictures of items as people and programs put them: the console's pages, the API, and an agent that follows."""

from __future__ import annotations

import asyncio
import ssl
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select
from typer.testing import CliRunner

from cloud.api.auth import current_agent
from cloud.api.services import Services
from cloud.audit.models import AuditEntry
from cloud.cli import app as command
from cloud.database import Database
from cloud.fleet.models import Agent
from cloud.identity import tokens
from cloud.identity.people import Role
from cloud.pictures import keeping
from cloud.pictures.fitting import MOST_FILE_BYTES
from cloud.pictures.models import ItemPicture, Picture
from cloud.settings import CloudSettings
from cloud.web.signing_in import COOKIE
from edge_agent.disk.database import Database as EdgeDatabase
from edge_agent.hq.https import HqApi, HttpsBodies
from edge_agent.hq.identity import Identity
from edge_agent.pictures import listing
from edge_agent.pictures.keeper import Budget, PictureKeeper, Sources
from edge_agent.prices.keeper import BodyUnreachable
from shared.pictures import check_picture
from shared.pricing.price_list import Barcode
from tests.cloud.apps import api_of, console_of
from tests.cloud.boxes import served_api
from tests.cloud.calling import call
from tests.cloud.picture_files import drawn
from tests.cloud.prices_data import found_chain, item, publish_rows, report
from tests.cloud.visiting import Visitor, make_person, mark_on
from tests.factories import START_MS, DrivenMachineClock
from tests.provision.browser import Page, browsing, find_browser
from tests.provision.databases import new_sqlite

TEA = "6901234567892"
LIST = "/prices/pictures"
ITEM = f"{LIST}/of/a%20/1"


class Office:
    """A head office with its console, and tokens for programs."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        with database.session() as session:
            found_chain(session)
            publish_rows(session, [item("a /1", barcodes=[Barcode(TEA)]), item("2")])
            self.token = tokens.create(session, name="t", scopes=["prices:write"], days=9, actor="x", now_ms=START_MS)
            self.reader = tokens.create(session, name="r", scopes=["prices:read"], days=9, actor="x", now_ms=START_MS)
        make_person(database, "ana")
        make_person(database, "sue", Role.SUPPORT)
        settings = CloudSettings(data_dir=folder)
        business = SimpleNamespace(now_ms=lambda: START_MS)
        clocks = SimpleNamespace(machine=DrivenMachineClock(START_MS), business=business)
        services = cast("Services", SimpleNamespace(database=database, clocks=clocks, settings=settings))
        self.console = console_of(services, settings)
        self.api = api_of(services, settings)

    def person(self, name: str = "ana", language: str = "en") -> Visitor:
        visitor = Visitor(self.console, language)
        visitor.enter(name)
        return visitor

    @property
    def pictures(self) -> dict[str, str]:
        with self.database.snapshot() as session:
            return {row.item: row.picture for row in session.exec(select(ItemPicture))}

    def put(self, path: str, content: bytes, *, token: str = "", method: str = "PUT") -> httpx.Response:
        return call(self.api, method, f"/api/v1/pictures/{path}", token=token or self.token, content=content)


@pytest.fixture
def office(sqlite_database: Database, tmp_path: Path) -> Office:
    return Office(sqlite_database, tmp_path)


def upload(visitor: Visitor, which: str, content: bytes, *, mark: str | None = None) -> httpx.Response:
    """Send the form with a file, as a browser does."""
    mark = mark_on(visitor.get(LIST)) if mark is None else mark
    form = httpx.Request("POST", "http://x", data={"mark": mark, "item": which}, files={"file": ("p.png", content)})
    return visitor.ask("POST", LIST, form.read(), **{"Content-Type": form.headers["Content-Type"]})


def test_a_picture_is_seen_before_it_is_used_and_can_be_taken_away(office: Office) -> None:
    ana = office.person()
    assert "No item has a picture yet" in ana.get(LIST).text
    tried = upload(ana, TEA, drawn())
    place = tried.headers["location"]
    assert place.startswith(f"{ITEM}?new=")
    assert office.pictures == {}, "nobody has seen it yet"
    page = ana.get(place).text
    assert "Item a /1 (a /1): is this the picture?" in page
    name = place.split("new=")[1]
    shown = ana.get(f"{LIST}/{name}.webp")
    check_picture(shown.content, name)
    assert (shown.headers["content-type"], "immutable" in shown.headers["cache-control"]) == ("image/webp", True)
    used = ana.send(f"{LIST}/use", {"item": "a /1", "picture": name, "reason": "new pack"})
    assert used.headers["location"] == ITEM
    assert office.pictures == {"a /1": name}
    assert "Now on displays" in ana.get(ITEM).text
    assert f"{LIST}/{name}.webp" in ana.get(LIST).text
    with office.database.session() as session:
        newest = keeping.reference(session)
        report(session, "s1-a", body_hashes={"pictures/chain": newest.hash if newest else ""})
        report(session, "s2-a", body_hashes={"pictures/chain": "ab" * 32})
    assert "1 of 2 stores follow the newest list." in ana.get(LIST).text
    assert f"{LIST}/{name}.webp" in ana.get(f"{LIST}?item=a").text
    assert "Nothing fits this filter." in ana.get(f"{LIST}?item=b").text
    assert ana.send(f"{LIST}/remove", {"item": "a /1", "reason": "old pack"}).headers["location"] == ITEM
    assert office.pictures == {}
    assert "has no picture" in ana.get(ITEM).text
    with office.database.snapshot() as session:
        every = session.exec(select(AuditEntry)).all()
        acts = [(one.action, one.actor, one.reason) for one in every if one.action.startswith("picture.")]
    assert acts == [("picture.use", "person:ana", "new pack"), ("picture.remove", "person:ana", "old pack")]


@pytest.mark.parametrize(
    ("which", "content", "words"),
    [
        ("77", drawn(), "no item has the number or barcode 77"),
        ("2", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PNG, JPEG or WebP, please"),
        ("2", b"", "the file is empty"),
        ("2", bytes(MOST_FILE_BYTES + 200_000), "takes at most"),
    ],
)
def test_a_bad_file_is_refused_in_words(office: Office, which: str, content: bytes, words: str) -> None:
    assert words in upload(office.person(), which, content).text
    with office.database.snapshot() as session:
        assert list(session.exec(select(Picture.hash))) == []


def test_only_who_may_publish_changes_pictures(office: Office) -> None:
    sue = office.person("sue")
    assert "Show me" not in sue.get(LIST).text
    assert upload(sue, "2", drawn(), mark="0" * 64).status_code == 403
    ana = office.person()
    assert upload(ana, "2", drawn(), mark="0" * 64).status_code == 403
    gone = ana.send(f"{LIST}/use", {"item": "2", "picture": "ab" * 32})
    assert "This was not done" in gone.text
    assert office.pictures == {}


def test_programs_put_one_or_an_archive(office: Office) -> None:
    assert office.put("items/2", drawn(), token=office.reader).status_code == 403
    tried = office.put("items/2?dry_run=true", drawn()).json()
    assert (tried["set_ms"], office.pictures) == (None, {})
    assert office.put("items/2", drawn()).json()["picture"] == tried["picture"]
    found = call(office.api, "GET", "/api/v1/pictures/items/2", token=office.reader).json()
    assert found == {"item": "2", "picture": tried["picture"], "set_by": "token:t", "set_ms": START_MS}
    assert office.put("items/9", drawn()).status_code == 422
    assert office.put("items/2", b"GIF89a").status_code == 422
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(f"{TEA}.png", drawn(colour=(0, 0, 9)))
        archive.writestr("x/nobody.png", drawn())
    refused = office.put("load?dry_run=false", out.getvalue(), method="POST")
    assert refused.status_code == 422
    assert refused.json()["problems"] == [
        {"file": "x/nobody.png", "problem": "no item has the number or barcode nobody"}
    ]
    assert set(office.pictures) == {"2"}
    assert office.put("load?dry_run=false&skip_bad=true", out.getvalue(), method="POST").json()["changed"] == 1
    assert set(office.pictures) == {"2", "a /1"}
    assert call(office.api, "DELETE", "/api/v1/pictures/items/2", token=office.token).status_code == 204
    assert call(office.api, "GET", "/api/v1/pictures/items/2", token=office.reader).status_code == 404


async def test_an_agent_follows_over_the_api_on_and_off_line(office: Office, tmp_path: Path) -> None:
    office.api.dependency_overrides[current_agent] = lambda: Agent(id="s1-a")
    async with EdgeDatabase.opened(tmp_path / "agent.db", ballast_bytes=4096) as disk, follower(office.api) as api:
        at_rest = asyncio.Event()
        at_rest.set()
        files = HttpsBodies(api)
        keeper = PictureKeeper(
            disk, Sources(files, files, at_rest), DrivenMachineClock(), directory=tmp_path / "p",
            downloads=tmp_path / "d", budget=Budget(10**8, 10**9, 0), arrived=lambda: None,
            changed=lambda: None, random=lambda: 0.5,
        )  # fmt: skip

        async def follow() -> None:
            with office.database.snapshot() as session:
                wanted = keeping.reference(session)
            await disk.run(lambda db: listing.want(db, wanted))
            assert await keeper.settle()

        tea = drawn()
        await asyncio.to_thread(office.put, "items/a%20%2F1", tea)
        await follow()
        first = await keeper.of("a /1")
        assert await keeper.content(first) is not None
        await asyncio.to_thread(office.put, "items/2", tea)
        await asyncio.to_thread(office.put, "items/a%20%2F1", drawn(colour=(9, 90, 9)))
        await follow()
        assert (await keeper.of("2"), await keeper.of("a /1") not in {"", first}) == (first, True)
        with office.database.session() as session:
            keeping.remove(session, "2", actor="x", now_ms=START_MS)
            there = keeping.reference(session)
        await disk.run(lambda db: listing.want(db, there))
        api._http = httpx.AsyncClient(transport=httpx.MockTransport(_away), base_url="https://hq")
        with pytest.raises(BodyUnreachable):
            await keeper.settle()
        assert await keeper.of("2") == first, "offline the pictures that are here go on being shown"


@asynccontextmanager
async def follower(app: FastAPI) -> AsyncIterator[HqApi]:
    """HQ's API as an agent calls it, without a network between."""
    who = cast("Identity", SimpleNamespace(enrolment=SimpleNamespace(api="https://hq"), token=lambda _ms: "t"))
    async with HqApi(lambda: who, ssl.create_default_context, DrivenMachineClock()) as api:
        api._http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://hq")
        yield api


def _away(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("no route to host")


def test_the_command_loads_a_folder_and_names_every_bad_file(tmp_path: Path) -> None:
    folder, data = tmp_path / "pictures", tmp_path / "data"
    data.mkdir()
    database = new_sqlite(data / "cloud.db")
    with database.session() as session:
        found_chain(session)
        publish_rows(session, [item("1", barcodes=[Barcode(TEA)]), item("2")])
    database.close()
    folder.mkdir()
    (folder / f"{TEA}.png").write_bytes(drawn())
    (folder / "2.jpg").write_bytes(b"no picture")
    (folder / "README.txt").write_bytes(b"hello")

    def said(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(command, ["--data-dir", str(data), "pictures", *arguments])
        return done.exit_code, done.output

    code, output = said("load", str(folder), "--dry-run")
    assert code == 1
    for line in (
        "2.jpg: this is no picture we can show",
        "README.txt: its name does not end",
        "2 bad files; 1 are good",
    ):
        assert line in output
    assert said("load", str(folder))[0] == 1
    assert "1 pictures taken, 1 items changed" in said("load", str(folder), "--skip-bad")[1]
    assert said("remove", "1") == (0, "Removed.\n")
    assert said("remove", "1") == (1, "storewire-cloud: item '1' has no picture\n")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as made:
        yield made


def test_everybody_reads_the_pages_of_pictures(office: Office, page: Page) -> None:
    ana = office.person()
    office.put("items/a%20%2F1", drawn(size=(300, 900)))
    place = upload(ana, "a /1", drawn(size=(900, 300))).headers["location"]
    with served_api(office.console) as client:
        page.load(f"{client.base_url}/sign-in")
        cookie = {"name": COOKIE, "value": ana.session, "url": str(client.base_url)}
        page.call("Network.setCookie", **cookie)
        page.errors.clear()
        for language in ("en", "zh"):
            for path in (LIST, place):
                page.resize(1440, 900)
                page.load(f"{client.base_url}{path}", language)
                assert page.accessibility_faults() == [], (path, language)
                assert page.evaluate("[...document.images].every(one => one.naturalWidth > 0)")
                page.resize(390, 844)
                assert page.evaluate("document.documentElement.scrollWidth") <= 390, (path, language)
        assert page.errors == []
        page.load("about:blank")
