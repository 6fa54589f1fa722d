"""Labels reports on a Ray cluster: all of them at once, and those whose actor died once more, alone.

Beside a report that kills its engine others are in flight. Each of them gets its second try alone
in an actor, so that only the report that kills an engine twice becomes a failure.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from leavs.cluster.orders import Broken, Labeled, Left, Lost, Orders, Result
from leavs.cluster.pool import Pool, Stream
from leavs.cluster.worker import OpenEngine, Way
from leavs.errors import EngineError, EngineStartError
from leavs.reports import ReportSource
from leavs.stopping import Stop

Record = Callable[[Labeled], Awaitable[None]]

DIED_TWICE = "its engine died twice while it was labeled"


async def label_on_ray(
    source: ReportSource,
    left: Left,
    open_engine: OpenEngine,
    way: Way,
    pool: Pool,
    stop: Stop,
    record: Record,
) -> dict[int, str]:
    """Label what is left of a source, until it is done or a stop is requested.

    Args:
        left: grows empty as reports are labeled.
        record: gets what each report became.

    Returns:
        The reports, by position, that killed their engine twice, and the reason to record. Their
        organs are still left.

    Raises:
        EngineError: no engine can go on.
        EngineStartError: no engine starts; nothing was recorded.
    """
    run = _Run(source, left, open_engine, way, stop, record)
    await run.take_all(pool)
    if not len(left) or stop.requested:
        return {}
    await run.take_all(replace(pool, reports_in_flight=1))
    if stop.requested:
        return {}
    return {position: run.reason(position) for position in left}


class _Run:
    def __init__(
        self,
        source: ReportSource,
        left: Left,
        open_engine: OpenEngine,
        way: Way,
        stop: Stop,
        record: Record,
    ) -> None:
        self._source, self._left = source, left
        self._open_engine, self._way = open_engine, way
        self._stop, self._record = stop, record
        self._recorded = False
        self._last_words: dict[int, str] = {}

    def reason(self, position: int) -> str:
        """Why a report has no labels."""
        words = self._last_words.get(position)
        return f"{DIED_TWICE} ({words})" if words else DIED_TWICE

    async def take_all(self, pool: Pool) -> None:
        """One pass over all that is left."""
        pool = replace(pool, replicas=min(pool.replicas, len(self._left)))
        orders = Orders(self._source, self._left.copy())
        stream = await asyncio.to_thread(Stream, orders, self._open_engine, self._way, pool)
        watching = asyncio.create_task(self._stop_when_asked(stream))
        try:
            while (results := await asyncio.to_thread(stream.next_results)) is not None:
                for result in results:
                    await self._take(result)
            if not self._stop.requested and not await asyncio.to_thread(stream.was_read):
                raise EngineError("reading the reports died with its process; give the run again")
        finally:
            watching.cancel()

    async def _stop_when_asked(self, stream: Stream) -> None:
        await self._stop.wait()
        stream.stop()

    async def _take(self, result: Result) -> None:
        match result:
            case Labeled():
                self._left.done(result.report.position)
                await self._record(result)
                self._recorded = True
            case Lost(position, reason):
                self._last_words[position] = reason
            case Broken(error):
                if isinstance(error, EngineStartError) and self._recorded:
                    raise EngineError(f"{error}; the run can be resumed") from error
                raise error
