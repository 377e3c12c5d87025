"""The interval machine: naive and corrected intervals of repeated cross-validation, in lab 7."""

import numpy as np
from scipy import stats

from course.cases import leading_to, run_part
from course.explorers.packing import packed

LAB, FIGURE = 7, "fig-coverage"
SOURCE = "the thousand tables of lab 7, each analysed by ten times five folds"
FOLDS = 5


def data() -> dict[str, object]:
    """Return, for each table and cross-validation, the folds' mean difference and their variance.

    From these the mean and the variance of any number of repetitions follow. `means` and
    `variances` (divided by the number of folds) are 32-bit numbers, table by table. `quantiles` are
    those of the t distribution after each number of repetitions.
    """
    names = run_part(leading_to(f"{LAB:02d}", ["d", "truth"], FIGURE))
    d = names["d"].reshape(len(names["d"]), -1, FOLDS)
    jobs = FOLDS * np.arange(1, d.shape[1] + 1)
    return {
        "truth": float(names["truth"]),
        "tables": d.shape[0],
        "repeats": d.shape[1],
        "folds": FOLDS,
        "quantiles": stats.t.ppf(0.975, jobs - 1).tolist(),
        "means": packed(d.mean(axis=-1)),
        "variances": packed(d.var(axis=-1)),
    }
