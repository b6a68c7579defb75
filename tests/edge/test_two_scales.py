"""Two scales on one till: each shows its own weight, the one that holds goods is sold by, or the one that is chosen."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge_agent.devices.ports import DeviceState, Weight
from edge_agent.devices.scales.simulated import SimulatedScale
from edge_agent.station import Station
from edge_agent.web.shop import DeviceSeen
from shared.web.words import LANGUAGES
from shared.wire.desired import DeviceBinding
from tests.edge.device_bench import supervised
from tests.edge.person import person
from tests.edge.tills import PORK
from tests.edge.waiting import until

QUICK: dict[str, bool | int | str | list[str]] = {"weighs.request_ms": 10, "weighs.answer_ms": 100}
LEFT = DeviceBinding(device="left", profile="simulated_scale", transport="simulated", settings=QUICK)
RIGHT = msgspec.structs.replace(LEFT, device="right")


async def test_the_scale_that_holds_goods_is_sold_by_and_two_that_do_are_asked_about(tmp_path: Path) -> None:
    async with person(tmp_path) as at, supervised() as bench:
        station, scaled = Station(at.till, bench.supervisor), at.till.scaled
        station.screen = at.screen
        bench.supervisor.bind("t1", (LEFT, RIGHT), station.heard)
        scales = {}
        for name in ("left", "right"):
            await bench.is_in(DeviceState.IDLE, name)
            far = bench.cable(name).far_end
            assert isinstance(far, SimulatedScale)
            scales[name] = far

        async def put(name: str, grams: int) -> None:
            def shown() -> bool:
                now = scaled.shown_by(name)
                return now is not None and (now.grams, now.stable) == (grams, True)

            scales[name].put(grams)
            await until(shown, f"{grams} g on the {name} scale")

        async def pork() -> int:
            view = await at.till.view()
            return view.priced.lines[-1].quantity if view else -1

        await put("left", 0)
        await put("right", 0)
        await at.types(PORK)
        assert at.asked == "weigh"
        await put("right", 300)
        await until(lambda: not at.asked, "the weight of the scale with goods on it")
        assert await pork() == 300
        await put("left", 200)
        await at.types(PORK)
        assert (at.asked, await pork()) == ("", 200), "what lies on the other was sold already"
        await put("left", 0)
        await put("right", 0)
        await at.types(PORK)
        await at.presses("Escape")
        await put("left", 500)
        await put("right", 700)
        await at.types("")
        assert at.asked == "weigh"
        assert "不止一台秤" in (await at.shown())["pane"]
        await at.types("")
        assert (at.told, await pork()) == ("weight_on_two_scales", 0)
        await at.presses("F3")
        await until(lambda: not at.asked, "the weight of the chosen scale")
        assert await pork() == 700
        assert scaled.name == "right"


async def test_each_scale_is_shown_by_its_name_with_its_own_weight(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        at.till.scaled.note(Weight(500, stable=True), "left")
        at.till.scaled.note(Weight(0, stable=True, zero=True), "right")
        await at.types(PORK)
        seen = [DeviceSeen(f"t1/{name}", "idle", "scales") for name in ("left", "right")]
        for language in LANGUAGES:
            foot = (await at.shown(*seen, language=language))["foot"]
            left, right = foot.split("right")
            assert "0.500" in left
            assert "0.000" in right
