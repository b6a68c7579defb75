"""Head office's people, as a program: stores, prices and members over the HTTP API with an API token."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from deploy.demo import members, schedule
from deploy.demo.catalogue import CatalogueItem
from deploy.demo.coupon_rows import Change
from deploy.demo.price_files import items_file, prices_file
from deploy.demo.weekly_prices import Quote

Row = TypeVar("Row")
_SECONDS = 300.0
_TRIES = 120
_BREATH_SECONDS = 0.5
_FILE_ROWS = 100_000
EARNING = {"version": 1, "valid_from": "2016-01-01", "points": 1, "per_minor": 100}
TIERS = [
    {"code": "silver", "names": {"en": "Silver", "zh": "银卡"}, "from_minor": 50_000},
    {"code": "gold", "names": {"en": "Gold", "zh": "金卡"}, "from_minor": 200_000},
]


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

    async def set_rules(self) -> None:
        """Say how cards look, how points are earned and which tiers there are, before the first sale."""
        cards = {"card_prefixes": [members.CARD_PREFIX], "card_digits": members.CARD_DIGITS}
        await self.ask("PUT", "/prices/till-settings", cards)
        await self.ask("POST", "/loyalty/earning-rules", EARNING)
        await self.ask("POST", "/loyalty/tier-rules", {"version": 1, "tiers": TIERS})

    async def add_store(self, store: str, number: int, tills: int) -> None:
        """Add a store with its tills; its price zone is its own."""
        facts = {
            "id": store,
            "name": f"Store {number}",
            "time_zone": schedule.ZONE_NAME,
            "currency": "USD",
            "locale": "en",
            "price_zone": store,
        }
        await self.ask("POST", "/stores", facts)
        for till in range(1, tills + 1):
            # The last of several is the service desk: it sells like the others, and people join there.
            kind = "service_desk" if till == tills > 1 else "staffed"
            await self.ask("POST", f"/stores/{store}/tills", {"id": f"t{till}", "number": till, "kind": kind})

    async def claim(self, store: str) -> str:
        """Make the claim code of a store's agent."""
        answer = await self.ask("POST", f"/stores/{store}/claims", {"agent": f"agent-{store}"})
        return str(answer["code"])

    async def agents(self) -> list[dict[str, Any]]:
        """Return what HQ knows of every agent."""
        found: list[dict[str, Any]] = await self.ask("GET", "/agents")
        return found

    async def publish(
        self,
        title: str,
        *,
        items: Sequence[CatalogueItem],
        prices: Mapping[tuple[str, int], Quote],
        promotions: Sequence[Change] = (),
        activates_local: datetime,
    ) -> int:
        """Put items, prices and promotions into a draft, publish it for a local time, and return the version."""
        draft = str((await self.ask("POST", "/prices/drafts", {"title": title}))["id"])
        for item_rows in _parts(items):
            await self._import_prices(draft, "items", items_file(item_rows))
        for price_rows in _parts(list(prices.items())):
            await self._import_prices(draft, "prices", prices_file(dict(price_rows)))
        if promotions:
            await self.ask("POST", f"/prices/drafts/{draft}/rows", {"changes": list(promotions)})
        when = {"activates_local": activates_local.isoformat()}
        try:
            return int((await self.ask("POST", f"/prices/drafts/{draft}/publish", when))["version"])
        except HqRefused:
            # The answer to an earlier try may have been lost: then the draft is a version already.
            versions = await self.ask("GET", "/prices/versions")
            found = [one["version"] for one in versions if one["title"] == title]
            if not found:
                raise
            return int(max(found))

    async def import_members(self, households: Sequence[int]) -> None:
        """Import households with their cards; those that are known already are left alone."""
        if households:
            await self.send("/members/import", members.import_file(households), {"dry_run": "false"})

    async def group_members(self, segment: str, households: Iterable[int]) -> None:
        """Put households into the segment that an offer is made to, and name it."""
        references = [members.member_reference(one) for one in sorted(households)]
        await self.ask("POST", f"/members/segments/{segment}", {"add_references": references})
        number = segment.rpartition("-")[2]
        await self.ask(
            "PUT",
            f"/members/segments/{segment}",
            {"en": f"Households of campaign {number}", "zh": f"第 {number} 波活动家庭"},
        )

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Make a request. Raise HqRefused with HQ's own words."""
        return await self._request(method, path, json=body)

    async def send(self, path: str, content: bytes, parameters: Mapping[str, str]) -> Any:
        """Send a file. Raise HqRefused when a row of it is refused."""
        return await self._request("POST", path, content=content, params=dict(parameters))

    async def _import_prices(self, draft: str, kind: str, content: bytes) -> None:
        await self.send(f"/prices/drafts/{draft}/import", content, {"kind": kind, "dry_run": "false"})

    async def _request(self, method: str, path: str, **parts: Any) -> Any:
        """Ask, and ask again while head office is away: it may be hurt on purpose just now."""
        reason = ""
        for _ in range(_TRIES):
            try:
                response = await self._client.request(method, path, **parts)
            except httpx.TransportError as error:
                reason = str(error) or type(error).__name__
            else:
                if response.is_success:
                    return response.json() if response.content else None
                reason = f"{response.status_code} {response.text[:500]}"
                if response.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
            await asyncio.sleep(_BREATH_SECONDS)
        raise HqRefused(f"{method} {path}: {reason}")


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Cut a long table into files that head office takes."""
    for start in range(0, len(rows), _FILE_ROWS):
        yield rows[start : start + _FILE_ROWS]
