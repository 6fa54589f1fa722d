"""A conversation as token ids, in which text of a report is never taken for a control token.

A chat template puts control tokens and content into one string, so that a report which holds
`<|im_end|>` would close its own turn. Here such content is encoded apart from the template, as
plain text. Knows nothing of engines; needs transformers' tokenizers.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from tokenizers import Tokenizer

from leavs.engines import Message

_PLACEHOLDER = "\ue000{}\ue001"  # private use: in no template, and no token of its own
_PLACEHOLDERS = re.compile("\ue000(\\d+)\ue001")


class ConversationTokenizer:
    """Encodes conversations for a model.

    Args:
        tokenizer: the model's tokenizer from transformers, with a chat template.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        controls = sorted(
            (token for token in tokenizer.get_added_vocab() if token.strip()), key=len, reverse=True
        )
        self._controls = re.compile("|".join(map(re.escape, controls)) or r"(?!)")
        self._control_ids = {token: tokenizer.convert_tokens_to_ids(token) for token in controls}
        self._plain = _without_controls(tokenizer.backend_tokenizer)
        self._system_role = self._knows_system_role()

    def encode(self, messages: Sequence[Message]) -> list[int]:
        """The token ids of a conversation, up to where the model's next turn begins."""
        turns = messages if self._system_role else _without_system(messages)
        if any(self._controls.search(turn.content) for turn in turns):
            return self._encode_apart(turns)
        text = self._render([turn.content for turn in turns], turns)
        return self._ids(text)

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids

    def _encode_apart(self, turns: Sequence[Message]) -> list[int]:
        """Render with a placeholder for each content, cut at the template's control tokens, and
        encode what lies between as plain text with the contents put back."""
        text = self._render([_PLACEHOLDER.format(i) for i in range(len(turns))], turns)
        ids: list[int] = []
        end = 0
        for control in self._controls.finditer(text):
            ids += self._encode_plain(text[end : control.start()], turns)
            ids.append(self._control_ids[control.group()])
            end = control.end()
        return ids + self._encode_plain(text[end:], turns)

    def _encode_plain(self, text: str, turns: Sequence[Message]) -> list[int]:
        if not text:
            return []
        whole = _PLACEHOLDERS.sub(lambda match: turns[int(match[1])].content, text)
        ids: list[int] = self._plain.encode(whole, add_special_tokens=False).ids
        return ids

    def _render(self, contents: Sequence[str], turns: Sequence[Message]) -> str:
        text: str = self._tokenizer.apply_chat_template(
            [
                {"role": turn.role, "content": content}
                for turn, content in zip(turns, contents, strict=True)
            ],
            add_generation_prompt=True,
            tokenize=False,
        )
        return text

    def _knows_system_role(self) -> bool:
        """Some templates refuse a system turn, or leave it out."""
        turns = [Message("system", "\ue002"), Message("user", "x")]
        try:
            return "\ue002" in self._render([turn.content for turn in turns], turns)
        except Exception as error:
            if type(error).__name__ != "TemplateError":
                raise
            return False


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """The conversation with the instructions at the head of the first user turn."""
    first, second, *rest = messages
    if first.role != "system":
        return list(messages)
    return [Message(second.role, f"{first.content}\n\n{second.content}"), *rest]


def _without_controls(tokenizer: Tokenizer) -> Tokenizer:
    """A copy of a tokenizer that takes every control token for the characters it is written in.

    `encode_special_tokens` does that for tokens marked special; others (such as `<think>` in some
    models) are marked so in the copy. Added tokens of white space alone stay as they are: they are
    no controls, and plain text is encoded with them.
    """
    description = json.loads(tokenizer.to_str())
    for token in description["added_tokens"]:
        token["special"] = bool(token["content"].strip())
    copy = Tokenizer.from_str(json.dumps(description))
    copy.encode_special_tokens = True
    return copy
