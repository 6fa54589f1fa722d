"""Evaluates labels against annotations, and calibrates probabilities: `leavs evaluate, calibrate`.

The rules are those of the LEAVS paper (arXiv 2503.13330), or stricter ones; `protocol.py` lists the
differences. codes -> items -> scores -> evaluate -> sheets and plots -> page. Nothing of it knows
whether a label comes from a model or a person.

Probabilities are a run's own: cells -> curves and risk_coverage -> calibration and probabilities.
"""

from leavs.evaluation.calibrate import calibrate_labels
from leavs.evaluation.evaluate import RESAMPLES, Evaluation, evaluate_labels
from leavs.evaluation.items import HUMANS, LABELER

__all__ = ["HUMANS", "LABELER", "RESAMPLES", "Evaluation", "calibrate_labels", "evaluate_labels"]
