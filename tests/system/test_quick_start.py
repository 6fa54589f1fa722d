"""What a command does not use is not loaded: it would stand in the way of a quick start."""

import subprocess
import sys

import pytest

# What stands in the way of a quick start, or asks for what is not installed
ENGINES = ("torch", "vllm", "transformers", "tokenizers", "openai", "huggingface_hub", "ray")
STATISTICS = ("pandas", "sklearn", "scipy", "matplotlib", "nltk")
SLOW = (*ENGINES, *STATISTICS)


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import leavs", ()),
        ("import leavs.cli", ()),
        ("import leavs.cli; leavs.cli.run(['--help'])", ()),
        ("import leavs.cli; leavs.cli.run(['label', '--help'])", ()),
        ("import leavs.run.labeling, leavs.tables.export, leavs.run.options", ()),
        ("import leavs.engines.scripted, leavs.engines.vllm.engine, leavs.engines.models.demo", ()),
        ("import leavs.cli.doctor, leavs.cli.download", ()),
        ("import leavs.cli.methods, leavs.publication.methods", ()),
        ("import leavs.evaluation.page, leavs.cli.evaluate", STATISTICS),
        ("import leavs.cli.convert, leavs.cli.check", ("pandas",)),
        ("import leavs.cli.review, leavs.cli.view, leavs.review.server", ("pandas",)),
    ],
)
def test_what_is_loaded(code: str, allowed: tuple[str, ...]) -> None:
    names = [name for name in SLOW if name not in allowed]
    check = f"import sys; print([n for n in {names} if n in sys.modules], file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{check}"], capture_output=True, text=True, check=True
    )
    assert done.stderr.splitlines()[-1] == "[]"
