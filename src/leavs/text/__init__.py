"""Sentences of a report with offsets, and the sentences that a model's quote stands for.

Other rooms import from here, not from the modules. Knows nothing of models, files or prompts.
"""

from leavs.text.quotes import match_quote, match_quotes
from leavs.text.sentences import heading_lines, overlong_sentence, split_sentences

__all__ = ["heading_lines", "match_quote", "match_quotes", "overlong_sentence", "split_sentences"]
