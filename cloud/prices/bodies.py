"""Body files: whole bodies and deltas as zstd files, named by content, rendered once and served many times.

The directory is a cache: bounded, disposable, filled again from the rows when it is lost.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import zstandard
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.prices.models import Body
from cloud.prices.rows import BodyTree, body_tree, difference, effective_rows
from shared.body import BodyHeader, BodyKind, empty_hash, write_body

MAX_CACHE_BYTES = 2 * 1024**3
MAX_DELTA_ROWS = 20_000
"""Beyond it the whole body is cheaper for an agent, which streams whole bodies but holds a delta in memory."""
_NAME = re.compile(r"^(?:([0-9a-f]{64})\.\.)?([0-9a-f]{64})$")
_LEVEL = 6
_rendering = threading.Lock()


def whole_name(hash_: str) -> str:
    """Return the name of a whole body's file, without its suffix."""
    return hash_


def delta_name(base: str, hash_: str) -> str:
    """Return the name of a delta's file, without its suffix."""
    return f"{base}..{hash_}"


def is_name(name: str) -> bool:
    """Tell whether a text can name a body file at all; nothing else may come near the file system."""
    return _NAME.match(name) is not None


class BodyFiles:
    """The directory of rendered bodies, shared by all processes on a machine."""

    def __init__(self, directory: Path, *, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._directory = directory
        self._max_bytes = max_bytes

    def cached(self, name: str) -> Path | None:
        """Return a file that is already there. `name` is `<hash>` or `<base>..<hash>`."""
        if not is_name(name):
            return None
        path = self._directory / f"{name}.zst"
        try:
            os.utime(path)  # its age decides what is thrown away
        except FileNotFoundError:
            return None
        return path

    def render(self, session: Session, name: str) -> Path | None:
        """Return a file, made from the rows if need be; None for a name that HQ has no body for."""
        if not is_name(name):
            return None
        with _rendering:  # a thousand agents ask for the same file in the same second
            found = self.cached(name)
            if found is not None:
                return found
            base, _, hash_ = name.rpartition("..")
            content = render_delta(session, base, hash_) if base else render_whole(session, hash_)
            return None if content is None else self._keep(name, content)

    def opened(self, session: Session, name: str) -> bytes | None:
        """Return a file's content, uncompressed; None for a name that HQ has no body for."""
        path = self.render(session, name)
        return None if path is None else zstandard.ZstdDecompressor().decompress(path.read_bytes())

    def _keep(self, name: str, content: bytes) -> Path:
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / f"{name}.zst"
        part = self._directory / f"{name}.{os.getpid()}.part"
        with part.open("wb") as file:
            file.write(zstandard.ZstdCompressor(level=_LEVEL).compress(content))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        self._shrink(path)
        return path

    def _shrink(self, keep: Path) -> None:
        """Throw the files away that nobody has asked for longest, until the rest fits."""
        files: list[tuple[float, int, Path]] = []
        for path in self._directory.iterdir():
            with suppress(FileNotFoundError):
                facts = path.stat()
                files.append((facts.st_mtime, facts.st_size, path))
        excess = sum(size for _, size, _ in files) - self._max_bytes
        for _, size, path in sorted(files):
            if excess <= 0:
                break
            if path != keep:
                path.unlink(missing_ok=True)
                excess -= size


def render_whole(session: Session, hash_: str) -> bytes | None:
    """Return the lines of a whole body's file, None when HQ knows no body of this hash."""
    tree = _tree_of(session, hash_)
    if tree is None:
        return None
    line = tree.lineage(tree.version_of(hash_))
    return _write(tree, hash_, {key: row for _, key, row in effective_rows(session, line)})


def render_delta(session: Session, base: str, hash_: str) -> bytes | None:
    """Return the lines of the file that turns one body into another.

    None when HQ does not know both as bodies of one kind and scope, or when the delta would be too long.
    """
    tree = _tree_of(session, hash_)
    if tree is None:
        return None
    start = tree.version_of(base)
    if start is None and base != empty_hash(tree.kind, tree.scope):
        return None
    rows = difference(session, tree, start, tree.version_of(hash_))
    return None if len(rows) > MAX_DELTA_ROWS else _write(tree, hash_, rows, base)


def _write(tree: BodyTree, hash_: str, rows: Mapping[str, bytes | None], base: str = "") -> bytes:
    return write_body(BodyHeader(kind=tree.kind, scope=tree.scope, hash=hash_, rows=len(rows), base=base), rows)


def _tree_of(session: Session, hash_: str) -> BodyTree | None:
    found = session.execute(select(col(Body.kind), col(Body.scope)).where(col(Body.hash) == hash_).limit(1)).first()
    return None if found is None else body_tree(session, BodyKind(found[0]), found[1])
