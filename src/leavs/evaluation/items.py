"""Builds the items to score: for each cell and report, the truth and the labeler's answer.

A cell is an organ and a merged finding type and, if humans are scored beside the labeler, an
annotator. With the protocol `leavs` the rules are those of the LEAVS paper (arXiv 2503.13330):
types are merged and then organs joined, for each annotator separately, then the annotators vote.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from leavs.domain import Certainty, Urgency
from leavs.evaluation.codes import Coded
from leavs.evaluation.protocol import Protocol
from leavs.tables.merging import (
    ABNORMALITY,
    MERGED,
    MISSING,
    NO_URGENCY,
    CodeArray,
    is_positive,
    join_certainties,
    joined_organs,
    merge_certainties,
    merge_urgencies,
)

Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int16]

LABELER = "labeler"  # the name of the evaluated labels
HUMANS = "annotators"  # the name under which humans are scored against the other annotators
NO_ITEM = -1
TRUTHS = 2  # negative, positive
NEGATIVE, POSITIVE, UNSURE, AMBIGUOUS, NO_LABEL = range(5)  # a labeler's answers
ANSWERS = {False: 2, True: 5}  # the number of possible answers, without and with abstentions
URGENCIES = len(Urgency) - 1  # 0 to 3
NO_URGENCY_SAID = URGENCIES  # the answer of a labeler that gave no urgency


class Variant(StrEnum):
    """The cells that are scored: nine organs and four types, nine organs, or seven organs."""

    TYPES = "types"
    ORGANS = "organs"
    JOINED_ORGANS = "joined-organs"


class Task(StrEnum):
    """What is scored."""

    LABELS = "labels"
    URGENCY = "urgency"


class Comparison(StrEnum):
    """What is the truth: the annotators' vote, or, beside humans, what the other annotators say."""

    VOTE = "vote"
    HUMANS = "humans"


@dataclass(frozen=True, slots=True)
class Cell:
    """An organ and a merged finding type; with an annotator, the truth is what the others say."""

    organ: str
    finding_type: str
    annotator: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One variant of the codes: R reports, A annotators, O organs, T types.

    Args:
        joined: O, whether the organ was joined from two.
        given: R x A x O x T, whether the annotator said anything of the finding.
        positive: R x A x O x T, whether the annotator affirmed it.
        urgencies: R x A x O x T; -1 where the annotator gave none.
        labelers: each labeler's certainties and urgencies, both R x O x T.
    """

    organs: tuple[str, ...]
    finding_types: tuple[str, ...]
    annotators: tuple[str, ...]
    joined: Bools
    given: Bools
    positive: Bools
    urgencies: CodeArray
    labelers: Mapping[str, tuple[CodeArray, CodeArray]]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All O x T cells, in the order of a flattened array."""
        return tuple(Cell(organ, name) for organ in self.organs for name in self.finding_types)


@dataclass(frozen=True, slots=True)
class Items:
    """The items to score: C cells, R reports.

    Args:
        truths: the number of values that the truth can have.
        answers: the number of values that a labeler's answer can have.
        coded: for each labeler, R x C numbers `truth * answers + answer`; NO_ITEM where nothing is
            scored. A human is scored against the other annotators, so each labeler carries its own
            truth in these numbers.
    """

    cells: tuple[Cell, ...]
    truths: int
    answers: int
    coded: Mapping[str, Integers]

    def only(self, kept: Bools) -> "Items":
        """Select some of the cells."""
        cells = tuple(cell for cell, keep in zip(self.cells, kept, strict=True) if keep)
        coded = {name: numbers[:, kept] for name, numbers in self.coded.items()}
        return replace(self, cells=cells, coded=coded)

    def counts(self, labeler: str) -> npt.NDArray[np.int64]:
        """Count a labeler's items by truth and answer: C x truths x answers."""
        numbers = self.coded[labeler]
        size = self.truths * self.answers
        report, cell = np.nonzero(numbers != NO_ITEM)
        flat = cell * size + numbers[report, cell]
        counted = np.bincount(flat, minlength=len(self.cells) * size)
        return counted.reshape(len(self.cells), self.truths, self.answers)


