"""Converts the result of one organ to the JSON values of a journal line, and back.

Knows nothing of files.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from leavs.domain import (
    Certainty,
    Evidence,
    Failure,
    FoundBy,
    Label,
    OrganResult,
    Sentence,
    Step,
    Thought,
    Urgency,
    Usage,
)


def failed_cells(record: Mapping[str, Any]) -> int:
    """Count the cells with a failure in an organ's record."""
    return sum("failure" in label for label in record["labels"].values())


def lowest_probability(record: Mapping[str, Any]) -> float | None:
    """Return the lowest probability of a certainty in an organ's record; None if it has none."""
    given = (label.get("probability") for label in record["labels"].values())
    return min((one for one in given if one is not None), default=None)


def result_to_json(result: OrganResult) -> dict[str, Any]:
    """Convert an organ's result to JSON values; `result_from_json` is the inverse."""
    return {
        "report_id": result.report_id,
        "organ": result.organ,
        "labels": {name: _label_to_json(label) for name, label in result.labels.items()},
        "evidence": [_evidence_to_json(one) for one in result.evidence],
        "mentioned": list(result.mentioned),
        "dropped_quotes": result.dropped_quotes,
        "list_cut": result.list_cut,
        "usage": {
            step: [getattr(use, name) for name in use.__slots__]
            for step, use in result.usage.items()
        },
        "reasoning": [[one.about, one.text, one.answer] for one in result.reasoning],
        "seconds": round(result.seconds, 3),
    }


def _label_to_json(label: Label) -> dict[str, Any]:
    """Convert a label, leaving out values at their default: most have no failure or urgency."""
    values: dict[str, Any] = {
        "certainty": None if label.certainty is None else int(label.certainty)
    }
    if label.probability is not None:
        values["probability"] = label.probability
    if label.urgency is not Urgency.NOT_APPLICABLE:
        values["urgency"] = None if label.urgency is None else int(label.urgency)
    if label.urgency_probability is not None:
        values["urgency_probability"] = label.urgency_probability
    if label.failure is not None:
        values["failure"] = {"step": label.failure.step.value, "reason": label.failure.reason}
    if label.choices:
        values["choices"] = dict(label.choices)
    return values


def _evidence_to_json(one: Evidence) -> dict[str, Any]:
    return {
        "start": one.sentence.start,
        "end": one.sentence.end,
        "text": one.sentence.text,
        "heading": one.sentence.heading,
        "is_heading": one.sentence.is_heading,
        "found_by": one.found_by.value,
        "probability": one.probability,
    }


def result_from_json(record: Mapping[str, Any]) -> OrganResult:
    """Return the organ's result that a record holds.

    Keys that leavs no longer writes (`left_out`, of the option --overflow) are ignored.
    """
    return OrganResult(
        record["report_id"],
        record["organ"],
        {name: _label_from_json(label) for name, label in record["labels"].items()},
        tuple(_evidence_from_json(one) for one in record["evidence"]),
        tuple(record["mentioned"]),
        record["dropped_quotes"],
        record["list_cut"],
        {step: Usage(*values) for step, values in record["usage"].items()},
        tuple(Thought(*values) for values in record["reasoning"]),
        record["seconds"],
    )


_PLAIN = {int(certainty): Label(certainty) for certainty in Certainty}


def _label_from_json(values: Mapping[str, Any]) -> Label:
    if len(values) == 1 and values["certainty"] is not None:
        return _PLAIN[values["certainty"]]  # most labels are; shared, for there are very many
    urgency, failure = values.get("urgency", int(Urgency.NOT_APPLICABLE)), values.get("failure")
    return Label(
        None if values["certainty"] is None else Certainty(values["certainty"]),
        values.get("probability"),
        None if urgency is None else Urgency(urgency),
        values.get("urgency_probability"),
        None if failure is None else Failure(Step(failure["step"]), failure["reason"]),
        values.get("choices", {}),
    )


def _evidence_from_json(values: Mapping[str, Any]) -> Evidence:
    sentence = Sentence(
        values["start"], values["end"], values["text"], values["heading"], values["is_heading"]
    )
    return Evidence(sentence, FoundBy(values["found_by"]), values["probability"])


def total_usage(results: Iterable[Mapping[str, Usage]]) -> dict[str, Usage]:
    """Sum the usage of many results, by prompt."""
    total: dict[str, Usage] = {}
    for usage in results:
        for step, use in usage.items():
            total[step] = total.get(step, Usage()) + use
    return total
