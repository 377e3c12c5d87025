"""A program that nobody vouches for stays within its limits, and leaves nothing running."""

import os
import socket
import subprocess
import sys
import textwrap
import threading
import time

import psutil
import pytest

from course.grading import sandbox
from course.grading.sandbox import MIB, Limits, Place

LIMITS = Limits(seconds=10, memory=150 * MIB, files=20 * MIB, tasks=40, answer=MIB)


@pytest.fixture(params=["bubblewrap", "limits only"])
def protection(request, monkeypatch):
    if request.param == "limits only":
        monkeypatch.setattr(sandbox, "bubblewrap_works", lambda: False)
    elif not sandbox.bubblewrap_works():
        pytest.skip("bubblewrap is not installed here, or not allowed to work")
    return request.param


ASKED_BY = "SANDBOX_TEST"  # in the environment, beside the mark of the run


@pytest.fixture
def run(protection):
    """Run a program; nothing of it may be left when it has been ended."""

    def run_program(source, limits=LIMITS, stop=None):
        with sandbox.workplace() as folder:
            place = Place(folder / "work", folder / "temporary")
            place.work.mkdir()
            place.temporary.mkdir()
            program = folder / "work" / "program.py"
            program.write_text(textwrap.dedent(source))
            ended = sandbox.run(
                [sys.executable, "program.py"],
                place,
                limits,
                question=b"6 7",
                readable=[],
                environment={"PATH": os.environ["PATH"], ASKED_BY: folder.name},
                stop=stop or threading.Event(),
            )
        assert not folder.exists()
        assert not left_running(folder.name)
        return ended

    return run_program


def left_running(test):
    """List what a test has left: another worker of the tests may be grading at this moment."""
    found = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get(ASKED_BY) == test
        except (psutil.Error, OSError):
            continue
        found += [process] if marked else []
    return found


def test_a_program_reads_its_question_and_answers(run):
    ended = run(
        """
        import os, sys
        a, b = sys.stdin.read().split()
        print("this goes nowhere")
        os.write(int(sys.argv[1]), str(int(a) * int(b)).encode())
        """
    )
    assert (ended.answer, ended.why) == (b"42", "")


def test_what_a_program_starts_can_not_answer(run):
    source = "import os, sys; os.write(int(sys.argv[1]), b'forged')"
    ended = run(
        f"""
        import os, subprocess, sys
        done = subprocess.run([sys.executable, "-c", {source!r}, sys.argv[1]], close_fds=True)
        os.write(int(sys.argv[1]), str(done.returncode != 0).encode())
        """
    )
    assert ended.answer == b"True"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("while True: pass", "still running after 1 s"),
        ("hog = []\nwhile True: hog.append(b'x' * 2**22)", "more than 150 MiB of memory"),
        (
            "import os, time\n"
            "for _ in range(4):\n"
            "    if os.fork() == 0: hog = b'x' * 60 * 2**20; time.sleep(60)\n"
            "time.sleep(60)",
            "more than 150 MiB of memory",
        ),
        (
            "import os, time\n"
            "for _ in range(80):\n"
            "    if os.fork() == 0: time.sleep(60); os._exit(0)\n"
            "time.sleep(60)",
            "more than 40 processes and threads",
        ),
        (
            "import threading, time\n"
            "for _ in range(80): threading.Thread(target=time.sleep, args=[60]).start()",
            "more than 40 processes and threads",
        ),
        (
            "import time\n"
            "for n in range(9): open(f'{n}', 'wb').write(b'x' * 5 * 2**20)\n"
            "time.sleep(60)",
            "more than 20 MiB of files",
        ),
        (
            "import tempfile, time\n"
            "kept = [tempfile.TemporaryFile() for _ in range(9)]\n"
            "for file in kept: file.write(b'x' * 5 * 2**20)\n"
            "time.sleep(60)",
            "more than 20 MiB of files",
        ),
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
            "it stopped one of its processes",
        ),
        (
            "import os, sys\nwhile True: os.write(int(sys.argv[1]), b'x' * 2**16)",
            "answered more than",
        ),
    ],
    ids=[
        "time",
        "memory",
        "memory of several",
        "forks",
        "threads",
        "files",
        "deleted files",
        "stops",
        "answer",
    ],
)
def test_a_program_is_ended_at_its_limit(run, source, why):
    seconds = 1 if "still running" in why else 30
    started = time.monotonic()
    ended = run(source, Limits(seconds, LIMITS.memory, LIMITS.files, LIMITS.tasks, LIMITS.answer))
    assert why in ended.why
    assert time.monotonic() - started < 25


