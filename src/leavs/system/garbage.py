"""Lets Python's garbage collector run less often while many small objects come and go.

Most objects of a run are freed as soon as nothing refers to them; the collector is needed for
circles alone. With its usual thresholds it looks at everything again and again, also at the million
objects of vllm and torch, which stay. Knows nothing of reports or models; imports nothing from
leavs.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 50_000  # between two collections of the young ones; Python's own number is 700


class _Blocks:
    """The open blocks of this process, and how it was before the first of them."""

    def __init__(self) -> None:
        self.open = 0
        self.thresholds = gc.get_threshold()
        self.froze = False

    def begin(self) -> None:
        if not self.open:
            self.thresholds = gc.get_threshold()
            self.froze = gc.get_freeze_count() == 0  # else the caller did, and undoes it itself
            if self.froze:
                gc.freeze()
            gc.set_threshold(NEW_OBJECTS, *self.thresholds[1:])
        self.open += 1

    def end(self) -> None:
        self.open -= 1
        if not self.open:
            gc.set_threshold(*self.thresholds)
            if self.froze:
                gc.unfreeze()


_BLOCKS = _Blocks()


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect rarely for the time of a `with` block, and what is there already not at all.

    Blocks of one process may overlap: the last one that ends puts everything back.
    """
    _BLOCKS.begin()
    try:
        yield
    finally:
        _BLOCKS.end()
