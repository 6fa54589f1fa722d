"""How many shards a run on Ray has."""

from typing import Any

import pytest

from leavs import EngineOptions
from leavs.run.plan import expected_batch_size, shards_for


@pytest.mark.parametrize(
    ("reports", "replicas", "in_flight", "shards"),
    [
        (1, 1, 229, 1),
        (40, 2, 4, 2),
        (2_000, 8, 229, 8),  # a shard of them just fills an engine
        (40_000, 2, 229, 20),
        (200_000, 2, 229, 32),
        (1_000_000, 32, 229, 512),
    ],
)
def test_each_replica_has_some_shards_that_fill_its_engine(
    reports: int, replicas: int, in_flight: int, shards: int
) -> None:
    assert shards_for(reports, replicas, in_flight) == shards


@pytest.mark.parametrize(
    ("engine", "on_gpus", "questions"),
    [
        ({"model": "m"}, True, 1024),
        ({"model": "m"}, False, 256),
        ({"model": "m", "engine_arg": ("max_num_seqs=64",)}, True, 64),
    ],
)
def test_an_engine_is_taken_to_work_on_as_many_questions_as_vllm_does(
    engine: dict[str, Any], on_gpus: bool, questions: int
) -> None:
    assert expected_batch_size(EngineOptions(**engine), on_gpus=on_gpus) == questions
