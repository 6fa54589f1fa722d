"""Draws docs/performance.svg from benchmarks/schedule.json: our ways beside the original's.

python scripts/plot_benchmarks.py
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot

ROOT = Path(__file__).parents[1]
PANELS = (
    ("seconds", "seconds"),
    ("computed_tokens", "prompt tokens computed"),
    ("reports_an_hour", "reports an hour"),
)
COLOURS = ("#b0b7bf", "#1f6f8b", "#7fb7c9", "#7fb7c9")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the plot."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write-to", type=Path, default=ROOT / "docs", metavar="FOLDER")
    options = parser.parse_args(arguments)
    ways = json.loads((ROOT / "benchmarks" / "schedule.json").read_text())["ways"]
    matplotlib.rcParams.update({"svg.hashsalt": "leavs", "font.size": 9, "svg.fonttype": "none"})
    drawing, panels = pyplot.subplots(1, len(PANELS), figsize=(8, 2.6), layout="constrained")
    for panel, (key, title) in zip(panels, PANELS, strict=True):
        for place, (figures, colour) in enumerate(zip(ways.values(), COLOURS, strict=True)):
            value = figures[key]
            panel.bar(place, value, color=colour, edgecolor="#333333")
            panel.annotate(f"{value:,.0f}", (place, value), ha="center", va="bottom")
        panel.set_title(title, fontsize=9)
        panel.set_xticks(range(len(ways)), [way.replace(", ", "\n") for way in ways], fontsize=7)
        panel.set_yticks([])
        panel.margins(y=0.15)
        panel.spines[["top", "right", "left"]].set_visible(False)
    path = options.write_to / "performance.svg"
    drawing.savefig(path, metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    main()
