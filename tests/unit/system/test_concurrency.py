"""Results in order, one plain error, and nobody left running."""

import asyncio

import pytest

from leavs.errors import AnswerError, EngineError
from leavs.system.concurrency import together


async def after(seconds: float, value: str) -> str:
    await asyncio.sleep(seconds)
    return value


async def fail(error: Exception) -> str:
    raise error


class Sleeper:
    """Sleeps until it is cancelled, and remembers it."""

    def __init__(self) -> None:
        self.cancelled = False

    async def sleep(self) -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return "slept"


def test_results_come_in_the_order_of_the_coroutines() -> None:
    delays = [("a", 0.02), ("b", 0.0), ("c", 0.01)]
    results = asyncio.run(together(after(seconds, value) for value, seconds in delays))
    assert results == ["a", "b", "c"]


def test_nothing_to_run_gives_nothing() -> None:
    assert asyncio.run(together([])) == []


def test_all_run_at_once() -> None:
    async def meet() -> list[int]:
        barrier = asyncio.Barrier(20)
        async with asyncio.timeout(5):
            return await together(barrier.wait() for _ in range(20))

    assert sorted(asyncio.run(meet())) == list(range(20))


@pytest.mark.parametrize("error", [AnswerError("one"), EngineError("two"), KeyError("a bug")])
def test_an_error_is_raised_plain_and_cancels_the_others(error: Exception) -> None:
    sleepers = [Sleeper(), Sleeper()]

    async def run() -> None:
        await together([sleepers[0].sleep(), after_all_began(error), sleepers[1].sleep()])

    with pytest.raises(type(error)) as raised:
        asyncio.run(run())
    assert raised.value is error
    assert all(sleeper.cancelled for sleeper in sleepers)


async def after_all_began(error: Exception) -> str:
    await asyncio.sleep(0)
    return await fail(error)


def test_of_several_errors_the_first_is_raised() -> None:
    with pytest.raises(AnswerError, match="first"):
        asyncio.run(together([fail(AnswerError("first")), fail(EngineError("second"))]))


def test_an_error_inside_an_inner_call_is_plain_too() -> None:
    async def inner() -> list[str]:
        return await together([after(60, "never"), fail(EngineError("gone"))])

    with pytest.raises(EngineError, match="gone"):
        asyncio.run(together([inner(), inner()]))


def test_a_cancelled_caller_cancels_all() -> None:
    sleepers = [Sleeper(), Sleeper()]

    async def run() -> None:
        task = asyncio.create_task(together(sleeper.sleep() for sleeper in sleepers))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert all(sleeper.cancelled for sleeper in sleepers)
