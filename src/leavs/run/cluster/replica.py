"""One engine in an actor of Ray: it labels shards of a run, each as a task of a SLURM array does.

Errors are returned as values: Ray sees no exception, because one could hold text of a report.
Knows nothing of Ray.
"""

import asyncio
import copy
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from leavs.domain import Shard
from leavs.engines.engine import Engine
from leavs.engines.models.choice import choose_model
from leavs.errors import EngineStartError, InputError, LeavsError, RunFolderError
from leavs.method.pack import find_pack, load_pack
from leavs.run.in_flight import Part, Positions
from leavs.run.pinned_model import open_as_begun
from leavs.run.recorder import Tally
from leavs.run.session import Outcome, Session
from leavs.system.private_process import BugElsewhere, bug_in_lines, keep_private
from leavs.system.stopping import Stop

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Broken:
    """An error for the process of the command to raise."""

    error: LeavsError | BugElsewhere


@dataclass(frozen=True, slots=True)
class Site:
    """What an actor needs to work as the process of the command does.

    Args:
        folder: the working folder of the command.
        command: the arguments of the command, with its name.
        traces: the folder for trace files, in the output folder.
        pack_sha256: the hash that the pack must have.
        environment: variables that an engine reads, such as a key.
    """

    folder: Path
    command: Sequence[str]
    traces: Path
    pack_sha256: str
    environment: Mapping[str, str]


class Replica:
    """One engine, and the sessions that ask it.

    Args:
        session: the session of the whole run; the actor opens the engine itself, and its tally is
            read by `tally`.
    """

    def __init__(self, session: Session, site: Site) -> None:
        os.environ.update(site.environment)
        keep_private()
        sys.argv = list(site.command)
        with suppress(OSError):  # a relative path that is missing here is reported when it is used
            os.chdir(site.folder)
        self._session, self._site = session, site
        self._stop = Stop(session.output.drain_seconds)
        self._tally: Tally | None = None
        self._engines = AsyncExitStack()  # never left: the engine ends with the actor's process

    async def ready(self) -> Broken | None:
        """Open the engine; return an error if that fails or this machine lacks what a run needs."""
        return await _as_value(self._open())

    async def label(
        self, shard: Shard, only: Positions | None, without: Positions
    ) -> Outcome | Broken:
        """Label a shard; if `only` is given, just the reports at these positions, one at a time."""
        return await _as_value(self._label(shard, only, without))

    async def tally(self) -> Tally | None:
        """Return what was done so far of the shard that is being labeled."""
        return copy.deepcopy(self._tally)

    async def stop(self, received: int) -> None:
        """Take no more reports, and finish those in flight."""
        self._stop.request(signal.Signals(received))

    async def _open(self) -> None:
        asyncio.get_running_loop().set_debug(False)  # it logs results of slow tasks
        session = self._session
        self._refuse_other_place(session)
        folder, generation = session.output.output_dir, session.method.generation
        model = session.model or choose_model(session.engine)
        opening = open_as_begun(session.engine, model, generation, folder)
        engine: Engine = await self._engines.enter_async_context(opening)
        self._session = replace(session, engine=engine, progress=self._shown)

    def _refuse_other_place(self, session: Session) -> None:
        host, folder = socket.gethostname(), session.output.output_dir
        if not self._site.traces.is_dir():
            raise RunFolderError(
                f"{folder} is not the same folder on {host}; with --ray name an --output-dir on a "
                "file system that all machines share"
            )
        pack = find_pack(session.method.pack)
        if load_pack(pack).sha256 != self._site.pack_sha256:
            raise EngineStartError(
                f"{pack} is not the same on every machine; bring the pack up to date on {host}"
            )
        try:
            next(iter(session.source), None)
        except InputError as error:
            raise InputError(
                f"on {host}: {error}; with --ray all machines must see the input at the same path"
            ) from None

    async def _label(self, shard: Shard, only: Positions | None, without: Positions) -> Outcome:
        session, self._tally = self._session, None
        part = Part(session.source, self._site.traces / str(shard.number), only, without)
        output = session.output if only is None else replace(session.output, reports_in_flight=1)
        work = replace(session, source=part, output=output, shard=shard, whole=part.whole)
        return await work.label(self._stop)

    @asynccontextmanager
    async def _shown(self, tally: Tally) -> AsyncIterator[None]:
        self._tally = tally
        yield


async def _as_value(work: Awaitable[Value]) -> Value | Broken:
    try:
        return await work
    except LeavsError as error:
        return Broken(error)
    except Exception as error:  # noqa: BLE001 - raised by the command
        return Broken(BugElsewhere(f"in a Ray actor:\n{bug_in_lines(error)}"))
