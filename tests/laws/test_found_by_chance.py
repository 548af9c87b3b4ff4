"""What random worlds and reading have found, as the shortest story of each; the auditor stands by at every command."""

from typing import Any

import pytest
from machine import FUND, LOSER, OTHER, RICH, START, WINNER, Scene, small_terms

from solvent.codes import AdlPrice, ContractKind, Executor, Level, Refusal, SystemAccount
from solvent.commands import (
    CollateralSale,
    ContributeFund,
    Deposit,
    EnactTerms,
    FundingTick,
    JoinVault,
    ReserveOrder,
    SetLeverage,
    StageTerm,
    Trade,
    Withdraw,
)
from solvent.events import EventKind
from solvent.state.terms import Terms, TermsShape, cell_address

GOLD = 1
LOWEST = -(2**63)


def with_gold(terms: Terms, *, initial_ppm: int = 900_000) -> Terms:
    """Collateral that the second market prices."""
    gold = terms.assets[GOLD]
    gold.used = 1
    gold.price_instrument = 1
    gold.value_num = 1
    gold.value_den = 1
    gold.maintenance_ppm = 900_000
    gold.initial_ppm = initial_ppm
    terms.levels[Level.MAINTENANCE].maintenance_weights = 1
    return terms


def at_previous_mark() -> Terms:
    terms = small_terms(Executor.ADL)
    terms.policy[0].adl_price = AdlPrice.PREVIOUS_MARK
    return terms


def refusals(events: Any) -> list[int]:
    return [int(reason) for reason in events["refusal"] if reason]


def test_collateral_without_initial_weight_stays_while_positions_need_it() -> None:
    """Withdrawing collateral that counts for nothing at the initial level asked nothing at all."""
    scene = Scene(terms=with_gold(small_terms(), initial_ppm=0))
    scene.play(Deposit(START, LOSER, 100, GOLD))
    scene.open_position()
    scene.price(850)
    events = scene.play(Withdraw(scene.time, LOSER, 100, GOLD))
    assert refusals(events) == [Refusal.WITHDRAWAL_EXCEEDS_FREE]


def test_funding_owed_is_not_set_off_against_gains_that_may_not_leave() -> None:
    """The free amount depended on whether funding had been posted."""
    scene = Scene()
    scene.open_position()
    scene.price(1_050)
    scene.play(FundingTick(scene.time, 0, 30_000_000))
    free = scene.auditor.books.equity(LOSER) - 10_500 - 5_000
    assert refusals(scene.play(Withdraw(scene.time, LOSER, free + 1)))
    scene.play(Withdraw(scene.time, LOSER, max(free, 1)))


def test_leaving_down_to_initial_margin_does_not_make_an_account_liquidatable() -> None:
    """With one lot at one tick initial and maintenance round to the same quantum, and the stage acts at equality."""
    terms = small_terms()
    terms.stages[0].or_equal = 1
    scene = Scene(terms=terms)
    scene.price(1)
    scene.play(Trade(scene.time, LOSER, WINNER, 0, 2, 1))
    assert refusals(scene.play(JoinVault(scene.time, LOSER, 10_999))) == [Refusal.WITHDRAWAL_EXCEEDS_FREE]
    assert refusals(scene.play(Withdraw(scene.time, LOSER, 10_999))) == [Refusal.WITHDRAWAL_EXCEEDS_FREE]


def test_the_fund_of_a_market_does_not_pay_for_an_account_without_one() -> None:
    """A flat account whose collateral lost its value was paid for by the fund of market 0."""
    scene = Scene(terms=with_gold(small_terms()))
    scene.play(ContributeFund(START, FUND, 10**6))
    scene.play(Deposit(START, LOSER, 200, GOLD))
    scene.open_position()
    scene.price(500)
    scene.play(Trade(scene.time, WINNER, LOSER, 0, 100, 500))
    events = scene.price(50, 1)
    flagged = events[events["kind"] == EventKind.ACCOUNT_FLAGGED]
    assert flagged["instrument"].tolist() == [-1]
    assert flagged["amount_quanta"].tolist() == [0]
    events = scene.play(scene.advance())
    asked = events[events["kind"] == EventKind.COLLATERAL_ORDERED]
    scene.play(CollateralSale(scene.time, LOSER, GOLD, 200, 1, int(asked["reference"][0])))
    scene.play(scene.advance())


def test_leverage_may_not_outgrow_the_margin_of_open_orders() -> None:
    terms = small_terms()
    terms.schedules[0].kind = 3
    terms.schedules[0].scale_ppm = 1_000_000
    scene = Scene(terms=terms)
    scene.play(ReserveOrder(START, LOSER, 0, 100, 1_000))
    assert refusals(scene.play(SetLeverage(START, LOSER, 0, 1))) == [Refusal.LEVERAGE_OUT_OF_RANGE]


def test_a_previous_mark_worse_than_the_mark_does_not_make_the_funds_pay() -> None:
    """Deleveraging at 700 while the mark is 895 turned an equity of 500 into a shortfall of 19,000."""
    scene = Scene(terms=at_previous_mark())
    scene.play(ContributeFund(START, SystemAccount.VENUE_FUND, 10**6))
    scene.open_position()
    scene.price(700)
    scene.price(895)
    scene.play(scene.advance())
    assert scene.auditor.books.accounts[SystemAccount.VENUE_FUND].wallet == 10**6


