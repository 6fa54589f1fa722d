"""An AsyncLLM whose model is a function of token ids, and as much of vllm as asking it needs."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from leavs.engines.options import GREEDY
from leavs.engines.vllm.answer_tokens import AnswerTokens
from leavs.engines.vllm.engine import VllmEngine
from leavs.engines.vllm.thinking import Prompts


class SamplingParams(SimpleNamespace):
    """What vLLM's is made with."""

    logprob_token_ids = None  # this version gives log-probabilities of named tokens
    stop_token_ids: Sequence[int] = ()
    allowed_token_ids: Sequence[int] | None = None
    structured_outputs: Any = None


@pytest.fixture
def pretended_vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts of vLLM that are imported to ask it, without loading it."""
    parts: Mapping[str, Mapping[str, Any]] = {
        "vllm": {"SamplingParams": SamplingParams},
        "vllm.sampling_params": {
            "RequestOutputKind": SimpleNamespace(FINAL_ONLY="final only"),
            "StructuredOutputsParams": dict,
        },
        "vllm.inputs": {"TokensPrompt": dict},
        "vllm.v1": {},
        "vllm.v1.engine": {},
        "vllm.v1.engine.exceptions": {"EngineDeadError": type("EngineDeadError", (Exception,), {})},
    }
    for name, content in parts.items():
        module = ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)


@dataclass(frozen=True)
class Asked:
    """A request: the tokens of its prompt, and how it is to be sampled."""

    ids: list[int]
    sampling: SamplingParams


Write = Callable[[Asked], Sequence[int]]  # what the model would write, if nothing held it back


@dataclass
class ScriptedLlm:
    """Generates what a function writes, within the sampling; it keeps what it was asked.

    Args:
        ends: tokens after which the model writes no more.
        limit: of the context.
    """

    write: Write
    ends: Sequence[int]
    limit: int = 8192
    errored: bool = False
    asked: list[Asked] = field(default_factory=list)

    @property
    def vllm_config(self) -> Any:
        return SimpleNamespace(
            model_config=SimpleNamespace(max_model_len=self.limit),
            scheduler_config=SimpleNamespace(max_num_seqs=64),
        )

    async def generate(
        self, prompt: dict[str, list[int]], sampling: SamplingParams, name: str
    ) -> AsyncIterator[Any]:
        asked = Asked([*prompt["prompt_token_ids"]], sampling)
        self.asked.append(asked)
        room = min(sampling.max_tokens, self.limit - len(asked.ids))
        assert room > 0, "vLLM refuses a prompt that leaves no room"
        written = [*self.write(asked)]
        if sampling.allowed_token_ids is not None:
            assert written[0] in sampling.allowed_token_ids
        ended = [place for place, one in enumerate(written) if one in self._stops(sampling)]
        whole = written[: ended[0] + 1] if ended else written
        completion = SimpleNamespace(
            token_ids=whole[:room],
            finish_reason="stop" if ended and len(whole) <= room else "length",
            logprobs=_logprobs(sampling, written[0]),
            cumulative_logprob=log(0.5),
        )
        yield SimpleNamespace(outputs=[completion], num_cached_tokens=3)

    def _stops(self, sampling: SamplingParams) -> set[int]:
        return {*self.ends, *sampling.stop_token_ids}

    def shutdown(self, timeout: float) -> None:
        """There is nothing to shut down."""


def _logprobs(sampling: SamplingParams, chosen: int) -> Any:
    """Half of the probability for the token that is written, the rest for the others."""
    if sampling.allowed_token_ids is None:
        return None
    others = [one for one in sampling.allowed_token_ids if one != chosen]
    weights = {chosen: 0.5} | dict.fromkeys(others, 0.5 / max(1, len(others)))
    return [{one: SimpleNamespace(logprob=log(weight)) for one, weight in weights.items()}]


def engine_over(llm: ScriptedLlm, prompts: Prompts, tokenizer: Any) -> VllmEngine:
    """The real engine over it."""
    return VllmEngine(llm, prompts, AnswerTokens(tokenizer), GREEDY, copies=1, log=None)
