"""A question that was asked is not asked again, and nobody waits for an answer that never comes."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from leavs.method.answer_cache import AnswerCache

T = TypeVar("T")


def in_time(check: Coroutine[Any, Any, T]) -> T:
    """Run a check that fails where it would wait for ever."""
    return asyncio.run(asyncio.wait_for(check, 10))


class Asker:
    """Counts how often each question is asked; answers when it is told to."""

    def __init__(self, remembered: int = 100) -> None:
        self.answered: AnswerCache[str] = AnswerCache(remembered)
        self.asked: list[str] = []
        self.answer = asyncio.Event()
        self.answer.set()
        self.failures = 0

    async def once(self, question: str) -> tuple[str, bool]:
        async def ask() -> str:
            self.asked.append(question)
            await self.answer.wait()
            if self.failures:
                self.failures -= 1
                raise ValueError(question)
            return f"answer to {question}"

        return await self.answered.once(question.encode(), ask)


def test_later_and_at_the_same_time_a_question_is_asked_once() -> None:
    async def check() -> None:
        asker = Asker()
        answers = await asyncio.gather(*(asker.once(name) for name in "aabab"))
        assert sorted(asker.asked) == ["a", "b"]
        assert [known for _, known in answers] == [False, True, False, True, True]
        assert [answer[-1] for answer, _ in answers] == list("aabab")
        assert await asker.once("a") == ("answer to a", True)

    in_time(check())


def test_where_the_first_fails_the_next_asks() -> None:
    async def check() -> None:
        asker = Asker()
        asker.failures = 2
        answers = await asyncio.gather(*(asker.once("a") for _ in range(5)), return_exceptions=True)
        assert asker.asked == ["a"] * 3
        assert [isinstance(one, ValueError) for one in answers] == [True, True, False, False, False]

    in_time(check())


def test_where_the_first_is_cancelled_the_next_asks() -> None:
    async def check() -> None:
        asker = Asker()
        asker.answer.clear()
        tasks = [asyncio.create_task(asker.once("a")) for _ in range(3)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        asker.answer.set()
        _, second, third = await asyncio.gather(*tasks, return_exceptions=True)
        assert (second, third) == (("answer to a", False), ("answer to a", True))
        assert asker.asked == ["a", "a"]

    in_time(check())


@pytest.mark.parametrize("remembered", [0, 1, 2, 3])
def test_what_was_not_wanted_for_longest_is_forgotten(remembered: int) -> None:
    async def check() -> list[bool]:
        asker = Asker(remembered)
        return [(await asker.once(name))[1] for name in "abaca"]

    expected = {
        0: [False, False, False, False, False],
        1: [False, False, False, False, False],
        2: [False, False, True, False, True],
        3: [False, False, True, False, True],
    }
    assert in_time(check()) == expected[remembered]


def test_a_failure_is_not_remembered() -> None:
    async def check() -> None:
        asker = Asker()
        asker.failures = 1
        with pytest.raises(ValueError):
            await asker.once("a")
        assert await asker.once("a") == ("answer to a", False)

    in_time(check())


@pytest.mark.parametrize("gone", [[1], [0, 1], [0, 2], [0, 1, 2], [1, 2]])
def test_whoever_gives_up_the_others_get_their_answer(gone: list[int]) -> None:
    async def check() -> None:
        asker = Asker()
        asker.answer.clear()
        tasks = [asyncio.create_task(asker.once("a")) for _ in range(4)]
        await asyncio.sleep(0)
        for place in gone:
            tasks[place].cancel()
        await asyncio.sleep(0)
        asker.answer.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        left = [one for place, one in enumerate(answers) if place not in gone]
        assert left[0] == ("answer to a", False)
        assert all(one == ("answer to a", True) for one in left[1:])
        assert all(isinstance(answers[place], asyncio.CancelledError) for place in gone)
        assert asker.asked == ["a"] * (2 if 0 in gone else 1)

    in_time(check())


def test_who_waits_while_the_answer_is_forgotten_asks_itself() -> None:
    async def check() -> None:
        asker = Asker(remembered=0)
        answers = await asyncio.gather(*(asker.once("a") for _ in range(3)))
        assert answers == [("answer to a", False)] * 3
        assert asker.asked == ["a"] * 3

    in_time(check())


def test_a_question_that_waits_holds_no_other_up() -> None:
    async def check() -> None:
        asker = Asker()
        asker.answer.clear()
        slow = asyncio.create_task(asker.once("a"))
        await asyncio.sleep(0)

        async def ask() -> str:
            return "at once"

        other = await asker.answered.once(b"b", ask)
        assert (other, slow.done()) == (("at once", False), False)
        asker.answer.set()
        assert await slow == ("answer to a", False)

    in_time(check())
