"""How a server is reached, and how long it is waited for.

Imports no client: the options can be made before it is known whether a server is needed.
"""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a server is reached, and how long it is waited for.

    Args:
        base_url: up to and with `/v1`.
        model: as the server calls it; None means the only one it serves.
        api_key: some servers need one.
        timeout_seconds: the longest wait for one reply.
        tries: how often a question is sent before the server is probed with a plain one.
        pause_seconds: the pause before a question is sent again because its answer was no
            completion; doubled each time.
        waits_seconds: the limit on all pauses of one question together; two timeouts are added.
        faults_in_a_row: after so many failed questions the server counts as gone, although it
            answers a plain one; more than a single report has.
    """

    base_url: str
    model: str | None = None
    api_key: str = "none"
    timeout_seconds: float = 600.0
    tries: int = 6
    pause_seconds: float = 0.5
    waits_seconds: float = 120.0
    faults_in_a_row: int = 200


def api_key() -> str:
    """The key from the environment (LEAVS_API_KEY, else OPENAI_API_KEY), never from an option."""
    return os.environ.get("LEAVS_API_KEY") or os.environ.get("OPENAI_API_KEY") or "none"
