"""Prints, of a lock file, the part that the agent needs: `python edge_requirements.py requirements/dev.txt`.

Read from the installed packages of the Python it runs by, so markers and extras are resolved as pip resolves them.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import requires
from pathlib import Path

_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[([^\]]*)\])?")


def needed(package: str, extras: frozenset[str]) -> set[str]:
    """Return the names of all packages that one with these extras needs here, in normal form."""
    from pip._vendor.packaging.requirements import Requirement  # noqa: PLC0415 - wherever there is pip

    found: set[str] = set()
    waiting = [(package, extras)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        for line in requires(name) or ():
            one = Requirement(line)
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in (*wanted, "")):
                found.add(normal(one.name))
                waiting.append((normal(one.name), frozenset(one.extras)))
    return found


def normal(name: str) -> str:
    """Return a package's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main(lock: Path) -> None:
    """Print the blocks of the lock that are needed, with their hashes."""
    wanted = needed("storewire", frozenset({"edge"}))
    blocks = re.split(r"\n(?=[A-Za-z0-9])", lock.read_text())
    for block in blocks:
        match = _NAME.match(block)
        if match and normal(match[1]) in wanted:
            print(block.rstrip())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
