"""Run a program that nobody vouches for: within limits, and, with bubblewrap, shut in.

The limits hold everywhere. A watchdog adds up the memory and the threads of all processes that
the program has started and the files that it leaves, and ends all of them where a sum, or the
time, is too large. What one process may ask for is limited by the system itself (`ulimit`).

Where bubblewrap (`bwrap`) works, the program also sees no network, no process but its own, and
no file but the system's and Python's, read-only, and its own folders.

What is left open. Without bubblewrap the program reads what its user may read and writes what
its user may write, reaches the network, may send signals to the user's other processes, and a
process that empties its environment and leaves its group outlives the run.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

LOOK = 0.2  # seconds between two looks at what runs
WEIGH = 5  # every so many looks, the files are weighed, and those found that left their parents
MIB = 2**20
# Libraries map more than they use: torch 1.2 GB without a graphics card, much more with one.
ADDRESSES = 8 * 2**30
SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]
OF_ETC = ["alternatives", "fonts", "group", "hosts", "ld.so.cache", "localtime"]
OF_ETC += ["nsswitch.conf", "passwd"]
CPUS = "/sys/devices/system/cpu"  # how many there are
MARK = "SANDBOX_RUN"  # in the environment of every process of a run


@dataclass(frozen=True)
class Limits:
    """What a program may use; memory, files and answer in bytes."""

    seconds: float
    memory: int
    files: int = 1024 * MIB
    tasks: int = 500  # processes and their threads together: a lab has some dozens
    answer: int = 16 * MIB  # ten thousand cells, each with an error
    watch: int = 1  # memory and tasks are measured every so many looks


@dataclass(frozen=True)
class Place:
    """Where a program runs: its working folder and its temporary one, the only two it may write."""

    work: Path
    temporary: Path

    @property
    def seen(self) -> Place:
        """The same as the program sees it."""
        return Place(Path("/submission"), Path("/tmp")) if bubblewrap_works() else self


@dataclass(frozen=True)
class Ended:
    """How a run ended: what it answered, and why it was ended, "" if it ended by itself."""

    answer: bytes
    why: str
    seconds: float


def protection() -> str:
    """Say in a line which protection is in force."""
    if bubblewrap_works():
        return "bubblewrap (no network, no other files, a read-only system) and limits"
    return (
        "limits only: a notebook can read and change your files, the labs with their solutions "
        "and this program among them, and reach the network. On Linux, install bubblewrap"
    )


def protection_in_short() -> str:
    """Name it in a word or two."""
    return "bubblewrap" if bubblewrap_works() else "limits only"


@cache
def bubblewrap() -> str:
    """Return where bubblewrap is, by the grader's own PATH; "" if it is nowhere."""
    found = shutil.which("bwrap")
    return str(Path(found).absolute()) if found else ""


@cache
def bubblewrap_works() -> bool:
    """Tell whether bubblewrap is here and may do what is asked of it: in a container, often not."""
    if not bubblewrap():
        return False
    with TemporaryDirectory() as folder:
        command = [*shut_in(Place(Path(folder), Path(folder)), []), sys.executable, "-c", ""]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def shut_in(place: Place, readable: list[Path]) -> list[str]:
    """Return the words before a command that leave it its place and what it may read, no more."""
    words = [
        bubblewrap(),
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
    ]
    for name in SYSTEM:
        if Path(name).is_symlink():
            words += ["--symlink", str(Path(name).readlink()), name]
        else:
            words += ["--ro-bind-try", name, name]
    for name in [*(f"/etc/{name}" for name in OF_ETC), CPUS]:
        words += ["--ro-bind-try", name, name]
    # Torch's processes find each other by the name of the machine, which must then be known.
    words += ["--hostname", "localhost", "--proc", "/proc", "--dev", "/dev"]
    for target in ("/tmp", "/dev/shm"):  # on the disk: what is in memory would not be counted
        words += ["--bind", str(place.temporary), target]
    for path in [Path(sys.prefix), Path(sys.base_prefix), *readable]:
        words += ["--ro-bind", str(path), str(path)]
    words += ["--bind", str(place.work), "/submission", "--chdir", "/submission"]
    return [*words, "--remount-ro", "/dev", "--remount-ro", "/", "--"]


def limited(limits: Limits) -> list[str]:
    """Return the words before a command that limit each process by itself."""
    blocks, kib = limits.files // 512, (limits.memory + ADDRESSES) // 1024
    cpu = int(limits.seconds * (os.cpu_count() or 1)) + 1
    # A system that can't limit one of them, such as the addresses on a Mac, leaves it.
    each = f"ulimit -c 0; ulimit -f {blocks}; ulimit -t {cpu}; ulimit -v {kib}"
    return ["/bin/sh", "-c", f'{{ {each}; }} 2>/dev/null; exec "$@"', "sh"]


