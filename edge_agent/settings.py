"""What one agent process runs by. `edge_agent.configuration` reads it; this module costs a running agent nothing.

What HQ should control is desired state, not a setting; here is only what the machine must know before HQ speaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Le


@dataclass(frozen=True, kw_only=True, slots=True)
class EdgeSettings:
    """Settings of one agent, each already checked."""

    state_dir: Path
    """Where identity, database and downloads lie; on a disk that keeps what it was told to sync."""
    link: Literal["auto", "mqtt", "https"] = "auto"
    """How to reach HQ; `auto` falls back to HTTPS where the network blocks MQTT, and comes back."""
    business_clock: Literal["system", "driven"] = "system"
    """`driven`: business time comes from the bench; for demonstrations."""
    business_start_ms: Annotated[int, Ge(0)] = 0
    """Where a driven business clock starts, in milliseconds since 1970 UTC."""
    bench_socket: Path | None = None
    """Unix socket of the simulated devices' front panel; none means that it is not there."""
    web_port: Annotated[int, Ge(0), Le(65535)] | None = None
    """Loopback port of the till pages (0: a free one, said in the log); none means that there are no pages."""
    payments: Literal["none", "simulated"] = "none"
    """`simulated`: WeChat and Alipay are answered by a gateway without money, for demonstrations and training."""
    heartbeat_seconds: Annotated[float, Ge(1.0), Le(300.0)] = 20.0
    """How often the agent says that it lives; HQ must answer within one more such time."""
    step_seconds: Annotated[float, Ge(1.0), Le(120.0)] = 10.0
    """How long any one step of talking to HQ may take."""
    fallback_seconds: Annotated[float, Ge(1.0), Le(86_400.0)] = 600.0
    """For how long HTTPS is used, once it is needed, before MQTT is tried again."""
    pictures_disk_bytes: Annotated[int, Ge(0), Le(64 * 1024**3)] = 512 * 1024**2
    """What pictures of items may take of the disk, about 15 kB each; 0: displays show none."""
    pictures_bytes_a_minute: Annotated[int, Ge(64 * 1024), Le(1024**3)] = 4 * 1024**2
    """What fetching them may take of the network, on average."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def database_path(self) -> Path:
        """The agent's database."""
        return self.state_dir / "agent.db"

    @property
    def downloads_dir(self) -> Path:
        """Where body files lie while they are fetched."""
        return self.state_dir / "downloads"

    @property
    def pictures_dir(self) -> Path:
        """Where pictures of items lie."""
        return self.state_dir / "pictures"
