"""A language model of spaCy as a package, that takes some words for people and nothing else."""

import sys
from collections.abc import Sequence
from pathlib import Path

NAME, VERSION = "en_core_web_sm", "1.0"

LOADER = """
from pathlib import Path
from spacy.util import load_model_from_init_py

def load(**overrides):
    return load_model_from_init_py(__file__, **overrides)
"""


def write_language_model(site: Path, people: Sequence[str]) -> Path:
    """Write the package into a folder that is then put on Python's path; takes no network."""
    import spacy

    language = spacy.blank("en")
    ruler = language.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": one} for one in people])  # type: ignore[attr-defined]
    ruler.add_patterns([{"label": "ORG", "pattern": "Clinic"}])  # type: ignore[attr-defined]
    language.meta.update(name="core_web_sm", version=VERSION)
    package = site / NAME
    package.mkdir(parents=True)
    language.to_disk(package / f"{NAME}-{VERSION}")
    (package / "__init__.py").write_text(LOADER)
    meta = (package / f"{NAME}-{VERSION}" / "meta.json").read_text()
    (package / "meta.json").write_text(meta)
    about = site / f"{NAME}-{VERSION}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n")
    return site


if __name__ == "__main__":
    write_language_model(Path(sys.argv[1]), sys.argv[2:])
