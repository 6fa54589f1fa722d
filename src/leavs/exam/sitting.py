"""Chooses the items for one way of asking, or a balanced sample of them, and takes them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from random import Random

from leavs.domain import Step
from leavs.engines.engine import Engine
from leavs.errors import UsageError
from leavs.exam.items import Answer, Item
from leavs.exam.questions import Answered, ask_item, is_asked
from leavs.exam.scores import commonest_answers
from leavs.method.ask import Ask
from leavs.method.options import MethodOptions, Ways
from leavs.method.pack import Pack
from leavs.run.engine_queue import InTurn, queue_for
from leavs.system.concurrency import together

SEED = 0  # of samples: models are asked the same


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is asked in one way of asking.

    Args:
        not_asked: items about the organs whose question these ways never put.
        commonest: the commonest answer of each step, of all items that these ways ask.
    """

    items: Sequence[Item]
    not_asked: Sequence[Item]
    commonest: Mapping[Step, Answer]


def choose_items(
    known: Sequence[Item], organs: Sequence[str], ways: Ways, number: int | None
) -> Chosen:
    """Choose from all items of a pack those about some organs that these ways ask.

    Args:
        number: so many; None for all.

    Raises:
        UsageError: there are none.
    """
    about = [item for item in known if item.organ.name in organs]
    asked = [item for item in about if is_asked(item, ways)]
    if not asked:
        raise UsageError(
            f"no item of the exam is about {' or '.join(organs)} in this pack; name other --organs"
        )
    return Chosen(
        sample_of(asked, number),
        [item for item in about if not is_asked(item, ways)],
        commonest_answers(item for item in known if is_asked(item, ways)),
    )


def sample_of(items: Sequence[Item], number: int | None) -> list[Item]:
    """Choose items so that steps, and then traps, come as equally often as they can.

    A smaller sample is a part of a larger one. They stay in their order. The draw of an item does
    not depend on the others, so that samples for other ways of asking have many items in common.

    Args:
        number: so many; None for all.
    """
    if number is None or number >= len(items):
        return list(items)
    left = sorted(items, key=_draw)
    counts: Counter[str] = Counter()
    chosen = set[str]()
    for _ in range(number):
        item = min(left, key=lambda one: (counts[one.step], counts[one.trap]))
        left.remove(item)
        counts.update((item.step, item.trap))
        chosen.add(item.id)
    return [item for item in items if item.id in chosen]


def _draw(item: Item) -> float:
    return Random(f"{SEED} {item.id}").random()  # noqa: S311


@dataclass(slots=True)
class Count:
    """Counts the items that are answered, of all that are asked."""

    total: int
    answered: int = 0


ShowCount = Callable[[Count], AbstractAsyncContextManager[None]]


def no_count(count: Count) -> nullcontext[None]:
    """Show nothing."""
    return nullcontext()


async def take_items(
    engine: Engine,
    pack: Pack,
    method: MethodOptions,
    items: Sequence[Item],
    show: ShowCount = no_count,
) -> list[Answered]:
    """Ask all items at once, those before the others first.

    Args:
        show: shows how many are answered.

    Raises:
        EngineError: the engine cannot go on.
    """
    queue, ways, count = queue_for(engine), method.ways, Count(len(items))
    ask = Ask(engine, pack, method.manner())

    async def take(turn: int, item: Item) -> Answered:
        answered = await ask_item(_in_turn(ask, InTurn(engine, queue, turn)), item, ways)
        count.answered += 1
        return answered

    async with show(count):
        return await together(take(turn, item) for turn, item in enumerate(items))


def _in_turn(ask: Ask, engine: InTurn) -> Ask:
    return Ask(engine, ask.pack, ask.manner, ask.cache)
