"""Owing an asset: borrowed from those who deposited it, charged by the hour, counted in full, bought back when it fails.

Coin is priced by the second market at 1,000; the loser holds 11,000, RICH lends ten coins of a hundred units.
"""

from typing import Any

import numpy as np
import pytest
from tests.laws.machine import LOSER, OTHER, RICH, SECOND, WINNER, Scene, small_terms

from solvent.codes import Answer, Condition, Level, Refusal, Status, SystemAccount
from solvent.commands import (
    AccrueInterest,
    CollateralSale,
    ContributeFund,
    CoverDebt,
    Deposit,
    JoinVault,
    Trade,
    Withdraw,
)
from solvent.events import EventKind
from solvent.procedures.scan import scan_exactly
from solvent.risk.lending import YEAR_NS
from solvent.units import PPB, PPM

COIN = 1
YEAR = YEAR_NS


def lent_scene(**fields: int) -> Scene:
    terms = small_terms()
    terms.levels[Level.MAINTENANCE].maintenance_weights = 1
    asset = terms.assets[COIN]
    asset.used, asset.price_instrument, asset.value_num, asset.value_den = 1, 1, 1, 100
    asset.initial_ppm, asset.maintenance_ppm = 800_000, 900_000
    asset.borrow_limit_amount, asset.lend_max_ppm = 800, PPM
    asset.liability_initial_ppm, asset.liability_maintenance_ppm = 1_200_000, 1_100_000
    asset.interest_base_ppb, asset.interest_optimal_ppm = PPB, PPM
    for name, value in fields.items():
        asset[name] = value
    scene = Scene(terms=terms)
    scene.play(Deposit(scene.time, RICH, 1_000, COIN))
    return scene


def refusal(events: Any) -> Refusal:
    (event,) = [event for event in events if event["kind"] == EventKind.COMMAND_REFUSED]
    return Refusal(int(event["refusal"]))


def held(scene: Scene, account: int) -> int:
    return int(scene.auditor.books.accounts[account].holdings.get(COIN, 0))


def told(events: Any, kind: EventKind) -> list[Any]:
    return [event for event in events if event["kind"] == kind]


def test_what_is_owed_counts_in_full_and_more() -> None:
    scene = lent_scene()
    before = scene.auditor.books.equity(LOSER)
    scene.play(Withdraw(scene.time, LOSER, 500, COIN))
    assert held(scene, LOSER) == -500
    assert scene.auditor.books.equity(LOSER) == before - 5_500, "five coins at 1,000, times 1.1"
    scene.price(1_200, 1)
    assert scene.auditor.books.equity(LOSER) == before - 6_600
    scene.play(Deposit(scene.time, LOSER, 700, COIN))
    assert held(scene, LOSER) == 200
    assert scene.auditor.books.equity(LOSER) == before + 2_160


@pytest.mark.parametrize(
    ("fields", "amount", "why"),
    [
        ({"borrow_limit_amount": 0}, 1, Refusal.HOLDING_TOO_SMALL),
        ({}, 801, Refusal.BORROW_LIMIT),
        ({"lend_max_ppm": 500_000}, 501, Refusal.POOL_LENT_OUT),
        ({"borrow_limit_amount": 5_000}, 1_001, Refusal.POOL_LENT_OUT),
        ({"liability_initial_ppm": 2 * PPM}, 600, Refusal.WITHDRAWAL_EXCEEDS_FREE),
    ],
)
def test_what_may_not_be_borrowed(fields, amount, why) -> None:
    scene = lent_scene(**fields)
    assert refusal(scene.play(Withdraw(scene.time, LOSER, amount, COIN))) == why


def test_lenders_wait_while_what_they_put_in_is_out() -> None:
    scene = lent_scene()
    scene.play(Withdraw(scene.time, LOSER, 600, COIN))
    assert refusal(scene.play(Withdraw(scene.time, RICH, 401, COIN))) == Refusal.POOL_LENT_OUT
    scene.play(Withdraw(scene.time, RICH, 400, COIN))
    scene.play(Deposit(scene.time, LOSER, 600, COIN))
    assert held(scene, LOSER) == 0
    assert scene.machine.state.accounts[LOSER].first_holding == -1
    scene.play(Withdraw(scene.time, RICH, 600, COIN))


