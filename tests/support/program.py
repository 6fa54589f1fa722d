"""The real program in a process of its own, and the tables that it writes."""

import csv
import signal
import subprocess
import sys
from pathlib import Path

from processes import PATIENCE

LEAVS = str(Path(sys.executable).with_name("leavs"))


def hear_signals() -> None:
    """Let what tests start take SIGINT and SIGQUIT again where a shell has them ignored.

    A shell ignores both for its background jobs, and every process below inherits that. A handler
    is not inherited through exec, an ignored signal is: with a handler here, children get the
    default.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGQUIT) is signal.SIG_IGN:
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def started(*arguments: str | Path, group: bool = False) -> "subprocess.Popen[str]":
    """The program; in a process group of its own where wanted, as a shell would start it."""
    command = [LEAVS, *(str(argument) for argument in arguments)]
    return subprocess.Popen(
        command,
        text=True,
        umask=0,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=group,
    )


def leavs(*arguments: str | Path) -> tuple[int, str, str]:
    """The exit code of the program, and what it printed on stdout and on stderr."""
    process = started(*arguments)
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def rows_of(path: str | Path) -> list[list[str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))
