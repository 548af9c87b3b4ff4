"""A mutual fund: one rate for all, worth what it says, and contributions that add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.mutual.clearing import NetworkError, clear, network
from solvent.mutual.contagion import debt_rank, importance
from solvent.mutual.fund import (
    Layer,
    euler,
    full_cover,
    fund_for_cover,
    layered,
    shapley,
    stand_alone_cost,
    top_up,
    value_added,
)

FOUR = network([[0, 30, 20, 0], [10, 0, 20, 10], [0, 15, 0, 25], [5, 0, 10, 0]], [10, 20, 5, 40], [20, 10, 20, 5])


@st.composite
def networks(draw):
    count = draw(st.integers(2, 5))
    amount = st.integers(0, 40)
    owed = [[draw(amount) if i != j else 0 for j in range(count)] for i in range(count)]
    return network(owed, [draw(amount) for _ in range(count)], [draw(st.integers(1, 20)) for _ in range(count)])


@given(networks())
def test_no_fund_is_plain_clearing_and_full_cover_pays_everyone(net):
    assert np.allclose(top_up(net, 0.0).paid, clear(net).paid, atol=1e-7)
    everything = top_up(net, full_cover(net) + 1e-9)
    assert everything.rate == 1.0
    assert np.allclose(everything.paid, net.total)


@given(networks(), st.floats(0, 60), st.floats(0, 60))
def test_a_larger_fund_pays_more_and_never_beyond_itself(net, one, other):
    small, large = (top_up(net, size) for size in sorted((one, other)))
    for topped, size in ((small, min(one, other)), (large, max(one, other))):
        assert topped.used <= size + 1e-9
        assert np.allclose(topped.paid, topped.own + topped.rate * (net.total - topped.own), atol=1e-8)
        if topped.rate < 1.0:
            assert topped.used == pytest.approx(size, abs=1e-6)
    assert small.rate <= large.rate + 1e-9
    assert (small.paid <= large.paid + 1e-7).all()


@given(networks(), st.integers(1, 40))
def test_a_unit_of_fund_is_worth_at_least_a_unit_paid(net, size):
    if size <= full_cover(net):
        assert value_added(net, size) >= 1.0 - 1e-6


def test_the_second_protocol_is_saved_by_a_fund_of_twenty():
    assert top_up(FOUR, 10.0).defaulted == (0, 1, 2)
    assert top_up(FOUR, 20.0).defaulted == (0, 2)


def test_a_fund_below_nothing_is_refused():
    with pytest.raises(NetworkError, match="zero or more"):
        top_up(FOUR, -1.0)


@given(networks())
def test_contributions_add_up_to_full_cover(net):
    shares = shapley(lambda members: stand_alone_cost(net, members), len(net.assets))
    assert float(shares.sum()) == pytest.approx(full_cover(net), abs=1e-6)


def test_sampled_orders_also_add_up_and_equals_pay_alike():
    shares = shapley(lambda members: float(len(members)) ** 2, 10, orders=200)
    assert float(shares.sum()) == pytest.approx(100.0)
    exact = shapley(lambda members: float(len(members)) ** 2, 4)
    assert exact.tolist() == pytest.approx([4.0] * 4)


def test_eulers_shares_add_up_to_the_expected_shortfall():
    random = np.random.Generator(np.random.PCG64(5))
    losses = random.pareto(3, (1000, 3))
    total = np.sort(losses.sum(axis=1))[-10:].mean()
    assert float(euler(losses, 0.99).sum()) == pytest.approx(total)
    with pytest.raises(NetworkError, match="level"):
        euler(losses, 1.0)


def test_layers_stand_on_one_another():
    layers = [Layer(retention=0, limit=5), Layer(retention=5, limit=10, kept=0.2), Layer(retention=15, waiting=30)]
    assert layered(20.0, layers) == pytest.approx([5, 8, 5, 2])
    assert layered(20.0, layers, after=10.0) == pytest.approx([5, 8, 0, 7])
    with pytest.raises(NetworkError, match="begin where"):
        layered(20.0, [Layer(limit=20), Layer(limit=20)])
    with pytest.raises(NetworkError, match="no layer"):
        Layer(kept=2.0)


def test_cover_is_of_the_largest():
    assert fund_for_cover([3, 9, -4, 5], 2) == 14
    assert fund_for_cover([3, 9], 0) == 0
    with pytest.raises(NetworkError, match="Cover"):
        fund_for_cover([1], -1)


@given(networks(), st.lists(st.floats(0, 1), min_size=5, max_size=5), st.floats(0, 1))
def test_trouble_grows_with_the_shock_and_stays_a_share(net, first, more):
    count = len(net.assets)
    equity = net.assets + 1.0
    small = np.array(first[:count]) * more
    large = np.array(first[:count])
    one, other = debt_rank(net.owed, equity, small), debt_rank(net.owed, equity, large)
    assert (one.lost <= other.lost + 1e-9).all()
    assert ((other.lost >= large - 1e-12) & (other.lost <= 1.0)).all()
    assert other.added >= -1e-12


def test_a_chain_by_hand_and_who_matters():
    # 2 loses all, 1 had half its equity there, 0 a fifth of its own with 1
    exposures, equity = [[0, 2, 0], [0, 0, 4], [0, 0, 0]], [10, 8, 6]
    found = debt_rank(exposures, equity, [0, 0, 1])
    assert found.lost.tolist() == pytest.approx([0.1, 0.5, 1.0])
    assert found.added == pytest.approx((1 + 4) / 24)
    assert int(np.argmax(importance(exposures, equity))) == 2


@pytest.mark.parametrize(
    ("exposures", "equity", "shock", "word"),
    [([[0, 1]], [1], [0], "n x n"), ([[0]], [0], [0], "above zero"), ([[0]], [1], [2], "share")],
)
def test_what_is_no_shock_is_told(exposures, equity, shock, word):
    with pytest.raises(NetworkError, match=word):
        debt_rank(exposures, equity, shock)
