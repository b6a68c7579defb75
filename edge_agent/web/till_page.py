"""The till's page in parts, each sent anew when it has become another: head, lines, pane, sum, keys, foot, state."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from edge_agent.devices.ports import Weight
from edge_agent.devices.printers.problems import ADVICE
from edge_agent.devices.scales.advice import CONDITIONS
from edge_agent.till.results import BasketView, WhoView
from edge_agent.web import figures
from edge_agent.web.rendering import render, speech
from edge_agent.web.screen.actions import ACTIONS, USE_CASES, Action
from edge_agent.web.screen.offline_marks import mark_of, mark_of_flow
from edge_agent.web.screen.saying import said
from edge_agent.web.screen.words import (
    DEVICE_STATES,
    PROBLEM_OTHER,
    PROBLEMS,
    STOPS_SELLING,
    TENDERS,
    WEIGHT_PROBLEMS,
)
from edge_agent.web.shop import Counter, Shop
from edge_agent.web.shown import basket_shown, name_in
from edge_agent.web.standing import Standing
from edge_agent.web.stream import Parts
from edge_agent.web.weighed import Weighing, WeighShown, weigh_shown
from shared.receipt.figures import sign_of
from shared.web.words import Language
from shared.wire.desired import StoreSettings
from shared.wire.desired import Till as TillSettings

PARTS = ("head", "lines", "banner", "pane", "prompt", "sum", "keys", "foot", "state")


@dataclass(frozen=True, slots=True)
class Key:
    """A key on the page: its action, and what is printed on it."""

    action: Action
    key: str


def weight_shown(weight: Weight | None) -> str:
    """Write a scale's weight in kilograms; empty when it says none."""
    return "" if weight is None or weight.grams is None else figures.money(weight.grams, 3)


async def parts(shop: Shop, counter: Counter, settings: StoreSettings, language: Language) -> Parts:
    """Return every part of a till's page as it is now."""
    screen = counter.screen
    await screen.attend()
    count = counter.till.changes.count
    view, who, standing = await asyncio.gather(counter.till.view(), counter.till.people.who(), shop.standing())
    context = _context(shop, counter, settings, language, view=view, who=who, standing=standing)
    spoken = speech(language)
    context |= {
        "count": count,
        "question": screen.question,
        "marked": screen.talk.marked if screen.talk else 0,
        "money": lambda minor: figures.money(minor, settings.exponent),
        "quantity": figures.quantity,
        "name_in": name_in,
        "offline_of": lambda option: mark_of(screen.question, option, USE_CASES) if screen.question else None,
        "offline_now": mark_of_flow(screen.talk.flow if screen.talk else "", USE_CASES),
        "clock_time": lambda at_ms: figures.clock_time(at_ms, settings.time_zone),
        "unit_price": lambda price, unit: figures.unit_price(price, unit, settings.exponent),
        "say": lambda value: said(value, spoken),
    }
    return {name: render(f"_{name}.html", language, **context) for name in PARTS}


def _context(
    shop: Shop,
    counter: Counter,
    settings: StoreSettings,
    language: Language,
    *,
    view: BasketView | None,
    who: WhoView,
    standing: Standing,
) -> dict[str, Any]:
    screen = counter.screen
    keys = screen.keys
    return {
        "till": counter.till.id,
        "number": _of(settings, counter.till.id).number,
        "settings": settings,
        "sign": sign_of(settings.currency),
        "time": figures.clock_time(shop.clock.now_ms(), settings.time_zone),
        "basket": basket_shown(view, settings, language, screen.line),
        "view": view,
        "who": who,
        "practice": who.practice,
        "needs_shift": settings.policies.shifts == "required" and who.shift is None and not who.practice,
        "shift_key": keys["shift"],
        "standing": standing,
        "devices": counter.seen,
        "device_states": DEVICE_STATES,
        "weight": counter.till.scaled.now,
        "weight_of": _weights(counter),
        "weight_shown": weight_shown,
        "weight_problems": WEIGHT_PROBLEMS,
        "weighing": _weighing(counter, settings),
        "scale_advice": [
            CONDITIONS[name] for device in counter.seen for name in device.conditions if name in CONDITIONS
        ],
        "paper": [ADVICE[problem] for problem in counter.paper_problems if problem.value != "no_printer"],
        "unproven": counter.unproven,
        "unproven_advice": ADVICE[counter.unproven.reason] if counter.unproven else None,
        "reprint_key": keys["reprint"],
        "offers_key": keys["offers"] or keys["more"],
        "problems": PROBLEMS,
        "problem_other": PROBLEM_OTHER,
        "stops_selling": STOPS_SELLING,
        "tenders": TENDERS,
        "screen": screen,
        "keyed": [keys[action.name] for action in ACTIONS if keys[action.name] and counter.till.kind in action.kinds],
        "keys": [
            Key(action, keys[action.name]) for action in ACTIONS if action.front and counter.till.kind in action.kinds
        ],
    }


def _weighing(counter: Counter, settings: StoreSettings) -> WeighShown | None:
    question = counter.screen.question
    if question is None or not isinstance(question.detail, Weighing):
        return None
    return weigh_shown(counter.till.scaled, question.detail, settings)


def _weights(counter: Counter) -> dict[str, Weight | None]:
    """Return what each scale shows, by the device's name; one that stands alone is whatever has spoken."""
    scaled = counter.till.scaled
    of_device = {one.name: one.name.rpartition("/")[2] for one in counter.seen if one.kind == "scales"}
    alone = len(of_device) == 1
    return {name: scaled.now if alone else scaled.shown_by(scale) for name, scale in of_device.items()}


def _of(settings: StoreSettings, till: str) -> TillSettings:
    return next((one for one in settings.tills if one.till == till), TillSettings(till=till, number=0))
