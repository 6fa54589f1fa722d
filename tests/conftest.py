"""What many tests need: the pack, reports, scripted readers, and the shared AMOS reports."""

import socket
from collections.abc import Sequence
from pathlib import Path

import pytest

from leavs.engines import Choices, Constraint, Message
from leavs.prompts import Pack, find_pack, load_pack

ROOT = Path(__file__).parents[1]
AMOS = ROOT.parent / "shared" / "amos"


@pytest.fixture(scope="session")
def pack() -> Pack:
    return load_pack(find_pack("leavs"))


@pytest.fixture(scope="session")
def amos() -> Path:
    if not AMOS.is_dir():
        pytest.skip("the shared AMOS reports are not here")
    return AMOS


def plain_reader(messages: Sequence[Message], constraint: Constraint | None) -> str:
    """A reader who finds every sentence informative and every finding not mentioned."""
    if isinstance(constraint, Choices):
        return "Yes" if "Yes" in constraint.options else "B"
    return "none" if constraint is not None else "Thinking."


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
