"""The command as a process of its own."""

import os
import sys


def command(*arguments):
    """What starts `srcnn` with these arguments, by the interpreter of the tests."""
    return [sys.executable, "-m", "srcnn_cli", *map(str, arguments)]


def threads(count):
    """The environment in which a process computes with so many threads."""
    return {**os.environ, "OMP_NUM_THREADS": str(count)}
