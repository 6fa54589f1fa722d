"""Labels the reports that come with leavs, end to end, and compares them with their annotations."""

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pandas as pd

from leavs.domain import Usage
from leavs.engines.engine import Engine
from leavs.errors import InputError
from leavs.evaluation.metrics import f1_of
from leavs.exam.items import shipped_data
from leavs.exam.scores import tau_b
from leavs.exam.sitting import SEED
from leavs.method.options import MethodOptions
from leavs.reports import ReportSource, from_files
from leavs.run.labeling import label_reports_async
from leavs.run.options import OutputOptions
from leavs.run.session import Outcome, ShowProgress
from leavs.tables.grid import grid_of, shared_parts
from leavs.tables.merging import MISSING, SCORED, is_positive
from leavs.tables.read import read_labels


@dataclass(frozen=True, slots=True)
class ReportScores:
    """Labels of whole reports beside their annotations.

    Args:
        cells: finding types of organs of reports.
        right: cells with the annotated certainty.
        failed: cells without a certainty; they are wrong.
        majority: cells of which the commonest certainty is the annotated one.
        f1: of a finding that is present or possible, over all finding types.
        f1_scored: the same over the six types that the paper scores.
        findings: cells in which both have an urgency.
        tau_b: Kendall's tau-b of these urgencies; None for less than two.
        seconds: wall time.
        usage: what the questions cost, by prompt.
    """

    reports: int
    cells: int
    right: int
    failed: int
    majority: int
    f1: float
    f1_scored: float
    findings: int
    tau_b: float | None
    seconds: float
    usage: Mapping[str, Usage]


async def label_shipped(
    engine: Engine, method: MethodOptions, number: int, progress: ShowProgress
) -> ReportScores:
    """Label some of the shipped reports in a private folder that is deleted, and score the labels.

    Raises:
        EngineError: the engine cannot go on.
        KeyboardInterrupt: a signal asked to stop.
    """
    with tempfile.TemporaryDirectory(prefix="leavs-exam-") as name:
        output = OutputOptions(Path(name) / "run", max_failures="100%", drain_seconds=0)
        reports = shipped_reports(number)
        outcome = await label_reports_async(reports, engine, method, output, progress)
        if not outcome.complete:
            raise KeyboardInterrupt
        labels = read_labels(output.output_dir)
    return compare(labels, read_labels(shipped_data() / "annotations.csv"), outcome)


def shipped_reports(number: int) -> ReportSource:
    """Some of the shipped reports; the same ones each time, and fewer are a part of more."""
    paths = sorted((shipped_data() / "reports").glob("*.txt"))
    return from_files(sorted(Random(SEED).sample(paths, len(paths))[:number]))  # noqa: S311


def compare(labels: pd.DataFrame, annotated: pd.DataFrame, outcome: Outcome) -> ReportScores:
    """Score labels against annotations, where both have the report, the organ and the type."""
    whole = grid_of(labels)
    try:
        said, truth, _ = shared_parts(whole, grid_of(annotated))
    except InputError:  # a pack of which neither organs nor types are annotated
        said = truth = whole.part(range(len(whole.ids)), (), ())
    found, real = is_positive(said.certainties), is_positive(truth.certainties)
    scored = [place for place, name in enumerate(said.finding_types) if name in SCORED]
    rated = (said.urgencies >= 0) & (truth.urgencies >= 0)
    levels = (truth.urgencies[rated].tolist(), said.urgencies[rated].tolist())
    codes = Counter(truth.certainties.ravel().tolist())
    return ReportScores(
        reports=len(said.ids),
        cells=said.certainties.size,
        right=int((said.certainties == truth.certainties).sum()),
        failed=int((said.certainties == MISSING).sum()),
        majority=max(codes.values(), default=0),
        f1=f1_of(found, real),
        f1_scored=f1_of(found[..., scored], real[..., scored]),
        findings=int(rated.sum()),
        tau_b=tau_b(list(zip(*levels, strict=True))),
        seconds=outcome.seconds,
        usage=outcome.tally.usage,
    )
