"""The tokens with which a choice begins in a model's vocabulary: one of them is the whole answer.

Imports neither vllm nor torch; knows nothing of engines.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any


class AnswerTokens:
    """Finds the tokens that stand for each of some choices.

    Args:
        tokenizer: the model's tokenizer from transformers.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.of = lru_cache(maxsize=256)(self._find)

    def _find(self, options: tuple[str, ...]) -> Mapping[int, str]:
        """Return the choice of each token that begins one: "Yes" of `Yes`, ` Yes` and `Ye`.

        Empty if one token cannot tell the choices apart, because a token begins two of them or
        none begins one of them.
        """
        beginnings = {option[:end] for option in options for end in range(1, len(option) + 1)}
        # A vocabulary writes white space before a word as one character, such as "Ġ" or "▁"
        candidates = [
            token
            for text, token in self._tokenizer.get_vocab().items()
            if text in beginnings or text[1:] in beginnings
        ]
        begun = {token: _begun(self._text(token), options) for token in candidates}
        if any(len(choices) > 1 for choices in begun.values()):
            return {}
        found = {option: [t for t in candidates if begun[t] == [option]] for option in options}
        if not all(found.values()):
            return {}
        return {token: option for option, tokens in found.items() for token in tokens}

    def _text(self, token: int) -> str:
        text: str = self._tokenizer.decode(
            [token], skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text.strip()


def _begun(text: str, options: Sequence[str]) -> list[str]:
    return [option for option in options if text and option.startswith(text)]
