"""Run case files (all public ones by default) against this engine or, by `--engine`, another, and list what differs.

The words of a case file and the lines that another engine reads and writes are explained in tests/cases/README.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.cases.asking import EngineFailed, ask
from tests.cases.form import BadCaseFile
from tests.cases.running import Loaded, answer, case_files, differences, load


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 when every case comes out as it says, 1 when some do not, 2 when something cannot be run."""
    parser = argparse.ArgumentParser(prog="python -m tests.cases", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="case files; none: all public ones")
    parser.add_argument("--engine", metavar="COMMAND", help="a program to ask instead of this engine")
    options = parser.parse_args(arguments)
    loaded: list[Loaded] = []
    for path in options.files or case_files():
        try:
            loaded += load(path)
        except (OSError, BadCaseFile) as error:
            print(f"{path}: cannot be read as a case file: {error}", file=sys.stderr)  # noqa: T201
            return 2
    try:
        answers = ask(options.engine, loaded) if options.engine else [answer(one) for one in loaded]
    except EngineFailed as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    wrong = 0
    for one, said in zip(loaded, answers, strict=True):
        found = differences(one, said)
        wrong += bool(found)
        for line in found:
            print(f"{one.name}: {line}")  # noqa: T201
    print(f"{len(loaded)} cases, {wrong} differ")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
