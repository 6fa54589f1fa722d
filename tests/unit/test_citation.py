"""CITATION.cff is valid, is of this version, and is what the README says."""

import re
import tomllib

import pytest
from cffconvert import Citation

from places import ROOT

TEXT = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
CITING = re.compile(r"^## Citing\n(.*?)(?=^## )", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def citation() -> Citation:
    return Citation(TEXT)


def test_the_file_follows_the_schema(citation: Citation) -> None:
    citation.validate()


def test_version_and_licence_are_those_of_the_package(citation: Citation) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = {name: citation.cffobj[name] for name in ("title", "version", "license")}
    assert said == {
        "title": project["name"],
        "version": project["version"],
        "license": project["license"],
    }


def test_the_papers_are_cited_with_their_numbers(citation: Citation) -> None:
    urls = [one["url"] for one in citation.cffobj["references"]]
    assert urls == ["https://arxiv.org/abs/2503.13330", "https://arxiv.org/abs/2206.08023"]
    authors = citation.cffobj["references"][0]["authors"]
    assert authors[0]["family-names"] == "Bigolin Lanfredi"
    assert len(authors) == 10


def test_the_readme_cites_what_the_file_says(citation: Citation) -> None:
    found = CITING.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert found is not None
    said = " ".join(found[1].split())
    own = citation.cffobj
    assert f"{own['authors'][0]['name']}. {own['title']}, version {own['version']}." in said
    for one in own["references"]:
        first = one["authors"][0]
        author = f"{first['given-names'][0]}. {first['family-names']} et al."
        assert f"{author} {one['title']}. {one['year']}. {one['url']}" in said
