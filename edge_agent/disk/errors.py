"""What can be wrong with the agent's disk, in words for whoever has to act."""

from __future__ import annotations


class StorageError(Exception):
    """The agent's database cannot be used as it is."""


class DatabaseTooNew(StorageError):
    """The database was written by a later version of this program."""


class DatabaseDamaged(StorageError):
    """The database file is not readable as what it should be."""


class DiskFull(StorageError):
    """There is no room left: selling stops here, before anything is lost. Nothing of the transaction was kept."""


class DiskFailed(StorageError):
    """The disk refused to read, write or sync. What the file holds is known only after it is opened anew."""
