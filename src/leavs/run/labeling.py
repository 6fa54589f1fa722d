"""One labeling run, from options to tables; the same from Python as from the command line."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from leavs.domain import Organ, Shard
from leavs.engines.engine import Engine
from leavs.engines.models.choice import (
    ChosenModel,
    choose_model,
    named_by_server,
    no_engine,
    open_engine,
)
from leavs.engines.options import EngineOptions
from leavs.journal import manifest
from leavs.journal.index import Done, Index
from leavs.journal.journal import Journal, has_results
from leavs.method.ask import Ask
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack, find_pack, load_pack
from leavs.method.steps.filtration import FILTERS
from leavs.reports import ReportSource
from leavs.run.batch import Batch, Tally
from leavs.run.engine_queue import reports_to_fill
from leavs.run.failure_limit import parse_failure_limit
from leavs.run.options import OutputOptions, RayOptions
from leavs.run.plan import anything_left, check_numbers, choose_organs, identity_of
from leavs.system.stopping import Stop, stopped_by_signals
from leavs.tables import export as tables

ShowProgress = Callable[[Tally], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Args:
        exported: what the folder now holds; of a shard, what is recorded of its reports.
        complete: every report of the input was taken and finished.
        interrupted: it was stopped by SIGINT.
        seconds: wall time of the labeling, without loading the model.
        shard: that was labeled; it has no tables of its own.
    """

    tally: Tally
    exported: tables.Exported
    complete: bool
    interrupted: bool
    seconds: float
    warnings: Sequence[str]
    shard: Shard | None = None


def label_reports(
    source: ReportSource,
    engine: EngineOptions | Engine | None = None,
    method: MethodOptions | None = None,
    output: OutputOptions | None = None,
    progress: ShowProgress | None = None,
    shard: Shard | None = None,
    ray: RayOptions | None = None,
) -> Outcome:
    """Label all reports of a source into an output folder, going on where an earlier run stopped.

    Args:
        engine: which model to load or to ask; or an engine of your own, which stays open.
        progress: shows the growing tally while the run goes on.
        shard: label only its reports; other processes label the others into the same folder, and
            `export` makes the tables of all.
        ray: spread the work over a Ray cluster; an engine of your own is then sent to its actors.

    Raises:
        LeavsError: one of its children: what is wrong and what to do about it.
    """
    run = _Run(
        source if shard is None else source.sharded(shard),
        engine or EngineOptions(),
        method or MethodOptions(),
        output or OutputOptions(),
        progress or (lambda tally: nullcontext()),
        shard,
        ray or RayOptions(),
    )
    # Never in asyncio's debug mode, which logs results of slow tasks.
    return asyncio.run(run.label(), debug=False)


@dataclass(frozen=True, slots=True)
class _Run:
    """What was chosen for one run."""

    source: ReportSource
    engine: EngineOptions | Engine
    method: MethodOptions
    output: OutputOptions
    progress: ShowProgress
    shard: Shard | None
    ray: RayOptions

    async def label(self) -> Outcome:
        """Label the reports, and write the tables whatever happens."""
        pack = load_pack(find_pack(self.method.pack))
        organs = choose_organs(pack, self.method.organs)
        check_numbers(self.engine, self.method, self.output)
        self.ray.address()  # refuses what makes no sense, before anything is done
        model = await named_by_server(self.engine, choose_model(self.engine))
        identity = identity_of(pack, organs, self.method, model)
        self._claim(identity, model)
        stop = Stop(self.output.drain_seconds)
        with (
            stopped_by_signals(stop),  # until the tables are written
            Index(self.output.output_dir, self.shard) as index,
        ):
            index.refuse_other_runs(self.output.output_dir, manifest.fingerprint(identity))
            tally = Tally(self.source.count(), len(organs))
            needed = anything_left(self.source, self._done(index), organs)
            journal = Journal(self.output.output_dir, self._session(identity))
            complete, began = False, time.monotonic()
            try:
                await asyncio.sleep(0)  # a signal that came meanwhile is served here
                if not stop.requested:
                    async with self._open_engine(model) if needed else no_engine() as engine:
                        manifest.confirm_claim(self.output.output_dir, identity, self._num_shards)
                        journal.add_plan(tally.reports_total)
                        batch = self._batch(engine, pack, organs, journal, index, tally)
                        began = time.monotonic()
                        async with self.progress(tally):
                            complete = await self._run(batch, model, stop, needed)
            finally:
                seconds = time.monotonic() - began
                journal.close(complete=complete, seconds=round(seconds, 3))
                exported = self._exported()
        interrupted, warnings = stop.interrupted, model.warnings
        return Outcome(tally, exported, complete, interrupted, seconds, warnings, self.shard)

    @property
    def _num_shards(self) -> int | None:
        return None if self.shard is None else self.shard.count

    def _claim(self, identity: Mapping[str, Any], model: ChosenModel) -> None:
        folder = self.output.output_dir
        manifest.claim_folder(
            folder,
            identity,
            model.warnings,
            has_results=has_results(folder),
            num_shards=self._num_shards,
        )

    def _open_engine(self, model: ChosenModel) -> AbstractAsyncContextManager[Engine]:
        if self.ray.address() is not None:
            return no_engine()  # the actors of the cluster open theirs
        return open_engine(self.engine, model, self.method.sampling, self.output.output_dir)

    async def _run(self, batch: Batch, model: ChosenModel, stop: Stop, needed: bool) -> bool:
        address = self.ray.address()
        if needed and address is not None:
            return await self._on_ray(address, batch, model, stop)
        return await batch.run(self.source, stop)

    async def _on_ray(self, address: str, batch: Batch, model: ChosenModel, stop: Stop) -> bool:
        from leavs.run.cluster.choices import engines_of, pool_of
        from leavs.run.cluster.labeling import ClusterBatch
        from leavs.run.cluster.session import ray_at

        engines = engines_of(self.engine, model, batch.ask.pack, self.method, self.output)
        async with ray_at(address) as machines:
            pool = pool_of(self.ray, self.engine, self.output, len(batch.organs), machines)
            return await ClusterBatch(batch, self.source, engines, pool).run(stop)

    def _session(self, identity: Mapping[str, Any]) -> dict[str, Any]:
        session = {**manifest.session(), "identity": manifest.fingerprint(identity)}
        if self.shard is not None:
            session["shard"] = [self.shard.number, self.shard.count]
        return session

    def _done(self, index: Index) -> Callable[[str], Done | None]:
        return partial(index.done, retry_failures=self.output.retry_failures)

    def _batch(
        self,
        engine: Engine,
        pack: Pack,
        organs: Sequence[Organ],
        journal: Journal,
        index: Index,
        tally: Tally,
    ) -> Batch:
        method, output = self.method, self.output
        ask = Ask(engine, pack, method.manner(output.keep_reasoning))

        def has_text(report_id: str, text_hash: str) -> bool:
            return index.text_of(report_id, text_hash) is not None

        return Batch(
            ask,
            organs,
            FILTERS[method.filtration],
            journal,
            self._done(index),
            tally,
            output.reports_in_flight or reports_to_fill(engine.batch_size, len(organs)),
            has_text if output.include_report else None,
            None if output.max_failures is None else parse_failure_limit(output.max_failures),
        )

    def _exported(self) -> tables.Exported:
        folder = self.output.output_dir
        if self.shard is None or self.shard.count == 1:
            return tables.export(folder, self.output.include_report)
        return tables.counted(folder, self.shard)
