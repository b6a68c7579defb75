"""The commands about a line's weight or volume, and about the scale that stands at the till."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from typing import TypeVar

from edge_agent.devices.ports import DeviceRefused, DeviceUnavailable, Scale, WeightProblem
from edge_agent.till import ringing
from edge_agent.till.asks import Approve, Expects
from edge_agent.till.commands import Commands, refused
from edge_agent.till.desk import Desk
from edge_agent.till.results import LineChanged, Refused
from edge_agent.till.selling import weighing
from edge_agent.till.selling.results import ScaleSet
from edge_agent.till.selling.scaled import CODES, Scaled
from edge_agent.till.selling.weighing import ByScale
from edge_agent.till.staff.people import People
from shared.pricing import Unit

R = TypeVar("R")


class WeighingCommands:
    """What is weighed and poured at a till. Every answer is a result; a refusal is an answer."""

    def __init__(self, commands: Commands, people: People) -> None:
        self._commands = commands
        self._people = people
        self.scaled = Scaled()

    async def weigh(
        self,
        weight_g: int,
        line: int | None = None,
        *,
        tare_g: int = 0,
        by_hand: bool = False,
        expects: Expects | None = None,
    ) -> LineChanged | Refused:
        """Set a line's weight in grams, less a tare; without `line` the last one.

        `by_hand`: somebody typed it in because the scale does not work; the sale keeps who it was.
        """
        use_case = weighing.by_hand if by_hand else weighing.weigh
        return await self._ring(lambda db, desk: use_case(db, desk, line, weight_g, tare_g), expects)

    async def tare(
        self, tare_g: int, line: int | None = None, *, expects: Expects | None = None
    ) -> LineChanged | Refused:
        """Take a tare off what a line was weighed with, in place of one before; without `line` the last one."""
        return await self._ring(lambda db, desk: ringing.tare(db, desk, tare_g, line), expects)

    async def weigh_from_scale(
        self, line: int | None = None, *, tare_g: int = 0, released: bool = False, approve: Approve | None = None
    ) -> LineChanged | Refused:
        """Set a line's weight from the till's scale: steady, and another than the line before was weighed with.

        `released`: the weight may be the same as before, for other goods; somebody has to approve that.
        """
        approver = await self._people.approver(approve)
        if isinstance(approver, Refused):
            return approver
        if self.scaled.is_unclear:
            return refused("weight_on_two_scales")
        scale = self.scaled.name
        weight = await self.scaled.settled()
        if isinstance(weight, WeightProblem) or weight.grams is None:
            return refused(CODES[weight if isinstance(weight, WeightProblem) else WeightProblem.MOVING])
        given = ByScale(weight.grams, tare_g, self.scaled.weighed, released)
        answer = await self._ring(lambda db, desk: weighing.by_scale(db, desk, line, given, approver), None)
        if isinstance(answer, Refused):
            return answer
        weighed, changed = answer
        self.scaled.used(weighed, given.weight_g, scale)
        return changed

    async def zero_scale(self) -> ScaleSet | Refused:
        """Set the till's scale to zero, where it takes that from outside."""
        return await self._set_scale(lambda scale: scale.zero())

    async def tare_scale(self) -> ScaleSet | Refused:
        """Let the till's scale take what lies on it as tare, where it takes that from outside."""
        return await self._set_scale(lambda scale: scale.tare())

    async def pour(
        self, volume_ml: int, line: int | None = None, *, expects: Expects | None = None
    ) -> LineChanged | Refused:
        """Set a line's volume in millilitres; without `line` the last one."""
        return await self._ring(lambda db, desk: ringing.measure(db, desk, volume_ml, Unit.MILLILITRE, line), expects)

    async def _set_scale(self, order: Callable[[Scale], Awaitable[None]]) -> ScaleSet | Refused:
        scale = self.scaled.scale
        if scale is None:
            return refused(CODES[WeightProblem.SILENT])
        try:
            await order(scale)
        except DeviceUnavailable:
            return refused(CODES[WeightProblem.SILENT])
        except DeviceRefused:
            return refused("scale_by_its_key")
        return ScaleSet()

    async def _ring(self, use_case: Callable[[sqlite3.Connection, Desk], R], expects: Expects | None) -> R | Refused:
        """Change lines, which nobody has paid for yet: in the log at once, on the disk within seconds."""
        return await self._commands.change(use_case, expects=expects, synced=False)
