"""Writes a calibration as JSON, and reads it back with all that can be wrong told in one line."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

from leavs.errors import InputError, UsageError
from leavs.system.private_files import written_whole
from leavs.tables.calibration import (
    Calibration,
    Curve,
    Fit,
    Group,
    Method,
    Point,
    Rest,
    refuse_other_run,
    shortened,
)

VERSION = 2  # 1 had bounds that took cells of one report for independent
KIND = "leavs calibration"


def write_calibration(calibration: Calibration, file: Path) -> None:
    """Write a calibration, readable for the owner alone.

    Raises:
        UsageError: the file cannot be written, or is there and no calibration.
    """
    refuse_to_overwrite(file)
    values = {"kind": KIND, "version": VERSION, **asdict(calibration)}
    try:
        with written_whole(file) as stream:
            json.dump(values, stream, indent=1, ensure_ascii=False, allow_nan=False)
            stream.write("\n")
    except OSError as error:
        raise _cannot_be_written(file, type(error).__name__) from error


def refuse_to_overwrite(file: Path) -> None:
    """Raise unless a calibration can be written there; it may only take the place of another.

    Raises:
        UsageError: the file is there and no calibration, or its folder cannot be written.
    """
    try:
        there, folder = file.exists(), file.resolve().parent
        can_be_written = folder.is_dir() and os.access(folder, os.W_OK)
    except (OSError, ValueError) as error:
        raise _cannot_be_written(file, type(error).__name__) from error
    if not can_be_written:
        raise _cannot_be_written(file, "its folder is missing, or nothing can be written there")
    if there and not _is_calibration(file):
        raise UsageError(f"--output {file} is there and no calibration; name another file")


def _cannot_be_written(file: Path, reason: str) -> UsageError:
    return UsageError(f"--output {file} cannot be written ({reason}); name another")


def _is_calibration(file: Path) -> bool:
    """Return whether a file says that it is a calibration, of any version."""
    try:
        values = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(values, dict) and values.get("kind") == KIND


def read_calibration(file: Path) -> Calibration:
    """Read a calibration.

    Raises:
        InputError: the file does not exist, cannot be read, or is no calibration of this version.
    """
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{file} does not exist; make it with: leavs calibrate") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read ({type(error).__name__})") from error
    except RecursionError as error:
        raise _damaged(file) from error
    if not isinstance(values, dict) or values.get("kind") != KIND:
        raise InputError(f"{file} is no calibration; make one with: leavs calibrate")
    if values.get("version") != VERSION:
        raise InputError(
            f"{file} has version {shortened(values.get('version'))}, and this leavs reads "
            f"{VERSION}; make it again with: leavs calibrate"
        )
    try:
        return _calibration(values)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise _damaged(file) from error


def _damaged(file: Path) -> InputError:
    return InputError(f"{file} is damaged; make it again with: leavs calibrate")


def read_calibration_for(run: Path, file: Path) -> Calibration:
    """Read a calibration, and see that it holds for a run.

    Raises:
        InputError: it cannot be read.
        RunFolderError: the folder holds no run.
        UsageError: it was made for a run of another kind.
    """
    calibration = read_calibration(file)
    refuse_other_run(calibration, file, run)
    return calibration


def _calibration(values: Mapping[str, Any]) -> Calibration:
    identity = values["identity"]
    curves = {str(name): _curve(one) for name, one in values["curves"].items()}
    _require(isinstance(identity, dict), set(curves) == set(identity["finding_types"]))
    rests = {group: tuple(map(_rest, values["rests"][group])) for group in Group}
    for left, right in chain.from_iterable(map(pairwise, rests.values())):
        _require(left.threshold > right.threshold, left.cells < right.cells)
        _require(left.right <= right.right, left.read >= right.read)
    return Calibration(
        identity,
        _count(values["reports"]),
        _count(values["annotators"]),
        _organs(values["organs"], identity),
        curves,
        rests,
    )


def _organs(values: Any, identity: Mapping[str, Any]) -> tuple[str, ...]:
    _require(isinstance(values, list), set(values) <= set(identity["organs"]))
    return tuple(values)


def _curve(values: Mapping[str, Any]) -> Curve:
    points = tuple(Point(**{name: _share(x) for name, x in p.items()}) for p in values["points"])
    for left, right in pairwise(points):
        _require(left.probability < right.probability, left.calibrated <= right.calibrated)
    _require(*(one.low <= one.calibrated <= one.high for one in points))
    fits = {
        name: Fit(**{key: None if x is None else _share(x) for key, x in values[name].items()})
        for name in ("calibration_error", "brier_score")
    }
    method = {"method": Method(values["method"]), "points": points}
    curve = Curve(**{**values, **fits, **method})
    most = _count(curve.cells)
    _require(_count(curve.positives) <= most, _count(curve.reports) <= most)
    _require(bool(points) is (curve.method is not Method.NONE))
    _require(*(isinstance(one, str) for one in (curve.annotated_as, curve.note)))
    return curve


def _rest(values: Mapping[str, Any]) -> Rest:
    open_ended = ("low", "high")
    shares = {
        name: None if name in open_ended and values[name] is None else _share(values[name])
        for name in ("threshold", "read", "bound", *open_ended)
    }
    rest = Rest(**{**values, **shares})
    _require(0 <= _count(rest.right) <= _count(rest.cells), 0 < rest.reports <= rest.cells)
    return rest


def _require(*facts: bool) -> None:
    if not all(facts):
        raise ValueError


def _count(value: Any) -> int:
    """Return a whole number of 0 or more."""
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _share(value: Any) -> float:
    """Return a number from 0 to 1."""
    if type(value) not in (int, float) or not 0 <= value <= 1:  # NaN is not, either
        raise ValueError
    return float(value)
