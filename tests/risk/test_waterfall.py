"""The waterfall: no layer pays more than it can, and a shared layer sums to the quantum."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ground import column
from tests.plain import plain

from solvent.risk.waterfall import share_out, take
from solvent.units import PPM

means = st.lists(st.integers(0, 10**12), min_size=1, max_size=12)


def shared(amount, parts_of):
    parts = column([-1] * len(parts_of))
    given_out = plain(share_out)(amount, column(parts_of), len(parts_of), parts)
    assert given_out == sum(parts)
    return parts.tolist()


@pytest.mark.parametrize(
    ("remaining", "means", "cap", "paid"),
    [
        (100, 500, PPM, 100),
        (100, 60, PPM, 60),
        (100, 60, 500_000, 30),
        (100, 61, 500_000, 30),
        (100, 0, PPM, 0),
        (100, -60, PPM, 0),
        (0, 60, PPM, 0),
        (100, 60, 0, 0),
        (-5, 60, PPM, 0),
    ],
)
def test_a_layer_takes_the_least_of_what_remains_what_it_has_and_its_cap(remaining, means, cap, paid) -> None:
    assert plain(take)(remaining, means, cap) == paid


@settings(max_examples=300)
@given(means=means, part=st.fractions(0, 1))
def test_parts_sum_to_the_amount_and_none_passes_its_means(means, part) -> None:
    amount = int(sum(means) * part)
    parts = shared(amount, means)
    assert sum(parts) == amount
    assert all(0 <= paid <= most for paid, most in zip(parts, means, strict=True))


@settings(max_examples=300)
@given(means=means, part=st.fractions(0, 1))
def test_each_part_is_its_proportion_within_one_quantum(means, part) -> None:
    amount, total = int(sum(means) * part), sum(means)
    for paid, most in zip(shared(amount, means), means, strict=True):
        assert not total or abs(paid * total - amount * most) < total


@settings(max_examples=300)
@given(means=means, part=st.fractions(0, 1), who=st.integers(0, 11), cut=st.fractions(0, 1))
def test_splitting_an_account_changes_nobodys_part_and_its_own_by_nothing(means, part, who, cut) -> None:
    amount, who = int(sum(means) * part), who % len(means)
    piece = int(means[who] * cut)
    whole = shared(amount, means)
    split = shared(amount, [*means[:who], piece, means[who] - piece, *means[who + 1 :]])
    assert split[:who] == whole[:who]
    assert split[who] + split[who + 1] == whole[who]
    assert split[who + 2 :] == whole[who + 1 :]


def test_nobody_pays_nothing_of_nothing() -> None:
    assert shared(0, [0, 0]) == [0, 0]
    assert shared(0, [5, 5]) == [0, 0]
