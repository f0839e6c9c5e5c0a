"""`srcnn reproduce`: a paper's tables and figures, measured here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srcnn_cli.cli import _terminal
from srcnn_cli.cli._options import QuietOption, alternatives
from srcnn_cli.reproduction.papers import PaperName

_MINUTES = 10.0

EXAMPLES = """\
srcnn reproduce eccv2014 data/                the page eccv2014/eccv2014.html
srcnn reproduce cvpr2016 data/ -o vdsr/       the VDSR paper, into vdsr/
srcnn reproduce eccv2014 data/ --minutes 60   with a longer training
"""


def reproduce(
    paper: Annotated[
        PaperName, typer.Argument(metavar="PAPER", help=f"The paper: {alternatives(PaperName)}.")
    ],
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="Folder with the folders Set5 and Set14, and T91 where something is trained, in "
            "it or in its folders.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Receives the page, the Markdown file and all that is made (default: the paper's "
            "name). What is there already is not made again.",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            metavar="NUMBER",
            min=0.1,
            help="Minutes for all training together: dictionaries that do not ship first, then "
            "the network of Figure 1, which gets half of them at least. What measuring takes comes "
            "on top (default: 10; with --full as long as it takes).",
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="Train all dictionaries anew, and the network of Figure 1 by the paper's recipe, "
            "which takes days without --minutes. The results are in the folder full.",
        ),
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Reproduce a paper: its tables and figures, and beside them what is measured here.

    Dictionaries and networks are trained where they do not ship, all methods are measured on the
    paper's test sets, and one self-contained page and one Markdown file are written. Ctrl-C stops
    it, and the same command goes on where it stopped.
    """
    from srcnn_cli.reproduction.reproduce import reproduce as run

    if minutes is None and not full:
        minutes = _MINUTES
    folder = output or Path(paper)
    say = (lambda _line: None) if quiet else _terminal.note
    page, text = run(paper, data, folder, minutes=minutes, full=full, say=say)
    _terminal.say(str(page))
    _terminal.say(str(text))
