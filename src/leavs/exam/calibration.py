"""How far the probabilities of the choices can be believed; needs the extra `evaluate`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from leavs.domain import Step
from leavs.errors import UsageError
from leavs.exam.questions import THOROUGH, Answered, Belief
from leavs.system.extras import needing

CHOICES = (THOROUGH, Step.CERTAINTY, Step.URGENCY)


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far the probabilities of one kind of choice can be believed.

    Args:
        choices: the number of choices with a probability.
        error: the expected calibration error, 0 to 1.
        brier: the mean squared distance between probability and truth, 0 to 1.
    """

    choices: int
    error: float
    brier: float


def calibration_of(answered: Iterable[Answered]) -> tuple[Mapping[str, Calibration], str]:
    """Compute the calibration of each kind of choice that has probabilities.

    Of thorough filtration only a "yes" is known with its probability.

    Returns:
        The calibration by kind, and why there is none ("" if there is).
    """
    beliefs = [belief for one in answered for belief in one.beliefs]
    if not beliefs:
        return {}, "calibration: the engine gives no probabilities of choices"
    try:
        with needing(
            "evaluate", "sklearn", "scipy", "matplotlib", "krippendorff", what="calibration"
        ):
            from leavs.evaluation import reliability  # noqa: F401
    except UsageError as error:
        return {}, str(error)
    kinds = {kind: [one for one in beliefs if one.step == kind] for kind in CHOICES}
    return {kind: _calibration(found) for kind, found in kinds.items() if found}, ""


def _calibration(beliefs: list[Belief]) -> Calibration:
    from leavs.evaluation.reliability import brier_score, expected_calibration_error

    right = [one.right for one in beliefs]
    probability = [min(1.0, one.probability) for one in beliefs]  # a sum may be a little above
    return Calibration(
        len(beliefs),
        expected_calibration_error(right, probability),
        brier_score(right, probability),
    )
