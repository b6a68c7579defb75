"""`storewire-edge devices sheet` and `devices setup`: print the set-up sheet, and read what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from edge_agent.devices import recording
from edge_agent.devices.scanners.sheet.analysis import SheetResult, analyse_keys, analyse_text
from edge_agent.devices.scanners.sheet.page import sheet_pdf


def sheet(to: Annotated[Path, typer.Argument(help="The PDF file to write.")]) -> None:
    """Write the set-up sheet: print it at full size, and scan it to find out how a scanner is set."""
    try:
        to.write_bytes(sheet_pdf())
    except OSError as error:
        _fail(f"{to}: {error.strerror or error}")
    typer.echo(f"{to}: print it at full size (100 %), then follow what it says.")


def setup(file: Annotated[Path, typer.Argument(help="A recording made while the sheet was scanned.")]) -> None:
    """Say from a recording of the sheet how the scanner is set, and what to set for it at head office."""
    try:
        content = recording.read(file.read_text())
    except (OSError, UnicodeDecodeError, recording.RecordingBroken) as error:
        _fail(f"{file}: {error}")
    result = (
        analyse_keys([step.key for step in content.steps if step.key is not None])
        if content.keys
        else analyse_text(b"".join(step.content for step in content.steps if step.what == "said"))
    )
    for line in _lines(result):
        typer.echo(line)
    if not result.settings and not result.layout:
        raise typer.Exit(1)


def _lines(result: SheetResult) -> list[str]:
    lines = [f"{name} = {value!r}" for name, value in result.settings.items()]
    for hint in result.hints:
        lines += [hint.en, hint.zh]
    return lines


def _fail(words: str) -> NoReturn:
    typer.echo(words, err=True)
    raise typer.Exit(1)
