"""Writes a regular expression as a grammar of llama.cpp (GBNF).

Only for the expressions that leavs itself writes: characters, classes, groups, alternatives and
repetitions, without anchors and look-around. Imports nothing from leavs.
"""

import json
import re

_PARTS = re.compile(
    r"(?P<group>\(\?:|\()|(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<repeat>[*+?]|\{\d+(?:,\d*)?\})"
    r"|(?P<plain>[)|])|(?P<escaped>\\.)|(?P<character>.)",
    re.DOTALL,
)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


def gbnf_of(regex: str) -> str:
    """Return the grammar of the texts that a regular expression matches as a whole."""
    parts = [_written(part) for part in _PARTS.finditer(regex)]
    return f"root ::= {' '.join(parts)}"


def _written(part: re.Match[str]) -> str:
    text = part[0]
    match part.lastgroup:
        case "group":
            return "("
        case "class" | "plain" | "repeat":
            return text
        case "escaped":
            return json.dumps(_ESCAPED.get(text[1], text[1]), ensure_ascii=False)
        case _:
            return json.dumps(text, ensure_ascii=False)