def view(
    annotated: Coded, labelers: Mapping[str, Coded], variant: Variant, protocol: Protocol
) -> View:
    """Bring codes of annotators and labelers into a variant's shape; all have the same reports."""
    certainties, urgencies = _in_variant(annotated, variant, protocol)
    parts = parts_of(annotated.organs, variant)
    given = certainties != MISSING
    if not protocol.abstentions:  # the paper counts an annotator's blank cells as negative
        given = np.broadcast_to(given.any(axis=(2, 3), keepdims=True), given.shape)
    given_by = {name: _in_variant(coded, variant, protocol) for name, coded in labelers.items()}
    return View(
        tuple(parts),
        tuple(MERGED) if variant is Variant.TYPES else (ABNORMALITY,),
        annotated.annotators,
        np.array([len(part) > 1 for part in parts.values()]),
        given,
        is_positive(certainties),
        urgencies,
        {name: (one[0][:, 0], one[1][:, 0]) for name, one in given_by.items()},
    )


def parts_of(organs: Sequence[str], variant: Variant) -> dict[str, tuple[str, ...]]:
    """Return a variant's organs with the parts of each; an organ that lacks a part is left out."""
    if variant is Variant.JOINED_ORGANS:
        return joined_organs(organs)
    return {organ: (organ,) for organ in organs}


def _in_variant(coded: Coded, variant: Variant, protocol: Protocol) -> tuple[CodeArray, CodeArray]:
    certainties, urgencies = coded.certainties, coded.urgencies
    if variant is Variant.TYPES:
        return certainties, urgencies
    certainties = merge_certainties(certainties)[..., None]
    urgencies = merge_urgencies(urgencies)[..., None]
    groups = [
        [coded.organs.index(part) for part in parts]
        for parts in parts_of(coded.organs, variant).values()
    ]
    # The paper joins by the largest number, by which a 0 would replace an abstention.
    join = merge_certainties if protocol.abstentions else join_certainties
    return (
        np.stack([join(certainties[:, :, one], axis=2) for one in groups], axis=2),
        np.stack([merge_urgencies(urgencies[:, :, one], axis=2) for one in groups], axis=2),
    )


def label_items(seen: View, protocol: Protocol) -> Items:
    """Return the items of every labeler against the annotators' majority; a tie is positive."""
    answers = ANSWERS[protocol.abstentions]
    voters, votes = seen.given.sum(axis=1), seen.positive.sum(axis=1)
    truth = np.where(voters > 0, 2 * votes >= voters, NO_ITEM)
    coded = {
        name: _joint(truth, _answers(certainties, protocol), answers)
        for name, (certainties, _) in seen.labelers.items()
    }
    return Items(seen.cells, TRUTHS, answers, coded)


def _answers(certainties: CodeArray, protocol: Protocol) -> Integers:
    if not protocol.abstentions:
        return is_positive(certainties).astype(np.int16)
    answers = np.full(certainties.shape, NEGATIVE, np.int16)
    for code, answer in (
        (Certainty.PRESENT, POSITIVE),
        (Certainty.UNSURE, UNSURE),
        (Certainty.AMBIGUOUS, AMBIGUOUS),
        (MISSING, NO_LABEL),
    ):
        answers[certainties == code] = answer
    return answers


def _joint(truth: npt.NDArray[np.integer], answers: Integers, size: int) -> Integers:
    """Encode truth and answer in one number, R x C."""
    joint = np.where(truth < 0, NO_ITEM, truth * size + answers)
    return joint.reshape(len(joint), -1).astype(np.int16)


def urgency_items(seen: View, protocol: Protocol) -> Items:
    """Return the items of every labeler against the annotators' mean urgency, if all are positive.

    The truth is the sum, which has the same order as the mean.
    """
    truth = np.where(_all_positive(seen), _sum_of_urgencies(seen, protocol), NO_ITEM)
    coded = {
        name: _joint(truth, _urgencies_said(urgencies), URGENCIES + 1)
        for name, (_, urgencies) in seen.labelers.items()
    }
    return Items(seen.cells, _sums(seen), URGENCIES + 1, coded)


def _all_positive(seen: View) -> Bools:
    everyone: Bools = seen.positive.sum(axis=1) == _most_annotators(seen)
    return everyone


def _most_annotators(seen: View) -> int:
    """Return the most annotators of any report; an item with fewer has no true urgency."""
    return int(seen.given.any(axis=(2, 3)).sum(axis=1).max(initial=0))


def _sums(seen: View) -> int:
    return (URGENCIES - 1) * _most_annotators(seen) + 1