def test_all_debts_together_are_bounded_and_a_price_in_doubt_lends_nothing() -> None:
    scene = lent_scene(borrow_limit_amount=2**60)
    state = scene.machine.state
    assert refusal(scene.play(Withdraw(scene.time, LOSER, 2**59, COIN))) == Refusal.BORROW_LIMIT
    terms = small_terms()
    asset = terms.assets[COIN]
    asset.used, asset.price_instrument, asset.value_num, asset.value_den = 1, 1, 1, 100
    asset.borrow_limit_amount, asset.lend_max_ppm, asset.maintenance_ppm = 800, PPM, PPM
    terms.pricing[1].stale_ns = SECOND
    terms.remedies[Condition.STALE].withdraw = Answer.CONSERVATIVE
    scene = Scene(terms=terms)
    scene.play(Deposit(scene.time, RICH, 1_000, COIN))
    scene.price(1_500, 1)
    scene.price(1_000, 1)
    scene.time += 5 * SECOND
    free = scene.auditor.books.free(LOSER)
    assert free == 11_000
    assert refusal(scene.play(Withdraw(scene.time, LOSER, 740, COIN))) == Refusal.WITHDRAWAL_EXCEEDS_FREE
    scene.play(Withdraw(scene.time, LOSER, 730, COIN))  # at the hour's highest, 1,500
    assert held(scene, LOSER) == -730
    assert state is not None
    terms.remedies[Condition.STALE].withdraw = Answer.REFUSE
    scene = Scene(terms=terms)
    scene.play(Deposit(scene.time, RICH, 1_000, COIN))
    scene.time += 5 * SECOND
    assert refusal(scene.play(Withdraw(scene.time, LOSER, 1, COIN))) == Refusal.PRICE_CONDITION


def test_an_account_with_all_the_assets_it_may_hold_borrows_no_other() -> None:
    terms = small_terms()
    for asset in range(1, 16):
        row = terms.assets[asset]
        row.used, row.price_instrument, row.value_num, row.value_den, row.maintenance_ppm = 1, 1, 1, 100, PPM
        row.borrow_limit_amount, row.lend_max_ppm = 10, PPM
    scene = Scene(terms=terms)
    scene.play(Deposit(scene.time, RICH, 100, 15))
    for asset in range(1, 15):
        scene.play(Deposit(scene.time, LOSER, 1, asset))
    scene.play(Withdraw(scene.time, LOSER, 1, 15))
    assert scene.machine.state.accounts[LOSER].holding_count == 15


