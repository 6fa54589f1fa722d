"""How a server is reached, what it is told beside the questions, and how long it is waited for.

Imports no client: the options can be made before it is known whether a server is needed.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leavs.engines.options import Generation

KEYS = ("LEAVS_API_KEY", "OPENAI_API_KEY")


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a server is reached, what it is told, and how long it is waited for.

    Args:
        base_url: up to and with `/v1`.
        model: as the server calls it; None means the only one it serves.
        api_key: some servers need one.
        timeout_seconds: the longest wait for one reply.
        tries: how often a question is sent before the server is probed with a plain one.
        pause_seconds: the pause before a question is sent again; doubled each time, unless the
            server says how long to wait.
        waits_seconds: the limit on all pauses of one question together; two timeouts are added.
        faults_in_a_row: after so many failed questions the server counts as gone, although it
            answers a plain one; more than a single report has.
        concurrency: requests under way at once; None for as many as the server keeps up with.
        arguments: further fields of each request; they go over leavs' own.
        template_arguments: variables of the model's chat template.
        context: the tokens that a prompt and its reply may have together; None if only the server
            knows it.
    """

    base_url: str
    model: str | None = None
    api_key: str = "none"
    timeout_seconds: float = 600.0
    tries: int = 6
    pause_seconds: float = 0.5
    waits_seconds: float = 120.0
    faults_in_a_row: int = 200
    concurrency: int | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    template_arguments: Mapping[str, Any] = field(default_factory=dict)
    generation: Generation = field(default_factory=Generation)
    context: int | None = None


def api_key() -> str:
    """The key from the environment (LEAVS_API_KEY, else OPENAI_API_KEY), never from an option."""
    return next((key for name in KEYS if (key := os.environ.get(name))), "none")
