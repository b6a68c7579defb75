"""The agent with a moment at which it dies: `python -m tests.failpoint_agent NAME[:NTH] run --state DIR ...`.

The product has no such switch. This entry replaces `edge_agent.failpoints.reached` by one that ends the process
with SIGKILL, as a power cut would, when it comes to the moment NAME for the NTH time (default 1).
"""

from __future__ import annotations

import sys

from edge_agent import failpoints
from tests.provision import failpoints as provision


def arm(moment: str) -> None:
    """Make this process kill itself at `NAME` or `NAME:NTH`."""
    provision.arm(failpoints, moment)


def main() -> None:
    """Arm the moment, then run the agent's own command line."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m tests.failpoint_agent NAME[:NTH] COMMAND ...")
    arm(sys.argv.pop(1))
    from edge_agent import service  # noqa: PLC0415
    from edge_agent.cli import app  # noqa: PLC0415  # after arming: it imports the whole agent

    vars(service)["become"] = service.run  # here, where it was changed
    app()


if __name__ == "__main__":
    main()
