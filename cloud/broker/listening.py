"""Whether a program could listen at an address of this machine, asked before one is blamed for not doing so."""

from __future__ import annotations

import errno
import socket

_WORDS = {
    errno.EADDRINUSE: "another program has this port: stop it, or choose another port in the settings",
    errno.EADDRNOTAVAIL: "this machine has no such address: see `bind_host` in the settings",
    errno.EACCES: "ports below 1024 are not for every user: choose another in the settings",
}


def why_not_listening(host: str, port: int) -> str:
    """Return why nobody could listen there just now, with what to do; empty where somebody could."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
            trial.listen(1)
    except OSError as error:
        return _WORDS.get(error.errno or 0, error.strerror or str(error))
    return ""
