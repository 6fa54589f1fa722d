"""What is asked of vLLM, without loading it."""

import json
from pathlib import Path

import pytest

from leavs.engines.options import GREEDY, EngineOptions, Sampling
from leavs.engines.vllm.arguments import engine_arguments
from leavs.errors import EngineStartError

ON_RAY = ("distributed_executor_backend=ray",)


@pytest.fixture
def model(tmp_path: Path) -> str:
    config = {"model_type": "llama", "max_position_embeddings": 4096}
    (tmp_path / "config.json").write_text(json.dumps(config))
    return str(tmp_path)


def test_a_node_is_not_asked_for_more_gpus_than_it_has(model: str) -> None:
    options = EngineOptions(tensor_parallel_size=8, pipeline_parallel_size=2)
    with pytest.raises(EngineStartError, match="8 x 2 GPUs are asked for and 8 visible"):
        engine_arguments(options, model, GREEDY, 8)


def test_on_ray_the_gpus_of_other_nodes_count_too(model: str) -> None:
    options = EngineOptions(tensor_parallel_size=8, pipeline_parallel_size=2, engine_arg=ON_RAY)
    arguments = engine_arguments(options, model, GREEDY, 8)
    assert (arguments["tensor_parallel_size"], arguments["pipeline_parallel_size"]) == (8, 2)
    assert arguments["distributed_executor_backend"] == "ray"


def test_the_options_reach_the_engine(model: str) -> None:
    options = EngineOptions(tensor_parallel_size=2, engine_arg=("enforce-eager=true", "x=y"))
    arguments = engine_arguments(options, model, Sampling(temperature=0.5, seed=3), 2)
    assert (arguments["model"], arguments["seed"]) == (model, 3)
    assert arguments["tensor_parallel_size"] == 2
    assert (arguments["enforce_eager"], arguments["x"]) == (True, "y")


@pytest.mark.parametrize(("asked", "used"), [(2048, 2048), (16_384, 4096)])
def test_the_context_is_no_longer_than_the_models_own(model: str, asked: int, used: int) -> None:
    arguments = engine_arguments(EngineOptions(max_model_len=asked), model, GREEDY, 0)
    assert arguments["max_model_len"] == used
