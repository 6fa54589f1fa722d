"""One organ's result as rows of the tables; the columns stand beside the functions that fill them.

The columns of the labels table are those of LEAVS (arXiv 2503.13330). A value that is not known is
an empty cell. Knows nothing of files.
"""

from collections.abc import Iterator, Sequence

from leavs.domain import OrganResult
from leavs.tables.columns import LABELS, URGENCY

Row = tuple[str | int | float | None, ...]

PROBABILITY_DIGITS = 4  # more would be the noise of the engine's arithmetic


def label_rows(
    result: OrganResult, finding_types: Sequence[str], report: str | None
) -> Iterator[Row]:
    """The row of certainties and the row of urgencies.

    Args:
        report: the text for the report column, or None where there is no such column.
    """
    labels = [result.labels[name] for name in finding_types]
    key = (result.report_id, result.organ, *(() if report is None else (report,)))
    yield (*key, LABELS, *(_code(label.certainty) for label in labels))
    yield (*key, URGENCY, *(_code(label.urgency) for label in labels))


def detail_rows(result: OrganResult, finding_types: Sequence[str]) -> Iterator[Row]:
    """One row for each finding type; sentences of evidence are set apart by line breaks."""
    evidence = "\n".join(one.sentence.in_context for one in result.evidence)
    for name in finding_types:
        label = result.labels[name]
        yield (
            result.report_id,
            result.organ,
            name,
            _code(label.certainty),
            _rounded(label.probability),
            _code(label.urgency),
            _rounded(label.urgency_probability),
            int(name in result.mentioned),
            None if label.failure is None else label.failure.step.value,
            evidence,
        )


def sentence_rows(result: OrganResult) -> Iterator[Row]:
    """One row for each sentence of evidence, with its offsets into the report's text."""
    for one in result.evidence:
        yield (
            result.report_id,
            result.organ,
            one.sentence.start,
            one.sentence.end,
            one.found_by.value,
            _rounded(one.probability),
            one.sentence.heading,
            one.sentence.text,
        )


def failure_rows(result: OrganResult) -> Iterator[Row]:
    """One row for each cell that has no label, or no urgency where it should."""
    for name, label in result.labels.items():
        if label.failure is not None:
            step, reason = label.failure.step.value, label.failure.reason
            yield (result.report_id, result.organ, name, step, reason, None)


def _code(value: int | None) -> int | None:
    return None if value is None else int(value)


def _rounded(probability: float | None) -> float | None:
    return None if probability is None else round(probability, PROBABILITY_DIGITS)
