"""Simulation studies: many data sets with a known truth, and how sure the averages are."""

from __future__ import annotations

import copy
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from labkit.inputs import whole

if TYPE_CHECKING:
    import pandas as pd

Outcome: TypeAlias = float | Mapping[str, float]
Estimator: TypeAlias = Callable[[Any, np.random.Generator], Outcome]
JointEstimator: TypeAlias = Callable[[list[Any], list[np.random.Generator]], Sequence[Outcome]]


@dataclass(frozen=True)
class Study:
    """The results of a simulation study.

    Attributes
    ----------
    values : dict
        Under each (estimator, metric) the results, one for each replicate, in their order.
    """

    values: dict[tuple[str, str], list[float]]

    @cached_property
    def results(self) -> pd.DataFrame:
        """All results: a row for each replicate, estimator and metric."""
        import pandas as pd

        rows = [
            (replicate, estimator, metric, value)
            for (estimator, metric), values in self.values.items()
            for replicate, value in enumerate(values)
        ]
        return pd.DataFrame(rows, columns=["replicate", "estimator", "metric", "value"])

    def summary(self) -> pd.DataFrame:
        """Return the mean of each metric of each estimator with its Monte Carlo standard error.

        Returns
        -------
        DataFrame
            Indexed by estimator and metric: `mean`, `mcse` = sd / √replicates, `sd`, `replicates`
            (Morris, White and Crowther, Statistics in Medicine 2019, table 6).
        """
        import pandas as pd

        index = pd.MultiIndex.from_tuples(self.values, names=["estimator", "metric"])
        rows = [_moments(np.array(values)) for values in self.values.values()]
        return pd.DataFrame(rows, index=index, columns=["mean", "mcse", "sd", "replicates"])

    def difference(self, first: str, second: str, metric: str = "value") -> tuple[float, float]:
        """Return the mean of `first` minus `second` and its Monte Carlo standard error.

        Both saw the same data sets, so the difference is taken within each of them; its error
        is usually smaller than that of two separate studies.

        Parameters
        ----------
        first, second : str
            The names of two estimators.
        metric : str
            What to compare; "value" where an estimator returns a number.

        Returns
        -------
        (float, float)

        Raises
        ------
        ValueError
            If an estimator or the metric is not in the study.
        """
        for name in (first, second):
            if (name, metric) not in self.values:
                known = ", ".join(f"{e} ({m})" for e, m in self.values)
                raise ValueError(f"{name!r} with metric {metric!r} is not in this study: {known}.")
        gaps = np.subtract(self.values[first, metric], self.values[second, metric])
        mean, mcse, *_ = _moments(gaps)
        return mean, mcse


