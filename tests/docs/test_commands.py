"""Every command that a document names exists, with the options and as many words as it is given there."""

from __future__ import annotations

import io
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

import cloud.cli
import edge_agent.cli
from tests.docs.promises import ROOT

PROGRAMS = {
    "storewire-cloud": typer.main.get_command(cloud.cli.app),
    "storewire-edge": typer.main.get_command(edge_agent.cli.app),
}
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])
_AN_ID = "01890000-0000-7000-8000-000000000001"
FILLED = {"EVENT": _AN_ID, "MEMBER": _AN_ID, "VERSION": "3", "...": "cloud.toml"}
_COMMAND = re.compile(rf"(?:^|`)((?:{'|'.join(PROGRAMS)}) [^`\n]+)", re.MULTILINE)


def commands() -> list[tuple[Path, str]]:
    return [(path, line.strip()) for path in DOCUMENTS for line in _COMMAND.findall(path.read_text())]


def test_documents_name_commands() -> None:
    assert len(commands()) > 40


@pytest.mark.parametrize(("path", "line"), [pytest.param(*one, id=f"{one[0].name}-{one[1]}") for one in commands()])
def test_a_named_command_exists(path: Path, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))  # some ask whether it is meant
    for name in ("base.csv", "prices.csv", "fixed.json", "cloud.toml", "policies.json", "photos"):
        (tmp_path / name).touch()
    program, *words = shlex.split(line)
    if words[-1] == "--help" or (words[-1] == "..." and not words[-2].startswith("--")):
        assert _leads_somewhere(PROGRAMS[program], words[:-1]), line
        return
    words = [FILLED.get(word, word) for word in words]
    found: Any = PROGRAMS[program]
    assert isinstance(found, TyperGroup), "else nothing below is looked at"
    context = found.context_class(found, info_name=program)
    while isinstance(found, TyperGroup):
        # Options of the program come first; what is left over names the command.
        parser = found.make_parser(context)
        _, words, _ = parser.parse_args(list(words))
        if not words:
            return  # a group, named as such
        name, *words = words
        below = found.get_command(context, name)
        assert below is not None, f"{path.name}: {line}: there is no {name!r}"
        found, context = below, below.context_class(below, parent=context, info_name=name)
    if not words:
        return  # named, without what it is given
    found.make_context(found.name, words, parent=context.parent)


def _leads_somewhere(found: Any, words: list[str]) -> bool:
    for word in words:
        if not isinstance(found, TyperGroup):
            return False
        if (below := found.get_command(found.context_class(found), word)) is None:
            return False
        found = below
    return True
