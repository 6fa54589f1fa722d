"""The chain inside one actor: one engine, one memory of answers, one line, many reports at once.

Whatever goes wrong comes back as a value: Ray sees no exception that could carry a report's text.
Knows nothing of Ray; what it needs of the run's bookkeeping stands in `Desk`.
"""

import asyncio
import os
import pickle
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn, Protocol

from leavs.domain import Filtration, OrganResult
from leavs.engines.engine import Engine
from leavs.errors import EngineError, EngineStartError, LeavsError
from leavs.method.ask import Ask
from leavs.method.chain import label_report
from leavs.method.options import Manner
from leavs.method.pack import load_pack
from leavs.method.steps.filtration import FILTERS
from leavs.run.cluster.orders import Broken, Labeled, Order, Result, Untouched
from leavs.run.engine_queue import EngineQueue, InTurn, queue_for

COLUMN = "pickled"

OpenEngine = Callable[[], AbstractAsyncContextManager[Engine]]


@dataclass(frozen=True, slots=True)
class Way:
    """How the questions are asked, in a form that can be sent to another machine.

    Args:
        pack: the folder; every machine has it at the same place.
        pack_sha256: what its contents must be.
    """

    pack: Path
    pack_sha256: str
    filtration: Filtration
    manner: Manner

    def ask(self, engine: Engine) -> Ask:
        """An Ask of an engine.

        Raises:
            EngineStartError: the prompts of this machine are not those of the run.
        """
        pack = load_pack(self.pack)
        if pack.sha256 != self.pack_sha256:
            raise EngineStartError(
                f"{self.pack} is not the same on every machine; bring the pack up to date there"
            )
        return Ask(engine, pack, self.manner)


class Desk(Protocol):
    """Where the actors of a run report, and hear that it stops."""

    async def stopped(self) -> None:
        """Return when the run is asked to stop."""
        ...

    async def may_begin(self) -> bool:
        """Count a report that is begun; false where too many were begun and none was finished."""
        ...

    async def finished(self) -> None:
        """A report was labeled: the engines work."""
        ...

    async def died(self, position: int, last_words: str) -> None:
        """An engine died while it was asked about the report at a position."""
        ...


class Worker:
    """What Ray Data makes in each actor of the pool and calls with each report.

    Args:
        open_engine: called once, inside the event loop that will ask.
        environment: what the engine looks for there, such as a key.
    """

    def __init__(
        self,
        open_engine: OpenEngine,
        way: Way,
        desk: Desk,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        os.environ.update(environment or {})
        self._open_engine = open_engine
        self._way = way
        self._desk = desk
        self._opening: asyncio.Task[tuple[Ask, EngineQueue]] | None = None
        self._engines = AsyncExitStack()  # never left: the engine ends with the actor's process
        self._stopping = False
        self._watching: asyncio.Task[None] | None = None

    async def __call__(self, batch: Any) -> dict[str, list[bytes]]:
        """Label the reports of an Arrow table; each row holds a pickled Order, or a Broken."""
        orders = [pickle.loads(row) for row in batch[COLUMN].to_pylist()]  # noqa: S301 - our own
        return {COLUMN: [_pickled(await self.result_of(order)) for order in orders]}

    async def result_of(self, order: Order | Broken) -> Result:
        """What became of an order."""
        if isinstance(order, Broken):
            return order
        try:
            return await self._label(order)
        except EngineStartError as error:
            return Broken(error)
        except EngineError as error:
            await self._leave(order.report.position, str(error))
        except LeavsError as error:
            return Broken(error)
        except Exception as error:  # noqa: BLE001 - raised on the driver, with this traceback
            error.add_note("In a Ray actor:\n" + "".join(traceback.format_exception(error)))
            return Broken(error)

    async def _label(self, order: Order) -> Result:
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        ask, queue = await asyncio.shield(self._opening)
        if self._stopping:
            return Untouched(order.report.position)
        if not await self._desk.may_begin():
            return Broken(EngineError("the engines die and label nothing; the run can be resumed"))
        report, results = order.report, list[OrganResult]()
        ask = replace(ask, engine=InTurn(ask.engine, queue, report.position))
        await label_report(ask, report, order.organs, FILTERS[self._way.filtration], results.append)
        await self._desk.finished()
        return Labeled(replace(report, text=""), report.text_hash, tuple(results))

    async def _open(self) -> tuple[Ask, EngineQueue]:
        self._watching = asyncio.create_task(self._watch())
        engine = await self._engines.enter_async_context(self._open_engine())
        return self._way.ask(engine), queue_for(engine)

    async def _watch(self) -> None:
        await self._desk.stopped()
        self._stopping = True

    async def _leave(self, position: int, last_words: str) -> NoReturn:
        """End the process, so that Ray starts the actor again with an engine that works."""
        try:
            await self._desk.died(position, last_words)
        finally:
            os._exit(1)


def _pickled(result: Result) -> bytes:
    try:
        return pickle.dumps(result)
    except Exception:
        if not isinstance(result, Broken):
            raise
        lines = "".join(traceback.format_exception(result.error))
        return pickle.dumps(Broken(RuntimeError(lines)))
