"""How this deployment serves the members' page: by default not at all, for it faces the internet."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator


class MemberPageSettings(BaseModel):
    """Where members reach their page, and where this process listens for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = ""
    """What members open, `https://member.shop.example`, without a path; empty: no page is served."""
    hosts: list[str] = []
    """Other names under which it may be asked for; any name but these and the url's own is refused."""
    bind: str = "127.0.0.1"
    """The address it listens on, plain HTTP: what speaks TLS with the internet stands before it and hands on
    `X-Forwarded-For` and `X-Forwarded-Proto`."""
    port: int = Field(default=8090, ge=1, le=65535)
    proxies: list[str] = ["127.0.0.1"]
    """Whose `X-Forwarded-For` is believed."""
    code_minutes: int = Field(default=5, ge=1, le=30)
    """How long a sign-in code is good."""
    session_days: int = Field(default=30, ge=1, le=90)
    """How long a telephone stays signed in."""

    joining: bool = False
    """Whether whoever is no member yet may become one here, where the entry rule is free. Codes then go to any number
    that asks, within the same limits."""
    joining_codes_an_hour: int = Field(default=600, ge=1, le=1_000_000)
    """How many codes go to numbers that are no member's: each costs money, and some ask for thousands out of spite."""

    @field_validator("url")
    @classmethod
    def _plain(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}):
            raise ValueError("write it as https://member.shop.example")
        if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost"}:
            raise ValueError("members type codes here: only https, but on this machine itself")
        return value.rstrip("/")

    @property
    def strangers(self) -> int:
        """How many codes an hour go to numbers that are no member's."""
        return self.joining_codes_an_hour if self.joining else 0

    @property
    def secure(self) -> bool:
        """Whether browsers come by HTTPS."""
        return self.url.startswith("https:")

    @property
    def allowed_hosts(self) -> list[str]:
        """Every name it answers to."""
        return [host for host in (urlsplit(self.url).hostname, *self.hosts) if host]
