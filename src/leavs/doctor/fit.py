"""Computes whether a model fits into GPUs, before anything is loaded.

A GPU has to hold its part of the weights, the keys and values of at least one sequence of the
longest length, and the working memory of the engine. Knows nothing of files or machines.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from leavs.doctor.findings import Finding, fine, problem, warning
from leavs.engines.hardware import Gpu

GIB = 1024**3
ALLOWANCE = 2 * GIB
"""Memory for activations, CUDA graphs and the CUDA context of one GPU.

It is estimated, not measured. With it the estimate of the paper's model agrees with its 155 GB.
"""
TIGHT = 0.97  # of the memory; a model that needs more may fail because of errors of the estimate
BITS = {"float32": 32, "float16": 16, "bfloat16": 16, "float": 32, "half": 16}
_FLOATS = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16}


@dataclass(frozen=True, slots=True)
class ModelShape:
    """The size of a model, by its config.

    Args:
        kv_values: the number of key and value numbers that one token has in one layer, for each of
            its `kv_heads`.
        context: the longest sequence that the model supports; None if the config does not say.
        dtype: the dtype of the weights; "" if the config does not say.
        quantised: the method by which the weights are quantised; "" if they are not.
    """

    layers: int
    heads: int
    kv_heads: int
    kv_values: int
    context: int | None = None
    dtype: str = ""
    quantised: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """How a model is spread over GPUs: parts of each layer, groups of layers, copies."""

    tensor: int = 1
    pipeline: int = 1
    copies: int = 1

    @property
    def gpus(self) -> int:
        """The number of GPUs used."""
        return self.tensor * self.pipeline * self.copies


@dataclass(frozen=True, slots=True)
class Need:
    """The bytes that one GPU (or, without GPUs, the machine's memory) has to hold."""

    weights: int
    sequence: int
    allowance: int = ALLOWANCE

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return self.weights + self.sequence + self.allowance


def shape_of(config: Mapping[str, Any]) -> ModelShape | None:
    """Return the shape that a config.json describes; None if it does not say enough."""
    text = config.get("text_config")
    inner: Mapping[str, Any] = text if isinstance(text, Mapping) else config
    try:
        layers, heads = int(inner["num_hidden_layers"]), int(inner["num_attention_heads"])
        if "kv_lora_rank" in inner:  # keys and values share one latent vector, copied to each GPU
            kv_heads, values = 1, int(inner["kv_lora_rank"]) + int(inner["qk_rope_head_dim"])
        else:
            kv_heads = int(inner.get("num_key_value_heads") or heads)
            values = 2 * int(inner.get("head_dim") or int(inner["hidden_size"]) // heads)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    context = inner.get("max_position_embeddings")
    keys = ("dtype", "torch_dtype")
    dtype = next((str(one[key]) for one in (config, inner) for key in keys if one.get(key)), "")
    method = (config.get("quantization_config") or {}).get("quant_method", "")
    context = context if isinstance(context, int) else None
    return ModelShape(layers, heads, kv_heads, values, context, dtype.split(".")[-1], str(method))


def loaded_bytes(stored: Mapping[str, int], shape: ModelShape, dtype: str) -> int:
    """Return the bytes of the weights in memory, after conversion to the dtype of the run.

    Args:
        stored: the bytes in the files, by dtype as safetensors names it; other names count as the
            config's dtype.
        dtype: the option --dtype; "auto" means the config's dtype, or 16 bits if that is float32.
    """
    if shape.quantised:
        return sum(stored.values())
    wanted = working_bits(shape, dtype)
    total = 0
    for name, size in stored.items():
        bits = _FLOATS.get(name) or (BITS.get(shape.dtype, 16) if name == "" else None)
        total += size if bits is None else size * wanted // bits
    return total


def working_bits(shape: ModelShape, dtype: str) -> int:
    """Return the bits of an activation, and of a key or value that is not quantised."""
    return 16 if dtype == "auto" else BITS.get(dtype, 16)


def need(shape: ModelShape, weights: int, placement: Placement, tokens: int, kv_bits: int) -> Need:
    """Return the bytes that each GPU has to hold.

    Args:
        weights: the bytes of all weights as loaded.
        tokens: the length of the longest sequence.
        kv_bits: the bits of a key or value.
    """
    heads = max(1, ceil(shape.kv_heads / placement.tensor))
    layers = ceil(shape.layers / placement.pipeline)
    sequence = layers * heads * shape.kv_values * tokens * kv_bits // 8
    return Need(ceil(weights / (placement.tensor * placement.pipeline)), sequence)


def placed(gpus: int, tensor: int | None, pipeline: int, copies: int) -> Placement:
    """Return how the engine spreads the model; without `tensor`, over all GPUs."""
    return Placement(tensor or max(1, gpus // (pipeline * copies)), pipeline, copies)


def heads_finding(shape: ModelShape, placement: Placement) -> Finding | None:
    """Check that the heads can be divided among the GPUs; None if there is one GPU."""
    tensor = placement.tensor
    if tensor == 1:
        return None
    said = f"{shape.heads} attention heads over {tensor} GPUs"
    if shape.heads % tensor:
        sizes = [size for size in range(1, tensor) if _shares(shape, size)]
        advice = f"--tensor-parallel-size {sizes[-1]}"
        return problem("parallel", f"{said} do not divide", f"give {advice}")
    if not _shares(shape, tensor):
        return problem(
            "parallel",
            f"{shape.kv_heads} heads of keys and values over {tensor} GPUs do not divide",
            "choose another --tensor-parallel-size",
        )
    return fine("parallel", said)


def _shares(shape: ModelShape, tensor: int) -> bool:
    kv = shape.kv_heads
    return shape.heads % tensor == 0 and (kv % tensor == 0 or tensor % kv == 0)


def memory_finding(
    wanted: Need, placement: Placement, gpus: Sequence[Gpu], utilization: float, tokens: int
) -> Finding:
    """Check that each GPU has enough memory; the smallest of those to be used decides."""
    said = (
        f"{_gib(wanted.total)} a GPU: {_gib(wanted.weights)} weights, {_gib(wanted.sequence)} keys "
        f"and values of {tokens:,} tokens, {_gib(wanted.allowance)} to work (reckoned)"
    )
    if placement.gpus > len(gpus):
        return problem(
            "memory",
            f"{placement.gpus} GPUs are asked for and {len(gpus)} visible",
            "lower --tensor-parallel-size, --pipeline-parallel-size or --data-parallel-size",
        )
    used = gpus[: placement.gpus]
    smallest = min(gpu.total_gib for gpu in used) * utilization * GIB
    busy = [place for place, gpu in enumerate(used) if gpu.free_gib < gpu.total_gib * utilization]
    if wanted.total > smallest:
        together = wanted.total * placement.tensor * placement.pipeline
        return problem(
            "memory",
            f"does not fit: needs {said}; {_gib(smallest)} are to be had",
            f"about {_gib(together)} together are needed: more GPUs, a smaller or quantised model, "
            "or a lower --max-model-len",
        )
    if busy:
        gpu = used[busy[0]]
        return problem(
            "memory",
            f"fits, but GPU {busy[0]} has {gpu.free_gib:.1f} GiB free and the engine takes "
            f"{gpu.total_gib * utilization:.1f}",
            "another program holds it: end it, or lower --gpu-memory-utilization",
        )
    if wanted.total > smallest * TIGHT:
        return warning(
            "memory",
            f"hardly fits: needs {said}; {_gib(smallest)} are to be had",
            "a lower --max-model-len or a higher --gpu-memory-utilization makes room",
        )
    room = (smallest - wanted.weights - wanted.allowance) / max(1, wanted.sequence)
    return fine("memory", f"fits: {said}; room for {room:,.1f} such sequences at once")


def without_gpus(wanted: Need, free_gib: float, small: bool) -> Finding:
    """Report what the model needs, on a machine without GPUs.

    Args:
        wanted: the need of one GPU.
        free_gib: the free memory of the machine; 0 if not known.
        small: whether the model is meant for the CPU.
    """
    said = f"{_gib(wanted.weights)} weights, {_gib(wanted.sequence)} keys and values at the least"
    needed = wanted.weights + wanted.sequence
    if small:
        if free_gib and needed > free_gib * GIB:
            return problem(
                "memory",
                f"{said}; {free_gib:.1f} GiB are free",
                "free some memory, or lower --max-model-len",
            )
        return fine("memory", f"on the CPU: {said}, {free_gib:.1f} GiB free")
    return warning(
        "memory",
        f"no GPU here; one GPU would have to hold {_gib(wanted.total)}, several share it: {said}",
        "run doctor where the GPUs are",
    )


def context_finding(shape: ModelShape, asked: int) -> Finding:
    """Compare the model's own context with the one that is asked for."""
    if shape.context is None:
        return warning("context", f"the config does not say it; {asked:,} tokens are asked for")
    if shape.context < asked:
        return warning(
            "context",
            f"the model's own is {shape.context:,} tokens, --max-model-len {asked:,}: "
            "the shorter one is used",
        )
    return fine("context", f"{asked:,} tokens of the {shape.context:,} that the model can")


def _gib(size: float) -> str:
    return f"{size / GIB:.1f} GiB"
