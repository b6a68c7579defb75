"""What to say of a scale that is not well, and of a weight that cannot be sold by: what it is, and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.devices.ports import WeightProblem
from edge_agent.devices.printers.problems import Advice
from edge_agent.devices.scales import health

CONDITIONS: Mapping[str, Advice] = {
    health.NO_ZERO_AT_START: Advice(
        "The scale has not shown zero since it was switched on.",
        "Take everything off it; if it still shows a weight, switch it off and on while it is empty.",
        "电子秤开机后未归零。",
        "请清空秤盘；如仍显示重量，请空秤重新开机。",
    ),
    health.ZERO_DRIFT: Advice(
        "The empty scale shows a weight.",
        "Clean the platform, level the scale and press its zero key.",
        "空秤显示重量，零点漂移。",
        "请清洁秤盘、调平电子秤并按归零键。",
    ),
    health.NEVER_STABLE: Advice(
        "The scale does not come to rest.",
        "Keep draughts and shaking away, level it; if that does not help, call support.",
        "电子秤读数一直不稳定。",
        "请避开风和震动并调平电子秤；如无改善请联系支持。",
    ),
    health.SILENT: Advice(
        "The scale does not answer.",
        "Check its power and its cable, and that it is set to answer the till.",
        "电子秤无应答。",
        "请检查电源和数据线，并确认电子秤为应答模式。",
    ),
    health.UNREADABLE: Advice(
        "What the scale sends cannot be read.",
        "Check the cable; tell HQ that its model or line settings may be wrong.",
        "电子秤数据无法识别。",
        "请检查数据线，并通知总部核对型号和通讯设置。",
    ),
}
"""By the condition that a scale's driver reports."""

WEIGHTS: Mapping[WeightProblem, Advice] = {
    WeightProblem.MOVING: Advice(
        "The weight has not settled.", "Wait until it stands still.", "读数未稳定。", "请等待读数稳定。"
    ),
    WeightProblem.NEGATIVE: Advice(
        "The scale is below zero.",
        "Take everything off and press its zero key.",
        "读数为负。",
        "请清空秤盘并按归零键。",
    ),
    WeightProblem.OVERLOAD: Advice(
        "There is too much on the scale.", "Take some off and weigh in parts.", "超出量程。", "请减少商品，分次称重。"
    ),
    WeightProblem.NOT_ZEROED: Advice(
        "The scale is not at zero.",
        "Take everything off and press its zero key.",
        "电子秤未归零。",
        "请清空秤盘并按归零键。",
    ),
    WeightProblem.OUT_OF_RANGE: Advice(
        "There is too much on the scale, or it is not at zero.",
        "Take everything off and press its zero key; then weigh in parts.",
        "超出量程，或电子秤未归零。",
        "请清空秤盘并按归零键，再分次称重。",
    ),
    WeightProblem.SAME_WEIGHT: Advice(
        "This weight was sold already.",
        "Take the goods off and put the next ones on, or have a supervisor release it.",
        "该重量已售出，商品尚未更换。",
        "请取下商品再放上下一件，或由主管放行。",
    ),
    WeightProblem.EMPTY: Advice(
        "There is nothing on the scale.", "Put the goods on it.", "秤上没有商品。", "请放上商品。"
    ),
    WeightProblem.WARMING_UP: Advice("The scale is not ready yet.", "Wait a moment.", "电子秤尚未就绪。", "请稍候。"),
    WeightProblem.UNREADABLE: CONDITIONS[health.UNREADABLE],
    WeightProblem.SILENT: CONDITIONS[health.SILENT],
    WeightProblem.FAULT: Advice(
        "The scale says that it is broken or not calibrated.",
        "Do not sell by it; call support.",
        "电子秤故障或未校准。",
        "请勿使用，并联系支持。",
    ),
}
"""By why a weight cannot be sold by."""
