"""What vLLM is told of one reply: how to sample it, how long it may be, what it may be.

vllm is imported only when a reply is asked for.
"""

from typing import Any

from leavs.engines.constraints import allowed_replies, logprobs_wanted
from leavs.engines.engine import Constraint
from leavs.engines.options import Sampling
from leavs.engines.replies import decided_at_once


def sampling_parameters(sampling: Sampling, max_tokens: int, constraint: Constraint | None) -> Any:
    """Return vLLM's SamplingParams; a choice that one token decides is one token long.

    Args:
        max_tokens: the longest reply, in tokens.
    """
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    allowed = allowed_replies(constraint)
    return SamplingParams(
        temperature=sampling.temperature,
        max_tokens=1 if decided_at_once(constraint) else max_tokens,
        structured_outputs=StructuredOutputsParams(**allowed) if allowed else None,
        logprobs=logprobs_wanted(constraint),
        output_kind=RequestOutputKind.FINAL_ONLY,
        # Turned into text here, once a reply: vLLM does it for each token and each alternative.
        detokenize=False,
        flat_logprobs=True,
    )
