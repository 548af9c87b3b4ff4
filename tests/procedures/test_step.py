"""Dynamic margin: at once for new risk, in bounded steps for what stands; and the limits that follow the market."""

import pytest
from tests.plain import plain
from tests.risk.test_oracle_table import SECOND, A, B, C, D, Market, terms_of

from solvent.codes import Refusal
from solvent.commands import Advance, Deposit, EnactTerms, StageTerm, Trade, Withdraw
from solvent.events import EventKind
from solvent.procedures.rebuild import index_owners
from solvent.state.multipliers import target_ppm
from solvent.state.terms import TermsShape, cell_address
from solvent.units import PPM


def stage(market: Market, version: int, *cells) -> None:
    shape = TermsShape(2, 8)
    for table, row, field, value in cells:
        market.do(StageTerm(market.time, cell_address(shape, table, row, field), value))
    assert market.answer(EnactTerms(market.time, version)) == Refusal.NONE


def ready(**policy) -> Market:
    terms = terms_of()
    for name, value in policy.items():
        terms.policy[0][name] = value
    market = Market(terms)
    market.do(Trade(market.time, A, B, 0, 100, 1_000))
    return market


def test_new_risk_pays_at_once_and_what_stands_step_by_step() -> None:
    market = ready(step_ns=10 * SECOND)
    market.do(Withdraw(market.time, A, 90_000))  # exactly initial margin is left: 10 %
    stage(market, 2, ("dynamics", 0, "volatility_ppm", 1_500_000), ("dynamics", 0, "step_ppm", 200_000))
    row = market.state.instruments[0]
    assert (int(row.initial_long_ppm), int(row.initial_short_ppm)) == (1_500_000, PPM)
    assert market.answer(Trade(market.time, A, C, 0, 1, 1_000)) == Refusal.BELOW_INITIAL
    stepped = []
    for _turn in range(5):
        told = market.do(Advance(market.time, 1))
        stepped += [int(event["value"]) for event in told if event["kind"] == EventKind.MARGIN_STEPPED]
        market.time += 10 * SECOND
    assert stepped == [1_200_000, 1_400_000, 1_500_000]
    assert market.state.accounts[A].status == 0


def test_a_step_that_would_push_too_many_is_stretched_and_told() -> None:
    market = ready(step_accounts_max=1)
    for account in (C, D):
        market.do(Trade(market.time, account, B, 0, 100, 1_000))
    for account, left in ((A, 11_000), (C, 11_500), (D, 12_000)):
        market.do(Withdraw(market.time, account, int(market.state.accounts[account].wallet_quanta) - left))
    # maintenance is 5 %: 5,000. Twice and a half as much is beyond all three; one may fall in each step
    stage(market, 2, ("dynamics", 0, "volatility_ppm", 2_500_000))
    flagged = 0
    for _turn in range(60):
        told = market.do(Advance(market.time, 1))["kind"]
        now = int((told == EventKind.ACCOUNT_FLAGGED).sum())
        assert now <= 1
        flagged += now
        market.time += SECOND
    assert flagged == 3
    assert int(market.state.instruments[0].maintenance_long_ppm) == 2_500_000


@pytest.mark.parametrize(
    ("terms", "before", "expected"),
    [
        ({}, 0, PPM),
        ({"volatility_ppm": 1_500_000, "depth_ppm": 1_200_000}, 0, 1_700_000),
        ({"volatility_ppm": 1_400_000, "stressed_ppm": 3 * PPM, "stressed_weight_ppm": 250_000}, 0, 1_800_000),
        ({"floor_ppm": 1_300_000}, 0, 1_300_000),
        ({"buffer_ppm": 250_000}, 0, 1_250_000),  # full at rest
        ({"buffer_ppm": 250_000, "volatility_ppm": 1_200_000}, 1_250_000, 1_250_000),  # eaten while the need rises
        ({"buffer_ppm": 250_000, "volatility_ppm": 1_400_000}, 1_250_000, 1_400_000),
        ({"buffer_ppm": 250_000}, 1_400_000, 1_250_000),  # rebuilt while it falls
    ],
)
def test_the_three_tools_against_procyclicality(terms, before: int, expected: int) -> None:
    market = ready()
    for name, value in terms.items():
        market.state.dynamics[0][name] = value
    assert plain(target_ppm)(market.state, 0, 0, before) == expected


