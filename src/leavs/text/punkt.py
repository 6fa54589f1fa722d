"""Loads nltk's Punkt without the rest of nltk, which takes far longer.

`import nltk` loads all its parts, and with them SciPy, scikit-learn and pandas where they are
installed.
"""

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType


def load_punkt() -> ModuleType:
    """Return the module nltk.tokenize.punkt; what else imports nltk later gets it whole."""
    spec = find_spec("nltk")
    if spec is None or "nltk" in sys.modules:
        return import_module("nltk.tokenize.punkt")
    sys.modules["nltk"] = module_from_spec(spec)  # with nltk's path, and nothing of it executed
    try:
        return import_module("nltk.tokenize.punkt")
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "nltk"]:
            del sys.modules[name]
