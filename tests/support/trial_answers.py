"""Answers trial questions as a server does with which nothing is wrong."""

from typing import Any

from leavs.engines.server.trial_texts import COUNTING, FREELY, LETTERED, OTHERWISE

ASKED = {asked[-1].content for asked in (COUNTING, FREELY, LETTERED)}
TOPS = [
    {"token": token, "logprob": logprob, "bytes": None}
    for token, logprob in (("C", -0.1), ("A", -3.0), ("B", -4.0))
]


def is_trial(body: dict[str, Any]) -> bool:
    """Whether a request is a trial question."""
    return any(body["messages"][-1]["content"].endswith(asked) for asked in ASKED)


def trial_text(body: dict[str, Any], *, obeys: bool) -> str:
    """The right answer, held to structured outputs if the server obeys them."""
    if body["messages"][-1]["content"].endswith(LETTERED[-1].content):
        return "C"
    return OTHERWISE.options[0] if obeys and "structured_outputs" in body else "tomato"


def trial_choice(body: dict[str, Any], *, obeys: bool) -> dict[str, Any]:
    """What differs from any other completion: the text, its log-probabilities, the usage."""
    text = trial_text(body, obeys=obeys)
    logprobs = None
    if body.get("logprobs") and text == "C":
        logprobs = {"content": [TOPS[0] | {"top_logprobs": TOPS}]}
    return {
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
        "logprobs": logprobs,
    }
