"""Agreement between annotators, against values worked out by hand."""

import numpy as np
import pytest

from leavs.evaluation.agreement import agreement
from leavs.evaluation.items import View
from leavs.tables.merging import NO_URGENCY

# by annotator, of ten reports; None: not read
SAID = {
    "a": [1, 1, 1, 1, 0, 0, 0, 0, 0, 0],
    "b": [1, 1, 1, 0, 1, 0, 0, 0, 0, 0],
    "c": [1, 1, 1, 1, 0, 0, None, None, None, None],
}
# a and b agree in 8 of 10; by chance 0.4 * 0.4 + 0.6 * 0.6 = 0.52
KAPPA = (0.8 - 0.52) / (1 - 0.52)


def seen(said: dict[str, list[int | None]]) -> View:
    whole = np.array([list(one) for one in said.values()], float).T[:, :, None, None]
    positive = whole == 1
    urgencies = np.where(positive, 2, NO_URGENCY).astype(np.int8)
    urgencies[0] = 1  # in the first report, all of them
    joined = np.array([False])
    parts = (("liver",), ("focal",), tuple(said), joined)
    return View(*parts, ~np.isnan(whole), positive, urgencies, {})


def test_kappa_of_a_pair_and_what_it_stands_on() -> None:
    table = agreement(seen(SAID)).query("task == 'labels' and finding_type == ''")
    by_who = table.set_index("annotators")
    assert by_who.loc["a, b", "value"] == pytest.approx(KAPPA)
    assert by_who["items"].to_dict() == {"a, b": 10, "a, c": 6, "b, c": 6, "a, b, c": 10}
    assert by_who.loc["a, c", "value"] == 1


def test_alpha_of_two_by_its_definition() -> None:
    # twenty values, eight of them 1; four of twenty pairable values disagree
    expected = 1 - (4 / 20) / (2 * 8 * 12 / (20 * 19))
    table = agreement(seen({name: SAID[name] for name in "ab"}))
    [alpha] = table.query("task == 'labels' and finding_type == 'focal' and measure == 'alpha'")[
        "value"
    ]
    assert alpha == pytest.approx(expected)


def test_urgencies_are_compared_where_both_affirm() -> None:
    table = agreement(seen(SAID)).query("task == 'urgency' and finding_type == ''")
    assert table.set_index("annotators")["items"].to_dict() == {
        "a, b": 3,
        "a, c": 4,
        "b, c": 3,
        "a, b, c": 4,
    }
    assert set(table["measure"]) == {"weighted kappa", "alpha"}
    assert table["value"].tolist() == pytest.approx([1] * 4)


def test_what_is_not_defined_is_empty() -> None:
    alike = agreement(seen({"a": [0] * 4, "b": [0] * 4}))
    assert alike["value"].isna().all()
    alone = agreement(seen({"a": [0, 1]}))
    assert alone["value"].isna().all()
