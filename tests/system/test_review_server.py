"""The server refuses who does not know its address, loses nothing, and takes no nonsense."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from leavs import cli
from leavs.cli import exit_codes
from leavs.review.corrections import read_readings
from processes import wait_until
from served_review import Served, labeled, serving


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return labeled(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def served(run: Path) -> Iterator[Served]:
    with serving(run) as server:
        yield server


PATHS = ["", "page.js", "page.css", "api/session", "api/queue", "api/reports/0", "api/undo", "no"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", ["", "x/", "{}x/", "{}/../x/"])
def test_without_the_token_every_route_answers_403(served: Served, path: str, token: str) -> None:
    origin, known = re.fullmatch(r"(http://[^/]+)/([^/]+)/", served.address).groups()  # type: ignore[union-attr]
    address = f"{origin}/{token.format(known)}{path}"
    for method in ("GET", "POST"):
        answer = httpx.request(method, address)
        assert (answer.status_code, answer.text) == (403, "not allowed")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Host": "127.0.0.1"},
    ],
    ids=str,
)
def test_a_foreign_host_or_origin_is_refused(served: Served, headers: dict[str, str]) -> None:
    for path in ("", "api/reports/0"):
        assert httpx.get(served.address + path, headers=headers).status_code == 403


def test_every_answer_forbids_caches_and_other_origins(served: Served) -> None:
    for path in PATHS:
        headers = httpx.get(served.address + path).headers
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"


def post(served: Served, path: str, body: Any) -> httpx.Response:
    return httpx.post(f"{served.address}api/{path}", json=body)


CELL = {"place": 0, "organ": "liver", "finding_type": "focal"}
NONSENSE: list[tuple[str, Any, int]] = [
    ("changes", {}, 400),
    ("changes", [], 400),
    ("changes", {**CELL, "organ": "heart", "after": {"certainty": 1}}, 400),
    ("changes", {**CELL, "finding_type": "new", "after": {"certainty": 1}}, 400),
    ("changes", {**CELL, "after": {"certainty": 7}}, 400),
    ("changes", {**CELL, "after": {"certainty": "1"}}, 400),
    ("changes", {**CELL, "after": {"certainty": 1, "urgency": 9}}, 400),
    ("changes", {**CELL, "after": {"certainty": True}}, 400),
    ("changes", {**CELL, "place": 99, "after": {"certainty": 1}}, 404),
    ("changes", {**CELL, "place": -1, "after": {"certainty": 1}}, 404),
    ("accepted", {"place": "x", "accepted": True}, 400),
    ("accepted", {"place": 10**30, "accepted": True}, 404),
    ("changes", {**CELL, "after": {"certainty": 1}, "more": "x" * 20_000}, 413),
]


@pytest.mark.parametrize(("path", "body", "status"), NONSENSE)
def test_nonsense_is_answered_in_a_line_and_changes_nothing(
    served: Served, run: Path, path: str, body: Any, status: int
) -> None:
    before = (run / "review" / "corrections-reader.jsonl").read_bytes()
    answer = post(served, path, body)
    assert answer.status_code == status
    assert "\n" not in answer.json()["error"]
    assert (run / "review" / "corrections-reader.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    "query",
    ["kind=none", "kind=positive&organ=heart", "kind=unsure&below=x", "kind=differing", "count=x"],
)
def test_a_queue_that_cannot_be_made_is_refused(served: Served, query: str) -> None:
    answer = httpx.get(f"{served.address}api/queue?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_only_json_is_taken(served: Served) -> None:
    form = httpx.post(f"{served.address}api/changes", data={"place": "0"})
    assert form.status_code == 415
    broken = httpx.post(
        f"{served.address}api/changes", content="{", headers={"Content-Type": "application/json"}
    )
    assert broken.status_code == 400


def test_a_kill_loses_nothing_that_was_confirmed(tmp_path: Path) -> None:
    run = labeled(tmp_path)
    confirmed = []
    with serving(run, "--reader", "anna") as server:
        for number in range(20):
            after = {"certainty": -1, "urgency": number % 4}  # no label is that
            cell = {**CELL, "place": number % 5}
            assert post(server, "changes", {**cell, "after": after}).status_code == 200
            confirmed.append((cell["place"], after["urgency"]))
        server.kill()
    readings = read_readings(run / "review" / "corrections-anna.jsonl")
    assert len(readings.history) == 20
    with serving(run, "--reader", "anna") as server:
        for place, urgency in dict(confirmed).items():
            report = httpx.get(f"{server.address}api/reports/{place}").json()
            cell = report["organs"]["liver"]["cells"]["focal"]
            assert cell["corrected"] == {"certainty": -1, "urgency": urgency}


def test_the_browser_is_opened_and_no_argument_holds_the_address(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, told = tmp_path / "browser", tmp_path / "told"
    browser.write_text(f'#!/bin/sh\ncp "${{1#file://}}" {told}.html; echo "$1" > {told}\n')
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    with serving(run, "--reader", "other", opens=True) as server:
        wait_until("a browser is opened", lambda: told.exists() and told.read_text().endswith("\n"))
        token = server.address.rstrip("/").rpartition("/")[2]
        assert token not in told.read_text()
        assert token.encode() not in Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
        assert server.address in told.with_name("told.html").read_text()
        assert all(path.stat().st_mode & 0o077 == 0 for path in (run / "review").iterdir())
    assert not (run / "review" / "open.html").exists()


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--reports", "no.csv"], "no.csv"),
        (
            ["--reports", "pyproject.toml"],
            "name a folder, or a file with one of the suffixes .txt, .jsonl",
        ),
        (["--reader", "../x"], "use letters, digits"),
        (["--adjudicate"], "no two readers differ"),
        (["--adjudicate", "--blind"], "--adjudicate goes with neither"),
        (["--reader", "adjudication"], "is the one of --adjudicate"),
        (["--port", "99999"], "cannot be had"),
        (["--compare", "no.csv"], "no.csv does not exist"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], complaint: str
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "subjectid_studyid,organ,type_annotation,focal\na,liver,labels,1\na,liver,urgency,2\n"
    )
    assert cli.run(["review", str(labels), "--no-open", *more]) == exit_codes.USAGE
    err = capsys.readouterr().err
    assert complaint in err
    assert err.count("\n") == 1
