"""How many actors there are, and what each may have."""

from pathlib import Path
from typing import Any

import pytest

from leavs import EngineOptions, OutputOptions, RayOptions
from leavs.errors import UsageError
from leavs.run.cluster.choices import pool_of
from leavs.run.cluster.pool import Pool
from leavs.run.cluster.session import Machine

HEAD, SMALL, LARGE = Machine(0, 0), Machine(8, 2), Machine(64, 4)
CPUS = (HEAD, Machine(8, 0), Machine(16, 0))
MODEL = {"model": "m"}
TABLE: list[tuple[dict[str, Any], dict[str, Any], tuple[Machine, ...], tuple[float, float]]] = [
    # engine, Ray, machines: CPUs and GPUs of a replica
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


@pytest.mark.parametrize(("engine", "ray", "machines", "each"), TABLE)
def test_a_replica_has_what_it_needs(
    engine: dict[str, Any],
    ray: dict[str, Any],
    machines: tuple[Machine, ...],
    each: tuple[float, float],
) -> None:
    pool = pool_of(RayOptions(True, **ray), EngineOptions(**engine), OutputOptions(), 9, machines)
    assert (pool.cpus, pool.gpus) == each
    assert pool.replicas == ray.get("replicas", 1)


@pytest.mark.parametrize(
    ("engine", "output", "in_flight"),
    [
        (MODEL, {}, 229),  # 1 + 2 * 1024 / 9
        ({"dry_run": True}, {}, 58),
        (MODEL | {"engine_arg": ("max_num_seqs=64",)}, {}, 16),
        (MODEL, {"reports_in_flight": 3}, 3),
    ],
)
def test_reports_in_flight_fill_each_engine(
    engine: dict[str, Any], output: dict[str, Any], in_flight: int
) -> None:
    options = OutputOptions(Path("x"), **output)
    pool = pool_of(RayOptions(True), EngineOptions(**engine), options, 9, (LARGE,))
    assert isinstance(pool, Pool)
    assert pool.reports_in_flight == in_flight


def test_where_no_machine_has_room_the_run_is_refused() -> None:
    ray = RayOptions("auto", gpus_per_replica=8)
    with pytest.raises(UsageError, match=r"8 GPUs for a replica.*are 4; see --gpus-per-replica"):
        pool_of(ray, EngineOptions(**MODEL), OutputOptions(), 9, (HEAD, SMALL, LARGE))


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
