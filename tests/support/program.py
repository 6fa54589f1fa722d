"""The real program in a process of its own, and the tables that it writes."""

import csv
import subprocess
import sys
from pathlib import Path

LEAVS = str(Path(sys.executable).with_name("leavs"))


def started(*arguments: str | Path) -> subprocess.Popen[str]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [LEAVS, *(str(argument) for argument in arguments)]
    return subprocess.Popen(command, text=True, umask=0, **pipes)  # type: ignore[call-overload,no-any-return]


def leavs(*arguments: str | Path) -> tuple[int, str, str]:
    """The exit code of the program, and what it printed on stdout and on stderr."""
    process = started(*arguments)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def rows_of(path: str | Path) -> list[list[str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))
