"""The only reader of the environment and of the configuration file."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import ValidationError, create_model
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from edge_agent.settings import EdgeSettings
from edge_agent.watchdog import ServiceManager

ENV_PREFIX = "STOREWIRE_EDGE_"
CONFIG_NAME = "edge.toml"


class SettingsRefused(ValueError):
    """Settings that cannot be used; the text names each field and what is wrong with it."""


class _Sources(BaseSettings):
    """Environment over `edge.toml` over defaults; an unknown name is refused."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="forbid", frozen=True)

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

    class _WithFile(_Sources):
        model_config = SettingsConfigDict(toml_file=directory / CONFIG_NAME)

    hints = get_type_hints(EdgeSettings, include_extras=True)
    names: dict[str, Any] = {
        one.name: (hints[one.name], ... if one.default is MISSING else one.default) for one in fields(EdgeSettings)
    }
    given = {"state_dir": directory} | {name: value for name, value in overrides.items() if value is not None}
    try:
        read = create_model("Settings", __base__=_WithFile, **names)(**given)
    except ValidationError as error:
        raise SettingsRefused("; ".join(_sentence(part) for part in error.errors())) from error
    except (ValueError, OSError) as error:
        raise SettingsRefused(f"{directory / CONFIG_NAME}: {error}") from error
    return EdgeSettings(**read.model_dump())


def _sentence(part: Any) -> str:
    name = ".".join(str(step) for step in part["loc"])
    if part["type"] == "extra_forbidden":
        return f"there is no setting {name!r}; take it out of {CONFIG_NAME}"
    return f"setting {name!r}: {part['msg']}, got {part['input']!r}"
