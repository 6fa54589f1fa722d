"""Labels many reports at once: how many are in flight, in which order, and how a run stops.

All questions that can be asked of the reports in flight are asked, those of earlier reports first.

If a question fails, its cells become failures. If the engine dies, too many cells fail or a stop is
requested, the run ends; the journal then holds what was done, and a later run continues from there.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

from leavs.domain import Report, UnreadableReport
from leavs.method.ask import Ask
from leavs.method.chain import label_report
from leavs.method.steps.choice import Steps
from leavs.run.engine_queue import InTurn, queue_for
from leavs.run.recorder import Recorder
from leavs.system.places import Places
from leavs.system.stopping import Stop


@dataclass(frozen=True, slots=True)
class Batch:
    """Labels reports and records every organ as soon as it is done.

    Args:
        reports_in_flight: returns the number of reports that are worked on at the same time; it
            bounds the memory.
    """

    ask: Ask
    steps: Steps
    recorder: Recorder
    reports_in_flight: Callable[[], int]

    async def run(self, reports: Iterable[Report | UnreadableReport], stop: Stop) -> bool:
        """Label the reports that are not done, until all are done or a stop is requested.

        Returns:
            Whether all reports were taken and finished.

        Raises:
            EngineError: the engine cannot go on.
            FailureLimitError: too many cells failed.
        """
        try:
            async with stop.limit():
                return await self._take_all(reports, stop)
        except TimeoutError:
            return False  # a stop was requested and the time to drain is over
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _take_all(self, reports: Iterable[Report | UnreadableReport], stop: Stop) -> bool:
        places = Places(self.reports_in_flight)
        queue = queue_for(self.ask.engine)

        async def wake_when_stopped() -> None:
            await stop.wait()
            self.recorder.tally.stopping = True
            places.leave()

        async with asyncio.TaskGroup() as group:
            waker = group.create_task(wake_when_stopped())
            for entry in reports:
                await places.enter(0)
                if stop.requested:
                    return False
                group.create_task(self._take(entry, places, queue))
            waker.cancel()
        return True

    async def _take(self, entry: Report | UnreadableReport, places: Places, queue: Places) -> None:
        try:
            if isinstance(entry, Report):
                await self._label(entry, queue)
            else:
                self.recorder.record_unreadable(entry)
        finally:
            places.leave()

    async def _label(self, report: Report, queue: Places) -> None:
        organs = self.recorder.organs_left(report)
        if not organs:
            return
        ask = replace(self.ask, engine=InTurn(self.ask.engine, queue, report.position))
        record = partial(self.recorder.record, report)
        look = partial(self.recorder.look, report)
        await label_report(ask, report, organs, self.steps, record, look)
        await self.recorder.finish()
