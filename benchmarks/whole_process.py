"""From shell prompt to saved file: `srcnn upscale --json` on a small and a large picture, ×3.

Both pictures are made from examples/cat.png: 170x170 cut out of it, 2000x1500 enlarged from it.
Every run is a process of its own; what is printed are the medians of its own figures, in seconds,
and of the wall time around it.

    python benchmarks/whole_process.py --repeat 7
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

EXAMPLE = Path(__file__).parents[1] / "examples" / "cat.png"


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--model", default="srcnn-9-1-5")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Image.open(EXAMPLE) as cat:
        pictures = {
            "170×170 → 510×510": cat.crop((120, 60, 290, 230)),
            "2000×1500 → 6000×4500": cat.resize((2000, 1500)),
        }
        header: list[str] = []
        for index, (label, picture) in enumerate(pictures.items()):
            source, target = Path(folder, f"{index}.png"), Path(folder, f"{index}_x3.png")
            picture.save(source)
            command = [sys.executable, "-m", "srcnn_cli", "upscale", str(source), "-s", "3"]
            command += ["-o", str(target), "-m", options.model, "-d", "cpu", "--json"]
            command += ["--overwrite"]
            # With it Python would compile this package anew in every process.
            kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
            runs = []
            for _ in range(options.repeat + 1):
                started = time.perf_counter()
                done = subprocess.run(command, capture_output=True, check=True, env=kept)  # noqa: S603
                wall = time.perf_counter() - started
                record = json.loads(done.stdout)
                runs.append({**record["seconds"], "process": wall, "MB": record["peak_memory_mb"]})
            medians = {k: statistics.median(run[k] for run in runs[1:]) for k in runs[0]}
            if not header:
                header = ["picture", *medians]
                print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}")
            cells = [f"{v:.0f}" if k == "MB" else f"{v:.3f}" for k, v in medians.items()]
            print(f"| {label} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
