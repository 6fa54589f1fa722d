"""One process's part of a run, from options to tables.

One session labels the whole run, or one session for each shard does, all into the same folder.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

from leavs.domain import Shard
from leavs.engines.engine import Engine, what_is_loaded
from leavs.engines.hardware import processor_name
from leavs.engines.models.choice import (
    ChosenModel,
    choose_model,
    met_at_server,
    no_engine,
)
from leavs.engines.options import EngineOptions
from leavs.journal import manifest
from leavs.journal.index import Done, Index
from leavs.journal.journal import Journal, has_results
from leavs.method.ask import Ask
from leavs.method.ontology import Organ
from leavs.method.options import MethodOptions, Ways
from leavs.method.pack import Pack, find_pack, load_pack
from leavs.method.steps.choice import chosen_steps
from leavs.reports import ReportSource
from leavs.run.batch import Batch
from leavs.run.engine_queue import reports_to_fill
from leavs.run.failure_limit import parse_failure_limit
from leavs.run.leaving import Confirm, check_before_sending
from leavs.run.options import OutputOptions
from leavs.run.pinned_model import open_as_begun
from leavs.run.plan import anything_left, check_numbers, choose_organs, identity_of
from leavs.run.recorder import Recorder, Tally
from leavs.system.garbage import rare_collections
from leavs.system.stopping import Stop, stopped_by_signals
from leavs.tables import export as tables

ShowProgress = Callable[[Tally], AbstractAsyncContextManager[None]]
Warn = Callable[[str], None]
Tell = Callable[[str], None]


def no_progress(tally: Tally) -> nullcontext[None]:
    """Show nothing; unlike functions that show the tally, this one can be sent to an actor."""
    return nullcontext()


def no_warning(warning: str) -> None:
    """Ignore a warning: it also stands in `Outcome.warnings` and in the manifest."""


def nothing_told(line: str) -> None:
    """Ignore a line: what was found of a server also stands in the manifest."""


# What was found of a server that can make a difference to answers
ASKED_BY = ("constraint", "alternatives", "system_role", "temperature", "thoughts")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Args:
        exported: what the folder now holds; for a shard, what is recorded of its reports.
        complete: whether every report of the input was taken and finished.
        interrupted: whether SIGINT stopped the run.
        seconds: wall time of the labeling, without loading the model.
        ways: what was asked, and with which reasoning.
        shard: the shard that was labeled, which has no tables of its own; None for a whole run.
    """

    tally: Tally
    exported: tables.Exported
    complete: bool
    interrupted: bool
    seconds: float
    warnings: Sequence[str]
    ways: Ways
    shard: Shard | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a session labels, and with which model.

    Args:
        identity: all that the labels depend on, see `identity_of`.
    """

    pack: Pack
    organs: Sequence[Organ]
    model: ChosenModel
    identity: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Session:
    """One process's part of a run.

    Args:
        source: the reports of the whole run.
        engine: which model to load or to ask; or an open engine, which is not closed.
        progress: shows the tally while the reports are labeled.
        shard: label only this shard's reports, and write no tables.
        model: the model, if it was chosen before; None to choose it by `engine`.
        warn: called with each warning about the chosen model, before anything is asked.
        tell: called with one line on how the server wants to be spoken to, before a report is sent.
        confirm: asked whether reports in which identities were found may be sent to another
            machine; None if nobody can be asked, and then they may not.
        whole: the source has all that is to be labeled; else the journal never calls it complete.
    """

    source: ReportSource
    engine: EngineOptions | Engine
    method: MethodOptions
    output: OutputOptions
    progress: ShowProgress
    shard: Shard | None = None
    model: ChosenModel | None = None
    warn: Warn = no_warning
    tell: Tell = nothing_told
    confirm: Confirm | None = None
    whole: bool = True

    async def label(self, stop: Stop | None = None) -> Outcome:
        """Label the reports, and write the tables even if that ends with an error.

        Args:
            stop: a stop that others can request; by default only signals request one.

        Raises:
            LeavsError: any of its subclasses; the message says what is wrong and what to do.
        """
        plan = await self.plan()
        self.claim(plan)
        stop = stop or Stop(self.output.drain_seconds)
        folder = self.output.output_dir
        with (
            stopped_by_signals(stop),  # until the tables are written
            Index(folder, self.shard) as index,
        ):
            index.refuse_other_runs(folder, manifest.fingerprint(plan.identity))
            tally = Tally(self.reports.count(), len(plan.organs))
            needed = anything_left(self.reports, self.done(index), plan.organs)
            journal = Journal(folder, self.record(plan))
            complete, began = False, time.monotonic()
            try:
                await asyncio.sleep(0)  # lets the handler of a signal that came meanwhile run
                if not stop.requested:
                    async with self._open(plan) if needed else no_engine() as engine:
                        manifest.confirm_claim(folder, plan.identity, self._num_shards)
                        loaded = what_is_loaded(engine)
                        manifest.claim_commit(folder, loaded.get("commit"))
                        journal.add_plan(tally.reports_total, loaded, asks=needed)
                        batch = self._batch(engine, plan, journal, index, tally)
                        began = time.monotonic()
                        async with self.progress(tally):
                            with rare_collections():
                                complete = await batch.run(self.reports, stop)
            finally:
                seconds = time.monotonic() - began
                journal.close(complete=complete and self.whole, seconds=round(seconds, 3))
                exported = self._exported()
        interrupted, warnings, ways = stop.interrupted, plan.model.warnings, self.method.ways
        return Outcome(tally, exported, complete, interrupted, seconds, warnings, ways, self.shard)

    async def plan(self) -> Plan:
        """Check the options, read the pack, and choose organs and model.

        Raises:
            LeavsError: the options or the pack are wrong, or there is no model.
        """
        pack = load_pack(find_pack(self.method.pack))
        organs = choose_organs(pack, self.method.organs)
        check_numbers(self.engine, self.method, self.output)
        model = self.model or await self._choose_model()
        return Plan(pack, organs, model, identity_of(pack, organs, self.method, model))

    async def _choose_model(self) -> ChosenModel:
        model = choose_model(self.engine)
        for warning in (*model.cautions, *model.warnings):
            self.warn(warning)
        if model.host and isinstance(self.engine, EngineOptions):
            yes, ask, tell = self.engine.yes_remote, self.confirm, self.tell
            check_before_sending(self.source, self.shard, model.host, yes, ask, tell)
        model = await met_at_server(self.engine, model, self.method.generation)
        if model.dialect is not None:
            self.tell(f"{model.name}: {model.dialect}")
        return model

    def claim(self, plan: Plan) -> None:
        """Claim the output folder for this run, or check the claim; see `manifest.claim_folder`."""
        folder, dialect = self.output.output_dir, plan.model.dialect
        found = None if dialect is None else dialect.as_record()
        before = manifest.claim_folder(
            folder,
            plan.identity,
            plan.model.warnings,
            has_results=has_results(folder),
            server=found,
            num_shards=self._num_shards,
        )
        if before and found and any(before.get(one) != found[one] for one in ASKED_BY):
            constraint, alternatives = before.get("constraint"), before.get("alternatives")
            self.tell(
                "the server was asked otherwise for what is there (constraint by "
                f"{constraint}, {'' if alternatives else 'no '}probabilities; run.json has both)"
            )

    @property
    def asks_server(self) -> bool:
        """Whether a server answers, which other processes may ask, too."""
        return isinstance(self.engine, EngineOptions) and self.engine.base_url is not None

    @property
    def reports(self) -> ReportSource:
        """The reports that this session labels."""
        return self.source if self.shard is None else self.source.sharded(self.shard)

    def done(self, index: Index) -> Callable[[str], Done | None]:
        """Return a function from a report's id to what need not be asked about it again."""
        return partial(index.done, retry_failures=self.output.retry_failures)

    def record(self, plan: Plan) -> dict[str, Any]:
        """The first record of the session's journal."""
        processor = {"name": processor_name(), "count": os.cpu_count()}
        session = {**manifest.session(), "processor": processor}
        session |= {"identity": manifest.fingerprint(plan.identity)}
        if self.shard is not None:
            session["shard"] = [self.shard.number, self.shard.count]
        return session

    @property
    def _num_shards(self) -> int | None:
        return None if self.shard is None else self.shard.count

    def _open(self, plan: Plan) -> AbstractAsyncContextManager[Engine]:
        folder, generation = self.output.output_dir, self.method.generation
        return open_as_begun(self.engine, plan.model, generation, folder)

    def _batch(
        self,
        engine: Engine,
        plan: Plan,
        journal: Journal,
        index: Index,
        tally: Tally,
    ) -> Batch:
        method, output = self.method, self.output
        ask = Ask(engine, plan.pack, method.manner(output.keep_reasoning))

        def has_text(report_id: str, text_hash: str) -> bool:
            return index.text_of(report_id, text_hash) is not None

        recorder = Recorder(
            plan.pack.ontology,
            plan.organs,
            journal,
            self.done(index),
            tally,
            has_text if output.include_report else None,
            None if output.max_failures is None else parse_failure_limit(output.max_failures),
        )

        def in_flight() -> int:  # a server's pace changes
            wanted = reports_to_fill(engine.batch_size, len(plan.organs))
            return output.reports_in_flight or wanted

        return Batch(ask, chosen_steps(method.ways), recorder, in_flight)

    def _exported(self) -> tables.Exported:
        folder = self.output.output_dir
        if self.shard is None or self.shard.count == 1:
            return tables.export(folder, self.output.include_report)
        return tables.counted(folder, self.shard)
