"""Labels reports on a Ray cluster: all at once, and those whose engine died once more, alone.

Beside a report that kills its engine others are in flight. Each of them gets its second try alone
in an actor, so that only the report that kills an engine twice becomes a failure.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, fields, replace

from leavs.domain import Failure, Report, Step, UnreadableReport
from leavs.engines.engine import Engine
from leavs.engines.models.choice import no_engine
from leavs.errors import EngineError, EngineStartError
from leavs.journal.journal import OrganRecord
from leavs.method.chain import failed
from leavs.reports import ReportSource
from leavs.run.batch import Batch
from leavs.run.cluster.choices import engines_of, pool_of
from leavs.run.cluster.orders import Broken, Labeled, Left, Orders, Result
from leavs.run.cluster.pool import Engines, Pool, Stream
from leavs.run.cluster.session import ray_at
from leavs.run.options import RayOptions
from leavs.run.session import Outcome, Plan, Session
from leavs.system.stopping import Stop

DIED_TWICE = "its engine died twice while it was labeled"
AT_ONCE = 256  # entries that are looked through between two chances for a signal


@dataclass(slots=True)
class ClusterBatch:
    """Labels the reports of a source in a pool of actors.

    Args:
        batch: records the results; its own engine is asked nothing.
        recorded: whether a result has come.
    """

    batch: Batch
    source: ReportSource
    engines: Engines
    pool: Pool
    recorded: bool = False

    async def run(self, stop: Stop) -> bool:
        """Label all reports that are not done, until they are done or a stop is requested.

        Returns:
            Whether all were taken and finished.

        Raises:
            EngineError: no engine can go on.
            EngineStartError: no engine starts, and nothing was recorded.
        """
        try:
            async with stop.limit():
                return await self._take_all(stop)
        except TimeoutError:
            return False  # asked to stop, and the time to drain is over; what is recorded stays

    async def _take_all(self, stop: Stop) -> bool:
        left = Left(self.batch.organs)
        for number, entry in enumerate(self.source):
            self._look_at(entry, left)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            if stop.requested:
                return False
        await self._pass(left, self.pool, stop)
        if left and not stop.requested:
            alone = replace(self.pool, reports_in_flight=1)
            last_words = await self._pass(left, alone, stop)
            if not stop.requested:
                await self._give_up(left, last_words)
        return not left

    def _look_at(self, entry: Report | UnreadableReport, left: Left) -> None:
        if isinstance(entry, UnreadableReport):
            self.batch.record_unreadable(entry)
        elif organs := self.batch.organs_left(entry):
            left.add(entry.position, (organ.name for organ in organs))

    async def _pass(self, left: Left, pool: Pool, stop: Stop) -> dict[int, str]:
        """Give out all that is left; what the engines that died had to say, by position."""
        if not left:
            return {}
        pool = replace(pool, replicas=min(pool.replicas, len(left)))
        orders = Orders(self.source, left.copy())
        async with _stream(orders, self.engines, pool) as stream:
            stopping = asyncio.create_task(self._stop_when_asked(stream, stop))
            try:
                while (results := await asyncio.to_thread(stream.next_results)) is not None:
                    for result in results:
                        await self._take(result, left)
                if not stop.requested and not await asyncio.to_thread(stream.was_read):
                    raise EngineError("the process that read the reports died; run it again")
                return await asyncio.to_thread(stream.last_words)
            finally:
                stopping.cancel()

    async def _stop_when_asked(self, stream: Stream, stop: Stop) -> None:
        await stop.wait()
        self.batch.tally.stopping = True
        stream.stop()

    async def _take(self, result: Result, left: Left) -> None:
        match result:
            case Labeled():
                await self._record(result)
                left.done(result.report.position)
            case Broken(error):
                if isinstance(error, EngineStartError) and self.recorded:
                    raise EngineError(f"{error}; the run can be resumed") from error
                raise error

    async def _record(self, labeled: Labeled) -> None:
        report, batch = labeled.report, self.batch
        self.recorded = True
        if report.encoding:
            batch.tally.encodings[report.encoding] += 1
        for result in labeled.results:
            batch.record(OrganRecord(result, report.position, labeled.text_hash, report.source))
        await batch.journal.synced()
        batch.tally.reports_done += 1

    async def _give_up(self, left: Left, last_words: dict[int, str]) -> None:
        """Make failures of the reports that killed their engine twice."""
        ontology = self.batch.ask.pack.ontology
        for order in Orders(self.source, left.copy()):
            report = order.report
            words = last_words.get(report.position)
            reason = f"{DIED_TWICE}: {words}" if words else DIED_TWICE
            failure = Failure(Step.ENGINE, reason)
            results = tuple(failed(report.id, one, ontology, failure) for one in order.organs)
            await self._record(Labeled(report, report.text_hash, results))
            left.done(report.position)


@asynccontextmanager
async def _stream(orders: Orders, engines: Engines, pool: Pool) -> AsyncIterator[Stream]:
    stream = await asyncio.to_thread(Stream, orders, engines, pool)
    try:
        yield stream
    finally:
        await asyncio.shield(asyncio.to_thread(stream.close))


@dataclass(frozen=True, slots=True)
class _RaySession(Session):
    """A session whose actors open the engines."""

    ray: RayOptions = RayOptions()  # noqa: RUF009 - frozen

    def _open(self, plan: Plan) -> AbstractAsyncContextManager[Engine]:
        return no_engine()

    async def _run(self, batch: Batch, plan: Plan, stop: Stop) -> bool:
        engines = engines_of(self.engine, plan.model, plan.pack, self.method, self.output)
        async with ray_at(self.ray.address() or "local") as machines:
            pool = pool_of(self.ray, self.engine, self.output, len(batch.organs), machines)
            return await ClusterBatch(batch, self.reports, engines, pool).run(stop)


async def label_on_ray(session: Session, ray: RayOptions) -> Outcome:
    """Label the reports of a session in actors of Ray."""
    named = {one.name: getattr(session, one.name) for one in fields(session)}
    return await _RaySession(**named, ray=ray).label()
