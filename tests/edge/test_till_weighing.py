"""A till with a scale and a scanner bound by head office, from the cable to the line of the basket."""

from __future__ import annotations

from pathlib import Path

from edge_agent.devices.ports import DeviceState
from edge_agent.devices.scales.simulated import SimulatedScale
from edge_agent.station import Station
from edge_agent.till.results import LineAdded, LineChanged, Refused
from shared.wire.desired import DeviceBinding
from tests.edge.device_bench import SIMULATED, supervised
from tests.edge.tills import PORK, opened_store
from tests.edge.waiting import until

QUICK: dict[str, bool | int | str | list[str]] = {"weighs.request_ms": 10, "weighs.answer_ms": 100}
SCALE = DeviceBinding(device="scale", profile="simulated_scale", transport="simulated", settings=QUICK)


async def test_pork_is_scanned_weighed_once_and_never_by_a_weight_that_is_gone(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store, supervised() as bench:
        station = Station(store.till(), bench.supervisor)
        bench.supervisor.bind("t1", (SIMULATED, SCALE), station.heard)
        await bench.is_in(DeviceState.IDLE, "scale")
        await bench.is_in(DeviceState.IDLE, "scanner")
        scale = bench.cable("scale").far_end
        assert isinstance(scale, SimulatedScale)

        def shows(weight_g: int, *, stable: bool) -> bool:
            now = station.till.scaled.now
            return now is not None and (now.grams, now.stable) == (weight_g, stable)

        async def scan_pork() -> None:
            with station.watched() as heard:
                await bench.cable("scanner").press(PORK.encode() + b"\r")
                assert isinstance(await heard.get(), LineAdded)

        async def refusal() -> str:
            answer = await station.till.weigh_from_scale()
            assert isinstance(answer, Refused)
            return answer.code

        await scan_pork()
        scale.put(1236, stable=False)
        await until(lambda: shows(1236, stable=False), "the moving weight")
        assert await refusal() == "weight_moving"
        scale.settle()
        await until(lambda: shows(1236, stable=True), "the settled weight")
        weighed = await station.till.weigh_from_scale()
        assert isinstance(weighed, LineChanged)
        assert (weighed.line.quantity, weighed.line.net_minor) == (1236, 4942)
        await scan_pork()
        assert await refusal() == "weight_unchanged"
        scale.put(800)
        await until(lambda: shows(800, stable=True), "the next goods")
        await bench.cable("scale").unplug()
        await until(lambda: not shows(800, stable=True), "the unplugging")
        assert await refusal() == "weight_silent"