def test_interest_is_charged_up_and_paid_down_and_the_rest_is_the_venues() -> None:
    scene = lent_scene(interest_kept_ppm=100_000)
    scene.play(Deposit(scene.time, OTHER, 500, COIN))
    scene.play(Withdraw(scene.time, LOSER, 750, COIN))
    scene.time += YEAR // 2
    events = scene.play(AccrueInterest(scene.time, COIN))
    (accrued,) = told(events, EventKind.INTEREST_ACCRUED)
    # half of the deposits at 100 % a year at all of it: 25 % in half a year, 187.5 of 750
    assert (int(accrued["value"]), int(accrued["amount_quanta"])) == (PPB // 2, 188)
    assert int(accrued["fee_quanta"]) == 169
    paid = {int(event["account"]): int(event["amount_quanta"]) for event in told(events, EventKind.INTEREST_POSTED)}
    assert paid == {LOSER: -188, RICH: 112, OTHER: 56, SystemAccount.VENUE_CAPITAL: 20}
    assert [held(scene, account) for account in (LOSER, RICH, OTHER)] == [-938, 1_112, 556]
    pool = scene.machine.state.held[COIN]
    assert (int(pool.amount_quanta), int(pool.owed_quanta)) == (750, 938)
    assert int(pool.borrow_index) == 1_250_000_000_000
    assert int(pool.deposit_index) == 10**12 + 169 * 10**12 // 1_500
    scene.time += YEAR // 4
    scene.play(AccrueInterest(scene.time, COIN))


def test_interest_has_its_time() -> None:
    scene = lent_scene(interest_ns=3_600 * SECOND)
    assert refusal(scene.play(AccrueInterest(scene.time, COIN))) == Refusal.ASSET_NOT_LENT
    for asset in (-1, 2, 16):
        assert refusal(scene.play(AccrueInterest(scene.time, asset))) == Refusal.ASSET_UNKNOWN
    scene.play(Withdraw(scene.time, LOSER, 500, COIN))
    scene.time += 3_599 * SECOND
    assert refusal(scene.play(AccrueInterest(scene.time, COIN))) == Refusal.INTEREST_TOO_SOON
    scene.time += 3_602 * SECOND
    (accrued,) = told(scene.play(AccrueInterest(scene.time, COIN)), EventKind.INTEREST_ACCRUED)
    assert int(accrued["reference"]) == 7_200 * SECOND, "whole hours; the second stays for the next"


def test_debts_that_would_outgrow_the_arithmetic_are_not_accrued() -> None:
    scene = lent_scene(interest_floor_ppb=10**11)
    scene.play(Withdraw(scene.time, LOSER, 500, COIN))
    for _year in range(5):
        scene.time += YEAR
        assert told(scene.play(AccrueInterest(scene.time, COIN)), EventKind.INTEREST_ACCRUED), "a hundredfold a year"
    scene.time += YEAR
    assert refusal(scene.play(AccrueInterest(scene.time, COIN))) == Refusal.AMOUNT_OUT_OF_RANGE


def test_interest_makes_a_debtor_distressed_and_its_lender_in_liquidation_richer() -> None:
    scene = lent_scene()
    scene.play(Withdraw(scene.time, LOSER, 800, COIN))
    scene.time += YEAR // 2
    events = scene.play(AccrueInterest(scene.time, COIN))
    assert [int(event["account"]) for event in told(events, EventKind.ACCOUNT_FLAGGED)] == [LOSER]
    assert told(events, EventKind.WORKLIST_TOLD)
    assert scene.machine.state.accounts[LOSER].status == Status.DISTRESSED


def test_a_rising_price_makes_a_debtor_distressed_and_the_watch_sees_it() -> None:
    scene = lent_scene()
    scene.play(Withdraw(scene.time, LOSER, 800, COIN))  # 8,800 of 11,000
    found = np.empty(100, np.int64)
    for ticks in (1_100, 1_200, 1_250, 1_251):
        events = scene.price(ticks, 1)
        flagged = [int(event["account"]) for event in told(events, EventKind.ACCOUNT_FLAGGED)]
        assert flagged == ([LOSER] if ticks == 1_251 else [])
        assert scan_exactly(scene.machine.state, found) == 0


def fail(scene: Scene, ticks: int = 1_300) -> list[Any]:
    scene.play(Withdraw(scene.time, LOSER, 800, COIN))
    scene.price(ticks, 1)
    return list(scene.play(scene.advance()))


def test_a_debt_is_bought_back_with_the_accounts_cash() -> None:
    scene = lent_scene()
    (order,) = told(fail(scene), EventKind.DEBT_ORDERED)
    assert (int(order["amount_quanta"]), int(order["value"])) == (800, -11_000 + 10_400)
    reference = int(order["reference"])
    for command, why in (
        (CoverDebt(scene.time, 99, COIN, 1, 1, reference), Refusal.ACCOUNT_UNKNOWN),
        (CoverDebt(scene.time, LOSER, COIN, 0, 1, reference), Refusal.AMOUNT_OUT_OF_RANGE),
        (CoverDebt(scene.time, RICH, COIN, 1, 1, reference), Refusal.NO_LIQUIDATION_ORDER),
        (CoverDebt(scene.time, LOSER, COIN, 1, 1, reference - 1), Refusal.REFERENCE_UNKNOWN),
        (CoverDebt(scene.time, LOSER, COIN, 801, 1, reference), Refusal.DEBT_TOO_SMALL),
        (CoverDebt(scene.time, LOSER, COIN, 1, 2**60, reference), Refusal.AMOUNT_OUT_OF_RANGE),
    ):
        if why == Refusal.AMOUNT_OUT_OF_RANGE and command.amount_quanta == 1:
            scene.play(CoverDebt(scene.time, LOSER, COIN, 1, 11_001, reference))
            scene.play(ContributeFund(scene.time, SystemAccount.VENUE_FUND, 20_000))
        assert refusal(scene.play(command)) == why
    scene.play(CoverDebt(scene.time, LOSER, COIN, 799, 9_000, reference))
    assert held(scene, LOSER) == 0
    events = scene.play(scene.advance())
    (drawn,) = told(events, EventKind.TRANCHE_DRAWN)
    assert int(drawn["amount_quanta"]) == 9_001, "what the purchase cost beyond its cash is a shortfall like any other"
    assert told(events, EventKind.DEFAULT_CLOSED)


def test_a_debtor_that_is_sound_again_keeps_its_debt() -> None:
    scene = lent_scene()
    fail(scene)
    scene.price(1_000, 1)
    events = scene.play(scene.advance())
    assert told(events, EventKind.ACCOUNT_RECOVERED)
    assert held(scene, LOSER) == -800
    scene.price(1_300, 1)
    assert scene.machine.state.accounts[LOSER].status == Status.DISTRESSED


def test_positions_go_before_a_debt() -> None:
    scene = lent_scene()
    scene.play(Trade(scene.time, LOSER, RICH, 0, 10, 1_000))
    assert told(fail(scene), EventKind.LIQUIDATION_ORDERED)


def test_what_cash_covers_is_not_sold_and_an_order_is_not_repeated() -> None:
    terms = small_terms()
    terms.levels[Level.MAINTENANCE].maintenance_weights = 1
    for asset in (COIN, 2):
        row = terms.assets[asset]
        row.used, row.price_instrument, row.value_num, row.value_den = 1, 1, 1, 100
        row.initial_ppm, row.maintenance_ppm = 100_000, 100_000
        row.borrow_limit_amount, row.lend_max_ppm = 2_000, PPM
        row.liability_initial_ppm, row.liability_maintenance_ppm = 1_200_000, 1_100_000
    scene = Scene(terms=terms)
    scene.play(Deposit(scene.time, RICH, 2_000, COIN))
    scene.play(Deposit(scene.time, LOSER, 10, 2))
    scene.play(Withdraw(scene.time, LOSER, 900, COIN))
    scene.price(1_150, 1)  # owes 10,350 of 11,000 in cash, which counts 11,385
    events = scene.play(scene.advance())
    assert [int(event["value"]) for event in told(events, EventKind.DEBT_ORDERED)] == [-650]
    assert not told(events, EventKind.COLLATERAL_ORDERED)
    assert not told(scene.play(scene.advance()), EventKind.DEBT_ORDERED)
    scene.price(1_300, 1)
    scene.time += 60 * SECOND
    assert [int(event["value"]) for event in told(scene.play(scene.advance()), EventKind.COLLATERAL_ORDERED)] == [700]


def test_a_holder_too_small_for_a_unit_of_interest_is_paid_none() -> None:
    scene = lent_scene()
    scene.play(Deposit(scene.time, OTHER, 1, COIN))
    scene.play(Withdraw(scene.time, LOSER, 10, COIN))
    scene.time += YEAR // 10
    paid = told(scene.play(AccrueInterest(scene.time, COIN)), EventKind.INTEREST_POSTED)
    assert OTHER not in {int(event["account"]) for event in paid}


def cash_scene(**fields: int) -> Scene:
    """Cash may be owed against coins; RICH holds all of the cash but little."""
    terms = small_terms()
    terms.levels[Level.MAINTENANCE].maintenance_weights = 1
    asset = terms.assets[COIN]
    asset.used, asset.price_instrument, asset.value_num, asset.value_den = 1, 1, 1, 100
    asset.initial_ppm, asset.maintenance_ppm = 800_000, 900_000
    cash = terms.assets[0]
    cash.borrow_limit_amount, cash.lend_max_ppm = 20_000, PPM
    cash.interest_base_ppb, cash.interest_optimal_ppm = PPB, PPM
    for name, value in fields.items():
        cash[name] = value
    scene = Scene(terms=terms)
    scene.play(Deposit(scene.time, LOSER, 5_000, COIN))
    return scene


@pytest.mark.parametrize(
    ("fields", "amount", "why"),
    [
        ({"borrow_limit_amount": 0}, 11_001, Refusal.WITHDRAWAL_EXCEEDS_FREE),
        ({}, 31_001, Refusal.BORROW_LIMIT),
        ({"lend_max_ppm": 10_000}, 20_000, Refusal.POOL_LENT_OUT),
        ({"borrow_limit_amount": 10**9}, 51_001, Refusal.WITHDRAWAL_EXCEEDS_FREE),
    ],
)
def test_what_cash_may_not_be_taken(fields, amount, why) -> None:
    scene = cash_scene(**fields)
    assert refusal(scene.play(Withdraw(scene.time, LOSER, amount))) == why


def test_no_more_cash_is_lent_than_others_have() -> None:
    scene = cash_scene()
    for account, amount in ((RICH, 500_000), (OTHER, 45_000)):
        scene.play(Withdraw(scene.time, account, amount))
    for account in (WINNER,):
        scene.play(Withdraw(scene.time, account, 40_000))
    assert refusal(scene.play(Withdraw(scene.time, LOSER, 16_001))) == Refusal.POOL_LENT_OUT
    scene.play(Withdraw(scene.time, LOSER, 16_000))
    assert scene.auditor.books.accounts[LOSER].wallet == -5_000


def test_cash_owed_bears_interest_and_is_no_share_of_a_vault() -> None:
    scene = cash_scene(interest_kept_ppm=100_000, interest_ns=3_600 * SECOND)
    assert refusal(scene.play(JoinVault(scene.time, LOSER, 11_001))) == Refusal.WITHDRAWAL_EXCEEDS_FREE
    (event,) = told(scene.play(AccrueInterest(scene.time, 0)), EventKind.INTEREST_ACCRUED)
    assert int(event["amount_quanta"]) == 0, "the time begins"
    assert refusal(scene.play(AccrueInterest(scene.time + SECOND, 0))) == Refusal.INTEREST_TOO_SOON
    scene.play(Withdraw(scene.time, LOSER, 31_000))
    scene.time += YEAR
    events = scene.play(AccrueInterest(scene.time, 0))
    (event,) = told(events, EventKind.INTEREST_ACCRUED)
    # 20,000 of 590,000 is 33,899 ppm; at 100 % a year at all of it 678 are owed, 610 passed on
    assert [int(event[name]) for name in ("value", "amount_quanta", "fee_quanta")] == [33_899_000, 678, 610]
    wallets = {account: scene.auditor.books.accounts[account].wallet for account in (LOSER, WINNER, RICH, OTHER)}
    assert wallets == {LOSER: -20_678, WINNER: 40_041, RICH: 500_516, OTHER: 50_051}
    assert scene.auditor.books.accounts[SystemAccount.VENUE_CAPITAL].wallet == 70


def test_cash_that_is_not_lent_bears_none() -> None:
    scene = lent_scene()
    assert refusal(scene.play(AccrueInterest(scene.time, 0))) == Refusal.ASSET_NOT_LENT


def test_a_falling_coin_fails_who_owes_cash_and_a_rising_one_saves_it() -> None:
    scene = cash_scene()
    scene.play(Withdraw(scene.time, LOSER, 31_000))
    scene.price(440, 1)  # 22,000 x 0.9 is less than 20,000
    (order,) = told(scene.play(scene.advance()), EventKind.COLLATERAL_ORDERED)
    assert int(order["value"]) == 20_000
    scene.price(460, 1)
    assert told(scene.play(scene.advance()), EventKind.ACCOUNT_RECOVERED)
    assert scene.auditor.books.accounts[LOSER].wallet == -20_000
    scene.time += YEAR
    scene.play(AccrueInterest(scene.time, 0))
    scene.time += 6 * YEAR
    events = scene.play(AccrueInterest(scene.time, 0))
    assert [int(event["account"]) for event in told(events, EventKind.ACCOUNT_FLAGGED)] == [LOSER]


def test_cash_owed_beyond_what_a_wallet_may_be_is_not_accrued() -> None:
    scene = cash_scene(interest_floor_ppb=10**11)
    scene.play(AccrueInterest(scene.time, 0))
    scene.play(Withdraw(scene.time, LOSER, 31_000))
    for _year in range(6):
        scene.time += YEAR
        events = scene.play(AccrueInterest(scene.time, 0))
    assert told(events, EventKind.INTEREST_ACCRUED)
    scene.time += YEAR
    assert refusal(scene.play(AccrueInterest(scene.time, 0))) == Refusal.AMOUNT_OUT_OF_RANGE


def test_a_negative_equity_of_a_flat_debtor_closes_the_gate() -> None:
    scene = lent_scene()
    scene.play(Withdraw(scene.time, LOSER, 800, COIN))
    events = scene.price(1_500, 1)
    assert told(events, EventKind.WITHDRAWALS_GATED)
    scene.play(scene.advance())
    scene.price(1_200, 1)
    events = scene.play(scene.advance())
    assert told(events, EventKind.WITHDRAWALS_RELEASED)
    reference = 0
    assert refusal(scene.play(CollateralSale(scene.time, LOSER, COIN, 1, 1, reference))) == Refusal.NO_LIQUIDATION_ORDER
