"""Cox's partial likelihood: R's values, its definition written out, and what is refused."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from two_cohorts import COVARIATES, rotterdam

from labkit import cox_loss, fit_torch, fit_torch_many, load_reference

torch = pytest.importorskip("torch")
TIES = ("breslow", "efron")


@functools.cache
def newton(ties):
    """Return minus the log likelihood as a function, its minimum and its Hessian there."""
    X, y = map(torch.tensor, rotterdam())

    def loss(beta):
        return len(X) * cox_loss((X @ beta)[:, None], y, ties=ties)

    beta = torch.zeros(9, dtype=torch.float64)
    for _ in range(6):
        beta = beta - torch.linalg.solve(
            torch.func.hessian(loss)(beta), torch.func.grad(loss)(beta)
        )
    return loss, beta, torch.func.hessian(loss)(beta)


@pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning")  # torch's own
@pytest.mark.parametrize("ties", TIES)
def test_it_is_the_likelihood_that_r_maximises(ties):
    r = load_reference("cox")[ties]
    loss, beta, hessian = newton(ties)
    assert -loss(torch.zeros(9, dtype=torch.float64)).item() == pytest.approx(
        r["null_log_likelihood"], abs=1e-6
    )
    assert -loss(beta).item() == pytest.approx(r["log_likelihood"], abs=1e-6)
    np.testing.assert_allclose(beta, r[[f"coef_{name}" for name in COVARIATES]], atol=1e-6)
    se = torch.linalg.inv(hessian).diagonal().sqrt()
    np.testing.assert_allclose(se, r[[f"se_{name}" for name in COVARIATES]], atol=1e-6)


def written_out(score, time, event, ties):
    """Return the loss from its definition, a patient at a time."""
    total = 0.0
    for t in sorted(set(time[event == 1])):
        failed = [i for i in range(len(time)) if time[i] == t and event[i]]
        at_risk = sum(math.exp(score[i]) for i in range(len(time)) if time[i] >= t)
        leaving = sum(math.exp(score[i]) for i in failed)
        for k, i in enumerate(failed):
            left = leaving * k / len(failed) if ties == "efron" else 0.0
            total += math.log(at_risk - left) - score[i]
    return total / len(time)


patients = st.lists(
    st.tuples(st.floats(-5, 5), st.integers(1, 6), st.integers(0, 1)), min_size=1, max_size=12
)


@pytest.mark.parametrize("ties", TIES)
@settings(max_examples=60, deadline=None)
@given(rows=patients)
def test_it_is_its_definition(ties, rows):
    score, time, event = (np.array(column, float) for column in zip(*rows, strict=True))
    target = torch.tensor(np.column_stack([time, event]))
    loss = cox_loss(torch.tensor(score), target, ties=ties)
    assert loss.item() == pytest.approx(written_out(score, time, event, ties), abs=1e-12)


@pytest.mark.parametrize("ties", TIES)
def test_it_depends_on_neither_the_order_of_rows_nor_a_constant(ties):
    generator = torch.Generator().manual_seed(1)
    score = torch.randn(40, 1, generator=generator, dtype=torch.float64)
    time = torch.randint(1, 9, (40,), generator=generator)
    target = torch.stack([time, time % 2], 1).double()
    order = torch.randperm(40, generator=generator)
    value = cox_loss(score, target, ties=ties)
    torch.testing.assert_close(cox_loss(score[order], target[order], ties=ties), value)
    torch.testing.assert_close(cox_loss(score + 700, target, ties=ties), value)


@pytest.mark.parametrize("ties", TIES)
def test_its_gradient_is_that_of_finite_differences(ties):
    score = torch.linspace(-1, 2, 7, dtype=torch.float64).requires_grad_()
    target = torch.tensor([[2, 1], [2, 1], [1, 0], [3, 1], [2, 0], [3, 1], [5, 0]]).double()
    assert torch.autograd.gradcheck(lambda s: cox_loss(s, target, ties=ties), score)


@pytest.mark.parametrize("ties", TIES)
def test_large_scores_overflow_nowhere(ties):
    score = torch.tensor([80.0, -90.0, 100.0]).requires_grad_()  # e^100 is no float32
    target = torch.tensor([[1.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    loss = cox_loss(score, target, ties=ties)
    loss.backward()
    assert loss.item() == pytest.approx(210 / 3, rel=1e-6)
    assert torch.isfinite(score.grad).all()


def test_a_batch_without_an_event_says_nothing():
    score = torch.randn(3, 1).requires_grad_()
    loss = cox_loss(score, torch.tensor([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]))
    loss.backward()
    assert (loss.item(), score.grad.abs().max().item()) == (0.0, 0.0)


def linear(seed=0):
    torch.manual_seed(seed)
    return torch.nn.Linear(9, 1, bias=False)


@pytest.mark.parametrize("ties", TIES)
def test_the_loop_finds_rs_coefficients(ties):
    X, y = rotterdam()
    X = X - X.mean(axis=0)
    criterion = functools.partial(cox_loss, ties=ties)
    scale = X.std(axis=0)
    fit = fit_torch(linear(), X / scale, y, loss=criterion, optimizer="adam", lr=0.02, epochs=400)
    found = fit.model.weight.detach().numpy()[0] / scale
    expected = load_reference("cox")[ties][[f"coef_{name}" for name in COVARIATES]]
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("ties", TIES)
def test_many_networks_at_once_have_the_single_ones_losses(ties):
    X, y = (a[:200] for a in rotterdam())
    criterion = functools.partial(cox_loss, ties=ties)
    options = {"loss": criterion, "optimizer": "sgd", "lr": 0.01, "epochs": 3}
    many = fit_torch_many([linear(1), linear(2)], [(X, y)] * 2, **options)
    for seed, fit in zip((1, 2), many, strict=True):
        one = fit_torch(linear(seed), X, y, **options)
        np.testing.assert_allclose(fit.history["loss"], one.history["loss"], rtol=1e-5)


@pytest.mark.parametrize(
    ("prediction", "target", "says"),
    [
        (torch.zeros(3, 2), torch.ones(3, 2), r"shape \(n, 1\) or \(n,\).*not \(3, 2\)"),
        (torch.zeros(3, 1), torch.ones(3), r"and \(3,\)"),
        (torch.zeros(2, 1), torch.tensor([[1.0, 7.0], [0.0, 9.0]]), "row 0 .* event 7"),
        (torch.zeros(2, 1), torch.tensor([[1.0, 1.0], [math.nan, 1.0]]), "row 1 .* time nan"),
        (torch.zeros(2, 1), torch.tensor([[1.0, 1.0], [math.inf, 1.0]]), "row 1 .* time inf"),
    ],
)
def test_what_is_refused(prediction, target, says):
    with pytest.raises(ValueError, match=says):
        cox_loss(prediction, target)


def test_unknown_ties():
    with pytest.raises(ValueError, match=r"ties='exact' is unknown\. Known: breslow, efron"):
        cox_loss(torch.zeros(2, 1), torch.ones(2, 2), ties="exact")


def test_whole_numbers_are_targets_too():
    target = torch.tensor([[1, 1], [2, 0], [3, 1]])
    score = torch.tensor([[0.5], [0.1], [2.0]])
    assert cox_loss(score, target) == cox_loss(score, target.float())


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_under_vmap_a_wrong_value_is_no_number(place):
    target = torch.ones(2, 2, 2)
    target[place[0], 0, place[1]] = math.nan
    losses = torch.func.vmap(cox_loss)(torch.zeros(2, 2, 1), target)
    assert torch.isnan(losses).tolist() == [place[0] == 0, place[0] == 1]
