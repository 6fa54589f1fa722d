"""Which model answers, where it runs, and how its tokens are sampled."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leavs.errors import UsageError

PAPER_MODEL = "Qwen/Qwen2-72B-Instruct"

PAPER_MODEL_GB = 155.0  # weights in bfloat16, and room for the questions in flight


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn.

    Args:
        temperature: 0 is greedy.
        seed: of the draws, where the temperature is not 0. Answers of vLLM then also depend on what
            else is in its batch.
    """

    temperature: float = 0.0
    seed: int = 0


GREEDY = Sampling()


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Which model answers, and where it runs.

    Args:
        model: a Hugging Face id, a folder, or "demo". By default the paper's model where the GPUs
            can hold it.
        revision: branch, tag or commit of a Hugging Face model.
        download_dir: where Hugging Face models are kept.
        base_url: ask an OpenAI-compatible server instead (up to and with /v1); its key is read
            from LEAVS_API_KEY or OPENAI_API_KEY.
        allow_remote: let --base-url name another machine, to which texts of reports are sent.
        request_timeout: the longest wait for one answer of that server, in seconds.
        request_tries: how often a question is put to it before it is looked whether it is gone.
        tensor_parallel_size: GPUs that share each layer; all visible ones by default.
        pipeline_parallel_size: groups of GPUs that hold successive layers.
        data_parallel_size: copies of the model.
        dtype: of weights and activations: auto, bfloat16, float16, float32.
        quantization: vLLM's name of a quantisation, such as awq, gptq or fp8.
        max_model_len: longest prompt with its reply, in tokens.
        gpu_memory_utilization: share of each GPU's memory to use, 0 to 1.
        engine_arg: any other argument of vLLM's engine, as name=value.
        dry_run: ask no model at all: read the reports, render every prompt, write every file.
    """

    model: str | None = None
    revision: str | None = None
    download_dir: Path | None = None
    base_url: str | None = None
    allow_remote: bool = False
    request_timeout: float = 600.0
    request_tries: int = 6
    tensor_parallel_size: int | None = None
    pipeline_parallel_size: int = 1
    data_parallel_size: int = 1
    dtype: str = "auto"
    quantization: str | None = None
    max_model_len: int = 16_384
    gpu_memory_utilization: float = 0.95
    engine_arg: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def loads_model(self) -> bool:
        """Whether a model is loaded here, not asked through a server and not left out."""
        return self.base_url is None and not self.dry_run


def parse_engine_args(arguments: tuple[str, ...]) -> Mapping[str, Any]:
    """Parse `name=value` pairs; a value that is JSON (a number, true, a list) is taken as such.

    Raises:
        UsageError: a pair has no "=".
    """
    parsed: dict[str, Any] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not name:
            raise UsageError(f"--engine-arg {argument!r} is not name=value")
        try:
            parsed[name.strip().replace("-", "_")] = json.loads(value)
        except ValueError:
            parsed[name.strip().replace("-", "_")] = value
    return parsed
