"""Scaling, dropout and sparse features."""

import pytest
import torch

from triptych.graphs.dropout import InputDropout, dropout
from triptych.graphs.normalise import columns, rows, scale
from triptych.graphs.sparse import Sparse, product


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_rows_sum_to_one_or_stay_zero() -> None:
    x = torch.tensor([[1.0, 3.0], [0.0, 0.0], [2.0, 2.0]])
    scaled = rows(x)
    assert scaled.sum(1).tolist() == [1.0, 0.0, 1.0]
    assert scaled.isfinite().all()
    assert rows(torch.tensor([[-1.0, 1.0]])).tolist() == [[-0.5, 0.5]]  # no division by the sum 0


def test_columns_have_mean_zero_and_variance_one_or_are_zero() -> None:
    x = torch.stack([torch.tensor([1.0, 2.0, 6.0]), torch.full((3,), 0.1)], dim=1)
    scaled = columns(x)
    torch.testing.assert_close(scaled.mean(0), torch.zeros(2), rtol=0, atol=1e-6)
    torch.testing.assert_close(scaled[:, 0].var(correction=0), torch.tensor(1.0))
    assert scaled[:, 1].tolist() == [0, 0, 0]


def test_scale_none_is_the_same_object() -> None:
    x = torch.ones(2, 2)
    assert scale(x, "none") is x


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout_keeps_the_mean_and_the_rate(rate: float) -> None:
    x = torch.ones(300, 401)
    dropped = dropout(x, rate, generator())
    assert isinstance(dropped, torch.Tensor)
    kept = 1 - round(rate * 256) / 256
    values = dropped.unique()
    torch.testing.assert_close(values, torch.tensor([0.0, 1 / kept]))
    # Six standard deviations of a mean of n independent entries.
    bound = 6 * ((1 - kept) / kept / x.numel()) ** 0.5
    assert abs(float(dropped.mean()) - 1) < bound


def test_dropout_draws_are_independent_of_neighbours() -> None:
    kept = dropout(torch.ones(1000, 800), 0.5, generator(1)) > 0  # type: ignore[operator]
    for shift in (1, 2, 7, 8, 800):  # within a word, across words, down a column
        flat = kept.flatten()
        agree = float((flat[shift:] == flat[:-shift]).double().mean())
        assert abs(agree - 0.5) < 6 * 0.5 / len(flat) ** 0.5


def test_dropout_without_generator_or_rate_is_the_identity() -> None:
    x = torch.randn(3, 4)
    assert dropout(x, 0.5, None) is x
    assert dropout(x, 0.0, generator()) is x
    assert InputDropout(x, 0.5)(None) is x


def test_dropout_of_the_input_is_dropout() -> None:
    x = torch.randn(7, 5)
    held, rng, other = InputDropout(x, 0.3), generator(), generator()
    for _ in range(3):
        again = held(rng)
        assert isinstance(again, torch.Tensor)
        expected = dropout(x, 0.3, other)
        assert isinstance(expected, torch.Tensor)
        assert torch.equal(again, expected)
        assert not torch.equal(again, x)


def test_dropout_of_sparse_features_draws_for_the_stored_entries_only() -> None:
    x = torch.eye(50) * 3
    for dropped in (dropout(Sparse.from_dense(x), 0.5, generator()),
                    InputDropout(Sparse.from_dense(x), 0.5)(generator())):  # fmt: skip
        assert isinstance(dropped, Sparse)
        assert len(dropped.values) == 50
        assert set(dropped.values.tolist()) == {0.0, 6.0}


def test_a_rate_that_rounds_to_zero_drops_nothing() -> None:
    x = torch.ones(64, 64)  # one bit pattern in 256 would be dropped otherwise
    assert torch.equal(dropout(x, 0.001, generator()), x)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [0, 1, 3, 16, 33])
def test_single_precision_products_are_those_of_double_but_for_rounding(width: int) -> None:
    rng = generator(3)
    x = torch.randn(9, 7, generator=rng) * (torch.rand(9, 7, generator=rng) < 0.6)
    x[4] = 0  # an empty row
    x[:, 2] = 0  # a column that nothing names: infinite there, a dense product would give nan
    weight = torch.randn(width, 7, generator=rng).T  # not contiguous
    sparse = Sparse.from_dense(x)
    found = product(sparse.matrix, weight)
    # Up to 7 products of numbers of order 1, each rounded and added: 14 roundings of sums below 16.
    torch.testing.assert_close(
        found.double(), x.double() @ weight.double(), rtol=0, atol=14 * 16 * 2.0**-24
    )
    assert not found[4].any()
    weight = weight.clone()
    weight[2] = torch.inf
    assert torch.equal(product(sparse.matrix, weight), found)
    back = torch.randn(9, width, generator=rng)
    torch.testing.assert_close(
        product(sparse.transposed, back).double(), x.double().T @ back.double(),
        rtol=0, atol=18 * 16 * 2.0**-24,
    )  # fmt: skip


def test_sparse_products_and_gradients_equal_dense_ones() -> None:
    rng = generator(2)
    x = torch.randn(8, 6, generator=rng, dtype=torch.float64)
    x[torch.rand(8, 6, generator=rng) < 0.7] = 0
    x[3] = 0  # an empty row
    weight = torch.randn(6, 4, generator=rng, dtype=torch.float64, requires_grad=True)
    sparse = Sparse.from_dense(x)
    torch.testing.assert_close(sparse @ weight, x @ weight, rtol=0, atol=1e-14)
    assert torch.autograd.gradcheck(lambda w: sparse @ w, (weight,))
    changed = sparse.with_values(sparse.values * 2)
    torch.testing.assert_close(changed @ weight, 2 * x @ weight, rtol=0, atol=1e-14)
    assert torch.autograd.gradcheck(lambda w: changed @ w, (weight,))
    torch.testing.assert_close(changed.transposed.to_dense(), 2 * x.T)
