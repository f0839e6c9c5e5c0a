"""All figures of speed in one run, as ratios: what is compared is run in turn, A B A B ...

Whole processes against scripts of one's own with ONNX Runtime and torch that do the same work, and
with OpenCV and FSRCNN; networks alone against OpenVINO on the whole plane and against what this
processor multiplies; a hundred files at once against one by one, and with broken ones among them;
cost and memory of larger pictures. Medians; a busy machine slows all sides alike, but what has two
threads more than what has one.

    python benchmarks/speed.py                           # prints tables in Markdown
    python benchmarks/speed.py --parts network files --repeat 3
    python benchmarks/speed.py --write                   # and makes docs/speed.md of them
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from peak_memory import usage_of
from srcnn_cli.engines.selection import fast_bfloat16, make_engine
from srcnn_cli.engines.tiling import run_plane
from srcnn_cli.imaging.regions import WHOLE
from srcnn_cli.models.catalog import find_model, load_model
from srcnn_cli.models.config import ModelConfig
from srcnn_cli.models.networks.onnx_graph import network_model
from srcnn_cli.models.networks.registry import FAMILIES
from srcnn_cli.threads import crew

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from srcnn_cli.engines.base import Engine
    from srcnn_cli.models.config import EngineName, Precision
    from srcnn_cli.models.weights import Tensors

HERE = Path(__file__).parent
EXAMPLE = HERE.parent / "examples" / "cat.png"
PAGE = HERE.parent / "docs" / "speed.md"
MODELS = ("subpixel-s", "subpixel-l", "srcnn-9-1-5", "srcnn-9-5-5", "vdsr-20")
SCALE = 3
FILES = 100

_said: list[str] = []


class Run(NamedTuple):
    """Medians over the runs of one side.

    Attributes:
        seconds: From beginning to end.
        busy: Share of all cores that it used, of processes that it started.
    """

    seconds: float
    busy: float


def say(line: str = "") -> None:
    """Print a line, and keep it for the page."""
    print(line, flush=True)
    _said.append(line)


def row(*cells: object) -> None:
    """A line of a table."""
    say(f"| {' | '.join(map(str, cells))} |")


def section(title: str, text: str) -> None:
    """A heading, and what the tables below it tell."""
    say(f"\n## {title}\n\n{textwrap.fill(text, 110, break_on_hyphens=False)}")


def header(*cells: str) -> None:
    """The first lines of a table."""
    say()
    row(*cells)
    row(*["---"] * len(cells))


def medians(runs: Sequence[Callable[[], object]], repeat: int) -> list[Run]:
    """Each of what is compared, run in turn after a first round that does not count."""
    seconds: list[list[float]] = [[] for _ in runs]
    busy: list[list[float]] = [[] for _ in runs]
    for number in range(repeat + 1):
        for index, run in enumerate(runs):
            before, started = _processor_seconds(), time.perf_counter()
            run()
            elapsed = time.perf_counter() - started
            if number:
                seconds[index].append(elapsed)
                busy[index].append((_processor_seconds() - before) / elapsed / crew().size)
    return [
        Run(statistics.median(own), statistics.median(shares))
        for own, shares in zip(seconds, busy, strict=True)
    ]


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def process(*command: str, codes: tuple[int, ...] = (0,)) -> Callable[[], str]:
    """A process to its end, with compiled modules kept, as for any user; gives its stderr."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def run() -> str:
        done = subprocess.run(command, check=False, env=kept, capture_output=True, text=True)  # noqa: S603
        if done.returncode not in codes:
            raise RuntimeError(f"exit code {done.returncode}: {done.stderr}")
        return done.stderr

    return run


def srcnn(*options: str, codes: tuple[int, ...] = (0,)) -> Callable[[], str]:
    """`srcnn upscale` on the CPU."""
    return process(*upscale_command(*options), codes=codes)


def upscale_command(*options: str) -> list[str]:
    """`srcnn upscale` on the CPU."""
    return [
        sys.executable, "-m", "srcnn_cli", "upscale", "-s", str(SCALE), "-d", "cpu",
        "--overwrite", "-q", *options,
    ]  # fmt: skip