def _sum_of_urgencies(seen: View, protocol: Protocol) -> npt.NDArray[np.int64]:
    """Sum the urgencies over annotators; the result is below 0 where there is no truth."""
    if not protocol.missing_urgency_is_none:
        none = (seen.positive & (seen.urgencies == NO_URGENCY)).any(axis=1)
        return np.where(none, NO_ITEM, np.where(seen.positive, seen.urgencies, 0).sum(axis=1))
    # In the paper a missing urgency is 0, but in the joined organs it stays -1.
    stays = seen.joined[None, None, :, None]
    filled = np.where((seen.urgencies == NO_URGENCY) & ~stays, 0, seen.urgencies)
    total: npt.NDArray[np.int64] = np.where(seen.positive, filled, 0).sum(axis=1)
    return total


def _urgencies_said(urgencies: CodeArray) -> Integers:
    return np.where(urgencies == NO_URGENCY, NO_URGENCY_SAID, urgencies).astype(np.int16)


def items_without_urgency(seen: View) -> int:
    """Count the items that all annotators affirm, but not all with an urgency."""
    none = (seen.positive & (seen.urgencies == NO_URGENCY)).any(axis=1)
    return int((_all_positive(seen) & none).sum())


def human_label_items(seen: View, protocol: Protocol, human: str) -> Items:
    """Return the items of each annotator and every labeler where the other annotators agree.

    Args:
        human: the name under which the annotators are scored.
    """
    answers = ANSWERS[protocol.abstentions]
    parts = []
    for place in range(len(seen.annotators)):
        others = np.arange(len(seen.annotators)) != place
        voters = seen.given[:, others].sum(axis=1)
        votes = seen.positive[:, others].sum(axis=1)
        agree = (voters > 1) & ((votes == 0) | (votes == voters)) & seen.given[:, place]
        truth = np.where(agree, votes > 0, NO_ITEM)
        own = seen.positive[:, place].astype(np.int16)
        coded = {human: _joint(truth, own, answers)}
        for name, (certainties, _) in seen.labelers.items():
            coded[name] = _joint(truth, _answers(certainties, protocol), answers)
        parts.append(coded)
    return _of_all_annotators(seen, parts, TRUTHS, answers)


def human_urgency_items(seen: View, human: str) -> Items:
    """Return the items of each annotator against the others, and of every labeler against all.

    Only items for which all annotators gave an urgency count.
    """
    given = (seen.urgencies != NO_URGENCY).sum(axis=1)
    everyone = (given == _most_annotators(seen)) & (given > 2)  # the others are two at least
    total = np.where(seen.urgencies == NO_URGENCY, 0, seen.urgencies).sum(axis=1)
    parts = []
    for place in range(len(seen.annotators)):
        own = seen.urgencies[:, place]
        asked = everyone & (own != NO_URGENCY)
        truth = np.where(asked, total - own, NO_ITEM)
        coded = {human: _joint(truth, _urgencies_said(own), URGENCIES + 1)}
        for name, (_, urgencies) in seen.labelers.items():
            truth = np.where(asked, total, NO_ITEM)
            coded[name] = _joint(truth, _urgencies_said(urgencies), URGENCIES + 1)
        parts.append(coded)
    return _of_all_annotators(seen, parts, _sums(seen), URGENCIES + 1)


def _of_all_annotators(
    seen: View, parts: Sequence[Mapping[str, Integers]], truths: int, answers: int
) -> Items:
    cells = tuple(
        replace(cell, annotator=annotator) for annotator in seen.annotators for cell in seen.cells
    )
    coded = {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}
    return Items(cells, truths, answers, coded)


def counting_cells(items: Items, task: Task, protocol: Protocol, labeler: str) -> Bools:
    """Return which cells have enough items to be scored, by the truth of one labeler or the humans.

    For labels, enough positives; for urgency, enough values other than the most common one (the
    smallest, if several are), among the items that this labeler answered.
    """
    counts = items.counts(labeler)
    if task is Task.LABELS:
        numbers = counts[:, 1].sum(axis=-1)
    else:
        values = counts[:, :, :NO_URGENCY_SAID].sum(axis=-1)
        numbers = values.sum(axis=-1) - values.max(axis=-1)
    enough: Bools = numbers >= protocol.least
    return enough
