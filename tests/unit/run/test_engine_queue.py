"""Who is let in to the engine, and in which order; nobody who leaves early takes a place along."""

import asyncio
import random
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import pytest

from leavs.engines.engine import Choices, Constraint, Message, Reply
from leavs.engines.scripted import ScriptedEngine
from leavs.run.engine_queue import InTurn, queue_for, reports_to_fill
from leavs.system.places import Places

T = TypeVar("T")
ASKED = [Message("user", "?")]


def in_time(check: Coroutine[Any, Any, T]) -> T:
    """Run a check that fails where it would wait for ever."""
    return asyncio.run(asyncio.wait_for(check, 10))


async def ticks(count: int = 5) -> None:
    """Let every task that can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)


class Visitors:
    """Takes places in a queue, stays until it is let go, and remembers the order."""

    def __init__(self, places: int) -> None:
        self.queue = Places(lambda: places)
        self.entered: list[str] = []
        self.inside = self.most = 0
        self.leave = asyncio.Event()

    async def visit(self, name: str, turn: int) -> None:
        async with self.queue.place(turn):
            self.entered.append(name)
            self.inside += 1
            self.most = max(self.most, self.inside)
            try:
                await self.leave.wait()
            finally:
                self.inside -= 1


@pytest.mark.parametrize("places", [1, 2, 7])
def test_never_more_inside_than_places(places: int) -> None:
    async def check() -> None:
        visitors = Visitors(places)
        visitors.leave.set()
        await asyncio.gather(*(visitors.visit(f"{n}", n % 3) for n in range(20)))
        assert len(visitors.entered) == 20
        visitors.leave.clear()
        again = [asyncio.create_task(visitors.visit("again", 0)) for _ in range(20)]
        await ticks()
        assert visitors.inside == places
        visitors.leave.set()
        await asyncio.gather(*again)
        assert visitors.most == places

    in_time(check())


def test_the_lowest_turn_goes_first_and_then_who_waits_longest() -> None:
    async def check() -> list[str]:
        visitors = Visitors(1)
        tasks = [asyncio.create_task(visitors.visit("in", 9))]
        await ticks()
        for name, turn in (("c", 3), ("a", 1), ("d", 3), ("b", 1), ("z", -1)):
            tasks.append(asyncio.create_task(visitors.visit(name, turn)))
            await ticks()
        visitors.leave.set()
        await asyncio.gather(*tasks)
        return visitors.entered

    assert in_time(check()) == ["in", "z", "a", "b", "c", "d"]


def test_who_gives_up_waiting_takes_no_place_along() -> None:
    async def check() -> None:
        visitors = Visitors(1)
        first = asyncio.create_task(visitors.visit("first", 0))
        await ticks()
        second = asyncio.create_task(visitors.visit("second", 0))
        third = asyncio.create_task(visitors.visit("third", 0))
        await ticks()
        second.cancel()
        await ticks()
        visitors.leave.set()
        await asyncio.gather(first, second, third, return_exceptions=True)
        assert visitors.entered == ["first", "third"]
        await visitors.visit("fourth", 0)

    in_time(check())


def test_who_is_called_and_cancelled_at_once_passes_the_place_on() -> None:
    async def check() -> None:
        visitors = Visitors(1)
        first = asyncio.create_task(visitors.visit("first", 0))
        await ticks()
        second = asyncio.create_task(visitors.visit("second", 0))
        third = asyncio.create_task(visitors.visit("third", 0))
        await ticks()
        first.cancel()
        await asyncio.sleep(0)  # the first has left and called the second, which has not moved yet
        second.cancel()
        await ticks()
        assert (visitors.entered, visitors.inside) == (["first", "third"], 1)
        visitors.leave.set()
        await asyncio.gather(first, second, third, return_exceptions=True)
        await visitors.visit("fourth", 0)

    in_time(check())


def test_an_error_inside_frees_the_place() -> None:
    async def fail(queue: Places) -> None:
        async with queue.place(0):
            raise ValueError

    async def check() -> None:
        queue = Places(lambda: 1)
        for _ in range(3):
            with pytest.raises(ValueError):
                await fail(queue)

    in_time(check())


def test_a_conversation_that_goes_on_is_served_before_all_new_ones() -> None:
    order: list[str] = []

    async def script(messages: Sequence[Message], constraint: Constraint | None) -> str:
        order.append(messages[0].content)
        await asyncio.sleep(0)
        return "x"

    async def check() -> None:
        engine, queue = ScriptedEngine(script), Places(lambda: 1)
        early, late = InTurn(engine, queue, 1), InTurn(engine, queue, 2)
        asked = [
            (late, "in", None),
            (early, "early", None),
            (late, "late goes on", Reply("x")),
        ]
        await asyncio.gather(
            *(
                one.reply([Message("user", text)], max_tokens=1, follows=follows)
                for one, text, follows in asked
            )
        )

    in_time(check())
    assert order == ["in", "late goes on", "early"]


def test_an_engine_in_turn_passes_everything_on() -> None:
    class Engine(ScriptedEngine):
        async def reply(self, messages: Sequence[Message], **more: object) -> Reply:  # type: ignore[override]
            self.asked = (messages, more)
            return Reply("x")

        async def close(self) -> None:
            self.asked = None

    async def check() -> None:
        engine = Engine(lambda *_: "x", batch_size=77)
        in_turn = InTurn(engine, Places(lambda: 1), 0)
        before, choices = Reply("before"), Choices(("A", "B"))
        given = {
            "max_tokens": 5,
            "constraint": choices,
            "follows": before,
            "thought_tokens": 9,
        }
        await in_turn.reply(ASKED, **given)
        assert engine.asked == (ASKED, given)
        assert in_turn.batch_size == 77
        await in_turn.close()
        assert engine.asked is None

    in_time(check())


@pytest.mark.parametrize(("batch_size", "places"), [(1, 2), (8, 9), (256, 288)])
def test_an_eighth_more_than_the_engine_works_on_waits_at_its_door(
    batch_size: int, places: int
) -> None:
    async def check() -> None:
        queue = queue_for(ScriptedEngine(lambda *_: "x", batch_size))
        visitors = Visitors(1)
        visitors.queue = queue
        tasks = [asyncio.create_task(visitors.visit("x", 0)) for _ in range(2 * places)]
        await ticks()
        assert visitors.inside == places
        visitors.leave.set()
        await asyncio.gather(*tasks)

    in_time(check())


@pytest.mark.parametrize(
    ("batch_size", "organs", "reports"), [(256, 9, 58), (8, 9, 3), (1, 9, 2), (256, 1, 513)]
)
def test_reports_that_fill_an_engine(batch_size: int, organs: int, reports: int) -> None:
    assert reports_to_fill(batch_size, organs) == reports


@pytest.mark.parametrize("seed", range(30))
def test_whatever_happens_all_are_served_and_all_places_come_back(seed: int) -> None:
    moments = random.Random(seed)
    places = moments.randint(1, 4)
    inside = 0

    async def visit(queue: Places) -> None:
        nonlocal inside
        async with queue.place(moments.randint(-1, 3)):
            inside += 1
            assert inside <= places
            try:
                await ticks(moments.randint(0, 3))
                if moments.random() < 0.2:
                    raise ValueError
            finally:
                inside -= 1

    async def check() -> None:
        queue = Places(lambda: places)
        tasks = []
        for _ in range(60):
            tasks.append(asyncio.create_task(visit(queue)))
            await ticks(moments.randint(0, 2))
            if moments.random() < 0.4:
                moments.choice(tasks).cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(one) for one in ended} <= {type(None), ValueError, asyncio.CancelledError}
        visitors = Visitors(places)
        visitors.queue = queue
        rest = [asyncio.create_task(visitors.visit("x", 0)) for _ in range(places + 1)]
        await ticks()
        assert visitors.inside == places
        visitors.leave.set()
        await asyncio.gather(*rest)

    in_time(check())
