"""`python -m tests.cases [FILE...]`: run case files (all public ones by default) and list what differs."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.cases.running import case_files, differences, load


def main(paths: list[str]) -> int:
    """Return 0 when every case comes out as it says."""
    cases = wrong = 0
    for path in [Path(path) for path in paths] or case_files():
        try:
            loaded = list(load(path))
        except (OSError, ValueError, KeyError, TypeError) as error:
            print(f"{path}: cannot be read as a case file: {type(error).__name__}: {error}")  # noqa: T201
            return 2
        for one in loaded:
            cases += 1
            found = differences(one)
            wrong += bool(found)
            for line in found:
                print(f"{one.name}: {line}")  # noqa: T201
    print(f"{cases} cases, {wrong} differ")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
