"""Merges what several runs say of one organ in one report: the vote on each cell.

By majority, or by the mean of the probabilities of the codes. A code that all runs give stays by
either rule, so that copies of a run merge to that run. A failed cell does not vote. Knows nothing
of files.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import fsum
from typing import TypeVar

from leavs.domain import (
    CODES_OF_ANSWERS,
    Certainty,
    Evidence,
    Failure,
    Label,
    OrganResult,
    Step,
    Urgency,
)

Code = TypeVar("Code", Certainty, Urgency)

DIGITS = 9  # sums of probabilities that agree so far are equal; what follows is rounding
NO_URGENCY = "no run gave an urgency, and the merged label needs one"


class VotingRule(StrEnum):
    """How the labels of several runs become one."""

    MAJORITY = "majority"
    MEAN_PROBABILITY = "mean-probability"


@dataclass(frozen=True, slots=True)
class MergedCell:
    """The merged label of a cell, and how it came about.

    Args:
        votes: the code of each run in their order; None where a run has no label.
        tied: the codes between which the vote was tied, from the smallest; empty if it was not.
        tied_urgencies: likewise of the vote on the urgency.
        outvoted: the number of runs whose failure is not one of the merged cell.
    """

    label: Label
    votes: tuple[Certainty | None, ...]
    tied: tuple[Certainty, ...] = ()
    tied_urgencies: tuple[Urgency, ...] = ()
    outvoted: int = 0

    @property
    def agreement(self) -> float | None:
        """The share of the merged code among the runs with a label; None if there are none."""
        given = [code for code in self.votes if code is not None]
        return sum(code is self.label.certainty for code in given) / len(given) if given else None


@dataclass(frozen=True, slots=True)
class _Decision:
    """The code that won, its probability, and all codes that were tied for it."""

    code: Certainty
    probability: float | None
    tied: tuple[Certainty, ...]


def merge_organ(
    results: Sequence[OrganResult | None], finding_types: Sequence[str], rule: VotingRule
) -> tuple[OrganResult, tuple[MergedCell, ...]]:
    """Merge what the runs say of one organ in one report.

    A type counts as mentioned if at least half of the runs with a label say so. The evidence is
    that of all runs, each sentence once, as the first run found it.

    Args:
        results: of each run; None where a run has no record. One run at least has one.

    Returns:
        The merged result, and a cell for each finding type.
    """
    there = [one for one in results if one is not None]
    cells = {
        name: merge_cell([None if one is None else one.labels[name] for one in results], rule)
        for name in finding_types
    }
    merged = OrganResult(
        there[0].report_id,
        there[0].organ,
        {name: cell.label for name, cell in cells.items()},
        _evidence(there),
        tuple(name for name in finding_types if _is_mentioned(name, there)),
    )
    return merged, tuple(cells.values())


def merge_cell(labels: Sequence[Label | None], rule: VotingRule) -> MergedCell:
    """Merge the labels that the runs give one cell; None where a run has no record."""
    there = [label for label in labels if label is not None]
    voters = [label for label in there if label.certainty is not None]
    votes = tuple(None if label is None else label.certainty for label in labels)
    if not voters:
        return MergedCell(Label(None, urgency=None, failure=_joined(there)), votes)
    decision = _RULES[rule](voters)
    label, tied_urgencies, blamed = _with_urgency(decision, voters)
    outvoted = sum(one.failure is not None for one in there) - blamed
    return MergedCell(label, votes, decision.tied, tied_urgencies, outvoted)


def lacks_probabilities(result: OrganResult, asks_of_all: bool) -> bool:
    """Return whether a label that was asked for has no probabilities of its answers.

    Args:
        asks_of_all: whether the run asked for types that are not mentioned, too.
    """
    return any(
        label.certainty is not None
        and not label.choices
        and bool(result.evidence)
        and (asks_of_all or name in result.mentioned)
        for name, label in result.labels.items()
    )


# The two rules, given the labels of the runs that have one


def _by_majority(voters: Sequence[Label]) -> _Decision:
    """The commonest code; of several, the more probable one, else that of the first run."""
    codes = _codes(voters)
    counts = Counter(codes)
    tied = [code for code, count in counts.items() if count == max(counts.values())]
    sums = {
        code: _sum([one.probability for one in voters if one.certainty is code]) for code in tied
    }
    known = {code: value for code, value in sums.items() if value is not None}
    winner = max(tied, key=known.__getitem__) if len(known) == len(tied) else tied[0]
    probability = _mean([one.probability for one in voters if one.certainty is winner])
    return _Decision(winner, probability, _several(tied))


def _by_mean_probability(voters: Sequence[Label]) -> _Decision:
    """The code of the highest mean probability; of several, the commonest, else the first run's."""
    codes = _codes(voters)
    was_asked = any(label.choices for label in voters)
    if len(set(codes)) == 1 and not was_asked:  # as of most cells
        return _Decision(codes[0], None, ())
    shares = [_probabilities(label) for label in voters]
    candidates = codes[:1] if len(set(codes)) == 1 else Certainty
    means = {code: _mean([one.get(code, 0.0) for one in shares]) or 0.0 for code in candidates}
    highest = max(round(mean, DIGITS) for mean in means.values())
    tied = [code for code, mean in means.items() if round(mean, DIGITS) == highest]
    in_order = [code for code in dict.fromkeys([*codes, *tied]) if code in tied]
    winner = max(in_order, key=codes.count)
    return _Decision(winner, means[winner] if was_asked else None, _several(tied))


