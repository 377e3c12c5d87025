"""Lab 12: how to make it quick, mistakes in its code, other seeds, wrong answers."""

import atexit
import math
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize_scalar


class Folder:
    """Stands in for a `TemporaryDirectory`, which warns where a mistake ends the lab before it."""

    def __init__(self) -> None:
        self.name = tempfile.mkdtemp()
        atexit.register(self.cleanup)

    def cleanup(self) -> None:
        """Remove the folder, whoever asks first."""
        shutil.rmtree(self.name, ignore_errors=True)


class Forked:
    """Stands in for `subprocess.Popen`: a copy of this process, which has torch loaded already.

    It reports no errors on its standard error, which stays that of this process.
    """

    def __init__(self, command: list[str], *, env: dict[str, str], **_: Any) -> None:
        to_read, to_write = os.pipe(), os.pipe()  # the child's standard input and output
        self.pid = os.fork()
        if self.pid == 0:
            os.dup2(to_read[0], 0)
            os.dup2(to_write[1], 1)
            for end in (*to_read, *to_write):
                os.close(end)
            sys.stdin = os.fdopen(0, closefd=False)
            sys.stdout = os.fdopen(1, "w", closefd=False)
            os.environ.update(env)
            _play(command[1:])
        os.close(to_read[0])
        os.close(to_write[1])
        self.stdin, self.stdout = to_read[1], os.fdopen(to_write[0])
        self.returncode: int | None = None

    def kill(self) -> None:
        """Send SIGKILL, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, signal.SIGKILL)

    def communicate(self, **_: Any) -> tuple[bytes, bytes]:
        """Wait for the end and close the pipes."""
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.stdin)
        self.stdout.close()
        return b"", b""


def _play(arguments: list[str]) -> None:
    """Run a program in this process, and end it without the tidying that is the parent's.

    Its variables live to the end: `runpy.run_path` would delete the wrapped model before, which
    now and then waits for ever for a thread of gloo's.
    """
    names = {"__name__": "__main__"}
    code = 1
    try:
        sys.argv = arguments
        exec(Path(arguments[0]).read_text(encoding="utf-8"), names)
        code = 0
    finally:
        os._exit(code)


HERE = '__import__("course.cases", fromlist=["case"]).case("12")'

# Changes no verdict.
QUICK = {
    "seeds = range(1, 6)": "seeds = range(1, 3)",
    "pairs=9": "pairs=3",
    "pairs = 9": "pairs = 3",
    "with_threads(2, *work)": "with_threads(1, *work)",
    "range(60)": "range(6)",
    "range(1, 61)": "range(1, 7)",
    "4000": "1500",
    "range(7)": "range(1)",
    "i + 30_000": "i + 4_000",
    "order[:256]": "order[:128]",
    "for _ in range(5)]) / 5": "for _ in range(1)])",
    '"epochs": 5}': '"epochs": 1}',
    "optimizer, 3)": "optimizer, 1)",
    "optimizer, 6)": "optimizer, 2)",
    "count=4": "count=1",
    "for seed in range(12):": "for seed in range(3):",
    "{64: 12, 256: 20, 2048: 80}": "{64: 12, 256: 16, 2048: 55}",
    "range(0, 2000, 100)": "range(0, 800, 100)",
    '"replicates": 24, "seed": 10, "n_jobs": n_jobs': '"replicates": 3, "seed": 10, "n_jobs": 1',
    "folder = tempfile.TemporaryDirectory()": f"folder = {HERE}.Folder()",
    "return subprocess.Popen(": f"return {HERE}.Forked(",
    "30_000, 100_000": "15_000, 20_000",
    "count=None, epochs=20": "count=None, epochs=5",
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "zero_grad forgotten": (
        "        stepper.zero_grad()\n        loss = F.mse_loss(model(X_batch), y_batch)\n"
        "        loss.backward()",
        "        loss = F.mse_loss(model(X_batch), y_batch)\n        loss.backward()",
        "loop minus labkit",
    ),
    "an interval from end to end": (
        "low, high = ratio[1], ratio[-2]",
        "low, high = ratio[0], ratio[-1]",
        "coverage minus theory",
    ),
    "a loader that shuffles": (
        "one_by_one = loader(Rows())",
        "one_by_one = DataLoader(Rows(), 64, shuffle=True)",
        "indexing minus row by row",
    ),
    "other starts for the stacked networks": (
        "models = small_networks()[:count]",
        "models = small_networks()[:count][::-1]",
        "many networks at once: change",
    ),
    "a generator for all replicates": (
        "np.median(rng.choice(sample, 101))",
        "np.median(np.random.choice(sample, 101))",
        "a study on two workers",
    ),
    "a checkpoint now and then": (
        "checkpoint_every=1",
        "checkpoint_every=3",
        "epochs kept minus whole",
    ),
    "a start without a seed": (
        "    torch.manual_seed(0)\n    data",
        "    torch.seed()\n    data",
        "resumed minus uninterrupted",
    ),
    "the generator's state left out": (
        'if "generator" in choice:',
        "if False:",
        "all three parts saved",
    ),
    "a model that is not wrapped": (
        "mse_loss(together(X), y)",
        "mse_loss(model(X), y)",
        "two processes minus one",
    ),
    "many networks, but one after the other": (
        "asked_an_epoch(in_a_loop), asked_an_epoch(all_at_once)",
        "asked_an_epoch(in_a_loop), asked_an_epoch(in_a_loop)",
        "operators asked for",
    ),
    "larger batches than planned": (
        '{"batch_size": 256, "epochs": 1',
        '{"batch_size": 512, "epochs": 1',
        "steps minus those planned",
    ),
}

# A leak or an unfairness in the whole study, in the form of MISTAKES.
UNFAIR = {
    "single fits without the fused step": (
        '"epochs": epochs, **options}',
        '"epochs": epochs, "optimizer": torch.optim.Adam, **options}',
        "fused steps in the loop",
    ),
    "the plain way always first": (
        "for i in (0, 1) if k % 2 == 0 else (1, 0):",
        "for i in (0, 1):",
        "pairs that do not alternate",
    ),
    "new rows that were trained on": (
        "new = make_table(1000, rng)",
        "new = X[:1000], y[:1000]",
        "numbers of new rows among the old",
    ),
    "one learning rate for the full batch": (
        "curve(s, lr, budgets[s])",
        "curve(s, lr if s < 2048 else rates[0], budgets[s])",
        "batch sizes' rates at an end",
    ),
}

OTHER_SEEDS = [
    ("default_rng(10)", "default_rng(20)"),
    ('"seed": 3', '"seed": 4'),
]


def stacked(X: Any, y: Any, rows: Any) -> Any:
    A, b = X[rows], y[rows]
    right = np.einsum("bni,bn->bi", A, b)[..., None]
    return np.linalg.solve(A.transpose(0, 2, 1) @ A, right)[..., 0]


def sample_by_sample(X: Any, y: Any, rows: Any) -> Any:
    return [np.linalg.solve(X[r].T @ X[r], X[r].T @ y[r]) for r in rows]


def solved_one_by_one(X: Any, y: Any, rows: Any) -> Any:
    """Return the coefficients from products made at once, and a loop over what is left."""
    A, b = X[rows], y[rows][..., None]
    turned = A.transpose(0, 2, 1)
    return [
        np.linalg.solve(left, right)[:, 0]
        for left, right in zip(turned @ A, turned @ b, strict=True)
    ]


def samples_of_its_own(X: Any, y: Any, rows: Any) -> Any:
    return stacked(X, y, np.random.default_rng(0).integers(len(X), size=rows.shape))


def drawn_or_not(X: Any, y: Any, rows: Any) -> Any:
    """Return the coefficients of samples in which a row counts once, however often drawn."""
    return by_counts(X, y, rows, np.maximum)


def by_counts(X: Any, y: Any, rows: Any, join: Any = np.add) -> Any:
    counts = np.zeros((len(rows), len(X)))
    join.at(counts, (np.arange(len(rows))[:, None], rows), 1)
    left = np.einsum("bn,ni,nj->bij", counts, X, X, optimize=True)
    return np.linalg.solve(left, ((counts * y) @ X)[..., None])[..., 0]


def six_hundred(X: Any, y: Any, rows: Any) -> Any:
    counts = np.zeros((600, 60))
    np.add.at(counts, (np.arange(600)[:, None], rows), 1)
    left = np.einsum("bn,ni,nj->bij", counts, X, X, optimize=True)
    return np.linalg.solve(left, ((counts * y) @ X)[..., None])[..., 0]


def by_qr(X: Any, y: Any, rows: Any) -> Any:
    Q, R = np.linalg.qr(X[rows])
    return np.linalg.solve(R, Q.transpose(0, 2, 1) @ y[rows][..., None])[..., 0]


def row_by_row(X: Any, y: Any, rows: Any) -> Any:
    """Return the coefficients, with a loop over the rows of a sample, all samples at once."""
    left, right = 0, 0
    for drawn in rows.T:
        a = X[drawn]
        left, right = left + a[:, :, None] * a[:, None, :], right + a * y[drawn][:, None]
    return np.linalg.solve(left, right[..., None])[..., 0]


def in_torch(X: Any, y: Any, rows: Any) -> Any:
    A, b = torch.tensor(X[rows]).float(), torch.tensor(y[rows]).float()
    return torch.linalg.lstsq(A, b[..., None]).solution[..., 0]


hospitals = 0.05, 0.1, 0.25, 0.6

# A wrong answer: the exercise, the answer, and what its check must say.
WRONG: dict[str, tuple[str, Any, str]] = {
    "a factor forgotten": (
        "interval",
        lambda write, between: np.sqrt(write * between),
        "writing less often would lose less",
    ),
    "the root forgotten": (
        "interval",
        lambda write, between: 2 * write * between,
        "writing more often would lose less",
    ),
    "every ten minutes": ("interval", lambda write, between: 600, "would lose less"),
    "the sign of the derivative": (
        "interval",
        lambda write, between: -np.sqrt(2 * write * between),
        "are no interval",
    ),
    "never": ("interval", lambda write, between: math.inf, "are no interval"),
    "the time of writing taken off": (
        "interval",
        lambda write, between: np.sqrt(2 * write * between) - write,
        "writing less often would lose less",
    ),
    "every centre alike": (
        "pooled",
        lambda gradients, patients: np.mean(gradients, axis=0),
        "who counts how much",
    ),
    "sums that were not divided": (
        "pooled",
        lambda gradients, patients: np.transpose(gradients) @ patients,
        "times as long",
    ),
    "a number for each centre": (
        "pooled",
        lambda gradients, patients: np.mean(gradients, axis=1) * patients,
        "its shape is (4,)",
    ),
    "eight hundred patients": (
        "pooled",
        lambda gradients, patients: np.transpose(gradients) @ patients / 800,
        "0.2 times as long",
    ),
    "weights by heart": (
        "pooled",
        lambda gradients, _: sum(w * g for w, g in zip(hospitals, gradients, strict=False)),
        "who counts how much",
    ),
    "centres in order of size": (
        "pooled",
        lambda gradients, patients: np.average(gradients, axis=0, weights=sorted(patients)),
        "who counts how much",
    ),
    "divided by the centres": (
        "pooled",
        lambda gradients, patients: np.transpose(gradients) @ patients / len(patients),
        "200 times as long",
    ),
    "a loop in other clothes": (
        "bootstrap",
        lambda X, y, rows: [np.linalg.lstsq(X[r], y[r], rcond=None)[0] for r in rows],
        "times as fast as the loop",
    ),
    "a loop that solves": ("bootstrap", sample_by_sample, "times as fast as the loop"),
    "half a loop": ("bootstrap", solved_one_by_one, "times as fast as the loop"),
    "a loop of NumPy's": (
        "bootstrap",
        lambda X, y, rows: np.apply_along_axis(
            lambda r: np.linalg.solve(X[r].T @ X[r], X[r].T @ y[r]), 1, rows
        ),
        "times as fast as the loop",
    ),
    "one sample for all": (
        "bootstrap",
        lambda X, y, rows: stacked(X, y, np.tile(rows[:1], (len(rows), 1))),
        "not all used",
    ),
    "samples of its own": (
        "bootstrap",
        samples_of_its_own,
        "differ from the loop's",
    ),
    "a row counts once": ("bootstrap", drawn_or_not, "differ from the loop's"),
    "outcomes that stay where they were": (
        "bootstrap",
        lambda X, y, rows: stacked(X, np.roll(y, 1), rows),
        "differ from the loop's",
    ),
    "transposed": ("bootstrap", lambda X, y, rows: stacked(X, y, rows).T, "its shape is (4, 600)"),
    "six hundred samples of sixty": ("bootstrap", six_hundred, "shape mismatch"),
}

# A right answer in an unusual dress: the exercise, and the answer.
RIGHT: dict[str, tuple[str, Any]] = {
    "an array of one interval": ("interval", lambda *given: np.sqrt([2 * given[0] * given[1]])),
    "whole seconds": ("interval", lambda write, between: round(math.sqrt(2 * write * between))),
    "a tensor for an interval": ("interval", lambda w, m: torch.tensor(2.0 * w * m).sqrt()),
    "a minimum that was searched for": (
        "interval",
        lambda write, between: (
            minimize_scalar(
                lambda t: write / t + t / (2 * between), bounds=(1, between), method="bounded"
            ).x
        ),
    ),
    "sums in a loop": (
        "pooled",
        lambda gradients, patients: (
            sum(n * g for g, n in zip(gradients, patients, strict=True)) / sum(patients)
        ),
    ),
    "a gradient in torch, in single precision": (
        "pooled",
        lambda gradients, patients: (
            (torch.tensor(patients).float() @ torch.tensor(np.array(gradients)).float())
            / sum(patients)
        ),
    ),
    "a Series of a gradient": (
        "pooled",
        lambda gradients, patients: (
            pd.DataFrame(np.array(gradients)).mul(patients, axis=0).sum() / sum(patients)
        ),
    ),
    "a list of a gradient": (
        "pooled",
        lambda gs, ns: [float(np.dot(g, ns)) / sum(ns) for g in zip(*gs, strict=True)],
    ),
    "counts for weights": ("bootstrap", by_counts),
    "orthogonal matrices": ("bootstrap", by_qr),
    "a loop over the rows of a sample": ("bootstrap", row_by_row),
    "least squares in torch, in single precision": ("bootstrap", in_torch),
}
