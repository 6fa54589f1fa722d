"""What the options mean on a cluster: how an actor opens its engine, and how many there are.

Knows nothing of Ray.
"""

from collections.abc import Sequence
from functools import partial
from math import floor

from leavs.engines.engine import Engine
from leavs.engines.models.choice import ChosenModel, open_engine
from leavs.engines.options import EngineOptions, parse_engine_args
from leavs.errors import UsageError
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack, find_pack
from leavs.run.cluster.pool import Engines, Pool
from leavs.run.cluster.session import Machine
from leavs.run.cluster.worker import Way
from leavs.run.engine_queue import reports_to_fill
from leavs.run.options import OutputOptions, RayOptions

# Questions that an engine is taken to work on at once; vLLM's own choice is known only to the
# actors. Too many reports in flight wait in line, too few leave a GPU idle.
BATCH_ON_GPU, BATCH = 1024, 256


def engines_of(
    engine: EngineOptions | Engine,
    model: ChosenModel,
    pack: Pack,
    method: MethodOptions,
    output: OutputOptions,
) -> Engines:
    """How the actors open and ask their engines; the same as a run without Ray does."""
    folder = output.output_dir.absolute()
    environment: dict[str, str] = {}
    if isinstance(engine, EngineOptions) and engine.base_url is not None:
        from leavs.engines.server.options import api_key

        environment["LEAVS_API_KEY"] = api_key()
    way = Way(
        find_pack(method.pack).absolute(),
        pack.sha256,
        method.filtration,
        method.manner(output.keep_reasoning),
    )
    return Engines(partial(open_engine, engine, model, method.sampling, folder), way, environment)


def pool_of(
    ray: RayOptions,
    engine: EngineOptions | Engine,
    output: OutputOptions,
    organs: int,
    machines: Sequence[Machine],
) -> Pool:
    """The actors to start.

    Raises:
        UsageError: no machine of the cluster has room for one.
    """
    gpus = _gpus(ray, engine, machines)
    cpus = _cpus(ray, machines) if _loads_model(engine) and not gpus else 1
    if not any(machine.cpus >= cpus and machine.gpus >= gpus for machine in machines):
        most = max((machine.gpus for machine in machines), default=0)
        raise UsageError(
            f"no machine of the Ray cluster has {cpus} CPUs and {gpus} GPUs for a replica; the "
            f"most GPUs that one has are {most:.0f}; see --gpus-per-replica"
        )
    batch_size = _batch_size(engine, gpus)
    in_flight = output.reports_in_flight or reports_to_fill(batch_size, organs)
    return Pool(ray.replicas, in_flight, cpus, gpus)


def _loads_model(engine: EngineOptions | Engine) -> bool:
    return isinstance(engine, EngineOptions) and engine.base_url is None and not engine.dry_run


def _gpus(ray: RayOptions, engine: EngineOptions | Engine, machines: Sequence[Machine]) -> int:
    """Of one replica: as asked for, else as many as the model is split over, else a machine's."""
    if ray.gpus_per_replica is not None:
        return ray.gpus_per_replica
    if not isinstance(engine, EngineOptions) or not _loads_model(engine):
        return 0
    with_gpus = [int(machine.gpus) for machine in machines if machine.gpus >= 1]
    if with_gpus and engine.tensor_parallel_size is not None:
        sizes = (engine.pipeline_parallel_size, engine.data_parallel_size)
        return engine.tensor_parallel_size * sizes[0] * sizes[1]
    return min(with_gpus, default=0)


def _cpus(ray: RayOptions, machines: Sequence[Machine]) -> int:
    """Of one replica that computes on the CPU: an equal part, on one machine."""
    with_cpus = [machine.cpus for machine in machines if machine.cpus >= 1]
    return max(1, floor(min(min(with_cpus, default=1), sum(with_cpus) / ray.replicas)))


def _batch_size(engine: EngineOptions | Engine, gpus: int) -> int:
    if not isinstance(engine, EngineOptions):
        return engine.batch_size
    named = parse_engine_args(engine.engine_arg).get("max_num_seqs")
    if isinstance(named, int):
        return named
    return BATCH_ON_GPU if gpus else BATCH
