"""Examines one model: the items and the shipped reports, in one way of asking or in several."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leavs.domain import Step
from leavs.engines.engine import Engine
from leavs.engines.models.choice import open_engine
from leavs.engines.options import EngineOptions
from leavs.exam.calibration import Calibration, calibration_of
from leavs.exam.items import Answer, Item, items_digest, load_fitting, shipped_data
from leavs.exam.options import SHIPPED_REPORTS, ExamOptions
from leavs.exam.questions import Answered
from leavs.exam.reports import ReportScores, label_shipped, shipped_reports
from leavs.exam.scores import unreadable_note
from leavs.exam.sitting import Chosen, ShowCount, choose_items, no_count, take_items
from leavs.journal import manifest
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack
from leavs.run.options import OutputOptions
from leavs.run.plan import identity_of
from leavs.run.session import (
    Plan,
    Session,
    ShowProgress,
    Tell,
    Warn,
    no_progress,
    no_warning,
    nothing_told,
)

OURS = (
    "The items are leavs's own and synthetic: they show whether a model follows the instructions, "
    "not how good it is on your reports."
)


@dataclass(frozen=True, slots=True)
class Sitting:
    """The exam in one way of asking.

    Args:
        name: of the preset; with "(own)" where some of its ways are given by themselves.
        ways: what was asked, in words.
        identity: all that the answers depend on, as in run.json.
        commonest: the answer of each step that the majority gives.
        not_asked: items whose question these ways never put.
        seconds: wall time of the items, without loading the model.
        calibration: by the kind of choice; empty where it is not known.
        reports: None where no report was labeled.
        notes: what is missing, and why.
    """

    name: str
    ways: str
    identity: Mapping[str, Any]
    answered: Sequence[Answered]
    commonest: Mapping[Step, Answer]
    not_asked: int
    seconds: float
    calibration: Mapping[str, Calibration]
    reports: ReportScores | None
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Exam:
    """All that an exam found, or has found so far.

    Args:
        session: this process: host, versions, date, command.
        server: what trial questions found of the server that answered; None if none did.
        warnings: what everyone who sees the scores must know.
        items_sha256: the hash of the files of items.
        left_out: items that are left out because they are about what the pack lacks.
        not_taken: the presets of the exam that are not finished yet.
    """

    session: Mapping[str, Any]
    server: Mapping[str, Any] | None
    warnings: Sequence[str]
    items_sha256: str
    sittings: Sequence[Sitting]
    left_out: int = 0
    not_taken: Sequence[str] = ()

    @property
    def notes(self) -> list[str]:
        """What is missing, and why; what is said of several sittings only once."""
        notes = [lacking_note(self.left_out)] if self.left_out else []
        notes += [note for sitting in self.sittings for note in sitting.notes]
        if self.not_taken:
            notes.append(f"not finished: {', '.join(self.not_taken)}; the exam ended before")
        return list(dict.fromkeys(notes))

    @property
    def has_failures(self) -> bool:
        """Whether an item has no answer that could be read, or a cell of a report no label."""
        return any(
            any(one.answer is None for one in sitting.answered)
            or (sitting.reports is not None and sitting.reports.failed > 0)
            for sitting in self.sittings
        )


def lacking_note(left_out: int) -> str:
    """Say how many items another pack cannot be asked."""
    return f"items left out, about organs or finding types that the pack lacks: {left_out}"


def nothing_kept(exam: Exam) -> None:
    """Keep nothing of an exam that is not at its end."""


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Who is told of an exam while it is taken; by default nobody.

    Args:
        progress: shows how far the labeling of the reports is.
        count: shows how many items are answered.
        warn: called with each warning about the chosen model, before anything is asked.
        tell: called with a line on what is being asked.
        keep: called with all that is finished, after each way of asking.
    """

    progress: ShowProgress = no_progress
    count: ShowCount = no_count
    warn: Warn = no_warning
    tell: Tell = nothing_told
    keep: Callable[[Exam], None] = nothing_kept


