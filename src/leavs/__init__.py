"""Labels abdominal CT reports: for nine organs and eleven finding types, what the report says.

The same from Python as from the command line::

    from leavs import EngineOptions, OutputOptions, from_folder, label_reports

    label_reports(from_folder(Path("reports")), EngineOptions(model="demo"))
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Certainty": "leavs.domain",
    "EngineOptions": "leavs.engines.options",
    "Filtration": "leavs.domain",
    "InputOptions": "leavs.reports.options",
    "LeavsError": "leavs.errors",
    "MethodOptions": "leavs.method.options",
    "Outcome": "leavs.run.session",
    "OutputOptions": "leavs.run.options",
    "Policy": "leavs.tables.convert",
    "RayOptions": "leavs.run.options",
    "Reading": "leavs.tables.convert",
    "Reasoning": "leavs.domain",
    "Report": "leavs.domain",
    "ScriptedEngine": "leavs.engines.scripted",
    "Shape": "leavs.tables.convert",
    "Urgency": "leavs.domain",
    "check_labels": "leavs.tables.check",
    "convert_labels": "leavs.tables.convert",
    "export": "leavs.tables.export",
    "from_amos_json": "leavs.reports",
    "from_csv": "leavs.reports",
    "from_files": "leavs.reports",
    "from_folder": "leavs.reports",
    "from_jsonl": "leavs.reports",
    "from_list": "leavs.reports",
    "label_reports": "leavs.run.labeling",
    "label_reports_async": "leavs.run.labeling",
    "read_labels": "leavs.tables.read",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Public names are loaded when they are first used: `import leavs` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'leavs' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
