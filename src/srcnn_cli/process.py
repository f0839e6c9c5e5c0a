"""What the `srcnn` command sets up before anything else is imported: signals and open streams.

Only modules that Python has loaded anyway are imported here, so that a signal in the first moments
finds its handler, not an import that is half done.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

# Address space that numpy, Pillow and ONNX Runtime take before the first pixel, and each of their
# threads; measured with `ulimit -v`.
_LIBRARIES, _THREAD = 380 << 20, 10 << 20


def prepare() -> None:
    """Let signals end the process cleanly, and let streams that are closed swallow what they get.

    An exception would not do for signals: one that is raised in the middle of the import of a
    native module, or in a callback, may come out as another one, or not at all.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:  # `srcnn ... >&-`: otherwise the next file opened would be standard output
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until the end
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - until the end


def check_address_space() -> None:
    """Whether a limit (``ulimit -v``) leaves room for the libraries.

    Without that they end the whole process as they are loaded, with words and codes of their own.

    Raises:
        OutOfMemoryError: It does not.
    """
    try:
        import resource
    except ImportError:  # Windows
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    needed = _LIBRARIES + (os.cpu_count() or 1) * _THREAD
    if limit != resource.RLIM_INFINITY and limit < needed:
        from srcnn_cli.errors import OutOfMemoryError

        raise OutOfMemoryError(
            f"the address space is limited to {limit >> 20:,} MiB (ulimit -v), and the libraries "
            f"alone take {needed >> 20:,}"
        )


def peak_memory_mb() -> float | None:
    """The largest amount of memory that this process has held so far, if the system tells."""
    # Linux's `getrusage` begins with what the program held that started this one.
    with suppress(OSError), open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
        for line in status:
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) * 1024 / 1e6, 1)
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)


def _end(number: int, _frame: object) -> None:
    """Remove what is half written and end at once, with the exit code that a shell gives."""
    files = sys.modules.get("srcnn_cli.files")
    remove = getattr(files, "remove_unfinished", None)  # None while that is being imported
    if remove is not None:
        remove()
    if number == signal.SIGINT:
        with suppress(OSError):
            os.write(2, b"error: interrupted\n")
    os._exit(128 + number)
