"""Runs the cells that it is given in one kernel, and answers. Started by `course/grading/steps.py`.

It stands inside the sandbox with the code that it runs, and therefore alone: it imports nothing
of the course. Its standard input is a JSON object: `folder`, where to run; `steps`, each with
either `source`, a cell, or `ask`, the name of one of the three functions below that are called in
the kernel, with its `arguments`; `cell_seconds`; `output`, the bytes of messages that are too
many. Its answer is a JSON object in each line: the results and errors of steps, and the end.
"""

import asyncio
import inspect
import json
import os
import secrets
import sys
import time
from typing import Any, NoReturn

# A grammar of web addresses that jsonschema would load: two seconds, and nothing here needs it.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import nbformat  # noqa: E402
from nbclient import NotebookClient  # noqa: E402
from nbclient.exceptions import DeadKernelError  # noqa: E402

RESULT = "application/x-grading+json"  # not text: nothing that is printed looks like it


def own_files_last() -> None:
    """Find the student's own modules after all others: their labkit.py is not labkit."""
    import os
    import sys

    sys.path[:] = [*filter(None, sys.path), ""]
    os.environ.pop("PYTHONSAFEPATH", None)  # it kept their files out of the kernel's start


def pickled_check(name: str) -> dict[str, str]:
    """Return a check as text, with all that it needs of the lab's code and data."""
    import base64

    import cloudpickle
    from IPython import get_ipython

    check = get_ipython().user_ns[f"check_{name}"]
    return {"check": base64.b64encode(cloudpickle.dumps(check)).decode()}


def verdict(name: str, check: str) -> dict[str, str]:
    """Return what a lab's own check says of the student's answer.

    What the check needs of the lab takes the place of what the student made of it. The two then
    mean the same by each name: a class of the lab is one class, not two.
    """
    import base64
    import pickle

    from IPython import get_ipython

    names = get_ipython().user_ns
    if f"my_{name}" not in names:
        return {"status": "missing", "because": ""}
    asked = pickle.loads(base64.b64decode(check))
    needs = asked._rules.__globals__
    names.update({key: value for key, value in needs.items() if not key.startswith("__")})
    try:
        said = asked(names[f"my_{name}"])
        return {"status": said.status, "because": str(said.because)[:1000]}
    except BaseException as error:  # such as SystemExit, and the interrupt where time is up
        because = f"it raised {type(error).__name__}: {error}"[:1000]
        return {"status": "not right yet", "because": because}


class Worker(NotebookClient):
    """Runs cells, keeps none of their outputs, and counts them."""

    def __init__(self, steps: list[dict[str, Any]], cell_seconds: float, output: int, fd: int):
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
        self.started = False

    async def work(self) -> None:
        """Run every step."""
        async with self.async_setup_kernel():
            self.started = True
            await self.ask(own_files_last)
            for number, step in enumerate(self.steps):
                started = time.monotonic()
                if "source" in step:
                    await self.run(step["source"])
                else:
                    await self.ask(globals()[step["ask"]], *step["arguments"])
                seconds = round(time.monotonic() - started, 2)
                if self.result or self.error:
                    self.answer(step=number, result=self.result, error=self.error, seconds=seconds)
            self.finish()  # without waiting for a kernel that may not want to go

    async def ask(self, function: Any, *arguments: str) -> None:
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
        self.error = f"{content.get('ename')}: {content.get('evalue')}"[:1000]

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
    for last in (False, True):
        worker = Worker(**task, fd=int(sys.argv[1]))
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
