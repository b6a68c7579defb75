"""The ledger: value moves only by double-entry journals, append-only, each known by its cause."""

from cloud.ledger.journal import AccountKey, Journal, LedgerConflict, LedgerRefused, Leg, Overdrawn
from cloud.ledger.posting import post

__all__ = ["AccountKey", "Journal", "LedgerConflict", "LedgerRefused", "Leg", "Overdrawn", "post"]
