"""What is left of a run, in a form that can be sent away."""

import pickle
from pathlib import Path

from leavs import from_jsonl
from leavs.domain import Organ
from leavs.run.cluster.orders import Left, Orders

ORGANS = tuple(Organ(name, name) for name in ("spleen", "liver", "stomach"))


def test_what_is_left_is_kept_by_position_and_organ() -> None:
    left = Left(ORGANS)
    assert not left
    left.add(4, ["stomach", "spleen"])
    left.add(1, ["liver"])
    assert (list(left), len(left)) == ([1, 4], 2)
    assert [organ.name for organ in left.of(4)] == ["spleen", "stomach"]
    assert left.of(0) == left.of(5) == left.of(1000) == ()
    left.done(4)
    assert list(left) == [1]


def test_a_copy_does_not_change_with_the_first() -> None:
    left = Left(ORGANS)
    left.add(0, ["liver"])
    copy = pickle.loads(pickle.dumps(left.copy()))  # noqa: S301
    left.done(0)
    assert (list(left), list(copy)) == ([], [0])
    assert copy.of(0) == (ORGANS[1],)


def test_orders_are_the_reports_of_which_something_is_left(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    path.write_text('{"id":"a","text":"x"}\n{"id":"b","text":"y"}\n{"id":"c","text":""}\n')
    left = Left(ORGANS)
    left.add(1, ["liver"])
    left.add(2, ["liver"])  # it was readable when it was looked through
    orders = Orders(from_jsonl(path), left)
    for _ in range(2):
        assert [(one.report.id, one.organs) for one in orders] == [("b", (ORGANS[1],))]
