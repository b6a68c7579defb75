"""The run's own folder: everything the demo writes is below it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SOCKET_PATH_BYTES = 100
"""Linux takes 107 bytes for a Unix socket's path."""


class FolderUnusable(RuntimeError):
    """The folder cannot be used for a run; the text says why."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths of one run."""

    path: Path

    @property
    def cloud(self) -> Path:
        """The cloud's data."""
        return self.path / "cloud"

    @property
    def logs(self) -> Path:
        """What every process wrote to its terminal."""
        return self.path / "logs"

    @property
    def manifest(self) -> Path:
        """What this run was: read by the report."""
        return self.path / "run.json"

    def edge(self, store: str) -> Path:
        """A store's agent: its state."""
        return self.path / "edges" / store

    def bench(self, store: str) -> Path:
        """A store's front panel of virtual devices."""
        return self.path / "bench" / f"{store}.sock"

    def create(self) -> None:
        """Make the folder. Raise FolderUnusable when a run is there already, or it cannot be one."""
        if self.manifest.exists():
            raise FolderUnusable(f"{self.path} holds an earlier run; name another --folder or remove it")
        if len(bytes(self.bench("s00000"))) > _SOCKET_PATH_BYTES:
            raise FolderUnusable(f"{self.path} is too long a path for Unix sockets; name a shorter --folder")
        try:
            for folder in (self.cloud, self.logs, self.path / "edges", self.path / "bench"):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderUnusable(f"{self.path} cannot be made: {error.strerror}; name another --folder") from error

    def write_manifest(self, facts: dict[str, Any]) -> None:
        """Write what this run was, whole or not at all."""
        draft = self.manifest.with_suffix(".new")
        draft.write_text(json.dumps(facts, indent=2) + "\n")
        draft.replace(self.manifest)
