"""Which model answers, where it runs, and how its tokens are sampled."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from leavs.errors import UsageError

PAPER_MODEL = "Qwen/Qwen2-72B-Instruct"

CONTEXT = 16_384  # tokens of a prompt with its reply

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


class Thinking(StrEnum):
    """Whether a model that thinks by itself before it answers is let think."""

    OFF = "off"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Generation:
    """How replies are generated, beside what they may be.

    Args:
        thinking: whether a model that thinks by itself does so before it answers.
        thought_tokens: the longest such thought.
    """

    sampling: Sampling = GREEDY
    thinking: Thinking = Thinking.OFF
    thought_tokens: int = 1600


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
        server_arg: a further field of each request to that server, as name=value.
        server_concurrency: requests under way at that server at once; by default as many as it
            keeps up with, from 16 on.
        chat_template_arg: a variable of the model's chat template, as name=value.
        allow_remote: let --base-url name another machine, to which texts of reports are sent.
        yes_remote: send reports there although some seem to hold names, dates of birth or numbers
            of patients; without it a terminal asks, and elsewhere nothing is sent.
        request_timeout: the longest wait for one answer of that server, in seconds.
        request_tries: how often a question is put to it before it is looked whether it is gone.
        tensor_parallel_size: GPUs that share each layer; all visible ones by default.
        pipeline_parallel_size: groups of GPUs that hold successive layers.
        data_parallel_size: copies of the model.
        dtype: of weights and activations: auto, bfloat16, float16, float32.
        quantization: vLLM's name of a quantisation, such as awq, gptq or fp8.
        max_model_len: longest prompt with its reply, in tokens; 16,384 by default, and at a
            server as many as it takes.
        gpu_memory_utilization: share of each GPU's memory to use, 0 to 1.
        engine_arg: any other argument of vLLM's engine, as name=value.
        dry_run: ask no model at all: read the reports, render every prompt, write every file.
    """

    model: str | None = None
    revision: str | None = None
    download_dir: Path | None = None
    base_url: str | None = None
    server_arg: tuple[str, ...] = ()
    server_concurrency: int | None = None
    chat_template_arg: tuple[str, ...] = ()
    allow_remote: bool = False
    yes_remote: bool = False
    request_timeout: float = 600.0
    request_tries: int = 6
    tensor_parallel_size: int | None = None
    pipeline_parallel_size: int = 1
    data_parallel_size: int = 1
    dtype: str = "auto"
    quantization: str | None = None
    max_model_len: int | None = None
    gpu_memory_utilization: float = 0.95
    engine_arg: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def context(self) -> int:
        """The longest prompt with its reply, in tokens, of a model that is loaded here."""
        return CONTEXT if self.max_model_len is None else self.max_model_len

    @property
    def loads_model(self) -> bool:
        """Whether a model is loaded here, not asked through a server and not left out."""
        return self.base_url is None and not self.dry_run


def parse_engine_args(arguments: tuple[str, ...]) -> Mapping[str, Any]:
    """Parse arguments of vLLM's engine, as `parse_pairs`; a hyphen in a name is an underscore.

    Raises:
        UsageError: a pair has no "=".
    """
    pairs = parse_pairs("--engine-arg", arguments)
    return {name.replace("-", "_"): value for name, value in pairs.items()}


def parse_pairs(option: str, pairs: tuple[str, ...]) -> Mapping[str, Any]:
    """Parse `name=value` pairs; a value that is JSON (a number, true, a list) is taken as such.

    Raises:
        UsageError: a pair has no "=".
    """
    parsed: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{option} {pair!r} is not name=value")
        try:
            parsed[name.strip()] = json.loads(value)
        except ValueError:
            parsed[name.strip()] = value
    return parsed
