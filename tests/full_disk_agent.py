"""The agent on a disk that is soon full: `python -m tests.full_disk_agent PAGES run --state DIR ...`.

The product has no such switch. This entry lets the agent's database grow to PAGES pages and no further, which SQLite
reports like a full disk, and refuses room for the reserve once it was given up: on any machine and for any user.
"""

from __future__ import annotations

import errno
import sys

from edge_agent.disk import database
from edge_agent.disk.ballast import Ballast


def _no_room(_ballast: Ballast) -> None:
    raise OSError(errno.ENOSPC, "no space left on device")


def main() -> None:
    """Set the limit, then run the agent's own command line."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m tests.full_disk_agent PAGES COMMAND ...")
    limit = f"PRAGMA max_page_count = {int(sys.argv.pop(1))}"
    vars(database)["_WRITER_PRAGMAS"] = (*database._WRITER_PRAGMAS, limit)
    setattr(Ballast, "_fill", _no_room)  # noqa: B010 - a method is replaced on purpose
    from edge_agent import service  # noqa: PLC0415
    from edge_agent.cli import app  # noqa: PLC0415  # after the limit: it imports the whole agent

    vars(service)["become"] = service.run  # here, where it was changed
    app()


if __name__ == "__main__":
    main()
