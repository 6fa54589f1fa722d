"""What is loaded with Punkt, and what is left behind, in an interpreter of its own."""

import subprocess
import sys

SPLIT = "from leavs.text import split_sentences\nsplit_sentences('The liver is normal. No cyst.')\n"


def printed_by(script: str) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_nothing_large_is_loaded_with_it() -> None:
    large = "{'scipy', 'sklearn', 'pandas'}"
    assert printed_by(f"import sys\n{SPLIT}print({large} & set(sys.modules))") == "set()\n"


def test_who_imports_nltk_later_gets_all_of_it() -> None:
    later = "import nltk\nprint(callable(nltk.word_tokenize), nltk.__version__ > '3')"
    assert printed_by(SPLIT + later) == "True True\n"


def test_where_nltk_is_loaded_it_stays_the_same() -> None:
    before = "import nltk\n"
    after = "import sys\nprint(sys.modules['nltk'] is nltk, callable(nltk.word_tokenize))"
    assert printed_by(before + SPLIT + after) == "True True\n"
