"""How the tests are dealt to the workers: whole files, but the labs' cases lab by lab."""

from types import SimpleNamespace

import pytest

from course.notebook import labs

pytest.importorskip("xdist", reason="without it there is one worker")


def scheduler(request, dist="loadfile"):
    values = {"dist": dist, "tx": ["2*popen"]}
    config = SimpleNamespace(getvalue=values.get)
    hook = request.config.pluginmanager.hook.pytest_xdist_make_scheduler
    return hook(config=config, log=None)


def test_the_cases_of_a_lab_are_dealt_together_and_apart_from_other_labs(request):
    split = scheduler(request)._split_scope
    file = "tests/test_labs_bite.py::test_a_lab_with_a_mistake_fails"
    dealt = [split(f"{file}[{path.stem[:2]}: {name}]") for path in labs() for name in "ab"]
    assert len(set(dealt)) == len(labs())
    assert dealt[::2] == dealt[1::2]
    assert split("tests/test_ols.py::test_a[01]") == split("tests/test_ols.py::test_b")


def test_another_way_of_dealing_is_left_alone(request):
    assert scheduler(request, "loadscope") is None