def test_open_interest_follows_depth_and_supply_and_one_owner_is_capped() -> None:
    terms = terms_of()
    terms.markets[0].depth_lots, terms.markets[0].open_interest_depth_ppm = 100, 2 * PPM
    terms.markets[1].supply_lots, terms.markets[1].open_interest_supply_ppm = 1_000, 50_000
    terms.markets[1].owner_lots = 40
    market = Market(terms)
    assert market.answer(Trade(market.time, A, B, 0, 201, 1_000)) == Refusal.OPEN_INTEREST_CAP
    assert market.answer(Trade(market.time, A, B, 0, 200, 1_000)) == Refusal.NONE
    assert market.answer(Trade(market.time, A, B, 1, 41, 1_000)) == Refusal.OWNER_CONCENTRATION
    market.state.accounts[C].owner = market.state.accounts[A].owner
    index_owners(market.state, market.machine.watch)
    assert market.answer(Trade(market.time, A, B, 1, 25, 1_000)) == Refusal.NONE
    assert market.answer(Trade(market.time, C, D, 1, 16, 1_000)) == Refusal.OWNER_CONCENTRATION
    assert market.answer(Trade(market.time, C, D, 1, 15, 1_000)) == Refusal.NONE
    assert market.answer(Trade(market.time, D, B, 1, 11, 1_000)) in (Refusal.OPEN_INTEREST_CAP, Refusal.NONE)


def test_what_opens_risk_stays_near_the_mark_and_what_reduces_may_go_further() -> None:
    terms = terms_of()
    terms.markets[0].order_band_ppm = 20_000
    market = Market(terms)
    assert market.answer(Trade(market.time, A, B, 0, 5, 1_021)) == Refusal.ORDER_BAND
    assert market.answer(Trade(market.time, A, B, 0, 5, 1_020)) == Refusal.NONE
    assert market.answer(Trade(market.time, B, A, 0, 5, 1_030)) == Refusal.NONE


def test_no_more_leaves_in_a_window_than_a_share_of_what_was_there() -> None:
    terms = terms_of()
    terms.policy[0].outflow_ppm, terms.policy[0].outflow_window = 100_000, 0
    market = Market(terms)
    market.time += 70 * SECOND
    assert market.answer(Withdraw(market.time, A, 40_001)) == Refusal.OUTFLOW_LIMIT
    assert market.answer(Withdraw(market.time, A, 30_000)) == Refusal.NONE
    assert market.answer(Withdraw(market.time, B, 10_001)) == Refusal.OUTFLOW_LIMIT
    assert market.answer(Withdraw(market.time, B, 10_000)) == Refusal.NONE
    market.time += 70 * SECOND
    assert market.answer(Withdraw(market.time, B, 30_000)) == Refusal.NONE


def test_a_new_collateral_is_accepted_from_zero_upwards() -> None:
    terms = terms_of()
    asset = terms.assets[1]
    asset.used, asset.price_instrument, asset.value_num, asset.value_den = 1, 1, 1, 1_000
    asset.initial_ppm = asset.maintenance_ppm = 900_000
    market = Market(terms)
    asset = market.state.assets[1]
    asset.cap_amount, asset.ramp_start_ns, asset.ramp_ns = 1_000, market.time, 100 * SECOND
    assert market.answer(Deposit(market.time, A, 1, 1)) == Refusal.COLLATERAL_CAP
    market.time += 10 * SECOND
    assert market.answer(Deposit(market.time, A, 101, 1)) == Refusal.COLLATERAL_CAP
    assert market.answer(Deposit(market.time, A, 100, 1)) == Refusal.NONE
    assert market.answer(Withdraw(market.time, A, 60, 1)) == Refusal.NONE
    assert market.answer(Deposit(market.time, B, 60, 1)) == Refusal.NONE
