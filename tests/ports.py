"""Ports for the tests' own servers, and ports at which nobody answers."""

import secrets
import socket
from typing import Final

_PORTS: Final = range(15_000, 32_000)
"""Below those that a system gives away by itself, be it to a server that asks for any port or to a connection: a port
that is found free now is still free when a server takes it later, or starts again, while other tests run beside."""


def free_port() -> int:
    """Return a port of this machine on which nobody listens.

    Raises:
        OSError: A hundred ports in a row were taken.
    """
    for _ in range(100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port := secrets.choice(_PORTS)))
            except OSError:
                continue
            return port
    raise OSError("no port is free on this machine")
