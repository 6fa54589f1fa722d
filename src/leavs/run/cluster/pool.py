"""The Ray Data pipeline: a reader on the driver's machine, a pool of actors, a stream of results.

Reading, feeding the actors, holding back and starting dead actors again are all Ray's. A block is
one report, so that each result leaves its actor when it is done, and a dead actor costs what it was
working on and no more. The limit on object memory is what holds the reader back.
"""

import asyncio
import gc
import pickle
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from leavs.errors import LeavsError
from leavs.run.cluster.orders import Broken, Order, Orders, Result
from leavs.run.cluster.worker import COLUMN, OpenEngine, Way, Worker

READ_AHEAD = 16  # blocks that the reader may be ahead of Ray's scheduling loop
BYTES_HELD = 16_000_000  # of reports and results between reader, actors and driver, and for each
BYTES_IN_FLIGHT = 64_000  # report in flight
ROUNDS = 10  # so many times the reports in flight may be begun, and none finished


@dataclass(frozen=True, slots=True)
class Pool:
    """The actors that label.

    Args:
        replicas: engines, each in an actor of its own.
        reports_in_flight: in each actor.
        cpus: that one actor counts for; likewise `gpus`.
    """

    replicas: int
    reports_in_flight: int
    cpus: float = 1
    gpus: float = 0


class Desk:
    """The run's bookkeeping, an actor on the driver's machine that all others can reach."""

    def __init__(self, most_unfinished: int) -> None:
        self._most_unfinished = most_unfinished
        self._begun_since_a_finish = 0
        self._stopping = asyncio.Event()
        self._read = False
        self._last_words: dict[int, str] = {}

    async def stopped(self) -> None:
        """Return when the run is asked to stop."""
        await self._stopping.wait()

    async def stop(self) -> None:
        """Ask the run to stop."""
        self._stopping.set()

    async def may_begin(self) -> bool:
        """See `worker.Desk`."""
        self._begun_since_a_finish += 1
        return self._begun_since_a_finish <= self._most_unfinished

    async def finished(self) -> None:
        """See `worker.Desk`."""
        self._begun_since_a_finish = 0

    async def died(self, position: int, last_words: str) -> None:
        """See `worker.Desk`."""
        self._last_words[position] = last_words

    async def last_words(self) -> dict[int, str]:
        """Of the engines that died, by the position of the report that they were asked about."""
        return self._last_words

    async def read(self) -> None:
        """The reader came to the end of the input."""
        self._read = True

    async def was_read(self) -> bool:
        """Whether it did."""
        return self._read


@dataclass(frozen=True, slots=True)
class DeskAt:
    """A desk, as an actor of the pool sees it."""

    actor: Any

    async def stopped(self) -> None:
        """See `worker.Desk`."""
        await self.actor.stopped.remote()

    async def may_begin(self) -> bool:
        """See `worker.Desk`."""
        return bool(await self.actor.may_begin.remote())

    async def finished(self) -> None:
        """See `worker.Desk`."""
        await self.actor.finished.remote()

    async def died(self, position: int, last_words: str) -> None:
        """See `worker.Desk`."""
        await self.actor.died.remote(position, last_words)


@dataclass(frozen=True, slots=True)
class Engines:
    """How an actor opens its engine, and asks it.

    Args:
        open: is sent there, and called once in each actor.
        environment: of the actors, besides that of their machine.
    """

    open: OpenEngine
    way: Way
    environment: Mapping[str, str] = field(default_factory=dict)


class Ended(Exception):  # noqa: N818 - not an error
    """The pipeline was ended in the middle."""


class Ending:
    """Ends the pipeline of this process when it is told to; Ray calls it at each of its steps.

    Ray expects a class and makes one object of it: this one. It stays the same in the copies of
    its settings that Ray makes here; other processes, which run no pipeline, get another one.
    """

    def __init__(self) -> None:
        self._told = threading.Event()

    def tell(self) -> None:
        """Let the pipeline end at its next step."""
        self._told.set()

    def on_execution_step(self, _: object) -> None:
        """See Ray's ExecutionCallback; an exception here reaches whoever takes the results."""
        if self._told.is_set():
            raise Ended

    def before_execution_starts(self, _: object) -> None:
        """See Ray's ExecutionCallback."""

    def after_execution_succeeds(self, _: object) -> None:
        """See Ray's ExecutionCallback."""

    def after_execution_fails(self, _: object, __: Exception) -> None:
        """See Ray's ExecutionCallback."""

    def __call__(self) -> "Ending":
        """What Ray takes for the making of its one object."""
        return self

    def __deepcopy__(self, _: object) -> "Ending":
        return self

    def __reduce__(self) -> tuple[type["Ending"], tuple[()]]:
        return Ending, ()


