"""Chooses the model of a run, and opens the engine that serves it."""

import secrets
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leavs.engines.engine import Engine
from leavs.engines.hardware import gpu_memory_gib
from leavs.engines.models.demo import NAME as DEMO
from leavs.engines.models.demo import WARNING as DEMO_WARNING
from leavs.engines.models.demo import find_demo_model
from leavs.engines.options import (
    PAPER_MODEL,
    PAPER_MODEL_GB,
    EngineOptions,
    Generation,
    parse_engine_args,
    parse_pairs,
)
from leavs.engines.scripted import ScriptedEngine, dry_run_script
from leavs.engines.server.address import host_of, refuse_elsewhere
from leavs.engines.server.dialect import Dialect
from leavs.engines.server.options import ServerOptions, api_key
from leavs.errors import UsageError

GB_IN_GIB = 1024**3 / 1000**3
DRY_RUN_WARNING = "A dry run: no model was asked, and the labels mean nothing."


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """The model that a run uses, and what its users must know.

    Args:
        name: as vLLM or the server takes it.
        identity: what the labels depend on.
        warnings: what everyone who uses the labels must know.
        cautions: what must be known before a run.
        host: the other machine to which texts of reports are sent; "" if they stay on this one.
        dialect: how the server that answers wants to be spoken to; None before that is known, and
            where no server answers.
    """

    name: str | None
    identity: Mapping[str, Any]
    warnings: Sequence[str] = ()
    cautions: Sequence[str] = ()
    host: str = ""
    dialect: Dialect | None = None


def choose_model(engine: EngineOptions | Engine) -> ChosenModel:
    """Choose the model from the options or, if they name none, from the GPUs.

    Raises:
        UsageError: no model is named and the GPUs cannot hold the default; the folder does not
            exist; or a server on another machine is named without leave to use it.
        InputError: the demo model has not been fetched.
    """
    if not isinstance(engine, EngineOptions):
        return ChosenModel(None, {"engine": type(engine).__name__})
    if engine.dry_run:
        return ChosenModel(None, {"engine": "dry run"}, (DRY_RUN_WARNING,))
    if engine.base_url is not None:
        caution = refuse_elsewhere(engine.base_url, engine.allow_remote)
        model = ChosenModel(engine.model, _identity_at_server(engine))
        if not caution:
            return model
        return replace(model, cautions=(caution,), host=host_of(engine.base_url))
    return _model_for_vllm(engine)


def _model_for_vllm(engine: EngineOptions) -> ChosenModel:
    loaded = {
        "engine": "vllm",
        "revision": engine.revision,
        "dtype": engine.dtype,
        "quantization": engine.quantization,
        "max_model_len": engine.context,
        "engine_args": dict(parse_engine_args(engine.engine_arg)),
    }
    if template_arguments := _template_arguments(engine):
        loaded["chat_template_args"] = template_arguments
    if engine.model == DEMO:
        folder, weights = find_demo_model()
        about = {"model": DEMO, "weights_sha256": weights}
        return ChosenModel(str(folder), loaded | about, (DEMO_WARNING,))
    if engine.model is not None:
        name = _name_of(engine.model)
        return ChosenModel(name, loaded | {"model": name})
    memory = gpu_memory_gib()
    if sum(memory) * GB_IN_GIB * engine.gpu_memory_utilization < PAPER_MODEL_GB:
        raise UsageError(no_model_message(memory))
    return ChosenModel(PAPER_MODEL, loaded | {"model": PAPER_MODEL})


def _identity_at_server(engine: EngineOptions) -> dict[str, Any]:
    """What the labels of a server depend on; options that are not given have no effect."""
    given = {
        "max_model_len": engine.max_model_len,
        "server_args": dict(parse_pairs("--server-arg", engine.server_arg)),
        "chat_template_args": _template_arguments(engine),
    }
    return {"engine": "server", "model": engine.model} | {
        name: value for name, value in given.items() if value
    }


def _template_arguments(engine: EngineOptions) -> dict[str, Any]:
    return dict(parse_pairs("--chat-template-arg", engine.chat_template_arg))


def _name_of(model: str) -> str:
    """The whole path of a folder, so that it is the same model from wherever it is named."""
    local = Path(model).expanduser()
    if model.startswith((".", "/", "~")) and not local.is_dir():
        raise UsageError(f"there is no folder {model}; name one that holds a model")
    return str(local.resolve()) if local.is_dir() else model


async def met_at_server(
    engine: EngineOptions | Engine, model: ChosenModel, generation: Generation
) -> ChosenModel:
    """Add what a server tells of itself: the name that it gives its model, and its dialect.

    With the name, runs of two models are never mixed. The server is asked trial questions.

    Raises:
        EngineStartError: the server does not answer, serves several models, or no run can work.
    """
    if not isinstance(engine, EngineOptions) or engine.base_url is None or engine.dry_run:
        return model
    from leavs.engines.server.engine import meet_server

    served = await meet_server(_server(engine, engine.base_url, model, generation))
    identity = {**model.identity, "model": served.model}
    return replace(model, name=served.model, identity=identity, dialect=served.dialect)


def _server(
    engine: EngineOptions, base_url: str, model: ChosenModel, generation: Generation
) -> ServerOptions:
    return ServerOptions(
        base_url,
        model.name,
        api_key(),
        engine.request_timeout,
        engine.request_tries,
        concurrency=engine.server_concurrency,
        arguments=parse_pairs("--server-arg", engine.server_arg),
        template_arguments=_template_arguments(engine),
        generation=generation,
        context=engine.max_model_len,
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


def engine_log(folder: Path) -> Path:
    """A new name in a run's folder for what the processes of an engine write."""
    return folder / "logs" / f"engine-{socket.gethostname()}-{secrets.token_hex(4)}.log"


@asynccontextmanager
async def no_engine() -> AsyncIterator[Engine]:
    """Give an engine that refuses questions, to a run in which every report is done already."""

    def refuse(*_: object) -> str:
        raise AssertionError("a question was asked although every report was done")

    yield ScriptedEngine(refuse)


@asynccontextmanager
async def open_engine(
    engine: EngineOptions | Engine, model: ChosenModel, generation: Generation, folder: Path
) -> AsyncIterator[Engine]:
    """Open the engine that the options ask for, for the time of a `with` block."""
    if not isinstance(engine, EngineOptions):
        yield engine
    elif engine.dry_run:
        yield ScriptedEngine(dry_run_script)
    elif engine.base_url is not None:
        from leavs.engines.server.engine import Served, open_server

        known = None if model.dialect is None else Served(str(model.name), model.dialect)
        options = _server(engine, engine.base_url, model, generation)
        async with open_server(options, known) as asked:
            yield asked
    else:
        from leavs.engines.vllm.engine import open_vllm

        log = engine_log(folder)
        name, sampling = str(model.name), generation.sampling
        async with open_vllm(engine, name, sampling, log, generation.thinking) as loaded:
            yield loaded
