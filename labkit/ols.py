"""Ordinary least squares with standard errors."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from labkit.inputs import (
    Floats,
    as_features,
    as_matrix,
    as_vector,
    column_names,
    names_of,
    require_columns,
    require_same_rows,
)

_TOLERANCE = 1e-10  # of a column's length; what is left below it is rounding error


@dataclass(frozen=True, eq=False)
class OLSResults:
    """A least-squares fit.

    Attributes
    ----------
    names : list of str
        The columns' names, x1, x2, … where they had none.
    beta : ndarray, shape (p,)
        The estimates.
    se : ndarray, shape (p,)
        Their standard errors.
    covariance : ndarray, shape (p, p)
        The estimated covariance matrix of the estimates, s² (X'X)⁻¹.
    residual_variance : float
        s², the residual sum of squares over `df`.
    df : int
        Residual degrees of freedom, n − p.
    residuals : ndarray, shape (n,)
        Observed minus fitted.
    columns : tuple of str or None
        The columns' names where they had names; `predict` takes no others.
    largest_term : float
        The largest of the terms x_ij β_j that the fitted values are sums of, by its size.
    """

    names: list[str]
    beta: Floats
    se: Floats
    covariance: Floats = field(repr=False)
    residual_variance: float
    df: int
    residuals: Floats = field(repr=False)
    columns: tuple[str, ...] | None = field(repr=False)
    largest_term: float = field(default=0.0, repr=False)

    def predict(self, X: ArrayLike) -> Floats:
        """Return X @ beta, of shape (n,).

        Raises
        ------
        ValueError
            If `X` has not p columns, or is a DataFrame with other columns, or in another order.
        """
        require_columns(X, self.columns)
        return as_features(X, len(self.beta)) @ self.beta


def fit_ols(X: ArrayLike, y: ArrayLike) -> OLSResults:
    """Fit y = Xβ by least squares, without an intercept: in R, `lm(y ~ X - 1)`.

    Parameters
    ----------
    X : array_like or DataFrame, shape (n, p)
        The features; for an intercept include a column of ones. n must exceed p.
    y : array_like, shape (n,)
        The outcome.

    Returns
    -------
    OLSResults

    Raises
    ------
    ValueError
        If there are not more rows than columns, or if a column is zero or a linear combination
        of those before it; the message names them. If the sizes of X and y are so extreme that
        the covariance matrix can't be represented.
    TypeError
        If the data are not numbers.

    Notes
    -----
    By the QR decomposition of X with its columns scaled to unit length (Golub and Van Loan,
    Matrix Computations, 5.3). X'X is never formed: that would square the condition number.

    Examples
    --------
    >>> from labkit import RStream, fit_ols, make_linear
    >>> data = make_linear(500, 10, rng=RStream(42))
    >>> ols = fit_ols(data.X, data.y)
    >>> ols.beta[:3].round(4), ols.se[:3].round(4)
    (array([ 1.9872, -1.0101,  0.5592]), array([0.0237, 0.0223, 0.0239]))
    """
    require_same_rows(X, y)
    given, X = X, as_matrix(X)
    n, p = X.shape
    labels = column_names(given, p)
    y = as_vector(y, n)
    if n <= p:
        raise ValueError(
            f"X has {p} columns and only {n} rows: least squares with a residual variance needs "
            "more rows than columns. Drop columns, or use ridge regression."
        )
    largest = np.abs(X).max(axis=0)
    if not largest.all():
        zero = [name for name, size in zip(labels, largest, strict=True) if size == 0]
        raise ValueError(f"X has columns that are constantly zero: {', '.join(zero)}. Drop them.")
    length = largest * np.linalg.norm(X / largest, axis=0)  # no square can vanish
    Q, R = np.linalg.qr(X / length)
    _refuse_collinear(R, labels)

    with np.errstate(over="ignore", invalid="ignore"):
        inverse = np.linalg.solve(R, np.eye(p)) / length[:, None]
        beta = inverse @ (Q.T @ y)
        residuals = y - X @ beta
        df = n - p
        residual_variance = float(residuals @ residuals) / df
        covariance = residual_variance * inverse @ inverse.T
    smallest = min(residual_variance, *np.diag(covariance))
    vanished = residuals.any() and smallest < np.finfo(float).tiny
    if vanished or not np.isfinite(covariance).all():
        raise ValueError(
            f"the largest numbers of y and of X's columns are {np.abs(y).max():.1g} and "
            f"{', '.join(f'{size:.1g}' for size in largest[:4])}{', …' if p > 4 else ''}: their "
            "standard errors squared are beyond what a computer can hold. Rescale them."
        )
    return OLSResults(
        labels, beta, np.sqrt(np.diag(covariance)), covariance, residual_variance, df, residuals,
        names_of(given), float((largest * np.abs(beta)).max()),
    )  # fmt: skip


def _refuse_collinear(R: Floats, names: list[str]) -> None:
    """Raise ValueError if a column is a linear combination of those before it.

    |R_jj| is the distance of column j, which has length 1, from the span of the earlier ones.
    """
    for j in range(1, len(names)):
        if abs(R[j, j]) > _TOLERANCE:
            continue
        weights = np.linalg.lstsq(R[:j, :j], R[:j, j], rcond=None)[0]
        others = [names[i] for i in range(j) if abs(weights[i]) > 1e-6]
        raise ValueError(
            f"X has collinear columns: {names[j]} is a linear combination of "
            f"{', '.join(others)}. Drop one of them."
        )
