"""How many examples hypothesis tries: few by default, many where `make soak` says so."""

import os
from typing import Any

from hypothesis import settings

TIMES = int(os.environ.get("FUZZING", "1"))


def examples(number: int = 50, **more: Any) -> settings:
    """Try so many examples, each for as long as it takes; FUZZING=40 makes it 40 times as many."""
    return settings(max_examples=number * TIMES, deadline=None, **more)
