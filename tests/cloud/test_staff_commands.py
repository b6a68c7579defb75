"""`storewire-cloud staff ...` and `policies ...`: what they do, and how they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cloud import logging
from cloud.cli import app

Cloud = Callable[..., Result]


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    monkeypatch.setattr(logging, "configure", lambda *_: None)
    config = tmp_path / "cloud.toml"
    config.write_text(f'data_dir = "{tmp_path / "data"}"\napi_port = 0\nconsole_port = 0\nbroker_port = 0\n')

    def run(*arguments: str, typed: str | None = None) -> Result:
        result = CliRunner().invoke(app, ["--config", str(config), *arguments], input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    assert run("init").exit_code == 0
    assert (
        run("store", "add", "s1", "--name", "One", "--time-zone", "Asia/Shanghai", "--currency", "CNY").exit_code == 0
    )
    return run


def test_somebody_from_their_first_day_to_their_last(cloud: Cloud) -> None:
    added = cloud("staff", "add", "anna", "--name", "Anna Wang", "--store", "s1", typed="2580\n2580\n")
    assert added.exit_code == 0, added.output
    assert "2580" not in added.stdout
    assert cloud("staff", "card", "anna", "770001").exit_code == 0
    assert cloud("staff", "pin", "anna", "--pin", "1472").exit_code == 0
    assert "anna\tAnna Wang\tcashier\ts1" in cloud("staff", "list").stdout
    assert cloud("staff", "leave", "anna").exit_code == 0
    assert cloud("staff", "list").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "bo", "--name", "Bo", "--store", "nowhere", "--pin", "2580"), "there is no store"),
        (("add", "bo", "--name", "Bo", "--store", "s1", "--pin", "1234"), "everybody guesses"),
        (("add", "bo", "--name", "Bo", "--role", "king", "--store", "s1", "--pin", "2580"), "a role is one of"),
        (("pin", "nobody", "--pin", "2580"), "nobody of code"),
        (("card", "nobody", "77x"), "nobody of code"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(cloud: Cloud, arguments: tuple[str, ...], words: str) -> None:
    refused = cloud("staff", *arguments)
    assert refused.exit_code == 1
    assert words in refused.stderr


def test_policies_are_printed_whole_changed_and_given_back(cloud: Cloud, tmp_path: Path) -> None:
    shown = json.loads(cloud("policies", "show").stdout)
    assert (shown["sign_in"], shown["pin_tries"]) == ("none", 6)
    file = tmp_path / "policies.json"
    file.write_text(json.dumps({**shown, "sign_in": "pin"}))
    assert cloud("policies", "set", str(file), "--store", "s1").exit_code == 0
    assert json.loads(cloud("policies", "show", "--store", "s1").stdout)["sign_in"] == "pin"
    assert json.loads(cloud("policies", "show").stdout)["sign_in"] == "none"
    file.write_text('{"sign_in": "perhaps"}')
    refused = cloud("policies", "set", str(file))
    assert refused.exit_code == 1
    assert "no till policies" in refused.stderr
