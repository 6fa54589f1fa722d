"""Labels abdominal CT reports: for nine organs and eleven finding types, what the report says.

From Python it is the same as from the command line::

    from pathlib import Path

    from leavs import EngineOptions, OutputOptions, from_folder, label_reports, read_labels

    outcome = label_reports(
        from_folder(Path("reports")),
        EngineOptions(dry_run=True),  # asks no model; EngineOptions(model="demo") asks a small one
        output=OutputOptions(Path("results")),
    )
    print(outcome.complete, outcome.exported.reports)
    print(read_labels(Path("results")))

In a notebook, ``await label_reports_async(...)`` takes the same arguments.
"""

from typing import TYPE_CHECKING

__all__ = [
    "Certainty",
    "CertaintyQuestions",
    "Engine",
    "EngineOptions",
    "Filtration",
    "InputOptions",
    "LeavsError",
    "MethodOptions",
    "Outcome",
    "OutputOptions",
    "Policy",
    "Preset",
    "RayOptions",
    "Reading",
    "Reasoning",
    "Report",
    "ScriptedEngine",
    "Shape",
    "Shard",
    "Urgency",
    "calibrate_labels",
    "check_labels",
    "convert_labels",
    "describe_methods",
    "evaluate_labels",
    "export",
    "from_amos_json",
    "from_csv",
    "from_files",
    "from_folder",
    "from_jsonl",
    "from_list",
    "from_table",
    "label_reports",
    "label_reports_async",
    "merge_runs",
    "read_labels",
    "write_dataset",
]

if TYPE_CHECKING:
    from leavs.domain import (
        Certainty,
        CertaintyQuestions,
        Filtration,
        Preset,
        Reasoning,
        Report,
        Shard,
        Urgency,
    )
    from leavs.engines.engine import Engine
    from leavs.engines.options import EngineOptions
    from leavs.engines.scripted import ScriptedEngine
    from leavs.errors import LeavsError
    from leavs.evaluation import calibrate_labels, evaluate_labels
    from leavs.method.options import MethodOptions
    from leavs.publication.dataset import write_dataset
    from leavs.publication.methods import describe_methods
    from leavs.reports import (
        from_amos_json,
        from_csv,
        from_files,
        from_folder,
        from_jsonl,
        from_list,
        from_table,
    )
    from leavs.reports.options import InputOptions
    from leavs.run.labeling import label_reports, label_reports_async
    from leavs.run.options import OutputOptions, RayOptions
    from leavs.run.session import Outcome
    from leavs.tables.check import check_labels
    from leavs.tables.convert import Policy, Reading, Shape, convert_labels
    from leavs.tables.export import export
    from leavs.tables.merged import merge_runs
    from leavs.tables.read import read_labels
else:
    from importlib import import_module

    _HOMES = {
        "leavs.domain": (
            "Certainty CertaintyQuestions Filtration Preset Reasoning Report Shard Urgency"
        ),
        "leavs.engines.engine": "Engine",
        "leavs.engines.options": "EngineOptions",
        "leavs.engines.scripted": "ScriptedEngine",
        "leavs.errors": "LeavsError",
        "leavs.evaluation": "calibrate_labels evaluate_labels",
        "leavs.method.options": "MethodOptions",
        "leavs.publication.dataset": "write_dataset",
        "leavs.publication.methods": "describe_methods",
        "leavs.reports": "from_amos_json from_csv from_files from_folder from_jsonl from_list"
        " from_table",
        "leavs.reports.options": "InputOptions",
        "leavs.run.labeling": "label_reports label_reports_async",
        "leavs.run.options": "OutputOptions RayOptions",
        "leavs.run.session": "Outcome",
        "leavs.tables.check": "check_labels",
        "leavs.tables.convert": "Policy Reading Shape convert_labels",
        "leavs.tables.export": "export",
        "leavs.tables.merged": "merge_runs",
        "leavs.tables.read": "read_labels",
    }

    def __getattr__(name):
        """Import a public name when it is first used, so that `import leavs` costs nothing."""
        for module, names in _HOMES.items():
            if name in names.split():
                return getattr(import_module(module), name)
        raise AttributeError(f"module 'leavs' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
