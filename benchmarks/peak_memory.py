"""Peak memory of `srcnn upscale`, whole processes, at 27 and 100 megapixels of the result.

Each weights file enlarges a picture made from examples/cat.png, at every factor that it is for. The
figure is the largest resident set that the system saw of the process, from prompt to saved file.
A last line names what lies above ``--most`` at the largest size, and the exit
code is then 1.

    python benchmarks/peak_memory.py                                    # all shipped weights
    python benchmarks/peak_memory.py srcnn-9-1-5-x3 --megapixels 27
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from srcnn_cli.models.weights import read_config
from weights_files import weights_files

EXAMPLE = Path(__file__).parents[1] / "examples" / "cat.png"

# Linux charges a process with the memory of the one that started it, up to where it becomes another
# program (`exec_mmap`). So it is started by a process that has next to none.
_LAUNCHER = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


class Usage(NamedTuple):
    """What a process took.

    Attributes:
        megabytes: Its largest resident set, in 10⁶ bytes.
        seconds: From start to end.
    """

    megabytes: float
    seconds: float


def low_size(megapixels: float, scale: int) -> tuple[int, int]:
    """Width and height, four to three, of what becomes so many megapixels at that factor."""
    pixels = megapixels * 1e6 / scale**2
    width, height = (max(1, round(math.sqrt(pixels * ratio))) for ratio in (4 / 3, 3 / 4))
    return width, height


def usage_of(command: list[str]) -> Usage:
    """Run a command to its end.

    Raises:
        subprocess.CalledProcessError: It fails.
    """
    started = time.perf_counter()
    launcher = [sys.executable, "-S", "-c", _LAUNCHER, *command]
    done = subprocess.run(launcher, capture_output=True, check=True)  # noqa: S603
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return Usage(int(done.stdout) * unit / 1e6, time.perf_counter() - started)


def measure(path: Path, scale: int, megapixels: float, folder: Path) -> Usage:
    """What `srcnn upscale` takes for one picture."""
    source, target = folder / "in.png", folder / "out.png"
    with Image.open(EXAMPLE) as cat:
        cat.convert("RGB").resize(low_size(megapixels, scale), Image.Resampling.BICUBIC).save(
            source
        )
    command = [sys.executable, "-m", "srcnn_cli", "upscale", str(source), "-s", str(scale)]
    command += ["-o", str(target), "-m", str(path), "-d", "cpu", "--overwrite", "--json"]
    return usage_of(command)


def main() -> int:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="none: all shipped weights")
    parser.add_argument("--megapixels", type=float, nargs="+", default=[27, 100])
    parser.add_argument("--most", type=float, default=1500, metavar="MB")
    options = parser.parse_args()
    print("| model | scale | in | out (megapixels) | peak memory (MB) | seconds |")
    print("|---|---|---|---|---|---|")
    above = []
    with tempfile.TemporaryDirectory() as folder:
        for name, path in weights_files(options.models).items():
            for scale in read_config(path).scales:
                for megapixels in options.megapixels:
                    usage = measure(path, scale, megapixels, Path(folder))
                    width, height = low_size(megapixels, scale)
                    print(
                        f"| {name} | ×{scale} | {width}×{height} | {megapixels:g} "
                        f"| {usage.megabytes:,.0f} | {usage.seconds:.1f} |",
                        flush=True,
                    )
                    if usage.megabytes >= options.most and megapixels == max(options.megapixels):
                        above.append(f"{name} ×{scale}")
    if above:
        print(f"\nNot below {options.most:,.0f} MB: {', '.join(above)}")
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
