"""The steps of the chain that a run can take in more than one way, and which way it takes."""

from dataclasses import dataclass

from leavs.method.options import Ways
from leavs.method.steps.certainty import ASSESSMENTS, CertaintyAssessment
from leavs.method.steps.filtration import FILTERS, SentenceFilter


@dataclass(frozen=True, slots=True)
class Steps:
    """How the chain finds evidence, and how it comes to a certainty."""

    filter_sentences: SentenceFilter
    assess_certainty: CertaintyAssessment


def chosen_steps(ways: Ways) -> Steps:
    """Return the steps that a run takes."""
    return Steps(FILTERS[ways.filtration], ASSESSMENTS[ways.certainty])
