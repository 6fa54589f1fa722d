"""What an actor does with a report; the same without Ray, at a desk that is a list."""

import asyncio
import pickle
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pyarrow
import pytest

from leavs import Filtration, Reasoning, ScriptedEngine
from leavs.domain import Report, hash_of
from leavs.engines.engine import Constraint, Engine, Message
from leavs.engines.scripted import Script
from leavs.errors import ContextError, EngineError, EngineStartError, InputError
from leavs.method.options import Manner
from leavs.method.pack import Pack, find_pack
from leavs.run.cluster.orders import Broken, Labeled, Order, Result, Untouched
from leavs.run.cluster.worker import COLUMN, OpenEngine, Way, Worker
from readers import plain_reader

CANARY = "The liver CANARYWORD is normal."


class DeskHere:
    """A desk that lets so many reports begin before one is finished."""

    def __init__(self, most: int = 1000) -> None:
        self.stop = asyncio.Event()
        self.most, self.begun = most, 0

    async def stopped(self) -> None:
        await self.stop.wait()

    async def may_begin(self) -> bool:
        self.begun += 1
        return self.begun <= self.most

    async def finished(self) -> None:
        self.begun = 0

    async def died(self, position: int, last_words: str) -> None:
        raise AssertionError("no engine dies here")


@pytest.fixture
def way(pack: Pack) -> Way:
    return Way(find_pack("leavs"), pack.sha256, Filtration.NONE, Manner(Reasoning.NEVER, 100))


def opens(script: Script) -> OpenEngine:
    @asynccontextmanager
    async def open_engine() -> AsyncIterator[Engine]:
        yield ScriptedEngine(script)

    return open_engine


async def results_of(worker: Worker, *orders: Order | Broken) -> list[Result]:
    rows = await worker(pyarrow.table({COLUMN: [pickle.dumps(order) for order in orders]}))
    return [pickle.loads(row) for row in rows[COLUMN]]  # noqa: S301


def order_of(pack: Pack, position: int = 7) -> Order:
    report = Report(f"r{position}", CANARY, position, "here line 7")
    return Order(report, pack.ontology.organs[:2])


def test_a_report_comes_back_labeled_and_without_its_text(pack: Pack, way: Way) -> None:
    order = order_of(pack)
    [result] = asyncio.run(results_of(Worker(opens(plain_reader), way, DeskHere()), order))
    assert isinstance(result, Labeled)
    assert result.report == replace(order.report, text="")
    assert result.text_hash == hash_of(CANARY)
    assert sorted(one.organ for one in result.results) == ["liver", "spleen"]


def test_when_the_run_stops_no_report_is_begun(pack: Pack, way: Way) -> None:
    async def run() -> list[Result]:
        desk = DeskHere()
        worker = Worker(opens(plain_reader), way, desk)
        before = await results_of(worker, order_of(pack))
        desk.stop.set()
        await asyncio.sleep(0)
        return [*before, *await results_of(worker, order_of(pack, 8))]

    labeled, untouched = asyncio.run(run())
    assert isinstance(labeled, Labeled)
    assert untouched == Untouched(8)


def fails(error: Exception) -> OpenEngine:
    def raise_it(*_: Any) -> str:
        raise error

    return opens(raise_it)


@asynccontextmanager
async def starts_not() -> AsyncIterator[Engine]:
    raise EngineStartError("no GPU")
    yield  # type: ignore[unreachable]


class Unpicklable(Exception):  # noqa: N818
    def __reduce__(self) -> str:
        raise TypeError("not to be sent")


@pytest.mark.parametrize(
    ("opening", "most", "error", "words"),
    [
        (starts_not, 1000, EngineStartError, "no GPU"),
        (fails(KeyError("a bug")), 1000, KeyError, "a bug"),
        (fails(Unpicklable("a bug")), 1000, RuntimeError, "a bug"),
        (opens(plain_reader), 0, EngineError, "label nothing"),
    ],
)
def test_what_ends_the_run_comes_back_as_a_value(
    pack: Pack, way: Way, opening: OpenEngine, most: int, error: type[Exception], words: str
) -> None:
    [result] = asyncio.run(results_of(Worker(opening, way, DeskHere(most)), order_of(pack)))
    assert isinstance(result, Broken)
    assert type(result.error) is error
    assert words in str(result.error)
    assert "CANARYWORD" not in str(result.error)


def test_other_prompts_than_the_runs_are_refused(pack: Pack, way: Way) -> None:
    worker = Worker(opens(plain_reader), replace(way, pack_sha256="other"), DeskHere())
    [result] = asyncio.run(results_of(worker, order_of(pack)))
    assert isinstance(result, Broken)
    assert isinstance(result.error, EngineStartError)
    assert "is not the same on every machine" in str(result.error)


def test_what_could_not_be_read_passes_through(way: Way) -> None:
    broken = Broken(InputError("reports.csv cannot be read"))
    [result] = asyncio.run(results_of(Worker(starts_not, way, DeskHere()), broken))
    assert isinstance(result, Broken)
    assert str(result.error) == "reports.csv cannot be read"


def test_the_cells_of_a_report_that_is_too_long_fail(pack: Pack, way: Way) -> None:
    def small(messages: Sequence[Message], constraint: Constraint | None) -> str:
        if "Second." in messages[1].content:
            raise ContextError(9_000, 8_000)
        return plain_reader(messages, constraint)

    report = Report("r1", "The liver is normal. Second.", 1, "here")
    order = Order(report, pack.ontology.organs[:1])
    [labeled] = asyncio.run(results_of(Worker(opens(small), way, DeskHere()), order))
    assert isinstance(labeled, Labeled)
    assert [result.failed_cells for result in labeled.results] == [11]