NOBODY = Onlooker()


async def examine(
    engine: EngineOptions | Engine,
    method: MethodOptions,
    options: ExamOptions,
    folder: Path,
    onlooker: Onlooker = NOBODY,
) -> Exam:
    """Open the engine once, and take the exam in each way of asking.

    Args:
        engine: which model to load or to ask; or an open engine, which is not closed.
        folder: where the log of the engine goes.

    Raises:
        LeavsError: any of its subclasses; the message says what is wrong and what to do.
    """
    session = manifest.session()
    options.check()
    methods = options.methods(method)
    plan = await _plan(engine, methods[0], folder, onlooker)
    items, left_out = shipped_items(plan.pack)
    organs = [organ.name for organ in plan.organs]
    papers = [choose_items(items, organs, one.ways, options.items) for one in methods]
    exam = Exam(session, _server(plan), plan.model.warnings, _digest(), (), left_out)
    async with open_engine(engine, plan.model, method.generation, folder) as opened:
        for place, (one, chosen) in enumerate(zip(methods, papers, strict=True), start=1):
            sitting = await _sit(opened, one, plan, chosen, options.reports, onlooker)
            not_taken = [_name(other) for other in methods[place:]]
            exam = replace(exam, sittings=(*exam.sittings, sitting), not_taken=not_taken)
            onlooker.keep(exam)
    return exam


async def _plan(
    engine: EngineOptions | Engine, method: MethodOptions, folder: Path, onlooker: Onlooker
) -> Plan:
    """Choose pack, organs and model as a run does."""
    session = Session(
        shipped_reports(SHIPPED_REPORTS),
        engine,
        method,
        OutputOptions(folder),
        no_progress,
        warn=onlooker.warn,
        tell=onlooker.tell,
    )
    return await session.plan()


def _server(plan: Plan) -> Mapping[str, Any] | None:
    dialect = plan.model.dialect
    return None if dialect is None else dialect.as_record()


def _digest() -> str:
    return items_digest(shipped_data() / "exam")


def shipped_items(pack: Pack) -> tuple[tuple[Item, ...], int]:
    """Load the shipped items that a pack can be asked, and count the others.

    Raises:
        InputError: an item is wrong.
    """
    return load_fitting(shipped_data() / "exam", pack)


def _name(method: MethodOptions) -> str:
    return str(method.ways.preset or f"{method.preset} (own)")


async def _sit(
    engine: Engine,
    method: MethodOptions,
    plan: Plan,
    chosen: Chosen,
    reports: int,
    onlooker: Onlooker,
) -> Sitting:
    ways, name, not_asked = method.ways, _name(method), chosen.not_asked
    onlooker.tell(f"{name}, items: {len(chosen.items)}")
    began = time.monotonic()
    answered = await take_items(engine, plan.pack, method, chosen.items, onlooker.count)
    seconds = time.monotonic() - began
    calibration, why_not = calibration_of(answered)
    scores = None
    if reports:
        onlooker.tell(f"{name}, reports: {reports}")
        scores = await label_shipped(engine, method, reports, onlooker.progress)
    said = (_never_asked(not_asked) if not_asked else "", unreadable_note(answered))
    return Sitting(
        name,
        str(ways),
        identity_of(plan.pack, plan.organs, method, plan.model),
        answered,
        chosen.commonest,
        len(not_asked),
        seconds,
        calibration,
        scores,
        [*(f"{name}: {note}" for note in said if note), *filter(None, [why_not])],
    )


def _never_asked(items: Sequence[Item]) -> str:
    """What the ways make of items that they do not ask; of certainty they take -2 for granted."""
    said = f"{len(items)} items hold a question that these ways never ask, and do not count"
    of_types = [item for item in items if item.step is Step.CERTAINTY]
    if not of_types:
        return said
    right = sum(item.accepts(frozenset({"not_mentioned"})) for item in of_types)
    return f"{said}; without asking they take it for not mentioned, rightly in {right}"
