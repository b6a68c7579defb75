"""A stand-in for systemctl in a trial root: keeps the agent as its unit says, and writes down what it was asked.

`python systemctl.py ROOT VERB [UNIT]`. It starts the agent with a notify socket as systemd does for `Type=notify`:
`start` returns when the agent has said READY=1, and fails when it ends before or is silent for too long.
"""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

_READY_SECONDS = 30.0


class Unit:
    """The agent's service in a trial root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pid_file = root / "agent.pid"
        self.log = root / "agent.log"

    def pid(self) -> int | None:
        """Return the process that runs, if one does."""
        try:
            pid = int(self.pid_file.read_text())
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (OSError, ValueError):
            return None
        return None if stat.rpartition(")")[2].split()[0] == "Z" else pid

    def start(self) -> int:
        if self.pid() is not None:
            return 0
        unit = (self.root / "etc/systemd/system/storewire-edge.service").read_text()
        (line,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
        command = [f"{self.root}{word}" if word.startswith("/") else word for word in shlex.split(line[10:])]
        address = self.root / "notify"
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening, self.log.open("ab") as log:
            listening.bind(str(address))
            listening.settimeout(_READY_SECONDS)
            environment = {**os.environ, "NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "60000000"}
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )
            self.pid_file.write_text(str(process.pid))
            return 0 if self._is_ready(process, listening) else 1

    def _is_ready(self, process: subprocess.Popen[bytes], listening: socket.socket) -> bool:
        listening.settimeout(0.1)
        for _ in range(int(_READY_SECONDS / 0.1)):
            if process.poll() is not None:
                return False
            with suppress(TimeoutError):
                if b"READY=1" in listening.recv(4096):
                    return True
        return False

    def stop(self) -> int:
        pid = self.pid()
        if pid is not None:
            descriptor = os.pidfd_open(pid)
            os.kill(pid, signal.SIGTERM)
            # Not our child: a pidfd becomes readable when it has ended.
            import select  # noqa: PLC0415

            if not select.select([descriptor], [], [], 15)[0]:
                os.kill(pid, signal.SIGKILL)
            os.close(descriptor)
        self.pid_file.unlink(missing_ok=True)
        return 0


def main(root: Path, arguments: list[str]) -> int:
    with (root / "systemctl.log").open("a") as log:
        log.write(" ".join(arguments) + "\n")
    unit = Unit(root)
    words = [word for word in arguments if not word.startswith("--")]
    match words[0]:
        case "start":
            return unit.start()
        case "stop":
            return unit.stop()
        case "disable":
            return unit.stop() if "--now" in arguments else 0
        case "is-active":
            return 0 if unit.pid() is not None else 3
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
