"""Flows of what is weighed: by the scale, less a tare, by hand where the scale does not work, the same weight again."""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.devices.ports import Weight
from edge_agent.devices.scales.weighing import in_kg
from edge_agent.till.results import BasketView, Refused
from edge_agent.till.selling.results import ScaleSet
from edge_agent.web.figures import to_grams
from edge_agent.web.screen.asking import Asked, Option, Question, Wrong
from edge_agent.web.screen.hand import About, Done, Hand, Outcome, settled
from edge_agent.web.screen.saying import NOTHING, Notice, Plain, Sayable, named, news, says
from edge_agent.web.weighed import Weighing
from shared.pricing import Unit
from shared.web.words import marked

SCALE = "scale"
"""The answer that takes what the scale says."""
TAKES_THE_SCALE = frozenset({"weigh", "unchanged"})
"""Questions that a steady weight of other goods answers by itself."""
_ZERO, _TARE, _OTHER_GOODS = "zero", "tare", "other_goods"
_BY = "by:"
"""Before the name of the scale to weigh on; without one it is the one that holds goods."""
_ZERO_KEY = "F9"
_SCALE_KEYS = ("F2", "F3", "F4")
_ANY_KEY = "F5"
_TARE_LIMIT_G = 5_000


def tare_of(text: str) -> int | None:
    """Read a tare as it is typed, -0.036, into grams; None when it is none.

    >>> tare_of("-0.036"), tare_of("0.036"), tare_of("-9"), tare_of("-cola")
    (36, None, None, None)
    """
    grams = to_grams(text[1:]) if text.startswith("-") else None
    return None if grams is None or grams > _TARE_LIMIT_G else grams


async def measure(ask: Asked, hand: Hand, line: str) -> Outcome:
    """Weigh or pour a line that waits for it."""
    view = await hand.till.view()
    unit = next((one.unit for one in view.priced.lines if str(one.n) == line), Unit.GRAM) if view else Unit.GRAM
    return await (weigh if unit is Unit.GRAM else pour)(ask, hand, line)


async def weigh(ask: Asked, hand: Hand, line: str, tare: str = "0") -> Outcome:
    """Weigh a line: by the scale as soon as it is steady, less a tare; by hand where there is no scale that works."""
    n, tare_g = int(line), int(tare)
    view = await hand.till.view()
    while True:
        text = await ask(_question(hand, view, n, tare_g))
        if not text.startswith("-"):
            break
        typed = tare_of(text)
        if typed is None:
            raise Wrong(says(marked("This is not a tare.")), text)
        tare_g = typed
    if text.startswith(_BY):
        hand.till.scaled.choose(text.removeprefix(_BY))
        if not hand.till.scaled.is_steady:
            return Done(then="weigh", about=(line, str(tare_g)))
        text = SCALE
    if text == _ZERO:
        told = await hand.till.zero_scale()
        return Done(then="weigh", about=(line, str(tare_g))) if isinstance(told, ScaleSet) else told
    if text == SCALE:
        return await _by_scale(ask, hand, n, tare_g, _name(view, n))
    return await _by_hand(hand, n, tare_g, text)


async def scale(ask: Asked, hand: Hand) -> Outcome:
    """Set the scale to zero, or have it take the empty box on it as tare, before anything is weighed."""
    here = hand.till.scaled.scale
    options = (*_scales(hand), *_zero(hand))
    if here is not None and here.takes_tare:
        options += (Option(value=_TARE, words=says(marked("The empty box on it is the tare"))),)
    if not options:
        words = says(marked("No scale here takes this from the till."))
        return Done(Notice(words=words, next=says(marked("Press the key on the scale.")), code="scale_by_its_key"))
    chosen = await ask(
        Question(
            id="scale",
            title=says(marked("Scale")),
            prompt=says(marked("Number")),
            options=options,
            free=False,
            pane="weigh",
            detail=Weighing(),
        )
    )
    if chosen.startswith(_BY):
        hand.till.scaled.choose(chosen.removeprefix(_BY))
        return Done(then="scale")
    told = await (hand.till.zero_scale() if chosen == _ZERO else hand.till.tare_scale())
    return told if isinstance(told, Refused) else Done(news(marked("The scale was told; look what it shows.")))


async def pour(ask: Asked, hand: Hand, line: str) -> Outcome:
    """Enter the volume of a line."""
    text = await ask(
        Question(id="pour", title=says(marked("Volume of line {line}"), line=line), prompt=says(marked("Litres")))
    )
    volume = to_grams(text)
    if volume is None:
        raise Wrong(says(marked("This is not a volume.")), text)
    answer = await hand.till.pour(volume, int(line))
    return answer if isinstance(answer, Refused) else Done()


