"""What this machine can hold, found out without loading torch.

Knows NVIDIA's own tool only; on other accelerators a model has to be named.
"""

import os
import shutil
import subprocess


def gpu_memory_gib() -> list[float]:
    """The memory of each visible NVIDIA GPU in GiB; empty where there is none."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None and not visible.strip():
        return []
    query = [tool, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    if visible is not None:
        query.append(f"--id={visible}")  # numbers or UUIDs, as the variable holds them
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    sizes = [line.strip() for line in answer.stdout.splitlines()]
    return [int(size) / 1024 for size in sizes if size.isdigit()]
