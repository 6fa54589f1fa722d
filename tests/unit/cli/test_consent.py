"""Who is asked whether reports may leave this machine, and what counts as a yes."""

import io
import os
import pty
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

import pytest
from rich.console import Console

from leavs.cli.consent import asking


@dataclass(frozen=True)
class Terminal:
    """What a user types into and reads from."""

    end: int
    inside: TextIO


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    end, slave = pty.openpty()
    with os.fdopen(slave, "r+b", buffering=0) as raw:
        inside = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
        monkeypatch.setattr(sys, "stdin", inside)
        yield Terminal(end, inside)
    os.close(end)


@pytest.mark.parametrize(
    ("typed", "yes"),
    [
        (b"y\n", True),
        (b" YES \n", True),
        (b"n\n", False),
        (b"\n", False),
        (b"yesterday\n", False),
        (b"\xff\n", False),  # a letter of another encoding
    ],
)
def test_only_a_yes_is_a_yes(terminal: Terminal, typed: bytes, yes: bool) -> None:
    ask = asking(Console(file=terminal.inside))
    assert ask is not None
    os.write(terminal.end, typed)
    assert ask("names in 1", "gpu7") is yes


class _LeftAlone(io.StringIO):
    """The terminal of a process whose shell has gone: it is there, and a read fails with EIO."""

    def isatty(self) -> bool:
        return True

    def readline(self, size: int = -1) -> str:
        raise OSError(5, "Input/output error")


def test_a_terminal_that_nobody_is_left_at_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", _LeftAlone())
    ask = asking(Console(file=_LeftAlone()))
    assert ask is not None
    assert ask("names in 1", "gpu7") is False


def test_nobody_is_asked_in_a_log(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert asking(Console(file=io.StringIO())) is None
