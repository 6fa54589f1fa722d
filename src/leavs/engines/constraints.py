"""What an engine is told of a constraint: vLLM's words for it, and its JSON schema.

Knows nothing of vLLM but its words.
"""

import json
from typing import Any

from leavs.engines.engine import Choices, Constraint, Pattern

LOGPROBS = 10  # enough for six letters, and for "Yes" and "No" with what else begins them


def grammar_of(constraint: Constraint | None) -> dict[str, Any]:
    """Return vLLM's `structured_outputs`: what a reply may be; empty if it is left free."""
    match constraint:
        case Choices(options):
            return {"choice": list(options)}
        case Pattern(regex, enforced=True):
            return {"regex": regex}
        case _:
            return {}


def logprobs_wanted(constraint: Constraint | None) -> int | None:
    """Return for how many alternatives of each token log-probabilities are needed.

    0 asks for those of the tokens that are written and no others, None for none at all.
    """
    match constraint:
        case Choices():
            return LOGPROBS
        case Pattern(weighed=True):
            return 0
        case _:
            return None


def schema_of(constraint: Constraint | None) -> dict[str, Any]:
    """Return the JSON schema of an object whose `answer` is a reply; empty if it is left free."""
    match constraint:
        case Choices(options):
            answer: dict[str, Any] = {"type": "string", "enum": list(options)}
        case Pattern(enforced=True, schema=schema) if schema:
            answer = json.loads(schema)
        case _:
            return {}
    return {
        "type": "object",
        "properties": {"answer": answer},
        "required": ["answer"],
        "additionalProperties": False,
    }
