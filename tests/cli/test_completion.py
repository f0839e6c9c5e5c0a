"""What the shell is told when a user presses the tabulator."""

import os
import subprocess
import sys

import pytest

RUN = "import sys; sys.argv = ['srcnn']; from srcnn_cli.cli import run; run()"


def completed(line):
    """The words that bash gets for a line with the cursor at its end."""
    words = line.split(" ")
    asked = {
        "_SRCNN_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        env={**os.environ, **asked}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


def test_commands():
    assert completed("srcnn ") == [
        "upscale",
        "models",
        "train",
        "import",
        "export",
        "bench",
        "compare",
        "reproduce",
    ]
    assert completed("srcnn up") == ["upscale"]


def test_options():
    assert "--skip-existing" in completed("srcnn upscale --s")


SHIPPED = [
    "fast", "best", "srcnn-9-1-5", "srcnn-9-5-5", "vdsr-20", "espcn-5-3-3", "fsrcnn-56-12-4",
    "subpixel-s", "subpixel-l", "a-plus",
    "anr",
]  # fmt: skip


@pytest.mark.parametrize("command", ["bench", "compare"])
def test_models_are_completed_by_name(command):
    assert completed(f"srcnn {command} -m ") == SHIPPED
    assert completed(f"srcnn {command} --model vd") == ["vdsr-20"]
    assert completed(f"srcnn {command} --model x") == []


def test_upscale_takes_interpolations_too():
    interpolations = ["nearest", "bilinear", "bicubic", "lanczos"]
    assert completed("srcnn upscale -m ") == SHIPPED + interpolations
    assert completed("srcnn upscale -m bi") == ["bilinear", "bicubic"]
