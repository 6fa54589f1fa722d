"""The GPUs of this machine and their memory, found out without loading torch.

Knows NVIDIA's own tool only; with other accelerators a model has to be named.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TIMEOUT_SECONDS = 30.0  # seconds; a driver that hangs never answers


@dataclass(frozen=True, slots=True)
class Gpu:
    """One visible GPU, with its total and its free memory in GiB."""

    name: str
    total_gib: float
    free_gib: float


@dataclass(frozen=True, slots=True)
class InstalledGpu:
    """What does not change of a visible GPU while a process runs.

    Args:
        memory_gib: None where the driver does not tell it, as of memory shared with the CPU.
        driver: the version of NVIDIA's driver.
    """

    name: str
    memory_gib: float | None
    driver: str


def gpu_memory_gib() -> list[float]:
    """The memory of each visible NVIDIA GPU in GiB; empty where there is none."""
    return [gpu.memory_gib for gpu in installed_gpus() if gpu.memory_gib is not None]


def installed_gpus() -> Sequence[InstalledGpu]:
    """Each visible NVIDIA GPU; the tool is asked once in a process, for it can take seconds."""
    return _installed(shutil.which("nvidia-smi"), os.environ.get("CUDA_VISIBLE_DEVICES"))


@cache
def _installed(tool: str | None, visible: str | None) -> Sequence[InstalledGpu]:
    found = []
    for line in _answer(tool, visible, "name,memory.total,driver_version", TIMEOUT_SECONDS):
        name, *others = (word.strip() for word in line.split(","))
        if len(others) == 2:
            size, driver = others
            found.append(InstalledGpu(name, int(size) / 1024 if size.isdigit() else None, driver))
    return tuple(found)


def processor_name() -> str:
    """The name of this machine's processor; "" where the system does not tell it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "")


def visible_gpus(timeout: float = TIMEOUT_SECONDS) -> list[Gpu]:
    """Each visible NVIDIA GPU; empty where there is none, or none that answers."""
    found = []
    for line in _lines("name,memory.total,memory.free", timeout):
        name, _, sizes = line.partition(",")
        total, _, free = (size.strip() for size in sizes.partition(","))
        if total.isdigit() and free.isdigit():
            found.append(Gpu(name.strip(), int(total) / 1024, int(free) / 1024))
    return found


def _lines(fields: str, timeout: float) -> Sequence[str]:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return _answer(shutil.which("nvidia-smi"), visible, fields, timeout)


def _answer(tool: str | None, visible: str | None, fields: str, timeout: float) -> Sequence[str]:
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
