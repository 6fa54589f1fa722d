"""What a user can choose, in four groups; the command line and the Python API share them.

Knows what the choices mean and which do not go together; what is done with them stands elsewhere.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leavs.ask import CONFIDENCE
from leavs.domain import Filtration, Overflow, Reasoning
from leavs.errors import UsageError
from leavs.reports import (
    CheckedSource,
    ReportSource,
    from_amos_json,
    from_csv,
    from_files,
    from_folder,
    from_jsonl,
    from_list,
    select,
)
from leavs.shards import Shard, chosen_shard

PAPER_MODEL = "Qwen/Qwen2-72B-Instruct"
PAPER_MODEL_GB = 155.0  # weights in bfloat16, and room for the questions in flight


@dataclass(frozen=True, slots=True)
class InputOptions:
    """Where the reports are; one of the six, and which of them to take.

    Args:
        single_file: text files, one report each.
        input_dir: a folder; every *.txt in it and below it is a report.
        test_list: a file that lists text files, one path a line.
        reports_csv: a CSV with one report a row.
        jsonl: a file with one JSON object a line.
        amos_json: the AMOS-MM file report_generation_train_val.json.
        id_column: column (CSV) or key (JSON Lines) of the ids; image1 in a CSV, id in JSON Lines.
        text_column: column (CSV) or key (JSON Lines) of the texts; anonymized_report in a CSV,
            text in JSON Lines.
        start_index: the first report to take, from 0.
        end_index: the report before which to stop.
        limit: the largest number of reports to take.
        num_shards: label one shard of so many; all write into the same output folder, and
            `leavs export` joins them. By default the tasks of SLURM's array; 1 for all reports.
        shard_id: which, from 0; by default the number of SLURM's task.
    """

    single_file: tuple[Path, ...] = ()
    input_dir: Path | None = None
    test_list: Path | None = None
    reports_csv: Path | None = None
    jsonl: Path | None = None
    amos_json: Path | None = None
    id_column: str | None = None
    text_column: str | None = None
    start_index: int = 0
    end_index: int | None = None
    limit: int | None = None
    num_shards: int | None = None
    shard_id: int | None = None

    def shard(self) -> Shard | None:
        """The shard to label, from the options or SLURM's array; None for all reports.

        Raises:
            UsageError: there is no such shard.
        """
        return chosen_shard(self.num_shards, self.shard_id, os.environ)

    def source(self) -> ReportSource:
        """The stream of reports.

        Raises:
            UsageError: none or several inputs are named, or a number is negative.
            InputError: the input cannot be read.
        """
        for name in ("start_index", "end_index", "limit"):
            if (getattr(self, name) or 0) < 0:
                raise UsageError(f"--{name.replace('_', '-')} cannot be negative")
        readers: dict[str, Callable[[Any], CheckedSource]] = {
            "single_file": from_files,
            "input_dir": from_folder,
            "test_list": from_list,
            "reports_csv": lambda path: from_csv(path, **self._columns("column")),
            "jsonl": lambda path: from_jsonl(path, **self._columns("key")),
            "amos_json": from_amos_json,
        }
        flags = {name: f"--{name.replace('_', '-')}" for name in readers}
        named = [name for name in readers if getattr(self, name)]
        if not named:
            raise UsageError(f"no reports named; use one of {', '.join(flags.values())}")
        if len(named) > 1:
            raise UsageError(f"{' and '.join(flags[name] for name in named)} exclude each other")
        source = readers[named[0]](getattr(self, named[0]))
        return select(source, self.start_index, self.end_index, self.limit)

    def _columns(self, kind: str) -> dict[str, str]:
        chosen = {f"id_{kind}": self.id_column, f"text_{kind}": self.text_column}
        return {name: column for name, column in chosen.items() if column is not None}


@dataclass(frozen=True, slots=True)
class MethodOptions:
    """How the questions are asked; the labels depend on all of it.

    Args:
        pack: the prompts: a folder, or the name of a pack that comes with leavs.
        organs: only these organs of the pack; all of them where none is named.
        filtration: how the sentences that inform about an organ are found; joint is both with one
            question a sentence for all organs together.
        reasoning: whether the model thinks before each answer; auto means only where its answer
            without that is less probable than --confidence.
        confidence: the probability from which auto takes an answer without reasoning, 0 to 1.
        max_reasoning_tokens: the longest such thought.
        two_turns: let the model think in one reply, as it likes, and answer in the next, as in the
            paper; by default it does both in one, a paragraph and a line, with fewer tokens.
        overflow: what becomes of a question that is longer than the model's context: a failure with
            the number of its tokens, or it is asked without the last sentences of the report.
        temperature: of sampling; 0 is greedy.
        seed: of sampling, where the temperature is not 0.
    """

    pack: str = "leavs"
    organs: tuple[str, ...] = ()
    filtration: Filtration = Filtration.BOTH
    reasoning: Reasoning = Reasoning.ALWAYS
    confidence: float = CONFIDENCE
    max_reasoning_tokens: int = 1600
    two_turns: bool = False
    overflow: Overflow = Overflow.FAIL
    temperature: float = 0.0
    seed: int = 0


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


@dataclass(frozen=True, slots=True)
class RayOptions:
    """Whether the run is spread over a Ray cluster, and how.

    Args:
        ray: label in actors of Ray: without a value Ray is started on this machine, auto joins
            the cluster that runs here, anything else is the address of one (host:port).
        replicas: engines, each with a model of its own in an actor of its own.
        gpus_per_replica: GPUs of one engine; by default as many as the model is split over, or
            where that is not said, all of a machine.
    """

    ray: bool | str = False
    replicas: int = 1
    gpus_per_replica: int | None = None

    def address(self) -> str | None:
        """Where Ray is ("local": it is to be started here); None for a run without it.

        Raises:
            UsageError: a number that makes no sense, or options of Ray for a run without it.
        """
        for flag, number, least in (
            ("--replicas", self.replicas, 1),
            ("--gpus-per-replica", self.gpus_per_replica or 0, 0),
        ):
            if number < least:
                raise UsageError(f"{flag} {number} is too small; the least is {least}")
        if self.ray is False:
            if self.replicas > 1 or self.gpus_per_replica is not None:
                raise UsageError("--replicas and --gpus-per-replica are for runs with --ray")
            return None
        return "local" if self.ray is True else self.ray


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What is written, and how a run behaves.

    Args:
        output_dir: the run's folder; a run that was stopped goes on in it.
        include_report: add the report's text to labels.csv.
        keep_reasoning: keep what the model wrote before its answers, in the journal.
        retry_failures: ask again what an earlier run in the folder recorded as failed.
        max_failures: stop when more cells than this fail: a number, or a percentage of the cells
            recorded by this process (2%, counted from 100 cells on).
        reports_in_flight: reports that are worked on at the same time; by default as many as keep
            the engine's batch full.
        drain_seconds: after a signal to stop, how long answers under way may take.
    """

    output_dir: Path = Path("results")
    include_report: bool = False
    keep_reasoning: bool = False
    retry_failures: bool = False
    max_failures: str | None = None
    reports_in_flight: int | None = None
    drain_seconds: float = 60.0


def parse_engine_args(arguments: tuple[str, ...]) -> Mapping[str, Any]:
    """`name=value` pairs; a value that is JSON (a number, true, a list) is taken as such.

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
