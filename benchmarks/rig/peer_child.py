"""The peer's storage in a process of its own: `python peer_child.py KIND MODE FOLDER COUNT`, by the peer's own Python.

KIND is `file` or `sqlite`. MODE `write` stores numbered messages and says each number the moment `put` said yes;
`read` takes out everything there is, as the gateway does, and says how many and in how many seconds, as JSON.
"""

import json
import logging
import os
import sys
import threading
import time
from typing import Any

PAYLOAD = "x" * 1000
QUIET_SECONDS = 1.0


class Logger(logging.Logger):
    """The peer logs at a level of its own."""

    def trace(self, *_arguments: object) -> None:
        """Say nothing."""


def opened(kind: str, folder: str) -> Any:
    """Open the peer's storage with its documented defaults, but for limits that would refuse or drop."""
    log, stop = Logger("peer", logging.CRITICAL), threading.Event()
    if kind == "file":
        from thingsboard_gateway.storage.file.file_event_storage import FileEventStorage  # type: ignore[import-not-found]  # noqa: PLC0415

        config = {
            "data_folder_path": folder + "/",
            "max_file_count": 1000,
            "max_records_per_file": 10_000,
            "max_records_between_fsync": 1,  # the strictest it knows
            "max_read_records_count": 1000,
        }
        return FileEventStorage(config, log, stop)
    from thingsboard_gateway.storage.sqlite.sqlite_event_storage import SQLiteEventStorage  # type: ignore[import-not-found]  # noqa: PLC0415

    return SQLiteEventStorage({"data_file_path": folder + "/", "max_read_records_count": 1000}, log, stop)


def write(storage: Any, count: int) -> None:
    """Store messages; say each number that was accepted."""
    for number in range(count):
        while not storage.put(json.dumps({"n": number, "p": PAYLOAD})):
            pass
        os.write(1, b"%d\n" % number)
    os.write(1, b"written\n")
    sys.stdin.read()


def read(storage: Any) -> None:
    """Take everything out."""
    numbers: list[int] = []
    began = last = time.perf_counter()
    while time.perf_counter() - last < QUIET_SECONDS:
        pack = storage.get_event_pack()
        if pack:
            numbers.extend(json.loads(one)["n"] for one in pack)
            storage.event_pack_processing_done()
            last = time.perf_counter()
    print(json.dumps({"numbers": numbers, "seconds": last - began}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    kind_, mode, folder_, count_ = sys.argv[1:5]
    made = opened(kind_, folder_)
    if mode == "write":
        write(made, int(count_))
    else:
        read(made)
