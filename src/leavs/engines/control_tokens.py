"""Breaks up what a model could take for a control token, if its tokenizer is out of reach.

A space is put after the first character: a model understands the text all the same, and no
tokenizer finds the token in it. Only the tokens of the usual model families are known here.
Knows nothing of engines; imports nothing from leavs.
"""

import re
from collections.abc import Iterable

# By family; the case does not count
_TOKENS = (
    r"<\|[^<>|\n]{1,60}\|?>",  # ChatML, Qwen, Llama 3, Phi, Granite, Gemma 4's <|turn>
    r"<\w{1,40}\|>",  # Gemma 4's <turn|>
    r"<｜[^<>｜\n]{1,60}｜>",  # DeepSeek
    r"\[\|[^\[\]|\n]{1,60}\|\]",  # EXAONE
    r"</?s>|<</?SYS>>",  # Llama 2, Mistral
    r"\[/?(?:INST|THINK|ARGS|CALL_ID|PREFIX|MIDDLE|SUFFIX|IMG|IMG_BREAK|IMG_END|AUDIO|BEGIN_AUDIO"
    r"|TRANSCRIBE|SYSTEM_PROMPT|MODEL_SETTINGS|AVAILABLE_TOOLS|TOOL_\w{1,20})\]",  # Mistral
    r"<(?:start|end|beginning)_of_\w{1,20}>|<unused\d{1,5}>|\[@BOS@\]",  # Gemma, MiniMax
    r"<(?:bos|eos|eop|sop|pad|unk|cls|sep|mask)(?:_token)?>",  # Gemma, Command R, GLM
    r"\[(?:bos|eos|pad|unk|cls|sep|s?g?mask)\]",
    r"</?(?:think|tools?|tool_\w{1,20})>",  # Qwen, and others that reason or call tools
    r"<(?:seed:\w{1,30}|(?:special|extra_id|reserved)_\d{1,5})>",
    r"\]~!?b[\[\]]|\[e~\[",  # MiniMax
    r"<(?:repo_?name|file_sep|filename|gh_stars|empty_output"
    r"|(?:fim|issue|jupyter|commit)_\w{1,30})>",  # SmolLM, StarCoder
)
_WHOLE = re.compile("|".join(_TOKENS), re.IGNORECASE)
# Consumes the first character alone, so that a token that begins inside another is found too.
_FIRST_CHARACTERS = re.compile(rf"(?={'|'.join(_TOKENS)})[<\[\]]", re.IGNORECASE)


def neutralise(text: str) -> str:
    """Break up every control token in a text: `<|im_end|>` becomes `< |im_end|>`."""
    return _FIRST_CHARACTERS.sub(r"\g<0> ", text)


def control_tokens_in(text: str) -> set[str]:
    """Find what looks like a control token in a text."""
    return set(_WHOLE.findall(text))


def any_of(tokens: Iterable[str]) -> re.Pattern[str]:
    """Compile an expression that matches the tokens, the longest first; without tokens, nothing."""
    longest_first = sorted(tokens, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")