def whole_processes(folder: Path, repeat: int) -> None:
    """From prompt to file, against bare scripts with the same network."""
    section(
        "From prompt to file",
        "`srcnn upscale` at ×3, start included, against scripts of some 15 lines that read, "
        "enlarge and write with the same network by ONNX Runtime and by torch on the whole "
        "picture, and with FSRCNN(56, 12, 4), which is a sixth of the multiplications of "
        "`subpixel-s`, by OpenCV. Ratios of times: below 1, `srcnn` is faster.",
    )
    header(
        "whole process, ×3", "seconds", "with `--precision auto`", "processor busy",
        "ratio to a bare ONNX Runtime script", "ratio to a bare torch script",
        "ratio to OpenCV's dnn with FSRCNN",
    )  # fmt: skip
    with Image.open(EXAMPLE) as cat:
        cat.crop((120, 60, 290, 230)).save(folder / "170.png")
        cat.resize((2000, 1500)).save(folder / "2000.png")
    fsrcnn = folder / "fsrcnn.onnx"
    fsrcnn.write_bytes(network_model(*fresh_fsrcnn(), WHOLE))
    for name in ("subpixel-s", "srcnn-9-1-5"):
        weights = find_model(name)[SCALE]
        config, tensors = load_model(weights)
        kind = "interpolated" if config.interpolated else "low"
        model = folder / f"{name}-{kind}.onnx"
        model.write_bytes(network_model(config, tensors, WHOLE))
        for picture in ("170.png", "2000.png"):
            files = (str(folder / picture), str(folder / "out.png"))
            scripts = [
                process(sys.executable, str(HERE / script), str(network), *files, str(SCALE))
                for script, network in (
                    ("bare_onnxruntime.py", model),
                    ("bare_torch.py", weights),
                    ("bare_opencv.py", fsrcnn),
                )
            ]
            own = ("-m", name, files[0], "-o", files[1])
            runs = [srcnn(*own), srcnn(*own, "--precision", "auto"), *scripts]
            ours, auto, *theirs = medians(runs, repeat)
            label = f"{name}, {picture.removesuffix('.png')} pixels wide"
            ratios = [f"{ours.seconds / other.seconds:.2f}" for other in theirs]
            seconds = (f"{run.seconds:.2f}" for run in (ours, auto))
            row(label, *seconds, f"{ours.busy:.0%}", *ratios)


def fresh_fsrcnn() -> tuple[ModelConfig, Tensors]:
    """FSRCNN as OpenCV has it, zero padding included; the weights do not matter to the time."""
    filters, widths = FAMILIES["fsrcnn"].hyperparameters(scale=SCALE)
    config = ModelConfig("fsrcnn", filters, widths, scales=(SCALE,), border="zero")
    random = np.random.default_rng(0)
    shapes = config.tensor_shapes.items()
    return config, {name: random.normal(0, 0.05, shape).astype("f") for name, shape in shapes}


def on_whole_plane(
    config: ModelConfig, tensors: Tensors, planes: np.ndarray
) -> Callable[[], object]:
    """OpenVINO with all threads on all of the plane."""
    import openvino

    core = openvino.Core()
    model = core.read_model(network_model(config, tensors, WHOLE))
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": crew().size}
    compiled = core.compile_model(model, "CPU", settings)
    return lambda: compiled([planes[None]])


def in_tiles(
    config: ModelConfig,
    tensors: Tensors,
    planes: np.ndarray,
    kinds: Sequence[tuple[Precision, EngineName]],
) -> list[Callable[[], object]]:
    """A network on a plane, by each of the engines."""
    return [
        partial(
            tiled, make_engine(config, tensors, "cpu", precision=precision, engine=engine), planes
        )
        for precision, engine in kinds
    ]


def tiled(engine: Engine, planes: np.ndarray) -> None:
    """A plane in the tiles that are best for it."""
    run_plane(engine, planes, engine.best_tile(*planes.shape[-2:]))


def networks(sides: Sequence[int], repeat: int) -> None:
    """Networks alone, in billions of floating-point operations a second."""
    section(
        "Networks alone",
        "In float32, tiles and their halos included, against OpenVINO on the whole plane with "
        "all cores: above 1, `srcnn` is faster. What the processor can multiply is told by a "
        "large product of two matrices. bfloat16 by OpenVINO, where the processor computes it; a "
        "ratio above 1 means that it is faster than float32 by ONNX Runtime.",
    )
    for side in sides:
        networks_at(side, repeat)


def networks_at(side: int, repeat: int) -> None:
    """The same for a square of so many pixels on each side."""
    square = np.random.default_rng(0).random((2048, 2048), np.float32)
    (product,) = medians([lambda: square @ square], repeat)
    header(
        f"network, result {side}×{side}", "GFLOP/s", "speed against OpenVINO, whole plane",
        "the same with `--engine openvino`", "bfloat16 against float32",
    )  # fmt: skip
    for name in MODELS:
        if SCALE not in find_model(name):
            continue
        config, tensors = load_model(find_model(name)[SCALE])
        low = side // config.factor
        planes = np.random.default_rng(0).random((config.channels, low, low), np.float32)
        kinds: list[tuple[Precision, EngineName]] = [("float32", "onnx"), ("float32", "openvino")]
        if fast_bfloat16("cpu", "openvino"):
            kinds.append(("bfloat16", "openvino"))
        runs = in_tiles(config, tensors, planes, kinds)
        theirs, ours, other, *fewer = medians(
            [on_whole_plane(config, tensors, planes), *runs], repeat
        )
        speed = 2 * config.operations_per_pixel * side**2 / ours.seconds / 1e9
        ratios = [f"{theirs.seconds / run.seconds:.2f}" for run in (ours, other)]
        ratios += [f"{ours.seconds / run.seconds:.2f}" for run in fewer] or ["–"]
        row(f"{name} ×{SCALE}", f"{speed:.0f}", *ratios)
    row("matrix product of numpy", f"{2 * 2048**3 / product.seconds / 1e9:.0f}", "", "", "")


