"""The page of definitions says what the pack says."""

import pytest

from leavs.method.pack import Pack
from places import ROOT
from write_definitions import PAGE, definitions


def test_the_page_is_what_the_pack_says(pack: Pack) -> None:
    assert PAGE.read_text(encoding="utf-8") == definitions(pack), (
        "if meant: python scripts/write_definitions.py"
    )


def test_every_wording_of_the_ontology_is_on_the_page(pack: Pack) -> None:
    page = PAGE.read_text(encoding="utf-8")
    ontology = pack.ontology
    answers = [*ontology.certainty.values(), *ontology.urgency.values()]
    wordings = [
        *(organ.covers for organ in ontology.organs),
        *(text for one in ontology.finding_types for text in (one.meaning, one.traps)),
        *(example for one in ontology.finding_types for example in one.examples),
        *(text for answer in answers for text in (answer.name, answer.meaning)),
    ]
    assert [text for text in wordings if text not in page] == []


@pytest.mark.parametrize("step", ["certainty", "filtration_numbered", "urgency"])
def test_every_rule_of_a_step_is_on_the_page(step: str) -> None:
    prompt = (ROOT / "prompts" / "leavs" / f"{step}.jinja").read_text(encoding="utf-8")
    rules = [line for line in prompt.splitlines() if line.startswith("- ") and "{{" not in line]
    page = PAGE.read_text(encoding="utf-8").splitlines()
    assert rules
    assert [rule for rule in rules if rule not in page] == []


def test_each_finding_type_has_two_examples(pack: Pack) -> None:
    assert {len(one.examples) for one in pack.ontology.finding_types} == {2}
