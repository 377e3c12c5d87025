"""The network against the trees in the stored study of lab 8, table by table."""

from scipy import stats

from course.cases import variables

LAB, FIGURE = 8, "fig-ratio"
SOURCE = "data/study_sample_size.csv, with the settings chosen as in lab 8"


def data() -> dict[str, object]:
    """Return the log of the network's excess risk over the trees', for each table.

    `ratios` holds them by truth, way of tuning and number of rows; `quantiles` are those of the t
    distribution for a mean of so many tables.
    """
    names = variables("08", "ways", "log_ratios", "truths", "stored")
    sizes = sorted(names["stored"]["n"].unique().tolist())
    ratios = {
        truth: {
            way: {
                str(n): gaps.tolist()
                for n, gaps in names["log_ratios"](study, truth, "trees").items()
            }
            for way, study in names["ways"].items()
        }
        for truth in names["truths"]
    }
    counts = {len(gaps) for ways in ratios.values() for w in ways.values() for gaps in w.values()}
    quantiles = {str(count): stats.t.ppf(0.975, count - 1) for count in sorted(counts)}
    return {"sizes": sizes, "ratios": ratios, "quantiles": quantiles}
