"""The agent starts without what only some devices need: a library that is missing costs its devices, nothing else."""

from __future__ import annotations

import subprocess
import sys

_WITHOUT = ("evdev", "serial", "usb")
_PROGRAM = f"""
import sys
sys.modules.update(dict.fromkeys({_WITHOUT!r}))  # importing one of these now fails
import edge_agent, importlib, pkgutil
found = [module.name for module in pkgutil.walk_packages(edge_agent.__path__, "edge_agent.")]
for name in found:
    importlib.import_module(name)
print(len(found))
"""


def test_every_module_of_the_agent_is_imported_without_device_libraries() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50
