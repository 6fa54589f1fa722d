"""Writes docs/definitions.md, the label dictionary, from the wording of the pack.

What is not settled stands in scripts/open_questions.md.

    python scripts/write_definitions.py
"""

from pathlib import Path

from leavs.domain import Prompt
from leavs.method.ontology import Organ
from leavs.method.pack import Pack, find_pack, load_pack
from leavs.system.pages import markdown_templates

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "definitions.md"
THE_ORGAN = Organ("organ", "")


def definitions(pack: Pack) -> str:
    """Return the page, with every wording as the model reads it."""
    template = markdown_templates(HERE).get_template("definitions.md.jinja")
    ontology = pack.ontology
    filtration = pack.instructions(Prompt.FILTRATION_NUMBERED)
    text = template.render(
        pack=pack,
        organs=ontology.organs,
        finding_types=[pack.wording(THE_ORGAN, one) for one in ontology.finding_types],
        certainties=[(str(int(code)).replace("-", "−"), one) for code, one in ontology.codes],
        urgencies=[(int(level), one) for level, one in ontology.levels],
        rules={
            "certainty": pack.rules(Prompt.CERTAINTY),
            "filtration": pack.rules(Prompt.FILTRATION_NUMBERED),
            "not_informative": next(
                line for line in filtration.splitlines() if line.startswith("Not informative")
            ),
            "finding_types": pack.rules(Prompt.FINDING_TYPES),
            "urgency": pack.rules(Prompt.URGENCY),
        },
        open_questions=(HERE / "open_questions.md").read_text(encoding="utf-8").strip(),
    )
    return "\n".join(line.rstrip() for line in text.splitlines()).replace("\n\n\n", "\n\n") + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(definitions(load_pack(find_pack("leavs"))), encoding="utf-8")


if __name__ == "__main__":
    main()
