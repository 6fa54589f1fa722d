"""The file of `leavs calibrate`: how often a probability was right, and what need not be read.

A model's probability that a finding is there becomes, along the curve of its finding type, the
probability that readers affirm it. `leavs export` and `leavs review` take the file; neither needs
scikit-learn. Knows nothing of how curves are fitted.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from leavs.domain import CODES_OF_ANSWERS, Label
from leavs.errors import UsageError
from leavs.journal import manifest

FINDING_ANSWERS = frozenset(one for one, code in CODES_OF_ANSWERS.items() if code.has_urgency)
NO_MATTER = frozenset({"organs", "preset", "seed", "max_model_len"})  # change no probability
STARTS = (0.0, 0.25, 0.5, 0.75)  # shares left unread at which a sequence of tests begins
BROKEN = 0.05  # the chance that a promise does not hold, over all sequences of a group
LEVEL = BROKEN / len(STARTS)  # of each sequence, and so of the bound of every test
LONGEST = 60  # characters of a value in a message


class Group(StrEnum):
    """The cells whose precision is promised together: labeled as findings (1, -1), or not."""

    FINDINGS = "findings"
    NO_FINDINGS = "no findings"


class Method(StrEnum):
    """How a curve was fitted; NONE where there is too little to fit one."""

    ISOTONIC = "isotonic"
    PLATT = "platt"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a curve.

    Args:
        probability: the model's, 0 to 1.
        calibrated: the share of such cells in which readers affirm the finding, 0 to 1.
        low, high: the 95 % band of `calibrated`.
    """

    probability: float
    calibrated: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Fit:
    """A figure of the model's probabilities, and of the calibrated ones of reports not fitted."""

    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """The curve of one finding type.

    Args:
        points: in order of the model's probability; none where the method is NONE.
        annotated_as: the name of the type in the annotations: its own, or that of a merged one.
        note: why there is no curve; else "".
    """

    method: Method
    points: tuple[Point, ...]
    reports: int
    cells: int
    positives: int
    calibration_error: Fit
    brier_score: Fit
    annotated_as: str
    note: str = ""

    def at(self, probability: float) -> float | None:
        """Return the calibrated probability, between two points of the curve; None if it has none.

        Args:
            probability: the model's, 0 to 1.
        """
        if not self.points:
            return None
        place = bisect_right(self.points, probability, key=lambda point: point.probability)
        if place in (0, len(self.points)):
            return self.points[min(place, len(self.points) - 1)].calibrated
        left, right = self.points[place - 1], self.points[place]
        share = (probability - left.probability) / (right.probability - left.probability)
        return left.calibrated + share * (right.calibrated - left.calibrated)


@dataclass(frozen=True, slots=True)
class Rest:
    """The cells of a group that are left once those of a confidence below a threshold are read.

    Args:
        threshold: the lowest confidence of the rest, 0 to 1.
        cells: how many are left.
        right: how many of these agree with the readers.
        reports: how many reports these are of; where some have more cells than others, the number
            of equal ones that tell as much (Kish, Survey Sampling, 1965).
        read: the share of the group that is read, 0 to 1.
        low, high: the 95 % interval of the share right; None without resamples.
        bound: the lower bound that a promise is held to (see `LEVEL`).
    """

    threshold: float
    cells: int
    right: int
    reports: float
    read: float
    low: float | None
    high: float | None
    bound: float

    @property
    def share_right(self) -> float:
        """The share of the rest that agrees with the readers."""
        return self.right / self.cells


@dataclass(frozen=True, slots=True)
class Calibration:
    """What `leavs calibrate` found of a run.

    Args:
        identity: what the run's labels depend on; the calibration holds for such runs alone.
        organs: those that readers annotated.
        curves: by finding type of the run.
        rests: by group, the strictest threshold first.
    """

    identity: Mapping[str, Any]
    reports: int
    annotators: int
    organs: tuple[str, ...]
    curves: Mapping[str, Curve]
    rests: Mapping[Group, tuple[Rest, ...]]

    def probability(self, organ: str, finding_type: str, label: Label) -> float | None:
        """Return the calibrated probability that readers affirm a finding.

        None where the type has no curve, or the cell no probability; also where readers did not
        annotate the organ, or the type only together with others, for then nobody knows how often
        it is affirmed.
        """
        probability, curve = finding_probability(label), self.curves.get(finding_type)
        if probability is None or curve is None or organ not in self.organs:
            return None
        return curve.at(probability) if curve.annotated_as == finding_type else None

    def confidence(self, organ: str, finding_type: str, label: Label) -> tuple[Group, float] | None:
        """Return a label's group, and the calibrated probability that the label is right.

        None where there is no label, or no calibrated probability.
        """
        probability = self.probability(organ, finding_type, label)
        if probability is None or label.certainty is None:
            return None
        if label.certainty.has_urgency:
            return Group.FINDINGS, probability
        return Group.NO_FINDINGS, 1 - probability

    def threshold(self, group: Group, precision: float) -> float | None:
        """Return the confidence from which on cells need not be read; None if all need to be.

        Thresholds are tested in fixed sequences, each from the strictest on until one fails; of
        those passed the one that leaves the most is taken. A group's promise is broken with a
        chance of `BROKEN` at most, over all sequences (Angelopoulos et al., Learn then Test, arXiv
        2110.01052).

        Args:
            precision: the share right that is wanted of the rest, between 0 and 1.
        """
        rests = self.rests.get(group, ())
        passed = [place for start in STARTS for place in _passed(rests, start, precision)]
        return rests[max(passed)].threshold if passed else None


def _passed(rests: Sequence[Rest], start: float, precision: float) -> list[int]:
    """Return the places of the rests that pass, from the first that leaves a share `start`."""
    passed = []
    for place, rest in enumerate(rests):
        too_few = LEVEL ** (1 / rest.reports) < precision  # it could not pass if all were right
        if 1 - rest.read < start or too_few:
            continue
        if rest.bound < precision:
            break
        passed.append(place)
    return passed


def finding_probability(label: Label) -> float | None:
    """Return the model's probability that a finding is there: affirmed or possible, together.

    A type that the model did not pick is asked without these two answers, which makes it 0. None
    where nothing was asked, or the engine gives no probabilities.
    """
    if not label.choices:
        return None
    return min(1.0, sum(label.choices.get(answer, 0.0) for answer in FINDING_ANSWERS))


def refuse_other_run(calibration: Calibration, file: Path, run: Path) -> None:
    """Raise if a run was made by another model, with other prompts, or asked in other ways.

    Args:
        file: where the calibration was read, for the message.

    Raises:
        RunFolderError: the folder holds no run.
        UsageError: the calibration is not for this run; it says what differs.
    """
    there, here = calibration.identity, manifest.read(run)["identity"]
    different = [
        f"{key} {shortened(there.get(key))} there, {shortened(here.get(key))} in the run"
        for key in sorted({*there, *here} - NO_MATTER)
        if there.get(key) != here.get(key)
    ]
    if different:
        raise UsageError(
            f"{file} is not for {run}: {'; '.join(different)}; calibrate a run of the same kind"
        )


def shortened(value: Any) -> str:
    """Return a value as it stands in a message: not more of it than a reader takes in."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
