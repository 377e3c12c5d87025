"""The rows of the table: what is timed, against what, and the bound that must hold."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.others import (
    Losses,
    network,
    with_keras,
    with_lightning,
    with_scikit_learn,
    with_skorch,
)
from labkit import fit_linear, fit_torch, fit_torch_many, make_linear

Side = Callable[[], Losses]


@dataclass(frozen=True)
class Size:
    """How much work: the issue's own sizes, and smaller ones for the tests."""

    n: int = 500
    epochs: int = 200
    minibatch_epochs: int = 50
    networks: int = 100


@dataclass(frozen=True)
class Row:
    """A ratio of two times, first / second, and its bound where there is one.

    Each side returns the losses of what it trained. They must agree before anything is
    timed, so that no ratio is bought by doing less.
    """

    work: str
    first: str
    second: str
    at_most: float | None
    at_least: float | None
    pairs: int
    sides: Callable[[Size], tuple[Side, Side]]
    rtol: float = 1e-5
    threads: tuple[int | None, ...] = (1, 2)

    def met(self, ratio: float) -> bool:
        """Whether a ratio keeps the bound."""
        if self.at_most is not None:
            return ratio <= self.at_most
        return self.at_least is None or ratio >= self.at_least

    @property
    def bound(self) -> str:
        """The bound as it is written."""
        if self.at_most is not None:
            return f"≤ {self.at_most:.2f}"
        return "none" if self.at_least is None else f"≥ {self.at_least:.1f}"

    def require_same_work(self, size: Size) -> None:
        """Raise AssertionError unless both sides end with the same losses."""
        first, second = (np.array(side()) for side in self.sides(size))
        assert np.isfinite(first).all(), f"{self.work}: {self.first} gave {first}"
        np.testing.assert_allclose(first, second, rtol=self.rtol, err_msg=self.work)


def table(n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return a data set of labkit's linear model as tensors."""
    data = make_linear(n, 10, rng=seed)
    return torch.tensor(data.X).float(), torch.tensor(data.y).float().reshape(-1, 1)


def by_hand(model: nn.Module, X: Tensor, y: Tensor, epochs: int) -> Losses:
    """Train over the full batch as the tutorials write it."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(X), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def full_batch(size: Size) -> tuple[Side, Side]:
    """Return the torch loop of labkit, and the same by hand."""
    X, y = table(size.n)

    def labkit() -> Losses:
        return list(fit_torch(network(), X, y, epochs=size.epochs).records["loss"])

    return labkit, lambda: by_hand(network(), X, y, size.epochs)


def skorch_on_tensors(X: Tensor, y: Tensor, epochs: int) -> Losses:
    """Train with skorch as quick as its options make it, on a TensorDataset."""
    return with_skorch(TensorDataset(X, y), None, epochs)


def skorch_on_arrays(X: Tensor, y: Tensor, epochs: int) -> Losses:
    """Train with skorch as its users call it, on arrays."""
    return with_skorch(X.numpy(), y.numpy(), epochs)


def others(train: Callable[[Tensor, Tensor, int], Losses]) -> Callable[[Size], tuple[Side, Side]]:
    """Return what pairs another library's training over the full batch with labkit's."""

    def sides(size: Size) -> tuple[Side, Side]:
        X, y = table(size.n)
        return lambda: train(X, y, size.epochs), full_batch(size)[0]

    return sides


def minibatch(size: Size) -> tuple[Side, Side]:
    """Return a loop over a DataLoader, and labkit on tensors: each shuffles in its own order."""
    X, y = table(size.n)

    def dataloader() -> Losses:
        model = network()
        loader = DataLoader(TensorDataset(X, y), batch_size=64, shuffle=True)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        losses = []
        for _ in range(size.minibatch_epochs):
            total = 0.0
            for X_batch, y_batch in loader:
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(model(X_batch), y_batch)
                loss.backward()
                optimizer.step()
                total += loss.item() * len(X_batch)
            losses.append(total / len(X))
        return losses

    def labkit() -> Losses:
        fit = fit_torch(
            network(), X, y, epochs=size.minibatch_epochs, batch_size=64, optimizer="sgd"
        )
        return list(fit.records["loss"])

    return dataloader, labkit


def networks(size: Size) -> tuple[Side, Side]:
    """Return single fits one after another, and labkit's batched path."""
    data = [table(size.n, seed) for seed in range(size.networks)]

    def one_by_one() -> Losses:
        fits = [fit_torch(network(r), *data[r], epochs=size.epochs) for r in range(len(data))]
        return [fit.records["loss"][-1] for fit in fits]

    def together() -> Losses:
        models = [network(r) for r in range(len(data))]
        return [fit.records["loss"][-1] for fit in fit_torch_many(models, data, epochs=size.epochs)]

    return one_by_one, together


def gradient_descent(size: Size) -> tuple[Side, Side]:
    """Return labkit's linear loop, and the bare one."""
    data = make_linear(size.n, 10, rng=0)
    X, y = data.X, data.y

    def bare() -> Losses:
        n, w = len(y), np.zeros(X.shape[1])
        losses = []
        for _ in range(size.epochs):
            residual = y - X @ w
            gradient = X.T @ residual * (-2 / n)
            losses.append(float(residual @ residual) / n)
            w = w - 0.01 * gradient
        return losses

    return lambda: list(fit_linear(X, y, steps=size.epochs).records["loss"]), bare


def imports(size: Size) -> tuple[Side, Side]:  # noqa: ARG001
    """Return whole processes; that of labkit fails if it has loaded what is large."""
    heavy = "import sys; assert not {'torch', 'pandas', 'matplotlib'} & set(sys.modules)"

    def process(code: str) -> Losses:
        subprocess.run([sys.executable, "-c", code], check=True)
        return [0.0]

    return lambda: process(f"import labkit; {heavy}"), lambda: process(f"import numpy; {heavy}")


ROWS = [
    Row("torch loop, full batch", "labkit", "by hand", 1.10, None, 41, full_batch),
    Row("the same work", "skorch on tensors", "labkit", None, 8.0, 9, others(skorch_on_tensors)),
    Row("the same work", "skorch on arrays", "labkit", None, 8.0, 9, others(skorch_on_arrays)),
    Row("the same work", "Lightning", "labkit", None, None, 7, others(with_lightning)),
    Row("the same work", "Keras on torch", "labkit", None, None, 7, others(with_keras), rtol=0.01),
    Row(
        "the same work",
        "scikit-learn", "labkit", None, None, 21, others(with_scikit_learn), rtol=0.01,
    ),
    Row(
        "mini-batch SGD, batch 64, 50 epochs",
        "DataLoader by hand", "labkit", None, 1.8, 11, minibatch, rtol=0.03,
    ),
    Row("100 networks", "single fits", "labkit, batched", None, 8.0, 5, networks, rtol=1e-3),
    Row("gradient descent, 200 steps", "labkit", "bare NumPy", 1.25, None, 101, gradient_descent),
    Row(
        "whole processes",
        "import labkit", "import numpy", 1.30, None, 21, imports, threads=(None,),
    ),
]  # fmt: skip
