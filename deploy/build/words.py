"""Collects, checks and compiles the words of the pages.

`python -m deploy.build.words` reads every `t("...")`, `tn`, `tp`, `marked` and `Phrase` of the code and templates,
brings the catalogues up to date, compiles them and fails when a text lacks its Chinese. `--compile` only compiles, as
set-up does. English is the text in the code; a catalogue holds the Chinese.
"""

from __future__ import annotations

import string
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from shared.web.words import DOMAIN

ROOT = Path(__file__).parents[2]
KEYWORDS: dict[str, Any] = {"t": None, "tn": (1, 2), "tp": ((1, "c"), 2), "marked": None, "Phrase": None}
METHODS = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"**/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
_HEADER = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    '"Content-Transfer-Encoding: 8bit\\n"\n"Language: zh_Hans\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
)


@dataclass(frozen=True)
class Side:
    """One of the two programs: where its texts stand, and where its catalogues."""

    sources: Path
    locale: Path

    @property
    def chinese(self) -> Path:
        """Return the catalogue that people edit."""
        return self.locale / "zh" / "LC_MESSAGES" / f"{DOMAIN}.po"


SIDES = (
    Side(ROOT / "cloud", ROOT / "cloud" / "web" / "locale"),
    Side(ROOT / "edge_agent", ROOT / "edge_agent" / "web" / "locale"),
)


def collected(side: Side) -> Catalog:
    """Return every text that this side's code and templates say."""
    found = Catalog()
    for name, _line, message, comments, context in extract_from_dir(
        side.sources, METHODS, OPTIONS, keywords=KEYWORDS, comment_tags=("Words:",), strip_comment_tags=True
    ):
        place = f"{side.sources.name}/{Path(name).as_posix()}"
        found.add(message, None, [(place, 0)], auto_comments=comments, context=context)
    return found


def read(side: Side) -> Catalog:
    """Return the catalogue as people left it; an empty one where there is none."""
    if not side.chinese.is_file():
        return Catalog(locale="zh_Hans_CN")
    with side.chinese.open("rb") as file:
        return read_po(file, locale="zh_Hans_CN", charset="utf-8")


def brought_up_to_date(side: Side) -> Catalog:
    """Return the catalogue with a line for each text said today, and none for texts nobody says any more."""
    catalogue = read(side)
    catalogue.update(collected(side), no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    return catalogue


def as_file(catalogue: Catalog) -> bytes:
    """Return a catalogue as the bytes of its file: in the order of its texts, so that two people's changes merge."""
    written = BytesIO()
    write_po(written, catalogue, omit_header=True, sort_output=True, include_lineno=False, width=110)
    return _HEADER.encode() + written.getvalue()


def faults(catalogue: Catalog) -> Iterator[str]:
    """Yield what is wrong, for people: a text without Chinese, or one whose Chinese has other values in braces."""
    for message in catalogue:
        if not message.id:
            continue
        where = ", ".join(sorted({place for place, _ in message.locations}))
        said = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.fuzzy or not all(said):
            yield f"no Chinese: {_english(message)!r} ({where})"
        elif any(_values(str(text)) != _values(_english(message)) for text in said):
            yield f"other values in braces: {_english(message)!r} and {said[0]!r} ({where})"


def _english(message: Message) -> str:
    return str(message.id[-1] if isinstance(message.id, tuple | list) else message.id)


def _values(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def compile_all() -> None:
    """Write the catalogue that the programs read beside each that people edit."""
    for side in SIDES:
        if side.chinese.is_file():
            with side.chinese.with_suffix(".mo").open("wb") as file:
                write_mo(file, read(side))


def main(arguments: list[str]) -> int:
    """Bring the catalogues up to date unless only compiling, and say what is wrong with them."""
    wrong: list[str] = []
    if "--compile" not in arguments:
        for side in SIDES:
            catalogue = brought_up_to_date(side)
            if len(catalogue):
                side.chinese.parent.mkdir(parents=True, exist_ok=True)
                side.chinese.write_bytes(as_file(catalogue))
                wrong += [f"{side.chinese.relative_to(ROOT)}: {fault}" for fault in faults(catalogue)]
                print(f"{side.chinese.relative_to(ROOT)}: {len(catalogue)} texts")
    compile_all()
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
