"""What the prices API takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from cloud.prices.adoption import TillVersion
from cloud.prices.imports import ImportResult
from cloud.prices.models import PriceDraft, PriceVersion, TimelineEntryRow
from cloud.prices.publish import Conflict, Publication, Rebuilt
from cloud.prices.settings import TillSettings
from shared.body import BodyKind

MAX_CHANGES = 5_000
Target = Annotated[str, Field(max_length=64, examples=["all", "group:north", "store:s1"])]
Reason = Annotated[str, Field(max_length=500)]
LocalTime = Annotated[
    datetime | None,
    Field(description="Local wall time in each store's own zone, without offset; null means at once."),
]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewDraft(_Request):
    """A draft to start. The id is the caller's, so that a repeat is not a second draft; without one HQ makes it."""

    id: UUID | None = None
    title: str = Field(min_length=1, max_length=200)
    targets: list[Target] = Field(default=["all"], min_length=1, max_length=1000)


class RowChange(_Request):
    """One change: a row as a JSON object, or null to take the key away."""

    kind: BodyKind
    scope: str = Field(max_length=32, examples=["chain", "zone-1", "s1"])
    key: str = Field(min_length=1, max_length=128)
    row: dict[str, Any] | None


class ChangeRequest(_Request):
    """Changes to put into a draft."""

    changes: list[RowChange] = Field(max_length=MAX_CHANGES)


class PublishRequest(_Request):
    """When and where a draft takes over; `targets` replaces those of the draft."""

    activates_local: LocalTime = None
    targets: list[Target] | None = Field(default=None, max_length=1000)
    reason: Reason = ""


class RollbackRequest(_Request):
    """Which stores go back, and when."""

    targets: list[Target] = Field(default=["all"], min_length=1, max_length=1000)
    activates_local: LocalTime = None
    reason: Reason = ""


class WithdrawRequest(_Request):
    """Which stores a staged version is taken back from; all that have it by default."""

    targets: list[Target] | None = Field(default=None, max_length=1000)
    reason: Reason = ""


class DraftView(BaseModel):
    """A draft and the number of its changes by kind."""

    id: str
    title: str
    targets: list[str]
    status: str
    created_by: str
    created_ms: int
    changes: dict[str, int] = {}

    @classmethod
    def of(cls, draft: PriceDraft, changes: Mapping[str, int]) -> DraftView:
        """Return a draft's view."""
        facts = draft.model_dump(exclude={"targets"})
        return cls(**facts, targets=draft.targets.split(), changes=dict(changes))


class ProblemView(BaseModel):
    """What is wrong with one row of a file, and what to do."""

    row: int
    column: str
    value: str
    problem: str
    remedy: str
    severity: Literal["error", "warning"]


class ImportView(BaseModel):
    """What a file does, or would do, to a draft."""

    ok: bool
    stored: bool
    rows: int
    changes: int
    removals: int
    problems: list[ProblemView]

    @classmethod
    def of(cls, result: ImportResult) -> ImportView:
        """Return a result's view."""
        problems = [ProblemView(**asdict(problem)) for problem in result.problems]
        return cls(
            ok=result.ok,
            stored=result.stored,
            rows=result.rows,
            changes=result.changes,
            removals=result.removals,
            problems=problems,
        )


class ConflictView(BaseModel):
    """A key that this publication and a version staged after it both change; the staged one wins when it takes over."""

    version: int
    kind: str
    scope: str
    key: str
    earlier: Any
    later: Any

    @classmethod
    def of(cls, conflict: Conflict) -> ConflictView:
        """Return a conflict's view."""
        return cls(
            version=conflict.version,
            kind=conflict.kind,
            scope=conflict.scope,
            key=conflict.key,
            earlier=None if conflict.earlier is None else msgspec.json.decode(conflict.earlier),
            later=None if conflict.later is None else msgspec.json.decode(conflict.later),
        )


