"""Files that are not on this machine: ``s3://bucket/a.png``, ``gs://``, and what fsspec knows.

Nothing but the syntax of paths is known here until one is used; only then fsspec is imported.
"""

from __future__ import annotations

import io
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from srcnn_cli.errors import InputError, OutOfMemoryError, OutputError, UsageError
from srcnn_cli.files import EXISTS, describe_os_error

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeGuard

    from typing_extensions import Self

    Base = Path  # it has those methods of `Path` that jobs need
else:
    Base = PurePosixPath

# One request reads as much: a connection that breaks costs no more than that again.
CHUNK = 16 << 20

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+)://.")  # two letters at least: c:/ is a drive
# What our extras bring; of other packages fsspec itself says what to install.
_OURS = {"s3", "s3a", "gs", "gcs"}


class RemotePath(Base):
    """A path such as ``s3://bucket/folder/a.png``, which splits and joins as local ones do.

    A class of our own because there may be a million of them: a ``UPath`` of universal-pathlib
    takes forty times as long to make.
    """

    def __str__(self) -> str:
        return super().__str__().replace(":/", "://", 1)

    @property
    def scheme(self) -> str:
        """``s3``, say."""
        return self.parts[0].removesuffix(":")

    def is_absolute(self) -> bool:
        """It means the same wherever it is read."""
        return True

    def absolute(self) -> Self:
        """Itself."""
        return self

    def is_dir(self) -> bool:
        """Whether files lie below it.

        Raises:
            InputError: The store does not answer.
        """
        try:
            return bool(_store(self).isdir(str(self)))
        except Exception as error:
            raise InputError(f"cannot be read: {_described(error)}", self) from error

    def exists(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - as in `Path`
        """Whether there is a file.

        Raises:
            OutputError: The store does not answer.
        """
        try:
            return bool(_store(self).exists(str(self)))
        except Exception as error:
            raise OutputError(f"cannot be reached: {_described(error)}", self) from error

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - as in `Path`
        """Nothing but a look whether its bucket is there: stores of objects have no folders.

        Raises:
            OutputError: It is not.
        """
        bucket = type(self)(*self.parts[:2])
        if not bucket.exists():
            raise OutputError("no such bucket", bucket)


def parse_location(name: str) -> Path:
    """The local or the remote file of that name; ``file:///a.png`` is ``/a.png``.

    Raises:
        UsageError: It names a file of another machine by ``file://``.
    """
    found = _URL.match(name)
    if found is None:
        return Path(name)
    if found["scheme"] not in {"file", "local"}:
        return RemotePath(name)
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    parts = urlsplit(name)
    if parts.netloc not in {"", "localhost"}:
        raise UsageError(f"{name}: files of other machines are not reached by file://")
    return Path(url2pathname(name[name.index("://") + 3 :].removeprefix("localhost")))


def is_remote(path: str | os.PathLike[str]) -> TypeGuard[RemotePath]:
    """Whether a path is a `RemotePath`."""
    return isinstance(path, RemotePath)


def read_remote(path: Path, most: int) -> bytes:
    """All of a file, chunk by chunk.

    Args:
        path: A `RemotePath`.
        most: Refuse more bytes than this.

    Raises:
        InputError: There is no such file, it cannot be read, or it is too large.
        OutOfMemoryError: It does not fit into the memory.
    """
    try:
        return _read(path, most)
    except FileNotFoundError as error:
        raise InputError("no such file", path) from error
    except MemoryError as error:
        raise OutOfMemoryError("is larger than the free memory", path) from error
    except (InputError, UsageError, ModuleNotFoundError):
        raise
    except Exception as error:
        raise InputError(f"cannot be read: {_described(error)}", path) from error


def _read(path: Path, most: int) -> bytes:
    store, url = _store(path), str(path)
    information = store.info(url)
    if information["type"] == "directory":
        raise InputError("is a folder, not a picture", path)
    size = int(information["size"])
    if size > most:
        raise InputError(f"is a file of {size:,} bytes, too large for a picture", path)
    whole = bytearray()
    while len(whole) < size:
        chunk = store.cat_file(url, start=len(whole), end=min(size, len(whole) + CHUNK))
        if not chunk:
            raise InputError("became shorter while it was read", path)
        whole += chunk
    return bytes(whole)


def write_remote(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Make a file, complete or not at all.

    Without ``overwrite`` the store itself refuses a name that is taken, where it knows how to (S3,
    Google's); elsewhere it is asked first.

    Args:
        path: A `RemotePath`.
        data: What to write; much of it goes in several parts, which become a file with the last.
        overwrite: Replace a file that is already there.

    Raises:
        OutputError: It is there and ``overwrite`` is false, or it cannot be written.
    """
    try:
        _store(path).pipe_file(str(path), data, mode="overwrite" if overwrite else "create")
    except FileExistsError as error:
        raise OutputError(EXISTS, path) from error
    except (UsageError, ModuleNotFoundError):
        raise
    except Exception as error:
        if "PreconditionFailed" in str(error):  # S3's word for it
            raise OutputError(EXISTS, path) from error
        raise OutputError(f"cannot be written: {_described(error)}", path) from error


def send_remote(path: Path, encode: Callable[[BinaryIO], object], *, overwrite: bool) -> None:
    """Let ``encode`` fill a file in memory, then make it as `write_remote` does."""
    whole = io.BytesIO()
    encode(whole)
    write_remote(path, whole.getvalue(), overwrite=overwrite)


def check_remote_writable(path: Path, *, overwrite: bool) -> None:
    """Like `files.check_writable`.

    Raises:
        OutputError: The file is there already, or its store does not answer.
    """
    if overwrite:
        return
    try:
        # The cheapest question: to `exists`, S3 looks for a folder of that name as well.
        _store(path).cat_file(str(path), start=0, end=1)
        exists = True
    except FileNotFoundError:
        exists = False
    except Exception:  # noqa: BLE001 - an empty file has no first byte
        exists = path.exists()
    if exists:
        raise OutputError(EXISTS, path)


def find_remote(folder: Path, *, recursive: bool) -> Iterator[Path]:
    """The files in a folder, without hidden ones, in no order.

    Raises:
        InputError: It cannot be read.
    """
    try:
        found = _store(folder).find(str(folder), maxdepth=None if recursive else 1)
    except Exception as error:
        raise InputError(f"cannot be read: {_described(error)}", folder) from error
    for path in _as_paths(folder, found):
        below = path.parts[len(folder.parts) :]
        if below and not any(part.startswith(".") for part in below):
            yield path


def expand_remote(pattern: Path) -> list[Path]:
    """What a pattern such as ``s3://bucket/*.png`` stands for but hidden files, in order.

    Raises:
        InputError: The store does not answer.
    """
    try:
        found = _store(pattern).glob(str(pattern))
    except Exception as error:
        raise InputError(f"cannot be read: {_described(error)}", pattern) from error
    return sorted(path for path in _as_paths(pattern, found) if not path.name.startswith("."))


def existing(paths: Iterable[Path]) -> set[Path]:
    """Those remote files that are there: by a list of each folder, not a question about each file.

    Raises:
        InputError: A store does not answer.
    """
    wanted = {path for path in paths if is_remote(path)}
    found: set[Path] = set()
    for folder in {path.parent for path in wanted}:
        if folder.is_dir():
            found |= wanted.intersection(find_remote(folder, recursive=False))
    return found


def _as_paths(like: Path, names: Iterable[str]) -> Iterator[Path]:
    """What a store found, which leaves out the scheme."""
    scheme = like.parts[0]
    return (RemotePath(scheme, name.strip("/")) for name in names if not name.endswith("/"))


def _store(path: Path) -> Any:  # noqa: ANN401 - fsspec has no types
    """What fsspec reaches a path by. It keeps no lists: others write there, too.

    Raises:
        UsageError: There is no such kind.
        ModuleNotFoundError: A package is missing for it.
    """
    import fsspec

    scheme = path.parts[0].removesuffix(":")
    try:
        return fsspec.filesystem(scheme, use_listings_cache=False)
    except ValueError:
        raise UsageError(f"{path}: {scheme}:// is no kind of address that is known") from None
    except ImportError as error:
        if scheme in _OURS and isinstance(error.__cause__, ModuleNotFoundError):
            raise error.__cause__ from None
        raise UsageError(f"{path}: {error}") from error


def _described(error: Exception) -> str:
    if isinstance(error, (UsageError, ModuleNotFoundError)):
        raise error  # it is not about this file
    if isinstance(error, OSError):
        return " ".join(describe_os_error(error).split())
    return " ".join(str(error).split()) or type(error).__name__
