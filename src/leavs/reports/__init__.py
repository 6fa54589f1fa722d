"""Reports from files, folders, lists, tables, JSON Lines and AMOS-MM JSON, as one kind of stream.

Every source gives each entry of its input once, in order: as a `Report`, or as an
`UnreadableReport` that says why not. Texts are given exactly as decoded.
Knows nothing of models, prompts or runs.
"""

from leavs.reports.amos import from_amos_json
from leavs.reports.any_kind import from_path
from leavs.reports.files import from_files, from_folder, from_list
from leavs.reports.json_lines import from_jsonl
from leavs.reports.sources import CheckedSource, ReportSource, select
from leavs.reports.table_rows import from_csv, from_table

__all__ = [
    "CheckedSource",
    "ReportSource",
    "from_amos_json",
    "from_csv",
    "from_files",
    "from_folder",
    "from_jsonl",
    "from_list",
    "from_path",
    "from_table",
    "select",
]
