"""What commands print fits into the terminal that they print it in, whatever its size."""

import os
import re
import select
import struct
import sys
import time

import pytest

from command import command, threads
from sample_pictures import smooth

pty = pytest.importorskip("pty", reason="there are no such terminals on Windows")

# What moves the cursor or colours, but takes no room.
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def lines_in_a_terminal(width, height, *arguments):
    """Every line that a command writes in a terminal of this size, bars included."""
    from fcntl import ioctl
    from termios import TIOCSWINSZ

    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    environment = {**threads(1), "TERM": "xterm-256color"}
    environment.pop("COLUMNS", None)
    child = os.posix_spawn(
        sys.executable, command(*arguments), environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, theirs, fd) for fd in (0, 1, 2)],
    )  # fmt: skip
    os.close(theirs)
    said = b""
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        if select.select([ours], [], [], 0.5)[0]:
            try:
                data = os.read(ours, 1 << 16)
            except OSError:  # it has ended
                break
            if not data:
                break
            said += data
    os.close(ours)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, said.decode()
    return [line for line in re.split(r"[\r\n]+", _ESCAPES.sub("", said.decode())) if line]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 40)])
def test_lines_and_bar_of_a_batch_fit(work, width, height):
    names = [f"in/{'a long name of a photograph ' * 3}{number}.png" for number in range(3)]
    for number, name in enumerate(names):
        smooth(work / name, (260, 220), seed=number)
    said = lines_in_a_terminal(
        width, height, "upscale", "in", "-s", "3", "-m", "srcnn-9-5-5", "-j", "1", "-o", "out"
    )
    assert max(map(len, said)) <= width
    assert sum("780×660" in line for line in said) == 3
    assert any("3 done" in line for line in said)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 40)])
@pytest.mark.parametrize("arguments", [["--help"], ["models"], ["upscale", "--help"]])
def test_what_is_read_on_its_own_fits(work, width, height, arguments):
    said = lines_in_a_terminal(width, height, *arguments)
    assert max(map(len, said)) <= width


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 40)])
@pytest.mark.parametrize(
    "arguments",
    [
        ["bench", "a.png", "--explain", "-s", "2"],
        ["bench", "a.png", "--explain", "-s", "2", "--claims", "30.00"],
        ["compare", "a.png", "-s", "2", "--methods", "bicubic"],
        ["upscale", "a.png", "-s", "2", "-v"],
    ],
)
def test_long_sentences_are_broken_at_words(work, width, height, arguments):
    smooth(work / "a.png", (49, 43))
    said = lines_in_a_terminal(width, height, *arguments)
    assert max(map(len, said)) <= width


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 40)])
@pytest.mark.parametrize("scales", ["2", "2,3,4"])
def test_what_a_run_of_training_says_fits(work, width, height, scales):
    for number in range(3):
        smooth(work / f"in/{number}.png", (72, 60), seed=number)
    said = lines_in_a_terminal(
        width, height, "train", "--data", "in", "-s", scales, "--architecture", "vdsr",
        "--depth", "2", "--width", "2", "--steps", "4", "--interval", "2", "--batch", "2",
        "--patch", "24", "--seed", "123456789", "-o", "run",
    )  # fmt: skip
    assert max(map(len, said)) <= width
    assert sum(line.startswith("step ") and " dB (" in line for line in said) == 2
