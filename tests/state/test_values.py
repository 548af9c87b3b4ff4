"""What contracts are worth: linear exactly, inverse rounded once, and nothing made or lost between two sides."""

from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.ground import blank_state, contract_of, give, open_account
from tests.plain import plain

from solvent.codes import ContractKind
from solvent.state import ledger, values
from solvent.units import LIMIT, VALUE_MAX

COIN = 10**8
XBTUSD = {"unit": COIN * 2, "inverse": True, "least": 2_000, "most": 4_000_000, "lots": 10**9}
"""A dollar of bitcoin in satoshis, with a tick of half a dollar; not below 1,000 dollars."""

LOTS = st.integers(-(10**9), 10**9)
TICKS = st.integers(2_000, 4_000_000)


def whole(function: Any) -> Any:
    """The plain function, its number a Python integer, which does not wrap."""
    return lambda *given: int(plain(function)(*given))


def nearest_away(exact: Fraction) -> int:
    """To the nearest, halves away from zero."""
    size = floor(abs(exact) + Fraction(1, 2))
    return size if exact >= 0 else -size


@given(lots=st.integers(-(10**6), 10**6), price=st.integers(1, 10**6), unit=st.integers(1, 10**4))
def test_a_linear_value_is_exact_however_it_is_asked_for(lots, price, unit) -> None:
    contract = contract_of(unit)
    exact = lots * price * unit
    assert whole(values.traded_quanta)(contract, lots, price) == exact
    assert whole(values.marked_quanta)(contract, lots, price) == exact
    assert whole(values.exposure_quanta)(contract, lots, price) == exact
    assert whole(values.notional_up)(contract, abs(lots), price) == abs(exact)
    assert whole(values.market_value_saturated)(contract, abs(lots), price) == abs(exact)
    numerator, denominator = plain(values.lot_price)(contract, price)
    assert Fraction(numerator, denominator) == unit * price


@given(lots=LOTS, price=TICKS)
def test_an_inverse_value_is_rounded_once_and_against_the_account(lots, price) -> None:
    contract = contract_of(**XBTUSD)
    exact = Fraction(-lots * int(contract.quanta_per_lot_tick), price)
    assert whole(values.traded_quanta)(contract, lots, price) == nearest_away(exact)
    assert whole(values.marked_quanta)(contract, lots, price) == floor(exact)
    assert whole(values.notional_up)(contract, abs(lots), price) == ceil(abs(exact))
    assert whole(values.exposure_quanta)(contract, lots, price) == ceil(abs(exact)) * (1 if lots >= 0 else -1)
    assert whole(values.market_value_saturated)(contract, abs(lots), price) == floor(abs(exact))
    numerator, denominator = plain(values.lot_price)(contract, price)
    assert Fraction(numerator, denominator) == Fraction(int(contract.quanta_per_lot_tick), price)


@given(lots=LOTS, price=TICKS, other=TICKS)
def test_what_one_side_pays_the_other_receives_and_a_long_gains_when_the_price_rises(lots, price, other) -> None:
    contract = contract_of(**XBTUSD)
    traded = whole(values.traded_quanta)
    assert traded(contract, lots, price) + traded(contract, -lots, price) == 0
    if lots > 0 and price <= other:
        assert whole(values.marked_quanta)(contract, lots, price) <= whole(values.marked_quanta)(contract, lots, other)
    # the gain of the published formula, lots x (1 / entry - 1 / exit), within the rounding of its two values
    gain = whole(values.marked_quanta)(contract, lots, other) - traded(contract, lots, price)
    exact = lots * int(contract.quanta_per_lot_tick) * (Fraction(1, price) - Fraction(1, other))
    assert exact - Fraction(3, 2) <= gain <= exact + Fraction(1, 2)


