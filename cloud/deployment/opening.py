"""Opens what a deployment keeps: its database and its vault."""

from __future__ import annotations

import importlib

from cloud.database import Database
from cloud.errors import NotFound
from cloud.identity import keys
from cloud.privacy.vault import Vault
from cloud.settings import CloudSettings


def open_database(settings: CloudSettings) -> Database:
    """Open the deployment's database, with every table known."""
    importlib.import_module("cloud.models")
    return Database(settings.url, pool_size=settings.database_pool)


def require_file(settings: CloudSettings) -> None:
    """Raise NotFound where the embedded database's file is not there: SQLite would make an empty one in its place."""
    path = settings.embedded
    if path is not None and not path.is_file():
        raise NotFound(
            f"there is no {path.name} in {path.parent}: a new deployment begins with `storewire-cloud init`, a lost one"
            " with its backup; another folder is named by --data-dir or --config, before the command"
        )


def open_vault(settings: CloudSettings) -> Vault:
    """Open the deployment's vault. It learns of keys that are made while it is open."""
    return Vault(keys.load(settings.keys_dir), again=lambda: keys.load(settings.keys_dir))
