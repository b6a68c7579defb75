"""What a scale says, written out for whoever weighs: kilograms and 斤, tare taken off, the price for both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from edge_agent.devices.ports import Weight
from edge_agent.devices.scales.weighing import weighing_seal
from edge_agent.till.selling.scaled import CODES, Scaled
from edge_agent.till.words import WORDS, Words
from edge_agent.web.figures import money
from shared.money import UnitPrice
from shared.wire.desired import StoreSettings

_SEAL_DIGITS = 12
_JIN_G = 500
_KG_G = 1000


@dataclass(frozen=True, slots=True)
class Weighing:
    """What a line is weighed with: the tare somebody entered, and what the line costs."""

    tare_g: int = 0
    price: UnitPrice | None = None


@dataclass(frozen=True, slots=True)
class WeighShown:
    """A weight less its tare in both units, and the price for both; empty where there is nothing to say.

    `next` is what to do where it cannot be sold by, by language. `seal` names the weighing code that runs, for an
    inspector. `scale` names the scale where there are several; `unclear`: goods lie on more than one of them. The 斤
    (500 g) is how shops of mainland China speak of weights; other stores are not shown it.
    """

    kg: str
    jin: str
    per_kg: str
    per_jin: str
    tare: str
    net: bool = False
    next: Words | None = None
    seal: str = ""
    scale: str = ""
    unclear: bool = False


def weigh_shown(scaled: Scaled, weighing: Weighing, settings: StoreSettings) -> WeighShown:
    """Write out what lies on the scale that is sold by."""
    shown = weight_written(scaled.now, weighing, settings)
    several, unclear = len(scaled.names) > 1, scaled.is_unclear
    advice = WORDS["weight_on_two_scales"] if unclear else shown.next
    return replace(shown, next=advice, scale=scaled.name if several else "", unclear=unclear)


def weight_written(weight: Weight | None, weighing: Weighing, settings: StoreSettings) -> WeighShown:
    """Write out one weight."""
    grams = None if weight is None or weight.grams is None else weight.grams - weighing.tare_g
    chinese = settings.currency == "CNY"
    exponent = settings.exponent
    return WeighShown(
        kg="" if grams is None else money(grams, 3),
        jin="" if grams is None or not chinese else money(grams * _KG_G // _JIN_G, 3),
        per_kg=_per(weighing.price, _KG_G, exponent),
        per_jin=_per(weighing.price, _JIN_G, exponent) if chinese else "",
        tare=money(weighing.tare_g, 3) if weighing.tare_g else "",
        net=weight is not None and weight.net,
        next=WORDS[CODES[weight.problems[0]]] if weight is not None and weight.problems else None,
        seal=_seal(),
    )


@cache
def _seal() -> str:
    """Write the weighing code's version and the front of its hash; the rest is in `weighing_seal`."""
    seal = weighing_seal()
    return f"{seal.version} {seal.hash[:_SEAL_DIGITS]}"


def _per(price: UnitPrice | None, grams: int, exponent: int) -> str:
    """Write what so many grams cost; with a digit more where it does not come out even, never rounded.

    >>> _per(UnitPrice(598, 1000), 500, 2), _per(UnitPrice(599, 1000), 500, 2), _per(UnitPrice(100, 300), 1000, 2)
    ('2.99', '2.995', '')
    """
    if price is None:
        return ""
    for further in (0, 1):
        minor, rest = divmod(price.minor * grams * 10**further, price.basis)
        if not rest:
            return money(minor, exponent + further)
    return ""