def run(
    command: list[str],
    place: Place,
    limits: Limits,
    *,
    question: bytes,
    readable: list[Path],
    environment: dict[str, str],
    stop: threading.Event,
    connection: socket.socket | None = None,
) -> Ended:
    """Run a command to its end or to a limit, and leave no process of it behind.

    Its standard input is `question`. Its answer is what it writes to the file descriptor whose
    number is its last argument, which what it starts doesn't inherit. What else it prints goes
    nowhere. It inherits the `connection`, by the number before that, which is closed here.
    """
    mark = os.urandom(16).hex()
    shut = shut_in(place, readable) if bubblewrap_works() else []
    home = str(place.seen.temporary)
    started = time.monotonic()
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as answer:
        asked.write(question)
        asked.seek(0)
        passed = [answer.fileno()] if connection is None else [connection.fileno(), answer.fileno()]
        process = subprocess.Popen(
            [*shut, *limited(limits), *command, *map(str, passed)],
            cwd=place.work,
            env={**environment, "HOME": home, "TMPDIR": home, MARK: mark},
            stdin=asked,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=passed,
            start_new_session=True,
        )
        if connection is not None:
            connection.close()  # when one process ends, the other notices
        first = psutil.Process(process.pid)  # knows its start: no other may inherit the number
        why = ""
        try:
            for look in count(1):
                said = os.fstat(answer.fileno()).st_size
                if said > limits.answer:
                    why = f"it answered more than {limits.answer} bytes"
                elif process.poll() is not None:
                    break
                elif stop.is_set():
                    why = "the grading was stopped"
                elif time.monotonic() - started > limits.seconds:
                    why = f"it was still running after {limits.seconds:g} s"
                elif look % WEIGH == 0 and weight(place, first) > limits.files:
                    why = f"it wrote more than {limits.files // MIB} MiB of files"
                elif look % limits.watch == 0:
                    why = excess(limits, members(first, mark, thorough=look % WEIGH == 0))
                if why:
                    break
                time.sleep(LOOK)
        finally:
            end(process, first, mark)
        answer.seek(0)
        return Ended(answer.read(limits.answer), why, time.monotonic() - started)


def excess(limits: Limits, processes: list[psutil.Process]) -> str:
    """Say which limit the processes of a run have passed, "" where none."""
    tasks = sum(of_each(processes, lambda process: process.num_threads()))
    if tasks > limits.tasks:
        return f"it had more than {limits.tasks} processes and threads"
    if any(of_each(processes, lambda process: process.status() == psutil.STATUS_STOPPED)):
        return "it stopped one of its processes"  # nothing would come of it until time is up
    # What forked processes share is counted once, which takes longer: where it may matter.
    resident = sum(of_each(processes, lambda process: process.memory_info().rss))
    if resident > limits.memory and proportional(processes) > limits.memory:
        return f"it used more than {limits.memory // MIB} MiB of memory"
    return ""


def proportional(processes: list[psutil.Process]) -> int:
    """Add up the memory of processes, that which several share counted once (on Linux)."""

    def share(process: psutil.Process) -> int:
        try:
            used = process.memory_full_info()
        except psutil.AccessDenied:  # one that lets no other read it
            used = process.memory_info()
        return int(getattr(used, "pss", used.rss))

    return sum(of_each(processes, share))


def of_each(
    processes: list[psutil.Process], measure: Callable[[psutil.Process], int]
) -> Iterator[int]:
    """Measure each process that is still there."""
    for process in processes:
        with suppress(psutil.Error):
            yield measure(process)


def weight(place: Place, first: psutil.Process) -> int:
    """Return the bytes of the files under a place, and of those that processes hold unnamed."""
    folders = [str(place.work), str(place.temporary)]
    found = subprocess.run(["du", "-sk", *folders], capture_output=True, text=True, check=False)
    named = 1024 * sum(int(line.split()[0]) for line in found.stdout.splitlines())
    unnamed: dict[tuple[int, int], int] = {}  # deleted, or in memory: seen on Linux alone
    for process in members(first, "", thorough=False):
        with suppress(OSError):
            for entry in os.scandir(f"/proc/{process.pid}/fd"):
                with suppress(OSError):
                    file = entry.stat()  # of what it links to
                    if stat.S_ISREG(file.st_mode) and file.st_nlink == 0:
                        unnamed[file.st_dev, file.st_ino] = 512 * file.st_blocks
    return named + sum(unnamed.values())


def members(first: psutil.Process, mark: str, *, thorough: bool) -> list[psutil.Process]:
    """List the processes of a run: those that descend from the first, or carry its mark."""
    found: set[psutil.Process] = set()
    with suppress(psutil.Error):
        found = {first, *first.children(recursive=True)}
    if thorough and not bubblewrap_works():  # where nobody gets away from the first
        for other in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if other.environ().get(MARK) == mark:
                    found.add(other)
    return [other for other in found if alive(other)]


def alive(process: psutil.Process) -> bool:
    """Tell whether a process has not ended."""
    with suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def end(process: subprocess.Popen[bytes], first: psutil.Process, mark: str) -> None:
    """End all processes of a run; what forks as fast as it is killed is stopped first."""
    if bubblewrap_works():
        found = members(first, mark, thorough=False)
        process.kill()  # the first of the namespace follows, after the system has ended the rest
        process.wait()
        while any(map(alive, found)):
            time.sleep(LOOK / 10)
        return
    while found := members(first, mark, thorough=True):
        for action in (signal.SIGSTOP, signal.SIGKILL):
            for other in found:
                with suppress(psutil.Error):
                    other.send_signal(action)
        process.poll()
    process.wait()


@contextmanager
def workplace() -> Iterator[Path]:
    """Make a folder and remove it with all that a program did to it."""
    folder = tempfile.mkdtemp(prefix="grade-")
    try:
        yield Path(folder).resolve()
    finally:
        # Folders without permissions, and nested deeper than Python can follow.
        for words in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            subprocess.run([*words, folder], capture_output=True, check=False)
