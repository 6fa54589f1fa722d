"""The vote of several runs on one cell, worked out by hand."""

from collections.abc import Sequence

import pytest

from leavs.domain import (
    Certainty,
    Evidence,
    Failure,
    FoundBy,
    Label,
    OrganResult,
    Sentence,
    Step,
    Urgency,
)
from leavs.tables.votes import (
    NO_URGENCY,
    MergedCell,
    VotingRule,
    lacks_probabilities,
    merge_cell,
    merge_organ,
)

NAMES = {1: "affirmed", 0: "denied", -1: "possible", -2: "not_mentioned", -3: "prior"}
FAILED = Label(None, urgency=None, failure=Failure(Step.CERTAINTY, "no answer"))
LOST = Label(None, urgency=None, failure=Failure(Step.FILTRATION, "no list"))
UNASKED = Label(Certainty.NOT_MENTIONED)
MAJORITY, MEAN = VotingRule


def said(urgency: int | None = -1, /, **shares: float) -> Label:
    """The label of a run that gave its answers these probabilities."""
    codes = dict(zip(NAMES.values(), NAMES, strict=True)) | {"broad": -3}
    answer = max(shares, key=shares.__getitem__)
    failure = Failure(Step.URGENCY, "too long") if urgency is None else None
    return Label(
        Certainty(codes[answer]),
        sum(share for name, share in shares.items() if codes[name] == codes[answer]),
        None if urgency is None else Urgency(urgency),
        None if urgency is None or urgency < 0 else 0.5,
        failure,
        shares,
    )


def plain(*codes: int | None) -> list[Label | None]:
    """Labels without probabilities; None for a run that has not the report."""
    return [None if code is None else Label(Certainty(code), urgency=Urgency(0)) for code in codes]


@pytest.mark.parametrize(
    ("labels", "code", "agreement", "tied"),
    [
        (plain(1, 1, 0), 1, 2 / 3, ()),
        (plain(0, 1, 1), 1, 2 / 3, ()),
        (plain(-2, -2, -2), -2, 1, ()),
        (plain(0, 1), 0, 1 / 2, (0, 1)),
        (plain(1, 0), 1, 1 / 2, (0, 1)),
        (plain(0, 1, -1), 0, 1 / 3, (-1, 0, 1)),
        (plain(-3, 1, 0, 1, 0), 1, 2 / 5, (0, 1)),
        (plain(None, 0, 1, 1), 1, 2 / 3, ()),
        ([FAILED, *plain(0)], 0, 1, ()),
        ([said(affirmed=0.6), said(denied=0.9)], 0, 1 / 2, (0, 1)),
        ([said(affirmed=0.9), said(denied=0.6)], 1, 1 / 2, (0, 1)),
        ([said(affirmed=0.8), said(denied=0.8)], 1, 1 / 2, (0, 1)),
        ([said(affirmed=0.6), UNASKED], 1, 1 / 2, (-2, 1)),
        ([UNASKED, said(affirmed=0.6)], -2, 1 / 2, (-2, 1)),
        # 0.3 + 0.3 against 0.1 + 0.5: equal but for the rounding of binary numbers
        (
            [said(affirmed=0.3), said(denied=0.1), said(denied=0.5), said(affirmed=0.3)],
            1,
            1 / 2,
            (0, 1),
        ),
    ],
)
def test_the_majority(
    labels: Sequence[Label | None], code: int, agreement: float, tied: tuple[int, ...]
) -> None:
    cell = merge_cell(labels, MAJORITY)
    assert (cell.label.certainty, cell.tied) == (code, tied)
    assert cell.agreement == pytest.approx(agreement)


@pytest.mark.parametrize(
    ("labels", "code", "probability", "tied"),
    [
        # the sure one goes before the two that are not
        ([said(affirmed=0.55, denied=0.45)] * 2 + [said(denied=1.0)], 0, 1.9 / 3, ()),
        ([said(affirmed=0.9, denied=0.1), said(denied=0.6, affirmed=0.4)], 1, 0.65, ()),
        # both answers that stand for -3
        ([said(prior=0.35, broad=0.3, denied=0.35), said(denied=0.6, prior=0.4)], -3, 0.525, ()),
        # what none of the runs says
        ([said(affirmed=0.5, denied=0.45), said(possible=0.55, denied=0.45)], 0, 0.45, ()),
        # without a question, it is sure
        ([UNASKED, said(affirmed=0.9, not_mentioned=0.1)], -2, 0.55, ()),
        ([UNASKED, UNASKED], -2, None, ()),
        ([FAILED, said(affirmed=0.9)], 1, 0.9, ()),
        # as probable: the commonest, else the first
        ([said(denied=1.0), said(affirmed=1.0)], 0, 0.5, (0, 1)),
        ([said(affirmed=1.0), said(denied=1.0)], 1, 0.5, (0, 1)),
        (
            [
                said(denied=1.0),
                said(affirmed=0.6, denied=0.4),
                said(affirmed=0.9, denied=0.1),
            ],
            1,
            0.5,
            (0, 1),
        ),
        # all say the same, though the two answers for -3 together are more probable
        ([said(affirmed=0.4, prior=0.3, broad=0.3)] * 3, 1, 0.4, ()),
    ],
)
def test_the_mean_probability(
    labels: Sequence[Label], code: int, probability: float | None, tied: tuple[int, ...]
) -> None:
    cell = merge_cell(labels, MEAN)
    assert (cell.label.certainty, cell.tied) == (code, tied)
    assert cell.label.probability == (None if probability is None else pytest.approx(probability))


