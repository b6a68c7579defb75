"""The channels that ship as the default: messages into a file or onto the screen of whoever tries the system."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from cloud.channels.ports import Message, Outcome, later, sent
from cloud.channels.texts import words
from cloud.errors import Refused
from cloud.identity.keys import write_private
from shared.clock import MachineClock

MOST_BYTES = 1_000_000
"""The file is begun anew beyond this; one older one is kept."""
KEPT_S = 24 * 3600
"""How long a message stays readable: long enough to try, and nobody who has left stands there for good."""


class FileChannel:
    """Writes each message as a line of JSON that the file's owner alone may read."""

    def __init__(self, path: Path, clock: MachineClock) -> None:
        self._path = path
        self._clock = clock

    def send(self, message: Message) -> Outcome:
        """Write a message down."""
        now_s = self._clock.wall_ms() // 1000
        at, since = (datetime.fromtimestamp(one, UTC).isoformat() for one in (now_s, now_s - KEPT_S))
        subject, text = words(message.template, message.language, message.parameters)
        facts = {
            "at": at, "id": str(message.id), "channel": message.channel, "to": message.recipient, "subject": subject,
            "text": text, "template": message.template, "parameters": dict(message.parameters),
        }  # fmt: skip
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            for path in (self._path, self._path.with_suffix(".old")):
                _forget(path, since)
            if self._path.exists() and self._path.stat().st_size > MOST_BYTES:
                self._path.replace(self._path.with_suffix(".old"))
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(json.dumps(facts, ensure_ascii=False) + "\n")
        except OSError as error:
            return later(f"file_{error.__class__.__name__}"[:64])
        return sent()

    def ask(self, message: Message, reference: str, sent_ms: int) -> Outcome:
        """Say that nobody reports who reads a file."""
        del message, reference, sent_ms
        return sent()


def _forget(path: Path, since: str) -> None:
    """Take out of a file what was written before a moment; what begins late enough is left as it is."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        if _written(file.readline()) >= since:
            return
        kept = [line for line in file if _written(line) >= since]
    write_private(path, "".join(kept).encode())


def _written(line: str) -> str:
    """Return when a line was written, empty for one that is none of ours, which goes."""
    try:
        return str(json.loads(line)["at"])
    except (ValueError, KeyError, TypeError):
        return ""


class ConsoleChannel:
    """Writes each message to the process's output."""

    def send(self, message: Message) -> Outcome:
        """Show a message."""
        _, text = words(message.template, message.language, message.parameters)
        sys.stdout.write(f"[{message.channel} {message.recipient}] {text}\n")
        sys.stdout.flush()
        return sent()

    def ask(self, message: Message, reference: str, sent_ms: int) -> Outcome:
        """Say that nobody reports who reads a screen."""
        del message, reference, sent_ms
        return sent()


class FileVisitors:
    """Stands for WeChat where no account is set: whoever comes is who the file says, and nobody while there is none.

    Only for trying the way a member takes: whoever opens the page would be the one in the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def ready(self) -> bool:
        """Whether the file is there."""
        return self._path.exists()

    def authorize_url(self, back: str, state: str) -> str:
        """Lead straight back."""
        return f"{back}?code=file&state={state}"

    def openid(self, code: str) -> str:
        """Return who the file names. Raise Refused."""
        try:
            found = self._path.read_text(encoding="utf-8").strip() if code == "file" else ""
        except OSError:
            found = ""
        if not 0 < len(found) <= 64:
            raise Refused("wechat_refused", f"no official account is set, and {self._path.name} names nobody")
        return found
