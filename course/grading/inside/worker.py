"""Runs the cells that it is given in one kernel, and answers. Started by `course/grading/steps.py`.

It stands inside the sandbox with the code that it runs. Its standard input is a JSON object:
`folder`, where to run; `steps`, each with either `source`, a cell, or `ask`, the name of one of the
functions below that are called in the kernel, with its `arguments`; `cell_seconds`; `output`, the
bytes of messages that are too many. Its answer is a JSON object in each line: the beginning of each
step, the results and errors of steps, and the end. Where its first argument is a number, the kernel
has a connection of this file descriptor, by which the lab's checks ask about answers.
"""

import asyncio
import inspect
import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

# A grammar of web addresses that jsonschema would load: two seconds, and nothing here needs it.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import nbformat  # noqa: E402
from nbclient import NotebookClient  # noqa: E402
from nbclient.exceptions import DeadKernelError  # noqa: E402

RESULT = "application/x-grading+json"  # not text: nothing that is printed looks like it


def prepare(package: str, connection: int) -> None:
    """Make a kernel ready for the student's cells."""
    import importlib.util
    import os
    import sys

    from IPython import get_ipython

    # The student's own modules are found after all others: their labkit.py is not labkit.
    sys.path[:] = [*filter(None, sys.path), ""]
    os.environ.pop("PYTHONSAFEPATH", None)  # it kept their files out of the kernel's start
    # `exit()` would end the kernel a moment later: what came before that hung on the machine.
    shell = get_ipython()
    shell.ask_exit = lambda: None
    if connection >= 0:
        place = f"{package}/__init__.py"
        spec = importlib.util.spec_from_file_location(
            "grading_inside", place, submodule_search_locations=[package]
        )
        assert spec is not None
        sys.modules["grading_inside"] = importlib.util.module_from_spec(spec)
        serve = importlib.import_module("grading_inside.serve")
        shell.kernel.grading_bridge = serve.Bridge(connection)


def pickled_check(name: str, private: list[str]) -> dict[str, str]:
    """Return a check as text, with all that it needs of the lab's code and data.

    And apart from it those names of the lab that it shares with the student: all but `private`.
    """
    import base64
    import pickle

    import cloudpickle
    from IPython import get_ipython

    names = get_ipython().user_ns
    check = cloudpickle.dumps(names[f"check_{name}"])
    needs = pickle.loads(check)._rules.__globals__
    public = {n: names[n] for n in needs if n in names and n not in private and n[:2] != "__"}
    parts = {"check": check, "names": cloudpickle.dumps(public)}
    return {part: base64.b64encode(data).decode() for part, data in parts.items()}


def serve(name: str) -> None:
    """Answer what a lab's check asks about the student's answer."""
    import os
    from pathlib import Path

    from IPython import get_ipython

    try:
        Path.cwd()
    except OSError:  # the student's code has deleted its folder
        Path(os.environ["PWD"]).mkdir(parents=True, exist_ok=True)
        os.chdir(os.environ["PWD"])
    shell = get_ipython()
    shell.kernel.grading_bridge.serve(name, shell.user_ns)


