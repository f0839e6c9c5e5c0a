"""Write docs/screens.md: what a person sees while each command works, at two sizes of a terminal.

    pip install pyte
    python scripts/screens.py SET5

SET5 is the folder of that test set. Every command runs in a terminal of its own (a pty), which
`pyte` reads as a terminal would; the screen that is shown is one from the middle of the work.
"""

from __future__ import annotations

import os
import pty
import select
import shutil
import struct
import sys
import tempfile
import time
from fcntl import ioctl
from pathlib import Path
from signal import SIGKILL
from termios import TIOCSWINSZ

import pyte

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "screens.md"
SIZES = ((80, 24), (140, 40))
# What is typed, and a word of the screen that is shown, but for the one at its end.
COMMANDS = (
    ("upscale in/ -s 6 -m srcnn-9-5-5 -j 1 -o out/", "left"),
    ("train --data in/ --scale 2 --steps 60 --interval 20 -o run", "left"),
    ("bench set/ -m srcnn-9-5-5 --self-ensemble", "left"),
    ("compare set/butterfly.png -m vdsr-20 -o sheet.png", "left"),
    ("models", None),
    ("upscale --help", None),
)
LONGEST = 60.0


def screen_of(typed: str, word: str | None, width: int, height: int, folder: Path) -> list[str]:
    """The lines of the screen: the fullest one that has the word, or the one at the end."""
    screen = pyte.Screen(width, height)
    stream = pyte.ByteStream(screen)
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ |= {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT / "src")}
        os.environ.pop("COLUMNS", None)
        arguments = [sys.executable, "-m", "srcnn_cli", *typed.split()]
        os.execv(sys.executable, arguments)  # noqa: S606
    ioctl(terminal, TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    shown: list[str] = []
    ends = time.monotonic() + LONGEST
    while time.monotonic() < ends:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            data = os.read(terminal, 1 << 16)
        except OSError:  # the command has ended
            break
        stream.feed(data)
        lines = [line.rstrip() for line in screen.display]
        if word and any(f" {word} " in line for line in lines):
            shown = lines if sum(map(bool, lines)) >= sum(map(bool, shown)) else shown
    os.kill(child, SIGKILL)  # it may have ended by itself
    os.close(terminal)
    os.waitpid(child, 0)
    shown = shown or [line.rstrip() for line in screen.display]
    while shown and not shown[-1]:
        shown.pop()
    return shown


def main() -> None:
    """Run everything, and write the page."""
    test_set = Path(sys.argv[1]).resolve()
    text = [
        "# What a person sees",
        "",
        "Screens of each command while it works, in terminals of 80×24 and 140×40 characters, on",
        "two cores beside much other work. Made by `python scripts/screens.py`, which reads them",
        "as a terminal does; do not edit.",
    ]
    for typed, word in COMMANDS:
        text += ["", f"## `srcnn {typed}`"]
        for width, height in SIZES:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                shutil.copytree(test_set, folder / "in")
                shutil.copytree(test_set, folder / "set")
                lines = screen_of(typed, word, width, height, folder)
            text += ["", f"{width}×{height}:", "", "```", *lines, "```"]
            print(f"{typed} {width}x{height}", flush=True)
    PAGE.write_text("\n".join(text) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
