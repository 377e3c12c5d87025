"""Which statements of a lab a check needs."""

from lab_slice import needed, statements

PROGRAM = statements(
    [
        "import math\nscale = 1\nscale = 2\nother = 3",
        "def double(x):\n    return scale * x",
        "values = []\nfor i in range(3):\n    values.append(double(i))",
        "unused = sum(range(other))\nvalues[0] = math.pi",
        "total = sum(values)\ntotal += 1\nprint(other)\nvalues = None",
    ]
)


def lines(wanted: str, **options: str) -> list[str]:
    options = {"apart_from": "checks"} | options
    few = needed(PROGRAM, {PROGRAM.index(wanted)}, **options)
    return [PROGRAM[i].splitlines()[0] for i in few]


def test_what_sets_a_name_is_needed_but_not_what_it_was_before():
    assert lines("total += 1") == [
        "import math", "scale = 2", "def double(x):", "values = []", "for i in range(3):",
        "values[0] = math.pi", "total = sum(values)", "total += 1",
    ]  # fmt: skip


def test_a_name_can_be_left_out():
    assert lines("total += 1", apart_from="values") == ["total = sum(values)", "total += 1"]


def test_the_few_give_what_the_whole_program_gives():
    whole: dict[str, object] = {}
    exec("\n".join(PROGRAM), whole)
    some: dict[str, object] = {}
    for i in needed(PROGRAM, {PROGRAM.index("total += 1")}, apart_from="checks"):
        exec(PROGRAM[i], some)
    assert some["total"] == whole["total"]
