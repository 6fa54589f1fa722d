"""How one server wants to be spoken to: which fields it takes, and what it makes of them.

Knows nothing of connections, and imports no client.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from leavs.engines.constraints import grammar_of, schema_of
from leavs.engines.engine import Constraint
from leavs.engines.options import Generation
from leavs.engines.server.gbnf import gbnf_of


class Hold(StrEnum):
    """The field of a request with which a server holds a reply to a constraint."""

    STRUCTURED_OUTPUTS = "structured_outputs"  # vLLM from 0.10.2 on
    GUIDED = "guided_choice"  # vLLM before 0.12
    REGEX = "regex"  # SGLang
    GRAMMAR = "grammar"  # llama.cpp
    JSON_SCHEMA = "response_format"  # OpenAI, Ollama, LM Studio, llama.cpp, SGLang
    JSON_OBJECT = "response_format with a schema"  # llama-cpp-python
    NONE = "none"

    @property
    def as_json(self) -> bool:
        """Whether a reply that is held so is a JSON object."""
        return self in (Hold.JSON_SCHEMA, Hold.JSON_OBJECT)


class Thoughts(StrEnum):
    """Where the model's own thought stands in the server's answer."""

    NONE = "none"
    IN_TEXT = "in the text"
    IN_FIELD = "in a field of its own"
    UNSEEN = "not shown"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a server wants to be spoken to, as trial questions found it.

    Args:
        system_role: it takes a system turn; else the instructions go to the head of the first turn.
        length_field: the name it has for the longest reply.
        temperature: it takes a temperature; else it samples as it likes.
        hold: how it holds a reply to a constraint.
        alternatives: for how many alternatives of an answer's token it gives log-probabilities;
            None if it gives none that belong to the answer.
        thoughts: where the model's own thought stands, with `switch` in the request.
        switch: the fields that make the model think or not, as the run asks for it.
        says_end: it says of each answer how it ended.
        characters_a_token: of a text in English; None if the server counts no tokens.
        seconds: until it begins to answer a question as long as a run's, alone.
        seconds_a_token: of an answer, alone.
    """

    system_role: bool = True
    length_field: str = "max_tokens"
    temperature: bool = True
    hold: Hold = Hold.NONE
    alternatives: int | None = None
    thoughts: Thoughts = Thoughts.NONE
    switch: Mapping[str, Any] = field(default_factory=dict)
    says_end: bool = True
    characters_a_token: float | None = None
    seconds: float = 0.0
    seconds_a_token: float = 0.0

    def seconds_for(self, tokens: int) -> float:
        """Return how long an answer of so many tokens takes, alone."""
        return self.seconds + tokens * self.seconds_a_token

    def thought_tokens(self, generation: Generation) -> int:
        """Return the tokens that a reply needs for the model's own thought."""
        return 0 if self.thoughts is Thoughts.NONE else generation.thought_tokens

    def held(self, constraint: Constraint | None) -> dict[str, Any]:
        """Return the fields that hold a reply to a constraint; empty if it is left free."""
        return fields_of(self.hold, constraint)

    def as_record(self) -> dict[str, Any]:
        """Return what was found, for `run.json`."""
        return {
            "system_role": self.system_role,
            "length_field": self.length_field,
            "temperature": self.temperature,
            "constraint": self.hold.value,
            "alternatives": self.alternatives,
            "thoughts": self.thoughts.value,
            "switch": dict(self.switch),
            "characters_a_token": self.characters_a_token,
        }

    def __str__(self) -> str:
        """Say it in one line."""
        constraint = "none obeyed, replies are read strictly"
        if self.hold is not Hold.NONE:
            constraint = f"by {self.hold}"
        parts = [
            f"constraint {constraint}",
            "probabilities" if self.alternatives else "no probabilities",
            f"thoughts {self.thoughts}",
        ]
        if self.switch:
            parts[-1] += f" with {', '.join(self.switch)}"
        if not self.system_role:
            parts.append("no system role, instructions go to the first turn")
        if self.length_field != "max_tokens":
            parts.append(f"length by {self.length_field}")
        if not self.temperature:
            parts.append("takes no temperature, so answers are not greedy")
        if self.characters_a_token is None:
            parts.append("counts no tokens, so a prompt that it cuts goes unseen")
        return "; ".join(parts)


def fields_of(hold: Hold, constraint: Constraint | None) -> dict[str, Any]:
    """Return the fields of a request that hold its reply to a constraint in one way."""
    grammar = grammar_of(constraint)
    if not grammar:
        return {}
    match hold:
        case Hold.STRUCTURED_OUTPUTS:
            return {"structured_outputs": grammar}
        case Hold.GUIDED:
            return {f"guided_{kind}": value for kind, value in grammar.items()}
        case Hold.REGEX:
            return {"regex": grammar.get("regex") or "|".join(grammar["choice"])}
        case Hold.GRAMMAR:
            return {"grammar": gbnf_of(grammar.get("regex") or "|".join(grammar["choice"]))}
        case Hold.NONE:
            return {}
    schema = schema_of(constraint)
    if not schema:
        return {}
    if hold is Hold.JSON_OBJECT:
        return {"response_format": {"type": "json_object", "schema": schema}}
    named = {"name": "answer", "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": named}}
