"""Three rules of descent in a valley that one can turn: lab 10's, from its own start."""

import inspect
from typing import Any

from course.cases import leading_to, run_part

LAB, FIGURE = 10, "fig-valleys"
SOURCE = "the curvatures, the start, Adam's rate and the tolerance of lab 10's valley"
STEPS = 400  # in which a rule may arrive, as in the lab


def lab() -> dict[str, Any]:
    """Return the valley and the rules, as the lab has defined them where its figure stands."""
    names = ("h", "starts", "walkers", "descend", "steps_needed", "sgd", "momentum", "adam")
    return run_part(leading_to(f"{LAB:02d}", names, FIGURE))


def data() -> dict[str, Any]:
    """Return the lab's settings; the rates of the other two rules follow from the curvatures."""
    names = lab()
    return {
        "curvatures": names["h"].tolist(),
        "start": names["starts"]["along the axes"].tolist(),
        "adam": names["walkers"]["Adam"][1],
        "tolerance": inspect.signature(names["steps_needed"]).parameters["tolerance"].default,
        "steps": STEPS,
    }