def test_one_process_can_not_ask_for_everything(run):
    ended = run(
        """
        import os, sys
        try:
            b"x" * 100 * 2**30
        except MemoryError:
            os.write(int(sys.argv[1]), b"refused")
        """
    )
    assert (ended.answer, ended.why) == (b"refused", "")


def test_one_file_can_not_fill_the_disk(run):
    ended = run(
        """
        import os, sys
        try:
            with open("large", "wb") as file:
                file.truncate(10 * 2**30)
        except OSError:
            os.write(int(sys.argv[1]), b"refused")
        """
    )
    assert (ended.answer, ended.why) == (b"refused", "")


def test_what_a_program_leaves_in_the_background_is_ended(run):
    ended = run(
        """
        import subprocess, sys
        sleep = "import time; time.sleep(60)"
        subprocess.Popen([sys.executable, "-c", sleep], start_new_session=True)
        """
    )
    assert ended.why == ""


def test_what_runs_beside_a_program_goes_on(run):
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as bystander:
        run("while True: pass", Limits(1, LIMITS.memory))
        assert psutil.Process(bystander.pid).status() in {"sleeping", "running"}
        bystander.kill()


def test_a_program_is_ended_when_the_grading_is(run):
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    ended = run("import time; time.sleep(60)", stop=stop)
    assert ended.why == "the grading was stopped"
    assert ended.seconds < 9


def test_folders_that_python_can_not_follow_are_removed(run):
    run(
        """
        import os
        os.mkdir("locked")
        for _ in range(1500):
            os.mkdir("a"), os.chdir("a")
        os.chmod("../a", 0)
        """
    )


@pytest.mark.parametrize("protection", ["bubblewrap"], indirect=True)
def test_bubblewrap_shuts_a_program_in(run, tmp_path, monkeypatch):
    secret = tmp_path / "secret"
    secret.write_text("somebody's")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = run(
            f"""
            import os, socket, sys
            from pathlib import Path
            def can(action):
                try:
                    action()
                except OSError:
                    return False
                return True
            got = {{
                "read": can(lambda: Path({str(secret)!r}).read_text()),
                "reach": can(lambda: socket.create_connection(("127.0.0.1", {port}), 2)),
                "write": [f for f in ("/", "/usr", "/dev", sys.prefix)
                          if can(lambda: Path(f, "x").write_text(""))],
                "kill": can(lambda: os.kill({os.getpid()}, 0)),
                "own": can(lambda: Path("x").write_text("")) and can(lambda:
                    Path(os.environ["HOME"], "x").write_text("")),
            }}
            os.write(int(sys.argv[1]), repr(got).encode())
            """
        )
    told = {"read": False, "reach": False, "write": [], "kill": False, "own": True}
    assert ended.answer.decode() == repr(told)


def test_processes_of_a_program_find_each_other(run):
    ended = run(
        """
        import os, socket, sys
        with socket.create_server((socket.gethostbyname(socket.gethostname()), 0)) as server:
            socket.create_connection(server.getsockname(), 2).close()
        os.write(int(sys.argv[1]), b"found")
        """
    )
    assert ended.answer == b"found"


def test_the_protection_is_said(protection):
    assert sandbox.protection().startswith(protection)


def test_bubblewrap_that_may_not_work_is_not_used(monkeypatch, tmp_path):
    bwrap = tmp_path / "bwrap"
    bwrap.write_text("#!/bin/sh\necho 'No permissions to create a new namespace' >&2\nexit 1\n")
    bwrap.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(sandbox, "bubblewrap", sandbox.bubblewrap.__wrapped__)
    assert sandbox.bubblewrap_works.__wrapped__() is False


def test_bubblewrap_is_found_by_the_graders_own_path_and_no_other(monkeypatch, tmp_path):
    there = tmp_path / "bin" / "bwrap"
    there.parent.mkdir()
    there.write_text("#!/bin/sh\n")
    there.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "bin", prepend=os.pathsep)
    monkeypatch.setattr(sandbox, "bubblewrap", sandbox.bubblewrap.__wrapped__)
    monkeypatch.chdir(tmp_path)
    assert sandbox.shut_in(Place(tmp_path, tmp_path), [])[0] == str(there)
