"""The virtual store PC's first process: does what the host asks over the second serial port, one JSON line each way.

It needs nothing but Python. The agent is started here as a store's service manager would start it.
"""

from __future__ import annotations

import glob
import grp
import json
import os
import socket
import sqlite3
import stat
import subprocess
import termios
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

PORT = "/dev/ttyS1"
LOGS = Path("/run")
_started: dict[str, subprocess.Popen[bytes]] = {}


def run(argv: list[str], seconds: float = 120.0, user: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run a program to its end."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds, check=False, **_as(user))
    except subprocess.TimeoutExpired:
        return {"code": None, "out": f"{argv[0]} did not end within {seconds} s"}
    return {"code": done.returncode, "out": (done.stdout + done.stderr)[-4000:]}


def start(name: str, argv: list[str], user: dict[str, Any] | None = None) -> dict[str, Any]:
    """Start a program that goes on; what it says is kept."""
    with (LOGS / f"{name}.log").open("ab") as log:
        _started[name] = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **_as(user))
    return {"pid": _started[name].pid}


def _as(user: dict[str, Any] | None) -> dict[str, Any]:
    """Return what starts a program as this user, `{"id": 61000, "groups": ["input"]}`; None is root."""
    if user is None:
        return {}
    groups = [grp.getgrnam(name).gr_gid for name in user["groups"]]
    return {"user": user["id"], "group": user["id"], "extra_groups": groups, "env": {**os.environ, "HOME": "/"}}


def folder(path: str, user: int) -> dict[str, Any]:
    """Make a folder that is this user's alone."""
    Path(path).mkdir(parents=True, exist_ok=True, mode=0o700)
    os.chown(path, user, user)
    return {}


def nodes(pattern: str) -> dict[str, Any]:
    """Say of each device node that fits: where its name leads, whose group it is, what that group may."""
    found = []
    for name in sorted(glob.glob(pattern)):  # noqa: PTH207 - an absolute pattern
        about = os.stat(name)  # noqa: PTH116
        if stat.S_ISCHR(about.st_mode):
            group = grp.getgrgid(about.st_gid).gr_name
            found.append([name, os.path.realpath(name), group, f"{stat.S_IMODE(about.st_mode):o}"])
    return {"nodes": found}


def alive(name: str) -> dict[str, Any]:
    """Say whether a program that was started still runs."""
    return {"alive": name in _started and _started[name].poll() is None}


def said(name: str, contains: str = "", lines: int = 20) -> dict[str, Any]:
    """Return the last lines a program said that contain a text."""
    path = LOGS / f"{name}.log"
    text = path.read_text(errors="replace") if path.exists() else ""
    return {"lines": [line for line in text.splitlines() if contains in line][-lines:]}


def write(path: str, text: str) -> dict[str, Any]:
    """Write a file, its folder made if missing."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)
    return {}


def rows(database: str, query: str) -> dict[str, Any]:
    """Ask the agent's database, beside the agent."""
    if not Path(database).exists():
        return {"rows": []}
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)
    try:
        return {"rows": [[one.hex() if isinstance(one, bytes) else one for one in row] for row in db.execute(query)]}
    except sqlite3.OperationalError as error:
        return {"rows": [], "refused": str(error)}
    finally:
        db.close()


def bench(path: str, question: dict[str, Any]) -> dict[str, Any]:
    """Ask the agent's bench."""
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(60)
        try:
            wire.connect(path)
            wire.sendall(json.dumps(question).encode() + b"\n")
            with wire.makefile("rb") as lines:
                return {"answer": json.loads(lines.readline() or b"null")}
        except OSError as error:
            return {"answer": None, "away": str(error)}


DEEDS: dict[str, Callable[..., dict[str, Any]]] = {
    "run": run, "start": start, "alive": alive, "said": said, "write": write, "rows": rows, "bench": bench,
    "folder": folder, "nodes": nodes,
}  # fmt: skip


def main() -> None:
    """Answer for ever."""
    port = os.open(PORT, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port)
    speed = termios.tcgetattr(port)
    speed[4] = speed[5] = termios.B115200
    termios.tcsetattr(port, termios.TCSANOW, speed)
    with os.fdopen(port, "r+b", buffering=0) as wire:
        wire.write(b"\n" + json.dumps({"ready": True}).encode() + b"\n")
        pending = b""
        while True:
            pending += os.read(port, 4096)
            *lines, pending = pending.split(b"\n")
            for line in filter(None, lines):
                question = json.loads(line)
                try:
                    answer = DEEDS[question.pop("do")](**question)
                except Exception as error:  # told to the host: this process must not end
                    answer = {"failed": repr(error)}
                content = json.dumps(answer).encode() + b"\n"
                while content:
                    content = content[os.write(port, content) :]


if __name__ == "__main__":
    main()
