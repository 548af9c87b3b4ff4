"""The vault: a share never loses by others coming and going, and a first member cannot inflate it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.plain import plain

from solvent.codes import Accept
from solvent.risk.pool import VIRTUAL_QUANTA, VIRTUAL_SHARES, accepts, cash_for, shares_for

join, leave = plain(shares_for), plain(cash_for)
amounts = st.integers(1, 2**50)
outstanding = st.integers(0, 2**60)


def dearer(equity: int, shares: int, equity_after: int, shares_after: int) -> bool:
    """The price of a share has not fallen, compared by multiplying across."""
    before = (equity + VIRTUAL_QUANTA) * (shares_after + VIRTUAL_SHARES)
    return (equity_after + VIRTUAL_QUANTA) * (shares + VIRTUAL_SHARES) >= before


@settings(max_examples=300)
@given(amount=amounts, equity=st.integers(0, 2**50), shares=outstanding)
def test_the_price_of_a_share_never_falls_by_a_joining(amount, equity, shares) -> None:
    bought = int(join(amount, equity, shares))
    assert dearer(equity, shares, equity + amount, shares + bought)


@settings(max_examples=300)
@given(equity=st.integers(0, 2**50), shares=st.integers(1, 2**60), part=st.fractions(0, 1))
def test_the_price_of_a_share_never_falls_by_a_leaving(equity, shares, part) -> None:
    sold = int(shares * part)
    cash = int(leave(sold, equity, shares))
    assert cash <= equity
    assert dearer(equity, shares, equity - cash, shares - sold)


@settings(max_examples=300)
@given(amount=amounts, equity=st.integers(0, 2**50), shares=outstanding)
def test_joining_and_leaving_at_once_gains_nothing(amount, equity, shares) -> None:
    bought = int(join(amount, equity, shares))
    assert leave(bought, equity + amount, shares + bought) <= amount


@settings(max_examples=300)
@given(first=st.integers(1, 10**6), gift=st.integers(1, 2**45), victim=st.integers(1, 2**45))
def test_inflating_a_share_costs_the_attacker_more_than_the_victim_loses(first, gift, victim) -> None:
    held = int(join(first, 0, 0))
    bought = int(join(victim, first + gift, held))
    back = int(leave(bought, first + gift + victim, held + bought))
    taken = int(leave(held, first + gift + victim - back, held))
    assert taken <= first + gift
    # what is lost to rounding is at most one virtual share's part of what was given away
    assert victim - back <= (first + gift + victim) // VIRTUAL_SHARES + 2


@pytest.mark.parametrize(
    ("accept", "shortfall", "cover", "equity", "requirement", "taken"),
    [
        (Accept.ALWAYS, 9, 0, -9, 9, True),
        (Accept.COVERED, 9, 9, -9, 9, True),
        (Accept.COVERED, 10, 9, 99, 9, False),
        (Accept.MARGINED, 9, 9, 9, 9, True),
        (Accept.MARGINED, 9, 9, 8, 9, False),
        (Accept.MARGINED, 10, 9, 99, 9, False),
        (Accept.MARGINED, 0, 0, 0, 0, True),
    ],
)
def test_when_the_vault_takes_an_account_over(accept, shortfall, cover, equity, requirement, taken) -> None:
    assert plain(accepts)(accept, shortfall, cover, equity, requirement) == taken