async def tare(_ask: Asked, hand: Hand, grams: str) -> Outcome:
    """Take a tare off the chosen line, else the last one; one that is still to be weighed is weighed less it."""
    answer = await hand.till.tare(int(grams), hand.line, expects=hand.expects)
    if isinstance(answer, Refused):
        waits = answer.code == "weight_missing"
        return Done(then="weigh", about=(answer.detail, grams)) if waits else answer
    net = in_kg(answer.line.quantity)
    return Done(
        news(
            marked("Line {line}: {weight} kg, tare {tare} kg taken off."),
            line=str(answer.line.n),
            weight=net,
            tare=in_kg(int(grams)),
        )
    )


async def _by_scale(ask: Asked, hand: Hand, n: int, tare_g: int, name: Sayable) -> Outcome:
    answer = await hand.till.weigh_from_scale(n, tare_g=tare_g)
    if not isinstance(answer, Refused):
        return Done()
    if answer.code != "weight_unchanged":
        return answer
    other = Option(value=_OTHER_GOODS, words=says(marked("These are other goods of the same weight")))
    said = await ask(
        Question(
            id="unchanged",
            title=says(marked("Weigh {item}"), item=name),
            prompt=says(marked("Put the next goods on · or 1: they are others")),
            note=says(marked("The weight is still that of the line before: one thing must not be paid twice.")),
            options=(other,),
            free=False,
            pane="weigh",
            detail=Weighing(tare_g),
            deliberate=True,
        )
    )
    if said != _OTHER_GOODS:
        return answer
    now = hand.till.scaled.now
    what = says(
        marked("{item}: {weight} kg, as the line before"),
        item=name, weight=in_kg(now.grams) if now is not None and now.grams is not None else "–",
    )  # fmt: skip
    released = await settled(
        ask,
        lambda approve, _reason: hand.till.weigh_from_scale(n, tare_g=tare_g, released=True, approve=approve),
        About(what),
    )
    return released if isinstance(released, Refused) else Done()


async def _by_hand(hand: Hand, n: int, tare_g: int, text: str) -> Outcome:
    grams, scaled = to_grams(text), hand.till.scaled
    if grams is None:
        raise Wrong(says(marked("This is not a weight.")), text)
    if not scaled.by_hand:
        raise Wrong(says(marked("The scale says the weight; press Enter when it is steady.")), text)
    answer = await hand.till.weigh(grams, n, tare_g=tare_g, by_hand=scaled.is_there)
    return answer if isinstance(answer, Refused) else Done()


def _question(hand: Hand, view: BasketView | None, n: int, tare_g: int) -> Question:
    price = next((one.price for one in view.priced.lines if one.n == n), None) if view else None
    return Question(
        id="weigh",
        title=says(marked("Weigh {item}"), item=_name(view, n)),
        prompt=says(marked("Enter takes the weight · -0.020 a tare · a weight in kg without a scale")),
        default=SCALE,
        options=(*_scales(hand, keys=_SCALE_KEYS), *_zero(hand, key=_ZERO_KEY)),
        numbered=False,
        pane="weigh",
        detail=Weighing(tare_g, price),
        deliberate=True,
    )


def _name(view: BasketView | None, n: int) -> Sayable:
    return named(view.names.get(n, {}), str(n)) if view else Plain(str(n))


def _scales(hand: Hand, keys: Sequence[str] = ()) -> tuple[Option, ...]:
    """Return the scales to choose from, with what each shows; nothing where there is one."""
    scaled = hand.till.scaled
    if len(scaled.names) == 1:
        return ()
    key_of = dict(zip(scaled.names, keys, strict=False))
    named_ = [
        Option(
            value=_BY + name,
            words=says(marked("Weigh on {scale}"), scale=Plain(name)),
            note=says(marked("chosen")) if scaled.is_chosen and name == scaled.name else NOTHING,
            amount=_kg(scaled.shown_by(name)),
            key=key_of.get(name, ""),
        )
        for name in scaled.names
    ]
    by_goods = Option(value=_BY, words=says(marked("Weigh on the one that holds goods")), key=_ANY_KEY if keys else "")
    return (*named_, by_goods) if scaled.is_chosen else tuple(named_)


def _kg(weight: Weight | None) -> str:
    return "–" if weight is None or weight.grams is None else f"{in_kg(weight.grams)} kg"


def _zero(hand: Hand, key: str = "") -> tuple[Option, ...]:
    """Return setting the scale to zero as an answer, where it takes that from here."""
    scale = hand.till.scaled.scale
    if scale is None or not scale.takes_zero:
        return ()
    return (Option(value=_ZERO, words=says(marked("Set the empty scale to zero")), key=key),)
