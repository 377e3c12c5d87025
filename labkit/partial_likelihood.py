"""Cox's partial likelihood as a loss: who had the event, among those who still could."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from labkit.inputs import one_of


def cox_loss(prediction: Tensor, target: Tensor, *, ties: str = "breslow") -> Tensor:
    """Return the negative log partial likelihood of a batch, divided by its number of rows.

    At each event time it asks how likely it was that this patient, among those at risk, had the
    event:

    loss = -1/n · Σ (fᵢ - log Σ exp fⱼ),

    where the outer sum is over the patients i with the event, and the inner one over the patients j
    at risk then, those with tⱼ ≥ tᵢ.

    The patients at risk are those of the batch, so the losses of two batches are not parts of the
    loss of both: train on the full batch (`batch_size=None`) where the table allows it.

    Parameters
    ----------
    prediction : Tensor, shape (n, 1) or (n,)
        Log hazard ratios f, up to a constant, which cancels.
    target : Tensor, shape (n, 2)
        Time of follow-up, in any unit, and 1 if it ended with the event, 0 if it was censored.
        Who is censored at the time of an event was still at risk then.
    ties : {"breslow", "efron"}
        How events at the same time share their patients at risk: each faces all of them, or, as in
        R by default, those that have the event leave in equal parts one after the other.

    Returns
    -------
    Tensor, shape ()
        Times -n, the log likelihood of R's `coxph(..., ties=)`. Zero without an event.

    Raises
    ------
    ValueError
        If shapes, times or events are others, or `ties` is unknown.

    Notes
    -----
    For second derivatives use `torch.func.hessian`, which goes forward over the gradient. Twice
    backward (`torch.autograd.functional.hessian`) torch's `logcumsumexp` gives NaN with
    `ties="efron"`.

    D. R. Cox (1972). Regression models and life-tables. Journal of the Royal Statistical Society B
    34, 187-220. N. Breslow (1974). Covariance analysis of censored survival data. Biometrics 30,
    89-99. B. Efron (1977). The efficiency of Cox's likelihood function for censored data. Journal
    of the American Statistical Association 72, 557-565.

    Examples
    --------
    Three patients, alike to the model. The first event had three candidates, the second two:

    >>> target = torch.tensor([[1.0, 1.0], [2.0, 1.0], [3.0, 0.0]])
    >>> torch.isclose(cox_loss(torch.zeros(3, 1), target), torch.tensor(6.0).log() / 3).item()
    True
    """
    one_of(ties, "ties", ["breslow", "efron"])
    time, event, wrong = _follow_up(prediction, target)
    order = torch.argsort(time, descending=True)
    time, event, score = time[order], event[order], prediction.reshape(-1)[order]

    # Sorted so, those at risk are the rows up to the last one with the same time.
    last = torch.searchsorted(-time, -time, right=True) - 1
    at_risk = torch.logcumsumexp(score, 0)[last]
    part = score - at_risk
    if ties == "efron":
        # Of d tied events the k-th, k = 0, ..., d - 1, faces all at risk without k/d of the d.
        # Shares of those at risk are at most 1, so nothing overflows.
        tied = torch.zeros_like(score).index_add(0, last, event)[last]
        share = torch.zeros_like(score).index_add(0, last, event * part.exp())[last]
        earlier = torch.cumsum(event, 0) - torch.cumsum(event, 0)[last] + tied - event
        part = part - torch.log1p(-share * earlier / tied.clamp(min=1))
    loss = -(event * part).sum() / len(score)
    return torch.where(wrong, math.nan, loss)  # where vmap let nobody look at the values


def _follow_up(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return times, events as 0 or 1, and whether a value is none that is allowed."""
    n = len(prediction)
    if tuple(prediction.shape) not in ((n, 1), (n,)) or tuple(target.shape) != (n, 2):
        raise ValueError(
            "cox_loss takes predictions of shape (n, 1) or (n,), one log hazard ratio a patient, "
            "and targets of shape (n, 2), time and event; not "
            f"{tuple(prediction.shape)} and {tuple(target.shape)}."
        )
    time, event = target.unbind(1)
    is_event = (event == 0) | (event == 1)
    wrong = ~(is_event & torch.isfinite(time)).all()
    try:
        refused = bool(wrong)
    except RuntimeError:  # under vmap nothing may hang on a value
        refused = False
    if refused:
        row = int((~(is_event & torch.isfinite(time))).nonzero()[0])
        raise ValueError(
            "cox_loss needs targets of a finite time and an event, 1, or none, 0, in this order; "
            f"row {row} (counted from 0) has time {time[row]:g} and event {event[row]:g}."
        )
    return time, event.to(prediction.dtype), wrong
