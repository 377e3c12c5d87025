"""Gradient descent by hand: lab 1's loop on two features, so that the loss can be drawn."""

import numpy as np

import labkit

TITLE, TASKS = "Gradient descent by hand", "explorer.html"
SOURCE = "labkit.make_linear(50, 2, beta=(2, -1), noise_sd=0.5, rng=labkit.RStream(42))"
# The settings of the static table: the lab's own, a good rate, two past the limit, other units.
RUNS = [(0.01, 200, 1), (0.3, 20, 1), (0.8, 20, 1), (0.01, 200, 10), (0.01, 20, 100)]
HEADS = ["scale of feature 2", "largest stable rate", "learning rate", "steps", "loss after them"]


def draw() -> labkit.LinearData:
    """Draw the table."""
    return labkit.make_linear(50, 2, beta=(2, -1), noise_sd=0.5, rng=labkit.RStream(42))


def data() -> dict[str, list[float]]:
    """Return the table, every digit of it."""
    table = draw()
    return {"X": table.X.tolist(), "y": table.y.tolist()}


def without_script() -> str:
    """Return a sentence and a table of a few runs, as HTML."""
    heads = "".join(f'<th scope="col">{head}</th>' for head in HEADS)
    body = ""
    for run in RUNS:
        cells = "".join(f'<td class="number">{entry}</td>' for entry in one_run(*run))
        body += f"<tr>{cells}</tr>"
    table = draw()
    level = np.mean(labkit.fit_ols(table.X, table.y).residuals ** 2)
    text = (
        "With JavaScript an explorer stands here, with sliders for the learning rate, the number "
        "of steps and the scale of a feature. Without it, here are some of its runs. The loss of "
        f"least squares is {level:.4f}, whatever the scale."
    )
    caption = "Gradient descent on 50 rows with two features"
    return (
        f"<p>{text}</p><table><caption>{caption}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def one_run(lr: float, steps: int, scale: float) -> list[str]:
    """Run gradient descent once and return the row of the table, in words where it diverged."""
    table = draw()
    X = table.X * [1, scale]
    limit = labkit.largest_stable_lr(X)
    try:
        w = labkit.fit_linear(X, table.y, lr=lr, steps=steps).params["w"]
        loss = f"{np.mean((table.y - X @ w) ** 2):.4f}"
    except labkit.TrainingDiverged:
        loss = "diverges"
    return [f"{scale:g}", f"{limit:.3g}", f"{lr:g}", f"{steps}", loss]
