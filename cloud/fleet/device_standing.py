"""Every device of every till: what head office bound, what the store says of it, whether somebody should look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from cloud.fleet import agents
from cloud.fleet.agents import AgentStatus
from cloud.fleet.label_standing import Labels, of_agent, with_old_prices
from cloud.org import devices
from cloud.org.models import Store, Till
from device_profiles.catalogue import catalogue
from shared.device_profile import DeviceClass, TransportKind
from shared.wire.desired import DeviceBinding
from shared.wire.messages import DeviceReport, FoundDevice

SILENT_MS = 24 * 3600 * 1000
"""A scanner that read nothing for so long is not used, or is broken and nobody says so."""
SCANNER_SILENT = "scanner_silent"
_WELL = {"idle", "busy"}
_NEEDS = {"troubled", "away", "fault"}


@dataclass(frozen=True, kw_only=True)
class DeviceRow:
    """One device: how it was bound (None: by no one here) and what its agent last said of it (None: nothing yet)."""

    store: str
    store_name: str
    till: str
    device: str
    binding: DeviceBinding | None = None
    report: DeviceReport | None = None
    agent: str = ""
    online: bool = False
    """Whether the store's agent was heard of lately."""
    silent: bool = False

    @property
    def model(self) -> str:
        """The profile's name: what is bound, else what is reported."""
        if self.binding is not None:
            return self.binding.profile
        return self.report.profile if self.report else ""

    @property
    def title(self) -> str:
        """Maker and model, for people."""
        found = catalogue().get(self.model)
        return (
            f"{found.vendor} {found.name}" if found and found.vendor != "any" else found.name if found else self.model
        )

    @property
    def device_class(self) -> str:
        """What kind of device it is, empty for a model nobody knows."""
        found = catalogue().get(self.model)
        return found.device_class.value if found else ""

    @property
    def way(self) -> str:
        """How it is reached."""
        if self.binding is not None:
            return self.binding.transport
        return self.report.transport if self.report else ""

    @property
    def plug(self) -> str:
        """Where it is plugged in."""
        if self.binding is not None:
            return self.binding.address
        return self.report.address if self.report else ""

    @property
    def applied(self) -> bool:
        """Whether the store runs it as it is bound here."""
        if self.binding is None or self.report is None:
            return self.binding is None
        if not self.report.transport:  # an agent that does not say how it reaches its devices
            return self.binding.profile == self.report.profile
        bound = (self.binding.profile, self.binding.transport, self.binding.address)
        return bound == (self.report.profile, self.report.transport, self.report.address)

    @property
    def conditions(self) -> list[str]:
        """What is remarkable, and the error it stands in."""
        if self.report is None:
            return []
        said = [*self.report.conditions, *([self.report.code] if self.report.code else [])]
        return [*said, *([SCANNER_SILENT] if self.silent else [])]

    @property
    def state(self) -> str:
        """How it stands: a key of `device_words.STATE`."""
        if self.report is None:
            return "coming" if self.binding else "leaving"
        if not self.online:
            return "unheard"
        if not self.applied:
            return "coming"
        if self.report.state == "closed":
            return "away"
        if self.report.state not in _WELL:
            return "fault"
        return "troubled" if self.conditions else "ready"

    @property
    def needs_somebody(self) -> bool:
        """Whether a person should look."""
        return self.state in _NEEDS


@dataclass(frozen=True, kw_only=True)
class Plugged:
    """Something plugged into a store's PC, and which of its tills' devices has that plug, empty for none."""

    found: FoundDevice
    bound_to: str = ""


@dataclass(frozen=True, kw_only=True)
class StoreDevices:
    """The devices of a store: those of each till by its id, and what is plugged in there."""

    store: Store
    tills: list[Till]
    rows: list[DeviceRow]
    plugged: list[Plugged] = field(default_factory=list)
    agent: AgentStatus | None = None
    labels: Labels = field(default_factory=Labels)

    def of(self, till: str) -> list[DeviceRow]:
        """Return the devices of one till."""
        return [row for row in self.rows if row.till == till]


def all_devices(session: Session, now_ms: int) -> list[DeviceRow]:
    """Return every device of the chain, those that need somebody first. `now_ms` is wall time."""
    stores = {store.id: store for store in session.exec(select(Store))}
    bound = _by_store(devices.by_till(session, stores))
    serving = _serving(agents.status(session, now_ms=now_ms))
    rows = [
        row for store in stores.values() for row in _rows(store, bound.get(store.id, {}), serving.get(store.id), now_ms)
    ]
    return sorted(rows, key=lambda row: (not row.needs_somebody, row.store, row.till, row.device))


def old_scale_prices(session: Session, now_ms: int) -> list[tuple[str, int]]:
    """Return the stores whose scales lately printed an old price, with the number of labels. `now_ms` is wall time."""
    return with_old_prices(_serving(agents.status(session, now_ms=now_ms)).values(), now_ms)


def of_store(session: Session, store: Store, now_ms: int) -> StoreDevices:
    """Return the devices of one store, and what is plugged into its PC."""
    serving = _serving(agents.status(session, now_ms=now_ms, store=store.id)).get(store.id)
    bound = _by_store(devices.by_till(session, [store.id])).get(store.id, {})
    rows = sorted(_rows(store, bound, serving, now_ms), key=lambda row: (row.till, row.device))
    tills = list(session.exec(select(Till).where(Till.store_id == store.id).order_by(col(Till.number))))
    at = {row.plug: f"{row.till}/{row.device}" for row in rows if row.plug}
    found = serving.reported.found if serving and serving.reported else []
    plugged = [Plugged(found=one, bound_to=at.get(one.address, "")) for one in found]
    return StoreDevices(
        store=store, tills=tills, rows=rows, plugged=plugged, agent=serving, labels=of_agent(serving, now_ms)
    )


def _rows(
    store: Store, bound: Mapping[str, DeviceBinding], agent: AgentStatus | None, now_ms: int
) -> Iterator[DeviceRow]:
    reports = {one.device: one for one in agent.reported.devices} if agent and agent.reported else {}
    for name in sorted({*bound, *reports}):
        till, _, device = name.partition("/")
        report = reports.get(name)
        yield DeviceRow(
            store=store.id,
            store_name=store.name,
            till=till,
            device=device,
            binding=bound.get(name),
            report=report,
            agent=agent.agent if agent else "",
            online=agent is not None and agent.online,
            silent=report is not None and _silent(report, now_ms),
        )


def _silent(report: DeviceReport, now_ms: int) -> bool:
    """Tell whether a scanner is well and read nothing for a day. A simulated one is not watched: nobody uses it."""
    model = catalogue().get(report.profile)
    if model is None or model.device_class is not DeviceClass.SCANNER or report.state not in _WELL:
        return False
    last = max(report.heard_ms or 0, report.since_ms or 0)
    return report.transport != TransportKind.SIMULATED.value and 0 < last < now_ms - SILENT_MS


def _serving(found: list[AgentStatus]) -> dict[str, AgentStatus]:
    """Return the agent that speaks for each store: the active one, else whatever was enrolled last."""
    ordered = sorted(found, key=lambda agent: (agent.status == "active", agent.enrolled_ms))
    return {agent.store: agent for agent in ordered}


def _by_store(bound: Mapping[tuple[str, str], list[DeviceBinding]]) -> dict[str, dict[str, DeviceBinding]]:
    made: dict[str, dict[str, DeviceBinding]] = {}
    for (store, till), bindings in bound.items():
        made.setdefault(store, {}).update({f"{till}/{one.device}": one for one in bindings})
    return made
