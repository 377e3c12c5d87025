"""The patients and the covariates of R's Cox regression (`data/r_cox.R`)."""

import functools

import numpy as np

from labkit import load_gbsg, load_rotterdam

COVARIATES = [
    *("age10", "menopause", "over20", "over50", "grade3"),
    *("log_nodes", "log_pgr", "log_er", "hormone"),
]


def covariates(cohort, over20, over50):
    """Return the covariates of `data/r_cox.R`."""
    columns = (
        cohort["age"] / 10, cohort["meno"], over20, over50, cohort["grade"] == 3,
        np.log(cohort["nodes"]), np.log1p(cohort["pgr"]), np.log1p(cohort["er"]), cohort["hormon"],
    )  # fmt: skip
    return np.column_stack(columns).astype(float)


@functools.cache
def rotterdam():
    """Return covariates and follow-up of the patients on whom R fits."""
    cohort = load_rotterdam()
    cohort = cohort[cohort["nodes"] > 0]
    X = covariates(cohort, cohort["size"] != "<=20", cohort["size"] == ">50")
    return X, cohort[["time", "status"]].to_numpy(float)


def gbsg():
    """Return those of the patients in whom R validates."""
    cohort = load_gbsg()
    X = covariates(cohort, cohort["size"] > 20, cohort["size"] > 50)
    return X, cohort[["time", "status"]].to_numpy(float)
