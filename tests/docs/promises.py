"""Which tests prove which promise; `python -m tests.docs.promises` writes `docs/promises.md` and the README's count."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PROOFS = ROOT / "docs" / "promises.md"
NOT_YET = "not yet"

_TEST = re.compile(r"^(?:async )?def test_p(\d+)_", re.MULTILINE)
_ROW = re.compile(r"^\| P(?P<number>\d+) \| (?P<promise>.*) \| (?P<tests>[^|]*) \|$", re.MULTILINE)

_OPENING = """# The promises and their proofs

What Storewire promises, and the test files that prove it, each with the number of its tests that carry the promise's
number. `pytest -k p1_` runs those of P1. Written by `make documents`.
"""


def proofs() -> dict[int, dict[Path, int]]:
    """Return, by the number of each promise, the test files that prove it and how many of their tests do."""
    found: dict[int, dict[Path, int]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for number in map(int, _TEST.findall(path.read_text())):
            files = found.setdefault(number, {})
            name = path.relative_to(ROOT)
            files[name] = files.get(name, 0) + 1
    return found


def promises() -> dict[int, str]:
    """Return what the README promises, by number."""
    return {int(row["number"]): row["promise"] for row in _ROW.finditer(README.read_text())}


def brought_up_to_date(readme: str) -> str:
    """Return the README with the last column of its promises as the tests are now."""
    files = proofs()

    def row(found: re.Match[str]) -> str:
        number = int(found["number"])
        tests = sum(files.get(number, {}).values())
        shown = f"[{tests} tests](docs/promises.md#p{number})" if tests else NOT_YET
        return f"| P{number} | {found['promise']} | {shown} |"

    return _ROW.sub(row, readme)


def document() -> str:
    """Return `docs/promises.md`."""
    files, parts = proofs(), [_OPENING]
    for number, promise in promises().items():
        lines = [f"- `{path}`: {count}" for path, count in files.get(number, {}).items()]
        parts.append("\n".join([f"## P{number}", "", promise, "", *(lines or [NOT_YET])]) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    README.write_text(brought_up_to_date(README.read_text()))
    PROOFS.write_text(document())
