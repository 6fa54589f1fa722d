"""The file of a calibration: read as it was written, and refused in one line where it is not."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from leavs.errors import InputError, UsageError
from leavs.tables.calibration_file import read_calibration, refuse_to_overwrite, write_calibration
from small_calibration import CALIBRATION, rest

STRICTER = rest(0.995, 1000, 0.97, 0.1)


def test_a_file_gives_back_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    write_calibration(CALIBRATION, file)
    assert read_calibration(file) == CALIBRATION
    assert file.stat().st_mode & 0o777 == 0o600


def damaged(written: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The values of a file with others at "a/b/0/c"."""
    for path, value in changes.items():
        at: Any = written
        *above, last = path.split("/")
        for key in above:
            at = at[int(key) if key.isdigit() else key]
        if isinstance(at, list) and int(last) == len(at):
            at.append(None)
        at[int(last) if isinstance(at, list) else last] = value
    return written


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"kind": "something"}, "is no calibration; make one with"),
        ({"version": 1}, "has version 1, and this leavs reads 2"),
        ({"curves": []}, "is damaged"),
        ({"identity": None}, "is damaged"),
        ({"rests": {}}, "is damaged"),
        ({"curves/focal/method": "magic"}, "is damaged"),
        ({"curves/focal/points": [{}]}, "is damaged"),
        ({"curves/focal/points/0/calibrated": 1.5}, "is damaged"),
        ({"curves/focal/points/0/probability": "x"}, "is damaged"),
        ({"curves/focal/points/0/probability": 0.4}, "is damaged"),  # not in order
        ({"rests/findings/0/cells": 0}, "is damaged"),
        ({"rests/findings/0/right": 9999}, "is damaged"),
        ({"rests/findings/0/bound": None}, "is damaged"),
        ({"rests/findings/0/more": 1}, "is damaged"),
        ({"rests/findings/0/reports": 901}, "is damaged"),
        ({"rests/findings/0/reports": 0}, "is damaged"),
        ({"rests/findings/0/cells": 900.5}, "is damaged"),
        ({"rests/findings/0/threshold": float("inf")}, "is damaged"),
        ({"rests/findings/1": asdict(STRICTER)}, "is damaged"),  # not in order
        ({"reports": float("inf")}, "is damaged"),
        ({"reports": 20.5}, "is damaged"),
        ({"annotators": -1}, "is damaged"),
        ({"curves/focal/cells": -180}, "is damaged"),
        ({"curves/focal/positives": 181}, "is damaged"),
        ({"curves/focal/points": []}, "is damaged"),  # an isotonic curve of none
        ({"curves/focal/points/2/calibrated": 0.01}, "is damaged"),  # it falls
        ({"curves/focal/points/0/low": 0.03}, "is damaged"),  # above the curve
        ({"curves/focal/brier_score/before": 10**400}, "is damaged"),
        ({"curves/focal/annotated_as": 3}, "is damaged"),
        ({"identity": []}, "is damaged"),
        ({"identity/finding_types": ["focal", "absent", "diffuse"]}, "is damaged"),
    ],
)
def test_a_bad_file_is_told_in_one_line(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    file = tmp_path / "bad.json"
    write_calibration(CALIBRATION, file)
    file.write_text(json.dumps(damaged(json.loads(file.read_text()), changes)))
    with pytest.raises(InputError, match=complaint) as caught:
        read_calibration(file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "does not exist"),
        ("{", "cannot be read"),
        ("[]", "is no calibration"),
        ("[" * 100_000, "is damaged"),
    ],
)
def test_a_file_of_another_kind_is_refused(
    tmp_path: Path, text: str | None, complaint: str
) -> None:
    file = tmp_path / "other.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InputError, match=complaint):
        read_calibration(file)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "{}", '{"kind": 1}', "[" * 100_000])
def test_no_other_file_is_overwritten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_text(text)
    with pytest.raises(UsageError, match="is there and no calibration; name another file"):
        write_calibration(CALIBRATION, file)
    assert file.read_text() == text


def test_an_older_calibration_is_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    file.write_text('{"kind": "leavs calibration", "version": 1}')
    write_calibration(CALIBRATION, file)
    assert read_calibration(file) == CALIBRATION


@pytest.mark.parametrize("output", [".", "", "..", "x" * 300])
def test_what_can_be_no_file_is_refused(output: str) -> None:
    with pytest.raises(UsageError, match="name another"):
        refuse_to_overwrite(Path(output))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_calibration(CALIBRATION, tmp_path / "nowhere" / "c.json")
