"""Reports how a server wants to be spoken to, one thing a line, as trial questions found it."""

from leavs.doctor.findings import Finding, fine, warning
from leavs.engines.server.dialect import Dialect, Hold, Thoughts


def speech_findings(dialect: Dialect) -> list[Finding]:
    """Return what a run makes of a server's dialect."""
    return [
        _system_role(dialect),
        _constraint(dialect),
        _probabilities(dialect),
        _thoughts(dialect),
        _fields(dialect),
        _counts(dialect),
    ]


def _system_role(dialect: Dialect) -> Finding:
    if dialect.system_role:
        return fine("system role", "taken")
    return fine("system role", "not taken; the instructions go to the head of the first turn")


def _constraint(dialect: Dialect) -> Finding:
    if dialect.hold is not Hold.NONE:
        return fine("constraint", f"obeyed, by {dialect.hold}")
    return warning(
        "constraint",
        "none is obeyed; replies are read strictly, and what is not in the form asked for fails",
        "label a few reports first; a server such as vLLM, llama.cpp or Ollama holds replies to it",
    )


def _probabilities(dialect: Dialect) -> Finding:
    if dialect.alternatives is not None:
        return fine("probabilities", f"of the answer's token and {dialect.alternatives} others")
    return warning("probabilities", "none that belong to the answer; those columns stay empty")


def _thoughts(dialect: Dialect) -> Finding:
    switched = f", with {', '.join(dialect.switch)}" if dialect.switch else ""
    if dialect.thoughts is Thoughts.NONE:
        return fine("thoughts", f"none of the model's own{switched}")
    return fine("thoughts", f"the model's own, {dialect.thoughts}{switched}")


def _fields(dialect: Dialect) -> Finding:
    said = f"the length by {dialect.length_field}"
    if dialect.temperature:
        return fine("fields", f"{said}; a temperature is taken")
    return warning("fields", f"{said}; no temperature is taken, so that answers are not greedy")


def _counts(dialect: Dialect) -> Finding:
    if dialect.characters_a_token is None:
        said = "not counted, so that a prompt which the server cuts without a word goes unseen"
        return warning("tokens", said)
    return fine("tokens", f"counted; {dialect.characters_a_token:.1f} characters of English each")
