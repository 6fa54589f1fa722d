"""Ends vLLM's processes with the one that started them: a `kill -9` of leavs leaves no GPU in use.

vLLM loads this as a plugin (the entry point `vllm.general_plugins`) in every process it starts.
It does nothing unless leavs started the engine, and does nothing outside Linux.
"""

import ctypes
import os
import signal
import sys

PARENT = "LEAVS_ENGINE_PARENT"
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def hold() -> None:
    """Ask the kernel to kill this process when its parent dies."""
    started_by = os.environ.get(PARENT)
    if not started_by or int(started_by) == os.getpid() or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
