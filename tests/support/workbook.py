"""Small Excel workbooks, written by hand: nothing that the project installs can write them."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HIDDEN = ' state="hidden"'
DATE = 1  # the number of the cell format of dates
Cell = str | float | bool | tuple[int, float] | None


def write_workbook(
    path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]], hidden: Sequence[str] = ()
) -> Path:
    """Write sheets of rows; a cell that is a pair has a format (`DATE`) and a number."""
    names = list(sheets)
    tags = [
        f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"{HIDDEN * (name in hidden)}/>'
        for n, name in enumerate(names, start=1)
    ]
    parts = [_link(n, "worksheet", f"worksheets/{n}.xml") for n in range(1, len(names) + 1)]
    parts.append(_link(0, "styles", "styles.xml"))
    files = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/></Types>',
        "_rels/.rels": _links([_link(1, "officeDocument", "xl/workbook.xml")]),
        "xl/_rels/workbook.xml.rels": _links(parts),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">'
        f"<sheets>{''.join(tags)}</sheets></workbook>",
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="14"/></cellXfs></styleSheet>',
    }
    for n, rows in enumerate(sheets.values(), start=1):
        body = "".join(map(_row, range(1, len(rows) + 1), rows))
        sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>'
        files[f"xl/worksheets/{n}.xml"] = sheet
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return path


def _links(links: Sequence[str]) -> str:
    return f'<Relationships xmlns="{PACKAGE}/relationships">{"".join(links)}</Relationships>'


def _link(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="r{number}" Type="{OFFICE}/{kind}" Target="{target}"/>'


def _row(number: int, cells: Sequence[Cell]) -> str:
    written = (_cell(f"{chr(65 + place)}{number}", cell) for place, cell in enumerate(cells))
    return f'<row r="{number}">{"".join(written)}</row>'


def _cell(place: str, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        text = escape(cell)
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
    style, number = cell if isinstance(cell, tuple) else (0, cell)
    return f'<c r="{place}" s="{style}"><v>{number}</v></c>'
