"""A model's chat template, with the variables that it is given besides the conversation.

Knows nothing of engines; needs transformers' tokenizers.
"""

import re
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

from jinja2.exceptions import TemplateError

from leavs.engines.engine import Message, Role
from leavs.engines.replies import merge_instructions
from leavs.errors import EngineStartError

PLACEHOLDER = "\ue000{}\ue001"  # private use: in no template, and no token of its own
_PLACEHOLDERS = re.compile("\ue000(\\d+)\ue001")


class ChatTemplate:
    """Renders conversations as text.

    Args:
        tokenizer: the model's tokenizer from transformers.
        variables: what the template is told besides the conversation.

    Raises:
        EngineStartError: there is no template, or one that refuses conversations such as ours.
    """

    def __init__(self, tokenizer: Any, variables: Mapping[str, Any]) -> None:
        _check(tokenizer)
        self._tokenizer = tokenizer
        self.name = getattr(tokenizer, "name_or_path", "the model")
        self.source = str(tokenizer.chat_template)
        self.variables = variables
        self.system_role = self._knows_system_role()

    def given(self, variables: Mapping[str, Any]) -> "ChatTemplate":
        """Return the template with other variables."""
        other = copy(self)
        other.variables = variables
        return other

    def turns(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The turns of a conversation; without a system role its text begins the user's turn."""
        return messages if self.system_role else merge_instructions(messages)

    def render(
        self, contents: Sequence[str], turns: Sequence[Message], *, begins_reply: bool = True
    ) -> str:
        """Render turns with other contents, up to where the model's next turn begins.

        Args:
            begins_reply: whether with what stands before the model's words.
        """
        roles = [turn.role for turn in turns]
        return self._rendered(
            [
                {"role": role, "content": content}
                for role, content in zip(roles, contents, strict=True)
            ],
            add_generation_prompt=begins_reply,
        )

    def said(self, roles: Sequence[Role], *, begins_reply: bool = True) -> str:
        """Render turns with placeholders for their contents."""
        contents = [PLACEHOLDER.format(place) for place in range(len(roles))]
        turns = [Message(role, "") for role in roles]
        return self.render(contents, turns, begins_reply=begins_reply)

    def question(self, *, begins_reply: bool = True) -> str:
        """A conversation that asks the model, with placeholders."""
        roles: Sequence[Role] = ("system", "user") if self.system_role else ("user",)
        return self.said(roles, begins_reply=begins_reply)

    def head(self) -> str:
        """What stands between the user's turn and the model's words."""
        asked, unasked = self.question(), self.question(begins_reply=False)
        if asked.startswith(unasked) and asked != unasked:
            return asked.removeprefix(unasked)
        return _PLACEHOLDERS.split(asked)[-1]

    def with_thought(self, thought: str, answer: str) -> str:
        """Render a turn of the model that has a thought, if the template has a place for that."""
        asked = {"role": "user", "content": "x"}
        fields = dict.fromkeys(("reasoning_content", "reasoning", "thinking"), thought)
        said = {"role": "assistant", "content": answer, **fields}
        return self._rendered([asked, said], add_generation_prompt=False)

    def _rendered(self, turns: Sequence[Mapping[str, str]], *, add_generation_prompt: bool) -> str:
        text: str = self._tokenizer.apply_chat_template(
            turns,
            add_generation_prompt=add_generation_prompt,
            tokenize=False,
            **self.variables,
        )
        return text

    def _knows_system_role(self) -> bool:
        """Whether the template has a place for a system turn: some refuse it, or leave it out.

        Raises:
            EngineStartError: the template refuses every conversation that leavs would have.
        """
        roles: list[Role] = ["system", "user", "assistant", "user", "assistant", "user"]
        for first in (0, 1):
            try:
                longer = [self.said(roles[first:end]) for end in (2, 4, 6)]
            except TemplateError as error:
                refused = str(error).splitlines()
                continue
            if first or all(PLACEHOLDER.format(0) in text for text in longer):
                return not first
        raise EngineStartError(
            f"the chat template of {self.name} refuses conversations: {refused[0]}"
        )


def parts_of(piece: str) -> Sequence[str | int]:
    """Cut a piece at its placeholders: text, the number of a turn, text, and so on."""
    return [
        int(part) if place % 2 else part for place, part in enumerate(_PLACEHOLDERS.split(piece))
    ]


def _check(tokenizer: Any) -> None:
    name = getattr(tokenizer, "name_or_path", "the model")
    if not hasattr(tokenizer, "backend_tokenizer"):
        kind = type(tokenizer).__name__
        raise EngineStartError(f"{name} has no fast tokenizer ({kind}); ask it over --base-url")
    if not tokenizer.chat_template:
        raise EngineStartError(
            f"{name} has no chat template; choose a model that was taught to answer instructions"
        )
