"""Builds the requests of questions, as a server's dialect wants them.

Knows nothing of connections. A server gets text, not token ids, and so control tokens in a report
are neutralised.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from leavs.engines.constraints import logprobs_wanted
from leavs.engines.control_tokens import neutralise
from leavs.engines.engine import Constraint, Message
from leavs.engines.replies import merge_instructions
from leavs.engines.server.completion import sendable
from leavs.engines.server.dialect import Dialect
from leavs.engines.server.options import ServerOptions


def build_request(
    options: ServerOptions,
    model: str,
    dialect: Dialect,
    messages: Sequence[Message],
    max_tokens: int,
    constraint: Constraint | None = None,
) -> dict[str, Any]:
    """Return the arguments of the client's call for a chat completion.

    Args:
        model: as the server calls it.
        max_tokens: the longest reply, in tokens, without the model's own thought.
    """
    max_tokens += dialect.thought_tokens(options.generation)
    turns = messages if dialect.system_role else merge_instructions(messages)
    fields: dict[str, Any] = {dialect.length_field: max_tokens}
    sampling = options.generation.sampling
    if dialect.temperature:
        fields["temperature"] = sampling.temperature
    if sampling.temperature:
        fields["seed"] = sampling.seed
    wanted = logprobs_wanted(constraint)
    if dialect.alternatives is not None and wanted is not None:
        fields["logprobs"] = True
        if alternatives := min(wanted, dialect.alternatives):
            fields["top_logprobs"] = alternatives
    fields |= dialect.held(constraint) | switched(options.template_arguments, dialect.switch)
    return {
        "model": model,
        "messages": [
            {"role": one.role, "content": neutralise(sendable(one.content))} for one in turns
        ],
        "extra_body": {**fields, **options.arguments},
    }


def switched(template_arguments: Mapping[str, Any], switch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that switch thoughts, with the template's variables that a user gave."""
    fields = dict(switch)
    if template_arguments:
        variables = fields.get("chat_template_kwargs", {})
        fields["chat_template_kwargs"] = {**variables, **template_arguments}
    return fields
