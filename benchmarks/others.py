"""What a user would take instead of labkit: each trains the same network on the same rows.

All start from `network()`'s weights and take Adam's steps over the full batch with lr 0.01; what
they would do besides (log, validate, save, print) is switched off where they let it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

Losses = list[float]


def network(seed: int = 0) -> nn.Sequential:
    """Return a network of 10 features, 16 hidden units and one output."""
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1))


def with_skorch(X: object, y: object, epochs: int) -> Losses:
    """Train with skorch, without the callbacks that time, score and print."""
    from skorch import NeuralNetRegressor  # type: ignore[import-untyped]

    net = NeuralNetRegressor(
        network,
        optimizer=torch.optim.Adam,
        lr=0.01,
        max_epochs=epochs,
        batch_size=-1,
        iterator_train__shuffle=False,
        train_split=None,
        callbacks="disable",
        verbose=0,
    ).fit(X, y)
    return [epoch["batches"][-1]["train_loss"] for epoch in net.history]


def with_lightning(X: Tensor, y: Tensor, epochs: int) -> Losses:
    """Train with Lightning, without logger, checkpoints, progress bar and summary."""
    import lightning

    losses: Losses = []

    class Regression(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = network()

        def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
            loss = nn.functional.mse_loss(self.network(batch[0]), batch[1])
            losses.append(loss.item())
            return loss

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), lr=0.01)

    with _quiet("lightning.pytorch"):
        trainer = lightning.Trainer(
            max_epochs=epochs,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(Regression(), DataLoader(TensorDataset(X, y), batch_size=len(X)))
    return losses


def with_keras(X: Tensor, y: Tensor, epochs: int) -> Losses:
    """Train with Keras on torch."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras  # type: ignore[import-untyped]

    layers = [layer for layer in network() if isinstance(layer, nn.Linear)]
    model = keras.Sequential(
        [keras.Input((10,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(1)]
    )
    model.set_weights([w for layer in layers for w in _transposed(layer)])
    model.compile(optimizer=keras.optimizers.Adam(0.01, epsilon=1e-8), loss="mse")
    history = model.fit(
        X.numpy(), y.numpy(), batch_size=len(X), epochs=epochs, shuffle=False, verbose=0
    )
    return list(history.history["loss"])


def with_scikit_learn(X: Tensor, y: Tensor, epochs: int) -> Losses:
    """Train scikit-learn's MLPRegressor, whose loss is half the mean squared error."""
    from sklearn.neural_network import MLPRegressor

    class Started(MLPRegressor):  # type: ignore[misc]
        """Starts from our weights, which it has no parameter for."""

        def _init_coef(self, *shape_and_dtype: object) -> tuple[object, object]:  # noqa: ARG002
            return starts.pop(0)

    starts = [_transposed(layer) for layer in network() if isinstance(layer, nn.Linear)]
    model = Started(
        hidden_layer_sizes=(16,),
        solver="adam",
        learning_rate_init=0.01,
        alpha=0,
        batch_size=len(X),
        max_iter=epochs,
        shuffle=False,
        n_iter_no_change=epochs,
    )
    with _quiet("sklearn"):
        model.fit(X.numpy(), y.numpy().ravel())
    return [2 * loss for loss in model.loss_curve_]


def _transposed(layer: nn.Linear) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Return weights as Keras and scikit-learn have them, (inputs, outputs), and the biases."""
    return layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy().copy()


@contextlib.contextmanager
def _quiet(logger: str) -> Iterator[None]:
    """Silence a library's advice, which is about more than we ask of it."""
    log = logging.getLogger(logger)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
