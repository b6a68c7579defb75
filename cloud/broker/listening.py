"""Ports of this machine: which are free, and why a program could not listen at one, said before it is blamed for it."""

from __future__ import annotations

import errno
import socket

LOOPBACK = "127.0.0.1"
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


def free_ports(count: int) -> list[int]:
    """Return ports that nobody on this machine listens on right now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
