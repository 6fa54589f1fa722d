"""Calibration of an exam's choices, with the extra and without it."""

import re
import sys
from collections.abc import Sequence

import pytest

from leavs.domain import Step
from leavs.exam.calibration import calibration_of
from leavs.exam.items import Item
from leavs.exam.questions import THOROUGH, Answered, Belief
from leavs.method.ontology import Organ

ITEM = Item(
    *("u", Step.URGENCY, "hedges", Organ("liver", "it"), "it is"),
    answer=frozenset({"1"}),
    offered=("0", "1"),
)


def answered(beliefs: Sequence[Belief]) -> list[Answered]:
    return [Answered(ITEM, ITEM.answer, beliefs=(one,)) for one in beliefs]


def test_each_kind_of_choice_has_its_own() -> None:
    beliefs = [Belief(THOROUGH, 0.75, right) for right in (True, True, True, False)]
    beliefs += [Belief(Step.URGENCY, 0.9, False), Belief(Step.URGENCY, 1.0 + 1e-12, True)]
    found, why_not = calibration_of(answered(beliefs))
    assert why_not == ""
    assert list(found) == [THOROUGH, "urgency"]
    assert (found[THOROUGH].choices, found[THOROUGH].error) == (4, pytest.approx(0))
    assert found[THOROUGH].brier == pytest.approx((3 * 0.25**2 + 0.75**2) / 4)
    assert found["urgency"].brier == pytest.approx(0.9**2 / 2)


def test_without_probabilities_a_note_says_so() -> None:
    found, why_not = calibration_of([Answered(ITEM, ITEM.answer)])
    assert (found, why_not) == ({}, "calibration: the engine gives no probabilities of choices")


def test_without_the_extra_a_note_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import leavs.evaluation

    monkeypatch.setattr(leavs, "evaluation", leavs.evaluation)  # put back what is loaded now
    for name in [name for name in sys.modules if name.startswith("leavs.evaluation")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("sklearn.calibration", "sklearn.metrics"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    found, why_not = calibration_of(answered([Belief(Step.URGENCY, 0.9, True)]))
    assert found == {}
    assert re.fullmatch(r"calibration needs sklearn\S*: pip install 'leavs\[evaluate\]'", why_not)
