"""Converts one organ's result to rows of the tables; each table's columns stand by its function.

The columns of the labels table are those of LEAVS (arXiv 2503.13330). A value that is not known
becomes an empty cell. Knows nothing of files.
"""

from collections.abc import Iterator, Sequence

from leavs.domain import OrganResult
from leavs.tables.columns import LABELS, URGENCY

Row = tuple[str | int | float | None, ...]

PROBABILITY_DIGITS = 4  # more digits would show the engine's rounding errors


def label_rows(
    result: OrganResult, finding_types: Sequence[str], report: str | None
) -> Iterator[Row]:
    """Yield the row of certainties and the row of urgencies.

    Args:
        report: the text for the report column, or None if there is no such column.
    """
    labels = [result.labels[name] for name in finding_types]
    key = (result.report_id, result.organ, *(() if report is None else (report,)))
    yield (*key, LABELS, *(_code(label.certainty) for label in labels))
    yield (*key, URGENCY, *(_code(label.urgency) for label in labels))


def detail_rows(result: OrganResult, finding_types: Sequence[str]) -> Iterator[Row]:
    """Yield one row for each finding type; sentences of evidence are separated by line breaks."""
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
    """Yield one row for each sentence of evidence, with its offsets into the report's text."""
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
    """Yield one row for each cell that failed to get its label or its urgency."""
    for name, label in result.labels.items():
        if label.failure is not None:
            step, reason = label.failure.step.value, label.failure.reason
            yield (result.report_id, result.organ, name, step, reason, None)


def _code(value: int | None) -> int | None:
    return None if value is None else int(value)


def _rounded(probability: float | None) -> float | None:
    return None if probability is None else round(probability, PROBABILITY_DIGITS)
