"""One file that is whole, to the last bit, or refused."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import pickle
import stat
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import torch

# After torch's own bytes stands a line with their SHA-256; torch.load passes over it.
_SEAL = b"\nlabkit checkpoint 2, SHA-256 "
_SEAL_LENGTH = len(_SEAL) + 64


def as_file(path: Any, name: str = "checkpoint") -> Path:
    """Return `path` as one at which a file can be written, or say why it is none.

    A leading `~` is the home folder, and a link stands for the file that it leads to.
    What an interrupted writing has left beside the file is removed.
    """
    given = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(given, str):
        raise TypeError(f"{name} must be the path of a file, as text or a Path, not {path!r}.")
    if not given or "\0" in given:
        raise ValueError(f"{name}={given!r} names no file.")
    file = Path(given)
    if file.parts[:1] == ("~",):
        file = file.expanduser()
    _require_file_or_nothing(file, f"{name}={given!r}")
    _require_writable(file, f"{name}={given!r}")
    return file


def write_sealed(path: Path, state: Any) -> None:
    """Write to a temporary file, then rename it into place, so that a crash leaves no half."""
    target = path.resolve()  # of a link, the file that it leads to
    unfinished = _unfinished(target)
    unfinished.unlink(missing_ok=True)
    try:
        with unfinished.open("xb") as file:
            summed = _Summed(file)
            torch.save(state, summed)  # type: ignore[arg-type]  # it needs no more than write
            file.write(_SEAL + summed.sha.hexdigest().encode())
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def read_sealed(path: Path) -> Any:
    """Return what was written, on the CPU.

    Raises
    ------
    ValueError
        If a bit is not as it was written, or something else wrote the file.
    OSError, MemoryError
        If the file can't be read; that says nothing about what is in it.
    """
    try:
        with path.open("rb") as file:
            _require_seal(file, path)
            return torch.load(file, weights_only=True, map_location="cpu")
    except OSError as error:
        raise _unreadable(error, path) from error
    except MemoryError as error:
        raise MemoryError(f"There is not enough memory to read {path}.") from error
    except pickle.UnpicklingError as error:
        raise ValueError(f"{path} is no checkpoint of fit_torch; choose another path.") from error
    except RuntimeError as error:  # the bytes are those that were written: it is the machine
        raise OSError(f"{path} is whole and could not be read. torch says: {error}") from error


class _Summed:
    """A file to write to that keeps the sum of its bytes."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.sha = file, hashlib.sha256()

    def write(self, content: Any) -> int:
        self.sha.update(content)
        return self.file.write(content)

    def flush(self) -> None:
        self.file.flush()


def _require_seal(file: BinaryIO, path: Path) -> None:
    """Leave the file at its start if its bytes have the sum that is written at its end."""
    length = file.seek(0, os.SEEK_END) - _SEAL_LENGTH
    file.seek(max(length, 0))
    seal, sha = file.read(), hashlib.sha256()
    file.seek(0)
    if not seal.startswith(_SEAL):
        if zipfile.is_zipfile(file) and not _cut_within_seal(seal):
            raise ValueError(
                f"{path} is no checkpoint of fit_torch; choose another path. (An older labkit "
                "wrote it, or something else, or the line at its end is missing.)"
            )
        raise _broken(path)
    while length > 0:
        piece = file.read(min(length, 1 << 20))
        if not piece:
            raise _broken(path)
        sha.update(piece)
        length -= len(piece)
    if seal != _SEAL + sha.hexdigest().encode():
        raise _broken(path)
    file.seek(0)


def _cut_within_seal(end: bytes) -> bool:
    start = end[end.rfind(_SEAL[:1]) :]
    return start.startswith(_SEAL) or _SEAL.startswith(start)


def _broken(path: Path) -> ValueError:
    return ValueError(
        f"{path} is not a whole checkpoint: it was cut short or changed, or something else wrote "
        "it. Remove it and start the training again."
    )


def _unreadable(error: OSError, path: Path) -> OSError:
    reason = error.strerror or str(error)
    text = f"{path} could not be read: {reason}. That says nothing about what is in it."
    return type(error)(text) if error.errno is None else OSError(error.errno, text)


def _unfinished(target: Path) -> Path:
    """Return the one name under which a file is written, so that nothing piles up."""
    return target.with_name(f".{target.name}.part")


def _require_file_or_nothing(file: Path, argument: str) -> None:
    try:
        mode = file.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        if file.is_symlink():
            raise FileNotFoundError(
                f"{argument} is a link to {str(file.readlink())!r}, where no file is; remove the "
                "link or give the path of a file."
            ) from error
        return
    except OSError as error:
        raise OSError(error.errno, f"{argument} can't be used: {error.strerror}.") from error
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(f"{argument} is a folder; give the path of a file.")
    if not stat.S_ISREG(mode):
        raise OSError(f"{argument} is {_kind(mode)}; give the path of a file.")


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def _require_writable(file: Path, argument: str) -> None:
    folder = file.parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{argument}: there is no folder {str(folder)!r}; make it first.")
    unfinished = _unfinished(file.resolve())
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch(exist_ok=False)
        unfinished.unlink()
    except OSError as error:
        text = (
            f"{argument}: nothing can be written to the folder {str(unfinished.parent)!r} "
            f"({error.strerror}); choose one that is yours."
        )
        if error.errno in (errno.ENAMETOOLONG, errno.ENOSPC):
            raise OSError(error.errno, text) from error
        raise PermissionError(text) from error
