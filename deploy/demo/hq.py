"""Head office's people, as a program: stores, tills, claim codes over the HTTP API with an API token."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx

from deploy.demo import schedule

_SECONDS = 300.0
_TRIES = 60


class HqRefused(RuntimeError):
    """Head office refused a request; the text says which and why."""


class Hq:
    """A client of the HTTP API."""

    def __init__(self, base_url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.AsyncClient(base_url=f"{base_url}/api/v1", headers=headers, timeout=_SECONDS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def add_store(self, store: str, number: int, tills: int) -> None:
        """Add a store with its tills; its price zone is its own."""
        await self.ask(
            "POST",
            "/stores",
            {
                "id": store,
                "name": f"Store {number}",
                "time_zone": schedule.ZONE_NAME,
                "currency": "USD",
                "locale": "en",
                "price_zone": store,
            },
        )
        for till in range(1, tills + 1):
            await self.ask("POST", f"/stores/{store}/tills", {"id": f"t{till}", "number": till})

    async def claim(self, store: str) -> str:
        """Make the claim code of a store's agent."""
        answer = await self.ask("POST", f"/stores/{store}/claims", {"agent": f"agent-{store}"})
        return str(answer["code"])

    async def agents(self) -> list[dict[str, Any]]:
        """Return what HQ knows of every agent."""
        found: list[dict[str, Any]] = await self.ask("GET", "/agents")
        return found

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Make a request. Raise HqRefused with HQ's own words."""
        response = await self._client.request(method, path, json=body)
        if not response.is_success:
            raise HqRefused(f"{method} {path}: {response.status_code} {response.text[:500]}")
        return response.json() if response.content else None
