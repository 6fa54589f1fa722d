"""Writes what a paper needs of a run: a paragraph, two checklists, what was not done, a data card.

Everything comes from the run folder; nothing of it names a report, a path or a machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from leavs.domain import Certainty, Urgency
from leavs.publication.answers import TO_FILL_IN, answer, source_of
from leavs.publication.answers_of_runs import NOTHING_ASKED, OF_RUN
from leavs.publication.card import write_card
from leavs.publication.checklists import Checklist, fill_checklists
from leavs.publication.facts import Facts, read_facts
from leavs.publication.templates import render
from leavs.publication.words import CERTAINTIES, URGENCIES, listed, number_of


@dataclass(frozen=True, slots=True)
class Methods:
    """What can be published of how labels were made.

    Args:
        warnings: what every reader must know first.
        paragraph: for a methods section.
        not_done: sentences on what the run did not do.
        checklists: the items of reporting guidelines.
        labels: cells by the meaning of their label; urgencies likewise.
        failures: cells without a label, by step and reason.
        card: the README.md of a data set.
    """

    leavs: str
    warnings: Sequence[str]
    paragraph: str
    not_done: Sequence[str]
    checklists: Sequence[Checklist]
    labels: Mapping[str, int]
    urgencies: Mapping[str, int]
    failures: Sequence[tuple[str, str, int]]
    card: str

    def as_markdown(self) -> str:
        """Return a page in Markdown."""
        values = {name: getattr(self, name) for name in ("warnings", "paragraph", "not_done")}
        return render(
            "methods.md.jinja",
            **values,
            version=self.leavs,
            to_fill_in=TO_FILL_IN,
            labels=self.labels.items(),
            urgencies=self.urgencies.items(),
            causes=self.failures,
            checklists=self.checklists,
            card=self.card.rstrip("\n"),
        )

    def as_values(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)


def describe_methods(run: Path) -> Methods:
    """Describe how the labels of a run were made, for those who publish them.

    Args:
        run: a run folder, or one of merged labels.

    Raises:
        RunFolderError: the folder holds no run.
        InputError: its tables are not made yet, or cannot be read.
    """
    facts = read_facts(Path(run))
    return Methods(
        version("leavs"),
        warnings_of(facts),
        paragraph_of(facts),
        not_done(facts),
        fill_checklists(facts),
        {CERTAINTIES[code]: facts.certainties.get(code, 0) for code in (*Certainty, None)},
        {URGENCIES[code]: facts.urgencies.get(code, 0) for code in Urgency if code >= 0},
        causes_of(facts),
        card_of(facts),
    )


def card_of(facts: Facts, *, evidence: bool = True) -> str:
    """Return the card of the data set that `leavs convert --to dataset` makes of a run.

    Args:
        evidence: the sentences of evidence are in it.
    """
    return write_card(
        facts,
        evidence=evidence,
        warnings=warnings_of(facts),
        paragraph=paragraph_of(facts),
        not_done=not_done(facts),
        causes=causes_of(facts),
    )


def warnings_of(facts: Facts) -> list[str]:
    """Return what every reader must know first."""
    unfinished = f"The run is unfinished: {facts.unfinished}."
    stale = (
        "Readers have corrected labels, and labels-reviewed.csv does not have all of it; make it "
        "again with leavs export --reviewed."
    )
    review = facts.review
    is_stale = review.stale or (review.readers and review.corrected is None)
    return [*facts.warnings, *[unfinished] * bool(facts.unfinished), *[stale] * bool(is_stale)]


def causes_of(facts: Facts) -> list[tuple[str, str, int]]:
    """Return the failures by step and reason, the most frequent first."""
    ordered = sorted(facts.causes.items(), key=lambda one: (-one[1], one[0]))
    return [(step, cause, count) for (step, cause), count in ordered]


def not_done(facts: Facts) -> list[str]:
    """Return sentences on what the run did not do."""
    sentences = ["No model was trained, tuned or aligned by leavs."]
    if not facts.review.readers:
        sentences.append("No human checked or corrected a label in leavs review.")
    sentences.append(
        "Accuracy was not measured within the run; leavs evaluate scores labels against readers."
    )
    if facts.has_probabilities and not facts.calibrated:
        sentences.append("Probabilities were not calibrated.")
    if facts.merged is None:
        sentences.append("Reports were not labeled more than once, and no labels were merged.")
    sentences.append("Reports were not de-identified by leavs.")
    sentences.append("Cells without a label were not imputed.")
    return sentences


def paragraph_of(facts: Facts) -> str:
    """Return a paragraph for a methods section."""
    names = ("model", "commit", "quantization", "access", "hardware", "prompts", "technique")
    runs = [{name: OF_RUN[name](one) for name in (*names, "sampling")} for one in facts.labelings]
    code, knows_code = answer("code", facts)
    dates, knows_dates = answer("dates", facts)
    text = render(
        "paragraph.md.jinja",
        to_fill_in=TO_FILL_IN,
        nothing_asked=NOTHING_ASKED,
        reports=number_of(facts.reports, "radiology report"),
        organs=f"{number_of(len(facts.organs), 'organ')} ({listed(facts.organs)})",
        finding_types=f"{number_of(len(facts.finding_types), 'finding type')} "
        f"({listed(facts.finding_types)})",
        code=code if knows_code else "",
        dates=dates if knows_dates else "",
        runs=runs,
        is_dry=all(one["model"] == NOTHING_ASKED for one in runs),
        merged="" if facts.merged is None else answer("repeats", facts)[0],
        failures=answer("failures", facts)[0],
        probabilities=source_of(facts),
        checked=_checked(facts),
        unfinished=facts.unfinished,
    )
    return " ".join(text.split())


def _checked(facts: Facts) -> str:
    review = facts.review
    if not review.readers:
        return "No human checked the labels within this run."
    by = f"{number_of(review.readers, 'reader')} read or corrected labels in leavs review"
    if review.corrected is None or review.stale:
        return f"{by} [{TO_FILL_IN}: how many codes they changed]."
    return f"{by}; codes that they changed: {review.corrected:,}."
