"""Starts Ray on this machine, or joins a cluster.

A Ray that is started here listens on the loopback interface alone, requires a random token, has no
dashboard, and keeps its files in a folder that only the owner can read and that is removed
afterwards.
"""

import asyncio
import os
import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leavs.errors import EngineStartError, UsageError
from leavs.system.private_process import NO_STATISTICS
from leavs.system.processes import output_to
from leavs.system.stopping import SIGNALS

LOCAL = "local"
SETTINGS = NO_STATISTICS | {
    "RAY_ENABLE_AUTO_CONNECT": "0",  # a thread that outlives the block must not start Ray again
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # the new behaviour, and no warning about it
    "RAY_worker_niceness": "0",  # by default 15: beside other work an engine gets next to nothing
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # errors come back as values and are reported once
}
SECONDS_TO_ANSWER = 10
NO_CLUSTER = "no Ray cluster at {} ({}); start one with `ray start`, or give --ray alone"
LONGEST_TEMPORARY = 40  # Ray's sockets lie below it, and a socket's path has at most 107 characters


@dataclass(frozen=True, slots=True)
class RayNode:
    """The resources of one machine of the cluster, or of one replica."""

    cpus: float
    gpus: float


@asynccontextmanager
async def ray_at(address: str) -> AsyncIterator[tuple[RayNode, ...]]:
    """Connect to Ray for the time of a block and yield its nodes; our actors end with the block.

    Args:
        address: "local" starts Ray on this machine, "auto" joins the cluster that runs here,
            anything else is the address of a cluster.

    Raises:
        UsageError: an address of Ray's client, or Ray is in use in this process already.
        EngineStartError: Ray is not installed, or does not answer.
    """
    if "://" in address:
        raise UsageError(f"--ray {address}: run leavs on a machine of the cluster, with --ray auto")
    with _environment(SETTINGS):
        # In threads: in the main one Ray would replace the signal handlers, and its calls block.
        if address == LOCAL:
            with _own_folder() as folder, _environment(_private_settings(folder)):
                async with _connected(address=LOCAL, include_dashboard=False):
                    yield await asyncio.to_thread(_nodes)
        else:
            if address != "auto":
                await _refuse_unreachable(address)
            async with _connected(address=address):
                yield await asyncio.to_thread(_nodes)


async def _refuse_unreachable(address: str) -> None:
    """Raise if nothing listens at an address: Ray would end this process without a message."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise UsageError(f"--ray {address}: give host:port, or auto for the cluster that runs here")
    try:
        async with asyncio.timeout(SECONDS_TO_ANSWER):
            _, writer = await asyncio.open_connection(host, int(port))
    except (OSError, TimeoutError) as error:
        raise EngineStartError(NO_CLUSTER.format(address, type(error).__name__)) from error
    writer.close()


@asynccontextmanager
async def _connected(**arguments: Any) -> AsyncIterator[None]:
    try:
        import ray
    except ImportError as error:
        raise EngineStartError(
            f"Ray cannot be imported ({error}); install it with: pip install 'leavs[ray]'"
        ) from error
    if ray.is_initialized():
        raise UsageError("Ray is in use in this process already; call ray.shutdown() before")
    # Ray prints a message about each death to stdout, which is for the output of leavs.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        try:
            await asyncio.to_thread(_init, **arguments)
        except (ConnectionError, RuntimeError, ValueError, OSError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise EngineStartError(NO_CLUSTER.format(arguments["address"], reason)) from error
        _restore_signals()
        try:
            yield
        finally:
            await asyncio.shield(asyncio.to_thread(ray.shutdown))


def _init(**arguments: Any) -> None:
    import ray

    with output_to(Path(os.devnull)):  # errors are raised as well
        ray.init(
            log_to_driver=False,
            logging_level="CRITICAL",
            runtime_env={"env_vars": SETTINGS},
            **arguments,
        )


def _restore_signals() -> None:
    """Let Python handle the stop signals again: Ray's core has replaced the handler of SIGTERM."""
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            signal.signal(number, signal.getsignal(number))
            signal.siginterrupt(number, False)


def _nodes() -> tuple[RayNode, ...]:
    import ray

    offered = (node["Resources"] for node in ray.nodes() if node["Alive"])
    return tuple(RayNode(one.get("CPU", 0.0), one.get("GPU", 0.0)) for one in offered)


@contextmanager
def _own_folder() -> Iterator[str]:
    """Yield a folder (0700) for Ray's logs, and for its objects if memory does not suffice."""
    root = tempfile.gettempdir()
    folder = tempfile.mkdtemp(
        prefix="leavs-ray-",
        dir=root if len(root) <= LONGEST_TEMPORARY else "/tmp",  # noqa: S108
    )
    try:
        yield folder  # Ray makes its own folder readable to all; its parent, this one, is not
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _private_settings(folder: str) -> dict[str, str]:
    return {
        "RAY_TMPDIR": folder,
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # despite its name: listen on 127.0.0.1
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
