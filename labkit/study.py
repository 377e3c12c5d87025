"""Simulation studies: many data sets with a known truth, and how sure the averages are."""

from __future__ import annotations

import copy
import math
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from labkit.inputs import whole
from labkit.intervals import mean_and_sd
from labkit.outcomes import Outcome, Row, as_row, by_metric

if TYPE_CHECKING:
    import pandas as pd

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

    def __post_init__(self) -> None:
        """Refuse results that are not paired: a difference would pair them all the same."""
        if len({len(values) for values in self.values.values()}) != 1:
            counts = ", ".join(f"{e} ({m}) {len(v)}" for (e, m), v in self.values.items())
            raise ValueError(
                "values must hold as many results for each estimator and metric, one for each "
                f"replicate, not: {counts or 'nothing'}."
            )

    @property
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
            if (name, metric) not in list(self.values):
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
        Takes a `numpy.random.Generator`, returns a data set of any kind. It is called once for
        each replicate.
    estimators : mapping of str to callable
        Each takes a data set, a copy of its own, and a `Generator` (for starting values or
        splits, and for seeding torch, whose global state is not touched here), and returns a
        number, or a mapping of metric names to numbers.
    joint : mapping of str to callable, optional
        Estimators that handle all replicates at once, such as `fit_torch_many`: each takes the
        list of data sets and the list of `Generator` objects, returns one result for each, in
        their order, as a list, a tuple or an array.
    replicates : int
        How many data sets, at least 2, since one gives no standard error.
    seed : int
        Fixes everything. Replicate r has its own seed, and in it each estimator has one by
        its name: the results depend neither on `n_jobs`, nor on which other estimators there are.
    n_jobs : int
        Processes for joblib, as many as there are replicates at most; -1 takes all cores, -2 all
        but one. Joint estimators share them too; one alone runs in this one.

    Returns
    -------
    Study

    Raises
    ------
    ValueError
        If an estimator returns a number that is not finite, no metrics, or other metrics in one
        replicate than in another; if two estimators have one name, or names that would share a
        stream of random numbers (one in four thousand million pairs).
    TypeError
        If an estimator returns something that is not a real number, or a joint one something
        without an order; if names are not strings, or what they name can't be called. An error
        inside an estimator is passed on, with a note that names the estimator and the replicate.

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
    n_jobs = min(whole(n_jobs, "n_jobs", at_least=-sys.maxsize), replicates)
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0: 1 stays in this process, -1 takes all cores.")
    joint = {} if joint is None else joint
    _require_callable(make_data, "make_data")
    _require_estimators(estimators, "estimators")
    _require_estimators(joint, "joint")
    _require_names(estimators, joint)

    drawn = Parallel(n_jobs=n_jobs)(
        delayed(_one_replicate)(
            make_data, estimators, seed, r, keep_data=bool(joint), leaves=n_jobs != 1
        )
        for r in range(replicates)
    )
    by_name = {name: [rows[name] for _, rows in drawn] for name in estimators}
    if joint:
        datasets, n_jobs = [data for data, _ in drawn], min(n_jobs, len(joint))
        found = Parallel(n_jobs=n_jobs)(
            delayed(_all_replicates)(estimator, name, datasets, seed, leaves=n_jobs != 1)
            for name, estimator in joint.items()
        )
        by_name.update(zip(joint, found, strict=True))
    return Study(by_metric(by_name))


def _one_replicate(
    make_data: Callable[[np.random.Generator], Any],
    estimators: Mapping[str, Estimator],
    seed: int,
    replicate: int,
    *,
    keep_data: bool,
    leaves: bool,
) -> tuple[Any, dict[str, Row]]:
    """Return the data set, if it is to be kept, and the results of each estimator on it.

    `leaves` says that what is raised leaves this process, and must be fit to.
    """
    where = f"in replicate {replicate} of the study"
    with _noting(f"This happened to make_data {where}.", leaves):
        data = make_data(_stream(seed, replicate, "data"))
    rows = {}
    for name, estimator in estimators.items():
        with _noting(f"This happened to {name!r} {where}.", leaves):
            outcome = estimator(copy.deepcopy(data), _stream(seed, replicate, name))
        # At once, since it may be an object that the estimator fills anew each time.
        rows[name] = as_row(outcome, name, replicate)
    return copy.deepcopy(data) if keep_data else None, rows


