"""Executes docs/tutorial.ipynb as its reader would, and gives what its cells print.

Run as: python tutorial_notebook.py FOLDER EXECUTED. FOLDER looks like the checkout, and EXECUTED
gets the notebook with its outputs. In a process of its own, for zmq leaves sockets to be collected.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from places import ROOT
from processes import PATIENCE
from tutorial import environment

NOTEBOOK = ROOT / "docs" / "tutorial.ipynb"


def executed(folder: Path, settings: Mapping[str, str]) -> Any:
    """The notebook after all its cells ran, with some settings in the environment.

    Nothing is written to the user's home, and the kernel listens on no port.
    """
    (folder / "docs").mkdir()
    done = folder / "executed.ipynb"
    own = {"IPYTHONDIR": str(folder / "ipython"), "JUPYTER_CONFIG_DIR": str(folder / "jupyter")}
    environ = {**environment(), **settings, **own}
    command = [sys.executable, str(Path(__file__)), str(folder), str(done)]
    environ["PYTHONPATH"] += f":{ROOT / 'scripts'}:{ROOT / 'tests' / 'support'}"
    ended = subprocess.run(command, env=environ, timeout=PATIENCE, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return nbformat.read(done, as_version=4)


def printed(notebook: Any) -> dict[str, str]:
    """What each cell printed, by its id."""
    return {
        cell.id: "".join(output.get("text", f"<{output.output_type}>") for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    }


def main(folder: Path, done: Path) -> None:
    """Execute it in `docs` below the folder."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    connection = str(folder / "kernel.json")
    kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", connection_file=connection)
    place = {"metadata": {"path": str(folder / "docs")}}
    client = NotebookClient(notebook, kernel, resources=place, timeout=PATIENCE)
    client.record_timing = False  # times of cells would differ each time
    client.execute()
    nbformat.write(notebook, done)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
