"""Checks the chosen model before it is loaded: its place, its files, and whether it fits."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leavs.doctor import fit
from leavs.doctor.findings import Finding, fine, problem, warning
from leavs.doctor.server import speech_findings
from leavs.engines.hardware import Gpu
from leavs.engines.models.choice import ChosenModel, choose_model, met_at_server
from leavs.engines.models.demo import NAME as DEMO
from leavs.engines.models.folder import Weights, read_config, read_weights, what_is_missing
from leavs.engines.models.hub import find_model, is_offline
from leavs.engines.options import (
    PAPER_MODEL,
    PAPER_MODEL_GB,
    EngineOptions,
    Generation,
    parse_engine_args,
)
from leavs.errors import LeavsError, UsageError


@dataclass(frozen=True, slots=True)
class Model:
    """The model that a run would use.

    Args:
        chosen: the model as a run chooses it.
        folder: the folder with its files; None if it is not here, or this process does not load it.
        context: the most tokens of a prompt and its reply; None if only a server knows it.
    """

    chosen: ChosenModel
    folder: Path | None = None
    context: int | None = None


def examine_model(
    engine: EngineOptions, generation: Generation, gpus: Sequence[Gpu], free_gib: float
) -> tuple[Model | None, list[Finding]]:
    """Find and check the model that the options choose; None if they choose none.

    A server is asked trial questions.
    """
    try:
        chosen = asyncio.run(met_at_server(engine, choose_model(engine), generation))
    except LeavsError as error:
        said = str(error).splitlines()[0].removesuffix(". Choose one of:")
        advice = "name one with --model, or a server with --base-url" if not engine.model else ""
        return None, [problem("model", said, advice)]
    if engine.dry_run:
        return Model(chosen), [fine("model", "none: a dry run asks no model")]
    if engine.base_url is not None:
        said = f"{chosen.name}, at a server that answers; what fits there is the server's business"
        cautions = [warning("privacy", caution) for caution in chosen.cautions]
        speech = [] if chosen.dialect is None else speech_findings(chosen.dialect)
        return Model(chosen, context=engine.max_model_len), [
            fine("model", said),
            *cautions,
            *speech,
        ]
    folder, found = _find(engine, str(chosen.name))
    model = Model(chosen, folder, engine.context)
    if folder is None:
        return model, [found, *_paper(engine, gpus, str(chosen.name))]
    return _whole(engine, model, found, gpus, free_gib)


def _find(engine: EngineOptions, name: str) -> tuple[Path | None, Finding]:
    """Find the model's folder, and check whether the model can be loaded from there."""
    if engine.model == DEMO:
        return Path(name), fine("model", f"the demo model, in {name}; its labels mean nothing")
    if Path(name).is_dir():
        return _if_whole(Path(name), f"in {name}", "the folder lacks what vLLM needs")
    command = f"leavs download {name}"
    try:
        folder = find_model(name, engine.revision, engine.download_dir)
    except UsageError as error:
        return None, warning("model", f"{name}: {error}")
    if folder is not None:
        return _if_whole(folder, f"{name}, in the cache", f"{command} --again")
    if is_offline():
        said = f"{name} is not in the cache, and HF_HUB_OFFLINE forbids to fetch it"
        return None, problem("model", said, f"{command}, on a node that has network")
    return None, warning("model", f"{name} is not in the cache; the run would fetch it", command)


def _if_whole(folder: Path, said: str, advice: str) -> tuple[Path | None, Finding]:
    if missing := what_is_missing(folder):
        return folder, problem("model", f"{said}, not complete: {missing}", advice)
    return folder, fine("model", f"{said}, complete")


def _paper(engine: EngineOptions, gpus: Sequence[Gpu], name: str) -> list[Finding]:
    """Check the memory for a model that is not here; only for the paper's the need is known."""
    if name != PAPER_MODEL:
        return [warning("memory", "not known before the model is here", f"leavs download {name}")]
    have = sum(gpu.total_gib for gpu in gpus) * fit.GIB / 1e9 * engine.gpu_memory_utilization
    said = f"needs about {PAPER_MODEL_GB:.0f} GB of GPU memory, {have:.0f} are to be had"
    if gpus and have < PAPER_MODEL_GB:
        return [problem("memory", said, "choose a smaller or quantised model")]
    return [fine("memory", said) if gpus else warning("memory", said, "run doctor on the GPUs")]


def _whole(
    engine: EngineOptions, model: Model, found: Finding, gpus: Sequence[Gpu], free_gib: float
) -> tuple[Model, list[Finding]]:
    config = read_config(Path(str(model.folder)))
    shape = None if config is None else fit.shape_of(config)
    if shape is None:
        said = "the config does not say layers and heads; whether it fits is not known"
        return model, [found, warning("memory", said)]
    weights = read_weights(Path(str(model.folder)))
    context = min(engine.context, shape.context or engine.context)
    findings = [
        found,
        _numbers(engine, shape, weights),
        fit.context_finding(shape, engine.context),
        *_room(engine, shape, weights, context, gpus, free_gib),
    ]
    return replace(model, context=context), findings


def _numbers(engine: EngineOptions, shape: fit.ModelShape, weights: Weights) -> Finding:
    """Report bytes, dtype and quantisation of the weights."""
    dtype = shape.dtype or "unknown"
    said = f"{weights.size / fit.GIB:.1f} GiB stored, {dtype}"
    asked = engine.quantization
    if shape.quantised:
        said += f", quantised ({shape.quantised})"
        if asked and asked.split("_")[0] != shape.quantised.split("_")[0].split("-")[0]:
            return warning("weights", said, f"--quantization {asked} is another; leave it out")
        return fine("weights", said)
    if asked:
        said += f"; quantised by {asked} while it is loaded, counted as if it were not"
    elif engine.dtype not in ("auto", shape.dtype):
        said += f", loaded as {engine.dtype}"
    return fine("weights", said)


def _room(
    engine: EngineOptions,
    shape: fit.ModelShape,
    weights: Weights,
    context: int,
    gpus: Sequence[Gpu],
    free_gib: float,
) -> list[Finding]:
    size = fit.loaded_bytes(weights.stored, shape, engine.dtype)
    kv_bits = _kv_bits(parse_engine_args(engine.engine_arg), fit.working_bits(shape, engine.dtype))
    if not gpus:
        wanted = fit.need(shape, size, fit.Placement(), context, kv_bits)
        return [fit.without_gpus(wanted, free_gib, small=engine.model == DEMO)]
    placement = fit.placed(
        len(gpus),
        engine.tensor_parallel_size,
        engine.pipeline_parallel_size,
        engine.data_parallel_size,
    )
    wanted = fit.need(shape, size, placement, context, kv_bits)
    share = engine.gpu_memory_utilization
    memory = fit.memory_finding(wanted, placement, gpus, share, context)
    heads = fit.heads_finding(shape, placement)
    return [memory] if heads is None else [heads, memory]


def _kv_bits(engine_args: Mapping[str, Any], working: int) -> int:
    return 8 if str(engine_args.get("kv_cache_dtype", "")).startswith("fp8") else working


def tokenizer_file(model: Model | None) -> Path | None:
    """Return the model's tokenizer.json for the tokenizers library; None if there is none."""
    if model is None or model.folder is None:
        return None
    path = model.folder / "tokenizer.json"
    return path if path.is_file() and os.access(path, os.R_OK) else None
