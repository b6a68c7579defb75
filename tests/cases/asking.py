"""Asks another engine, a program of anybody's, by lines of JSON: what it says is held against the cases like ours."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from typing import Any

import msgspec

from tests.cases.form import Expected
from tests.cases.running import Loaded

_PATIENCE_SECONDS = 60


class EngineFailed(RuntimeError):
    """The other engine gave no answers that can be read: what happened, and its last words."""


def question(loaded: Loaded) -> bytes:
    """Return what is asked of another engine for a case: everything but what is expected."""
    case = msgspec.to_builtins(loaded.case)
    expected = case.pop("expect")
    case["basket"] = [[word for word in rung if word is not None] for rung in case["basket"]]
    names = loaded.source.rules if loaded.case.rules is None else loaded.case.rules
    return msgspec.json.encode(
        {
            "zone": loaded.source.zone,
            "items": loaded.source.items,
            "rules": {name: loaded.source.rules[name] for name in names},
            "case": {**case, "at": loaded.case.at},
            "asks": list(expected),
        }
    )


def ask(command: str, cases: Sequence[Loaded]) -> list[dict[str, Any]]:
    """Run a program, hand it one case a line, and return its answers, one a line in the same order.

    Raise EngineFailed when it ends badly, is silent for a minute, or answers something else.
    """
    asked = b"\n".join([question(one) for one in cases]) + b"\n"
    try:
        ended = subprocess.run(
            shlex.split(command), input=asked, capture_output=True, timeout=_PATIENCE_SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise EngineFailed(f"{command}: {error}") from error
    if ended.returncode:
        raise EngineFailed(f"{command}: ended with {ended.returncode}: {ended.stderr.decode(errors='replace')[-500:]}")
    lines = ended.stdout.splitlines()
    if len(lines) != len(cases):
        raise EngineFailed(f"{command}: {len(lines)} answers to {len(cases)} cases; one line each is expected")
    answers = []
    for one, line in zip(cases, lines, strict=True):
        try:
            answers.append(msgspec.json.decode(line, type=Expected).asked())
        except msgspec.MsgspecError as error:
            raise EngineFailed(f"{command}: the answer to {one.name!r} cannot be read: {error}") from error
    return answers
