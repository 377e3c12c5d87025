"""The labs' checks bite: a mistake in a lab's own code fails it, another seed does not."""

import pytest

pytest.importorskip("torch", reason="the labs' networks need torch")

from lab_runner import LABS, as_it_stands, behind, case, params, run_to_report

# GradcheckError and a second `backward` are RuntimeErrors, a class without a logit an IndexError.
FAILURES = (AssertionError, ValueError, ArithmeticError, RuntimeError, IndexError)


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_without_a_mistake_passes(lab):
    as_it_stands(lab)


@pytest.mark.parametrize(("lab", "right", "wrong", "verdict"), params("MISTAKES"))
def test_a_lab_with_a_mistake_fails(lab, right, wrong, verdict):
    with pytest.raises(FAILURES, match=verdict):
        run_with_a_mistake(lab, (right, wrong), verdict)


def run_with_a_mistake(lab, change, verdict):
    """Run what the check needs, and the whole lab where that is not enough for it to show."""
    if few := behind(lab, verdict, change):
        run_to_report(lab, change, only=few)
    run_to_report(lab, change)


@pytest.mark.parametrize(
    ("lab", "change"),
    [pytest.param(k, v, id=f"{k}: {v[1]}") for k in LABS for v in case(k).OTHER_SEEDS],
)
def test_a_lab_with_another_seed_passes(lab, change):
    """A stand-in for another processor or release of torch, whose numbers would differ too."""
    run_to_report(lab, change)


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_has_mistakes_and_other_seeds(lab):
    assert len(case(lab).MISTAKES) >= 6
    assert case(lab).OTHER_SEEDS
