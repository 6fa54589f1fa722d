"""Gives out the shards of a run to replicas on a Ray cluster, and retries those of dead replicas.

When a report makes an engine die, other reports are in flight, too. Reports that were in flight at
three deaths are labeled alone, so that only a report that makes its engine die alone becomes a
failure.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from leavs.domain import Shard
from leavs.errors import EngineError, EngineStartError, UsageError
from leavs.journal import manifest
from leavs.journal.index import Index
from leavs.run.cluster.replica import Broken, Replica, Site
from leavs.run.engine_queue import reports_to_fill
from leavs.run.failure_limit import parse_failure_limit
from leavs.run.in_flight import Work, give_up, in_flight, trace_folder
from leavs.run.options import RayOptions
from leavs.run.plan import anything_left, expected_batch_size, resources_of, shards_for
from leavs.run.recorder import Tally, check_failures
from leavs.run.session import Outcome, Plan, Session, no_progress, no_warning, nothing_told
from leavs.system.private_process import SHOWS_MESSAGES
from leavs.system.ray_connection import RayNode, ray_at
from leavs.system.stopping import Stop, stopped_by_signals
from leavs.tables import export as tables

ROUNDS = 10  # deaths in a row for each replica, with nothing labeled, after which the run ends
SECONDS = 1.0  # between two readings of a tally
GRACE_SECONDS = 3.0  # for the replicas to end by themselves once the time to drain is over


async def label_on_ray(session: Session, ray: RayOptions) -> Outcome:
    """Label the reports of a session in actors of Ray; write the tables even if that fails.

    Raises:
        LeavsError: as `Session.label`; also if Ray does not answer or a machine lacks something.
    """
    if session.shard is not None:
        raise UsageError(
            "--ray gives out shards by itself: start one process, with neither --num-shards nor "
            "--shard-id; where SLURM numbers processes, with --num-shards 1"
        )
    plan = await session.plan()
    session.claim(plan)
    folder, stop = session.output.output_dir, Stop(session.output.drain_seconds + GRACE_SECONDS)
    with stopped_by_signals(stop):
        with Index(folder) as index:
            index.refuse_other_runs(folder, manifest.fingerprint(plan.identity))
            needed = anything_left(session.source, session.done(index), plan.organs)
        if needed:
            return await _label_on_ray(session, plan, ray, stop)
    return await replace(session, model=plan.model).label()


async def _label_on_ray(session: Session, plan: Plan, ray: RayOptions, stop: Stop) -> Outcome:
    tally = Tally(session.source.count(), len(plan.organs))
    complete, began = False, time.monotonic()
    try:
        await asyncio.sleep(0)  # lets the handler of a signal that came meanwhile run
        if not stop.requested:
            async with ray_at(ray.address() or "auto") as nodes:
                each = resources_of(ray, session.engine, nodes)
                shards = _claim_shards(session, plan, ray, each, tally.reports_total)
                with trace_folder(session.output.output_dir) as traces:
                    cluster = ClusterRun(session, plan, each, traces, tally, shards)
                    async with session.progress(tally):
                        complete = await cluster.run(min(ray.replicas, shards), stop)
    finally:
        seconds = time.monotonic() - began
        exported = tables.export(session.output.output_dir, session.output.include_report)
    warnings, ways = plan.model.warnings, session.method.ways
    return Outcome(tally, exported, complete, stop.interrupted, seconds, warnings, ways)


def _claim_shards(
    session: Session, plan: Plan, ray: RayOptions, each: RayNode, reports: int
) -> int:
    """Return the folder's number of shards; if it has none yet, choose one and claim it."""
    known = manifest.read(session.output.output_dir).get("num_shards")
    if isinstance(known, int):
        return known
    batch_size = expected_batch_size(session.engine, on_gpus=each.gpus > 0)
    in_flight = session.output.reports_in_flight or reports_to_fill(batch_size, len(plan.organs))
    shards = shards_for(reports, ray.replicas, in_flight)
    replace(session, shard=Shard(0, shards)).claim(plan)
    return shards


class ReplicaDiedError(Exception):
    """A replica or its engine died; the message is that of the engine's error, if there is one."""


