"""Lab 13: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.optimize import brentq, minimize_scalar

# What makes the lab quick and changes no verdict.
QUICK = {
    "n_jobs=2": "n_jobs=1",
    '"epochs": 75, "lr": 0.02': '"epochs": 30, "lr": 0.05',
    "size=1000": "size=400",
    "for draw in range(20)": "for draw in range(5)",
    "for table in range(10)": "for table in range(6)",
    "for seed in range(5)": "for seed in range(3)",
    "for decay in (1.0, 3.0, 10.0)": "for decay in (1.0, 3.0)",
    "for width in (8, 32)": "for width in (8,)",
    "for p in (0.0, 0.03, 0.3)": "for p in (0.0,)",
    "for _ in range(4)": "for _ in range(2)",
    "others = delayed(cross_validate), (3, 4)": "others = delayed(cross_validate), ()",
    "sizes, deals, rows = (4, 8, 32, 128, n), 10, []": ("sizes, deals, rows = (4, 32, n), 6, []"),
    "rows=20_000": "rows=10_000",
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "only those who stay longer at risk": (
        "at_risk = time >= time[fails, None]\n    return",
        "at_risk = time > time[fails, None]\n    return",
        "log likelihoods minus R's",
    ),
    "a Hessian of second moments": (
        "@ X - expected.T @ expected + ridge",
        "@ X + ridge",
        "standard errors minus R's",
    ),
    "batches that are ignored": (
        " & (batch == batch[fails, None])\n    beta",
        "\n    beta",
        "gradient over batches at the fit",
    ),
    "the mean for the sum": ("hessian = n * torch", "hessian = torch", "torch's s.e. minus R's"),
    "pairs of a tie left out": (
        "later |= (test.time == test.time[:, None]) & (test.event == 0)\n",
        "",
        "C in GBSG minus R's",
    ),
    "survival for risk": ("risk = -S[:, -1]", "risk = S[:, -1]", "C in GBSG minus R's"),
    "the censored left out, without weights": (
        "failed = failed / np.maximum(G[:, before], 1e-9)",
        "failed = failed * 1.0",
        "Brier scores minus R's",
    ),
    "followed up beyond the event": (
        'before = np.searchsorted(leaves[:, 0], test.time, side="left")',
        'before = np.searchsorted(leaves[:, 0], test.time, side="right")',
        "Brier scores minus R's",
    ),
    "asked while censored": (
        "at_risk = (k < through) | event\n    y",
        "at_risk = k <= through\n    y",
        "person-periods minus log loss",
    ),
    "the quarter of censoring counted": (
        "np.floor(np.minimum(cohort.time, 5) * 4)",
        "np.ceil(np.minimum(cohort.time, 5) * 4)",
        "tuning losses, another way",
    ),
    "late hazards from the start": (
        "np.minimum(quarters, 2), np.maximum(quarters - 2, 0)\n    return Truth",
        "np.minimum(quarters, 2), quarters\n    return Truth",
        "simulated survival minus formula",
    ),
    "time that jumps": (
        "2 + (spent - 2 * early) / late",
        "spent / late",
        "simulated survival minus formula",
    ),
    "a slope on survival": (
        "log_hazard = np.log(-np.log(of_linear[:, -1]))",
        "log_hazard = -np.log(of_linear[:, -1])",
        "calibration slope minus R's",
    ),
    "all tied events stay": (
        "share = earlier / tied.sum(axis=1)",
        "share = 0 * earlier",
        "Efron's log likelihoods minus R's",
    ),
    "one source of chance": (
        "np.hypot(gap[1:].std(), refit_sd)",
        "gap[1:].std()",
        "half width, another way",
    ),
}

# A leak or an unfairness in the whole study: what turns a verdict, or what it rests on, red.
UNFAIR = {
    "tuned in GBSG": (
        "losses = cross_validate(name, cohort, seed=1)",
        'losses = cross_validate(name, test if "network" in name else cohort, seed=1)',
        "tuning losses, another way",
    ),
    "held-out patients that train": (
        "S = fit(seen, setting, seed)(unseen.X)",
        "S = fit(cohort, setting, seed)(unseen.X)",
        "tuning losses, another way",
    ),
    "new patients centred among themselves": (
        "fit.predict(standardise(X, cohort.X)).ravel()",
        "fit.predict(standardise(X, cohort.X) - X.mean(axis=0)).ravel()",
        "prediction moved by its company",
    ),
    "standardised with both cohorts": (
        "def standardise(X, of):\n",
        "def standardise(X, of):\n    of = np.vstack([of, test.X]) if of.shape[1] == 9 else of\n",
        "training columns, mean and s.d.",
    ),
    "GBSG trains the network": (
        '    seeds = seeds if "network" in name else [0]\n',
        '    seeds = seeds if "network" in name else [0]\n'
        '    if "network" in name:\n'
        "        joined = zip(cohort, test, strict=True)\n"
        "        cohort = Cohort(*map(np.concatenate, joined))\n",
        "network fitted to Rotterdam alone",
    ),
    "splines that are not tuned": (
        "for knots in (3, 5)",
        "for knots in (5,)",
        "candidates, most minus fewest",
    ),
}

# Must change no verdict: a stand-in for another processor or release.
OTHER_SEEDS = [
    ("rng = np.random.default_rng(2)", "rng = np.random.default_rng(22)"),
    ("ten = range(10)", "ten = range(10, 20)"),
    ("np.random.default_rng([4,", "np.random.default_rng([5,"),
]


# A wrong answer: the exercise, the answer, and what its check must say.
def periods(through, failed, count, k_first=0, at_failure=True):
    k = np.arange(k_first, count + k_first)
    event = (k == through[:, None]) & failed[:, None]
    return (k < through[:, None]) | (event & at_failure), event


def everybody_once_more(through, failed, count):
    k = np.arange(count)
    return k <= through[:, None], periods(through, failed, count)[1]


def events_of_all(through, failed, count):
    at_risk, _ = periods(through, failed, count)
    k = np.arange(count)
    return at_risk, k == through[:, None]


def rows_of_the_event(time, event):
    return time[event == 1, None]


WRONG: dict[str, tuple[str, Any, str]] = {
    "no entry": (
        "risk_sets",
        lambda start, time, event: time >= rows_of_the_event(time, event),
        "who has not entered",
    ),
    "at risk at the moment of entry": (
        "risk_sets",
        lambda start, time, event: (
            (time >= rows_of_the_event(time, event)) & (start <= rows_of_the_event(time, event))
        ),
        "who has not entered",
    ),
    "gone at her own event": (
        "risk_sets",
        lambda start, time, event: (
            (time > rows_of_the_event(time, event)) & (start < rows_of_the_event(time, event))
        ),
        "missing at her own event",
    ),
    "a row for each patient": (
        "risk_sets",
        lambda start, time, event: (time >= time[:, None]) & (start < time[:, None]),
        "its shape is",
    ),
    "turned round": (
        "risk_sets",
        lambda start, time, event: (
            (time <= rows_of_the_event(time, event)) & (start < rows_of_the_event(time, event))
        ),
        "who has left",
    ),
    "the failing period forgotten": (
        "person_periods",
        lambda *given: periods(*given, at_failure=False),
        "is not asked in that period",
    ),
    "counted from one": (
        "person_periods",
        lambda *given: periods(*given, k_first=1),
        "she answers",
    ),
    "asked while censored": ("person_periods", everybody_once_more, "answer too often"),
    "the censored fail": ("person_periods", events_of_all, "events where there are"),
    "the tables exchanged": (
        "person_periods",
        lambda *given: periods(*given)[::-1],
        "events where there are",
    ),
    "the ratio of two logarithms": (
        "factor",
        lambda S, observed: np.log(observed) / np.log(S.mean()),
        "the mean is",
    ),
    "the mean of the logarithms": (
        "factor",
        lambda S, observed: np.log(observed) / np.log(S).mean(),
        "the mean is",
    ),
    "a factor of survival": ("factor", lambda S, observed: observed / S.mean(), "the mean is"),
    "nothing mended": ("factor", lambda S, observed: 1.0, "the mean is"),
    "a negative one": ("factor", lambda S, observed: -1.0, "no factor of a hazard"),
}

# A right answer in an unusual dress: the exercise and the answer.
RIGHT: dict[str, tuple[str, Any]] = {
    "rows in a loop": (
        "risk_sets",
        lambda start, time, event: [
            [s < a <= t for s, t in zip(start, time, strict=True)] for a in time[event == 1]
        ],
    ),
    "a tensor": (
        "risk_sets",
        lambda start, time, event: (
            (torch.tensor(time) >= torch.tensor(time[event == 1])[:, None])
            & (torch.tensor(start) < torch.tensor(time[event == 1])[:, None])
        ),
    ),
    "ones and zeros": (
        "risk_sets",
        lambda start, time, event: np.array(
            [np.sign(np.maximum(0, (time >= a) * (a - start))) for a in time[event == 1]]
        ),
    ),
    "two lists": (
        "person_periods",
        lambda *given: [table.astype(int).tolist() for table in periods(*given)],
    ),
    "data frames": (
        "person_periods",
        lambda *given: tuple(pd.DataFrame(table) for table in periods(*given)),
    ),
    "lengths compared": (
        "person_periods",
        lambda through, failed, count: (
            np.arange(count) < (through + failed)[:, None],
            np.eye(count + 1)[through][:, :count] * failed[:, None],
        ),
    ),
    "by Brent": (
        "factor",
        lambda S, observed: brentq(lambda a: np.mean(S**a) - observed, 1e-3, 50),
    ),
    "by least squares": (
        "factor",
        lambda S, observed: (
            minimize_scalar(
                lambda a: (np.mean(S**a) - observed) ** 2,
                bounds=(0.01, 20),
                options={"xatol": 1e-8},
            ).x
        ),
    ),
    "from a grid": (
        "factor",
        lambda S, observed: np.array(
            [min(np.linspace(0.1, 5, 20_000), key=lambda a: abs(np.mean(S**a) - observed))]
        ),
    ),
}
