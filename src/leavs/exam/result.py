"""An exam as JSON and as a table of items."""

import csv
import io
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from leavs.domain import Usage
from leavs.exam.examination import OURS, Exam, Sitting
from leavs.exam.items import in_words
from leavs.exam.questions import Answered
from leavs.exam.scores import Score, every_score, urgency_tau_b
from leavs.journal.serialization import total_usage

FILE = "exam.json"
FORMAT = 1

Record = Mapping[str, Any]

COLUMNS = (
    *("preset", "id", "step", "trap", "organ", "finding_type", "gold", "either", "answer"),
    *("right", "probability", "prompt_tokens", "generated_tokens", "unreadable"),
)


def as_record(exam: Exam) -> dict[str, Any]:
    """Return all of an exam as JSON values."""
    return {
        "format": FORMAT,
        "about": OURS,
        "session": dict(exam.session),
        "server": exam.server,
        "warnings": list(exam.warnings),
        "items_sha256": exam.items_sha256,
        "sittings": [_sitting(one) for one in exam.sittings],
        "notes": list(exam.notes),
    }


def _sitting(sitting: Sitting) -> dict[str, Any]:
    answered, reports = sitting.answered, sitting.reports
    return {
        "name": sitting.name,
        "ways": sitting.ways,
        "identity": dict(sitting.identity),
        "not_asked": sitting.not_asked,
        "seconds": round(sitting.seconds, 3),
        "usage": _usage(total_usage(one.usage for one in answered)),
        "scores": {
            kind: {name: _score(score) for name, score in scores.items()}
            for kind, scores in every_score(answered, sitting.commonest).items()
        },
        "commonest": {step: in_words(answer) for step, answer in sitting.commonest.items()},
        "urgency_tau_b": urgency_tau_b(answered),
        "calibration": {kind: asdict(one) for kind, one in sitting.calibration.items()},
        "reports": None if reports is None else {**asdict(reports), "usage": _usage(reports.usage)},
        "items": [_item(sitting.name, one) for one in answered],
    }


def _usage(usage: Mapping[str, Usage]) -> dict[str, dict[str, int]]:
    return {str(prompt): asdict(use) for prompt, use in sorted(usage.items())}


def _score(score: Score) -> dict[str, float]:
    low, high = score.interval
    return {**asdict(score), "share": score.share, "low": low, "high": high}


def _item(preset: str, answered: Answered) -> dict[str, Any]:
    item, total = answered.item, sum(answered.usage.values(), Usage())
    return {
        "preset": preset,
        "id": item.id,
        "step": item.step.value,
        "trap": item.trap,
        "organ": item.organ.name,
        "finding_type": item.finding_type.name,
        "gold": in_words(item.answer),
        "either": in_words(item.either) if item.either else "",
        "answer": None if answered.answer is None else in_words(answered.answer),
        "right": answered.right,
        "probability": answered.probability,
        "prompt_tokens": total.prompt_tokens,
        "generated_tokens": total.generated_tokens,
        "unreadable": answered.problem,
    }


def as_table(record: Record) -> str:
    """Return a CSV table with a row for each item and preset."""
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    rows.writeheader()
    for sitting in record["sittings"]:
        for item in sitting["items"]:
            rows.writerow({**item, "right": int(item["right"])})
    return text.getvalue()
