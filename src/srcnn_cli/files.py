"""Writing files so that nothing is ever lost: complete or not at all, and never over something."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from srcnn_cli.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable

# How libraries say that they found no memory: OpenCV, zlib, Pillow, networks, the loader of
# modules, C++.
_NO_MEMORY = (
    "out of memory|insufficient memory|not enough memory"
    "|(can't|cannot|could not|failed to) allocate|failed to map segment|memory allocation"
    "|bad_alloc|bad allocation|Error -4 while"
)

TEMPORARY_FILES = ".srcnn-*.tmp"  # as a pattern of names
_TEMPORARY = r"\.srcnn-[0-9a-f]{16}\.tmp"
_unfinished: set[Path] = set()

# From making a temporary file to its lock it takes far less.
_SECONDS_TO_LOCK = 0.2

EXISTS = "already exists (use --overwrite to replace it)"


def write_atomically(
    path: str | os.PathLike[str],
    write: Callable[[BinaryIO], object],
    *,
    overwrite: bool = False,
) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then move it into place in one step.

    Whatever happens in between (an exception, a full disk, a signal) removes the temporary file
    and leaves what stood at ``path`` untouched. Without ``overwrite`` the last step is a link,
    which the system itself refuses if ``path`` has come into being in the meantime.

    Args:
        path: The file to make. Its folder must exist.
        write: Called once with the open temporary file.
        overwrite: Replace a file that is already there.

    Raises:
        OutputError: ``path`` exists and ``overwrite`` is false, or it cannot be written.
    """
    target = Path(path)
    # The name is known before the file is there, so no signal can come in between.
    temporary = target.parent / f".srcnn-{os.urandom(8).hex()}.tmp"
    _unfinished.add(temporary)
    lock: int | None = None
    try:
        try:
            if not overwrite and target.exists():
                raise OutputError(EXISTS, target)
            mode = _mode_of(target)
            with open(
                temporary, "x+b", opener=_open_new if mode is None else _open_privately
            ) as file:
                lock = _lock(file)
                write(file)
                file.flush()
                os.fsync(file.fileno())
            if mode is not None:
                temporary.chmod(mode)
            if overwrite:
                temporary.replace(target)
            else:
                _link(temporary, target)
        finally:
            _remove(temporary)
    except OSError as error:
        raise OutputError(f"cannot be written: {describe_os_error(error)}", target) from error
    finally:
        _remove(temporary)  # again: an interruption may have come just before the first
        _unfinished.discard(temporary)
        if lock is not None:
            os.close(lock)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, where they are not there yet.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be made: {describe_os_error(error)}", folder) from error


def remove_unfinished() -> None:
    """Remove the temporary files of this process; for its end, from a signal."""
    for path in list(_unfinished):
        _remove(path)


def remove_abandoned(folder: str | os.PathLike[str]) -> int:
    """Remove the temporary files that processes left in a folder when they were killed.

    Whoever writes such a file holds a lock on it, which ends with the process, in whatever
    container that runs. Where locks are not known (Windows, some network shares), nothing is
    removed.

    Returns:
        How many there were.
    """
    removed = 0
    try:
        with os.scandir(folder) as entries:
            found = [entry.path for entry in entries if re.fullmatch(_TEMPORARY, entry.name)]
    except OSError:
        return 0
    for path in found:
        try:
            if time.time() - Path(path).stat().st_mtime < _SECONDS_TO_LOCK:
                continue
            with Path(path).open("r+b") as file:
                lock = _lock(file)
                if lock is not None:
                    Path(path).unlink()
                    removed += 1
                    os.close(lock)
        except OSError:
            continue
    return removed


def _lock(file: BinaryIO) -> int | None:
    """Lock a file for this process.

    Returns:
        A descriptor whose closing ends the lock; the file itself may be closed before. None if
        another process holds the lock, or if such locks are not known.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return None
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.dup(file.fileno())
    except OSError:
        return None


def check_writable(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Find out, before any computing, whether a file can come to stand at ``path``.

    Args:
        path: The file to be made.
        overwrite: Whether one that is there may be replaced.

    Raises:
        OutputError: It cannot; the reason says why.
    """
    target = Path(path)
    try:
        if target.is_dir():
            raise OutputError("is a folder, not a file", target)
        if os.path.lexists(target) and not overwrite:
            raise OutputError(EXISTS, target)
        if not target.parent.exists():
            raise OutputError("its folder does not exist", target)
        if not target.parent.is_dir():
            raise OutputError("lies below something that is not a folder", target)
        if not os.access(target.parent, os.W_OK | os.X_OK):
            raise OutputError("its folder is not writable", target)
    except (OSError, ValueError) as error:  # a name that the system does not take
        raise OutputError(f"cannot be written: {error}", target) from error


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _open_privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # it may come to replace a file that only its owner reads


def _open_new(path: str, flags: int) -> int:
    return os.open(path, flags, 0o666)  # less what the umask takes, as of any new file


def is_memory_error(error: BaseException) -> bool:
    """Whether an error says that there was no memory left, of whatever type a library raises."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return re.search(_NO_MEMORY, str(error), re.IGNORECASE) is not None


def describe_os_error(error: OSError) -> str:
    """The system's own words for an error, in lower case: ``no space left on device``."""
    return (error.strerror or str(error) or type(error).__name__).lower()


def _mode_of(target: Path) -> int | None:
    """The mode of the file that is replaced, if there is one."""
    try:
        return target.stat().st_mode & 0o7777
    except FileNotFoundError:
        return None


def _link(temporary: Path, target: Path) -> None:
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise OutputError(EXISTS, target) from None
    except OSError:
        # A file system without hard links (FAT, some network shares): claim the name first.
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            raise OutputError(EXISTS, target) from None
        _unfinished.add(target)
        try:
            temporary.replace(target)
        except BaseException:  # interruptions, too
            target.unlink(missing_ok=True)
            raise
        finally:
            _unfinished.discard(target)
