"""What vLLM is given for a question: a request that it need not prepare anew.

vLLM checks and prepares every input, which costs this process more than all else that leavs does
with a short question. What it prepares depends on the sampling alone, and that is the same for most
questions: so one request of each kind is prepared by vLLM, and the others are copies of it with
tokens of their own. A vLLM that takes no such requests gets the tokens.
"""

import inspect
import time
from collections.abc import Sequence
from copy import copy
from typing import Any

REMEMBERED = 1024  # kinds of request


class Requests:
    """Makes what a started AsyncLLM generates from; it keeps no reference to it."""

    def __init__(self, llm: Any) -> None:
        self._takes_requests = _takes_requests(llm)
        self._prepared: dict[int, tuple[Any, Any]] = {}  # by the identity of their sampling

    async def make(self, llm: Any, ids: Sequence[int], sampling: Any, name: str) -> Any:
        """Return the first argument of `AsyncLLM.generate`.

        Args:
            ids: the tokens of the prompt, which leave room for a reply.
            sampling: vLLM's SamplingParams.
            name: of the request, unique.

        Raises:
            ValueError: vLLM refuses this sampling.
        """
        if not self._takes_requests:
            from vllm.inputs import TokensPrompt

            return TokensPrompt(prompt_token_ids=ids)
        request = copy(await self._prepared_for(llm, sampling, ids))
        request.request_id, request.arrival_time = name, time.time()
        request.prompt_token_ids = ids
        return request

    async def _prepared_for(self, llm: Any, sampling: Any, ids: Sequence[int]) -> Any:
        known = self._prepared.get(id(sampling))
        if known is not None:
            return known[1]
        from vllm.inputs.engine import tokens_input

        request = llm.input_processor.process_inputs(
            "leavs", tokens_input(ids), sampling, await llm.get_supported_tasks()
        )
        if len(self._prepared) >= REMEMBERED:
            self._prepared.clear()
        self._prepared[id(sampling)] = sampling, request
        return request


def _takes_requests(llm: Any) -> bool:
    """Whether this version of vLLM prepares requests as 0.32 does, and says that it takes them."""
    try:
        from vllm.inputs.engine import tokens_input  # noqa: F401
    except ImportError:
        return False
    taken = inspect.signature(llm.generate).parameters["prompt"].annotation
    return "EngineCoreRequest" in str(taken) and hasattr(llm, "input_processor")