class Worker(NotebookClient):
    """Runs cells, keeps none of their outputs, and counts them."""

    def __init__(
        self,
        steps: list[dict[str, Any]],
        cell_seconds: int,
        output: int,
        fd: int,
        connection: int = -1,
    ):
        super().__init__(
            nbformat.v4.new_notebook(),
            timeout=cell_seconds,
            interrupt_on_timeout=True,
            kernel_name="python3",
            allow_errors=True,
            record_timing=False,
            extra_arguments=["--log-level=50", "--HistoryManager.enabled=False"],
        )
        self.on_cell_error = self.note_error
        self.steps, self.cell_seconds, self.left, self.fd = steps, cell_seconds, output, fd
        self.limit, self.nonce, self.result, self.error = output, "", None, ""
        self.started, self.connection = False, connection

    async def work(self) -> None:
        """Run every step."""
        kept = [self.connection] if self.connection >= 0 else []
        async with self.async_setup_kernel(pass_fds=kept):
            self.started = True
            await self.ask(prepare, str(Path(__file__).resolve().parent), self.connection)
            for number, step in enumerate(self.steps):
                self.answer(begin=number)
                started = time.monotonic()
                if "source" in step:
                    await self.run(step["source"])
                else:
                    await self.ask(globals()[step["ask"]], *step["arguments"])
                seconds = round(time.monotonic() - started, 2)
                if self.result or self.error:
                    self.answer(step=number, result=self.result, error=self.error, seconds=seconds)
            self.finish()  # without waiting for a kernel that may not want to go

    async def ask(self, function: Any, *arguments: Any) -> None:
        """Call a function of this file in the kernel."""
        nonce = secrets.token_hex()
        publish = f"__import__('IPython').display.publish_display_data({{{RESULT!r}: said}})"
        source = (
            f"{inspect.getsource(function)}\n"
            f"said = {{'nonce': {nonce!r}, 'said': {function.__name__}(*{arguments!r})}}\n{publish}"
        )
        await self.run(f"exec({source!r}, {{}})", nonce)

    async def run(self, source: str, nonce: str = "") -> None:
        """Run a cell; the result that carries the nonce is kept."""
        self.nonce, self.result, self.error = nonce, None, ""
        cell = nbformat.v4.new_code_cell(source)
        self.nb.cells = [cell]
        # At its time a cell is interrupted, at twice its time it has not heeded that.
        seconds = self.cell_seconds
        why = f"a cell was still running after {seconds:g} s and could not be interrupted"
        guard = asyncio.get_running_loop().call_later(2 * seconds, self.finish, why)
        await self.async_execute_cell(cell, 0, store_history=not nonce)
        guard.cancel()

    def note_error(self, execute_reply: dict[str, Any], **_: Any) -> None:
        """Keep the error that a cell ended with."""
        content = execute_reply["content"]
        self.error = f"{content.get('ename')}: {content.get('evalue')}"[:200]

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> None:
        """Count a message of the kernel, and keep only the result that was asked for."""
        if msg["msg_type"] == "status":
            super().process_message(msg, cell, cell_index)  # tells that the cell has ended
            return
        data = msg["content"].get("data")
        found = data.get(RESULT) if isinstance(data, dict) else None
        if self.nonce and isinstance(found, dict) and found.get("nonce") == self.nonce:
            self.result = found.get("said")
            return
        self.left -= len(msg["content"].get("text") or str(msg["content"]))
        if self.left < 0:
            self.finish(f"it printed or drew more than {self.limit // 2**20} MiB")

    def answer(self, **fields: Any) -> None:
        """Write a line of the answer."""
        line = memoryview(json.dumps(fields).encode() + b"\n")
        while line:
            line = line[os.write(self.fd, line) :]

    def finish(self, why: str = "") -> NoReturn:
        """Say that this is all, and why it is not more; whoever started this ends the kernel."""
        self.answer(end=why)
        os._exit(0)


def main() -> None:
    """Read what to do, do it, answer."""
    task = json.load(sys.stdin.buffer)
    os.chdir(task.pop("folder"))
    os.environ["PWD"] = str(Path.cwd())
    *connection, fd = map(int, sys.argv[1:])
    for last in (False, True):
        worker = Worker(**task, fd=fd, connection=connection[0] if connection else -1)
        try:
            asyncio.run(worker.work())
        except DeadKernelError:
            worker.finish("its kernel died: it ended itself, or ran out of memory")
        except Exception as error:
            # Another program may take a kernel's port before the kernel does; nothing has run yet.
            if last or worker.started:
                worker.finish(f"it could not be run ({type(error).__name__}: {error})"[:1000])


if __name__ == "__main__":
    main()
