"""Clearing: three ways to one vector, costs of default, classes, sales, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.mutual.clearing import (
    NetworkError,
    by_seniority,
    clear,
    clear_by_iteration,
    clear_by_program,
    network,
    sell,
)


@st.composite
def networks(draw, most=6):
    count = draw(st.integers(1, most))
    amount = st.integers(0, 40)
    owed = [[draw(amount) if i != j else 0 for j in range(count)] for i in range(count)]
    assets = [draw(amount) for _ in range(count)]
    # a little owed outside keeps payments from going round in a closed circle
    return network(owed, assets, [draw(st.integers(1, 20)) for _ in range(count)])


@given(networks())
def test_three_ways_agree(net):
    cleared = clear(net)
    assert np.allclose(cleared.paid, clear_by_iteration(net), atol=1e-8)
    assert np.allclose(cleared.paid, clear_by_program(net), atol=1e-6)


@given(networks(), st.floats(0, 1), st.floats(0, 1))
def test_costs_of_default_agree_with_the_iteration_and_never_help(net, alpha, beta):
    cleared = clear(net, alpha, beta)
    assert np.allclose(cleared.paid, clear_by_iteration(net, alpha, beta), atol=1e-6)
    assert (cleared.paid <= clear(net).paid + 1e-8).all()


@given(networks())
def test_nothing_is_made_and_limited_liability_holds(net):
    cleared = clear(net)
    assert (cleared.paid >= -1e-12).all()
    assert (cleared.paid <= net.total + 1e-9).all()
    assert (cleared.equity >= 0).all()
    # what came in is what went out or is left
    come = net.assets + net.received(cleared.paid)
    assert np.allclose(come, cleared.paid + cleared.equity, atol=1e-7)
    assert len(cleared.rounds) <= len(net.assets)
    assert all(set(one) <= set(other) for one, other in zip(cleared.rounds, cleared.rounds[1:], strict=False))


@given(networks(), st.integers(1, 20))
def test_more_assets_never_lower_a_payment(net, more):
    assert (clear(net.with_assets(net.assets + more)).paid >= clear(net).paid - 1e-8).all()


def test_two_protocols_by_hand():
    # 0 owes 1 ten and has four; 1 owes 0 two and has nothing of its own: 1 pays in full out of what it gets
    cleared = clear(network([[0, 10], [2, 0]], [4, 0]))
    assert cleared.paid.tolist() == pytest.approx([6, 2])
    assert cleared.equity.tolist() == pytest.approx([0, 4])
    assert cleared.defaulted == (0,)


def test_who_owes_more_than_nothing_with_assets_below_zero_pays_nothing():
    cleared = clear(network([[0, 10], [0, 0]], [-3, 5], [0, 1]))
    assert cleared.paid.tolist() == [0, 1]


def test_a_senior_class_is_served_first():
    senior, junior = network([[0, 5], [0, 0]], [0, 0]), network([[0, 10], [0, 0]], [0, 0])
    first, second = by_seniority([senior, junior], np.array([8.0, 0.0]))
    assert first.paid.tolist() == [5, 0]
    assert second.paid.tolist() == [3, 0]
    assert second.equity.tolist() == [0, 8]


def test_a_fire_sale_lowers_everyones_assets():
    net = network([[0, 10], [0, 0]], [2, 0], [0, 9])
    calm = sell(net, np.array([8.0, 9.0]), lambda _sold: 1.0)
    falling = sell(net, np.array([8.0, 9.0]), lambda sold: 1.0 / (1.0 + 0.02 * sold))
    assert calm.clearing.paid.tolist() == pytest.approx([10, 9])
    assert calm.sold.tolist() == pytest.approx([8, 0])
    assert falling.price < 1
    assert falling.clearing.paid[0] < 10
    assert falling.price == pytest.approx(1.0 / (1.0 + 0.02 * float(falling.sold.sum())))


def test_a_circle_without_assets_is_paid_in_full():
    # the greatest vector: everyone pays with what everyone pays
    net = network([[0, 10], [10, 0]], [0, 0])
    assert clear(net).paid.tolist() == [10, 10]


@pytest.mark.parametrize(
    ("owed", "assets", "outside", "word"),
    [
        ([[0, 1]], [1], None, "n x n"),
        ([[1]], [1], None, "owes itself"),
        ([[0, -1], [0, 0]], [1, 1], None, "negative"),
        ([[0, 1], [0, 0]], [1, float("nan")], None, "no number"),
        ([[0, 1], [0, 0]], [1, 1], [0, float("inf")], "no number"),
    ],
)
def test_what_is_no_network_is_told(owed, assets, outside, word):
    with pytest.raises(NetworkError, match=word):
        network(owed, assets, outside)


def test_a_recovery_is_a_share():
    with pytest.raises(NetworkError, match="between 0 and 1"):
        clear(network([[0, 1], [0, 0]], [1, 1]), 1.2)
