"""One labeling run, from options to tables; the same from Python as from the command line."""

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leavs import manifest, tables
from leavs.ask import Ask
from leavs.batch import Batch, Tally
from leavs.demo_model import NAME as DEMO
from leavs.demo_model import WARNING as DEMO_WARNING
from leavs.demo_model import find_demo_model
from leavs.domain import Organ, Reasoning, Report
from leavs.engines import Engine
from leavs.engines.hardware import gpu_memory_gib
from leavs.engines.scripted import ScriptedEngine, dry_run_script
from leavs.errors import UsageError
from leavs.journal import Done, Journal, has_results, kept_texts, what_is_done
from leavs.line import reports_to_fill
from leavs.options import (
    PAPER_MODEL,
    PAPER_MODEL_GB,
    EngineOptions,
    MethodOptions,
    OutputOptions,
    parse_engine_args,
)
from leavs.prompts import Pack, find_pack, load_pack
from leavs.reports import ReportSource
from leavs.steps.filtration import FILTERS
from leavs.stopping import Stop, stopped_by_signals

if TYPE_CHECKING:
    from leavs.engines.vllm import VllmOptions

GB_IN_GIB = 1024**3 / 1000**3
DRY_RUN_WARNING = "A dry run: no model was asked, and the labels mean nothing."

