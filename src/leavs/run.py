"""One labeling run, from options to tables; the same from Python as from the command line."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from leavs import manifest, tables
from leavs.ask import Ask
from leavs.batch import Batch, Tally
from leavs.domain import Organ, Overflow, Reasoning, Report
from leavs.engines import Engine
from leavs.errors import UsageError
from leavs.failure_limit import parse_failure_limit
from leavs.index import Done, Index
from leavs.journal import Journal, has_results
from leavs.line import reports_to_fill
from leavs.models import ChosenModel, choose_model, named_by_server, no_engine, opened
from leavs.options import EngineOptions, MethodOptions, OutputOptions, RayOptions
from leavs.prompts import Pack, find_pack, load_pack
from leavs.reports import ReportSource
from leavs.shards import Shard
from leavs.steps.filtration import FILTERS
from leavs.stopping import Stop, stopped_by_signals

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
                    async with self._opened(model) if needed else no_engine() as engine:
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

    def _opened(self, model: ChosenModel) -> AbstractAsyncContextManager[Engine]:
        if self.ray.address() is not None:
            return no_engine()  # the actors of the cluster open theirs
        return opened(self.engine, model, self.method, self.output.output_dir)

    async def _run(self, batch: Batch, model: ChosenModel, stop: Stop, needed: bool) -> bool:
        address = self.ray.address()
        if needed and address is not None:
            return await self._on_ray(address, batch, model, stop)
        return await batch.run(self.source, stop)

    async def _on_ray(self, address: str, batch: Batch, model: ChosenModel, stop: Stop) -> bool:
        from leavs.cluster.choices import engines_of, pool_of
        from leavs.cluster.labeling import ClusterBatch
        from leavs.cluster.session import ray_at

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
        ask = Ask(
            engine,
            pack,
            method.reasoning,
            method.max_reasoning_tokens,
            method.confidence,
            output.keep_reasoning,
            method.two_turns,
            method.overflow,
        )

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


def choose_organs(pack: Pack, names: Sequence[str]) -> tuple[Organ, ...]:
    """The organs of a pack that are named, in the pack's order; all where none is.

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
    """Raise UsageError for a number that makes no sense."""
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
            "--max-model-len": (engine.max_model_len, 1),
            "--request-timeout": (engine.request_timeout, 0.1),
            "--request-tries": (engine.request_tries, 1),
            "--gpu-memory-utilization": (engine.gpu_memory_utilization, 0.01),
        }
    for flag, (value, smallest) in least.items():
        if not value >= smallest:
            raise UsageError(f"{flag} {value} is too small; the least is {smallest}")
    if method.confidence > 1:
        raise UsageError(f"--confidence {method.confidence} is more than 1, the most sure there is")
    if output.max_failures is not None:
        parse_failure_limit(output.max_failures)


def anything_left(
    source: ReportSource, done: Callable[[str], Done | None], organs: Sequence[Organ]
) -> bool:
    """Whether a report of the source has an organ that is not done: is a model needed at all?"""
    wanted = {organ.name for organ in organs}
    nothing = Done("")
    return any(
        isinstance(entry, Report) and not (done(entry.id) or nothing).includes(wanted)
        for entry in source
    )


def identity_of(
    pack: Pack, organs: Sequence[Organ], method: MethodOptions, model: ChosenModel
) -> dict[str, Any]:
    """What the labels of a run depend on; a key that is newer stands there only if it is used."""
    identity = {
        **model.identity,
        "pack": pack.name,
        "pack_sha256": pack.sha256,
        "organs": [organ.name for organ in organs],
        "finding_types": [finding_type.name for finding_type in pack.ontology.finding_types],
        "filtration": method.filtration.value,
        "reasoning": method.reasoning.value,
        "confidence": method.confidence if method.reasoning is Reasoning.AUTO else None,
        "max_reasoning_tokens": method.max_reasoning_tokens,
        "two_turns": method.two_turns,
        "temperature": method.temperature,
        "seed": method.seed,
    }
    if method.overflow is not Overflow.FAIL:
        identity["overflow"] = method.overflow.value
    return identity
