"""Options as positions: what a long and a short must hold, as worked by hand and against exact fractions."""

from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ground import blank_state
from tests.plain import plain

from solvent.codes import ContractKind, Level, Schedule
from solvent.risk.margin import lots_requirement_up, option_exposure_up, option_requirement_up
from solvent.state.options import payoff_down, strike_quanta, underlying_quanta
from solvent.state.tables import State
from solvent.units import PPB, PPM

FIFTEEN, TEN, SEVEN_AND_A_HALF = 150_000_000, 100_000_000, 75_000_000


def state_with(
    strike: int, spot: int, mark: int, *, is_put: int = 0, in_coin: int = 0, unit: int = 100, own: int = 100
) -> State:
    """Two markets, the second an option on the first at Deribit's standard margin."""
    state = blank_state(2)
    state.instruments[0].mark_ticks, state.instruments[1].mark_ticks = spot, mark
    contract, option = state.contracts[1], state.options[1]
    contract.kind, contract.quanta_per_lot_tick = ContractKind.OPTION, own
    option.underlying, option.strike_ticks, option.is_put, option.in_coin = 0, strike, is_put, in_coin
    option.unit_quanta = unit
    for level, share, least in ((0, FIFTEEN, TEN), (1, SEVEN_AND_A_HALF, SEVEN_AND_A_HALF)):
        schedule = state.schedules[level * 2 + 1]
        schedule.kind, schedule.scale_ppm = Schedule.OPTION, PPM
        schedule.base_ppb, schedule.floor_ppb, schedule.cap_ppb = share, least, SEVEN_AND_A_HALF
    return state


def asked(state: State, level: int, lots: int) -> int:
    return int(plain(option_requirement_up)(state, level, 1, lots))


@pytest.mark.parametrize(
    ("is_put", "strike", "spot", "mark", "initial", "maintenance"),
    [
        (0, 10_000, 10_000, 500, 1_500, 750),  # at the money: 15 % and 7.5 % of the underlying, per unit
        (0, 10_300, 10_000, 500, 1_200, 750),  # 3 % out of the money comes off
        (0, 12_000, 10_000, 100, 1_000, 750),  # 20 % out of it: the least, 10 %
        (0, 8_000, 10_000, 2_200, 1_500, 750),  # in the money nothing comes off
        (1, 9_700, 10_000, 500, 1_200, 750),
        (1, 30_000, 10_000, 21_000, 1_575, 1_575),  # a put may be worth more than its underlying
    ],
)
def test_a_short_holds_shares_of_the_underlying(
    is_put: int, strike: int, spot: int, mark: int, initial: int, maintenance: int
) -> None:
    state = state_with(strike, spot, mark, is_put=is_put)
    assert asked(state, Level.INITIAL, -3) == 300 * initial
    assert asked(state, Level.MAINTENANCE, -3) == 300 * maintenance
    assert asked(state, Level.INITIAL, 3) == 300 * mark, "a long is paid in full"


def test_a_coin_option_holds_coin() -> None:
    """One lot is 1,000 quanta of the coin; strike 11,000 at a spot of 10,000 is 10 % out of the money."""
    state = state_with(11_000, 10_000, 20, in_coin=1, unit=1_000, own=1)
    assert asked(state, Level.INITIAL, -10) == 1_000  # max(1,500 - 1,000, 1,000)
    state = state_with(10_200, 10_000, 20, in_coin=1, unit=1_000, own=1)
    assert asked(state, Level.INITIAL, -10) == 1_300
    assert asked(state, Level.MAINTENANCE, -10) == 750
    state = state_with(9_800, 10_000, 20, in_coin=1, unit=1_000, own=1, is_put=1)
    assert asked(state, Level.INITIAL, -10) == 1_300


def test_the_scale_and_additions_of_a_level_count_for_what_is_sold() -> None:
    state = state_with(10_000, 10_000, 500)
    schedule = state.schedules[1]
    schedule.scale_ppm, schedule.add_fixed_quanta = 1_300_000, 77
    assert asked(state, Level.INITIAL, -1) == 100 * 1_950 + 77
    assert asked(state, Level.INITIAL, 1) == 100 * 500
    assert asked(state, Level.INITIAL, 0) == 0


