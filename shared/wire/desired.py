"""Desired state: what HQ wants an agent to run, as documents that HQ signs and the agent compares with its own.

Documents travel as exact bytes beside an Ed25519 signature, so a broken or hostile broker cannot set a price.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from shared.codes import LabelFormat, Recall
from shared.loyalty import NextTier, PointsRule
from shared.value import Allowance
from shared.wire.budgets import BudgetShare
from shared.wire.events import TillKind
from shared.wire.policies import StaffMember, TillPolicies


class DeviceBinding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A device that stands at a till: which model it is and where it is plugged in.

    `device` names it within its till (`scanner`, `scale`, `printer`). `profile` is a model of `device_profiles/`,
    `transport` one of its transports. `address` is the plug: a path below `/dev/input/by-path` or
    `/dev/serial/by-path`, `usb:1-1.2` for a USB port, `host:port`. `role` is what its scans are for (`goods`,
    `member_card`, `payment_code`; empty: goods). `settings` differ from the profile for this one device
    (`{"keys.layout": "de"}`).
    """

    device: str
    profile: str
    transport: str
    address: str = ""
    role: str = ""
    settings: dict[str, bool | int | str | list[str]] = {}


class LastReceipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last receipt of a till that HQ can vouch for: `agent` gave it, as `number` of `series` (0: none yet).

    `head` is the series' chain head after it. A till's first series on another disk follows it.
    """

    agent: str
    series: str
    number: int = 0
    head: bytes = b""


class Till(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One selling position of the store. Without `devices` it has one simulated scanner, so that it can be tried.

    `last_receipt` is set until this agent has opened a series there, where another disk gave receipts before.
    """

    till: str
    number: int
    kind: TillKind = TillKind.STAFFED
    devices: list[DeviceBinding] = []
    last_receipt: LastReceipt | None = None


class ReceiptSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a store's receipts say beside the sale.

    `languages`: the main one first; none is the store's own. `legal_name`: the company that issues them. `url`: where
    a customer finds the receipt on a phone, the sale's id is put behind it; empty: no QR code. `notes` stand at the
    end.
    """

    languages: list[str] = []
    legal_name: str = ""
    url: str = ""
    notes: list[str] = []


class TerminalSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Other terminals of the store's network, which show a till once they are paired by a one-time code.

    `hosts` are the names and addresses (IPv4; IPv6 without brackets) under which the agent's machine is known there,
    the first is the one people are told; none: nobody but this machine. `port` is its TLS port. A raised `generation`
    unpairs whoever was paired before.
    """

    hosts: list[str] = []
    port: int = 8443
    generation: int = 0

    @property
    def places(self) -> list[str]:
        """Each host with the port, as an address and a browser's Host header say it: `till-pc.lan:8443`."""
        return [f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}" for host in self.hosts]

    @property
    def addresses(self) -> list[str]:
        """Where terminals find the pages, the first is the one people are told."""
        return [f"https://{place}/" for place in self.places]


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a store is: its place, money, language and day.

    `day_cutoff_minutes`: minutes after local midnight at which a business day starts.
    `card_prefixes`: card numbers of the chain start with one of these and have `card_digits` digits.
    `labels` are the forms of label that its scales print, the first that fits counts; `recalls` what may not be sold;
    `member_code_keys` the public keys (Ed25519, 32 bytes) that members' codes on telephones are signed with.
    `tier_names`: what each tier is called, by its code and language. `points_rules`: by what tills promise points, the
    versions in force and those to come.
    `policies` say how its tills work, `staff` who works at them, `terminals` who else may show a till.
    """

    store: str
    name: str
    legal_entity: str
    time_zone: str
    currency: str
    exponent: int = 2
    tax_mode: str = "inclusive"
    locale: str = "zh"
    day_cutoff_minutes: int = 0
    price_zone: str
    card_prefixes: list[str] = []
    card_digits: int = 0
    retain_days: int = 35
    outbox_budget_bytes: int = 2 * 1024**3
    tills: list[Till]
    policies: TillPolicies = TillPolicies()
    staff: list[StaffMember] = []
    staff_card_salt: bytes = b""
    labels: list[LabelFormat] = []
    recalls: list[Recall] = []
    member_code_keys: list[bytes] = []
    receipt: ReceiptSettings = ReceiptSettings()
    tier_names: dict[str, dict[str, str]] = {}
    terminals: TerminalSettings = TerminalSettings()
    points_rules: list[PointsRule] = []


class BodyReference(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """A body by kind, scope and content hash."""

    kind: str
    scope: str
    hash: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What one price-book version means in one store: exactly these bodies, needing this engine level.

    Its hash (SHA-256 of its exact bytes) is what timelines, sales and signatures name.
    """

    version: int
    store: str
    engine: int
    bodies: list[BodyReference]


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A version on a store's timeline: its manifest's exact bytes and the instant it takes over.

    `activates_local` is what a person chose (ISO local time in the store's zone), `activates_ms` the instant it
    was resolved to at publication.
    """

    version: int
    manifest: msgspec.Raw
    hash: str
    activates_ms: int
    activates_local: str = ""


class DesiredState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything one agent should run. `serial` rises with each change within an incarnation.

    `timeline` starts with the version in force and lists every staged one after it, in order of activation,
    which is also the order of versions. `parked` counts the store's events that HQ has put aside until somebody there
    decides about them: the store's people see it, too. `pictures`: which picture each item has, a body apart from every
    price book; none where there are no pictures.
    """

    agent: str
    incarnation: UUID
    serial: int
    settings: StoreSettings
    timeline: list[TimelineEntry]
    members_version: int = 0
    software: str = ""
    budgets: list[BudgetShare] = []
    """What this agent may use of chains' budgets of promotions; what is not named it may use nothing of."""
    parked: int = 0
    pictures: BodyReference | None = None


class KnownMember(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member as one agent may know them: cards only as hashes keyed for that agent.

    `blocks` is what they may not do for now: `buy`, `coupons`, `points` (collect and spend). `allowances` are what this
    one agent may spend of theirs offline.
    `next_tier`: what is missing to the tier above; none at the top, and where there are no tiers.
    What offers ask beside the tier, as codes and numbers alone: the `segments` they are in, `birthday_month` (1 to 12,
    never the day), how many `purchases` HQ has of them. None: HQ does not know, or does not say.
    """

    member: UUID
    cards: list[bytes]
    masked_name: str = ""
    tier: str = ""
    points: int = 0
    blocks: list[str] = []
    allowances: list[Allowance] = []
    segments: list[str] = []
    birthday_month: int | None = None
    purchases: int | None = None
    next_tier: NextTier | None = None


class MemberStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From version `base` of an agent's member set to `version`: rows put and members taken away.

    With `base` 0 and `more` false the step is the whole set; a long step comes in pieces, each one applicable
    on its own.
    """

    agent: str
    incarnation: UUID
    base: int
    version: int
    put: list[KnownMember] = []
    gone: list[UUID] = []
    more: bool = False


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A document's exact bytes, the id of HQ's signing key and its signature."""

    document: msgspec.Raw
    key: str
    signature: bytes


class SignedDesired(Signed, frozen=True, kw_only=True):
    """A signed `DesiredState`."""


class SignedMembers(Signed, frozen=True, kw_only=True):
    """A signed `MemberStep`."""
