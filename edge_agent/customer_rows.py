"""What a line display shows the customer: the line just rung up and the total, then what was paid and the change."""

from __future__ import annotations

from typing import cast

from edge_agent.devices.displays.commands import can_show, fitted, width
from edge_agent.devices.displays.driver import LineDisplay
from edge_agent.station import Station
from edge_agent.till.results import BasketView, Paid
from shared.device_profile import DeviceClass, Shows
from shared.money import money_text
from shared.wire.desired import StoreSettings

_WORDS = {
    "en": {"total": "TOTAL", "change": "CHANGE", "paid": "THANK YOU"},
    "zh": {"total": "合计", "change": "找零", "paid": "谢谢惠顾"},
}
"""Short ones: a row has twenty columns, and a Chinese character takes two."""


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
                    display.show(*self._rows(view, display.shows))
            await changes.beyond(seen)

    def _rows(self, view: BasketView | None, shows: Shows) -> tuple[str, ...]:
        settings = self._station.till.settings
        if view is None or not view.priced.lines:
            return paid_rows(self._station.till.last_paid, settings, shows)
        return basket_rows(view, settings, shows)


def basket_rows(view: BasketView, settings: StoreSettings, shows: Shows) -> tuple[str, str]:
    """Return the newest line with what it costs, and what is to be paid."""
    newest = next(
        (line for line in reversed(view.priced.lines) if line.n not in view.deposit_of), view.priced.lines[-1]
    )
    name = _name(view.names.get(newest.n, {}), newest.item, settings, shows)
    upper = _pair(name, money_text(newest.net_minor, settings.exponent), shows)
    return upper, _pair(_words(settings, shows)["total"], money_text(view.due_minor, settings.exponent), shows)


def paid_rows(paid: Paid | None, settings: StoreSettings, shows: Shows) -> tuple[str, str]:
    """Return what was paid with the change, or the shop's name before the first line."""
    if paid is None:
        name = fitted(settings.name, shows.columns) if can_show(settings.name, shows) else ""
        return " " * ((shows.columns - width(name)) // 2) + name if name else "", ""
    words = _words(settings, shows)
    upper = _pair(words["total"], money_text(paid.total_minor, settings.exponent), shows)
    if not paid.change_minor:
        return upper, words["paid"]
    return upper, _pair(words["change"], money_text(paid.change_minor, settings.exponent), shows)


def _language(settings: StoreSettings, shows: Shows) -> str:
    """Return the customers' language where the display has signs for it."""
    return "zh" if settings.locale.startswith("zh") and shows.chinese != "none" else "en"


def _words(settings: StoreSettings, shows: Shows) -> dict[str, str]:
    return _WORDS[_language(settings, shows)]


def _name(names: dict[str, str], item: str, settings: StoreSettings, shows: Shows) -> str:
    """Return a name that the display has every sign of, the customers' own first; else the item's number.

    A number can be read out and found on the receipt; half a name in question marks says nothing.
    """
    said = (names.get(_language(settings, shows), ""), names.get("en", ""), *names.values(), item)
    return next((name for name in said if name and can_show(name, shows)), item)


def _pair(left: str, right: str, shows: Shows) -> str:
    """Return a label and a figure at the two ends of a row; the figure is never cut."""
    if len(right) >= shows.columns:
        return right[-shows.columns :]
    room = shows.columns - len(right) - 1
    label = fitted(left, room)
    return f"{label}{' ' * (room - width(label))} {right}"
