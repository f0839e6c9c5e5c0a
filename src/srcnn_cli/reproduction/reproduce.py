"""A paper reproduced: the work, the figures, the page and the Markdown file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.files import write_atomically
from srcnn_cli.reproduction.data_sets import find_sets
from srcnn_cli.reproduction.document import document, to_markdown
from srcnn_cli.reproduction.figures import draw_convergence, draw_crop, draw_filters, draw_time
from srcnn_cli.reproduction.network import train_network
from srcnn_cli.reproduction.page import to_page
from srcnn_cli.reproduction.papers import PAPERS
from srcnn_cli.reproduction.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from srcnn_cli.reproduction.figures import Results
    from srcnn_cli.reproduction.papers import PaperName
    from srcnn_cli.training.recipes import RecipeName


_CONVERGENCE: dict[RecipeName, str] = {
    "fast": "PSNR on Set5 in the course of training on T91 by our recipe, each step of which is "
    "worth many of the paper's, against bicubic and sparse coding.",
    "srcnn": "PSNR on Set5 in the course of training on T91 by the paper's recipe, against bicubic "
    "and sparse coding.",
}


def reproduce(
    name: PaperName,
    data: Path,
    folder: Path,
    *,
    minutes: float | None,
    full: bool,
    say: Callable[[str], object],
) -> tuple[Path, Path]:
    """Measure, draw and write everything; what is there already is used.

    Args:
        name: The paper.
        data: Folder with the folders Set5, Set14 and, where something is trained, T91.
        folder: Receives everything; its folder ``full``, where ``full`` is set.
        minutes: For all training together; None: as long as it takes.
        full: Train the dictionaries that ship, too, and the network by the paper's recipe.
        say: Told in a line what is being done.

    Returns:
        The page and the Markdown file.

    Raises:
        InputError: A set of pictures is missing or another one.
        OutputError: Something cannot be written.
    """
    if full:  # other models, so other results
        folder = folder / "full"
    paper = PAPERS[name]
    needed = [dataset for dataset, _ in paper.measurements]
    if full or paper.convergence:
        needed.append("T91")
    find_sets(data, dict.fromkeys(needed), say)
    shop = Workshop(paper, data, folder, minutes=minutes, full=full, say=say)
    results: Results = {}
    for dataset, scale, title, measured in shop.results():
        results.setdefault((dataset, scale), {})[title] = measured
    figures, course = [], None
    if shop.paper.convergence:
        left = shop.minutes_left
        if minutes is not None and left is not None:
            left = max(left, minutes / 2)
        recipe: RecipeName = "srcnn" if full else "fast"
        course = train_network(
            folder / "network", shop.set_folder("T91"), shop.set_folder("Set5"), recipe, left, say
        )
        figures.append((
            "Figure 1: convergence", _CONVERGENCE[recipe],
            draw_convergence(shop, course.log, results),
        ))  # fmt: skip
    say("drawing")
    figures.append((
        "Figure 4: PSNR against time" if shop.paper.convergence else "PSNR against time",
        "Filled: measured here. Hollow: published, with the times of the authors' machines.",
        draw_time(shop, results),
    ))  # fmt: skip
    if shop.paper.convergence:
        figures.append((
            "Figure 5: filters of the first layer",
            "The shipped srcnn-9-1-5 at ×2, by falling variance.", draw_filters(shop),
        ))  # fmt: skip
    for title, dataset, picture in shop.paper.crops:
        say(f"{title}: {picture}")
        figures.append((
            f"{title}: {picture} ×3",
            f"{picture} of {dataset} at ×3, by all methods, with PSNR, SSIM and time.",
            draw_crop(shop, name, dataset, picture),
        ))  # fmt: skip
    whole = document(shop, results, figures, course)
    page, text = folder / f"{name}.html", folder / f"{name}.md"
    _write(page, to_page(whole))
    _write(text, to_markdown(whole, folder).encode())
    return page, text


def _write(path: Path, content: bytes) -> None:
    write_atomically(path, lambda file: file.write(content), overwrite=True)
