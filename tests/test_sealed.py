"""A file is read as it was written, or refused; what can't be read is not called broken."""

import errno
import io
import os
import random
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from labkit import sealed  # noqa: E402  (only after torch was found)
from labkit.digest import digest  # noqa: E402
from labkit.sealed import as_file, read_sealed, write_sealed  # noqa: E402

STATE = {
    "model": {"weight": torch.arange(6.0).reshape(2, 3), "half": torch.ones(3).bfloat16()},
    "monitor": {"loss": [1.0, float("nan"), -0.0], "best": None},
    "setting": {"name": "ü", "lr": 0.1, "betas": (0.9, 0.99)},
}


@pytest.fixture
def path(tmp_path):
    write_sealed(tmp_path / "run", STATE)
    return tmp_path / "run"


def test_what_was_written_is_read(path):
    assert digest(read_sealed(path)) == digest(STATE)
    assert digest(torch.load(path, weights_only=True)) == digest(STATE)  # labs look inside
    assert [p.name for p in path.parent.iterdir()] == ["run"]


def test_a_larger_file_than_is_summed_at_once_is_read(tmp_path):
    state = torch.rand(700_000)
    write_sealed(tmp_path / "run", state)
    assert torch.equal(read_sealed(tmp_path / "run"), state)
    content = bytearray((tmp_path / "run").read_bytes())
    content[2 << 20] ^= 1
    (tmp_path / "run").write_bytes(content)
    with pytest.raises(ValueError, match="is not a whole checkpoint"):
        read_sealed(tmp_path / "run")


REFUSED = r"run is (not a whole checkpoint: .* Remove it|no checkpoint of fit_torch; choose)"


def test_any_flipped_bit_is_refused(path):
    content = path.read_bytes()
    bits = random.Random(1).sample(range(8 * len(content)), 500)
    seal = range(8 * (len(content) - 100), 8 * len(content))
    for bit in [*bits, *seal]:
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=REFUSED):
            read_sealed(path)


def test_any_length_that_was_cut_short_is_refused(path):
    content = path.read_bytes()
    assert len(content) > 1000
    for length in [*range(len(content) - 130, len(content)), *range(0, len(content), 37)]:
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=REFUSED) as refused:
            read_sealed(path)
        if length != len(content) - sealed._SEAL_LENGTH:
            assert "run is not a whole checkpoint: it was cut short" in str(refused.value)


@pytest.mark.parametrize("more", [b"\0", b"\n", b"more", b"x" * 200])
def test_a_file_that_has_grown_is_refused(path, more):
    path.write_bytes(path.read_bytes() + more)
    with pytest.raises(ValueError, match=REFUSED):
        read_sealed(path)


def test_a_file_of_an_older_labkit_is_refused_in_words(path):
    torch.save(STATE, path)
    with pytest.raises(ValueError, match=r"no checkpoint of fit_torch; .*An older labkit wrote"):
        read_sealed(path)


def test_a_file_that_would_run_code_is_refused(path):
    write_sealed(path, {"setting": os.system})
    with pytest.raises(ValueError, match="is no checkpoint of fit_torch; choose another path"):
        read_sealed(path)


def test_a_file_that_is_cut_short_while_it_is_read_is_refused(path, monkeypatch):
    class Shrinks(io.BytesIO):
        def read(self, size=-1):
            return b"" if 0 < size < 10**9 else super().read(size)

    content = path.read_bytes()
    monkeypatch.setattr(Path, "open", lambda *_: Shrinks(content))
    with pytest.raises(ValueError, match="is not a whole checkpoint"):
        read_sealed(path)


def test_a_file_of_another_device_is_read_on_the_cpu(path, monkeypatch):
    noted = {}
    monkeypatch.setattr(torch, "load", lambda _, **options: noted.update(options))
    read_sealed(path)
    assert noted == {"weights_only": True, "map_location": "cpu"}


# --- what can't be read --------------------------------------------------------------------------


class Breaks(io.BytesIO):
    def __init__(self, error):
        super().__init__(b"x" * 1000)
        self.error = error

    def read(self, *_):
        raise self.error


def raises(error):
    def function(*_, **__):
        raise error

    return function


OS_ERRORS = [
    PermissionError(errno.EACCES, "Permission denied"),
    OSError(errno.EIO, "Input/output error"),
    OSError(errno.ESTALE, "Stale file handle"),
    PermissionError("Permission denied"),
    OSError("Input/output error"),
]


