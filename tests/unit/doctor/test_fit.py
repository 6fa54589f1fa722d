"""Whether models of many sizes fit into GPUs of many sizes: a truth table."""

from collections.abc import Mapping
from typing import Any

import pytest

from leavs.doctor import fit
from leavs.doctor.findings import Verdict
from leavs.engines.hardware import Gpu
from leavs.engines.options import PAPER_MODEL_GB

Config = Mapping[str, Any]


def config(layers: int, heads: int, kv: int, hidden: int, **more: Any) -> dict[str, Any]:
    sizes = {"num_hidden_layers": layers, "num_attention_heads": heads, "hidden_size": hidden}
    return sizes | {
        "num_key_value_heads": kv,
        "max_position_embeddings": 32768,
        "torch_dtype": "bfloat16",
        **more,
    }


# As published: layers, heads, heads of keys and values, width; and billions of parameters
QWEN_72B = config(80, 64, 8, 8192), {"BF16": int(72.7e9 * 2)}
QWEN_7B = config(28, 28, 4, 3584), {"BF16": int(7.6e9 * 2)}
LLAMA_8B = config(32, 32, 8, 4096), {"BF16": int(8.0e9 * 2)}
IN_FLOAT32 = config(28, 28, 4, 3584, torch_dtype="float32"), {"F32": int(7.6e9 * 4)}
AWQ_72B = (
    config(80, 64, 8, 8192, torch_dtype="float16", quantization_config={"quant_method": "awq"}),
    {"I32": int(36e9), "F16": int(5.5e9)},
)
OLD_7B = config(32, 32, 32, 4096), {"BF16": int(6.7e9 * 2)}  # every head has keys of its own

Model = tuple[Config, Mapping[str, int]]


def gpus(count: int, gib: float, free: float | None = None) -> list[Gpu]:
    return [Gpu("a GPU", gib, gib if free is None else free)] * count


def verdict(
    model: Model, there: list[Gpu], tokens: int = 16384, dtype: str = "auto", **sizes: int
) -> tuple[Verdict, str]:
    shape = fit.shape_of(model[0])
    assert shape is not None
    placement = fit.placed(
        len(there), sizes.get("tensor"), sizes.get("pipeline", 1), sizes.get("copies", 1)
    )
    weights = fit.loaded_bytes(model[1], shape, dtype)
    wanted = fit.need(shape, weights, placement, tokens, fit.working_bits(shape, dtype))
    found = fit.memory_finding(wanted, placement, there, 0.95, tokens)
    return found.verdict, found.says


@pytest.mark.parametrize(
    ("model", "there", "fits"),
    [
        (QWEN_72B, gpus(2, 80), True),
        (QWEN_72B, gpus(2, 79.6), True),  # what an H100 of 80 GB shows
        (QWEN_72B, gpus(1, 80), False),
        (QWEN_72B, gpus(1, 141), False),
        (QWEN_72B, gpus(4, 40), True),  # hardly
        (QWEN_72B, gpus(3, 40), False),
        (QWEN_72B, gpus(8, 24), True),
        (QWEN_72B, gpus(4, 48), True),
        (QWEN_7B, gpus(1, 24), True),
        (QWEN_7B, gpus(1, 16), False),
        (QWEN_7B, gpus(2, 16), True),
        (LLAMA_8B, gpus(1, 24), True),
        (IN_FLOAT32, gpus(1, 24), True),  # loaded in 16 bits
        (AWQ_72B, gpus(1, 80), True),
        (AWQ_72B, gpus(1, 48), False),
        (AWQ_72B, gpus(2, 40), True),
        (OLD_7B, gpus(1, 24), True),
        (OLD_7B, gpus(1, 20), False),
    ],
)
def test_what_fits_where(model: Model, there: list[Gpu], fits: bool) -> None:
    found, says = verdict(model, there)
    assert (found is not Verdict.PROBLEM) == fits, says


def test_the_need_of_the_papers_model_is_what_the_options_say() -> None:
    shape = fit.shape_of(QWEN_72B[0])
    assert shape is not None
    wanted = fit.need(shape, QWEN_72B[1]["BF16"], fit.Placement(2), 16384, 16)
    assert wanted.total * 2 / 1e9 == pytest.approx(PAPER_MODEL_GB, rel=0.01)


@pytest.mark.parametrize(
    ("more", "fits"),
    [
        ({"dtype": "float32"}, False),
        ({"dtype": "float16"}, True),
        ({"tokens": 200_000}, False),
        ({"tokens": 32_768}, True),
    ],
)
def test_dtype_and_length_count(more: dict[str, Any], fits: bool) -> None:
    assert (verdict(QWEN_7B, gpus(1, 24), **more)[0] is not Verdict.PROBLEM) == fits


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        ({"tensor": 2}, Verdict.OK),
        ({"tensor": 1, "pipeline": 2}, Verdict.OK),
        ({"tensor": 4}, Verdict.PROBLEM),  # more than there are
        ({"copies": 2}, Verdict.PROBLEM),  # one GPU each
    ],
)
def test_the_way_it_is_spread_counts(sizes: dict[str, int], found: Verdict) -> None:
    assert verdict(QWEN_72B, gpus(2, 80), **sizes)[0] is found


