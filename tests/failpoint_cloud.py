"""A process of head office with a moment at which it dies: `python -m tests.failpoint_cloud NAME[:NTH] ingest ...`.

The product has no such switch. This entry replaces `cloud.failpoints.reached` by one that ends the process with
SIGKILL, as a power cut would, when it comes to the moment NAME for the NTH time (default 1).
"""

from __future__ import annotations

import sys

from cloud import failpoints
from tests.provision.failpoints import arm


def main() -> None:
    """Arm the moment, then run the cloud's own command line."""
    if len(sys.argv) < 2:
        sys.exit("usage: python -m tests.failpoint_cloud NAME[:NTH] COMMAND ...")
    arm(failpoints, sys.argv.pop(1))
    from cloud.__main__ import main as run  # noqa: PLC0415  # after arming: it imports the whole cloud

    run()


if __name__ == "__main__":
    main()
