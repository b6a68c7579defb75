"""What a line display shows the customer: the line just rung up and the total, then what was paid and the change."""

from __future__ import annotations

from typing import cast

from edge_agent.devices.displays.commands import can_show
from edge_agent.devices.displays.driver import LineDisplay
from edge_agent.station import Station
from edge_agent.till.results import BasketView, Paid
from shared.device_profile import DeviceClass
from shared.receipt.figures import money
from shared.wire.desired import StoreSettings

_TOTAL, _CHANGE, _PAID = "TOTAL", "CHANGE", "THANK YOU"
"""A line display has the signs of ASCII and no others: these words are what the keys of tills have said for decades."""


class CustomerRows:
    """Keeps the line displays of one till showing what is so. A till without any costs nothing but the looking."""

    def __init__(self, station: Station) -> None:
        self._station = station

    async def run(self) -> None:
        """Show each change until cancelled."""
        changes = self._station.till.changes
        while True:
            seen = changes.count
            displays = [cast("LineDisplay", one) for one in self._station.drivers(DeviceClass.DISPLAY)]
            if displays:
                view = await self._station.till.view()
                for display in displays:
                    display.show(*self._rows(view, display.shows.columns))
            await changes.beyond(seen)

    def _rows(self, view: BasketView | None, columns: int) -> tuple[str, ...]:
        settings = self._station.till.settings
        if view is None or not view.priced.lines:
            return paid_rows(self._station.till.last_paid, settings, columns)
        return basket_rows(view, settings, columns)


def basket_rows(view: BasketView, settings: StoreSettings, columns: int) -> tuple[str, str]:
    """Return the newest line with what it costs, and what is to be paid."""
    newest = next(
        (line for line in reversed(view.priced.lines) if line.n not in view.deposit_of), view.priced.lines[-1]
    )
    name = _name(view.names.get(newest.n, {}), newest.item)
    upper = _pair(name, money(newest.net_minor, settings.exponent), columns)
    return upper, _pair(_TOTAL, money(view.due_minor, settings.exponent), columns)


def paid_rows(paid: Paid | None, settings: StoreSettings, columns: int) -> tuple[str, str]:
    """Return what was paid with the change, or the shop's name before the first line."""
    if paid is None:
        name = settings.name if can_show(settings.name) else ""
        return name.center(columns).rstrip()[:columns], ""
    upper = _pair(_TOTAL, money(paid.total_minor, settings.exponent), columns)
    if not paid.change_minor:
        return upper, _PAID
    return upper, _pair(_CHANGE, money(paid.change_minor, settings.exponent), columns)


def _name(names: dict[str, str], item: str) -> str:
    """Return a name that the display has signs for; the item's number where there is none."""
    said = (names.get("en", ""), *names.values(), item)
    return next((name for name in said if name and can_show(name)), item)


def _pair(left: str, right: str, columns: int) -> str:
    """Return a label and a figure at the two ends of a row; the figure is never cut."""
    room = max(0, columns - len(right) - 1)
    return f"{left[:room]:<{room}} {right}"[-columns:]
