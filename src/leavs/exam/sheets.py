"""Lays out the results of exams as tables, the same on the screen and on the page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leavs.domain import Usage
from leavs.exam.result import Record
from leavs.exam.scores import EVERY_STEP

Row = tuple[str, ...]

NONE = "-"
SCORE_COLUMNS = ("", "preset", "right", "share", "95 %", "majority", "chance", "unreadable")
COST_COLUMNS = (
    *("preset", "", "seconds", "questions", "calls"),
    *("prompt", "cached", "generated"),
)
TITLES = {
    "step": "By step",
    "trap": "By trap",
    "finding type": "By finding type",
    "organ": "By organ",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a title, and a sentence on how to read it."""

    title: str
    columns: Row
    rows: Sequence[Row]
    note: str = ""


def every_sheet(record: Record, earlier: Sequence[Record] = ()) -> list[Sheet]:
    """Return all tables of an exam that have a row."""
    found = [
        side_by_side([record, *earlier]),
        *(score_sheet(record, kind) for kind in TITLES),
        pairs(record),
        report_sheet(record),
        calibration_sheet(record),
        cost_sheet(record),
    ]
    return [sheet for sheet in found if sheet.rows]


def on_screen(record: Record, earlier: Sequence[Record] = ()) -> list[Sheet]:
    """Return the tables that are printed; the page has them all."""
    found = [
        score_sheet(record, "step"),
        score_sheet(record, "trap"),
        pairs(record),
        report_sheet(record),
        calibration_sheet(record),
        cost_sheet(record),
        _turned(side_by_side([record, *earlier])),
    ]
    return [sheet for sheet in found if sheet.rows]


def _turned(sheet: Sheet) -> Sheet:
    """An exam a column, for a screen: there are fewer exams than figures of each."""
    columns = ("", *(f"{row[0]}\n{row[1]}" for row in sheet.rows))
    rows = [
        (name, *(row[place] for row in sheet.rows))
        for place, name in enumerate(sheet.columns)
        if place > 1
    ]
    return Sheet(sheet.title, columns, rows, sheet.note)


def side_by_side(records: Sequence[Record]) -> Sheet:
    """A row for each model and way of asking, of this exam and of earlier ones."""
    steps = ("filtration", "finding_types", "certainty", "urgency")
    columns = (
        *("model", "preset", "date", "items", EVERY_STEP, *steps, "tau-b"),
        *("unreadable", "reports", "cells right", "F1", "same items"),
    )
    rows = [
        _printable(_exam_row(one, sitting, steps, records[0]))
        for one, sitting in _sittings(records)
    ]
    note = (
        "The share of items that were right, of all and of each step; Kendall's tau-b of the "
        "urgencies; and of the reports, the cells that were right and the F1 of the six scored "
        "types. Compare rows of the same items and prompts, and of as many reports, only."
    )
    return Sheet("Exams side by side", columns, rows, note)


def _sittings(records: Sequence[Record]) -> Iterator[tuple[Record, Mapping[str, Any]]]:
    for record in records:
        for sitting in record["sittings"]:
            yield record, sitting


def _printable(row: Row) -> Row:
    """Without what a file of somebody else could do to a terminal or a page."""
    return tuple("".join(filter(str.isprintable, str(cell))) for cell in row)


def _exam_row(
    record: Record, sitting: Mapping[str, Any], steps: Sequence[str], first: Record
) -> Row:
    by_step, reports = sitting["scores"]["step"], sitting["reports"]
    every = by_step.get(EVERY_STEP)
    same = _asked(record, sitting) == _asked(first, first["sittings"][0])
    return (
        model_name(sitting),
        sitting["name"],
        str(record["session"]["started"])[:10],
        NONE if every is None else f"{every['asked']}",
        *(
            _number(by_step[name]["share"]) if name in by_step else NONE
            for name in (EVERY_STEP, *steps)
        ),
        _number(sitting["urgency_tau_b"]),
        NONE if every is None else f"{every['unreadable']}",
        NONE if reports is None else f"{reports['reports']}",
        NONE if reports is None else _share(reports, "right"),
        NONE if reports is None else _where_compared(reports, "f1_scored"),
        "yes" if same else "no",
    )


def _asked(record: Record, sitting: Mapping[str, Any]) -> tuple[object, ...]:
    wording = sitting["identity"].get("pack_sha256")
    return (record["items_sha256"], wording, sorted(item["id"] for item in sitting["items"]))


def model_name(sitting: Mapping[str, Any]) -> str:
    """The model of a sitting, or the engine if it has no name."""
    identity = sitting["identity"]
    return str(identity.get("model") or identity["engine"])


