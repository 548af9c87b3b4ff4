"""Allocation over winners: exact sums, caps kept, and the fractions it rounds."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.plain import plain

from solvent.lab.fairness.policies import levelled_lots, proportional, ranked
from solvent.risk.allocation import order_by_binding

AMOUNT = st.integers(0, 10**15)
ROWS = st.lists(st.tuples(AMOUNT, AMOUNT), min_size=1, max_size=12)


def filled(budget: int, weights: list[int], caps: list[int]) -> list[Fraction]:
    """The slow twin: raise the common rate from one binding cap to the next."""
    parts = [Fraction(0)] * len(weights)
    open_rows = [i for i in range(len(weights)) if weights[i] > 0]
    left = Fraction(min(budget, sum(caps[i] for i in open_rows)))
    while open_rows:
        total = sum(weights[i] for i in open_rows)
        bound = [i for i in open_rows if left * weights[i] >= caps[i] * total]
        if not bound:
            for i in open_rows:
                parts[i] = left * weights[i] / total
            break
        for i in bound:
            parts[i] = Fraction(caps[i])
            left -= caps[i]
        open_rows = [i for i in open_rows if i not in bound]
    return parts


@given(ROWS, AMOUNT)
def test_proportional_is_the_water_filling_within_rounding(rows, budget) -> None:
    weights = np.array([row[0] for row in rows], dtype=np.int64)
    caps = np.array([row[1] for row in rows], dtype=np.int64)
    parts = np.zeros(len(rows), dtype=np.int64)
    given_out = proportional(budget, weights, caps, parts)
    assert given_out == parts.sum() == min(budget, caps[weights > 0].sum())
    assert (parts >= 0).all()
    assert (parts <= caps).all()
    exact = filled(budget, weights.tolist(), caps.tolist())
    assert all(abs(part - real) <= len(rows) for part, real in zip(parts.tolist(), exact, strict=True))


@given(ROWS, AMOUNT)
def test_ranked_fills_the_first_before_the_next(rows, budget) -> None:
    ranks = np.array([row[0] for row in rows], dtype=np.int64)
    caps = np.array([row[1] for row in rows], dtype=np.int64)
    parts = np.zeros(len(rows), dtype=np.int64)
    assert ranked(budget, ranks, caps, parts) == parts.sum() == min(budget, caps.sum())
    order = sorted(range(len(rows)), key=lambda i: (-ranks[i], i))
    paid = [int(parts[i]) for i in order]
    full = [int(caps[i]) for i in order]
    partial = [place for place in range(len(order)) if paid[place] < full[place]]
    assert all(paid[place] == 0 for place in partial[1:])


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 10**6)), min_size=1, max_size=6),
    st.integers(1, 120),
    st.integers(1, 10**4),
)
def test_levelled_makes_the_largest_share_as_small_as_it_can_be(rows, lots, lot_quanta) -> None:
    available = np.array([row[0] for row in rows], dtype=np.int64)
    gains = np.array([row[1] for row in rows], dtype=np.int64)
    parts = np.zeros(len(rows), dtype=np.int64)
    dealt = levelled_lots(lots, lot_quanta, gains, available, parts)
    assert dealt == parts.sum() == min(lots, available.sum())
    assert (parts <= available).all()
    # no lot can be moved to somebody whose share would stay below the giver's
    for giver in range(len(rows)):
        for taker in range(len(rows)):
            if parts[giver] > 0 and parts[taker] < available[taker]:
                after = Fraction(int(parts[taker] + 1), int(gains[taker]))
                assert after >= Fraction(int(parts[giver]), int(gains[giver])) - Fraction(1, 2**20)


@given(
    pairs=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)), min_size=2, max_size=8),
)
def test_caps_bind_in_the_order_of_cap_over_weight(pairs) -> None:
    caps, weights = np.array(pairs, np.int64).T.copy()
    order = np.zeros(len(pairs), np.int64)
    plain(order_by_binding)(caps, weights, len(pairs), order)

    def rate(place: int) -> tuple[bool, Fraction, int]:
        weighty = bool(weights[place])
        return weighty, Fraction(int(caps[place]), int(weights[place])) if weighty else Fraction(0), place

    assert order.tolist() == sorted(range(len(pairs)), key=rate)