def test_orders_count_at_the_worse_of_both_sides_and_a_multiplier_acts_on_what_is_sold() -> None:
    state = state_with(10_000, 10_000, 500)
    exposure = plain(option_exposure_up)
    assert exposure(state, 0, 1, 2, 0, 0, 0, 0) == 200 * 500
    assert exposure(state, 0, 1, 2, 4, 400 * 510, 3, 300 * 490) == 600 * 500
    assert exposure(state, 0, 1, 2, 0, 0, 12, 1_200 * 500) == 1_000 * 1_500
    state.instruments[1].initial_short_ppm = state.instruments[1].initial_long_ppm = 2 * PPM
    assert exposure(state, 0, 1, 2, 0, 0, 12, 1_200 * 500) == 1_000 * 3_000
    assert exposure(state, 0, 1, 2, 0, 0, 0, 0) == 200 * 500
    state.levels[0].open_loss = 1
    assert exposure(state, 0, 1, 2, 4, 400 * 510, 3, 300 * 490) == 600 * 500 + 400 * 10 + 300 * 10


def test_standing_alone_signed_lots_of_any_contract_have_a_requirement() -> None:
    state = state_with(10_000, 10_000, 500)
    alone = plain(lots_requirement_up)
    assert alone(state, 0, 1, -1) == 100 * 1_500
    state.schedules[0].kind, state.schedules[0].add_fixed_quanta = Schedule.ZERO, 7
    assert alone(state, 0, 0, 2) == alone(state, 0, 0, -2) == 7


whole = st.integers(min_value=1, max_value=2_000_000)


@given(
    strike=whole, spot=whole, lots=st.integers(-(10**6), 10**6), is_put=st.integers(0, 1), unit=st.integers(1, 10**6)
)
def test_payoffs_are_the_exact_ones_rounded_down_and_leave_nothing_negative(
    strike: int, spot: int, lots: int, is_put: int, unit: int
) -> None:
    for in_coin in (0, 1):
        option: Any = state_with(strike, spot, 1, is_put=is_put, in_coin=in_coin, unit=unit).options[1]
        ahead = max(strike - spot if is_put else spot - strike, 0)
        exact = Fraction(lots * unit * ahead, spot if in_coin else 1)
        if not in_coin and abs(exact) > 2**54:
            continue
        assert plain(payoff_down)(option, lots, spot) == floor(exact)
        left = -plain(payoff_down)(option, lots, spot) - plain(payoff_down)(option, -lots, spot)
        assert 0 <= left <= 1


@given(
    strike=whole,
    spot=whole,
    mark=whole,
    lots=st.integers(1, 10**5),
    is_put=st.integers(0, 1),
    in_coin=st.integers(0, 1),
)
def test_a_short_asks_more_for_more_never_less_than_its_least_share_and_initial_is_never_below_maintenance(
    strike: int, spot: int, mark: int, lots: int, is_put: int, in_coin: int
) -> None:
    state = state_with(strike, spot, mark, is_put=is_put, in_coin=in_coin, unit=1_000 if in_coin else 1, own=1)
    initial, maintenance = asked(state, 0, -lots), asked(state, 1, -lots)
    size = lots * 1_000 if in_coin else lots * spot
    assert initial >= maintenance >= ceil(size * Fraction(SEVEN_AND_A_HALF, PPB))
    assert initial >= ceil(size * Fraction(TEN, PPB))
    assert asked(state, 0, -lots - 1) >= initial
    most = max(size * Fraction(FIFTEEN, PPB), lots * mark * Fraction(SEVEN_AND_A_HALF, PPB))
    assert initial <= ceil(most) + 1


@given(strike=whole, spot=whole, lots=st.integers(1, 10**5), is_put=st.integers(0, 1))
def test_a_strike_in_coin_is_rounded_against_the_seller(strike: int, spot: int, lots: int, is_put: int) -> None:
    option: Any = state_with(strike, spot, 1, is_put=is_put, in_coin=1, unit=7).options[1]
    exact = Fraction(lots * 7 * strike, spot)
    cost = int(plain(strike_quanta)(option, lots, spot))
    assert plain(underlying_quanta)(option, lots, spot) == lots * 7
    assert 0 <= (cost - exact if is_put else exact - cost) < 1
