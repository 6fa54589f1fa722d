"""`leavs label` against real servers with the demo model: the labels mean nothing, the form does.

vLLM with and without a parser of thoughts, `transformers serve`; in the long version the server of
llama.cpp and a LiteLLM proxy, which `make servers` sets up.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from leavs.engines.models.demo import find_demo_model
from model_families import GEMMA
from program import leavs
from real_runs import SMALL, check_tables, write_reports
from real_servers import (
    Server,
    litellm_proxy,
    llama_server,
    transformers_server,
    vllm_server,
)
from thinking_model import thinking_model

pytestmark = pytest.mark.vllm

REPORTS = {"cyst": "Cyst of 12 mm in the liver."}
# Each step is taken: the demo model, asked which sentences inform, would find none.
UNREADABLE = re.compile(r"the reply is not|was cut at its length limit")
CHAIN = ("--organs", "liver", "--filtration", "none", "--reasoning", "never")


@dataclass(frozen=True)
class Labeled:
    """A run of one report: what was found of the server, and the table of details."""

    code: int
    err: str
    server: Mapping[str, Any]
    details: pd.DataFrame
    failures: list[str]

    @property
    def weighed(self) -> bool:
        """Whether each label has a probability."""
        labeled = self.details[self.details["failure"].isna()]
        return bool(labeled["probability"].between(0, 1).all())


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    return write_reports(tmp_path / "reports", REPORTS)


@pytest.fixture
def label(reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Labeled]:
    def run(server: Server, *more: str) -> Labeled:
        folder = tmp_path / "run"
        address = server.ready()
        monkeypatch.setenv("LEAVS_API_KEY", server.key)
        told = ("label", "--input-dir", reports, "--base-url", address, *CHAIN, *more)
        code, out, err = leavs(*told, "--output-dir", folder)
        assert out == ""
        assert code in (0, 3), err
        check_tables(folder, REPORTS, organs=1)
        found = json.loads((folder / "run.json").read_text())["server"]
        assert sum("constraint" in line for line in err.splitlines()) == 1, err
        failures = sorted({*pd.read_csv(folder / "failures.csv")["reason"]})
        return Labeled(code, err, found, pd.read_csv(folder / "details.csv"), failures)

    return run


@pytest.fixture(scope="module")
def thinker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return thinking_model(tmp_path_factory.mktemp("thinker") / "model", weights=True, opens=True)


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest, thinker: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """vLLM with a model that thinks; one at a time, for each takes some gigabytes."""
    with vllm_server(tmp_path_factory.mktemp("server"), thinker, *request.param) as server:
        yield server


def with_parser(*parsers: bool) -> pytest.MarkDecorator:
    """For a test of vLLM with or without a parser of thoughts."""
    arguments = [("--reasoning-parser", "qwen3") if parser else () for parser in parsers]
    names = ["parsed" if parser else "plain" for parser in parsers]
    return pytest.mark.parametrize("server", arguments, ids=names, indirect=True)


def without_system_role(folder: Path) -> Path:
    """The demo model with a template in Gemma's form, which refuses a system turn."""
    demo, _ = find_demo_model()
    folder.mkdir()
    for path in demo.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    marks = {"<start_of_turn>": "<|im_start|>", "<end_of_turn>": "<|im_end|>"}
    template = GEMMA
    for mark, own in marks.items():
        template = template.replace(mark, own)
    (folder / "chat_template.jinja").write_text(template)
    return folder


@with_parser(False, True)
def test_a_thought_is_switched_off_and_each_answer_has_its_probability(
    server: Server, label: Callable[..., Labeled]
) -> None:
    labeled = label(server)
    assert (labeled.code, labeled.failures) == (0, [])
    assert labeled.server["constraint"] == "structured_outputs"
    assert labeled.server["thoughts"] == "none"
    assert [*labeled.server["switch"]] == ["chat_template_kwargs"]
    assert labeled.weighed


@with_parser(True)
def test_behind_a_parser_the_answer_is_held_after_the_thought(
    server: Server, label: Callable[..., Labeled]
) -> None:
    labeled = label(server, "--thinking", "on", "--max-reasoning-tokens", "400")
    assert (labeled.server["thoughts"], labeled.server["constraint"]) == (
        "in a field of its own",
        "structured_outputs",
    )
    assert (labeled.code, labeled.failures) == (0, [])
    assert labeled.weighed


@with_parser(False)
def test_without_a_parser_the_thought_is_cut_off_and_what_is_no_answer_fails(
    server: Server, label: Callable[..., Labeled]
) -> None:
    labeled = label(server, "--thinking", "on", "--max-reasoning-tokens", "100")
    assert (labeled.server["thoughts"], labeled.server["constraint"]) == ("in the text", "none")
    assert not [one for one in labeled.failures if not UNREADABLE.search(one)]


def test_a_template_without_a_system_role_labels_as_in_the_process(
    label: Callable[..., Labeled], reports: Path, tmp_path: Path
) -> None:
    gemma = without_system_role(tmp_path / "gemma")
    with vllm_server(tmp_path, gemma) as server:
        labeled = label(server)
    told = ("label", "--input-dir", reports, "--model", gemma, *SMALL, *CHAIN)
    code, _, err = leavs(*told, "--output-dir", tmp_path / "in-process")
    assert code == 0, err
    assert (labeled.code, labeled.server["system_role"]) == (0, False)
    here = pd.read_csv(tmp_path / "in-process" / "details.csv")
    # In the process a choice can begin with more tokens, so that its probability is another.
    same = ["organ", "finding_type", "certainty", "urgency", "evidence"]
    pd.testing.assert_frame_equal(labeled.details[same], here[same])
    assert labeled.weighed


def test_transformers_obeys_nothing_and_is_read_strictly(
    label: Callable[..., Labeled], tmp_path: Path
) -> None:
    with transformers_server(tmp_path) as server:
        labeled = label(server, "--model", server.model)
    assert labeled.server["constraint"] == "none"
    assert labeled.server["alternatives"] is None
    assert not [one for one in labeled.failures if not UNREADABLE.search(one)]
    assert labeled.details["probability"].isna().all()


@pytest.mark.soak
def test_llama_cpp_holds_each_answer(label: Callable[..., Labeled], tmp_path: Path) -> None:
    with llama_server(tmp_path) as server:
        labeled = label(server, "--server-arg", "repeat_penalty=1.0")
    assert labeled.server["constraint"] == "grammar"
    assert (labeled.code, labeled.failures) == (0, [])
    assert labeled.details["probability"].notna().any()


@pytest.mark.soak
@pytest.mark.parametrize("drops", [False, True])
def test_behind_a_proxy_it_is_found_out_all_the_same(
    label: Callable[..., Labeled], tmp_path: Path, drops: bool
) -> None:
    """The proxy renames model and owner; told to drop fields, it does so without a word."""
    dropped = ("structured_outputs", "logprobs", "top_logprobs") if drops else ()
    with vllm_server(tmp_path) as vllm, litellm_proxy(tmp_path, vllm, dropped) as proxy:
        vllm.ready()
        labeled = label(proxy)
    constraint = "response_format" if drops else "structured_outputs"
    assert labeled.server["constraint"] == constraint
    assert (labeled.code, labeled.failures) == (0, [])
    assert labeled.weighed is not drops