@pytest.mark.parametrize("error", OS_ERRORS, ids=repr)
@pytest.mark.parametrize("when", ["open", "read", "load"])
def test_a_file_that_cannot_be_read_is_not_called_broken(path, monkeypatch, error, when):
    if when == "open":
        monkeypatch.setattr(Path, "open", raises(error))
    elif when == "read":
        monkeypatch.setattr(Path, "open", lambda *_: Breaks(error))
    else:
        monkeypatch.setattr(torch, "load", raises(error))
    with pytest.raises(type(error)) as caught:
        read_sealed(path)
    message = str(caught.value)
    assert str(path) in message
    assert (error.strerror or str(error)) in message
    assert "emove" not in message
    assert "whole" not in message
    assert caught.value.errno == error.errno


def test_memory_that_is_not_enough_is_not_called_broken(path, monkeypatch):
    monkeypatch.setattr(torch, "load", raises(MemoryError()))
    with pytest.raises(MemoryError, match=f"There is not enough memory to read {path}"):
        read_sealed(path)
    error = RuntimeError("DefaultCPUAllocator: not enough memory")
    monkeypatch.setattr(torch, "load", raises(error))
    with pytest.raises(OSError, match=r"is whole and could not be read.* not enough memory"):
        read_sealed(path)


def test_a_file_that_is_gone_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"run could not be read: No such file"):
        read_sealed(tmp_path / "run")


# --- writing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left"), KeyboardInterrupt(), MemoryError()]
)
@pytest.mark.parametrize("when", ["save", "fsync", "rename"])
def test_a_crash_while_writing_leaves_the_old_file_whole(path, monkeypatch, error, when):
    if when == "save":
        monkeypatch.setattr(torch, "save", lambda _, file: file.write(b"half") and raises(error)())
    elif when == "fsync":
        monkeypatch.setattr(os, "fsync", raises(error))
    else:
        monkeypatch.setattr(Path, "replace", raises(error))
    with pytest.raises(type(error)):
        write_sealed(path, {"new": 1})
    monkeypatch.undo()
    assert [p.name for p in path.parent.iterdir()] == ["run"]
    assert digest(read_sealed(path)) == digest(STATE)


def test_the_disk_has_all_of_a_file_before_it_is_renamed(path, monkeypatch):
    done = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(number):
        fsync(number)
        done.append(("fsync", os.fstat(number).st_size))

    def noted_replace(self, target):
        done.append(("rename", self.stat().st_size))
        assert self.parent == target.parent  # a rename is atomic within a file system
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    write_sealed(path, STATE)
    size = path.stat().st_size
    assert done == [("fsync", size), ("rename", size)]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on Windows")
def test_killed_while_writing_leaves_the_old_file_and_the_next_run_removes_the_rest(path):
    script = """
import os, signal, sys, torch
from pathlib import Path
from labkit.sealed import write_sealed
save = torch.save
def half(state, file):
    save(state, file)
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
torch.save = half
write_sealed(Path(sys.argv[1]), {"new": torch.ones(1000)})
"""
    for _ in range(2):  # what is left over does not pile up, nor is it in the way
        killed = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
        assert killed.returncode == -signal.SIGKILL
        assert sorted(p.name for p in path.parent.iterdir()) == [".run.part", "run"]
    assert (path.parent / ".run.part").stat().st_size > 4000
    assert digest(read_sealed(path)) == digest(STATE)
    assert as_file(path) == path
    assert [p.name for p in path.parent.iterdir()] == ["run"]
    write_sealed(path, {"newer": 2})
    assert read_sealed(path) == {"newer": 2}


def test_what_is_left_over_is_also_replaced_by_the_next_writing(path):
    left = path.parent / ".run.part"
    left.write_bytes(b"x" * 100_000)
    write_sealed(path, {"newer": 2})
    assert read_sealed(path) == {"newer": 2}
    assert not left.exists()


# --- paths ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [3, True, None, 1.5, b"run", ["run"], open, io.StringIO()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_path_is_refused(value):
    with pytest.raises(TypeError, match=r"^checkpoint must be the path of a file, as text or a P"):
        as_file(value)


def test_a_path_in_bytes_is_refused(tmp_path):
    class Bytes:
        def __fspath__(self):
            return bytes(tmp_path / "run")

    with pytest.raises(TypeError, match=r"^checkpoint must be the path of a file"):
        as_file(Bytes())


@pytest.mark.parametrize("value", ["", "a\0b", "\0"], ids=repr)
def test_text_that_names_no_file_is_refused(value):
    with pytest.raises(ValueError, match=r"^checkpoint='.*' names no file"):
        as_file(value)


@pytest.mark.parametrize("kind", [str, Path, os.DirEntry], ids=["text", "Path", "entry"])
def test_a_path_of_any_kind_is_taken(path, kind):
    with os.scandir(path.parent) as entries:
        value = next(entries) if kind is os.DirEntry else kind(path)
    assert as_file(value) == path