def test_more_gpus_than_there_are_is_said_so() -> None:
    assert "4 GPUs are asked for and 2 visible" in verdict(QWEN_72B, gpus(2, 80), tensor=4)[1]


def test_memory_that_others_hold_is_a_problem() -> None:
    found, says = verdict(QWEN_7B, gpus(1, 24, free=15))
    assert found is Verdict.PROBLEM
    assert "15.0 GiB free" in says


@pytest.mark.parametrize(
    ("heads", "kv", "tensor", "found", "advice"),
    [
        (64, 8, 2, Verdict.OK, ""),
        (64, 8, 8, Verdict.OK, ""),
        (64, 8, 16, Verdict.OK, ""),  # keys and values are then held twice
        (28, 4, 3, Verdict.PROBLEM, "--tensor-parallel-size 2"),
        (28, 4, 8, Verdict.PROBLEM, "--tensor-parallel-size 4"),
        (9, 3, 2, Verdict.PROBLEM, "--tensor-parallel-size 1"),
        (24, 4, 6, Verdict.PROBLEM, "another --tensor-parallel-size"),
    ],
)
def test_heads_must_divide(heads: int, kv: int, tensor: int, found: Verdict, advice: str) -> None:
    shape = fit.shape_of(config(32, heads, kv, heads * 128))
    assert shape is not None
    one = fit.heads_finding(shape, fit.Placement(tensor))
    assert one is not None
    assert one.verdict is found
    assert advice in one.advice


def test_on_one_gpu_heads_need_not_divide() -> None:
    shape = fit.shape_of(QWEN_7B[0])
    assert shape is not None
    assert fit.heads_finding(shape, fit.Placement()) is None


@pytest.mark.parametrize(
    ("given", "placement"),
    [
        ((8, None, 1, 1), fit.Placement(8, 1, 1)),
        ((8, None, 2, 2), fit.Placement(2, 2, 2)),
        ((8, 4, 1, 1), fit.Placement(4, 1, 1)),
        ((0, None, 1, 1), fit.Placement(1, 1, 1)),
    ],
)
def test_without_a_size_all_gpus_are_used(
    given: tuple[int, int | None, int, int], placement: fit.Placement
) -> None:
    assert fit.placed(*given) == placement


LATENT = {"kv_lora_rank": 512, "qk_rope_head_dim": 64}


@pytest.mark.parametrize(
    ("described", "values"),
    [
        (config(2, 8, 2, 64), (2, 8, 2, 16)),
        (config(2, 8, 2, 64, head_dim=128), (2, 8, 2, 256)),
        ({"text_config": config(2, 8, 2, 64), "num_hidden_layers": 9}, (2, 8, 2, 16)),
        (config(2, 8, 8, 64, **LATENT), (2, 8, 1, 576)),
        ({"num_hidden_layers": 2, "num_attention_heads": 8, "hidden_size": 64}, (2, 8, 8, 16)),
        ({}, None),
        ({"num_hidden_layers": "many", "num_attention_heads": 8}, None),
        ({"num_hidden_layers": 2, "num_attention_heads": 0, "hidden_size": 64}, None),
    ],
)
def test_the_shape_that_a_config_describes(
    described: Config, values: tuple[int, int, int, int] | None
) -> None:
    shape = fit.shape_of(described)
    found = shape and (shape.layers, shape.heads, shape.kv_heads, shape.kv_values)
    assert found == values


@pytest.mark.parametrize(
    ("context", "asked", "found"),
    [
        (32768, 16384, Verdict.OK),
        (16384, 16384, Verdict.OK),
        (8192, 16384, Verdict.WARNING),
        (None, 16384, Verdict.WARNING),
    ],
)
def test_the_context_of_the_model(context: int | None, asked: int, found: Verdict) -> None:
    shape = fit.shape_of(config(2, 8, 2, 64, max_position_embeddings=context))
    assert shape is not None
    assert fit.context_finding(shape, asked).verdict is found


@pytest.mark.parametrize(
    ("free", "small", "found"),
    [
        (24.0, True, Verdict.OK),
        (4.0, True, Verdict.PROBLEM),
        (24.0, False, Verdict.WARNING),
    ],
)
def test_without_gpus_the_need_is_said(free: float, small: bool, found: Verdict) -> None:
    wanted = fit.Need(weights=10 * fit.GIB, sequence=fit.GIB)
    one = fit.without_gpus(wanted, free, small)
    assert one.verdict is found
    assert "10.0 GiB weights" in one.says