def run_study(
    make_data: Callable[[np.random.Generator], Any],
    estimators: Mapping[str, Estimator],
    *,
    joint: Mapping[str, JointEstimator] | None = None,
    replicates: int = 100,
    seed: int = 0,
    n_jobs: int = 1,
) -> Study:
    """Draw data sets, run every estimator on each, and keep what they return.

    Parameters
    ----------
    make_data : callable
        Takes a `numpy.random.Generator`, returns a data set of any kind.
    estimators : mapping of str to callable
        Each takes a data set, a copy of its own, and a `Generator` (for starting values or
        splits, and for seeding torch, whose global state is not touched here), and returns a
        number, or a mapping of metric names to numbers.
    joint : mapping of str to callable, optional
        Estimators that handle all replicates at once, such as `fit_torch_many`: each takes the
        list of data sets and the list of `Generator` objects, returns one result for each.
    replicates : int
        How many data sets, at least 2, since one gives no standard error.
    seed : int
        Fixes everything. Replicate r has its own seed, and in it each estimator has one by
        its name: the results depend neither on `n_jobs`, nor on which other estimators there are.
    n_jobs : int
        Processes for joblib; -1 takes all cores. Joint estimators run in this one.

    Returns
    -------
    Study

    Raises
    ------
    ValueError
        If an estimator returns a number that is not finite, or other metrics in one replicate
        than in another, or is called "data".
    TypeError
        If an estimator returns something that is not a number. An error inside an estimator is
        passed on, with a note that names the estimator and the replicate.

    Examples
    --------
    >>> from labkit import make_linear, run_study
    >>> study = run_study(
    ...     lambda rng: make_linear(50, 3, rng=rng),
    ...     {"mean of y": lambda data, rng: data.y.mean()},
    ... )
    >>> mean, mcse, sd, replicates = study.summary().iloc[0]
    >>> bool(abs(mean) < 4 * mcse)
    True
    """
    from joblib import Parallel, delayed

    replicates = whole(replicates, "replicates", at_least=2)
    seed = whole(seed, "seed", at_least=0)
    joint = joint or {}
    if not estimators and not joint:
        raise ValueError("estimators is empty: give at least one, or one in joint.")
    if "data" in {*estimators, *joint}:
        raise ValueError("no estimator may be called 'data': that names the stream of the data.")
    if twice := set(estimators) & set(joint):
        raise ValueError(f"estimators and joint share the name {', '.join(sorted(twice))}.")

    outcomes = Parallel(n_jobs=n_jobs)(
        delayed(_one_replicate)(make_data, estimators, seed, r) for r in range(replicates)
    )
    by_name = {name: [row[name] for row in outcomes] for name in estimators}
    if joint:
        datasets = [make_data(_stream(seed, r, "data")) for r in range(replicates)]
        for name, estimator in joint.items():
            streams = [_stream(seed, r, name) for r in range(replicates)]
            try:
                by_name[name] = list(estimator(copy.deepcopy(datasets), streams))
            except Exception as error:
                error.add_note(f"This happened to {name!r}, which takes all replicates at once.")
                raise
    return Study(_by_metric(by_name, replicates))


def _one_replicate(
    make_data: Callable[[np.random.Generator], Any],
    estimators: Mapping[str, Estimator],
    seed: int,
    replicate: int,
) -> dict[str, Outcome]:
    data = make_data(_stream(seed, replicate, "data"))
    outcomes = {}
    for name, estimator in estimators.items():
        try:
            outcomes[name] = estimator(copy.deepcopy(data), _stream(seed, replicate, name))
        except Exception as error:
            error.add_note(f"This happened to {name!r} in replicate {replicate} of the study.")
            raise
    return outcomes


def _stream(seed: int, replicate: int, name: str) -> np.random.Generator:
    """Return the generator of one estimator in one replicate, the same wherever it runs."""
    key = (replicate, zlib.crc32(name.encode()))
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _by_metric(
    by_name: Mapping[str, Sequence[Outcome]], replicates: int
) -> dict[tuple[str, str], list[float]]:
    values: dict[tuple[str, str], list[float]] = {}
    for name, outcomes in by_name.items():
        if len(outcomes) != replicates:
            raise ValueError(f"{name!r} gave {len(outcomes)} results for {replicates} data sets.")
        rows = [o if isinstance(o, Mapping) else {"value": o} for o in outcomes]
        for replicate, row in enumerate(rows):
            if row.keys() != rows[0].keys():
                raise ValueError(
                    f"{name!r} gave {sorted(row)} in replicate {replicate}, and {sorted(rows[0])} "
                    "in replicate 0; an estimator must give the same metrics every time."
                )
            for metric, value in row.items():
                if isinstance(value, str) or not hasattr(value, "__float__"):
                    raise TypeError(
                        f"{name!r} gave {metric} = {value!r} in replicate {replicate}; "
                        "an estimator must return a number, or a mapping of names to numbers."
                    )
                number = float(value)
                if not math.isfinite(number):
                    raise ValueError(f"{name!r} gave {metric} = {number} in replicate {replicate}.")
                values.setdefault((name, metric), []).append(number)
    return values


def _moments(values: np.ndarray[Any, Any]) -> tuple[float, float, float, int]:
    sd = float(values.std(ddof=1))
    return float(values.mean()), sd / math.sqrt(len(values)), sd, len(values)