def score_sheet(record: Record, kind: str) -> Sheet:
    """Shares of one kind of name; each way of asking below the other."""
    shown = {name: None for one in record["sittings"] for name in one["scores"][kind]}
    rows = [
        _score_row(name, sitting["name"], score, unreadable=kind == "step")
        for name in shown
        for sitting in record["sittings"]
        if (score := sitting["scores"][kind].get(name)) is not None
    ]
    note = (
        "majority: the share that one gets right who always gives the commonest answer of the "
        f"step ({_majority(record)}); chance: who answers at random."
    )
    columns = SCORE_COLUMNS if kind == "step" else SCORE_COLUMNS[:-1]
    return Sheet(TITLES[kind], columns, rows, note if kind == "step" else "")


def _majority(record: Record) -> str:
    """The commonest answers; of each preset, where they differ."""
    said: dict[str, list[str]] = {}
    for sitting in record["sittings"]:
        answers = ", ".join(f"{step}: {answer}" for step, answer in sitting["commonest"].items())
        said.setdefault(answers, []).append(sitting["name"])
    if len(said) == 1:
        return next(iter(said))
    return "; ".join(f"{', '.join(names)}: {answers}" for answers, names in said.items())


def _score_row(name: str, preset: str, score: Mapping[str, Any], *, unreadable: bool) -> Row:
    row = (
        name,
        preset,
        f"{score['right']} of {score['asked']}",
        _number(score["share"]),
        f"{score['low']:.2f}–{score['high']:.2f}",
        _number(score["majority"] / score["asked"]),
        _number(score["chance"]),
    )
    return (*row, f"{score['unreadable']}") if unreadable else row


def pairs(record: Record) -> Sheet:
    """Ways of asking against each other, on the items that both asked."""
    first, *others = record["sittings"]
    one = {item["id"]: item["right"] for item in first["items"]}
    rows = []
    for sitting in others:
        two = {item["id"]: item["right"] for item in sitting["items"]}
        both = [(one[name], two[name]) for name in one.keys() & two.keys()]
        counts = (both.count(wanted) for wanted in PAIRS)
        rows.append((f"{first['name']} and {sitting['name']}", f"{len(both)}", *map(str, counts)))
    columns = ("presets", "items of both", "both right", "first alone", "second alone", "neither")
    return Sheet("Presets against each other", columns, rows)


PAIRS = ((True, True), (True, False), (False, True), (False, False))


def report_sheet(record: Record) -> Sheet:
    """The shipped reports from end to end."""
    columns = (
        *("preset", "reports", "cells", "right", "majority", "failed"),
        *("F1 six types", "F1 all types", "urgencies", "tau-b"),
    )
    rows = [
        (
            sitting["name"],
            f"{found['reports']}",
            f"{found['cells']}",
            _share(found, "right"),
            _share(found, "majority"),
            f"{found['failed']}",
            _where_compared(found, "f1_scored"),
            _where_compared(found, "f1"),
            f"{found['findings']}",
            _number(found["tau_b"]),
        )
        for sitting in record["sittings"]
        if (found := sitting["reports"]) is not None
    ]
    note = (
        "right: cells with the annotated certainty; majority: who always gives the commonest one; "
        "F1 of findings that are present or possible; tau-b of the urgencies that both give."
    )
    return Sheet("Reports from end to end", columns, rows, note)


def calibration_sheet(record: Record) -> Sheet:
    """How far the probabilities of the choices can be believed."""
    rows = [
        (sitting["name"], kind, f"{one['choices']}", _number(one["error"]), _number(one["brier"]))
        for sitting in record["sittings"]
        for kind, one in sitting["calibration"].items()
    ]
    note = (
        "The expected calibration error over ten bins, and the Brier score; of thorough filtration "
        "only a yes has its probability."
    )
    columns = ("preset", "", "choices", "calibration error", "Brier score")
    return Sheet("Calibration", columns, rows, note)


def cost_sheet(record: Record) -> Sheet:
    """Seconds and tokens, of the items and of the reports."""
    rows = []
    for sitting in record["sittings"]:
        rows.append(_cost(sitting["name"], "items", sitting))
        if sitting["reports"] is not None:
            rows.append(_cost(sitting["name"], "reports", sitting["reports"]))
    note = "Without loading the model. A later preset finds some prompts of an earlier one cached."
    return Sheet("Seconds and tokens", COST_COLUMNS, rows, note)


def _cost(name: str, what: str, found: Mapping[str, Any]) -> Row:
    use = sum((Usage(**one) for one in found["usage"].values()), Usage())
    numbers = (use.questions, use.calls, use.prompt_tokens, use.cached_tokens, use.generated_tokens)
    return (name, what, f"{found['seconds']:,.1f}", *(f"{number:,}" for number in numbers))


def _share(reports: Mapping[str, Any], count: str) -> str:
    cells = reports["cells"]
    return _number(reports[count] / cells) if cells else NONE


def _where_compared(reports: Mapping[str, Any], figure: str) -> str:
    return _number(reports[figure]) if reports["cells"] else NONE


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"
