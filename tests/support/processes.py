"""What tests ask of processes that they started."""

import time
from pathlib import Path

PATIENCE = 1200  # seconds: what takes longer never ends, however busy the machine is


def children_of(pid: int) -> list[int]:
    """All processes below a process; one that has ended meanwhile has none."""
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [child for one in map(int, below) for child in (one, *children_of(one))]


def wait_until(what: object, fact: object) -> None:
    """Poll a fact until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not fact():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.05)
