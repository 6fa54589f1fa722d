"""Plans a run before it starts: organs, identity, shards, resources, and whether any is left."""

from collections.abc import Callable, Sequence
from math import floor
from typing import Any

from leavs.domain import Reasoning, Report
from leavs.engines.engine import Engine
from leavs.engines.models.choice import ChosenModel
from leavs.engines.options import EngineOptions, Thinking, parse_engine_args
from leavs.errors import UsageError
from leavs.journal.index import Done
from leavs.method.ontology import Organ
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack
from leavs.reports import ReportSource
from leavs.run.failure_limit import parse_failure_limit
from leavs.run.options import OutputOptions, RayOptions
from leavs.system.ray_connection import RayNode

# Questions that vLLM is assumed to work on at once: its batch size is known only once it is loaded.
BATCH_ON_GPU, BATCH = 1024, 256
SHARDS_A_REPLICA = 16  # enough for all replicas to end at about the same time
TIMES_IN_FLIGHT = 8  # a shard has at least this many times the reports in flight


def choose_organs(pack: Pack, names: Sequence[str]) -> tuple[Organ, ...]:
    """Return the named organs of a pack, in the pack's order; all if none is named.

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
    """Raise UsageError for a number out of range."""
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
            "--max-model-len": (engine.context, 1),
            "--request-timeout": (engine.request_timeout, 0.1),
            "--request-tries": (engine.request_tries, 1),
            "--server-concurrency": (engine.server_concurrency or 1, 1),
            "--gpu-memory-utilization": (engine.gpu_memory_utilization, 0.01),
        }
    for flag, (value, smallest) in least.items():
        if not value >= smallest:
            raise UsageError(f"{flag} {value} is too small; the least is {smallest}")
    if method.confidence > 1:
        raise UsageError(f"--confidence {method.confidence} is more than 1, the most sure there is")
    if output.max_failures is not None:
        parse_failure_limit(output.max_failures)


def expected_batch_size(engine: EngineOptions | Engine, *, on_gpus: bool) -> int:
    """Estimate how many questions an engine that is not open yet will work on at once."""
    if not isinstance(engine, EngineOptions):
        return engine.batch_size
    if engine.base_url is not None and engine.server_concurrency is not None:
        return engine.server_concurrency
    named = parse_engine_args(engine.engine_arg).get("max_num_seqs")
    return named if isinstance(named, int) else BATCH_ON_GPU if on_gpus else BATCH


def shards_for(reports: int, replicas: int, in_flight: int) -> int:
    """Choose a number of shards for replicas that label one shard after the other.

    Args:
        in_flight: reports in flight in each replica. A shard has several times as many, because
            its last ones do not fill the engine's batch.
    """
    fitting = reports // (replicas * in_flight * TIMES_IN_FLIGHT)
    return replicas * max(1, min(fitting, SHARDS_A_REPLICA))


def anything_left(
    source: ReportSource, done: Callable[[str], Done | None], organs: Sequence[Organ]
) -> bool:
    """Whether any report of the source has an organ that is not done, so that a model is needed."""
    wanted = {organ.name for organ in organs}
    nothing = Done("")
    return any(
        isinstance(entry, Report) and not (done(entry.id) or nothing).includes(wanted)
        for entry in source
    )


def identity_of(
    pack: Pack, organs: Sequence[Organ], method: MethodOptions, model: ChosenModel
) -> dict[str, Any]:
    """Return all that the labels of a run depend on; what has no effect is None.

    `preset` is the one whose ways are taken, however they were chosen: it makes no difference.
    """
    ways = method.ways
    return {
        **model.identity,
        "pack": pack.name,
        "pack_version": pack.ontology.version,
        "pack_sha256": pack.sha256,
        "organs": [organ.name for organ in organs],
        "finding_types": [finding_type.name for finding_type in pack.ontology.finding_types],
        "preset": ways.preset,
        "filtration": ways.filtration.value,
        "certainty": ways.certainty.value,
        "reasoning": ways.reasoning.value,
        "confidence": method.confidence if ways.reasoning is Reasoning.AUTO else None,
        "max_reasoning_tokens": method.max_reasoning_tokens,
        **({"thinking": method.thinking.value} if method.thinking is Thinking.ON else {}),
        "temperature": method.temperature,
        "seed": method.seed,
    }


def resources_of(
    ray: RayOptions, engine: EngineOptions | Engine, nodes: Sequence[RayNode]
) -> RayNode:
    """Return the CPUs and GPUs that Ray reserves for each replica.

    Raises:
        UsageError: no node of the cluster has enough for a replica.
    """
    gpus = _gpus(ray, engine, nodes)
    cpus = _cpus(ray, nodes) if _loads_model(engine) and not gpus else 1
    if not any(node.cpus >= cpus and node.gpus >= gpus for node in nodes):
        most = max((node.gpus for node in nodes), default=0)
        raise UsageError(
            f"no machine of the Ray cluster has {cpus} CPUs and {gpus} GPUs for a replica; the "
            f"most GPUs that one has are {most:.0f}; see --gpus-per-replica"
        )
    return RayNode(cpus, gpus)


def _loads_model(engine: EngineOptions | Engine) -> bool:
    return isinstance(engine, EngineOptions) and engine.loads_model


def _gpus(ray: RayOptions, engine: EngineOptions | Engine, nodes: Sequence[RayNode]) -> int:
    """GPUs of one replica: as asked for, else as many as the model is split over, else a node's."""
    if ray.gpus_per_replica is not None:
        return ray.gpus_per_replica
    if not isinstance(engine, EngineOptions) or not engine.loads_model:
        return 0
    with_gpus = [int(node.gpus) for node in nodes if node.gpus >= 1]
    if with_gpus and engine.tensor_parallel_size is not None:
        sizes = (engine.pipeline_parallel_size, engine.data_parallel_size)
        return engine.tensor_parallel_size * sizes[0] * sizes[1]
    return min(with_gpus, default=0)


def _cpus(ray: RayOptions, nodes: Sequence[RayNode]) -> int:
    """CPUs of one replica that computes on the CPU: an equal share of one machine."""
    with_cpus = [node.cpus for node in nodes if node.cpus >= 1]
    return max(1, floor(min(min(with_cpus, default=1), sum(with_cpus) / ray.replicas)))
