"""The network against the trees in the stored study of lab 8, table by table."""

from scipy import stats

from course.cases import leading_to, run_part

LAB, FIGURE = 8, "fig-ratio"
SOURCE = "data/study_sample_size.csv, with the settings chosen as in lab 8"

NAMES = ["ways", "log_ratios", "truths", "stored"]


def program() -> list[str]:
    """Return the lab's code that leads to the ratios, in every way of tuning."""
    return leading_to(f"{LAB:02d}", NAMES, "fig-tuning")


def data() -> dict[str, object]:
    """Return the log of the network's excess risk over the trees', for each table.

    `ratios` holds them by truth, way of tuning and number of rows; `quantiles` are those of the t
    distribution for a mean of so many tables.
    """
    names = run_part(program())
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
