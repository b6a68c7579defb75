"""The members' telephones: a code that head office sends to one is said beside the board, for anybody to use."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

_LOOK_SECONDS = 0.5
_CODE = "sign_in_code"
"""A year brings many notices besides, and nobody waits for those."""


class Telephones:
    """Reads the file into which head office, as shipped, writes its text messages."""

    def __init__(self, messages: Path, say: Callable[[str], None]) -> None:
        self._messages = messages
        self._say = say
        self._read = 0

    async def ring(self) -> None:
        """Say each code as it comes, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_SECONDS)

    def look(self) -> None:
        """Say what has come since the last look; a line that is still being written waits for the next."""
        try:
            if self._messages.stat().st_size < self._read:
                self._read = 0  # head office began the file anew
            with self._messages.open("rb") as file:
                file.seek(self._read)
                lines = file.readlines()
        except OSError:
            return
        for line in lines:
            if not line.endswith(b"\n"):
                break
            self._read += len(line)
            message = json.loads(line)
            if message["template"] == _CODE:
                self._say(f"Telephone    {message['to']} gets: {message['text']}")
