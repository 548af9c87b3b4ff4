"""Health: each step mends it exactly as far as it says, to the quantum."""

from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.plain import plain

from solvent.risk import health
from solvent.units import LIMIT

RATE = 10**12
PRICE = st.integers(1, 10**8)
WEIGHT = st.integers(0, 10**6)
AMOUNT = st.integers(-(10**12), 10**12)


def value(balance, price, weight):
    return Fraction(balance * price * (weight if balance >= 0 else 2 * 10**6 - weight), RATE)


@given(AMOUNT, PRICE, WEIGHT)
def test_a_balance_is_worth_no_more_than_its_value(balance, price, weight) -> None:
    got = plain(health.weighted_value)(balance, price, weight, 2 * 10**6 - weight, RATE)
    assert got <= value(balance, price, weight) < got + 1


@given(st.integers(-(10**14), 10**9), PRICE, WEIGHT, WEIGHT)
def test_repaying_what_is_needed_brings_health_to_zero(missing, price, asset, liability) -> None:
    rates = (price * (2 * 10**6 - liability), price * asset)
    needed = plain(health.liability_needed_up)(missing, *rates, RATE)
    if missing >= 0:
        assert needed == 0
        return
    gain = Fraction(rates[0] - rates[1], RATE)
    if gain <= 0 or needed >= 2**62 - 1:
        return
    assert missing + needed * gain >= 0
    assert missing + (needed - 1) * gain < 0


@given(AMOUNT, st.integers(0, 10**13), PRICE, st.integers(1, 10**6))
def test_an_own_balance_settles_until_health_is_spent(balance, spare, price, weight) -> None:
    # health without the loss: the balance's own value and what the rest of the account adds
    settled = plain(health.settleable)(balance, spare, price, weight, 2 * 10**6 - weight, RATE)
    rest = spare - value(balance, price, weight)
    left = value(balance - settled, price, weight) + rest
    assert left >= -1
    if settled == LIMIT:  # saturated: health is not spent because no whole number of 64 bits spends it
        return
    one = 2 * value(10**0, price, 2 * 10**6 - weight) + 2
    assert value(balance - settled - 1, price, weight) + rest <= one


@given(AMOUNT, st.integers(-(10**13), -1), PRICE, st.integers(1, 10**6))
def test_a_loss_that_leaves_brings_health_to_zero(balance, missing, price, weight) -> None:
    risen = plain(health.loss_to_end_up)(balance, missing, price, weight, 2 * 10**6 - weight, RATE)
    assume(risen < 2**60)
    rest = missing - value(balance, price, weight)
    assert value(balance + risen, price, weight) + rest >= -1
    assert value(balance + risen - 2, price, weight) + rest <= 1


@given(st.integers(0, 10**12), PRICE, st.integers(10**6, 1_200_000), PRICE, st.integers(0, 10**5))
def test_insurance_is_paid_up_in_whole_units_and_within_the_vault(loss, price, fee, other, units) -> None:
    unit = 1_000
    vault = units * unit
    taken, paid = plain(health.insured)(loss, price, fee, other, 10**6, vault, unit)
    assert 0 <= taken <= loss
    assert 0 <= paid <= vault
    assert paid % unit == 0
    worth = Fraction(taken * price * fee, 10**6 * other)
    assert worth <= paid
    if paid < vault:
        assert taken == loss
        assert paid < worth + unit


def test_what_is_sound_needs_nothing_and_what_nothing_spends_has_no_end() -> None:
    assert plain(health.loss_to_end_up)(-5, 0, 10, RATE, RATE, RATE) == 0
    assert plain(health.settleable)(0, 7, 10, RATE, 0, RATE) == LIMIT
    assert plain(health.settleable)(5, 0, 10, RATE, RATE, RATE) == 0
