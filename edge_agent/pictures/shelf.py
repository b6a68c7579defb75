"""The files: one for each picture, named by its content, checked whenever one is given out."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from shared.pictures import PictureRefused, check_picture, is_picture_name

_SUFFIX = ".webp"
_PART = ".part"
_STALE_SECONDS = 24 * 3600
"""How exactly it is known when a picture was last shown; finer would write to the disk for every line of a sale."""


class Shelf:
    """A directory of pictures. What is not named as one of ours is left alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def prepare(self) -> None:
        """Make the directory where there is none, and clear away what a power cut left half."""
        self._directory.mkdir(parents=True, exist_ok=True)
        for part in self._directory.glob(f"*{_PART}"):
            part.unlink(missing_ok=True)

    def listing(self) -> dict[str, int]:
        """Return every picture here and its size, the one shown longest ago first."""
        found: list[tuple[float, str, int]] = []
        with suppress(FileNotFoundError), os.scandir(self._directory) as entries:
            for entry in entries:
                name = entry.name.removesuffix(_SUFFIX)
                if entry.name.endswith(_SUFFIX) and is_picture_name(name):
                    facts = entry.stat()
                    found.append((facts.st_mtime, name, facts.st_size))
        return {name: size for _, name, size in sorted(found)}

    def has(self, name: str, wall_ms: int) -> bool:
        """Tell whether a picture is here, which is about to be shown."""
        path = self._path(name)
        try:
            shown = path.stat().st_mtime
        except OSError:
            return False
        if wall_ms / 1000 - shown > _STALE_SECONDS:
            with suppress(OSError):
                os.utime(path, (wall_ms / 1000, wall_ms / 1000))
        return True

    def get(self, name: str) -> bytes | None:
        """Return a picture; one that is no longer what its name says is dropped, and None as if it were not here."""
        if not is_picture_name(name):
            return None
        try:
            content = self._path(name).read_bytes()
            check_picture(content, name)
        except FileNotFoundError:
            return None
        except (OSError, PictureRefused):
            self.drop(name)
            return None
        return content

    def put(self, name: str, content: bytes, wall_ms: int) -> None:
        """Keep a picture that was checked. Raise OSError when the disk does not take it."""
        part = self._directory / f"{name}{_PART}"
        part.write_bytes(content)  # not synced: half a picture is noticed by its name
        os.utime(part, (wall_ms / 1000, wall_ms / 1000))
        part.replace(self._path(name))

    def drop(self, name: str) -> None:
        """Let go of a picture."""
        with suppress(OSError):
            self._path(name).unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """Return what the disk still takes."""
        return shutil.disk_usage(self._directory).free

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}{_SUFFIX}"
