"""The rows of the table: what is timed, against what, and the bound that must hold."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.c import compiler_is_missing, in_c
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
    lacks: Callable[[], str | None] = lambda: None  # what it can't be timed without

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


def by_hand(model: nn.Module, X: Tensor, y: Tensor, epochs: int, *, fused: bool) -> Losses:
    """Train over the full batch as the tutorials write it."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=fused)
    losses = []
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(X), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def labkit_alone(X: Tensor, y: Tensor, epochs: int) -> Losses:
    """Train with labkit's torch loop."""
    return list(fit_torch(network(), X, y, epochs=epochs).records["loss"])


def labkit_one_of_many(X: Tensor, y: Tensor, epochs: int) -> Losses:
    """Train with labkit's loop for many networks, given one."""
    return list(fit_torch_many([network()], [(X, y)], epochs=epochs)[0].records["loss"])


def full_batch(size: Size, *, fused: bool) -> tuple[Side, Side]:
    """Return the torch loop of labkit, and the same by hand."""
    X, y = table(size.n)
    return (
        lambda: labkit_alone(X, y, size.epochs),
        lambda: by_hand(network(), X, y, size.epochs, fused=fused),
    )


def skorch_on_tensors(X: Tensor, y: Tensor, epochs: int) -> Losses:
    """Train with skorch as quick as its options make it, on a TensorDataset."""
    return with_skorch(TensorDataset(X, y), None, epochs)


def skorch_on_arrays(X: Tensor, y: Tensor, epochs: int) -> Losses:
    """Train with skorch as its users call it, on arrays."""
    return with_skorch(X.numpy(), y.numpy(), epochs)


Train = Callable[[Tensor, Tensor, int], Losses]


def trained(first: Train, second: Train = labkit_alone) -> Callable[[Size], tuple[Side, Side]]:
    """Return what pairs two ways to train over the full batch."""

    def sides(size: Size) -> tuple[Side, Side]:
        X, y = table(size.n)
        return lambda: first(X, y, size.epochs), lambda: second(X, y, size.epochs)

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


def indexed(size: Size) -> tuple[Side, Side]:
    """Return labkit on tensors, and a loop that takes each batch by its indices: one order."""
    X, y = table(size.n)

    def labkit() -> Losses:
        fit = fit_torch(network(), X, y, epochs=size.minibatch_epochs, batch_size=64)
        return list(fit.records["loss"])

    def indexing() -> Losses:
        model = network()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
        losses = []
        for _ in range(size.minibatch_epochs):
            total = 0.0
            order = torch.randperm(len(X))
            for start in range(0, len(X), 64):
                rows = order[start : start + 64]
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(model(X[rows]), y[rows])
                loss.backward()
                optimizer.step()
                total += loss.item() * len(rows)
            losses.append(total / len(X))
        return losses

    return labkit, indexing


def in_one(models: list[nn.Module], data: list[tuple[Tensor, Tensor]], epochs: int) -> Losses:
    """Train networks in labkit's batched loop, and return their last losses."""
    return [fit.records["loss"][-1] for fit in fit_torch_many(models, data, epochs=epochs)]


def one_by_one(models: list[nn.Module], data: list[tuple[Tensor, Tensor]], epochs: int) -> Losses:
    """Train networks in a loop over labkit's."""
    fits = [fit_torch(m, *pair, epochs=epochs) for m, pair in zip(models, data, strict=True)]
    return [fit.records["loss"][-1] for fit in fits]


def many(
    first: Callable[..., Losses], second: Callable[..., Losses]
) -> Callable[[Size], tuple[Side, Side]]:
    """Return what pairs two ways to train many networks, each on its own data."""

    def sides(size: Size) -> tuple[Side, Side]:
        data = [table(size.n, seed) for seed in range(size.networks)]
        models = lambda: [network(r) for r in range(size.networks)]  # noqa: E731
        return lambda: first(models(), data, size.epochs), lambda: second(
            models(), data, size.epochs
        )

    return sides


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


def package_is_missing(name: str) -> str | None:
    """Name a package that is not installed here: only `make bench` installs these."""
    return None if find_spec(name) else f"{name}: make bench"


ROWS = [
    Row(
        "torch loop, full batch",
        "labkit", "by hand, default Adam", 0.78, None, 41, partial(full_batch, fused=False),
    ),
    Row(
        "torch loop, full batch",
        "labkit", "by hand, fused Adam", 1.08, None, 41, partial(full_batch, fused=True),
    ),
    Row(
        "the same work",
        "skorch on tensors", "labkit", None, 8.0, 9, trained(skorch_on_tensors),
        lacks=partial(package_is_missing, "skorch"),
    ),
    Row(
        "the same work",
        "skorch on arrays", "labkit", None, 8.0, 9, trained(skorch_on_arrays),
        lacks=partial(package_is_missing, "skorch"),
    ),
    Row(
        "the same work",
        "Lightning", "labkit", None, None, 7, trained(with_lightning),
        lacks=partial(package_is_missing, "lightning"),
    ),
    Row(
        "the same work",
        "Keras on torch", "labkit", None, None, 7, trained(with_keras), rtol=0.01,
        lacks=partial(package_is_missing, "keras"),
    ),
    Row(
        "the same work",
        "scikit-learn", "labkit", None, None, 21, trained(with_scikit_learn), rtol=0.01,
    ),
    Row(
        "the same work",
        "labkit, batched, one network", "scikit-learn", 0.60, None, 21,
        trained(labkit_one_of_many, with_scikit_learn), rtol=0.01,
    ),
    Row(
        "mini-batch SGD, batch 64, 50 epochs",
        "DataLoader by hand", "labkit", None, 1.8, 11, minibatch, rtol=0.03,
    ),
    Row(
        "mini-batch Adam, batch 64, 50 epochs",
        "labkit", "indexing by hand, fused Adam", 0.95, None, 21, indexed, rtol=1e-3,
    ),
    Row(
        "100 networks",
        "single fits, fused Adam", "labkit, batched", None, 10.0, 5, many(one_by_one, in_one),
        rtol=0.01,
    ),
    Row(
        "100 networks",
        "labkit, batched", "in C", 3.0, None, 9, many(in_one, in_c), rtol=0.01, threads=(1,),
        lacks=compiler_is_missing,
    ),
    Row("gradient descent, 200 steps", "labkit", "bare NumPy", 1.25, None, 101, gradient_descent),
    Row(
        "whole processes",
        "import labkit", "import numpy", 1.30, None, 21, imports, threads=(None,),
    ),
]  # fmt: skip
