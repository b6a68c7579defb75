"""Weights as tests write them."""

from __future__ import annotations

from edge_agent.devices.ports import Weight, WeightProblem

P = WeightProblem


def stable(weight_g: int, *, net: bool = False) -> Weight:
    return Weight(weight_g, stable=True, net=net, zero=weight_g == 0)


def problem(*problems: P, weight_g: int | None = None, net: bool = False) -> Weight:
    return Weight(weight_g, stable=False, net=net, problems=problems)
