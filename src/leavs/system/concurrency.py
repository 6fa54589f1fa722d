"""Runs independent coroutines at once and takes their results in order; the first error stops all.

Knows nothing of reports or models; imports nothing from leavs.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def together(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run all coroutines and return their results, in their order.

    When one raises, the others are cancelled and its error is raised by itself, not in a group,
    because the callers' `except` clauses name plain errors.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
