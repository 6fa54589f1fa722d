"""The GPUs of this machine and their memory, found out without loading torch.

Knows NVIDIA's own tool only; with other accelerators a model has to be named.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TIMEOUT_SECONDS = 30.0  # seconds; a driver that hangs never answers


@dataclass(frozen=True, slots=True)
class Gpu:
    """One visible GPU, with its total and its free memory in GiB."""

    name: str
    total_gib: float
    free_gib: float


def gpu_memory_gib() -> list[float]:
    """The memory of each visible NVIDIA GPU in GiB; empty where there is none."""
    sizes = [line.strip() for line in _lines("memory.total")]
    return [int(size) / 1024 for size in sizes if size.isdigit()]


def visible_gpus(timeout: float = TIMEOUT_SECONDS) -> list[Gpu]:
    """Each visible NVIDIA GPU; empty where there is none, or none that answers."""
    found = []
    for line in _lines("name,memory.total,memory.free", timeout):
        name, _, sizes = line.partition(",")
        total, _, free = (size.strip() for size in sizes.partition(","))
        if total.isdigit() and free.isdigit():
            found.append(Gpu(name.strip(), int(total) / 1024, int(free) / 1024))
    return found


def _lines(fields: str, timeout: float = TIMEOUT_SECONDS) -> Sequence[str]:
    tool = shutil.which("nvidia-smi")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if tool is None or (visible is not None and not visible.strip()):
        return ()
    query = [tool, f"--query-gpu={fields}", "--format=csv,noheader,nounits"]
    if visible is not None:
        query.append(f"--id={visible}")  # numbers or UUIDs, as the variable holds them
    return (answer_of(query, timeout) or "").splitlines()


def answer_of(
    command: Sequence[str], timeout: float, environment: Mapping[str, str] | None = None
) -> str | None:
    """Return what a program writes to stdout; None if it fails or takes longer than the timeout.

    A process that hangs inside a driver cannot be killed; it is not waited for.

    Args:
        timeout: in seconds.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env=environment,
        )
    except OSError:
        return None
    try:
        out, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        _give_up(process)
        return None
    return out if process.returncode == 0 else None


def _give_up(process: subprocess.Popen[str]) -> None:
    process.kill()
    if process.stdout is not None:
        process.stdout.close()
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        process.returncode = -9  # so that nobody waits for it again
