"""`leavs methods`: what a paper needs of a run."""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leavs.errors import UsageError
from leavs.publication.methods import describe_methods
from leavs.system.output_places import file_not_writable
from leavs.system.private_files import written_whole


def methods(
    run: Annotated[Path, Parameter(help="The run's output folder, or one of merged labels.")],
    *,
    output: Path | None = None,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> None:
    """Write how the labels were made: a paragraph, two checklists, and a card for the data set.

    It holds a paragraph for a methods section, the items of MI-CLEAR-LLM and TRIPOD-LLM that a run
    can answer, what was not done, and a Hugging Face card. What the run does not know says "to be
    filled in by you". No id, path or machine is named.

    Args:
        output: the file to write, which must not be there yet; by default it is printed.
        as_json: one JSON object instead of Markdown, for programs.
    """
    if output is not None and output.exists():
        raise UsageError(
            f"--output {output} is there already, and what somebody filled in would be lost; name "
            "another, or remove it"
        )
    found = describe_methods(run)
    if as_json:
        text = json.dumps(found.as_values(), ensure_ascii=False, indent=1) + "\n"
    else:
        text = found.as_markdown()
    if output is None:
        print(text, end="")
        return
    try:
        with written_whole(output) as file:
            file.write(text)
    except OSError as error:
        raise file_not_writable(output, error) from error
    print(output)
