"""Microsoft Presidio, for names and phone numbers, where it and a model of spaCy are installed.

Nothing is fetched: Presidio would download a model that it lacks, and its recognizers of addresses
in the internet a list of domains; so the model is loaded here, and only the recognizers of people
and phone numbers are used. Knows nothing of files, runs or servers.
"""

import logging
import os
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec

from leavs.reports.identities import Kind, is_person, without_placeholders
from leavs.system.private_process import NO_STATISTICS

MODELS = tuple(f"en_core_web_{size}" for size in ("lg", "md", "sm", "trf"))  # the first is taken
KINDS = {"PERSON": Kind.NAME, "PHONE_NUMBER": Kind.PHONE}
LONGEST = 100_000  # characters of a text; spaCy refuses longer ones than a million
ENGLISH = "en"


def is_installed() -> bool:
    """Whether Presidio is installed; it is not loaded."""
    return find_spec("presidio_analyzer") is not None


def installed_model() -> str | None:
    """Return the name of the language model to use; None if none is installed."""
    return next(filter(_is_package, MODELS), None)


def _is_package(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def open_presidio(model: str) -> Callable[[str], frozenset[Kind]]:
    """Load Presidio with an installed language model; return what finds kinds in a text.

    Raises:
        Exception: of Presidio or spaCy, as where their versions do not fit the model's.
    """
    os.environ.update(NO_STATISTICS)  # it loads transformers where that is installed
    logger = logging.getLogger("presidio-analyzer")  # at debug level, of words around a number
    logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import PhoneRecognizer, SpacyRecognizer

    loaded = spacy.load(model)
    labels = {label for pipe in loaded.pipe_labels.values() for label in pipe}
    language = SpacyNlpEngine(
        [{"lang_code": ENGLISH, "model_name": model}],
        NerModelConfiguration(labels_to_ignore=sorted(labels - {"PERSON"})),
    )
    language.nlp = {ENGLISH: loaded}  # is_loaded() is true with it, so that it downloads nothing
    people = SpacyRecognizer(supported_entities=["PERSON"])
    analyzer = AnalyzerEngine(RecognizerRegistry([people, PhoneRecognizer()]), language)

    def kinds_in(text: str) -> frozenset[Kind]:
        text = without_placeholders(text[:LONGEST])
        results = analyzer.analyze(text, ENGLISH, [*KINDS])
        return frozenset(
            KINDS[one.entity_type]
            for one in results
            if one.entity_type != "PERSON" or is_person(text[one.start : one.end])
        )

    return kinds_in
