"""Limits: caps reached and caps passed, each through whole commands; what only reduces risk passes all of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ground import blank_state, set_asset
from tests.plain import plain
from tests.risk.test_oracle_table import SECOND, A, B, C, D, Market, terms_of

from solvent.codes import Mode, Refusal, SystemAccount
from solvent.commands import (
    CrossAuction,
    Deposit,
    EnactTerms,
    ReportInterest,
    ReserveOrder,
    SetMode,
    StageTerm,
    Trade,
    Withdraw,
)
from solvent.procedures.rebuild import index_owners
from solvent.risk.limits import (
    is_reckless,
    lots_worth,
    passes_collateral_cap,
    passes_open_interest_cap,
    passes_venue_cap,
    position_cap_lots,
)
from solvent.risk.outflow import outflow_baseline
from solvent.state.inside import inside_quanta, worth_quanta
from solvent.state.positions import take_position
from solvent.state.terms import TermsShape, cell_address
from solvent.units import LIMIT, PPM


@pytest.mark.parametrize(
    ("cap_lots", "cap_quanta", "interest", "passes"),
    [
        (0, 0, 2**62, False),
        (10, 0, 10, False),
        (10, 0, 11, True),
        (0, 3_000, 1, False),
        (0, 3_000, 2, True),
        (0, 2_999, 1, True),
        (0, 6_000, 2, False),
        (1, 6_000, 2, True),
        (3, 6_000, 3, True),
    ],
)
def test_a_cap_may_be_reached_and_not_passed(cap_lots, cap_quanta, interest, passes) -> None:
    state = blank_state()
    state.contracts[0].quanta_per_lot_tick = 3
    state.contracts[0].open_interest_cap_lots, state.contracts[0].open_interest_cap_quanta = cap_lots, cap_quanta
    assert plain(passes_open_interest_cap)(state, 0, interest) == passes


@given(cap=st.integers(1, 2**62), unit=st.integers(1, 100), mark=st.integers(1, 2**31), interest=st.integers(0, 2**50))
def test_a_cap_in_money_is_exact_at_any_size(cap, unit, mark, interest) -> None:
    state = blank_state()
    state.contracts[0].quanta_per_lot_tick, state.instruments[0].mark_ticks = unit, mark
    state.contracts[0].open_interest_cap_quanta = cap
    for near in (interest, cap // (unit * mark), cap // (unit * mark) + 1):
        assert plain(passes_open_interest_cap)(state, 0, near) == (near * unit * mark > cap)


@pytest.mark.parametrize(
    ("field", "value", "most"),
    [
        (None, 0, LIMIT),
        ("position_lots", 7, 7),
        ("position_quanta", 5_999, 1),
        ("position_quanta", 6_000, 2),
        ("position_depth_ppm", 1_500_000, 150),
        ("position_depth_ppm", 5_000, 0),
    ],
)
def test_the_least_of_the_caps_that_are_set_counts(field, value, most) -> None:
    state = blank_state()
    state.contracts[0].quanta_per_lot_tick = 3
    state.markets[0].depth_lots = 100
    if field:
        state.markets[0][field] = value
    assert plain(position_cap_lots)(state, 0) == most
    assert plain(lots_worth)(state, 0, 2_999) == 0


def test_open_interest_is_held_to_depth_supply_and_all_markets_together() -> None:
    state = blank_state(instruments=3)
    state.markets[0].depth_lots, state.markets[0].open_interest_depth_ppm = 100, 2 * PPM
    assert not plain(passes_open_interest_cap)(state, 0, 200)
    assert plain(passes_open_interest_cap)(state, 0, 201)
    state.markets[0].supply_lots, state.markets[0].open_interest_supply_ppm = 1_000, 50_000
    assert not plain(passes_open_interest_cap)(state, 0, 50)
    assert plain(passes_open_interest_cap)(state, 0, 51)
    assert not plain(passes_venue_cap)(state, 0, 2**40)
    state.policy[0].open_interest_quanta = 30_000
    state.instruments[0].open_interest_lots, state.instruments[1].open_interest_lots = 10, 5
    state.instruments[2].mark_ticks = 0  # nobody knows what it is worth, and nobody can open it
    assert not plain(passes_venue_cap)(state, 1, 15)
    assert plain(passes_venue_cap)(state, 1, 16)


def test_a_bid_below_the_mark_and_an_offer_above_it_have_no_band() -> None:
    state = blank_state()
    state.markets[0].order_band_ppm = 50_000
    for price, buy, reckless in (
        (1_050, True, False),
        (1_051, True, True),
        (1, True, False),
        (950, False, False),
        (949, False, True),
        (5_000, False, False),
    ):
        assert plain(is_reckless)(state, 0, price, buy) == reckless


def test_what_is_inside_counts_cash_and_collateral_at_the_mark() -> None:
    state = blank_state()
    set_asset(state, 1, 0, 1, 3, 0, 0)
    state.accounts[0].wallet_quanta = -700
    state.held[1].amount_quanta = 10
    assert plain(worth_quanta)(state, 0, 5) == 5
    assert plain(worth_quanta)(state, 1, 10) == 3_333
    assert plain(worth_quanta)(state, 2, 10) == 0
    assert plain(inside_quanta)(state) == 4_033


def test_of_a_small_venue_a_minimum_may_always_leave() -> None:
    assert outflow_baseline(1_000, 300_000, 0) == 300
    assert outflow_baseline(1_000, 300_000, 500) == 500


def capped(**market) -> Market:
    terms = terms_of()
    for name, value in market.items():
        terms.markets[0][name] = value
    return Market(terms)


def test_one_account_holds_no_more_than_a_position_may_be_and_its_orders_count() -> None:
    market = capped(position_lots=10)
    now = market.time
    assert market.answer(Trade(now, A, B, 0, 11, 1_000)) == Refusal.POSITION_LIMIT
    assert market.answer(Trade(now, A, B, 0, 6, 1_000)) == Refusal.NONE
    assert market.answer(ReserveOrder(now, A, 0, 5, 990)) == Refusal.POSITION_LIMIT
    assert market.answer(ReserveOrder(now, A, 0, 3, 990)) == Refusal.NONE
    assert market.answer(ReserveOrder(now, A, 0, 2, 990)) == Refusal.POSITION_LIMIT
    assert market.answer(ReserveOrder(now, A, 0, -17, 1_010)) == Refusal.POSITION_LIMIT
    assert market.answer(ReserveOrder(now, A, 0, -16, 1_010)) == Refusal.NONE
    # the cap is lowered below what stands: nobody is forced, and whoever reduces may
    market.do(StageTerm(now, cell_address(TermsShape(2, 8), "markets", 0, "position_lots"), 2))
    assert market.answer(EnactTerms(now, 2)) == Refusal.NONE
    assert market.answer(Trade(now, A, C, 0, 1, 1_000)) == Refusal.POSITION_LIMIT
    assert market.answer(Trade(now, C, A, 0, 1, 1_000)) == Refusal.NONE
    assert market.answer(ReserveOrder(now, B, 0, 6, 1_000)) == Refusal.NONE


def test_accounts_of_one_owner_count_together_even_when_they_trade_with_each_other() -> None:
    market = capped(owner_depth_ppm=PPM, depth_lots=20)
    now = market.time
    for account in (B, C):
        market.state.accounts[account].owner = market.state.accounts[A].owner
    index_owners(market.state, market.machine.watch)
    assert market.answer(Trade(now, A, D, 0, 21, 1_000)) == Refusal.OWNER_CONCENTRATION
    assert market.answer(Trade(now, A, B, 0, 11, 1_000)) == Refusal.OWNER_CONCENTRATION  # 11 long and 11 short are 22
    assert market.answer(Trade(now, A, B, 0, 10, 1_000)) == Refusal.NONE
    assert market.answer(Trade(now, C, D, 0, 1, 1_000)) == Refusal.OWNER_CONCENTRATION
    assert market.answer(Trade(now, D, A, 0, 4, 1_000)) == Refusal.NONE
    assert market.answer(Trade(now, C, D, 0, 4, 1_000)) == Refusal.NONE
    market.state.markets[0].owner_depth_ppm = 0
    market.state.markets[0].owner_quanta = 20_000
    assert market.answer(Trade(now, C, D, 0, 1, 1_000)) == Refusal.OWNER_CONCENTRATION


def test_an_order_that_would_pay_far_more_than_the_mark_is_refused_and_one_that_closes_is_not() -> None:
    market = capped(order_band_ppm=20_000)
    now = market.time
    assert market.answer(Trade(now, A, B, 0, 5, 1_000)) == Refusal.NONE
    assert market.answer(ReserveOrder(now, C, 0, 1, 1_021)) == Refusal.ORDER_BAND
    assert market.answer(ReserveOrder(now, C, 0, -1, 979)) == Refusal.ORDER_BAND
    assert market.answer(ReserveOrder(now, C, 0, 1, 900)) == Refusal.NONE
    assert market.answer(ReserveOrder(now, B, 0, 5, 1_100)) == Refusal.NONE
    assert market.answer(ReserveOrder(now, B, 0, 6, 1_100)) == Refusal.ORDER_BAND


def test_the_reopening_auction_has_its_own_price_whatever_the_band() -> None:
    market = capped(order_band_ppm=20_000)
    now = market.time
    market.do(SetMode(now, 0, Mode.AUCTION))
    market.do(ReportInterest(now, 0, 3, 1_050))
    market.do(ReportInterest(now, 0, -3, 1_050))
    market.do(CrossAuction(now, 0))
    assert market.answer(Trade(now, A, B, 0, 3, 1_050)) == Refusal.NONE


def with_collateral() -> Market:
    terms = terms_of()
    asset = terms.assets[1]
    asset.used, asset.price_instrument, asset.value_num, asset.value_den = 1, 1, 1, 1
    asset.initial_ppm = asset.maintenance_ppm = 900_000
    terms.policy[0].outflow_ppm, terms.policy[0].outflow_window = 100_000, 0
    market = Market(terms)
    assert market.answer(Deposit(market.time, A, 400, 1)) == Refusal.NONE  # 400,000 beside 400,000 in cash
    market.time += 70 * SECOND
    return market


def test_what_leaves_in_kind_counts_like_cash() -> None:
    market = with_collateral()
    now = market.time
    assert market.answer(Withdraw(now, A, 81, 1)) == Refusal.OUTFLOW_LIMIT
    assert market.answer(Withdraw(now, A, 50, 1)) == Refusal.NONE
    assert market.answer(Withdraw(now, B, 30_001)) == Refusal.OUTFLOW_LIMIT
    assert (
        market.answer(Deposit(now, B, 5_000)) == Refusal.NONE
    )  # what comes in makes room, and what it adds a share of
    assert market.answer(Withdraw(now, B, 35_001)) == Refusal.OUTFLOW_LIMIT
    assert market.answer(Withdraw(now, B, 35_000)) == Refusal.NONE


def test_the_least_may_leave_whatever_the_share() -> None:
    market = with_collateral()
    market.state.policy[0].outflow_least_quanta = 90_000
    assert market.answer(Withdraw(market.time, B, 90_001)) == Refusal.OUTFLOW_LIMIT
    assert market.answer(Withdraw(market.time, B, 90_000)) == Refusal.NONE


@pytest.mark.parametrize(
    ("elapsed_s", "held", "more", "passes"),
    [
        (0, 0, 1, True),
        (-5, 0, 1, True),
        (10, 0, 100, False),
        (10, 0, 101, True),
        (10, 60, 41, True),
        (999, 0, 1_000, False),
    ],
)
def test_a_cap_of_collateral_grows_from_zero(elapsed_s, held, more, passes) -> None:
    state = blank_state()
    set_asset(state, 1, 0, 1, 1, 0, 0)
    asset = state.assets[1]
    asset.cap_amount, asset.ramp_ns = 1_000, 100 * SECOND
    asset.ramp_start_ns = int(state.venue[0].time_ns) - elapsed_s * SECOND
    state.held[1].amount_quanta = held
    assert plain(passes_collateral_cap)(state, 1, more) == passes
    asset.ramp_ns = 0
    assert not plain(passes_collateral_cap)(state, 1, 1_000 - held)
    asset.cap_amount = 0
    assert not plain(passes_collateral_cap)(state, 1, 2**50)


@pytest.mark.parametrize(
    ("table", "row", "field", "value"),
    [
        ("markets", 0, "position_lots", -1),
        ("markets", 0, "position_quanta", LIMIT + 1),
        ("markets", 1, "owner_quanta", -1),
        ("markets", 0, "position_depth_ppm", -1),
        ("markets", 0, "owner_depth_ppm", 10**9 + 1),
        ("policy", 0, "outflow_least_quanta", -1),
        ("policy", 0, "open_interest_quanta", LIMIT + 1),
        ("assets", 1, "cap_amount", -1),
        ("assets", 1, "ramp_ns", -1),
        ("assets", 1, "ramp_start_ns", LIMIT + 1),
    ],
)
def test_caps_outside_the_machines_bounds_are_never_enacted(table, row, field, value) -> None:
    market = with_collateral()
    market.do(StageTerm(market.time, cell_address(TermsShape(2, 8), table, row, field), value))
    assert market.answer(EnactTerms(market.time, 2)) == Refusal.TERMS_INVALID


def test_who_takes_what_the_backstop_sells_is_held_to_no_cap() -> None:
    market = capped(position_lots=10, owner_lots=10)
    market.machine.is_spoiled = True  # the positions below are written by hand
    now = market.time
    market.machine.is_spoiled = True  # positions from nowhere: the watch has not seen them
    row = int(plain(take_position)(market.state, SystemAccount.VAULT, 0))
    other = int(plain(take_position)(market.state, B, 0))
    market.state.positions[row].lots, market.state.positions[row].cost_quanta = 30, 30_000
    market.state.positions[other].lots, market.state.positions[other].cost_quanta = -30, -30_000
    market.state.instruments[0].open_interest_lots = 30
    assert market.answer(Trade(now, A, SystemAccount.VAULT, 0, 20, 1_000)) == Refusal.NONE
    assert market.answer(Trade(now, A, C, 0, 1, 1_000)) == Refusal.POSITION_LIMIT
