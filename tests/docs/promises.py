"""Which test files prove which promise; `python -m tests.docs.promises` brings the README up to date."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
NOT_YET = "not yet"

_TEST = re.compile(r"^(?:async )?def test_p(\d+)_", re.MULTILINE)
_ROW = re.compile(r"^\| P(?P<number>\d+) \| (?P<promise>.*) \| (?P<tests>[^|]*) \|$", re.MULTILINE)


def proofs() -> dict[int, list[Path]]:
    """Return the test files that carry each promise's number."""
    found: dict[int, list[Path]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for number in {int(name) for name in _TEST.findall(path.read_text())}:
            found.setdefault(number, []).append(path.relative_to(ROOT))
    return found


def promises() -> list[int]:
    """Return the numbers of the promises the README makes."""
    return [int(row["number"]) for row in _ROW.finditer(README.read_text())]


def brought_up_to_date(readme: str) -> str:
    """Return the README with the last column of its promises as the tests are now."""
    files = proofs()

    def row(found: re.Match[str]) -> str:
        number = int(found["number"])
        tests = " ".join(f"`{path}`" for path in files.get(number, []))
        folded = f"<details><summary>{len(files[number])} files</summary>{tests}</details>" if tests else NOT_YET
        return f"| P{number} | {found['promise']} | {folded} |"

    return _ROW.sub(row, readme)


if __name__ == "__main__":
    README.write_text(brought_up_to_date(README.read_text()))