class ClusterRun:
    """Labels shards in replicas until all are done.

    Args:
        each: the resources that Ray reserves for each replica.
        traces: the folder for trace files, see `Part`.
        tally: the sum over all replicas, updated while they work.
        shards: the number of shards.
    """

    def __init__(
        self, session: Session, plan: Plan, each: RayNode, traces: Path, tally: Tally, shards: int
    ) -> None:
        self._session, self._plan, self._each, self._tally = session, plan, each, tally
        self._traces, self._shards = traces, shards
        output = replace(
            session.output, output_dir=session.output.output_dir.absolute(), max_failures=None
        )
        self._sent = replace(
            session,
            output=output,
            progress=no_progress,
            model=plan.model,
            warn=no_warning,
            tell=nothing_told,
            confirm=None,
        )
        limit = session.output.max_failures
        self._limit = None if limit is None else parse_failure_limit(limit)
        self._waiting: asyncio.PriorityQueue[Work] = asyncio.PriorityQueue()
        self._works = [Work(number) for number in range(shards)]
        self._finished = Tally(0, 0)  # of the shards that are done
        self._replicas: set[Any] = set()
        self._deaths_in_a_row = self._most_deaths = 0
        self._last_death = ""

    async def run(self, replicas: int, stop: Stop) -> bool:
        """Label the shards that are not done, until all are done or a stop is requested.

        Returns:
            Whether all reports were taken and finished.

        Raises:
            EngineError: no engine can go on.
            FailureLimitError: too many cells failed.
        """
        for work in self._works:
            self._waiting.put_nowait(work)
        self._most_deaths = ROUNDS * replicas
        try:
            async with stop.limit(), asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._serve(stop)) for _ in range(replicas)]
                tasks.append(group.create_task(self._stop_when_asked(stop)))
                await self._waiting.join()
                for task in tasks:
                    task.cancel()
        except TimeoutError:
            return False  # a stop was requested and the time to drain is over
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return not self._works

    async def _stop_when_asked(self, stop: Stop) -> None:
        await stop.wait()
        self._tally.stopping = True
        while not self._waiting.empty():
            self._waiting.get_nowait()
            self._waiting.task_done()
        for replica in self._replicas:
            replica.stop.remote(int(stop.signal or 0))

    async def _serve(self, stop: Stop) -> None:
        """Let a replica label the waiting shards; start another one each time it dies."""
        while not stop.requested:
            with suppress(ReplicaDiedError):
                async with self._replica() as replica:
                    try:
                        await self._value(replica.ready.remote())
                    except ReplicaDiedError:
                        self._count_death(labeled=False)
                        raise
                    while not stop.requested:
                        await self._label_next(replica, stop)

    @asynccontextmanager
    async def _replica(self) -> AsyncIterator[Any]:
        """Start an actor for the time of a block."""
        import ray

        site = Site(
            Path.cwd(), sys.argv, self._traces, self._plan.pack.sha256, _environment(self._session)
        )
        options = {"num_cpus": self._each.cpus, "num_gpus": self._each.gpus}
        actor = ray.remote(Replica).options(max_restarts=0, **options).remote(self._sent, site)
        self._replicas.add(actor)
        try:
            yield actor
        finally:
            self._replicas.remove(actor)
            ray.kill(actor)

    async def _value(self, result: Awaitable[Any]) -> Any:
        """Return the result of an actor's method; raise the error that it returned, if any."""
        from ray.exceptions import RayError, RayTaskError

        try:
            value = await result
        except RayTaskError:
            raise
        except RayError as death:
            self._last_death = type(death).__name__  # its message may hold anything
            raise ReplicaDiedError from None
        if not isinstance(value, Broken):
            return value
        error = value.error
        if isinstance(error, EngineStartError) and self._tally.organs_done:
            raise EngineError(f"{error}; the run can be resumed") from error
        its_own = not self._session.asks_server  # a server's outage is no report's fault
        if its_own and isinstance(error, EngineError) and not isinstance(error, EngineStartError):
            self._last_death = str(error)
            raise ReplicaDiedError(str(error))
        raise error

    async def _label_next(self, replica: Any, stop: Stop) -> None:
        work = await self._waiting.get()
        try:
            if await self._label(replica, work):
                self._works.remove(work)
                self._finished.count([self._finished, *work.tallies])
        except ReplicaDiedError as death:
            await self._record_death(work, str(death))
            if not stop.requested:
                self._waiting.put_nowait(work)
            raise
        finally:
            self._waiting.task_done()

    async def _label(self, replica: Any, work: Work) -> bool:
        """Label what is left of a shard, first the reports that are to be labeled alone."""
        for position in sorted(work.alone):
            if not (await self._try(replica, work, position)).complete:
                return False
            work.alone.remove(position)
        outcome = await self._try(replica, work, None)
        if outcome.complete and work.apart:
            await self._give_up(work)
        return outcome.complete

    async def _try(self, replica: Any, work: Work, alone: int | None) -> Outcome:
        work.begin(alone)
        part = work.part(self._session.source, self._traces)
        part.trace.unlink(missing_ok=True)
        asked = replica.label.remote(Shard(work.number, self._shards), part.only, part.without)
        labeling = asyncio.ensure_future(self._value(asked))
        try:
            while not (await asyncio.wait([labeling], timeout=SECONDS))[0]:
                with suppress(ReplicaDiedError):
                    if tally := await self._value(replica.tally.remote()):
                        work.count(tally)
                        self._sum_up()
            outcome: Outcome = labeling.result()
        finally:
            labeling.cancel()
        work.count(outcome.tally)
        self._sum_up()
        return outcome

    async def _record_death(self, work: Work, words: str) -> None:
        """After a death, count it for the reports in flight, or give up the one labeled alone."""
        session = replace(self._session, shard=Shard(work.number, self._shards))
        part = work.part(session.reports, self._traces)
        found = await asyncio.to_thread(in_flight, session, self._plan, part)
        self._count_death(labeled=found.records > work.records)
        work.records = found.records
        work.count_death(found.reports, words)

    async def _give_up(self, work: Work) -> None:
        """Make failures of what killed a replica alone; the shard is complete with that."""
        session = replace(self._session, shard=Shard(work.number, self._shards))
        for result in await asyncio.to_thread(give_up, session, self._plan, work.fatal_reports):
            work.tallies[-1].add(result)
        work.tallies[-1].reports_done += len(work.fatal_reports)
        self._sum_up()

    def _count_death(self, *, labeled: bool) -> None:
        self._deaths_in_a_row = 1 if labeled else self._deaths_in_a_row + 1
        if self._deaths_in_a_row > self._most_deaths:
            raise EngineError(
                f"the engines die and label nothing ({self._last_death}); the run can be resumed"
            )

    def _sum_up(self) -> None:
        under_way = [tally for work in self._works for tally in work.tallies]
        self._tally.count([self._finished, *under_way])
        check_failures(self._limit, self._tally)


def _environment(session: Session) -> dict[str, str]:
    """Return the environment variables of this process that the actors need."""
    shown = {SHOWS_MESSAGES: os.environ[SHOWS_MESSAGES]} if SHOWS_MESSAGES in os.environ else {}
    if not session.asks_server:
        return shown
    from leavs.engines.server.options import api_key

    return shown | {"LEAVS_API_KEY": api_key()}
