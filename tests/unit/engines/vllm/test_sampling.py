"""What vLLM is told of a reply, without loading it: tests/system/test_label_vllm.py tells it."""

import sys
from collections.abc import Callable, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from leavs.engines.constraints import LOGPROBS
from leavs.engines.engine import Choices, Constraint, Pattern
from leavs.engines.options import GREEDY, Sampling
from leavs.engines.vllm.answer_tokens import AnswerTokens
from leavs.engines.vllm.sampling import SamplingOfReplies

WORDS = ["A", "B", "ĠA", "none", "no", "n"]
AB, LIKE = Choices(("A", "B")), Choices(("none", "no"))
LONGEST = 9


class Vocabulary:
    def get_vocab(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(WORDS)}

    def decode(self, ids: list[int], **_: Any) -> str:
        return "".join(WORDS[one] for one in ids).replace("Ġ", " ")


class Told(SimpleNamespace):
    """What a class of vLLM is made with."""


class ToldOfTokens(Told):
    logprob_token_ids = None  # a version of vLLM that gives log-probabilities of named tokens


Making = Callable[[Sampling], SamplingOfReplies]


def making(monkeypatch: pytest.MonkeyPatch, parameters: type[Told]) -> Making:
    """Make what is tested, on a vLLM whose classes keep what they are told."""
    vllm, sampling_params = ModuleType("vllm"), ModuleType("vllm.sampling_params")
    vllm.__dict__.update(SamplingParams=parameters, sampling_params=sampling_params)
    kinds = SimpleNamespace(FINAL_ONLY="final only")
    sampling_params.__dict__.update(RequestOutputKind=kinds, StructuredOutputsParams=dict)
    monkeypatch.setitem(sys.modules, "vllm", vllm)
    monkeypatch.setitem(sys.modules, "vllm.sampling_params", sampling_params)
    return lambda sampling: SamplingOfReplies(sampling, AnswerTokens(Vocabulary()))


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Making:
    return making(monkeypatch, ToldOfTokens)


FREE = {"max_tokens": LONGEST, "logprobs": None, "structured_outputs": None}
TABLE: list[tuple[Constraint | None, Mapping[str, Any]]] = [
    (None, FREE),
    (Pattern("x+"), FREE),
    (Pattern("x+", weighed=True), FREE | {"logprobs": 0}),
    (Pattern("x+", enforced=True), FREE | {"structured_outputs": {"regex": "x+"}}),
    (
        Pattern("x+", enforced=True, weighed=True),
        FREE | {"logprobs": 0, "structured_outputs": {"regex": "x+"}},
    ),
    (LIKE, FREE | {"logprobs": LOGPROBS, "structured_outputs": {"choice": ["none", "no"]}}),
    (Choices(("A", "C")), FREE | {"logprobs": LOGPROBS, "structured_outputs": {"choice": [*"AC"]}}),
    (
        AB,
        {"max_tokens": 1, "allowed_token_ids": [0, 1, 2], "logprob_token_ids": [0, 1, 2]},
    ),
]


@pytest.mark.parametrize(("constraint", "told"), TABLE)
def test_what_a_reply_may_be_is_told(
    make: Making, constraint: Constraint | None, told: Mapping[str, Any]
) -> None:
    found = vars(make(GREEDY)(LONGEST, constraint))
    for name in ("allowed_token_ids", "logprob_token_ids"):
        if name in found:
            found[name] = sorted(found[name])
    assert {name: found.get(name) for name in told} == told
    always = {"temperature", "output_kind", "detokenize", "flat_logprobs", "skip_clone"}
    assert set(found) - always == set(told)
    assert (found["output_kind"], found["detokenize"]) == ("final only", False)


def test_an_older_vllm_gives_the_most_probable_of_all_tokens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = vars(making(monkeypatch, Told)(GREEDY)(LONGEST, AB))
    assert (sorted(found["allowed_token_ids"]), found["max_tokens"]) == ([0, 1, 2], 1)
    assert found["logprobs"] == LOGPROBS
    assert "logprob_token_ids" not in found


def test_the_temperature_is_told_and_no_seed(make: Making) -> None:
    for constraint, _ in TABLE:
        found = vars(make(Sampling(temperature=0.5, seed=3))(LONGEST, constraint))
        assert found["temperature"] == 0.5
        assert "seed" not in found, "a seed for each request has ended vLLM's engine on the CPU"


def test_a_thought_is_free_up_to_the_token_that_ends_it(make: Making) -> None:
    sampling = make(Sampling(temperature=0.5))
    told = sampling.of_thought(300, 7)
    found = vars(told)
    assert (found["max_tokens"], found["stop_token_ids"], found["temperature"]) == (300, [7], 0.5)
    assert not {"logprobs", "structured_outputs", "allowed_token_ids"} & found.keys()
    assert sampling.of_thought(300, 7) is told
    assert sampling.of_thought(299, 7) is not told


def test_what_is_told_again_is_the_same_object(make: Making) -> None:
    sampling = make(GREEDY)
    told = [sampling(most, constraint) for most in (7, 9) for constraint, _ in TABLE]
    again = [sampling(most, constraint) for most in (7, 9) for constraint, _ in TABLE]
    assert [id(one) for one in told] == [id(one) for one in again]
    assert len({id(one) for one in told}) == len(told)
