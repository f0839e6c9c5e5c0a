"""What a larger network gains and costs: PSNR and time of several weights files on one test set.

As in Table 3 of Dong et al., ECCV 2014 (its figures stand beside the measured ones where they
belong, with the authors' times). Protocol ``srcnn``. All methods run in turn on one picture after
the other, round after round in one process, so that a busy machine slows all of them: what to
quote is the ratio of the times, the median over the rounds.

    python benchmarks/size_study.py --scale 3 --plot sizes.png ../shared/data/Set5
        64-32=weights/srcnn-9-1-5-x3.safetensors 128-64=runs/large/best.safetensors
"""

from __future__ import annotations

import argparse
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import torch
from PIL import Image

from srcnn_cli.engines.selection import make_engine
from srcnn_cli.errors import SrcnnError, UsageError
from srcnn_cli.evaluation.benchmark import average, measure
from srcnn_cli.evaluation.protocol import SRCNN
from srcnn_cli.evaluation.published import Figure, published_figures, recognise_dataset
from srcnn_cli.evaluation.sources import Source, find_sources
from srcnn_cli.files import check_writable
from srcnn_cli.methods.interpolation import Interpolation
from srcnn_cli.methods.network import Network
from srcnn_cli.models.weights import load_weights
from srcnn_cli.plotting.figure import check_png_name
from srcnn_cli.plotting.psnr_against_time import Point, plot_psnr_against_time

if TYPE_CHECKING:
    from srcnn_cli.methods.base import Method
    from srcnn_cli.models.config import ModelConfig

BICUBIC = "bicubic"


def load(arguments: list[str], scale: int) -> tuple[list[Method], dict[str, ModelConfig]]:
    """``name=path`` as methods, and the configurations by name."""
    methods: list[Method] = [Interpolation(BICUBIC)]
    configs: dict[str, ModelConfig] = {}
    for argument in arguments:
        name, equals, path = argument.partition("=")
        if not (name and equals and path) or name in {*configs, BICUBIC}:
            raise UsageError(f"weights are given as name=path, each name once, not {argument!r}")
        config, tensors = load_weights(path)
        if scale not in config.scales:
            raise UsageError(f"{path}: was not trained for ×{scale}")
        configs[name] = config
        methods.append(Network(name, make_engine(config, tensors, "cpu")))
    return methods, configs


def paper(sources: list[Source], scale: int) -> list[Figure]:
    """The paper's figures on filter numbers, if the pictures are those that it measured."""
    sizes = {}
    for source in sources:
        with Image.open(source.path) as image:
            sizes[source.name] = (image.height, image.width)
    dataset = recognise_dataset(sizes)
    if dataset is None:
        return []
    figures = published_figures(dataset=dataset, scale=scale, metric="psnr", image=None)
    return [figure for figure in figures if figure.source == "Dong et al., ECCV 2014, Table 3"]


def main() -> None:
    """Measure, print a Markdown table, and draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a test set")
    parser.add_argument("weights", nargs="+", metavar="NAME=PATH")
    parser.add_argument("--scale", type=int, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plot", type=Path, metavar="PNG")
    options = parser.parse_args()
    try:
        if options.plot is not None:
            check_png_name(options.plot)
            check_writable(options.plot, overwrite=False)
        methods, configs = load(options.weights, options.scale)
        sources, _ = find_sources(options.folder)
        rounds = [
            average(
                [
                    record
                    for image in measure(
                        sources, methods, scale=options.scale, protocol=SRCNN, metrics=("psnr",)
                    )
                    for record in image
                ]
            )
            for _ in range(max(1, options.rounds))
        ]
    except SrcnnError as error:
        parser.error(str(error))
    psnr = {item.method: item.metrics["psnr"] for item in rounds[0]}
    seconds = [{item.method: item.steps.total for item in items} for items in rounds]
    first = next(iter(configs))

    print(
        "| network | layers | parameters | multiplications per pixel | PSNR | gain | time | ratio |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for name, value in psnr.items():
        time = median(times[name] for times in seconds)
        ratio = median(times[name] / times[first] for times in seconds)
        config = configs.get(name)
        size = (
            f"{config.name} | {config.parameters:,} | {config.operations_per_pixel:,}"
            if config
            else " | | "
        )
        print(
            f"| {name} | {size} | {value:.2f} | {value - psnr[BICUBIC]:+.2f} "
            f"| {time * 1000:.1f} ms | {ratio:#.3g} |"
        )
    published = paper(sources, options.scale)
    for figure in published:
        print(
            f"| {figure.method} (published) | | | | {figure.value:.2f} | | {figure.seconds} s | |"
        )
    print(
        f"\nGain: over bicubic, in dB. Time: per picture, median of {len(rounds)} interleaved "
        f"rounds on {torch.get_num_threads()} CPU threads. Ratio: to {first}, their median too."
    )
    if options.plot is not None:
        points = [
            Point(name, median(times[name] for times in seconds), value, published=False)
            for name, value in psnr.items()
            if name != BICUBIC  # so much faster and worse that it would push the others together
        ]
        points += [
            Point(figure.method, figure.seconds, figure.value, published=True)
            for figure in published
            if figure.seconds
        ]
        title = (
            f"Size of the network: {options.folder.name} ×{options.scale}, protocol srcnn "
            f"(bicubic: {psnr[BICUBIC]:.2f} dB)"
        )
        plot_psnr_against_time(points, title=title, path=options.plot)


if __name__ == "__main__":
    main()
