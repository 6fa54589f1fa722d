"""Which refusals mean that the prompt is too long, and the lengths that they name."""

import pytest

from leavs.engines.server.refusals import TooLong, read_refusal

REFUSALS = [
    (
        "This model's maximum context length is 4096 tokens. However, your prompt contains 5000 "
        "input tokens, which exceeds this limit even without any output tokens.",
        TooLong(5000, 4096),
    ),
    (
        "This model's maximum context length is 4096 tokens. However, your prompt contains at "
        "least 4097 input tokens, which exceeds this limit even without any output tokens.",
        TooLong(None, 4096),
    ),
    (
        "This model's maximum context length is 4096 tokens. However, you requested 4200 tokens "
        "(4000 in the messages, 200 in the completion).",
        TooLong(4000, 4096),
    ),
    (
        "'max_tokens' is too large: 100. This model's maximum context length is 4096 tokens and "
        "your request has 4050 input tokens (100 > 4096 - 4050).",
        TooLong(4050, 4096),
    ),
    (
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
        TooLong(5000, 4096),
    ),
    (
        "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
        TooLong(5000, 4096),
    ),
    (
        "Input length (5000) exceeds model's maximum context length (4096).",
        TooLong(5000, 4096),
    ),
    ("max_tokens=1616 cannot be greater than max_model_len=1024.", TooLong(None, 1024)),
    ("it is beyond the context window", TooLong(None, None)),
    ("the grammar is not valid", None),
    ("", None),
]


@pytest.mark.parametrize(("message", "lengths"), REFUSALS)
def test_the_lengths_that_a_refusal_names(message: str, lengths: TooLong | None) -> None:
    assert read_refusal(message) == lengths