def test_the_probability_of_a_majority_is_the_mean_of_those_who_voted_for_it() -> None:
    labels = [said(affirmed=0.9), said(affirmed=0.6), said(denied=0.99), *plain(1)]
    assert merge_cell(labels, MAJORITY).label.probability == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("labels", "urgency", "tied", "outvoted"),
    [
        ([said(2, affirmed=1), said(2, affirmed=1), said(1, affirmed=1)], 2, (), 0),
        ([said(1, affirmed=1), said(3, affirmed=1)], 3, (1, 3), 0),
        ([said(1, affirmed=1), said(0, affirmed=1), said(2, possible=1)], 2, (0, 1, 2), 0),
        ([said(1, affirmed=1), said(None, affirmed=1), said(affirmed=1)], 1, (), 1),
        ([said(denied=1), said(denied=1), said(3, affirmed=1)], -1, (), 0),
        ([said(denied=1), said(denied=1), said(None, affirmed=1)], -1, (), 1),
    ],
)
def test_the_urgency(
    labels: Sequence[Label], urgency: int, tied: tuple[int, ...], outvoted: int
) -> None:
    cell = merge_cell(labels, MAJORITY)
    assert (cell.label.urgency, cell.tied_urgencies, cell.outvoted) == (urgency, tied, outvoted)
    assert cell.label.failure is None


def failed(cell: MergedCell) -> tuple[Certainty | None, Urgency | None, Failure | None, int]:
    return cell.label.certainty, cell.label.urgency, cell.label.failure, cell.outvoted


def test_what_failed_in_all_runs_has_their_reasons_each_once() -> None:
    assert failed(merge_cell([FAILED, FAILED, None], MAJORITY)) == (None, None, FAILED.failure, 0)
    both = Failure(Step.FILTRATION, "no list; no answer")
    assert failed(merge_cell([LOST, FAILED, LOST], MAJORITY)) == (None, None, both, 0)
    assert merge_cell([FAILED], MAJORITY).agreement is None


def test_an_urgency_that_no_run_gave_is_a_failure() -> None:
    labels = [said(None, affirmed=1), said(None, affirmed=1), FAILED]
    too_long = Failure(Step.URGENCY, "too long")
    assert failed(merge_cell(labels, MAJORITY)) == (1, None, too_long, 1)
    # none of them was asked for one
    unsaid = [
        said(denied=0.5, affirmed=0.45),
        said(not_mentioned=0.5, affirmed=0.45),
        said(prior=0.5, affirmed=0.45),
    ]
    assert failed(merge_cell(unsaid, MEAN)) == (1, None, Failure(Step.URGENCY, NO_URGENCY), 0)


@pytest.mark.parametrize("rule", VotingRule)
@pytest.mark.parametrize(
    "label",
    [
        FAILED,
        UNASKED,
        said(None, affirmed=0.7, denied=0.3),
        said(2, possible=0.1 + 0.2, denied=0.2, prior=0.2, broad=0.1),
        said(prior=1 / 3, broad=1 / 7, denied=0.2),
    ],
)
def test_copies_of_a_label_are_that_label(label: Label, rule: VotingRule) -> None:
    merged = merge_cell([label] * 3, rule).label
    assert merged == Label(
        label.certainty, label.probability, label.urgency, label.urgency_probability, label.failure
    )


def result(
    evidence: Sequence[Evidence] = (), mentioned: Sequence[str] = (), **labels: Label
) -> OrganResult:
    return OrganResult("r", "liver", labels, tuple(evidence), tuple(mentioned))


def found(start: int, by: FoundBy = FoundBy.FAST) -> Evidence:
    return Evidence(Sentence(start, start + 1, "x"), by)


def test_evidence_is_that_of_all_runs_in_the_order_of_the_report() -> None:
    runs = [
        result([found(3), found(7)], focal=UNASKED),
        None,
        result([found(1), found(3, FoundBy.THOROUGH)], focal=UNASKED),
    ]
    merged, _ = merge_organ(runs, ["focal"], MAJORITY)
    assert merged.evidence == (found(1), found(3), found(7))


@pytest.mark.parametrize(
    ("mentioned", "label", "expected"),
    [("yyn", UNASKED, True), ("ynn", UNASKED, False), ("yn", UNASKED, True), ("ynn", LOST, False)],
)
def test_a_type_is_mentioned_if_half_of_the_runs_say_so(
    mentioned: str, label: Label, expected: bool
) -> None:
    runs = [result(mentioned=["focal"] * (one == "y"), focal=label) for one in mentioned]
    assert ("focal" in merge_organ(runs, ["focal"], MAJORITY)[0].mentioned) is expected


def test_a_run_that_failed_does_not_say_whether_a_type_is_mentioned() -> None:
    runs = [result(mentioned=["focal"], focal=UNASKED), result(focal=LOST), result(focal=LOST)]
    assert merge_organ(runs, ["focal"], MAJORITY)[0].mentioned == ("focal",)


@pytest.mark.parametrize(
    ("one", "asks_of_all", "lacks"),
    [
        (result(focal=UNASKED), True, False),
        (result([found(1)], focal=UNASKED), False, False),
        (result([found(1)], focal=UNASKED), True, True),
        (result([found(1)], ["focal"], focal=UNASKED), False, True),
        (result([found(1)], ["focal"], focal=said(affirmed=0.9)), True, False),
        (result([found(1)], ["focal"], focal=Label(Certainty.ABSENT)), False, True),
        (result([found(1)], focal=FAILED), True, False),
    ],
)
def test_labels_without_probabilities_are_seen(
    one: OrganResult, asks_of_all: bool, lacks: bool
) -> None:
    assert lacks_probabilities(one, asks_of_all) is lacks
