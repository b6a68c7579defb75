"""Settings of the agent: the only reader of the environment and of the configuration file.

What HQ should control is desired state, not a setting; here is only what the machine must know before HQ speaks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from edge_agent.watchdog import ServiceManager

ENV_PREFIX = "STOREWIRE_EDGE_"
CONFIG_NAME = "edge.toml"


class SettingsRefused(ValueError):
    """Settings that cannot be used; the text names each field and what is wrong with it."""


class EdgeSettings(BaseSettings):
    """What one agent process runs by. Environment over `edge.toml` over defaults; an unknown name is refused."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="forbid", frozen=True)

    state_dir: Path
    """Where identity, database and downloads lie; on a disk that keeps what it was told to sync."""
    link: Literal["auto", "mqtt", "https"] = "auto"
    """How to reach HQ; `auto` falls back to HTTPS where the network blocks MQTT, and comes back."""
    business_clock: Literal["system", "driven"] = "system"
    """`driven`: business time comes from the bench; for demonstrations."""
    business_start_ms: int = Field(default=0, ge=0)
    """Where a driven business clock starts, in milliseconds since 1970 UTC."""
    bench_socket: Path | None = None
    """Unix socket of the simulated devices' front panel; none means that it is not there."""
    web_port: int | None = Field(default=None, ge=0, le=65535)
    """Loopback port of the till pages (0: a free one, said in the log); none means that there are no pages."""
    payments: Literal["none", "simulated"] = "none"
    """`simulated`: WeChat and Alipay are answered by a gateway without money, for demonstrations and training."""
    heartbeat_seconds: float = Field(default=20.0, ge=1.0, le=300.0)
    """How often the agent says that it lives; HQ must answer within one more such time."""
    step_seconds: float = Field(default=10.0, ge=1.0, le=120.0)
    """How long any one step of talking to HQ may take."""
    fallback_seconds: float = Field(default=600.0, ge=1.0, le=86_400.0)
    """For how long HTTPS is used, once it is needed, before MQTT is tried again."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def database_path(self) -> Path:
        """The agent's database."""
        return self.state_dir / "agent.db"

    @property
    def downloads_dir(self) -> Path:
        """Where body files lie while they are fetched."""
        return self.state_dir / "downloads"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the file."""
        del dotenv_settings, file_secret_settings
        file = settings_cls.model_config.get("toml_file")
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)


class _FromServiceManager(BaseSettings):
    """What systemd puts into a service's environment, see sd_notify(3) and sd_watchdog_enabled(3)."""

    model_config = SettingsConfigDict(env_prefix="", extra="ignore", frozen=True)

    notify_socket: str = ""
    watchdog_usec: int = 0


def service_manager() -> ServiceManager:
    """Return who started this process and waits for its word; one that listens to nothing when nobody does."""
    try:
        found = _FromServiceManager()
    except ValidationError:
        return ServiceManager()  # a variable of that name that is not systemd's
    return ServiceManager(found.notify_socket, found.watchdog_usec)


def load(state_dir: Path, **overrides: Any) -> EdgeSettings:
    """Read the settings of the agent whose state lies in `state_dir`. Raise SettingsRefused."""
    directory = state_dir.expanduser().absolute()

    class _WithFile(EdgeSettings):
        model_config = SettingsConfigDict(toml_file=directory / CONFIG_NAME)

    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return _WithFile(state_dir=directory, **given)
    except ValidationError as error:
        raise SettingsRefused("; ".join(_sentence(part) for part in error.errors())) from error
    except (ValueError, OSError) as error:
        raise SettingsRefused(f"{directory / CONFIG_NAME}: {error}") from error


def _sentence(part: Any) -> str:
    name = ".".join(str(step) for step in part["loc"])
    if part["type"] == "extra_forbidden":
        return f"there is no setting {name!r}; take it out of {CONFIG_NAME}"
    return f"setting {name!r}: {part['msg']}, got {part['input']!r}"
