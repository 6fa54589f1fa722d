"""The documentation as a site: strict, whole, and with nothing fetched from elsewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort

import site_hooks
from places import ROOT

FETCHED = {"script": "src", "img": "src", "iframe": "src", "source": "srcset", "link": "href"}
STYLED = re.compile(r"""(?:url\(\s*['"]?|@import\s+['"])((?:https?:)?//[^'")]+)""")


def built(root: Path, site: Path) -> Path:
    build(load_config(str(root / "mkdocs.yml"), site_dir=str(site)))
    return site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("site"))


class _Addresses(HTMLParser):
    def __init__(self, page: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.linked: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.fetched += [address] if (address := given.get(FETCHED.get(tag, ""))) else []
        self.linked += [address] if tag == "a" and (address := given.get("href")) else []


def fetched(file: Path) -> list[str]:
    """What a browser that opens a file would fetch from another machine."""
    if file.suffix == ".css":
        return STYLED.findall(file.read_text(encoding="utf-8"))
    return [one for one in _Addresses(file).fetched if re.match(r"(?:https?:)?//", one)]


def missing(site: Path, page: Path) -> list[str]:
    """The files that a page links to or shows, and that the site does not have."""
    named = _Addresses(page)
    here = {urlsplit(one).path for one in named.fetched + named.linked if "//" not in one} - {""}
    places = {one: site / one[1:] if one[0] == "/" else page.parent / one for one in sorted(here)}
    files = {
        one: place / "index.html" if place.is_dir() else place for one, place in places.items()
    }
    return [one for one, file in files.items() if not file.exists()]


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(files) > 20
    assert {str(file): fetched(file) for file in files if fetched(file)} == {}


def test_every_address_in_the_site_is_a_file_of_it(site: Path) -> None:
    pages = [*site.rglob("*.html")]
    assert {str(page): missing(site, page) for page in pages if missing(site, page)} == {}


def test_what_is_missing_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<a href="page.html#a"></a> <img src="gone.png"> <a href="/g/">')
    assert missing(tmp_path, page) == ["/g/", "gone.png"]


def test_what_would_be_fetched_is_noticed(tmp_path: Path) -> None:
    page, style = tmp_path / "page.html", tmp_path / "style.css"
    page.write_text('<a href="https://a/"></a><img src="https://b/i"><script src="//c/s"></script>')
    style.write_text("@import 'https://d/e'; a { background: url(https://f/g) } b { c: url(h) }")
    assert fetched(page) == ["https://b/i", "//c/s"]
    assert fetched(style) == ["https://d/e", "https://f/g"]


def test_every_page_of_the_project_is_in_the_site(site: Path) -> None:
    docs = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    beside = {"readme", "contributing", "security", "changelog", "data/readme"}
    assert {name for name in docs | beside if not (site / name / "index.html").exists()} == set()


def test_the_map_is_the_navigation() -> None:
    the_map = "# Map\n## One\nText\n- [A](a.md): [x](x.md)\n- [B](../b/B.md)\n## Two\n- [C](c.md)\n"
    assert site_hooks.navigation(the_map) == [
        {"Overview": "docs/index.md"},
        {"One": [{"A": "docs/a.md"}, {"B": "b/B.md"}]},
        {"Two": [{"C": "docs/c.md"}]},
    ]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Limits", "limits"),
        ("leavs label", "leavs-label"),
        ("Before a run: leavs doctor", "before-a-run-leavs-doctor"),
        ("−3, a broad area", "3-a-broad-area"),
        ("Was heißt `--x` & y?", "was-heißt---x--y"),
    ],
)
def test_anchors_are_those_of_code_hosts(heading: str, anchor: str) -> None:
    assert site_hooks.slug(heading, "-") == anchor


# A checkout with two pages


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    files = {
        "mkdocs.yml": (ROOT / "mkdocs.yml").read_text(encoding="utf-8"),
        "scripts/site_hooks.py": Path(site_hooks.__file__).read_text(encoding="utf-8"),
        "scripts/job.sh": "true\n",
        "BESIDE.md": "# Beside\n[back](docs/page.md#part)\n",
        "docs/site.css": "",
        "docs/index.md": "# Map\n## Start\n- [Page](page.md): it\n- [Beside](../BESIDE.md)\n",
        "docs/page.md": "# Page\n[job](../scripts/job.sh)\n## Part\nTwo:\n- one\n- two\n\n"
        "| a |\n| --- |\n| `x\\|y` |\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_pages_link_across_the_checkout(checkout: Path, tmp_path: Path) -> None:
    site = built(checkout, tmp_path / "site")
    page = (site / "page" / "index.html").read_text(encoding="utf-8")
    assert '<a href="../scripts/job.sh">' in page
    assert (site / "scripts" / "job.sh").read_text() == "true\n"
    assert '<a href="../page/#part">' in (site / "beside" / "index.html").read_text()
    assert "<li>one</li>" in page
    assert "<code>x|y</code>" in page


@pytest.mark.parametrize(
    "link",
    [
        '[job](../scripts/more.sh "a title")',
        "[job](../scripts/more.sh#part 'a title')",
        "[job](<../scripts/more.sh>)",
        "[![job](../scripts/more.sh)](page.md)",
    ],
)
def test_a_link_is_found_however_it_is_written(checkout: Path, link: str) -> None:
    (checkout / "scripts" / "more.sh").write_text("true\n")
    with (checkout / "docs" / "page.md").open("a", encoding="utf-8") as file:
        file.write(f"\n{link}\n")
    assert (built(checkout, checkout / "site") / "scripts" / "more.sh").exists()


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("docs/page.md", "[gone](gone.md)"),
        ("docs/page.md", "[gone](#gone)"),
        ("BESIDE.md", "[gone](docs/page.md#gone)"),
        ("BESIDE.md", "[a folder](scripts/)"),
        ("docs/page.md", "![gone](gone.png)"),
        ("docs/orphan.md", "# Orphan"),
        ("docs/index.md", "- [Gone](gone.md)"),
    ],
)
def test_a_dead_link_or_an_orphan_is_refused(checkout: Path, page: str, text: str) -> None:
    with (checkout / page).open("a", encoding="utf-8") as file:
        file.write(f"\n{text}\n")
    with pytest.raises(Abort, match="strict"):
        built(checkout, checkout / "site")