@given(quanta=st.integers(0, VALUE_MAX), price=TICKS, inverse=st.booleans())
def test_the_lots_within_an_amount_are_the_most_whose_notional_is_not_above_it(quanta, price, inverse) -> None:
    contract = contract_of(**XBTUSD) if inverse else contract_of(3)
    lots = whole(values.lots_within)(contract, quanta, price)
    assume(lots < LIMIT // 2**30)
    notional = whole(values.notional_up)
    assert notional(contract, lots, price) <= quanta < notional(contract, lots + 1, price)


def test_the_value_of_a_whole_market_is_held_to_the_limit() -> None:
    assert whole(values.market_value_saturated)(contract_of(10**6), LIMIT, 10**6) == LIMIT
    assert whole(values.market_value_saturated)(contract_of(10**6, inverse=True), LIMIT, 1) == LIMIT


@given(lots=LOTS.filter(bool), price=TICKS, cost=st.integers(-(10**13), 10**13), inverse=st.booleans())
def test_a_fill_at_the_limit_costs_no_more_than_may_be_lost_and_a_tick_worse_does(lots, price, cost, inverse) -> None:
    contract = contract_of(**XBTUSD) if inverse else contract_of(3, least=2_000, most=4_000_000)
    limit = whole(values.closing_limit_ticks)(contract, lots, price, cost)
    assert 2_000 <= limit <= 4_000_000

    def left(ticks: int) -> Fraction:
        # the mark's value is the machine's, what the fill is worth is taken exactly
        size = Fraction(int(contract.quanta_per_lot_tick))
        filled = -lots * size / ticks if inverse else lots * size * ticks
        return cost + filled - whole(values.marked_quanta)(contract, lots, price)

    worse = limit - 1 if lots > 0 else limit + 1
    if 2_000 < limit < 4_000_000:
        assert left(limit) >= 0 > left(worse)
    if cost < 0:
        assert limit >= min(price, 4_000_000) if lots > 0 else limit <= max(price, 2_000)


def test_the_bankruptcy_price_of_an_inverse_position_is_the_published_one() -> None:
    # Bybit: entry 7,890.08 at fifty times: long 7,890.08 x 50 / 51, short x 50 / 49; a tick is a cent
    contract = contract_of(COIN * 100, inverse=True, most=10**8, lots=10**6)
    for side, exact in ((1, Fraction(789_008 * 50, 51)), (-1, Fraction(789_008 * 50, 49))):
        lots = side * 1_000_000
        margin = whole(values.notional_up)(contract, 1_000_000, 789_008) // 50
        limit = whole(values.closing_limit_ticks)(contract, lots, 789_008, margin)
        assert abs(limit - exact) < 1


@given(entry=st.integers(1, 10**6), leverage=st.integers(2, 125), side=st.sampled_from([1, -1]))
def test_a_coin_margined_position_has_lost_its_margin_at_its_bankruptcy_price(entry, leverage, side) -> None:
    # worth its leverage in units of its margin: long entry x L / (L + 1), short entry x L / (L - 1)
    contract = contract_of(entry, inverse=True, most=10**10)
    limit = whole(values.closing_limit_ticks)(contract, side * leverage * 10**6, entry, 10**6)
    exact = Fraction(entry * leverage, leverage + side)
    assert limit == (ceil(exact) if side > 0 else floor(exact))


def test_a_short_that_is_owed_less_than_it_may_lose_has_no_limit() -> None:
    contract = contract_of(**XBTUSD)
    assert whole(values.closing_limit_ticks)(contract, -100, 100_000, 10**9) == contract.price_max_ticks


@given(bids=st.integers(0, 10**6), asks=st.integers(0, 10**6), at=TICKS, mark=TICKS, inverse=st.booleans())
def test_an_open_order_loses_what_is_between_its_price_and_the_mark(bids, asks, at, mark, inverse) -> None:
    contract = contract_of(**XBTUSD) if inverse else contract_of(3)
    size = whole(values.traded_quanta)
    bid_quanta, ask_quanta = abs(size(contract, bids, at)), abs(size(contract, asks, at))
    loss = whole(values.open_loss_quanta)(contract, bids, bid_quanta, asks, ask_quanta, mark)
    unit = int(contract.quanta_per_lot_tick)
    if inverse:
        exact = max(bids * unit * (Fraction(1, mark) - Fraction(1, at)), 0)
        exact += max(asks * unit * (Fraction(1, at) - Fraction(1, mark)), 0)
        assert -2 <= loss - exact <= 3
    else:
        assert loss == max(bids * unit * (at - mark), 0) + max(asks * unit * (mark - at), 0)


@pytest.mark.parametrize(
    ("least", "most", "price", "inside"),
    [(0, 10, 1, True), (0, 10, 0, False), (0, 10, 11, False), (5, 10, 4, False), (5, 10, 5, True), (5, 10, 10, True)],
)
def test_a_price_is_inside_its_bounds_and_never_below_one_tick(least, most, price, inside) -> None:
    assert plain(values.is_price_inside)(contract_of(least=least, most=most), price) == inside


TRADE = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 10**6), TICKS)


@given(st.lists(TRADE, min_size=1, max_size=30))
def test_trades_of_an_inverse_contract_keep_the_ledger_exact(trades) -> None:
    state = blank_state()
    state.contracts[0] = contract_of(**XBTUSD)
    accounts = [open_account(state, wallet=0) for _ in range(3)]
    rows = [give(state, account, 0, 0) for account in accounts]
    for buyer, seller, lots, price in trades:
        if buyer == seller:
            continue
        plain(ledger.exchange)(state, rows[buyer], rows[seller], lots, price)
        assert plain(ledger.money_imbalance)(state) == 0
        assert plain(ledger.lots_imbalance)(state, 0) == (0, 0)


@given(lots=st.integers(1, 10**6), more=st.integers(1, 10**6), entry=TICKS, price=TICKS)
def test_crossing_through_zero_opens_the_rest_at_what_is_left_of_the_value(lots, more, entry, price) -> None:
    state = blank_state()
    state.contracts[0] = contract_of(**XBTUSD)
    rows = [give(state, open_account(state), 0, 0) for _ in range(2)]
    plain(ledger.exchange)(state, rows[0], rows[1], lots, entry)
    plain(ledger.exchange)(state, rows[1], rows[0], lots + more, price)
    traded = whole(values.traded_quanta)
    long, short = state.positions[rows[1]], state.positions[rows[0]]
    gain = state.accounts[long.account].wallet_quanta
    assert (long.lots, short.lots, long.cost_quanta) == (more, -more, -short.cost_quanta)
    assert gain == -state.accounts[short.account].wallet_quanta
    assert gain - long.cost_quanta == -traded(state.contracts[0], lots + more, price) - traded(
        state.contracts[0], -lots, entry
    )
    assert ContractKind(int(state.contracts[0].kind)) == ContractKind.INVERSE
