"""Scores answers: shares with intervals, beside what chance and the commonest answer would get."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from leavs.domain import LEVELS_OF_ANSWERS, Step
from leavs.evaluation.metrics import kendall_tau_b
from leavs.exam.items import STEPS, TRAPS, Answer, Item, in_words
from leavs.exam.questions import Answered
from leavs.run.recorder import without_numbers

Z = 1.959964  # of 95 %
EVERY_STEP = "all"


@dataclass(frozen=True, slots=True)
class Score:
    """How many of some items were right.

    Args:
        unreadable: items without an answer that could be read; they are wrong.
        majority: of the items, how many the commonest answer of their step gets right.
        chance: the share that random answers get right, on average.
    """

    right: int
    asked: int
    unreadable: int = 0
    majority: int = 0
    chance: float = 0.0

    @property
    def share(self) -> float:
        """The share that was right, 0 to 1."""
        return self.right / self.asked

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share."""
        return wilson(self.right, self.asked)


def wilson(right: int, asked: int) -> tuple[float, float]:
    """Compute the 95 % interval of a share.

    Source: Wilson, Probable Inference, J. Am. Stat. Assoc. 22 (1927).
    """
    share, spread = right / asked, Z * Z / asked
    middle = share + spread / 2
    half = sqrt(share * (1 - share) * spread + spread * spread / 4)
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def commonest_answers(items: Iterable[Item]) -> dict[Step, Answer]:
    """Return the answer of each step that most items accept; of two alike, the first by name.

    It is a gold answer, with what may be named beside it or without.
    """
    parts: dict[Step, list[Item]] = defaultdict(list)
    for item in items:
        parts[item.step].append(item)
    return {step: _most_accepted(part) for step, part in parts.items()}


def _most_accepted(items: Sequence[Item]) -> Answer:
    answers = {named for item in items for named in (item.answer, item.answer | item.either)}
    counts = {answer: sum(item.accepts(answer) for item in items) for answer in answers}
    return min(counts, key=lambda answer: (-counts[answer], in_words(answer)))


def scores_by(
    answered: Sequence[Answered],
    commonest: Mapping[Step, Answer],
    name_of: Callable[[Item], str],
    order: Sequence[str] = (),
) -> dict[str, Score]:
    """Score the items of each name; in a given order, or by name.

    Args:
        commonest: the answer of each step that the majority gives.
        name_of: the name under which an item counts; "" if under none.
        order: the names that come first.
    """
    parts: dict[str, list[Answered]] = defaultdict(list)
    for one in answered:
        parts[name_of(one.item)].append(one)
    parts.pop("", None)
    places = {name: place for place, name in enumerate(order)}
    names = sorted(parts, key=lambda name: (places.get(name, len(places)), name))
    return {name: _score(parts[name], commonest) for name in names}


def _score(answered: Sequence[Answered], commonest: Mapping[Step, Answer]) -> Score:
    return Score(
        sum(one.right for one in answered),
        len(answered),
        sum(one.answer is None for one in answered),
        sum(one.item.accepts(commonest[one.item.step]) for one in answered),
        sum(one.item.chance for one in answered) / len(answered),
    )


def every_score(
    answered: Sequence[Answered], commonest: Mapping[Step, Answer]
) -> dict[str, dict[str, Score]]:
    """Score by step (all steps first), trap, finding type and organ.

    Args:
        commonest: the answer of each step that the majority gives.
    """
    by_step = scores_by(answered, commonest, lambda item: item.step, STEPS)
    return {
        "step": scores_by(answered, commonest, lambda _: EVERY_STEP) | by_step,
        "trap": scores_by(answered, commonest, lambda item: item.trap, TRAPS),
        "finding type": scores_by(answered, commonest, lambda item: item.finding_type.name),
        "organ": scores_by(answered, commonest, lambda item: item.organ.name),
    }


def unreadable_note(answered: Iterable[Answered]) -> str:
    """Say how many items have no answer, and the commonest reason; "" if all have one."""
    reasons = Counter(without_numbers(one.problem) for one in answered if one.answer is None)
    if not reasons:
        return ""
    [(reason, count)] = reasons.most_common(1)
    return f"no answer that can be read, by item: {reasons.total()}; the most, {count}: {reason}"


def urgency_tau_b(answered: Iterable[Answered]) -> float | None:
    """Compute Kendall's tau-b of the urgencies that could be read."""
    return tau_b(
        [
            (int(min(one.item.answer)), int(min(one.answer)))
            for one in answered
            if one.item.step is Step.URGENCY and one.answer is not None
        ]
    )


def tau_b(pairs: Sequence[tuple[int, int]]) -> float | None:
    """Compute Kendall's tau-b of urgencies (truth, answer); 0 if all of one kind are tied.

    Returns:
        -1 to 1; None for less than two pairs.
    """
    if len(pairs) < 2:
        return None
    counts = np.zeros((len(LEVELS_OF_ANSWERS), len(LEVELS_OF_ANSWERS)))
    for truth, answer in pairs:
        counts[truth, answer] += 1
    return float(kendall_tau_b(counts))
