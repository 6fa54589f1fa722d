"""What each replica may have of a node."""

from typing import Any

import pytest

from leavs import EngineOptions, RayOptions
from leavs.errors import UsageError
from leavs.run.plan import resources_of
from leavs.system.ray_connection import RayNode

HEAD, SMALL, LARGE = RayNode(0, 0), RayNode(8, 2), RayNode(64, 4)
CPUS = (HEAD, RayNode(8, 0), RayNode(16, 0))
MODEL = {"model": "m"}
TABLE: list[tuple[dict[str, Any], dict[str, Any], tuple[RayNode, ...], tuple[float, float]]] = [
    # engine, Ray, nodes: CPUs and GPUs of a replica
    ({"dry_run": True}, {"replicas": 9}, CPUS, (1, 0)),
    ({"base_url": "http://x/v1"}, {}, (HEAD, LARGE), (1, 0)),
    (MODEL, {}, CPUS, (8, 0)),
    (MODEL, {"replicas": 2}, CPUS, (8, 0)),
    (MODEL, {"replicas": 5}, CPUS, (4, 0)),
    (MODEL, {"replicas": 100}, CPUS, (1, 0)),
    (MODEL, {"replicas": 3}, (HEAD, SMALL, LARGE), (1, 2)),
    (MODEL, {"gpus_per_replica": 1}, (HEAD, SMALL, LARGE), (1, 1)),
    (MODEL, {"gpus_per_replica": 0}, (HEAD, SMALL, LARGE), (8, 0)),
    (MODEL | {"tensor_parallel_size": 2, "pipeline_parallel_size": 2}, {}, (LARGE,), (1, 4)),
]


@pytest.mark.parametrize(("engine", "ray", "nodes", "each"), TABLE)
def test_a_replica_has_what_it_needs(
    engine: dict[str, Any],
    ray: dict[str, Any],
    nodes: tuple[RayNode, ...],
    each: tuple[float, float],
) -> None:
    part = resources_of(RayOptions(True, **ray), EngineOptions(**engine), nodes)
    assert (part.cpus, part.gpus) == each


def test_where_no_machine_has_room_the_run_is_refused() -> None:
    ray = RayOptions("auto", gpus_per_replica=8)
    with pytest.raises(UsageError, match=r"8 GPUs for a replica.*are 4; see --gpus-per-replica"):
        resources_of(ray, EngineOptions(**MODEL), (HEAD, SMALL, LARGE))


@pytest.mark.parametrize(
    ("options", "address"),
    [
        ({}, None),
        ({"ray": True}, "local"),
        ({"ray": "auto", "replicas": 4}, "auto"),
        ({"ray": "h:1", "gpus_per_replica": 0}, "h:1"),
    ],
)
def test_the_address_of_ray(options: dict[str, Any], address: str | None) -> None:
    assert RayOptions(**options).address() == address


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"replicas": 2}, "are for runs with --ray"),
        ({"gpus_per_replica": 1}, "are for runs with --ray"),
        ({"ray": True, "replicas": 0}, "--replicas 0 is too small"),
        ({"ray": True, "gpus_per_replica": -1}, "--gpus-per-replica -1 is too small"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        RayOptions(**options).address()