ShowProgress = Callable[[Tally], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Args:
        complete: every report of the input was taken and finished.
        interrupted: it was stopped by SIGINT.
        seconds: wall time of the labeling, without loading the model.
    """

    tally: Tally
    exported: tables.Exported
    complete: bool
    interrupted: bool
    seconds: float
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """The model that a run uses, and what must be said of it.

    Args:
        name: as vLLM or the server takes it.
        identity: what the labels depend on.
    """

    name: str | None
    identity: Mapping[str, Any]
    warnings: Sequence[str] = ()


def label_reports(
    source: ReportSource,
    engine: EngineOptions | Engine | None = None,
    method: MethodOptions | None = None,
    output: OutputOptions | None = None,
    progress: ShowProgress | None = None,
) -> Outcome:
    """Label all reports of a source into an output folder, going on where an earlier run stopped.

    Args:
        engine: which model to load or to ask; or an engine of your own, which stays open.
        progress: shows the growing tally while the run goes on.

    Raises:
        LeavsError: one of its children: what is wrong and what to do about it.
    """
    return asyncio.run(
        _label_reports(
            source,
            engine or EngineOptions(),
            method or MethodOptions(),
            output or OutputOptions(),
            progress or (lambda tally: nullcontext()),
        )
    )


async def _label_reports(
    source: ReportSource,
    engine: EngineOptions | Engine,
    method: MethodOptions,
    output: OutputOptions,
    progress: ShowProgress,
) -> Outcome:
    pack = load_pack(find_pack(method.pack))
    organs = choose_organs(pack, method.organs)
    check_numbers(engine, method, output)
    model = await named_by_server(engine, choose_model(engine))
    folder = output.output_dir
    identity = identity_of(pack, organs, method, model)
    manifest.claim_folder(folder, identity, model.warnings, has_results=has_results(folder))
    stop = Stop(output.drain_seconds)
    with stopped_by_signals(stop):  # until the tables are written
        done = what_is_done(folder, output.retry_failures)
        tally = Tally(source.count(), len(organs))
        needed = anything_left(source, done, organs)
        journal = Journal(folder, manifest.session())
        seconds, complete = 0.0, False
        try:
            await asyncio.sleep(0)  # a signal that came while the input was read is served here
            model_opened = opened(engine, model, method, folder) if needed else no_engine()
            if not stop.requested:
                async with model_opened as opened_engine:
                    ask = Ask(
                        opened_engine,
                        pack,
                        method.reasoning,
                        method.max_reasoning_tokens,
                        method.confidence,
                        output.keep_reasoning,
                        method.two_turns,
                    )
                    batch = Batch(
                        ask,
                        organs,
                        FILTERS[method.filtration],
                        journal,
                        done,
                        tally,
                        output.reports_in_flight
                        or reports_to_fill(opened_engine.batch_size, len(organs)),
                        kept_texts(folder) if output.include_report else None,
                    )
                    began = time.monotonic()
                    async with progress(tally):
                        complete = await batch.run(source, stop)
                    seconds = time.monotonic() - began
        finally:
            journal.close(complete=complete, seconds=round(seconds, 3))
            exported = tables.export(folder, output.include_report)
    return Outcome(tally, exported, complete, stop.interrupted, seconds, model.warnings)


def choose_organs(pack: Pack, names: Sequence[str]) -> tuple[Organ, ...]:
    """The organs of a pack that are named, in the pack's order; all where none is.

    Raises:
        UsageError: the pack has no such organ.
    """
    known = [organ.name for organ in pack.ontology.organs]
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"no organ {unknown[0]!r} in the pack; it has: {', '.join(known)}")
    return tuple(organ for organ in pack.ontology.organs if not names or organ.name in names)


def check_numbers(
    engine: EngineOptions | Engine, method: MethodOptions, output: OutputOptions
) -> None:
    """Raise UsageError for a number that makes no sense."""
    least: dict[str, tuple[float, float]] = {
        "--max-reasoning-tokens": (method.max_reasoning_tokens, 1),
        "--temperature": (method.temperature, 0),
        "--confidence": (method.confidence, 0),
        "--drain-seconds": (output.drain_seconds, 0),
    }
    if output.reports_in_flight is not None:
        least["--reports-in-flight"] = (output.reports_in_flight, 1)
    if isinstance(engine, EngineOptions):
        least |= {
            "--tensor-parallel-size": (engine.tensor_parallel_size or 1, 1),
            "--pipeline-parallel-size": (engine.pipeline_parallel_size, 1),
            "--data-parallel-size": (engine.data_parallel_size, 1),
            "--max-model-len": (engine.max_model_len, 1),
            "--gpu-memory-utilization": (engine.gpu_memory_utilization, 0.01),
        }
    for flag, (value, smallest) in least.items():
        if not value >= smallest:
            raise UsageError(f"{flag} {value} is too small; the least is {smallest}")
    if method.confidence > 1:
        raise UsageError(f"--confidence {method.confidence} is more than 1, the most sure there is")


def choose_model(engine: EngineOptions | Engine) -> ChosenModel:
    """The model to use, from the options or, where they name none, from the GPUs.

    Raises:
        UsageError: no model is named and no GPU can hold the default, or no such folder.
        InputError: the demo model has not been fetched.
    """
    if not isinstance(engine, EngineOptions):
        return ChosenModel(None, {"engine": type(engine).__name__})
    if engine.dry_run:
        return ChosenModel(None, {"engine": "dry run"}, (DRY_RUN_WARNING,))
    if engine.base_url is not None:
        return ChosenModel(engine.model, {"engine": "server", "model": engine.model})
    loaded = {
        "engine": "vllm",
        "revision": engine.revision,
        "dtype": engine.dtype,
        "quantization": engine.quantization,
        "max_model_len": engine.max_model_len,
        "engine_args": dict(parse_engine_args(engine.engine_arg)),
    }
    if engine.model == DEMO:
        folder, weights = find_demo_model()
        about = {"model": DEMO, "weights_sha256": weights}
        return ChosenModel(str(folder), loaded | about, (DEMO_WARNING,))
    if engine.model is not None:
        local = Path(engine.model).expanduser()
        if engine.model.startswith((".", "/", "~")) and not local.is_dir():
            raise UsageError(f"there is no folder {engine.model}; name one that holds a model")
        name = str(local.resolve()) if local.is_dir() else engine.model
        return ChosenModel(name, loaded | {"model": name})
    memory = gpu_memory_gib()
    if sum(memory) * GB_IN_GIB * engine.gpu_memory_utilization < PAPER_MODEL_GB:
        raise UsageError(no_model_message(memory))
    return ChosenModel(PAPER_MODEL, loaded | {"model": PAPER_MODEL})


async def named_by_server(engine: EngineOptions | Engine, model: ChosenModel) -> ChosenModel:
    """The model with the name that its server gives it, so that runs are never mixed unseen.

    Raises:
        EngineStartError: the server does not answer, or serves several models.
    """
    if not isinstance(engine, EngineOptions) or engine.base_url is None or engine.dry_run:
        return model
    from leavs.engines.openai import OpenAIOptions, api_key, served_model

    name = await served_model(OpenAIOptions(engine.base_url, model.name, api_key()))
    return ChosenModel(name, {**model.identity, "model": name})


def anything_left(source: ReportSource, done: Mapping[str, Done], organs: Sequence[Organ]) -> bool:
    """Whether a report of the source has an organ that is not done: is a model needed at all?"""
    wanted = {organ.name for organ in organs}
    nothing = Done("")
    return any(
        isinstance(entry, Report) and not done.get(entry.id, nothing).includes(wanted)
        for entry in source
    )


def no_model_message(memory: Sequence[float]) -> str:
    """What to do where no model is named and the default does not fit."""
    if memory:
        found = f"{len(memory)} GPUs with {sum(memory) * GB_IN_GIB:.0f} GB together"
    else:
        found = "no NVIDIA GPU on this machine"
    return (
        f"no --model given, and {found}: the default, {PAPER_MODEL}, needs about "
        f"{PAPER_MODEL_GB:.0f} GB of GPU memory. Choose one of:\n"
        "  --model NAME     a smaller instruction model, as Qwen/Qwen2.5-7B-Instruct, or a folder\n"
        "  --base-url URL   a server that runs elsewhere, such as `vllm serve`\n"
        "  --model demo     a tiny model on the CPU, to try the program; its labels mean nothing\n"
        "  --dry-run        no model: check the input and the prompts; its labels mean nothing"
    )


def identity_of(
    pack: Pack, organs: Sequence[Organ], method: MethodOptions, model: ChosenModel
) -> dict[str, Any]:
    """What the labels of a run depend on."""
    return {
        **model.identity,
        "pack": pack.name,
        "pack_sha256": pack.sha256,
        "organs": [organ.name for organ in organs],
        "finding_types": [finding_type.name for finding_type in pack.ontology.finding_types],
        "filtration": method.filtration.value,
        "reasoning": method.reasoning.value,
        "confidence": method.confidence if method.reasoning is Reasoning.AUTO else None,
        "max_reasoning_tokens": method.max_reasoning_tokens,
        "two_turns": method.two_turns,
        "temperature": method.temperature,
        "seed": method.seed,
    }


def vllm_options(
    engine: EngineOptions, model: str, method: MethodOptions, folder: Path
) -> "VllmOptions":
    """The options as the engine takes them; its processes write into the run's folder."""
    from leavs.engines.vllm import VllmOptions

    return VllmOptions(
        model,
        engine.revision,
        engine.download_dir,
        engine.tensor_parallel_size,
        engine.pipeline_parallel_size,
        engine.data_parallel_size,
        engine.dtype,
        engine.quantization,
        engine.max_model_len,
        engine.gpu_memory_utilization,
        method.temperature,
        method.seed,
        parse_engine_args(engine.engine_arg),
        folder / "logs" / f"engine-{socket.gethostname()}-{secrets.token_hex(4)}.log",
    )


@asynccontextmanager
async def no_engine() -> AsyncIterator[Engine]:
    """For a run in which every report is done already."""

    def refuse(*_: object) -> str:
        raise AssertionError("a question was asked although every report was done")

    yield ScriptedEngine(refuse)


@asynccontextmanager
async def opened(
    engine: EngineOptions | Engine, model: ChosenModel, method: MethodOptions, folder: Path
) -> AsyncIterator[Engine]:
    """The engine that the options ask for, open for the time of the block."""
    if not isinstance(engine, EngineOptions):
        yield engine
    elif engine.dry_run:
        yield ScriptedEngine(dry_run_script)
    elif engine.base_url is not None:
        from leavs.engines.openai import OpenAIOptions, api_key, open_openai

        server = OpenAIOptions(
            engine.base_url, model.name, api_key(), method.temperature, method.seed
        )
        async with open_openai(server) as opened_engine:
            yield opened_engine
    else:
        from leavs.engines.vllm import open_vllm

        options = vllm_options(engine, str(model.name), method, folder)
        async with open_vllm(options) as opened_engine:
            yield opened_engine
