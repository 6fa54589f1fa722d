"""Scores of answers, beside what others compute."""

import random
from dataclasses import replace

import pytest
from scipy.stats import binomtest, kendalltau

from leavs.domain import Step
from leavs.exam.items import Item
from leavs.exam.questions import Answered
from leavs.exam.scores import (
    commonest_answers,
    every_score,
    tau_b,
    unreadable_note,
    urgency_tau_b,
    wilson,
)
from leavs.method.ontology import Organ

LIVER = Organ("liver", "it")
BASE = Item(
    "u", Step.URGENCY, "hedges", LIVER, "it is", frozenset({"1"}), ("0", "1", "2", "3"), frozenset()
)


MOST_SAY_0 = {Step.URGENCY: frozenset({"0"})}


def answered(gold: str, answer: str | None, **more: object) -> Answered:
    item = replace(BASE, answer=frozenset({gold}), **more)  # type: ignore[arg-type]
    return Answered(item, None if answer is None else frozenset({answer}))


@pytest.mark.parametrize(("right", "asked"), [(0, 5), (1, 1), (17, 20), (20, 20), (110, 220)])
def test_the_interval_is_wilsons(right: int, asked: int) -> None:
    theirs = binomtest(right, asked).proportion_ci(method="wilson")
    assert wilson(right, asked) == pytest.approx((theirs.low, theirs.high), abs=1e-6)
    assert 0 <= wilson(right, asked)[0] <= right / asked <= wilson(right, asked)[1] <= 1


@pytest.mark.parametrize("seed", range(5))
def test_tau_b_is_that_of_scipy(seed: int) -> None:
    chance = random.Random(seed)
    pairs = [(chance.randrange(4), chance.randrange(4)) for _ in range(40)]
    truth, answer = zip(*pairs, strict=True)
    assert tau_b(pairs) == pytest.approx(kendalltau(truth, answer).statistic)


@pytest.mark.parametrize(
    ("pairs", "tau"),
    [([], None), ([(1, 1)], None), ([(1, 1), (1, 2)], 0.0), ([(0, 1), (1, 2)], 1.0)],
)
def test_tau_b_of_few_and_of_ties(pairs: list[tuple[int, int]], tau: float | None) -> None:
    assert tau_b(pairs) == tau


def test_an_answer_that_cannot_be_read_is_wrong_and_has_no_urgency() -> None:
    several = [answered("0", "0"), answered("3", "3"), answered("2", None)]
    score = every_score(several, MOST_SAY_0)["step"]["urgency"]
    assert (score.right, score.asked, score.unreadable) == (2, 3, 1)
    assert urgency_tau_b(several) == 1.0


def test_the_majority_answer_is_that_of_the_step_in_every_trap() -> None:
    several = [
        answered("0", "1", id="a"),
        answered("0", "1", id="b"),
        answered("1", "1", id="c", trap="quality"),
    ]
    assert commonest_answers(one.item for one in several) == {Step.URGENCY: frozenset({"0"})}
    scores = every_score(several, MOST_SAY_0)
    assert {name: score.majority for name, score in scores["trap"].items()} == {
        "hedges": 2,
        "quality": 0,
    }
    assert scores["step"]["all"].chance == 0.25
    assert scores["finding type"] == {}
    assert list(scores["organ"]) == ["liver"]


def test_of_two_answers_as_common_the_first_by_name_is_taken() -> None:
    several = [answered("3", "1"), answered("2", "1")]
    assert commonest_answers(one.item for one in several)[Step.URGENCY] == {"2"}


def test_nothing_has_no_score() -> None:
    assert every_score([], {})["step"] == {}
    assert every_score([], {})["trap"] == {}
    assert unreadable_note([]) == ""


def test_the_majority_answer_is_what_most_items_accept() -> None:
    several = [
        replace(BASE, step=Step.FINDING_TYPES, answer=frozenset(answer), either=frozenset(either))
        for answer, either in (
            [("normal", "focal"), ("diffuse",)],
            [("normal",), ("focal",)],
            [("normal",), ("focal",)],
            [("absent",), ()],
            [("absent",), ()],
        )
    ]
    most = {"normal", "focal"}
    assert commonest_answers(several) == {Step.FINDING_TYPES: most}
    assert [item.accepts(frozenset(most)) for item in several] == [True] * 3 + [False] * 2


def test_of_the_reasons_without_an_answer_the_commonest_is_told_with_its_count() -> None:
    reasons = ["refused (400 tokens)", "refused (12 tokens)", "it is too hard", ""]
    several = [
        Answered(BASE, None if reason else BASE.answer, problem=reason) for reason in reasons
    ]
    assert unreadable_note(several) == (
        "no answer that can be read, by item: 3; the most, 2: refused"
    )
