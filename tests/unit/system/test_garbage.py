"""Garbage is collected rarely for a time, and afterwards as before."""

import gc
import weakref
from collections.abc import Iterator
from contextlib import suppress

import pytest

from leavs.system.garbage import NEW_OBJECTS, rare_collections


@pytest.fixture
def thresholds() -> Iterator[tuple[int, int, int]]:
    """Other ones than Python's own, so that they cannot be right by chance."""
    before = gc.get_threshold()
    gc.set_threshold(701, 11, 12)
    yield (701, 11, 12)
    gc.set_threshold(*before)


@pytest.mark.parametrize("error", [None, ValueError("x"), KeyboardInterrupt()])
def test_the_thresholds_are_as_before_behind_the_block(
    thresholds: tuple[int, int, int], error: BaseException | None
) -> None:
    with suppress(ValueError, KeyboardInterrupt), rare_collections():
        assert gc.get_threshold() == (NEW_OBJECTS, 11, 12)
        assert gc.get_freeze_count() > 0
        if error is not None:
            raise error
    assert gc.get_threshold() == thresholds
    assert gc.get_freeze_count() == 0
    assert gc.isenabled()


class Circle:
    def __init__(self) -> None:
        self.itself = self


def test_what_was_there_is_not_looked_at_and_what_is_new_is() -> None:
    gc.collect()  # so that none is due in the next lines
    old = weakref.ref(Circle())
    with rare_collections():
        new = weakref.ref(Circle())
        gc.collect()
        assert old() is not None, "it was looked at"
        assert new() is None, "it was not collected"
    gc.collect()
    assert old() is None, "it was not given back"


def test_of_blocks_that_overlap_the_last_one_puts_everything_back(
    thresholds: tuple[int, int, int],
) -> None:
    first, second = rare_collections(), rare_collections()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() == (NEW_OBJECTS, 11, 12)
    second.__exit__(None, None, None)
    assert (gc.get_threshold(), gc.get_freeze_count()) == (thresholds, 0)


def test_what_the_caller_froze_stays_so(thresholds: tuple[int, int, int]) -> None:
    gc.freeze()
    with rare_collections():
        pass
    assert gc.get_freeze_count() > 0
    gc.unfreeze()
