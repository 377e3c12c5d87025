"""Features and targets as a model and its loss need them, or an error that says what they need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (as torch's own documentation has it)

from labkit.devices import device_of, random_state
from labkit.inputs import names_of, require_columns, require_same_rows
from labkit.losses import (
    CLASSES,
    ENTRY_BY_ENTRY,
    EVENTS,
    Loss,
    ask,
    is_sum,
    named_loss,
    option,
    row_weights,
    torchs_own,
)
from labkit.modes import eval_mode
from labkit.tensors import (
    Data,
    as_features,
    as_tensor,
    ask_model,
    dtype_of,
    holds_whole_numbers,
    predictions_of,
    require_dtype,
    short,
)


class Pairs(NamedTuple):
    """Features and targets that a model can be trained on.

    Attributes
    ----------
    X : Tensor
        The features; on the CPU a large table of another dtype, to be converted piece by piece.
    y : Tensor
        The targets.
    dtype : torch.dtype
        What the model takes: the dtype of its parameters, or int64 where it looks places up.
    columns, targets : tuple of str or None
        The names of the columns of X and of y, where they had names.
    outputs : tuple of int
        The shape of the prediction for one row.
    summed : bool
        Whether the loss is a sum over the rows rather than their mean.
    weigh : callable or None
        What gives the weight of a batch in the mean over all rows, where that is not its length.
    """

    X: Tensor
    y: Tensor
    dtype: torch.dtype
    columns: tuple[str, ...] | None
    targets: tuple[str, ...] | None
    outputs: tuple[int, ...]
    summed: bool
    weigh: Callable[[Tensor], float] | None


def as_pairs(model: nn.Module, X: Data, y: Data, loss: str | Loss, name: str = "") -> Pairs:
    """Return features and targets as tensors that a model can be trained on, where it is."""
    require_same_rows(X, y, prefix=name)
    with random_state(0, device_of(model)):  # a model or a loss may draw when it is asked
        features, dtype, prediction = _features(model, X, f"{name}X")
        function = named_loss(loss)
        if torchs_own(function) is F.binary_cross_entropy:
            _require_probabilities(model, features, dtype)
        if torchs_own(function) is F.nll_loss:
            _require_log_probabilities(prediction)
        forms = _targets(loss, y, prediction, len(features), dtype_of(model), f"{name}y")
        target, summed = forms[0], False
        if not isinstance(loss, str):
            target, summed = _asked(model, function, features, dtype, prediction, forms, name)
    place = device_of(model)
    if place.type != "cpu":  # in this order: not every device has float64
        features = features.to(dtype).to(place)
    return Pairs(
        X=features,
        y=target.to(place),
        dtype=dtype,
        columns=names_of(X),
        targets=names_of(y),
        outputs=tuple(prediction.shape[1:]),
        summed=summed,
        weigh=None if summed else row_weights(function),
    )


def as_validation(
    model: nn.Module, X: Data, y: Data, loss: str | Loss, like: Pairs, name: str = ""
) -> Pairs:
    """Return validation data, held to the columns and the kind of the training data as well."""
    name = f"{name}validation "
    require_columns(X, like.columns, f"{name}X")
    require_columns(y, like.targets, f"{name}y")
    pairs = as_pairs(model, X, y, loss, name)
    if pairs.dtype != like.dtype:
        raise TypeError(
            f"{name}X is {short(pairs.dtype)} and X is {short(like.dtype)}: bring both into "
            "one dtype."
        )
    return pairs


def _features(model: nn.Module, X: Data, name: str) -> tuple[Tensor, torch.dtype, Tensor]:
    """Return features, the dtype that the model takes, and what it predicts for two rows.

    Whole numbers in an array are measurements where the model takes them as such, else places
    to look up, as in an embedding.
    """
    dtype = dtype_of(model)
    features = as_features(X, dtype, name)
    if isinstance(X, Tensor):
        return features, features.dtype, ask_model(model, features, features.dtype, name)
    try:
        return features, dtype, ask_model(model, features, dtype, name)
    except ValueError as refused:
        if not holds_whole_numbers(X, name):
            raise
        places = as_features(X, torch.long, name)
        try:
            return places, torch.long, ask_model(model, places, torch.long, name)
        except ValueError as error:
            no_place = isinstance(error.__cause__, IndexError)
            raise error if no_place else refused from error


def _targets(
    loss: str | Loss, y: Data, prediction: Tensor, n: int, dtype: torch.dtype, name: str
) -> list[Tensor]:
    """Return the targets in the forms that a loss may take them, the likelier first."""
    function = torchs_own(named_loss(loss))
    if isinstance(y, Tensor):
        forms = [as_tensor(y, name, dtype)]
    elif holds_whole_numbers(y, name) and function not in ENTRY_BY_ENTRY:
        forms = [as_tensor(y, name, torch.long), as_tensor(y, name, dtype).to(dtype)]
        forms = forms[:1] if function in CLASSES else forms
    else:
        forms = [as_tensor(y, name, dtype).to(dtype)]
    target = forms[-1]
    if target.ndim == 0 or len(target) != n:
        rows = len(target) if target.ndim else 1
        raise ValueError(f"{name} has {rows} rows where {n} are needed, one for each of X.")
    if target.is_floating_point():
        require_dtype(target, dtype, name)
    predictions = (n, *prediction.shape[1:])
    if function in ENTRY_BY_ENTRY:
        _require_same_shape(target, predictions, name)
    if function in EVENTS:
        _require_events(target, name)
    if function in CLASSES:
        _require_classes(target, predictions, loss, not isinstance(y, Tensor), name)
    return forms


def _require_same_shape(y: Tensor, predictions: tuple[int, ...], name: str) -> None:
    targets = tuple(y.shape)
    if predictions != targets:
        if y.numel() == torch.Size(predictions).numel():
            mend = f"Use {name}.reshape({', '.join(map(str, (-1, *predictions[1:])))})."
        else:
            mend = "Use a model with as many outputs as there are targets in a row."
        raise ValueError(
            f"The predictions have shape {predictions} and {name} has shape {targets}; torch would "
            f"broadcast one against the other and return a loss that means nothing. {mend}"
        )
    if not y.is_floating_point():
        raise TypeError(f"{name} must be floating point for this loss: use {name}.float().")


def _require_events(y: Tensor, name: str) -> None:
    low, high = float(y.min()), float(y.max())
    if low < 0 or high > 1:
        raise ValueError(
            f"{name} must hold 0 and 1, or probabilities, for this loss; it holds numbers from "
            f"{low:g} to {high:g}, for which the loss has no minimum."
        )


def _require_classes(
    y: Tensor, predictions: tuple[int, ...], loss: str | Loss, is_array: bool, name: str
) -> None:
    if y.is_floating_point() and not isinstance(loss, str) and tuple(y.shape) == predictions:
        _require_distributions(y, name)
        return
    if y.dtype != torch.long:
        mend = "astype(int)" if is_array else "long()"
        raise TypeError(f"{name} must hold class indices as whole numbers: use {name}.{mend}.")
    if len(predictions) < 2 or tuple(y.shape) != (predictions[0], *predictions[2:]):
        raise ValueError(
            f"'cross_entropy' takes predictions of shape (n, classes) and one class index a row, "
            f"shape (n,); the predictions have shape {predictions} and {name} has {tuple(y.shape)}."
        )
    ignored = None if isinstance(loss, str) else option(loss, "ignore_index", -100)
    counted = y if ignored is None else y[y != ignored]
    if len(counted) == 0:
        raise ValueError(f"{name} holds only {ignored}, the class that the loss ignores.")
    low, high, classes = int(counted.min()), int(counted.max()), predictions[1]
    if low < 0 or high >= classes:
        raise ValueError(
            f"{name} holds class indices from {low} to {high}, and the model has {classes} "
            f"outputs: classes count from 0 to {classes - 1} (in R from 1)."
        )


def _require_distributions(y: Tensor, name: str) -> None:
    sums = y.sum(1)
    if float(y.min()) < 0 or not torch.allclose(sums, torch.ones_like(sums), atol=1e-3):
        raise ValueError(
            f"{name} has the shape of the predictions, so each row must be the probabilities of "
            "the classes: none negative, with the sum 1."
        )


def _require_probabilities(model: nn.Module, X: Tensor, dtype: torch.dtype) -> None:
    """Refuse a model that doesn't end in a sigmoid, which a loss of probabilities needs.

    However far its features lie from zero, such a model must stay between 0 and 1.
    """
    for scale in (1, 1000, -1000) if dtype.is_floating_point else (1,):
        with eval_mode(model), torch.no_grad():
            found = model(scale * X[:2].to(dtype).to(device_of(model)))
        if float(found.min()) < 0 or float(found.max()) > 1:
            raise ValueError(
                "model must predict probabilities, between 0 and 1, for this loss: end it in a "
                "torch.nn.Sigmoid(), or, which is safer, leave it out and use "
                "loss='bce_with_logits'."
            )


def _require_log_probabilities(prediction: Tensor) -> None:
    if prediction.ndim > 1 and not torch.allclose(
        prediction.logsumexp(1), prediction.new_zeros(()), atol=0.01
    ):
        raise ValueError(
            "model must predict logarithms of probabilities for this loss: end it in a "
            "torch.nn.LogSoftmax(1), or leave it out and use loss='cross_entropy'."
        )


def _asked(
    model: nn.Module,
    loss: Loss,
    X: Tensor,
    dtype: torch.dtype,
    prediction: Tensor,
    forms: list[Tensor],
    name: str,
) -> tuple[Tensor, bool]:
    """Return the first form of the targets that a loss takes, and whether the loss is a sum.

    It is asked for a few rows; one that can't do with so few (no event among them, say) is asked
    for more; and one that is zero for so few, which doesn't tell whether it is a sum.
    """
    refused = []
    for target in forms:
        taken = False
        for prediction_rows, target_rows in _rows(model, X, dtype, prediction, target):
            try:
                value = ask(loss, prediction_rows, target_rows, name)
            except ValueError as error:
                refused.append(error)
                continue
            if value.item() != 0:
                return target, is_sum(loss, prediction_rows, target_rows)
            taken = True
        if taken:
            return target, is_sum(loss, prediction_rows, target_rows)
    raise refused[0]


def _rows(
    model: nn.Module, X: Tensor, dtype: torch.dtype, prediction: Tensor, target: Tensor
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield a few rows of predictions and targets, and some more.

    The few are not as many as there are numbers in a row: a loss that mixes the two up would
    pass, and fail on the first batch.
    """
    wide = {*prediction.shape[1:], *target.shape[1:]}
    count = next(k for k in (2, 3, 5, 7, 11) if k not in wide)
    few = (torch.arange(count) % min(2, len(X))).tolist()
    place = prediction.device
    yield prediction[few], target[few].to(place)
    for more in (1000, 20_000):  # or as many as there are
        yield predictions_of(model, X[:more], dtype), target[:more].to(place)
