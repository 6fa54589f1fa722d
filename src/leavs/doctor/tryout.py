"""Opens the chosen engine once: measures a sample of the reports, and asks items of the exam."""

import asyncio
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from leavs.doctor import rates
from leavs.doctor.findings import Finding, fine, problem, warning
from leavs.domain import Report
from leavs.engines.engine import Engine
from leavs.engines.models.choice import ChosenModel, open_engine
from leavs.engines.options import EngineOptions
from leavs.errors import LeavsError
from leavs.exam.examination import lacking_note, shipped_items
from leavs.exam.scores import EVERY_STEP, Score, every_score, wilson
from leavs.exam.sitting import Chosen, choose_items, take_items
from leavs.method.ontology import Organ
from leavs.method.options import MethodOptions
from leavs.method.pack import Pack


@dataclass(slots=True)
class Tried:
    """What the engine did; None where it was not asked.

    Args:
        score: the numbers of the exam.
    """

    measured: rates.Measured | Finding | None = None
    exam: Finding | None = None
    score: Mapping[str, float] = field(default_factory=dict)


def try_engine(
    engine: EngineOptions | Engine,
    chosen: ChosenModel,
    method: MethodOptions,
    pack: Pack,
    organs: Sequence[Organ],
    sample: Sequence[Report],
    items: int,
) -> Tried:
    """Measure a sample and ask items, in a private folder that is deleted afterwards.

    Args:
        sample: the reports to label; none are not measured.
        items: the number of items to ask; 0 for no exam.
    """
    tried, chosen_items, left_out = Tried(), None, 0
    if items:
        try:
            known, left_out = shipped_items(pack)
            names = [organ.name for organ in organs]
            chosen_items = choose_items(known, names, method.ways, items)
        except LeavsError as error:
            tried.exam = warning("exam", f"nothing: {error}")
    if not sample and chosen_items is None:
        return tried

    async def all_of_it(folder: Path) -> None:
        async with open_engine(engine, chosen, method.generation, folder) as opened:
            if sample:
                tried.measured = await rates.measure(sample, opened, method, folder / "sample")
            if chosen_items is not None:
                score = await _score(opened, pack, method, chosen_items)
                tried.exam, tried.score = exam_finding(score, left_out), asdict(score)

    with tempfile.TemporaryDirectory(prefix="leavs-doctor-") as name:
        try:
            asyncio.run(all_of_it(Path(name)), debug=False)
        except LeavsError as error:
            said = re.sub(r" \(more in [^)]*\)", "", str(error))  # that file will be deleted
            if sample and tried.measured is None:
                tried.measured = problem("measured", f"nothing: {said}")
            if chosen_items is not None:
                tried.exam = problem("exam", f"nothing: {said}")
    return tried


async def _score(engine: Engine, pack: Pack, method: MethodOptions, chosen: Chosen) -> Score:
    answered = await take_items(engine, pack, method, chosen.items)
    return every_score(answered, chosen.commonest)["step"][EVERY_STEP]


def exam_finding(score: Score, left_out: int = 0) -> Finding:
    """Judge an exam beside one who always gives the commonest answer and reads nothing.

    It is a warning where the score is not above the 95 % interval of what that one gets: then so
    few items do not tell the model from one that does not read, whether it does or not.

    Args:
        left_out: items that the pack cannot be asked.
    """
    says = f"{score.right} of {score.asked} right (majority answer {score.majority})"
    if score.unreadable:
        says += f", {score.unreadable} without an answer that can be read"
    if left_out:
        says += f"; {lacking_note(left_out)}"
    _, high = wilson(score.majority, score.asked)
    if score.right == score.asked or score.share > high:
        return fine("exam", says)
    return warning(
        "exam",
        f"{says}: so few items do not tell it from one who does not read",
        "ask more items (--exam), or look at the wrong answers with leavs exam",
    )
