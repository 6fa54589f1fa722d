"""Where things are: the project, the shared AMOS reports, a port that nobody listens on.

And an address that counts as another machine's, though it leads to this one.
"""

import socket
from pathlib import Path

ROOT = Path(__file__).parents[2]
AMOS = ROOT.parent / "shared" / "amos"
ELSEWHERE = "0.0.0.0"  # noqa: S104 - to connect to it is to connect to this machine


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
