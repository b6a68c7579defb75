"""What the checker found wrong: a promise broken, how often, and the first few examples."""

from __future__ import annotations

from dataclasses import dataclass, field

_EXAMPLES = 3
_CHARACTERS = 400


@dataclass(slots=True)
class Findings:
    """Broken promises by name."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, promise: str, example: str) -> None:
        """Note one break of a promise."""
        self.counts[promise] = self.counts.get(promise, 0) + 1
        shown = self.examples.setdefault(promise, [])
        if len(shown) < _EXAMPLES:
            shown.append(example if len(example) <= _CHARACTERS else f"{example[:_CHARACTERS]} ...")

    def expect(self, promise: str, found: object, wanted: object, of: str) -> None:
        """Note a break unless what was found is what was wanted."""
        if found != wanted:
            self.add(promise, f"{of}: {found}, expected {wanted}")

    def sentences(self) -> list[str]:
        """Return one sentence per broken promise."""
        return [f"{promise}: {count} times, such as {self.examples[promise]}" for promise, count in self.counts.items()]
