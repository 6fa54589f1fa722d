"""Evaluates labels against annotations: `leavs evaluate`.

The rules are those of the LEAVS paper (arXiv 2503.13330), or stricter ones; `protocol.py` lists the
differences. codes -> items -> scores -> evaluate -> sheets and plots -> page. Nothing here knows
whether a label comes from a model or a person.
"""

from leavs.evaluation.evaluate import RESAMPLES, Evaluation, evaluate_labels
from leavs.evaluation.items import HUMANS, LABELER

__all__ = ["HUMANS", "LABELER", "RESAMPLES", "Evaluation", "evaluate_labels"]