def _all_replicates(
    estimator: JointEstimator, name: str, datasets: list[Any], seed: int, *, leaves: bool
) -> list[Row]:
    """Return the results of a joint estimator, one for each data set, of which it gets copies."""
    streams = [_stream(seed, r, name) for r in range(len(datasets))]
    with _noting(f"This happened to {name!r}, which takes all replicates at once.", leaves):
        results = estimator([copy.deepcopy(data) for data in datasets], streams)
        # A generator runs only here, and each result is read at once: it may fill one object anew.
        ordered = _has_order(results)
        rows = [as_row(outcome, name, r) for r, outcome in enumerate(results if ordered else ())]
    if not ordered:
        raise TypeError(
            f"{name!r} gave its results as {type(results).__name__}; a joint estimator must "
            "return a list, a tuple or an array, with one result for each data set in order."
        )
    if len(rows) != len(datasets):
        raise ValueError(f"{name!r} gave {len(rows)} results for {len(datasets)} data sets.")
    return rows


def _has_order(results: Any) -> bool:
    """Tell whether results come one after the other, in an order that says whose each is."""
    if isinstance(results, str | bytes | bytearray | memoryview | type(iter(set()))):
        return False
    # A tensor is told by its detach, without an import of torch.
    if isinstance(results, np.ndarray) or hasattr(results, "detach"):
        return bool(results.ndim)
    return isinstance(results, Sequence | Iterator)


@contextmanager
def _noting(note: str, leaves: bool = False) -> Iterator[None]:
    """Add a note to an error, and, if it leaves this process, make it fit to."""
    try:
        yield
    except Exception as error:
        if leaves and not _can_be_rebuilt(error):
            stand_in = RuntimeError(f"{type(error).__name__}: {error}")
            stand_in.add_note(note)
            raise stand_in from error
        error.add_note(note)
        raise


def _can_be_rebuilt(error: Exception) -> bool:
    """Tell whether an error gets through to another process: one whose class wants more can't.

    Pickling rebuilds an object as copying does.
    """
    try:
        copy.deepcopy(error)
    except Exception:
        return False
    return True


def _stream(seed: int, replicate: int, name: str) -> np.random.Generator:
    """Return the generator of one estimator in one replicate, the same wherever it runs."""
    key = (replicate, _code(name))
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def _code(name: str) -> int:
    return zlib.crc32(name.encode())


def _require_callable(value: Any, name: str) -> None:
    if not callable(value):
        raise TypeError(f"{name} must be a function, not {value!r} of type {type(value).__name__}.")


def _require_estimators(estimators: Any, argument: str) -> None:
    if not isinstance(estimators, Mapping):
        raise TypeError(
            f"{argument} must be a dict of names and functions, not {type(estimators).__name__}."
        )
    for name, estimator in estimators.items():
        if not isinstance(name, str):
            raise TypeError(f"{argument} has the name {name!r}; names must be strings.")
        _require_callable(estimator, f"{argument}[{name!r}]")


def _require_names(estimators: Mapping[str, Any], joint: Mapping[str, Any]) -> None:
    """Raise ValueError if two estimators would be one, in the results or in their streams."""
    if not estimators and not joint:
        raise ValueError("estimators is empty: give at least one, or one in joint.")
    if "data" in {*estimators, *joint}:
        raise ValueError("no estimator may be called 'data': that names the stream of the data.")
    if twice := set(estimators) & set(joint):
        raise ValueError(f"estimators and joint share the name {', '.join(sorted(twice))}.")
    owners: dict[int, str] = {}
    for name in ("data", *estimators, *joint):
        owner = owners.setdefault(_code(name), name)
        if owner != name:
            raise ValueError(
                f"{name!r} and {owner!r} would share a stream of random numbers, as their names "
                "have the same CRC-32. Rename one estimator."
            )


def _moments(values: np.ndarray[Any, Any]) -> tuple[float, float, float, int]:
    mean, sd = mean_and_sd(values)
    return mean, sd / math.sqrt(len(values)), sd, len(values)
