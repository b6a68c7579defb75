"""How the agent stands, as its tills show it: a module of its own, for an agent without pages needs no more of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """How the agent stands, for the strip at the foot of a till.

    `link` names the way it talks to HQ by, empty without any; `waiting` counts the events HQ does not have yet;
    `parked` those it has put aside until somebody there decides; `problems` are the agent's own, as HQ hears them.
    """

    link: str
    waiting: int
    parked: int = 0
    problems: tuple[str, ...] = ()

    @property
    def problem_codes(self) -> list[str]:
        """The problems' codes, each once, in their order."""
        return list(dict.fromkeys(problem.split(":", 1)[0] for problem in self.problems))
