"""Mosquitto as the MQTT broker: an alternative for one machine, with every limit said out loud.

Its defaults drop what they have acknowledged (1000 queued messages) and answer in 40 ms (Nagle); both are set here.
Nothing is persistent: it keeps nothing that matters.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from string import Template

from cloud.broker import dynsec
from cloud.broker.adapter import BrokerPlan, BrokerUnavailable
from cloud.identity.keys import private_directory, write_private
from cloud.mqtt import BusAddress

_PROGRAMS = ("mosquitto", "/usr/sbin/mosquitto")
_PLUGIN = "mosquitto_dynamic_security.so"
_PLUGIN_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
_ANSWER_S = 2.0
_CHANGE_S = 5.0
_TEMPLATE = Path(__file__).with_name("mosquitto.conf")


class MosquittoBroker:
    """A mosquitto on this machine."""

    def __init__(self, plan: BrokerPlan) -> None:
        self._plan = plan
        self._rights = plan.directory / "dynamic-security" / "rights.json"
        self._agents: tuple[str, ...] = ()
        self._control: dynsec.Control | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens for stores: host and port."""
        return self._plan.host, self._plan.port

    @property
    def storage(self) -> Path:
        """The plugin's file, which it rewrites itself; it is written anew at each start."""
        return self._rights.parent

    def command(self) -> list[str]:
        """Return the command that runs it."""
        program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
        if program is None:
            raise BrokerUnavailable("mosquitto is not installed: `apt-get install mosquitto`, or set `broker`")
        return [program, "-c", str(self._plan.directory / "mosquitto.conf")]

    def write(self, agents: Sequence[str]) -> None:
        """Write the configuration and everybody's rights."""
        private_directory(self._rights.parent)
        self._agents = tuple(agents)
        write_private(self._rights, dynsec.document(agents).encode())
        write_private(self._plan.directory / "mosquitto.conf", _configuration(self._plan, self._rights).encode())

    def allow(self, agents: Sequence[str], pid: int) -> None:
        """Tell the plugin who is new and who is out; whoever is out is disconnected by it."""
        del pid
        added = sorted(set(agents) - set(self._agents))
        removed = sorted(set(self._agents) - set(agents))
        if not self._connected().run(dynsec.commands(added, removed), _CHANGE_S):
            raise TimeoutError("mosquitto's dynamic-security plugin does not answer")
        self._agents = tuple(agents)

    def reload(self, pid: int) -> None:
        """Have it read its certificates anew."""
        os.kill(pid, signal.SIGHUP)

    def is_healthy(self) -> bool:
        """Ask the plugin something: that tries TLS, MQTT and the plugin at once."""
        return self._connected().is_answering(_ANSWER_S)

    def close(self) -> None:
        """Close the control connection."""
        if self._control is not None:
            self._control.__exit__(None, None, None)
            self._control = None

    def _connected(self) -> dynsec.Control:
        if self._control is None:
            keys = self._plan.keys_dir
            address = BusAddress(
                urls=(f"mqtts://127.0.0.1:{self._plan.port}",),
                ca_file=keys / "root-ca.crt",
                cert_file=keys / "keeper.crt",
                key_file=keys / "keeper.key",
                client_id="keeper",
            )
            self._control = dynsec.Control(address).__enter__()
        return self._control


def _configuration(plan: BrokerPlan, rights: Path) -> str:
    return Template(_TEMPLATE.read_text()).substitute(
        listen=f"{plan.port} {plan.host}",
        keys=plan.keys_dir,
        plugin=_plugin(),
        rights=rights,
        log=plan.directory / "mosquitto.log",
        connections=plan.max_agents + 1000,
    )


def _plugin() -> Path:
    for folder in _PLUGIN_FOLDERS:
        found = next(Path(folder).glob(f"**/{_PLUGIN}"), None)
        if found is not None:
            return found
    raise BrokerUnavailable("mosquitto's dynamic-security plugin is not installed; it comes with mosquitto 2")
