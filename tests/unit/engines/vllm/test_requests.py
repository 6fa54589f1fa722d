"""vLLM prepares one request of each kind, and no request knows of another's tokens."""

import asyncio
import sys
from collections.abc import Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from leavs.engines.vllm.requests import REMEMBERED, Requests


class EngineCoreRequest:
    """vLLM's, by its name."""


class Llm:
    """An AsyncLLM that keeps what it prepares."""

    def __init__(self) -> None:
        self.input_processor = self
        self.prepared: list[SimpleNamespace] = []

    async def get_supported_tasks(self) -> tuple[str, ...]:
        return ("generate",)

    def process_inputs(
        self, name: str, prompt: Sequence[int], sampling: Any, tasks: Sequence[str]
    ) -> SimpleNamespace:
        if sampling == "refused":
            raise ValueError("refused")
        assert tasks == ("generate",)
        request = SimpleNamespace(request_id=name, prompt_token_ids=prompt, params=sampling)
        self.prepared.append(request)
        return request

    async def generate(self, prompt: EngineCoreRequest | str, sampling: Any) -> None:
        """Only what it takes counts."""


class Another(Llm):
    """As another version has it, which takes no such requests."""

    async def generate(self, prompt: str, sampling: Any) -> None:  # type: ignore[override]
        """Only what it takes counts."""


@pytest.fixture(autouse=True)
def inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts of vLLM that are imported, without loading it."""
    vllm, inputs, engine = map(ModuleType, ("vllm", "vllm.inputs", "vllm.inputs.engine"))
    inputs.__dict__.update(TokensPrompt=dict)
    engine.__dict__.update(tokens_input=list)
    for module in (vllm, inputs, engine):
        monkeypatch.setitem(sys.modules, module.__name__, module)


def made(llm: Llm, *asked: tuple[Sequence[int], Any]) -> list[Any]:
    """The requests for some tokens and samplings, named by their numbers."""
    requests = Requests(llm)

    async def make() -> list[Any]:
        return [
            await requests.make(llm, ids, sampling, f"r{number}")
            for number, (ids, sampling) in enumerate(asked)
        ]

    return asyncio.run(make())


def test_one_request_of_each_kind_is_prepared_and_the_others_are_copies() -> None:
    llm, one, other = Llm(), SimpleNamespace(), SimpleNamespace()
    first, second, third, again = made(llm, ([1], one), ([2, 3], one), ([4], other), ([5], one))
    assert [request.params for request in llm.prepared] == [one, other]
    assert [request.request_id for request in (first, second, third, again)] == [
        *("r0", "r1", "r2", "r3")
    ]
    ids = [request.prompt_token_ids for request in (first, second, third, again)]
    assert ids == [[1], [2, 3], [4], [5]]
    assert [request.params for request in (first, second, third, again)] == [one, one, other, one]
    assert [request.prompt_token_ids for request in llm.prepared] == [[1], [4]], "it was altered"
    assert first.arrival_time <= second.arrival_time <= third.arrival_time


def test_what_is_refused_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="refused"):
            made(Llm(), ([1], "refused"))


def test_a_version_that_takes_no_requests_gets_the_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = {"prompt_token_ids": [1, 2]}
    assert made(Another(), ([1, 2], "any")) == [tokens]
    monkeypatch.setitem(sys.modules, "vllm.inputs.engine", None)  # it has no such module
    assert made(Llm(), ([1, 2], "any")) == [tokens]


def test_not_more_kinds_are_kept_than_a_run_has() -> None:
    llm = Llm()
    kinds = [SimpleNamespace() for _ in range(REMEMBERED + 1)]
    requests = Requests(llm)

    async def make() -> None:
        for kind in (*kinds, kinds[0], kinds[0]):
            await requests.make(llm, [1], kind, "r")
            assert len(requests._prepared) <= REMEMBERED

    asyncio.run(make())
    assert len(llm.prepared) == REMEMBERED + 2, "the first was forgotten, and then known again"
