"""Tables of the chain's own shape."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKeyConstraint
from sqlmodel import Field

from cloud.database import Table
from cloud.database.retention import BOOKS, STANDING


class LegalEntity(Table, table=True):
    """Who issues receipts and stored value: the chain's company or a franchisee."""

    __tablename__ = "legal_entity"
    __table_args__ = BOOKS

    id: str = Field(primary_key=True, max_length=32)
    name: str
    """Empty for the company that a chain's first store was given and nobody has named: see `cloud.org.entities`."""


class Store(Table, table=True):
    """A shop: its zone, money, language, price zone and day."""

    __tablename__ = "store"
    __table_args__ = BOOKS

    id: str = Field(primary_key=True, max_length=32)
    name: str
    time_zone: str
    currency: str = Field(max_length=3)
    exponent: int = 2
    tax_mode: str = "inclusive"
    locale: str = "zh"
    price_zone: str = Field(max_length=32, index=True)
    day_cutoff_minutes: int = 0


class StoreOwnership(Table, table=True):
    """Which legal entity a store belongs to, and how, from a date on."""

    __tablename__ = "store_ownership"
    __table_args__ = BOOKS

    store_id: str = Field(primary_key=True, foreign_key="store.id")
    from_date: date = Field(primary_key=True)
    legal_entity_id: str = Field(foreign_key="legal_entity.id", index=True)
    kind: str = "direct"
    """`direct` or `franchise`."""


class StoreGroup(Table, table=True):
    """A named set of stores, for targeting."""

    __tablename__ = "store_group"
    __table_args__ = STANDING

    id: str = Field(primary_key=True, max_length=32)
    name: str


class StoreGroupMember(Table, table=True):
    """A store in a group."""

    __tablename__ = "store_group_member"
    __table_args__ = STANDING

    group_id: str = Field(primary_key=True, foreign_key="store_group.id")
    store_id: str = Field(primary_key=True, foreign_key="store.id", index=True)


class Till(Table, table=True):
    """A selling position of a store."""

    __tablename__ = "till"
    __table_args__ = BOOKS

    store_id: str = Field(primary_key=True, foreign_key="store.id")
    id: str = Field(primary_key=True, max_length=32)
    number: int
    kind: str = "staffed"


class TillDevices(Table, table=True):
    """The devices that stand at a till: a list of `DeviceBinding` as JSON, and how often it was changed."""

    __tablename__ = "till_devices"
    __table_args__ = (ForeignKeyConstraint(["store_id", "till_id"], ["till.store_id", "till.id"]), STANDING)

    store_id: str = Field(primary_key=True, max_length=32)
    till_id: str = Field(primary_key=True, max_length=32)
    content: str
    revision: int = 1


class StoreTerminals(Table, table=True):
    """Who beside the agent's machine may show a store's tills: `TerminalSettings` as JSON, and how often it changed."""

    __tablename__ = "store_terminals"
    __table_args__ = STANDING

    store_id: str = Field(primary_key=True, foreign_key="store.id", max_length=32)
    content: str
    revision: int = 1


class ChainSetting(Table, table=True):
    """A setting of the whole chain, as JSON."""

    __tablename__ = "chain_setting"
    __table_args__ = STANDING

    name: str = Field(primary_key=True, max_length=64)
    value: bytes