@pytest.mark.parametrize("name", ["", ".", "..", "folder", "folder/"], ids=repr)
def test_a_folder_is_refused(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder; give the path of a file"):
        as_file(os.path.join(tmp_path, name))  # noqa: PTH118  (a Path would drop the slash)


def named_pipe(path):
    os.mkfifo(path)


def bound_socket(path):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


def link_to_pipe(path):
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


def link_to_device(path):
    path.symlink_to(os.devnull)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on Windows")
@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (named_pipe, "a named pipe"),
        (bound_socket, "a socket"),
        (link_to_pipe, "a named pipe"),
        (link_to_device, "a device"),
    ],
)
def test_what_is_no_file_is_refused_and_left_there(tmp_path, monkeypatch, make, kind):
    monkeypatch.chdir(tmp_path)  # a socket's path has to be short
    path = tmp_path / "run"
    make(path)
    before = path.lstat()
    with pytest.raises(OSError, match=rf"^checkpoint='.*run' is {kind}; give the path of a file"):
        as_file(path)
    assert path.lstat() == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no /dev on Windows")
def test_a_device_is_refused():
    with pytest.raises(OSError, match=r"^checkpoint='/dev/null' is a device"):
        as_file("/dev/null")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_link_to_a_file_stays_one(path):
    link = path.parent / "link"
    (path.parent / "elsewhere").mkdir()
    link.symlink_to(path.rename(path.parent / "elsewhere" / "run"))
    assert as_file(link) == link
    assert digest(read_sealed(link)) == digest(STATE)
    write_sealed(link, {"new": 1})
    assert link.is_symlink()
    assert read_sealed(path.parent / "elsewhere" / "run") == {"new": 1}
    assert [p.name for p in (path.parent / "elsewhere").iterdir()] == ["run"]


def test_what_is_left_over_lies_beside_the_file_that_a_link_leads_to(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "run").touch()
    (tmp_path / "elsewhere" / ".run.part").touch()
    (tmp_path / "link").symlink_to("elsewhere/run")
    as_file(tmp_path / "link")
    assert [p.name for p in (tmp_path / "elsewhere").iterdir()] == ["run"]
    monkeypatch.setattr(Path, "touch", raises(PermissionError(13, "Permission denied")))
    with pytest.raises(PermissionError, match=r"link': nothing can be .* folder '.*elsewhere' \(P"):
        as_file(tmp_path / "link")


def test_a_link_to_a_folder_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(IsADirectoryError, match="link' is a folder"):
        as_file(tmp_path / "link")


def test_a_broken_link_is_named(tmp_path):
    (tmp_path / "link").symlink_to("gone")
    with pytest.raises(FileNotFoundError, match=r"^checkpoint='.*link' is a link to 'gone', where"):
        as_file(tmp_path / "link")


def test_links_in_a_circle_are_named(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match=r"checkpoint='.*a' can't be used: Too many levels"):
        as_file(tmp_path / "a")


@pytest.mark.parametrize("length", [252, 300])
def test_too_long_a_name_is_refused_beforehand(tmp_path, length):
    with pytest.raises(OSError, match=r"checkpoint='.*File name too long") as refused:
        as_file(tmp_path / ("x" * length))
    assert refused.value.errno == errno.ENAMETOOLONG


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing'; make it first"):
        as_file(tmp_path / "missing" / "run")
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*file'; make it first"):
        as_file(tmp_path / "file" / "run")


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC], ids=os.strerror)
def test_a_folder_that_takes_no_files_is_named_beforehand(tmp_path, monkeypatch, code):
    monkeypatch.setattr(Path, "touch", raises(OSError(code, os.strerror(code))))
    kind = OSError if code == errno.ENOSPC else PermissionError
    with pytest.raises(
        kind, match=rf"nothing can be written to .*\({os.strerror(code)}\)"
    ) as refused:
        as_file(tmp_path / "run")
    assert type(refused.value) is kind


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no /proc here")
def test_a_folder_of_the_system_is_named_beforehand():
    with pytest.raises(PermissionError, match="nothing can be written to the folder '/proc'"):
        as_file("/proc/run")


def test_a_path_that_may_not_be_looked_at_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "stat", raises(PermissionError(13, "Permission denied")))
    with pytest.raises(PermissionError, match=r"checkpoint='.*run' can't be used: Permission"):
        as_file(tmp_path / "run")


def test_the_home_folder_has_its_short_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert as_file("~/run") == as_file(Path("~") / "run") == tmp_path / "run"
    monkeypatch.chdir(tmp_path)
    assert as_file("~run") == Path("~run")  # nobody's home
    with pytest.raises(IsADirectoryError, match="checkpoint='~' is a folder"):
        as_file("~")


def test_looking_leaves_nothing_and_changes_nothing(path):
    before = path.read_bytes(), path.stat().st_mtime_ns
    as_file(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert as_file(path.parent / "new").exists() is False
    assert [p.name for p in path.parent.iterdir()] == ["run"]
