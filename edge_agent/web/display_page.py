"""The customer's side of a till: last item, saving, running total, member; at the end the e-receipt's code."""

from __future__ import annotations

from edge_agent.pictures.ports import Pictures
from edge_agent.till.results import Paid
from edge_agent.till.service.results import Offer
from edge_agent.web import figures
from edge_agent.web.picture_space import picture_space
from edge_agent.web.rendering import render, speech
from edge_agent.web.screen.saying import said
from edge_agent.web.shop import Counter
from edge_agent.web.shown import basket_shown
from edge_agent.web.stream import Parts
from shared.receipt.figures import sign_of
from shared.receipt.qr import QUIET_MODULES, matrix
from shared.web.words import Language
from shared.wire.desired import StoreSettings
from shared.wire.policies import ConsentText

_LAST_ROWS = 4


async def parts(
    counter: Counter, settings: StoreSettings, language: Language, pictures: Pictures | None = None
) -> Parts:
    """Return what the customer sees now, with the items' pictures that are on this disk."""
    spoken = speech(language)
    view = await counter.till.view()
    who = await counter.till.people.who()
    basket = basket_shown(view, settings, language)
    paid = counter.screen.paid if view is None else None
    context = {
        "basket": basket,
        "space": await picture_space(view, language, pictures, done=paid is not None),
        "rows": [row for row in basket.rows if not row.deposit][-_LAST_ROWS:],
        "paid": paid,
        "total": figures.money(paid.total_minor, settings.exponent) if paid else "",
        "change": figures.money(paid.change_minor, settings.exponent) if paid and paid.change_minor else "",
        "code": code_path(_receipt_address(paid, settings)) if paid and paid.lines else None,
        "sign": sign_of(settings.currency),
        "settings": settings,
        "practice": who.practice,
        "waiting": view is not None and bool(view.waiting),
        "consent": _consent(counter),
        "offer": _offer(counter),
        "money": lambda minor: figures.money(minor, settings.exponent),
        "say": lambda value: said(value, spoken),
    }
    return {"display": render("_display.html", language, **context)}


def _consent(counter: Counter) -> ConsentText | None:
    """Return the text that somebody is asked to agree to just now: they read it here."""
    detail = counter.screen.question.detail if counter.screen.question else None
    return detail if isinstance(detail, ConsentText) else None


def _offer(counter: Counter) -> Offer | None:
    """Return the top-up that waits for its money: what it brings is seen before it is paid."""
    detail = counter.screen.question.detail if counter.screen.question else None
    return detail if isinstance(detail, Offer) else None


def _receipt_address(paid: Paid, settings: StoreSettings) -> str:
    return f"{settings.receipt.url}{paid.sale}" if settings.receipt.url else ""


def code_path(content: str) -> tuple[int, str] | None:
    """Return a QR code as (modules a side with its margin, an SVG path of its dark ones); None without content."""
    if not content:
        return None
    modules = matrix(content)
    path = "".join(
        f"M{x + QUIET_MODULES} {y + QUIET_MODULES}h1v1h-1z"
        for y, row in enumerate(modules)
        for x, dark in enumerate(row)
        if dark
    )
    return len(modules) + 2 * QUIET_MODULES, path
