"""What a calibration says of a label, and which cells may be left unread."""

from dataclasses import replace
from pathlib import Path

import pytest

from leavs.domain import Certainty, Label
from leavs.errors import UsageError
from leavs.journal import manifest
from leavs.tables.calibration import (
    FINDING_ANSWERS,
    LEVEL,
    Group,
    Rest,
    finding_probability,
    refuse_other_run,
)
from leavs.tables.calibration_file import read_calibration_for, write_calibration
from small_calibration import CALIBRATION, CURVE, IDENTITY, NONE, rest


@pytest.mark.parametrize(
    ("probability", "calibrated"),
    [(0.0, 0.02), (0.2, 0.02), (0.4, 0.02), (0.65, 0.42), (0.9, 0.82), (1.0, 0.82)],
)
def test_a_curve_is_straight_between_its_points_and_flat_beyond(
    probability: float, calibrated: float
) -> None:
    assert CURVE.at(probability) == pytest.approx(calibrated)
    assert NONE.at(probability) is None


def test_the_answers_of_a_finding_are_those_of_1_and_minus_1() -> None:
    assert {"affirmed", "possible"} == FINDING_ANSWERS


@pytest.mark.parametrize(
    ("choices", "probability"),
    [
        ({"denied": 0.1, "possible": 0.2, "affirmed": 0.6, "prior": 0.1}, 0.8),
        ({"denied": 0.9, "not_mentioned": 0.1}, 0.0),  # the model did not pick the type
        ({"possible": 0.5, "affirmed": 0.5000001}, 1.0),
        ({}, None),
    ],
)
def test_the_probability_of_a_finding(choices: dict[str, float], probability: float | None) -> None:
    found = finding_probability(Label(Certainty.ABSENT, 0.9, choices=choices))
    assert found == (None if probability is None else pytest.approx(probability))


def label(certainty: Certainty | None, probability: float = 0.65) -> Label:
    return Label(certainty, 0.5, choices={"affirmed": probability, "denied": 1 - probability})


@pytest.mark.parametrize(
    ("finding_type", "certainty", "told"),
    [
        ("focal", Certainty.PRESENT, (Group.FINDINGS, 0.42)),
        ("focal", Certainty.UNSURE, (Group.FINDINGS, 0.42)),
        ("focal", Certainty.ABSENT, (Group.NO_FINDINGS, 0.58)),
        ("focal", Certainty.NOT_MENTIONED, (Group.NO_FINDINGS, 0.58)),
        ("focal", Certainty.AMBIGUOUS, (Group.NO_FINDINGS, 0.58)),
        ("focal", None, None),
        ("diffuse", Certainty.PRESENT, None),  # annotated only together with others
        ("absent", Certainty.PRESENT, None),
        ("other", Certainty.PRESENT, None),
    ],
)
def test_the_confidence_of_a_label(
    finding_type: str, certainty: Certainty | None, told: tuple[Group, float] | None
) -> None:
    curves = {**CALIBRATION.curves, "diffuse": CURVE}
    found = replace(CALIBRATION, curves=curves).confidence("liver", finding_type, label(certainty))
    assert (found is None) is (told is None)
    if found is not None and told is not None:
        assert found == (told[0], pytest.approx(told[1]))


def test_of_an_organ_that_readers_did_not_annotate_nothing_is_said() -> None:
    assert CALIBRATION.confidence("liver", "focal", label(Certainty.PRESENT)) is not None
    assert CALIBRATION.confidence("spleen", "focal", label(Certainty.PRESENT)) is None
    assert CALIBRATION.probability("spleen", "focal", label(Certainty.PRESENT)) is None


def test_without_probabilities_there_is_no_confidence() -> None:
    assert CALIBRATION.confidence("liver", "focal", Label(Certainty.ABSENT)) is None


STRICT, LOOSE = rest(0.99, 900, 0.97, 0.7), rest(0.9, 2000, 0.96, 0.4)
THRESHOLDS: dict[str, tuple[list[Rest], float, float | None]] = {
    "the loosest of a row that passes": ([STRICT, LOOSE, rest(0.8, 3000, 0.93, 0.0)], 0.95, 0.9),
    "only the strictest": ([STRICT, rest(0.9, 2000, 0.94, 0.4)], 0.95, 0.99),
    "none": ([rest(0.99, 900, 0.94, 0.7)], 0.95, None),
    "none at all": ([], 0.95, None),
    "behind one that failed, in the same sequence": (
        [rest(0.99, 900, 0.94, 0.95), rest(0.98, 1000, 0.96, 0.9)],
        0.95,
        None,
    ),
    "behind one that failed, but a sequence begins there": (
        [rest(0.99, 900, 0.94, 0.8), LOOSE],
        0.95,
        0.9,
    ),
    "too few to pass even if all were right": (
        [rest(0.999, 425, 0.91, 0.95), STRICT],  # of 85 reports
        0.95,
        0.99,
    ),
    "the bound may just be reached": ([STRICT], 0.97, 0.99),
}


@pytest.mark.parametrize("case", THRESHOLDS)
def test_the_threshold_of_a_precision(case: str) -> None:
    rests, precision, threshold = THRESHOLDS[case]
    told = replace(CALIBRATION, rests={Group.FINDINGS: tuple(rests)})
    assert told.threshold(Group.FINDINGS, precision) == threshold
    assert told.threshold(Group.NO_FINDINGS, precision) is None


def test_86_reports_are_the_fewest_that_can_promise_19_of_20() -> None:
    assert LEVEL ** (1 / 86) > 0.95 > LEVEL ** (1 / 85)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"model": "two"}, "model 'one' there, 'two' in the run"),
        ({"pack_sha256": "def"}, "pack_sha256 'abc' there, 'def' in the run"),
        ({"certainty": "mentioned"}, "certainty 'all' there, 'mentioned' in the run"),
        ({"thinking": "on"}, "thinking None there, 'on' in the run"),
        ({"url": "u" * 5000}, f"url None there, '{'u' * 58}… in the run"),
    ],
)
def test_a_calibration_for_another_kind_of_run_is_refused(
    tmp_path: Path, changes: dict[str, str], complaint: str
) -> None:
    manifest.claim_folder(tmp_path, {**IDENTITY, **changes}, [], has_results=False)
    with pytest.raises(UsageError, match=complaint) as caught:
        refuse_other_run(CALIBRATION, Path("c.json"), tmp_path)
    assert str(caught.value).startswith(f"c.json is not for {tmp_path}: ")
    assert "\n" not in str(caught.value)


def test_what_changes_no_probability_may_differ(tmp_path: Path) -> None:
    write_calibration(CALIBRATION, tmp_path / "c.json")
    other = {**IDENTITY, "organs": ["spleen"], "seed": 7, "preset": "lean"}
    manifest.claim_folder(tmp_path, other, [], has_results=False)
    assert read_calibration_for(tmp_path, tmp_path / "c.json") == CALIBRATION
