"""Hooks of mkdocs: the site has the layout of the checkout, so that one link works in both.

`docs/index.md` is the map: its headings and the links of its lists are the navigation. What pages
link to beside `docs/`, such as SECURITY.md or a script, becomes a page or a file of the site. A
page that the map does not name, or a link to nothing, is a warning, which ends the build.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

MAP = "docs/index.md"
HEADING = re.compile(r"## (.+)")
ENTRY = re.compile(r"- \[([^]]+)\]\(([^)#]+)\)")
LINK = re.compile(r"\]\(<?([^)\s#:>]+)(?:#[^)\s>]*)?>?(?:\s[^)]*)?\)")
FENCE = re.compile(r"\s*(```|~~~)")
CELL = re.compile(r"<td.*?</td>", re.DOTALL)
ITEM = re.compile(r"\s*(?:[-*+]|\d+\.) ")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Take the navigation from the map, and the ids of headings as code hosts make them."""
    root = Path(config.config_file_path).parent
    config.nav = navigation((root / MAP).read_text(encoding="utf-8"))
    config.mdx_configs["toc"]["slugify"] = slug
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Name files by their place in the checkout, and add those that pages link to."""
    root = Path(config.config_file_path).parent
    docs = Path(config.docs_dir).relative_to(root).as_posix()
    own = [file for file in files if file.src_dir == config.docs_dir]
    pages = {f"{docs}/{file.src_uri}": file.dest_uri for file in own}
    places = {**{path: address(path) for path in linked(root, [*pages])}, **pages}
    site = [
        File(path, str(root), config.site_dir, config.use_directory_urls, dest_uri=place)
        for path, place in places.items()
    ]
    return Files([*(file for file in files if file not in own), *site])


def on_page_markdown(markdown: str, **_: object) -> str:
    """Part lists from the paragraph before them, as code hosts read them."""
    return "\n".join(_with_lists_apart(markdown))


def on_page_content(html: str, **_: object) -> str:
    """Show a bar in a code of a table as a bar, as code hosts do."""
    return CELL.sub(lambda cell: cell[0].replace("\\|", "|"), html)


def slug(heading: str, separator: str) -> str:
    """Return the id of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", separator)


def navigation(the_map: str) -> list[dict[str, object]]:
    """Return the navigation that a map of pages describes: the map, and a section a heading."""
    sections: list[dict[str, object]] = [{"Overview": MAP}]
    entries: list[dict[str, str]] = []
    for line in the_map.splitlines():
        if heading := HEADING.fullmatch(line):
            entries = []
            sections.append({heading[1]: entries})
        elif entry := ENTRY.match(line):
            entries.append({entry[1]: posixpath.normpath(posixpath.join("docs", entry[2]))})
    return sections


def linked(root: Path, pages: list[str]) -> Iterator[str]:
    """Yield the files of a checkout that pages link to, and so on from these.

    Args:
        root: the folder of the checkout.
        pages: paths in it.
    """
    seen, waiting = set(pages), pages
    while waiting:
        page = waiting.pop()
        if not page.endswith(".md"):
            continue
        for link in LINK.findall((root / page).read_text(encoding="utf-8")):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link))
            if path not in seen and not path.startswith("..") and (root / path).is_file():
                seen.add(path)
                waiting.append(path)
                yield path


def address(path: str) -> str:
    """Return where a file beside docs/ stands in the site."""
    return f"{path.removesuffix('.md').lower()}/index.html" if path.endswith(".md") else path


def _with_lists_apart(markdown: str) -> Iterator[str]:
    fenced, before = False, ""
    for line in markdown.splitlines():
        fenced ^= bool(FENCE.match(line))
        starts = ITEM.match(line) and before.strip() and not ITEM.match(before)
        if not fenced and starts and not before.startswith(" "):
            yield ""
        yield line
        before = line
