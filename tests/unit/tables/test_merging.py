"""Codes merge by priority, organs join by number, and what is missing is never made up."""

import numpy as np
import pytest

from leavs.tables.merging import (
    JOINED,
    MISSING,
    is_positive,
    join_certainties,
    joined_organs,
    merge_certainties,
    merge_urgencies,
)

M = MISSING


def codes(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int8)


@pytest.mark.parametrize(
    ("one", "other", "merged", "joined"),
    [
        (1, 1, 1, 1),
        (1, -1, 1, 1),
        (1, 0, 1, 1),
        (1, M, 1, 1),
        (-1, -3, -1, -1),
        (-1, 0, -1, 0),  # the number 0 is larger than -1
        (-1, M, -1, -1),
        (-3, -2, -3, -2),
        (-3, 0, -3, 0),
        (-3, M, -3, M),
        (-2, 0, -2, 0),
        (-2, M, M, M),
        (0, 0, 0, 0),
        (0, M, M, M),
        (M, M, M, M),
    ],
)
def test_two_codes_become_one(one: int, other: int, merged: int, joined: int) -> None:
    for pair in (codes(one, other), codes(other, one)):
        assert merge_certainties(pair) == merged
        assert join_certainties(pair) == joined


def test_the_highest_urgency_counts() -> None:
    assert merge_urgencies(codes(-1, 2, 0)) == 2
    assert merge_urgencies(codes(-1, -1)) == -1


def test_present_and_unsure_are_positive() -> None:
    positive = is_positive(codes(1, -1, 0, -2, -3, M))
    assert positive.tolist() == [True, True, False, False, False, False]


def test_merging_is_along_the_axis_asked_for() -> None:
    table = codes(1, 0, -2, -3).reshape(2, 2)
    assert merge_certainties(table).tolist() == [1, -3]
    assert merge_certainties(table, axis=0).tolist() == [1, -3]
    assert join_certainties(table, axis=0).tolist() == [1, 0]


def test_organs_of_two_parts_are_joined_where_both_are_there() -> None:
    organs = ["liver", "left kidney", "right kidney", "small bowel"]
    assert joined_organs(organs) == {"liver": ("liver",), "kidney": JOINED["kidney"]}
