"""Settings of the cloud's processes: the only reader of the environment and of the configuration file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from cloud.channels.choosing import ChannelSettings
from cloud.member_page.settings import MemberPageSettings

ENV_PREFIX = "STOREWIRE_CLOUD_"
_SQLITE = "sqlite:///"
_POSTGRESQL = "postgresql+psycopg://"


class SettingsRefused(ValueError):
    """Settings that cannot be used; the text names each field and what is wrong with it."""


class CloudSettings(BaseSettings):
    """What one deployment's processes share. Environment over file over defaults; an unknown name is refused.

    A port of 0 is chosen at the first start and kept in `data_dir/ports.json`, so that agents find it again.
    """

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="forbid", frozen=True)

    data_dir: Path = Path("storewire-data")
    database_url: str = ""
    """SQLAlchemy URL, `postgresql+psycopg://` or `sqlite:///`; empty means SQLite in `data_dir`."""
    public_host: str = "127.0.0.1"
    """The name or address by which stores reach this deployment; it is in the server certificates."""
    bind_host: str = "127.0.0.1"
    """The address on which API and broker listen for stores."""
    api_port: int = Field(default=8443, ge=0, le=65535)
    console_port: int = Field(default=8080, ge=0, le=65535)
    """Plain HTTP for people, on loopback only."""
    console: bool = True
    broker: Literal["nats", "mosquitto", "external"] = "nats"
    broker_port: int = Field(default=8883, ge=0, le=65535)
    broker_urls: list[str] = []
    """Every `mqtts://host:port` that stores and ingest workers may use; empty means the one started here."""
    broker_node: str = Field(default="", pattern=r"^[a-z0-9-]{0,32}$")
    """This node's name in a cluster of brokers; empty means a broker on its own."""
    broker_cluster_port: int = Field(default=0, ge=0, le=65535)
    broker_cluster_routes: list[str] = []
    """`host:port` of every node's cluster port, this one's included."""
    max_agents: int = Field(default=20_000, ge=1)
    """How many connections the broker is sized for."""
    certificate_days: int = Field(default=90, ge=1, le=825)
    """How long an agent's certificate lasts; it renews itself well before."""
    claim_hours: int = Field(default=72, ge=1, le=24 * 90)
    business_clock: Literal["system", "driven"] = "system"
    """`driven`: business time is what `data_dir/business-clock` says, in milliseconds; for demonstrations."""
    most_connections: int = Field(default=4_000, ge=10)
    """Callers that each listener of the API process serves at once; whoever comes beyond is told to try later.

    An agent that MQTT is closed to holds two connections, so it is above twice the number of agents of one API process.
    """
    database_pool: int = Field(default=10, ge=1, le=200)
    ingest_group: int = Field(default=64, ge=1, le=1000)
    """The most messages that one transaction applies."""
    look_every_s: float = Field(default=1.0, ge=0.05, le=1.0)
    """Seconds until an ingest worker looks again whether agents are to be told something, such as new prices."""
    inbox_bytes: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)
    """Memory for messages waiting to be applied; beyond it the worker drops, and agents send again."""
    channels: ChannelSettings = ChannelSettings()
    """By what members are sent messages; as shipped, into files of the data directory."""
    member_page: MemberPageSettings = MemberPageSettings()
    """The members' own page; as shipped it is not served."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _of_a_known_kind(cls, value: str) -> str:
        if value and not value.startswith((_SQLITE, _POSTGRESQL)):
            raise ValueError(f"a database's address begins with {_POSTGRESQL} or {_SQLITE}")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment; the file is added by `load`."""
        del settings_cls, dotenv_settings, file_secret_settings
        return init_settings, env_settings

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database_url or f"{_SQLITE}{self.data_dir / 'cloud.db'}"

    @property
    def embedded(self) -> Path | None:
        """The embedded database's file; None where the database is a server."""
        return Path(self.url.removeprefix(_SQLITE)) if self.url.startswith(_SQLITE) else None

    @property
    def keys_dir(self) -> Path:
        """Where this deployment's keys and certificates lie."""
        return self.data_dir / "keys"

    @property
    def bodies_dir(self) -> Path:
        """Where price-book bodies lie as files."""
        return self.data_dir / "bodies"

    @property
    def messages_dir(self) -> Path:
        """Where messages lie that go to a file instead of a provider."""
        return self.data_dir / "messages"

    @property
    def broker_dir(self) -> Path:
        """Where the broker's configuration and disposable storage lie."""
        return self.data_dir / "broker"


def load(config: Path | None = None, **overrides: Any) -> CloudSettings:
    """Read the settings: `overrides`, then the environment, then the TOML file. Raise SettingsRefused."""
    if config is not None and not config.is_file():
        raise SettingsRefused(f"no configuration file at {config}")
    try:
        sources: Mapping[str, Any] = TomlConfigSettingsSource(CloudSettings, config)() if config else {}

        class _WithFile(CloudSettings):
            @classmethod
            def settings_customise_sources(  # type: ignore[override]
                cls, settings_cls: type[BaseSettings], **kinds: PydanticBaseSettingsSource
            ) -> tuple[Any, ...]:
                del settings_cls
                return kinds["init_settings"], kinds["env_settings"], lambda: dict(sources)

        return _WithFile(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as error:
        raise SettingsRefused("; ".join(_sentence(part) for part in error.errors())) from error
    except ValueError as error:
        raise SettingsRefused(f"{config} cannot be read: {error}") from error


def _sentence(part: Any) -> str:
    name = ".".join(str(step) for step in part["loc"])
    if part["type"] == "extra_forbidden":
        return f"there is no setting {name!r}"
    return f"setting {name!r}: {part['msg'].removeprefix('Value error, ')}"
