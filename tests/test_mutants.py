"""Mutants against tests: on a tiny package with a known hole, the hole is what is found."""

import re
import time
from itertools import chain

import pytest

from course import ROOT
from course.mutants.__main__ import draw, main
from course.mutants.module_tests import which_tests
from course.mutants.mutation import mutants
from course.mutants.trial import Copy

TINY = """
def clip(value, low=0):
    if value < low:
        return low
    return value
"""
TESTS = """
from labkit.tiny import clip


def test_clip(worker_id):  # a fixture of pytest-xdist, which the course's own tests ask for
    assert clip(2) == 2
    assert clip(-1, low=1) == 1
"""


@pytest.fixture
def project(tmp_path):
    for name in ("labkit", "tests", "data"):
        (tmp_path / name).mkdir()
    (tmp_path / "labkit" / "__init__.py").write_text("")
    (tmp_path / "labkit" / "tiny.py").write_text(TINY)
    (tmp_path / "tests" / "test_tiny.py").write_text(TESTS)
    return tmp_path


def found(capsys):
    """What was printed: the survivors in the order of the code, and the table."""
    lines = capsys.readouterr().out.splitlines()
    survivors = [line.removeprefix("survives: ") for line in lines if "survives: " in line]
    return survivors, lines[len(survivors) :]


def test_the_survivors_are_the_holes_in_the_tests(project, capsys):
    before = {path: path.read_bytes() for path in project.rglob("*.*")}
    main(["--sample", "all", "--jobs", "2"], root=project)
    survivors, table = found(capsys)
    assert survivors == [
        "labkit/tiny.py:2: 0  ->  1",
        "labkit/tiny.py:3: value < low  ->  value <= low",  # which changes nothing
    ]
    assert [re.sub(" +", " ", line) for line in table] == [
        "labkit/tiny.py 2 of 5 survive 40.0%", "together 2 of 5 survive 40.0%"
    ]  # fmt: skip
    assert {path: path.read_bytes() for path in project.rglob("*.*")} == before


def test_a_mutant_that_never_ends_is_noticed_by_the_time_limit(project, tmp_path_factory):
    copy = Copy(project, tmp_path_factory.mktemp("copy"))
    started = time.perf_counter()
    assert copy.fails({"labkit/tiny.py": "while True: pass"}, [["tests/test_tiny.py"]], 3)
    assert time.perf_counter() - started < 30
    assert (copy.folder / "labkit" / "tiny.py").read_text() == TINY


def test_the_same_seed_draws_the_same_sample_in_the_order_of_the_code(project):
    draws = [draw(["labkit/tiny.py"], 3, seed, project) for seed in (1, 1, 2)]
    assert str(draws[0]) == str(draws[1]) != str(draws[2])
    lines = [mutant.line for _, mutant in draws[0]]
    assert len(lines) == 3
    assert lines == sorted(lines)
    assert len(draw(["labkit/tiny.py"], 10**6, 1, project)) == len(mutants(TINY))


def refused(project, message, *arguments):
    with pytest.raises(SystemExit, match=message):
        main(["--sample", "1", "--jobs", "1", *arguments], root=project)


def test_tests_that_fail_already_say_nothing_of_a_mutant(project):
    (project / "tests" / "test_tiny.py").write_text("import labkit.tiny\ndef test(): assert False")
    refused(project, r"^Tests fail without a mutant\. See pytest tests/test_tiny\.py$")


def test_an_example_that_fails_already_says_nothing_of_a_mutant(project):
    (project / "labkit" / "tiny.py").write_text(f'"""\n>>> 1\n2\n"""\n{TINY}')
    refused(
        project, r"^Tests fail without a mutant\. See pytest --doctest-modules labkit/tiny\.py$"
    )


def test_tests_that_cannot_fail_say_nothing_of_a_mutant(project):
    (project / "tests" / "test_tiny.py").write_text("def test_nothing(): pass")
    refused(
        project, r"^labkit/tiny\.py: its tests pass also where it can't be imported: tests/test_"
    )


def test_a_module_without_tests_is_named(project):
    (project / "labkit" / "lonely.py").write_text("low = 0\n")
    refused(project, r"^labkit/lonely\.py has no tests: .*test_lonely\.py", "labkit/lonely.py")


def test_an_unknown_module_lists_the_known_ones(project, capsys):
    refused(project, "2", "labkit/big.py")
    assert "there is no module labkit/big.py; there are: labkit/tiny.py" in capsys.readouterr().err


@pytest.mark.parametrize("size", ["0", "-1", "some"])
def test_a_sample_is_1_or_more_or_all(project, capsys, size):
    refused(project, "2", "--sample", size)
    assert f"argument --sample: invalid sample_size value: '{size}'" in capsys.readouterr().err


def test_the_tests_of_a_module_come_first_then_those_of_what_it_offers_and_of_its_users():
    assert which_tests("labkit/intervals.py")[0] == ["tests/test_intervals.py"]
    own, others = which_tests("labkit/study.py")
    assert own == ["tests/test_study.py", "tests/test_study_on_dask.py"]
    assert "tests/test_figures.py" in others  # run_study, by name
    assert not set(own) & set(others)
    assert "tests/test_predictions.py" not in chain(*which_tests("labkit/cell.py"))  # renders
    (others,) = which_tests("labkit/tally.py")  # it has none of its own
    assert {"tests/test_train.py", "tests/test_inputs.py"} <= set(others)  # those of fit_torch


def test_every_module_of_labkit_has_tests_to_ask():
    for path in (ROOT / "labkit").glob("*.py"):
        if path.name != "__init__.py":
            assert which_tests(f"labkit/{path.name}"), path.name
