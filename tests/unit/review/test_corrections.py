"""What readers say is kept at once, survives what a kill leaves, and is put together strictly."""

import json
from pathlib import Path

import pytest

from leavs.errors import InputError, UsageError
from leavs.review.corrections import (
    ADJUDICATOR,
    NOT_MENTIONED,
    NOTHING,
    Cell,
    CellCodes,
    Change,
    CorrectionFile,
    Readings,
    decided,
    differing,
    read_all,
    read_readings,
)

CELL: Cell = ("a", "liver", "focal")
OTHER: Cell = ("a", "spleen", "focal")
LABEL, THERE, DENIED = CellCodes(1, 1), CellCodes(1, 3), CellCodes(0, -1)


def labels(_: Cell) -> CellCodes:
    return LABEL


def change(cell: Cell = CELL, after: CellCodes = THERE, before: CellCodes = LABEL) -> Change:
    return Change(*cell, before, after)


def accepted(report_id: str = "a") -> Change:
    return Change(report_id, "", "", before=False, after=True)


@pytest.mark.parametrize(
    ("codes", "valid"),
    [
        (CellCodes(1, 0), True),
        (CellCodes(-1, 3), True),
        (CellCodes(1, -1), True),
        (CellCodes(1, None), True),
        (CellCodes(0, -1), True),
        (CellCodes(-2, -1), True),
        (NOTHING, True),
        (CellCodes(0, 1), False),
        (CellCodes(-3, 0), False),
        (CellCodes(None, 1), False),
        (CellCodes(2, -1), False),
        (CellCodes(1, 4), False),
    ],
)
def test_which_codes_go_together(codes: CellCodes, valid: bool) -> None:
    assert codes.is_valid == valid


def test_a_change_is_in_the_file_when_it_counts(tmp_path: Path) -> None:
    file = CorrectionFile(tmp_path, "anna")
    file.add(change())
    line = json.loads(file.path.read_text())
    assert line["reader"] == "anna"
    assert (line["report_id"], line["organ"], line["finding_type"]) == CELL
    assert (line["before"], line["after"]) == (
        {"certainty": 1, "urgency": 1},
        {"certainty": 1, "urgency": 3},
    )
    assert line["time"].startswith("20")
    assert read_readings(file.path).codes == {CELL: THERE}
    assert file.path.stat().st_mode & 0o077 == 0


def test_undo_goes_back_step_by_step_and_is_kept(tmp_path: Path) -> None:
    file = CorrectionFile(tmp_path, "anna")
    file.add(change())
    file.add(change(after=DENIED, before=THERE))
    file.add(accepted())
    assert [file.undo() is not None for _ in range(2)] == [True, True]
    for readings in (file.readings, read_readings(file.path)):
        assert readings.codes == {CELL: THERE}
        assert readings.accepted == {"a": False}
    assert file.undo() is not None
    assert read_readings(file.path).codes == {}
    assert file.undo() is None
    assert len(file.path.read_text().splitlines()) == 6


@pytest.mark.parametrize("torn", ['{"report_id": "a", "org', "{", '{"report_id": "a"'])
def test_an_unfinished_line_is_no_change_and_swallows_none(tmp_path: Path, torn: str) -> None:
    file = CorrectionFile(tmp_path, "anna")
    file.add(change())
    file.close()
    with file.path.open("a") as end:
        end.write(torn)
    again = CorrectionFile(tmp_path, "anna")
    assert again.readings.codes == {CELL: THERE}
    again.add(change(OTHER))
    assert read_readings(again.path).codes == {CELL: THERE, OTHER: THERE}


@pytest.mark.parametrize("line", ["{}", "[1]", '{"report_id": "a"}', "no change}"])
def test_a_whole_line_that_is_no_change_is_named(tmp_path: Path, line: str) -> None:
    file = CorrectionFile(tmp_path, "anna")
    file.add(change())
    with file.path.open("a") as end:
        end.write(line + "\n")
    if line.endswith("}"):
        with pytest.raises(InputError, match="line 2 is no change"):
            read_readings(file.path)
    else:
        assert read_readings(file.path).codes == {CELL: THERE}


def test_a_reader_is_blind_or_not(tmp_path: Path) -> None:
    CorrectionFile(tmp_path, "anna", blind=True).add(change(before=NOTHING))
    assert CorrectionFile(tmp_path, "anna", blind=True).readings.blind
    with pytest.raises(UsageError, match="anna has read blind so far"):
        CorrectionFile(tmp_path, "anna")


@pytest.mark.parametrize("name", ["", "../x", "a b", ".hidden", "x" * 65, "ä"])
def test_a_reader_has_a_name_for_files(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="use letters, digits"):
        CorrectionFile(tmp_path, name)


def readings(name: str, *changes: Change, blind: bool = False) -> Readings:
    made = Readings(name, blind)
    for one in changes:
        made.apply(Change(*one.cell, one.before, one.after, blind=blind))
    return made


DIFFERING = [
    # both changed it: alike, and not
    ((readings("a", change()), readings("b", change())), []),
    ((readings("a", change()), readings("b", change(after=DENIED))), [CELL]),
    # one changed it, the other accepted what stood there, or has not read it
    ((readings("a", change()), readings("b", accepted())), [CELL]),
    ((readings("a", change()), readings("b", accepted("other"))), []),
    ((readings("a", change(after=LABEL)), readings("b", accepted())), []),
    # a blind reader says by accepting that all else is not mentioned
    (
        (readings("a", change(), blind=True), readings("b", accepted(), blind=True)),
        [CELL],
    ),
    (
        (
            readings("a", change(after=NOT_MENTIONED), blind=True),
            readings("b", accepted(), blind=True),
        ),
        [],
    ),
    # the adjudicator is no reader
    ((readings("a", change()), readings(ADJUDICATOR, change(after=DENIED))), []),
]


@pytest.mark.parametrize(("both", "cells"), DIFFERING)
def test_where_readers_differ(both: tuple[Readings, ...], cells: list[Cell]) -> None:
    assert list(differing(both, labels)) == cells


def test_what_counts_is_what_readers_agree_on_or_the_adjudicator_says(tmp_path: Path) -> None:
    one, other = readings("a", change(), change(OTHER)), readings("b", change(after=DENIED))
    with pytest.raises(UsageError, match="differ on 1 cells"):
        decided((one, other), labels)
    judge = readings(ADJUDICATOR, change(after=DENIED))
    assert decided((one, other, judge), labels) == {CELL: DENIED, OTHER: THERE}
    assert decided((one,), labels) == {CELL: THERE, OTHER: THERE}
    assert decided((readings("c", change(), blind=True),), labels) == {}


def test_all_readers_are_found_by_their_files(tmp_path: Path) -> None:
    for name in ("b", "a", ADJUDICATOR):
        CorrectionFile(tmp_path, name).add(change())
    assert [one.reader for one in read_all(tmp_path)] == ["a", ADJUDICATOR, "b"]
