"""How many questions a report costs, for each way of sentence filtration.

Asks no model. The least is a report in which no sentence informs about any organ; the most is one
in which every sentence informs about every organ and every finding is present. With reasoning a
list costs two calls, and a choice mostly one.

    python scripts/count_questions.py [REPORTS.csv]
"""

import asyncio
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from leavs.doctor.readers import least, most_with
from leavs.domain import Filtration, OrganResult, Reasoning, Report
from leavs.engines.scripted import Script, ScriptedEngine
from leavs.method.ask import Ask
from leavs.method.chain import label_report
from leavs.method.options import Manner
from leavs.method.pack import Pack, find_pack, load_pack
from leavs.method.steps.filtration import FILTERS
from leavs.reports import from_csv, from_folder

ROOT = Path(__file__).parents[1]


async def questions(pack: Pack, report: Report, filtration: Filtration, script: Script) -> int:
    """The questions that one report costs with one reader, without reasoning."""
    ask = Ask(ScriptedEngine(script), pack, Manner(Reasoning.NEVER, max_reasoning_tokens=1))
    results: list[OrganResult] = []
    await label_report(ask, report, pack.ontology.organs, FILTERS[filtration], results.append)
    return sum(use.questions for result in results for use in result.usage.values())


def main(arguments: list[str]) -> None:
    """Print the table."""
    pack = load_pack(find_pack("leavs"))
    source = from_csv(Path(arguments[0])) if arguments else from_folder(ROOT / "data" / "reports")
    reports = [entry for entry in source if isinstance(entry, Report)]
    table = Table(
        "filtration", "least", "most", title=f"questions a report, {len(reports)} reports"
    )
    for filtration in Filtration:
        row = [
            sum(asyncio.run(questions(pack, report, filtration, script)) for report in reports)
            for script in (least, most_with(filtration))
        ]
        table.add_row(filtration.value, *(f"{total / len(reports):,.0f}" for total in row))
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
