"""What is asked of vLLM, without loading it."""

import json
from pathlib import Path

import pytest

from leavs.engines.vllm.engine import VllmOptions, engine_arguments
from leavs.errors import EngineStartError

ON_RAY = {"distributed_executor_backend": "ray"}


@pytest.fixture
def model(tmp_path: Path) -> str:
    config = {"model_type": "llama", "max_position_embeddings": 4096}
    (tmp_path / "config.json").write_text(json.dumps(config))
    return str(tmp_path)


def test_a_node_is_not_asked_for_more_gpus_than_it_has(model: str) -> None:
    options = VllmOptions(model, tensor_parallel_size=8, pipeline_parallel_size=2)
    with pytest.raises(EngineStartError, match="8 x 2 GPUs are asked for and 8 visible"):
        engine_arguments(options, 8)


def test_on_ray_the_gpus_of_other_nodes_count_too(model: str) -> None:
    options = VllmOptions(
        model, tensor_parallel_size=8, pipeline_parallel_size=2, engine_args=ON_RAY
    )
    arguments = engine_arguments(options, 8)
    assert (arguments["tensor_parallel_size"], arguments["pipeline_parallel_size"]) == (8, 2)
    assert arguments["distributed_executor_backend"] == "ray"