class RebuiltView(BaseModel):
    """A staged version and the number that stands for it now."""

    old: int
    new: int
    stores: list[str]

    @classmethod
    def of(cls, rebuilt: Rebuilt) -> RebuiltView:
        """Return its view."""
        return cls(old=rebuilt.old, new=rebuilt.new, stores=rebuilt.stores)


class PublicationView(BaseModel):
    """What came of a publication: stores by version, conflicts with what was staged, and what was rebuilt."""

    version: int
    versions: dict[int, list[str]]
    conflicts: list[ConflictView]
    rebuilt: list[RebuiltView]

    @classmethod
    def of(cls, done: Publication) -> PublicationView:
        """Return a publication's view."""
        return cls(
            version=done.version,
            versions=done.versions,
            conflicts=[ConflictView.of(conflict) for conflict in done.conflicts],
            rebuilt=[RebuiltView.of(rebuilt) for rebuilt in done.rebuilt],
        )


class VersionView(BaseModel):
    """A version of the chain."""

    version: int
    title: str
    parent: int | None
    draft_id: str | None
    published_by: str
    published_ms: int
    activates_local: str
    engine: int
    changed_rows: int
    status: str
    rollback_of: int | None
    rebuilt_from: int | None

    @classmethod
    def of(cls, version: PriceVersion) -> VersionView:
        """Return a version's view."""
        return cls(**version.model_dump())


class EntryView(BaseModel):
    """A version on a store's timeline, and what it is at this moment."""

    version: int
    title: str
    activates_ms: int
    activates_local: str
    hash: str
    status: Literal["past", "active", "staged", "withdrawn"]

    @classmethod
    def of(cls, entry: TimelineEntryRow, title: str, hash_: str, status: Any) -> EntryView:
        """Return an entry's view."""
        facts = entry.model_dump(include={"version", "activates_ms", "activates_local"})
        return cls(**facts, title=title, hash=hash_, status=status)


class TillVersionView(BaseModel):
    """What one till runs, beside what it should."""

    store: str
    till: str
    agent: str | None
    in_force: int | None
    staged: list[int]
    runs: int | None
    oldest_open: int | None
    holds: list[int]
    seen_ms: int | None
    drift: str

    @classmethod
    def of(cls, found: TillVersion) -> TillVersionView:
        """Return its view."""
        return cls(**msgspec.to_builtins(found))


class ReceiptSettingsBody(_Request):
    """What a receipt says beside the sale: languages, who issues it, where it is found on a phone, closing lines."""

    languages: list[Literal["zh", "en"]] = Field(default=[], max_length=2)
    legal_name: str = Field(default="", max_length=120)
    url: str = Field(default="", pattern=r"^(https?://\S+)?$", max_length=200)
    notes: list[Annotated[str, Field(max_length=200)]] = Field(default=[], max_length=10)


class TillSettingsBody(_Request):
    """What every till of the chain is told. A field that is left out keeps what it is."""

    card_prefixes: list[Annotated[str, Field(pattern=r"^[0-9]{1,16}$")]] = Field(default=[], max_length=50)
    card_digits: int = Field(default=0, ge=0, le=32)
    retain_days: int = Field(default=35, ge=1, le=400)
    outbox_budget_bytes: int = Field(default=2 * 1024**3, ge=64 * 1024**2)
    receipt: ReceiptSettingsBody = Field(default_factory=ReceiptSettingsBody)

    @classmethod
    def of(cls, settings: TillSettings) -> TillSettingsBody:
        """Return the settings as they are written in JSON."""
        return cls.model_validate(msgspec.to_builtins(settings))

    def onto(self, settings: TillSettings) -> TillSettings:
        """Return the settings with what this body names, at any depth; the rest stays as it is."""
        given = self.model_dump(exclude_unset=True)
        now = msgspec.to_builtins(settings)
        receipt = {**now["receipt"], **given.pop("receipt", {})}
        return msgspec.convert({**now, **given, "receipt": receipt}, TillSettings)
