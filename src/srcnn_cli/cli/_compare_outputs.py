"""The files that `srcnn compare` writes: sheets, pages, and the index of a folder of pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from srcnn_cli.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from srcnn_cli.comparison.compare import Comparison, Request
    from srcnn_cli.comparison.page_index import Entry
    from srcnn_cli.evaluation.sources import Source

PAGES = (".html", ".htm")


def check_output(path: Path, *, overwrite: bool) -> None:
    """Found before the work, not after it."""
    from srcnn_cli.files import check_writable
    from srcnn_cli.pictures.formats import WRITABLE
    from srcnn_cli.pictures.writing import check_destination

    if path.is_dir():
        raise OutputError("is a folder: name a file such as sheet.png or page.html", path)
    if path.suffix.lower() not in (*WRITABLE, *PAGES):
        raise OutputError(
            f"its extension must be that of a picture ({', '.join(WRITABLE)}) or of a page (.html)",
            path,
        )
    check_writable(path, overwrite=overwrite)
    if path.suffix.lower() in WRITABLE:
        check_destination(
            path, height=1, width=1, channels=3, bits=8, overwrite=overwrite, background=None
        )


def write_comparison(
    path: Path, made: Comparison, *, zoom: int, overwrite: bool, index: str = ""
) -> None:
    if path.suffix.lower() in PAGES:
        from srcnn_cli.comparison.page import build_page
        from srcnn_cli.files import write_atomically

        data = build_page(made, index=index)
        write_atomically(path, lambda file: file.write(data), overwrite=overwrite)
        return
    from srcnn_cli.comparison.sheet import draw_sheet
    from srcnn_cli.pictures.picture import Picture
    from srcnn_cli.pictures.writing import write_picture

    sheet = draw_sheet(made, zoom=zoom)
    write_picture(path, Picture(sheet), overwrite=overwrite, compression=9)


def page_names(sources: Sequence[Source]) -> list[str]:
    """A page for each picture; one that is called index leaves that name to the index."""
    return [
        f"{source.path.name if source.name.lower() == 'index' else source.name}.html"
        for source in sources
    ]


def check_folder(target: Path, names: Sequence[str], *, overwrite: bool) -> None:
    from srcnn_cli.files import make_folder

    make_folder(target)
    for name in names:
        check_output(target / name, overwrite=overwrite)


def write_index(
    target: Path,
    folder: Path,
    request: Request,
    conditions: str,
    entries: Sequence[Entry],
    *,
    overwrite: bool,
) -> None:
    from srcnn_cli.comparison.page_index import build_index
    from srcnn_cli.files import write_atomically

    data = build_index(f"{folder.resolve().name} ×{request.scale}", conditions, entries)
    write_atomically(target / "index.html", lambda file: file.write(data), overwrite=overwrite)
