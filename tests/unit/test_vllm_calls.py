"""check_vllm_calls.py: what the engine calls is in the vLLM that is installed, and errors show."""

import shutil
from pathlib import Path

import pytest

import check_vllm_calls
from check_vllm_calls import OURS, checked, installed
from places import ROOT
from vllm_source import Shape, VllmSource

PACKAGE = {
    "vllm/__init__.py": "if True:\n    from .inner import Given\n",
    "vllm/inner/__init__.py": "from vllm.inner.deep import Given, function as handed\n",
    "vllm/inner/deep.py": """
class Base:
    first: int
    def method(self, one, *, two=2): self.set = one
    @property
    def read(self): ...
class Given(Base):
    second: str = ""
    @classmethod
    def made(cls, one): ...
def function(one, two=2, *rest, three, **more): ...
VARIABLE = 1
""",
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> VllmSource:
    folder = tmp_path_factory.mktemp("package")
    for name, text in PACKAGE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return VllmSource(folder)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("vllm.Given", Shape(True, ["first", "second"], 2, ["first"])),
        ("vllm.Given.method", Shape(True, ["one", "two"], 1, ["one"])),
        ("vllm.inner.Given.made", Shape(True, ["one"], 1, ["one"])),
        ("vllm.inner.handed", Shape(True, ["one", "two", "three"], 10**6, ["one", "three"], True)),
        *((f"vllm.Given.{name}", Shape()) for name in ("set", "read", "first", "second")),
        ("vllm.inner.deep.VARIABLE", Shape()),
        *((f"vllm.{name}", None) for name in ("Given.third", "Gone", "inner.deep.VARIABLE.x")),
    ],
)
def test_names_are_found_without_an_import(
    package: VllmSource, name: str, shape: Shape | None
) -> None:
    assert package.find(name) == shape


@pytest.fixture(scope="module")
def here() -> VllmSource:
    """The vLLM of this environment; each of its files is read once."""
    return VllmSource(installed())


def wrong(vllm: VllmSource, ours: Path) -> list[str]:
    uses = checked(vllm, ours)
    return [f"{use.name}: {wrong}" for use, optional, wrong in uses if wrong and not optional]


def test_the_installed_vllm_has_all_that_the_engine_calls(here: VllmSource) -> None:
    assert wrong(here, OURS) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("requests.py", "prompt_token_ids=ids)", "ids=ids)", "inputs.TokensPrompt: has no ids"),
        ("requests.py", ", await llm.get_supported_tasks()", "", "needs supported_tasks"),
        ("requests.py", "vllm.inputs import", "vllm.input import", "TokensPrompt: is not there"),
        ("engine.py", "shutdown, timeout=1", "shutdown, wait=1", "AsyncLLM.shutdown: has no wait"),
        ("engine.py", "reset_prefix_cache()", "reset_cache()", "reset_cache: is not there"),
        ("engine.py", "LLM_CLASS", "OURS", "UsageContext.OURS: is not there"),
        ("engine.py", "sampling, name)", "sampling, name, 1)", "takes 3 arguments by their place"),
        ("engine.py", "max_num_seqs", "max_seqs", "SchedulerConfig.max_seqs: is not there"),
        ("arguments.py", '"seed"', '"random_seed"', "AsyncEngineArgs: has no random_seed"),
        ("sampling.py", "detokenize", "decode", "SamplingParams: has no decode"),
        ("sampling.py", "stop_token_ids", "stops", "SamplingParams: has no stops"),
        ("completion.py", "num_cached_tokens", "cached", "RequestOutput.cached: is not there"),
        ("../constraints.py", '"regex"', '"re"', "StructuredOutputsParams: has no re"),
    ],
)
def test_what_vllm_does_not_have_is_named(
    here: VllmSource, file: str, old: str, new: str, said: str, tmp_path: Path
) -> None:
    for part in ("vllm", "constraints.py"):
        copy = shutil.copytree if (OURS / part).is_dir() else shutil.copy
        copy(OURS / part, tmp_path / part)
    path = tmp_path / "vllm" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    found = wrong(here, tmp_path)
    assert any(said in line for line in found), found


def test_each_file_that_imports_vllm_is_read() -> None:
    importing = [
        path
        for path in (ROOT / "src").rglob("*.py")
        if any(
            line.split()[:1] == ["from"] and line.split()[1].split(".")[0] == "vllm"
            for line in path.read_text().splitlines()
        )
    ]
    assert importing and {path.parent for path in importing} == {OURS / "vllm"}


def test_a_vllm_that_lacks_something_is_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "vllm").mkdir()
    (tmp_path / "vllm" / "__init__.py").touch()
    with pytest.raises(SystemExit, match="1"):
        check_vllm_calls.main([str(tmp_path)])
    printed = capsys.readouterr().out
    assert "NO  engine.py" in printed
    assert "-   requests.py" in printed  # tokens_input, which our source looks for
    with pytest.raises(SystemExit, match="0"):
        check_vllm_calls.main([])
    assert "all there" in capsys.readouterr().out
