"""What the first tokens of a reply tell: the choice that is meant, and how probable each is."""

from math import inf, log

import pytest

from leavs.engines.replies import (
    completed_choice,
    probabilities_of_choices,
)

YES_NO = ("Yes", "No")
AB = ("A", "B")

TABLE = [
    # each token counts for the one choice that it begins
    (YES_NO, {"Yes": 0.75, "No": 0.25}, {"Yes": 0.75, "No": 0.25}),
    (YES_NO, {"Y": 0.125, "Ye": 0.125, "Yes": 0.25, "No": 0.5}, {"Yes": 0.5, "No": 0.5}),
    (YES_NO, {" Yes": 0.25, "Yes": 0.25, "\nNo": 0.5}, {"Yes": 0.5, "No": 0.5}),
    (AB, {"A": 1.0}, {"A": 1.0, "B": 0.0}),
    # what begins none, or several, counts for nothing, and the rest is normalised
    (YES_NO, {"Yes": 0.125, "No": 0.375, "Maybe": 0.5}, {"Yes": 0.25, "No": 0.75}),
    (YES_NO, {"Yes": 0.25, "yes": 0.25, "Yesterday": 0.25}, {"Yes": 1.0, "No": 0.0}),
    (YES_NO, {"No": 0.25, "Not": 0.5, "Yes": 0.25}, {"Yes": 0.5, "No": 0.5}),
    (("none", "no"), {"no": 0.5, "non": 0.25}, {"none": 1.0, "no": 0.0}),
    (("High", "Harm"), {"H": 0.5, "Hi": 0.375, "Ha": 0.125}, {"High": 0.75, "Harm": 0.25}),
    (AB, {"": 0.25, " ": 0.25, "\n": 0.25, "B": 0.25}, {"A": 0.0, "B": 1.0}),
    (AB, {"(A": 0.5, "B": 0.25, "(": 0.25}, {"A": 2 / 3, "B": 1 / 3}),
    # nothing that counts
    (AB, {}, {}),
    (AB, {"C": 0.5, "The": 0.5}, {}),
]


@pytest.mark.parametrize(("options", "tokens", "probabilities"), TABLE)
def test_probabilities_of_choices(
    options: tuple[str, ...], tokens: dict[str, float], probabilities: dict[str, float]
) -> None:
    logs = {token: log(value) for token, value in tokens.items()}
    assert probabilities_of_choices(options, logs.items()) == pytest.approx(probabilities)


@pytest.mark.parametrize(
    ("logs", "probabilities"),
    [
        ({"A": 0.0, "B": -inf}, {"A": 1.0, "B": 0.0}),
        ({"A": -inf, "B": -inf}, {}),
        ({"A": -9999.0, "B": 0.0}, {"A": 0.0, "B": 1.0}),
        ({"A": -9999.0}, {}),
    ],
)
def test_impossible_tokens_do_no_harm(
    logs: dict[str, float], probabilities: dict[str, float]
) -> None:
    assert probabilities_of_choices(AB, logs.items()) == probabilities


def test_tokens_of_the_same_text_count_together() -> None:
    logs = [("Yes", log(0.25)), ("Yes", log(0.25)), ("No", log(0.5))]
    assert probabilities_of_choices(YES_NO, logs) == pytest.approx({"Yes": 0.5, "No": 0.5})


def test_the_choices_keep_their_order() -> None:
    assert list(probabilities_of_choices("CAB", [("B", -1.0), ("A", -1.0)])) == ["C", "A", "B"]


@pytest.mark.parametrize(
    ("begun", "options", "completed"),
    [
        ("Y", YES_NO, ("Yes", False)),
        ("Ye", YES_NO, ("Yes", False)),
        ("Yes", YES_NO, ("Yes", False)),
        ("B", AB, ("B", False)),
        # what begins none of the choices, or several, stays cut and as it is
        ("", YES_NO, ("", True)),
        ("", ("A",), ("", True)),
        ("y", YES_NO, ("y", True)),
        (" Y", YES_NO, (" Y", True)),
        ("Yesterday", YES_NO, ("Yesterday", True)),
        ("The answer is Yes", YES_NO, ("The answer is Yes", True)),
        ("H", ("High", "Harm"), ("H", True)),
        ("Ha", ("High", "Harm"), ("Harm", False)),
    ],
)
def test_a_choice_that_was_cut_is_completed_where_it_is_clear(
    begun: str, options: tuple[str, ...], completed: tuple[str, bool]
) -> None:
    assert completed_choice(begun, True, options) == completed
    assert completed_choice(begun, False, options) == (begun, False), "it ended by itself"