def test_deleveraging_at_the_previous_mark_does_not_ruin_the_winner() -> None:
    """The gain a winner gave back had carried its loss in another market."""
    scene = Scene(terms=at_previous_mark())
    scene.open_position()
    scene.play(Trade(START, WINNER, RICH, 1, 270, 1_000))
    scene.price(950)
    scene.price(700)
    scene.price(800, 1)
    scene.play(scene.advance())


def test_nobody_leaves_while_the_vault_is_below_zero() -> None:
    terms = small_terms(Executor.BACKSTOP_VAULT)
    scene = Scene(terms=terms)
    scene.play(ContributeFund(START, SystemAccount.VAULT, 1_000))
    scene.distress(930)
    scene.play(scene.advance())
    scene.price(800)
    assert refusals(scene.play(Withdraw(scene.time, OTHER, 10))) == [Refusal.WITHDRAWALS_GATED]


@pytest.mark.parametrize("rate", [LOWEST, LOWEST + 1])
def test_the_lowest_number_has_no_absolute_value(rate: int) -> None:
    """abs(-2**63) is negative in 64 bits and passed for small."""
    scene = Scene()
    scene.open_position()
    assert refusals(scene.play(FundingTick(scene.time, 0, rate)))
    assert refusals(scene.play(ReserveOrder(scene.time, OTHER, 0, rate, 1)))
    assert refusals(scene.play(Trade(scene.time, OTHER, RICH, 0, 1, 1_000, rate, rate)))


def test_collateral_that_is_held_keeps_its_place_in_the_watch() -> None:
    """A new price market for a held asset left its trigger in the old market's column."""
    scene = Scene(terms=with_gold(small_terms()))
    cell = cell_address(TermsShape(2, 8), "assets", GOLD, "price_instrument")
    scene.play(Deposit(START, RICH, 100, GOLD))
    scene.play(StageTerm(START, cell, 0))
    scene.play(EnactTerms(START, 2))
    scene.play(Withdraw(START, RICH, 100, GOLD))
    scene.distress(900)


def test_collateral_priced_by_a_market_that_cannot_be_priced_is_refused() -> None:
    """A largest price of zero divided the largest amount."""
    terms = with_gold(small_terms())
    terms.contracts[1].price_max_ticks = 0
    scene = Scene(terms=terms)
    assert refusals(scene.play(Deposit(START, RICH, 100, GOLD)))


@pytest.mark.parametrize(("price", "answer"), [(949, [Refusal.HEALTH_WOULD_FALL]), (951, [])])
def test_a_reduction_does_not_end_at_the_threshold_where_both_levels_ask_for_the_same(price: int, answer: list) -> None:
    """World 103000309: a reduction left just the initial margin, which was the maintenance margin, and was flagged."""
    terms = small_terms()
    terms.brackets.numerator[:] = 50_000
    terms.schedules.rate_max_ppm[:] = 50_000
    terms.stages[0].or_equal = 1
    scene = Scene(terms=terms)
    scene.open_position()
    scene.play(Withdraw(scene.time, LOSER, 5_999))
    assert refusals(scene.play(Trade(scene.time, OTHER, LOSER, 0, 1, price))) == answer
    assert scene.machine.state.accounts[LOSER].status == 0


def inverse_in_three_parts() -> Scene:
    """LOSER is long 63 inverse lots against three others; at 800 each part of 21 is worth half a quantum beside whole."""
    terms = small_terms(Executor.ADL)
    terms.policy[0].adl_price = AdlPrice.MARK
    terms.contracts[0].kind, terms.contracts[0].quanta_per_lot_tick = ContractKind.INVERSE, 800_400
    scene = Scene(terms=terms)
    for seller in (WINNER, RICH, OTHER):
        scene.play(Trade(scene.time, LOSER, seller, 0, 21, 1_000))
    scene.price(800)
    return scene


def test_parts_of_an_inverse_position_are_rounded_each_and_the_shortfall_is_what_they_came_to() -> None:
    scene = inverse_in_three_parts()
    equity = int(scene.machine.state.accounts[LOSER].wallet_quanta) - (63 * 800_400 + 799) // 800 + 3 * 16_808
    events = scene.play(scene.advance())
    declared = events[events["kind"] == EventKind.SHORTFALL_DECLARED]["amount_quanta"].tolist()
    assert len(events[events["kind"] == EventKind.POSITION_DELEVERAGED]) == 3
    assert declared == [1 - equity]


def test_a_part_of_an_inverse_position_may_cost_a_quantum_at_the_mark_and_is_refused_to_the_bankrupt() -> None:
    scene = inverse_in_three_parts()
    scene.play(Trade(scene.time, RICH, LOSER, 0, 21, 800))  # 63,031.5 and 21,010.5 are rounded alike, 42,021 is whole
    (refused,) = scene.play(Trade(scene.time, WINNER, LOSER, 0, 21, 800))
    assert int(refused["refusal"]) == Refusal.HEALTH_WOULD_FALL
