"""The graphs that lab 3's engine records, to walk through forward and backward."""

from typing import Any

from course.cases import leading_to, run_part

LAB, FIGURE = 3, "fig-graph"
SOURCE = "the graphs in memory of lab 3's engine: each value's step, its parents and its number"
# What the values are called, in the order in which Python computes them; the lab names its leaves.
RIDGE = ["t", "w", "x", "p", "r", "s", "λ", "q", "c", "L"]
CHAIN = ["3", "x", "y", "z", "1", "h"]


def lab() -> dict[str, Any]:
    """Return the lab's engine and its two expressions, computed."""
    names = ["Value", "in_order", "backward", "plus", "times", "ridge_loss", "two", "y_own"]
    return run_part(leading_to(f"{LAB:02d}", names, FIGURE))


def evaluated(end: Any) -> list[Any]:
    """Return the values behind a result, as Python has computed them: the left parent first."""
    order: list[Any] = []

    def visit(value: Any) -> None:
        if value not in order:
            for parent, _ in value.edges:
                visit(parent)
            order.append(value)

    visit(end)
    return order


def graph(end: Any, names: list[str]) -> list[dict[str, Any]]:
    """Return the values behind a result, each with the names of its parents."""
    values = evaluated(end)
    name = dict(zip(values, names, strict=True))
    return [
        {"name": name[value], "parents": [name[parent] for parent, _ in value.edges]}
        | ({"step": value.name} if value.edges else {"value": value.data})
        for value in values
    ]


def data() -> dict[str, Any]:
    """Return both graphs: the penalised loss, and the chain of the two calls of `backward`."""
    names = lab()
    chain = names["plus"](names["times"](3, names["y_own"]), 1)  # 3 * y + 1
    return {"ridge": graph(names["ridge_loss"], RIDGE), "chain": graph(chain, CHAIN)}
