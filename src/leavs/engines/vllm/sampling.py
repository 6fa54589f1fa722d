"""What vLLM is told of one reply: how to sample it, how long it may be, what it may be.

vllm is imported only when a reply is asked for.
"""

from functools import lru_cache
from typing import Any

from leavs.engines.constraints import LOGPROBS, grammar_of, logprobs_wanted
from leavs.engines.engine import Choices, Constraint
from leavs.engines.options import Sampling
from leavs.engines.vllm.answer_tokens import AnswerTokens


class SamplingOfReplies:
    """Makes vLLM's SamplingParams, each once: those of many requests are the same.

    A choice is one token of those that begin the choices, with the log-probabilities of just these;
    only where one token cannot tell them apart is it held to a grammar.
    """

    def __init__(self, sampling: Sampling, answers: AnswerTokens) -> None:
        self._sampling = sampling
        self._answers = answers
        self._made = lru_cache(maxsize=1024)(self._make)
        self.of_thought = lru_cache(maxsize=1024)(self._make_for_thought)

    def __call__(self, max_tokens: int, constraint: Constraint | None) -> Any:
        """Return the SamplingParams of a reply; the caller must not alter them.

        Args:
            max_tokens: the longest reply, in tokens.
        """
        return self._made(max_tokens, constraint)

    def _make_for_thought(self, max_tokens: int, stop: int) -> Any:
        """Return the SamplingParams of a thought, which is free up to a token that ends it."""
        return self._params(max_tokens=max_tokens, stop_token_ids=[stop])

    def _make(self, max_tokens: int, constraint: Constraint | None) -> Any:
        return self._params(**self._allowed(max_tokens, constraint))

    def _params(self, **wanted: Any) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        return SamplingParams(
            temperature=self._sampling.temperature,
            **wanted,
            output_kind=RequestOutputKind.FINAL_ONLY,
            # Turned into text here, once a reply: vLLM does it for each token and each alternative.
            detokenize=False,
            flat_logprobs=True,
            skip_clone=True,
        )

    def _allowed(self, max_tokens: int, constraint: Constraint | None) -> dict[str, Any]:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        answers = self._answers.of(constraint.options) if isinstance(constraint, Choices) else {}
        if answers:
            named = {"logprob_token_ids": [*answers]}  # not in every version of vLLM
            known = hasattr(SamplingParams, "logprob_token_ids")
            logprobs = named if known else {"logprobs": LOGPROBS}
            return {"max_tokens": 1, "allowed_token_ids": [*answers], **logprobs}
        grammar = grammar_of(constraint)
        return {
            "max_tokens": max_tokens,
            "logprobs": logprobs_wanted(constraint),
            "structured_outputs": StructuredOutputsParams(**grammar) if grammar else None,
        }