_RULES: Mapping[VotingRule, Callable[[Sequence[Label]], _Decision]] = {
    VotingRule.MAJORITY: _by_majority,
    VotingRule.MEAN_PROBABILITY: _by_mean_probability,
}


def _codes(voters: Sequence[Label]) -> list[Certainty]:
    return [label.certainty for label in voters if label.certainty is not None]


def _probabilities(label: Label) -> Mapping[Certainty, float]:
    """The probability of each code; a label that was not asked for is sure."""
    if not label.choices:
        return dict.fromkeys(_codes([label]), 1.0)
    sums: dict[Certainty, float] = {}
    for answer, probability in label.choices.items():
        code = CODES_OF_ANSWERS[answer]
        sums[code] = min(1.0, sums.get(code, 0.0) + probability)
    return sums


def _with_urgency(
    decision: _Decision, voters: Sequence[Label]
) -> tuple[Label, tuple[Urgency, ...], int]:
    """The label with its urgency, the urgencies that were tied, and whose failures it has."""
    label = Label(decision.code, decision.probability)
    if not decision.code.has_urgency:
        return label, (), 0
    given = [one for one in voters if one.urgency not in (None, Urgency.NOT_APPLICABLE)]
    if not given:
        blamed = [one for one in voters if one.failure is not None]
        failure = _joined(blamed) if blamed else Failure(Step.URGENCY, NO_URGENCY)
        failed = Label(decision.code, decision.probability, None, failure=failure)
        return failed, (), len(blamed)
    counts = Counter(one.urgency for one in given if one.urgency is not None)
    tied = [urgency for urgency, count in counts.items() if count == max(counts.values())]
    urgency = max(tied)
    probability = _mean([one.urgency_probability for one in given if one.urgency is urgency])
    return (
        Label(decision.code, decision.probability, urgency, probability),
        _several(tied),
        0,
    )


def _several(tied: Sequence[Code]) -> tuple[Code, ...]:
    """The codes from the smallest, if there are several; one alone is not tied."""
    return tuple(sorted(tied)) if len(tied) > 1 else ()


def _joined(labels: Sequence[Label]) -> Failure:
    """The failures of several runs as one: the first step, and each reason once."""
    failures = [label.failure for label in labels if label.failure is not None]
    reasons = dict.fromkeys(failure.reason for failure in failures)
    return Failure(failures[0].step, "; ".join(reasons))


def _sum(values: Sequence[float | None]) -> float | None:
    given = [value for value in values if value is not None]
    return round(fsum(given), DIGITS) if len(given) == len(values) else None


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean of the values that are given; equal ones stay what they are, to the last digit."""
    given = [value for value in values if value is not None]
    if not given or min(given) == max(given):
        return given[0] if given else None
    return fsum(given) / len(given)


def _evidence(results: Sequence[OrganResult]) -> tuple[Evidence, ...]:
    """The evidence of all runs in the order of the report, each place once."""
    by_place: dict[tuple[int, int], Evidence] = {}
    for result in results:
        for one in result.evidence:
            by_place.setdefault((one.sentence.start, one.sentence.end), one)
    return tuple(by_place[place] for place in sorted(by_place))


def _is_mentioned(name: str, results: Sequence[OrganResult]) -> bool:
    labeled = [one for one in results if one.labels[name].certainty is not None] or results
    return 2 * sum(name in one.mentioned for one in labeled) >= len(labeled)
