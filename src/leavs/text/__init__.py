"""Sentences of a report with offsets, and the sentences that a model's quote stands for.

The one door to `sentences` and `quotes`. Knows nothing of models, files or prompts.
"""

from leavs.text.quotes import match_quote, match_quotes
from leavs.text.sentences import heading_lines, split_sentences

__all__ = ["heading_lines", "match_quote", "match_quotes", "split_sentences"]