class Stream:
    """The results of a set of orders, as they come.

    Args:
        orders: must not change any more.
    """

    def __init__(self, orders: Orders, engines: Engines, pool: Pool) -> None:
        import ray

        here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
        most = ROUNDS * pool.replicas * (pool.reports_in_flight + 1)
        self._ending = Ending()
        self._taking = threading.Lock()
        self._desk = (
            ray.remote(Desk)
            .options(num_cpus=0, label_selector=here, max_concurrency=1000)
            .remote(most)
        )
        with warnings.catch_warnings(action="ignore"):  # Ray's, of what it will rename one day
            data = ray.data.read_datasource(
                _source(partial(_blocks, orders, self._desk)),
                override_num_blocks=1,
                num_cpus=0,
                label_selector=here,
            ).map_batches(
                Worker,
                fn_constructor_args=(
                    engines.open,
                    engines.way,
                    DeskAt(self._desk),
                    engines.environment,
                ),
                batch_size=None,
                batch_format="pyarrow",
                compute=ray.data.ActorPoolStrategy(
                    size=pool.replicas,
                    max_tasks_in_flight_per_actor=pool.reports_in_flight,
                    max_concurrent_calls_per_actor=pool.reports_in_flight,
                ),
                num_cpus=pool.cpus,
                num_gpus=pool.gpus or None,
                max_task_retries=0,  # the second try is made elsewhere, alone
            )
            _set_limits(data.context, pool)
            data.context.custom_execution_callback_classes = [self._ending]
            self._tables = _tables(data)

    def next_results(self) -> list[Result] | None:
        """The next results, as soon as there are any; None at the end. Waits."""
        with self._taking:
            table = next(self._tables, None)
        if table is None:
            return None
        return [pickle.loads(row) for row in table[COLUMN].to_pylist()]  # noqa: S301 - our own

    def stop(self) -> None:
        """Let no report be begun any more; those in flight are finished and come out."""
        self._desk.stop.remote()

    def was_read(self) -> bool:
        """Whether the reader came to the end of the input."""
        import ray

        return bool(ray.get(self._desk.was_read.remote()))

    def last_words(self) -> dict[int, str]:
        """Of the engines that died, by the position of the report that they were asked about."""
        import ray

        return dict(ray.get(self._desk.last_words.remote()))

    def close(self) -> None:
        """End the actors, whatever they do, and whatever waits for their results.

        What still waits when Ray shuts down would wait for ever, and what is still dropped then
        would end this process.
        """
        self._ending.tell()
        with self._taking:
            for _ in self._tables:  # until it ends
                pass
            del self._tables, self._desk
        gc.collect()


def _tables(data: Any) -> Iterator[Any]:
    """The blocks that come out, as Arrow tables, taken by the calling thread and no other.

    Iterators of batches have threads of their own, which nobody can wait for.
    """
    import ray

    with suppress(Ended):
        for bundle in data.iter_internal_ref_bundles():
            for block in bundle.block_refs:
                yield ray.get(block)


def _set_limits(context: Any, pool: Pool) -> None:
    in_flight = pool.replicas * pool.reports_in_flight
    options = context.execution_options
    options.resource_limits = options.resource_limits.copy(
        object_store_memory=BYTES_HELD + in_flight * BYTES_IN_FLIGHT
    )
    context.enable_progress_bars = False
    context.target_max_block_size = 1  # byte: a block for each report
    context._max_num_blocks_in_streaming_gen_buffer = READ_AHEAD
    context.max_errored_blocks = -1  # a report whose actor died does not come back, no more
    context.max_consecutive_actor_init_deaths = ROUNDS * pool.replicas
    context.execution_no_progress_timeout_s = -1  # a large model is long to load


def _source(read: Any) -> Any:
    from ray.data import Datasource, ReadTask
    from ray.data.block import BlockMetadata

    unknown = BlockMetadata(num_rows=None, size_bytes=None, exec_stats=None, input_files=None)

    class Source(Datasource):  # type: ignore[misc]
        def estimate_inmemory_data_size(self) -> None:
            return None

        def get_read_tasks(self, *_: Any, **__: Any) -> list[ReadTask]:
            return [ReadTask(read, unknown)]

    return Source()


def _blocks(orders: Orders, desk: Any) -> Iterator[Any]:
    """Each order as a block, until the run stops. Ray may begin it again from the start."""
    import ray

    stopped = desk.stopped.remote()
    try:
        for order in orders:
            if ray.wait([stopped], timeout=0)[0]:
                return
            yield _block(order)
    except Exception as error:  # noqa: BLE001 - raised on the driver
        if not isinstance(error, LeavsError):
            error.add_note("while the reports were read")
        yield _block(Broken(error))
    ray.get(desk.read.remote())


def _block(order: Order | Broken) -> Any:
    import pyarrow

    return pyarrow.table({COLUMN: pyarrow.array([pickle.dumps(order)], pyarrow.binary())})
