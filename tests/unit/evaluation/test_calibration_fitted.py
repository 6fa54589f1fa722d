"""A calibration as a whole: what each finding type gets, and of which figures."""

from dataclasses import replace

import numpy as np
import pytest

from leavs.domain import Certainty, Label
from leavs.evaluation.calibration import cross_fitted_of_all, fit
from leavs.evaluation.cells import ReadCells
from leavs.evaluation.curves import folds_of
from leavs.evaluation.reliability import brier_score, expected_calibration_error
from leavs.tables.calibration import Fit, Method
from simulated_cells import simulated

MERGED = ("focal", "diffuse", "enlarged_atrophy")  # the types of the annotations
CELLS = replace(simulated(60, 2).cells, finding_types=MERGED)
FINDING_TYPES = ("normal", "focal", "diffuse", "enlarged", "atrophy")
PARTS = {"focal": ("focal",), "diffuse": ("diffuse",), "enlarged_atrophy": ("enlarged", "atrophy")}
ORGANS = ("liver",)
READ = ReadCells(CELLS, {"finding_types": FINDING_TYPES}, 2, ORGANS, PARTS, ())


def test_each_part_of_a_merged_type_gets_its_curve_and_others_none() -> None:
    curves = fit(READ, 200, 0).curves
    assert tuple(curves) == FINDING_TYPES
    assert curves["enlarged"] == curves["atrophy"]
    assert curves["atrophy"].annotated_as == "enlarged_atrophy"
    assert (curves["normal"].method, curves["normal"].note) == (Method.NONE, "not annotated")


def test_the_figures_are_those_before_and_of_reports_that_were_not_fitted() -> None:
    calibration = fit(READ, 200, 0)
    calibrated = cross_fitted_of_all(CELLS, folds_of(60, 0))
    for place, name in enumerate(MERGED):
        own = CELLS.finding_type == place
        truth, ends = CELLS.truth[own], (CELLS.probability[own], calibrated[own])
        errors = [expected_calibration_error(truth, one) for one in ends]
        briers = [brier_score(truth, one) for one in ends]
        curve = next(one for one in calibration.curves.values() if one.annotated_as == name)
        told = [curve.calibration_error.before, curve.calibration_error.after]
        assert told == pytest.approx(errors, abs=1e-9)
        assert [curve.brier_score.before, curve.brier_score.after] == pytest.approx(
            briers, abs=1e-9
        )


def test_a_type_with_few_findings_has_figures_before_alone() -> None:
    kept = (CELLS.finding_type != 0) | ~CELLS.truth
    calibration = fit(ReadCells(CELLS.of(kept), READ.identity, 2, ORGANS, PARTS, ()), 200, 0)
    curve = calibration.curves["focal"]
    assert (curve.method, curve.points, curve.positives) == (Method.NONE, (), 0)
    assert curve.calibration_error.before is not None
    assert curve.calibration_error == Fit(curve.calibration_error.before, None)
    assert curve.at(0.5) is None
    # and its cells are in no group; nor are those of the type that was annotated with another
    left = sum(rests[-1].cells for rests in calibration.rests.values())
    assert left == int((CELLS.finding_type == 1).sum())


def test_of_types_that_were_annotated_together_nothing_is_said() -> None:
    calibration = fit(READ, 200, 0)
    asked = Label(Certainty.PRESENT, 0.9, choices={"affirmed": 0.9, "denied": 0.1})
    told = {
        name: calibration.confidence("liver", name, asked) is not None for name in FINDING_TYPES
    }
    assert [name for name, is_told in told.items() if is_told] == ["focal", "diffuse"]
    assert calibration.curves["enlarged"].points
    left = sum(rests[-1].cells for rests in calibration.rests.values())
    assert left == int((CELLS.finding_type != 2).sum())


def test_a_seed_gives_the_same_calibration_again() -> None:
    assert fit(READ, 200, 3) == fit(READ, 200, 3)
    assert fit(READ, 200, 3).rests != fit(READ, 200, 4).rests
    assert np.array_equal(folds_of(60, 3), folds_of(60, 3))
