"""Two cohorts of patients with breast cancer: one to learn from, another to validate in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.datasets import verified

if TYPE_CHECKING:
    import pandas as pd


def load_rotterdam() -> pd.DataFrame:
    """Read the Rotterdam tumour bank: patients with primary breast cancer, followed up for years.

    Returns
    -------
    DataFrame
        2,982 rows, a patient each, in the order and with the names of R's `survival::rotterdam`:
        `pid`, `year` (of surgery), `age` (years), `meno` (1: after menopause), `size` (of the
        tumour in mm, categorical: <=20, 20-50, >50), `grade` (2 or 3), `nodes` (positive lymph
        nodes), `pgr` and `er` (progesterone and oestrogen receptors, fmol/l), `hormon` and `chemo`
        (1: treated so), `rtime` and `recur` (days to recurrence or the end of its follow-up; 1:
        recurrence), `dtime` and `death` (days to death or the end of follow-up; 1: death). Besides,
        for recurrence-free survival, `time` (days) and `status` (1: recurrence, or death without
        one; 1,670 events).

    Notes
    -----
    The 43 patients who died without recurrence after their follow-up for it had ended are
    censored at that end, since nobody knows whether they were free of it till their death. For
    the 1,546 patients with positive nodes, as in GBSG: `table[table["nodes"] > 0]`.

    P. Royston, D. G. Altman (2013). External validation of a Cox prognostic model: principles and
    methods. BMC Medical Research Methodology 13, 33.

    Examples
    --------
    >>> rotterdam = load_rotterdam()
    >>> int(rotterdam["status"].sum())
    1670
    """
    import pandas as pd

    table = pd.read_csv(verified("rotterdam.csv"))
    table["size"] = pd.Categorical(table["size"], ["<=20", "20-50", ">50"], ordered=True)
    return table


def load_gbsg() -> pd.DataFrame:
    """Read a trial of the German Breast Cancer Study Group: patients with positive lymph nodes.

    Returns
    -------
    DataFrame
        686 rows, a patient each, in the order and with the names of R's `survival::gbsg`: `pid`,
        `age` (years), `meno` (1: after menopause), `size` (of the tumour, in mm), `grade` (1 to
        3), `nodes` (positive lymph nodes), `pgr` and `er` (progesterone and oestrogen receptors,
        fmol/l), `hormon` (1: hormonal therapy), `rfstime` (days), and for recurrence-free survival
        `time` (the same days) and `status` (1: recurrence or death; 299 events).

    Notes
    -----
    The source is as for `load_rotterdam`.

    Examples
    --------
    >>> gbsg = load_gbsg()
    >>> int(gbsg["status"].sum())
    299
    """
    import pandas as pd

    return pd.read_csv(verified("gbsg.csv"))