def files(folder: Path, repeat: int) -> None:
    """A hundred photos of a quarter of a megapixel out; then two of them broken."""
    section(
        "Many files",
        f"{FILES} JPEGs in one call with the default model, restored, enlarged and written again "
        "as JPEGs. `--fail-fast` does one after the other, each on all cores.",
    )
    many = folder / "many"
    many.mkdir()
    with Image.open(EXAMPLE) as cat:
        for number in range(FILES):
            left, top = 2 * number % 200, number % 100
            cat.convert("RGB").crop((left, top, left + 190, top + 146)).save(
                many / f"{number:03}.jpg", quality=92
            )
    given, made = str(many), ("-o", str(folder / "made"))
    runs = {
        "at once (the default)": srcnn(given, *made),
        "one by one (`--fail-fast`)": srcnn(given, *made, "--fail-fast"),
        "one by one on one core (`--threads 1`)": srcnn(given, *made, "--threads", "1"),
    }
    header(f"{FILES} JPEGs of 0.25 megapixel out", "files a second", "processor busy", "ratio")
    found = medians([*runs.values()], repeat)
    for label, own in zip(runs, found, strict=True):
        ratio = own.seconds / found[0].seconds
        row(label, f"{FILES / own.seconds:.1f}", f"{own.busy:.0%}", f"{1 / ratio:.2f}")
    cut, other = (f"{FILES * share // 4:03}.jpg" for share in (2, 3))
    whole = (many / cut).read_bytes()
    broken = {cut: whole[: len(whole) // 2], other: b"no picture"}
    for name, content in broken.items():
        (many / name).write_bytes(content)
    told = srcnn(given, *made, codes=(1,))()
    missing = [name for name in broken if name not in told]
    if missing:
        raise RuntimeError(f"broken files that were not named: {missing}")
    (own,) = medians([srcnn(given, *made, codes=(1,))], repeat)
    row(
        "at once, two broken, each named", f"{FILES / own.seconds:.1f}", f"{own.busy:.0%}",
        f"{found[0].seconds / own.seconds:.2f}",
    )  # fmt: skip


def sizes(folder: Path, repeat: int) -> None:
    """Seconds for a megapixel of the result, and memory, by its size."""
    section("By size", "One picture with the default model, start included.")
    header("megapixels out", "seconds for each", "peak memory (MB)")
    for megapixels in (0.01, 0.25, 4, 27, 100):
        side = round((megapixels * 1e6) ** 0.5 / SCALE)
        with Image.open(EXAMPLE) as cat:
            cat.resize((side, side)).save(folder / "square.png")
        command = upscale_command(str(folder / "square.png"), "-o", str(folder / "out.png"))
        (own,) = medians([process(*command)], 1 if megapixels > 30 else repeat)
        memory = usage_of(command).megabytes
        row(f"{megapixels:g}", f"{own.seconds / megapixels:.3f}", f"{memory:,.0f}")


def machine() -> str:
    """The processor's own name, its cores, and the system."""
    cpu = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
        cpu = names[0] if names else cpu
    return f"{cpu}, {crew().size} cores, {platform.system()}, Python {platform.python_version()}"


def write_page(load: str) -> None:
    """Make the page of what was said."""
    text = f"""# How fast

Everything here is one run of `python benchmarks/speed.py --write`, on the CPU: {machine()}; {load}.
Medians of runs in turn, so that other work on the machine weighs on both sides of a ratio.
"""
    PAGE.write_text("\n".join([text.rstrip("\n"), *_said]) + "\n", encoding="utf-8")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parts = ("processes", "network", "files", "sizes")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--sides", type=int, nargs="+", default=[510, 2040])
    parser.add_argument("--write", action="store_true", help="make docs/speed.md of all parts")
    options = parser.parse_args()
    if options.write and {*options.parts} != {*parts}:
        parser.error("--write is for all parts together")
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "processes" in options.parts:
            whole_processes(folder, options.repeat)
        if "network" in options.parts:
            networks(options.sides, options.repeat)
        if "files" in options.parts:
            files(folder, options.repeat)
        if "sizes" in options.parts:
            sizes(folder, options.repeat)
    if options.write:
        write_page(f"other programs kept {before:.1f} cores busy when it began")


if __name__ == "__main__":
    main()
