"""A folder or archive of pictures at once: each file named by the item's number or a barcode of it.

All of them, or nothing if a single one is bad, unless it is asked for the good ones alone. Trying it tells the same
without keeping anything.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from sqlmodel import Session

from cloud.database import Database
from cloud.errors import Invalid
from cloud.pictures import keeping
from cloud.pictures.finding import items_meant
from cloud.pictures.fitting import MOST_FILE_BYTES, SUFFIXES, TOO_LARGE, fit
from shared.web.phrases import Phrase

MOST_ARCHIVE_BYTES = 64 * 1024**2
MOST_FILES = 50_000
_AT_ONCE = 100
"""Pictures that stand in memory and are kept in one transaction."""
_NOT_MEANT = ("thumbs.db", "desktop.ini")


@dataclass(frozen=True, slots=True)
class File:
    """A file of the folder: its name as people see it, and how to read it (raises Invalid)."""

    name: str
    read: Callable[[], bytes]

    @property
    def meant(self) -> str:
        """What its name says which item it shows."""
        return PurePosixPath(self.name).stem.strip()


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that cannot be taken, and why."""

    file: str
    words: Phrase


@dataclass(slots=True)
class Loaded:
    """What became of a folder: how many pictures it has for items, how many of these change one, what is bad."""

    pictures: int = 0
    changed: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Tell whether every file could be taken."""
        return not self.problems


def load(
    database: Database,
    files: Iterable[File],
    *,
    actor: str,
    now_ms: Callable[[], int],
    dry_run: bool,
    skip_bad: bool = False,
    reason: str = "",
) -> Loaded:
    """Read, fit and keep pictures, some at a time, and at last give them to their items in one transaction."""
    listed = sorted(files, key=lambda one: one.name)
    if len(listed) > MOST_FILES:
        raise Invalid(Phrase("these are more than {most} files: load them in parts", most=MOST_FILES))
    done = Loaded()
    with database.snapshot() as session:
        meant = _meant(session, listed, done)
    wanted: dict[str, str] = {}
    for start in range(0, len(meant), _AT_ONCE):
        some = meant[start : start + _AT_ONCE]
        fitted = [(item, content) for file, item in some if (content := _fitted(file, done)) is not None]
        done.pictures += len(fitted)
        if fitted and not dry_run:
            with database.session() as session:
                names = keeping.keep(session, [content for _, content in fitted], now_ms=now_ms())
            wanted |= dict(zip((item for item, _ in fitted), names, strict=True))
    done.problems.sort(key=lambda one: one.file)
    if wanted and (done.ok or skip_bad):
        with database.session() as session:
            done.changed = keeping.use(
                session, wanted, actor=actor, now_ms=now_ms(), reason=reason, source="pictures of a folder"
            )
    return done


def folder_files(folder: Path) -> Iterator[File]:
    """Yield the files of a folder, those in its folders too."""
    for path in folder.rglob("*"):
        if path.is_file() and _counts(name := path.relative_to(folder).as_posix()):
            yield File(name, partial(_read_path, path))


def archive_files(source: BinaryIO | Path) -> Iterator[File]:
    """Yield the files of a ZIP archive. Raise Invalid when it is none."""
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise Invalid(Phrase("this is no ZIP archive that can be read")) from None
    for info in archive.infolist():
        if not info.is_dir() and _counts(info.filename):
            yield File(info.filename, partial(_read_member, archive, info))


def _counts(name: str) -> bool:
    """Tell whether a file is one that somebody put there, and not one that their computer did."""
    parts = PurePosixPath(name).parts
    return not any(part.startswith((".", "__MACOSX")) for part in parts) and parts[-1].lower() not in _NOT_MEANT


def _read_path(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise Invalid(TOO_LARGE)
        return path.read_bytes()
    except OSError as error:
        raise Invalid(Phrase("it cannot be read: {why}", why=error.strerror or error)) from None


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Read one file of an archive, and no further than a picture may go whatever it says of its size."""
    try:
        with archive.open(info) as member:
            content = member.read(MOST_FILE_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError):
        raise Invalid(Phrase("it cannot be read from the archive: is it encrypted or damaged?")) from None
    if len(content) > MOST_FILE_BYTES:
        raise Invalid(TOO_LARGE)
    return content


def _meant(session: Session, files: Iterable[File], done: Loaded) -> list[tuple[File, str]]:
    """Return each file with its item, and note those that name none."""
    named: list[File] = []
    for file in files:
        if PurePosixPath(file.name).suffix.lower() in SUFFIXES:
            named.append(file)
        else:
            done.problems.append(Problem(file.name, Phrase("its name does not end like a picture's: .png .jpg .webp")))
    items = items_meant(session, {file.meant for file in named})
    first: dict[str, File] = {}
    for file in named:
        item = items.get(file.meant)
        if item is None:
            words = Phrase("no item has the number or barcode {text}", text=file.meant)
        elif item in first:
            words = Phrase("item {item} has a picture already: {file}", item=item, file=first[item].name)
        else:
            first[item] = file
            continue
        done.problems.append(Problem(file.name, words))
    return [(file, item) for item, file in first.items()]


def _fitted(file: File, done: Loaded) -> bytes | None:
    try:
        return fit(file.read())
    except Invalid as error:
        done.problems.append(Problem(file.name, error.phrase or Phrase("it cannot be taken")))
        return None
