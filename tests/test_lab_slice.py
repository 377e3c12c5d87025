"""Which statements of a lab a check needs."""

from course.slice import needed, statements

PROGRAM = statements(
    [
        "import math\nscale = 1\nscale = 2\nother = 3",
        "def double(x):\n    return scale * x",
        "values = []\nfor i in range(3):\n    values.append(double(i))",
        "unused = sum(range(other))\nvalues[0] = math.pi",
        "total = sum(values)\ntotal += 1\nprint(other)\nvalues = None",
    ]
)


def lines(wanted: str, *, program: list[str] = PROGRAM, apart_from: str = "checks") -> list[str]:
    few = needed(program, {program.index(wanted)}, apart_from=apart_from)
    return [program[i].splitlines()[0] for i in few]


def test_what_sets_a_name_is_needed_but_not_what_it_was_before():
    assert lines("total += 1") == [
        "import math", "scale = 2", "def double(x):", "values = []", "for i in range(3):",
        "values[0] = math.pi", "total = sum(values)", "total += 1",
    ]  # fmt: skip


def test_a_name_can_be_left_out():
    assert lines("total += 1", apart_from="values") == ["total = sum(values)", "total += 1"]


def test_a_function_s_own_name_is_not_the_lab_s():
    own = "def count(data):\n    rows = len(data)\n    return [unit for unit in range(rows)]"
    program = statements(["rows = unit = 1", own, "checks = count('abc')"])
    assert lines("checks = count('abc')", program=program) == [
        "def count(data):", "checks = count('abc')",
    ]  # fmt: skip


def test_a_name_that_a_function_takes_from_the_lab_is_needed():
    outer = "def outer():\n    def inner():\n        return rows\n    return inner()"
    program = statements(["rows = 1", outer, "checks = outer()"])
    assert lines("checks = outer()", program=program)[0] == "rows = 1"


def test_making_a_module_changes_no_other_one():
    module = "class Net:\n    def __init__(self):\n        super().__init__()\n        self.w = 1"
    other = module.replace("Net", "Other")
    program = statements([module, other, "net = Net()", "checks = Other()"])
    assert lines("checks = Other()", program=program) == ["class Other:", "checks = Other()"]


def test_a_comprehension_s_name_neither_needs_nor_replaces_the_lab_s():
    program = statements(["x = 1", "y = [x for x in (2, 3)]", "z = x + sum(y)"])
    assert lines("y = [x for x in (2, 3)]", program=program) == ["y = [x for x in (2, 3)]"]
    assert lines("z = x + sum(y)", program=program) == program


def test_a_loop_sets_its_variable_unless_it_begins_with_it():
    loop, again = "for name in 'abc':\n    print(name)", "for name in name:\n    print(name)"
    assert lines(loop, program=["name = 1", loop]) == ["for name in 'abc':"]
    assert lines(again, program=["name = 'abc'", again]) == ["name = 'abc'", "for name in name:"]


def test_the_few_give_what_the_whole_program_gives():
    whole: dict[str, object] = {}
    exec("\n".join(PROGRAM), whole)
    some: dict[str, object] = {}
    for i in needed(PROGRAM, {PROGRAM.index("total += 1")}, apart_from="checks"):
        exec(PROGRAM[i], some)
    assert some["total"] == whole["total"]
