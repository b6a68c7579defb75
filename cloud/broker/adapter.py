"""What the keeper asks of a broker, whichever program it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cloud.errors import CloudError

INGEST = "service:ingest"
"""The name in the certificate of our ingest workers. The colon keeps it from ever being an agent's."""
KEEPER = "service:keeper"
"""The name in the certificate with which the keeper changes rights in a running mosquitto."""


class BrokerUnavailable(CloudError):
    """The broker's program is not installed or does not start; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class BrokerPlan:
    """Everything a broker's configuration is made of."""

    directory: Path
    """Configuration, logs and storage; the storage is disposable."""
    keys_dir: Path
    host: str
    port: int
    monitor_port: int
    client_port: int
    max_agents: int
    node: str = ""
    cluster_port: int = 0
    cluster_routes: Sequence[str] = ()


class BrokerAdapter(Protocol):
    """One kind of broker on one machine."""

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens for stores: host and port."""
        ...

    @property
    def storage(self) -> Path:
        """The directory that may be thrown away whenever it stands in the way."""
        ...

    def command(self) -> list[str]:
        """Return the command that runs it in the foreground. Raise BrokerUnavailable."""
        ...

    def write(self, agents: Sequence[str]) -> None:
        """Write its configuration, with rights for exactly these agents."""
        ...

    def allow(self, agents: Sequence[str], pid: int) -> None:
        """Change who may connect while it runs; whoever is gone from the list is cut off at once."""
        ...

    def reload(self, pid: int) -> None:
        """Have it take up a new certificate for connections made from now on; those that are open stay open."""
        ...

    def is_healthy(self) -> bool:
        """Tell whether it takes connections; answers within two seconds."""
        ...

    def close(self) -> None:
        """Let go of whatever connects us to it."""
        ...
