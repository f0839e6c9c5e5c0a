"""The figures of a reproduction, as PNG files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.comparison.compare import Request, compare
from srcnn_cli.comparison.sheet import draw_sheet
from srcnn_cli.evaluation.published import published_figures
from srcnn_cli.evaluation.sources import Source
from srcnn_cli.files import write_atomically
from srcnn_cli.models.catalog import find_model
from srcnn_cli.models.weights import load_weights
from srcnn_cli.pictures.folders import find_pictures
from srcnn_cli.plotting.convergence import plot_convergence
from srcnn_cli.plotting.filters import plot_filters
from srcnn_cli.plotting.psnr_against_time import Point, plot_psnr_against_time

if TYPE_CHECKING:
    from pathlib import Path

    from srcnn_cli.reproduction.workshop import Measured, Workshop

    Results = dict[tuple[str, int], dict[str, Measured]]


def draw_time(shop: Workshop, results: Results) -> Path:
    """PSNR against seconds per picture, measured and published (Figure 4)."""
    path = shop.figures / "time.png"
    dataset, scale = shop.paper.timed
    points = [
        Point(title, own.time, own.mean, published=False)
        for title, own in results[dataset, scale].items()
    ]
    sources = {table.source for table in shop.paper.tables}
    points += [
        Point(figure.method, figure.seconds, figure.value, published=True)
        for figure in published_figures(dataset=dataset, scale=scale, metric="psnr", image=None)
        if figure.seconds and figure.source in sources
    ]
    plot_psnr_against_time(points, title=f"{dataset} ×{scale}", path=path, overwrite=True)
    return path


def draw_filters(shop: Workshop) -> Path:
    """The first layer's filters of the shipped 9-1-5 at ×2 (Figure 5)."""
    path = shop.figures / "filters.png"
    if not path.exists():
        plot_filters(*load_weights(find_model("srcnn-9-1-5")[2]), path)
    return path


def draw_convergence(shop: Workshop, log: Path, results: Results) -> Path:
    """PSNR on Set5 in the course of training, against bicubic and sparse coding (Figure 1)."""
    path = shop.figures / "convergence.png"
    own = results["Set5", 3]
    plot_convergence(
        log, path, bicubic=own["Bicubic"].mean, title="srcnn-9-1-5 ×3 on T91, PSNR on Set5",
        references={"SC, measured": own["SC"].mean, "SC, published": 31.42},
    )  # fmt: skip
    return path


def draw_crop(shop: Workshop, paper: str, dataset: str, picture: str) -> Path:
    """A picture at ×3 by all methods (Figures 7 to 10)."""
    path = shop.figures / f"{paper}-{picture}.png"
    if path.exists():
        return path
    from PIL import Image

    files, _ = find_pictures(shop.set_folder(dataset), recursive=False)
    file = next(one for one in files if picture in one.stem.lower())
    methods = []
    for title, name in shop.methods(dataset, 3).items():
        method = shop.method(name, 3)
        if name != "bicubic":
            method.name = title
        methods.append(method)
    sheet = draw_sheet(compare(Source(file), methods, Request(scale=3)))
    image = Image.fromarray(sheet)
    write_atomically(path, lambda out: image.save(out, "PNG"), overwrite=True)
    return path
