"""Kill `srcnn upscale` at random moments and look at what is left behind.

    python scripts/kill_runs.py --runs 100

Every run enlarges a folder of pictures that the script makes. It gets SIGINT, SIGTERM or SIGKILL
between 0 and 2 seconds after its start. Said of each signal: the exit codes, and how many temporary
files, tracebacks and incomplete results there were. At the end `--skip-existing` has to complete
the folder, with what a run that was left alone makes of it.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


def command(source: Path, target: Path, *options: str) -> list[str]:
    """What is run."""
    return [
        *(sys.executable, "-m", "srcnn_cli", "upscale", str(source), "-o", str(target)),
        *("--scale", "2", "--skip-existing", *options),
    ]


def make_pictures(folder: Path, count: int) -> None:
    """Small noisy pictures, always the same."""
    numbers = np.random.default_rng(1)
    folder.mkdir()
    for index in range(count):
        pixels = numbers.integers(0, 256, (90, 120, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{index:03}.png")


def one_run(source: Path, target: Path, number: int, seconds: float) -> tuple[int, str]:
    """Start a run, kill it, and give back its exit code and what it said on stderr."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        command(source, target), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    time.sleep(seconds)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def main() -> None:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    moments = random.Random(given.seed)  # noqa: S311 - no secret
    with tempfile.TemporaryDirectory() as name:
        source, target, whole = (Path(name, part) for part in ("in", "out", "whole"))
        make_pictures(source, given.pictures)
        codes: dict[str, Counter[int]] = {number.name: Counter() for number in SIGNALS}
        faults: dict[str, Counter[str]] = {number.name: Counter() for number in SIGNALS}
        for run in range(given.runs):
            number = SIGNALS[run % len(SIGNALS)]
            if run % 10 == 0 and target.exists():
                for path in target.iterdir():
                    path.unlink()
            before = set(target.glob(".*")) if target.exists() else set()
            code, errors = one_run(source, target, number, moments.uniform(0, 2))
            codes[number.name][code] += 1
            left = set(target.glob(".*")) - before if target.exists() else set()
            faults[number.name]["temporary files"] += len(left)
            faults[number.name]["tracebacks"] += "Traceback" in errors
            for path in target.glob("[!.]*"):
                try:
                    with Image.open(path) as image:
                        image.load()
                except (OSError, SyntaxError):
                    faults[number.name]["incomplete results"] += 1
        for number in SIGNALS:
            counted = dict(sorted(codes[number.name].items()))
            print(f"{number.name}: exit codes {counted}, {dict(faults[number.name])}")
        for folder in (target, whole):
            subprocess.run(  # noqa: S603
                command(source, folder, "--quiet"), check=True, stdout=subprocess.DEVNULL
            )
        same = all(
            (target / path.name).read_bytes() == path.read_bytes() for path in whole.iterdir()
        )
        hidden = len(list(target.glob(".*")))
        print(
            f"completed: {len(list(target.glob('[!.]*')))} of {given.pictures} results, "
            f"{'the same' if same else 'NOT the same'} as undisturbed; {hidden} files left over"
        )


if __name__ == "__main__":
    main()
