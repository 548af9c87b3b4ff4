"""Scenes that chance rarely meets, followed by the auditor: each shows a fault that random worlds passed by."""

import numpy as np
import pytest
from tests.ground import blank_state, give, open_account
from tests.laws.machine import LOSER, OTHER, RICH, SECOND, WINNER, Scene, small_terms
from tests.plain import plain

from solvent.codes import AdlPrice, Answer, Condition, Executor, Mode, PriceLimit, Refusal, SystemAccount, Tranche
from solvent.commands import (
    CrossAuction,
    JoinVault,
    LeaveVault,
    LiquidationFill,
    ReportInterest,
    ReserveOrder,
    SetMode,
    Trade,
    Withdraw,
)
from solvent.events import EventKind, blank_tape
from solvent.procedures.default.takeover import take_over
from solvent.procedures.shortfall import gains_of_all, means_of, pay_shortfall
from solvent.risk.watch import blank_watch
from solvent.state.tables import NONE
from solvent.units import PPM

VAULT = SystemAccount.VAULT


def of_kind(events, kind):
    return events[events["kind"] == kind]


def test_who_leaves_the_vault_bears_what_its_positions_have_lost() -> None:
    scene = Scene(Executor.BACKSTOP_VAULT)
    scene.play(JoinVault(scene.time, RICH, 400_000))
    scene.distress(930)
    assert len(of_kind(scene.play(scene.advance()), EventKind.POSITION_TAKEN_OVER)) == 1
    scene.price(900)  # the vault has lost 3,000, and nothing of it in cash
    shares = int(scene.machine.state.accounts[RICH].vault_shares)
    left = of_kind(scene.play(LeaveVault(scene.time, RICH, shares // 2)), EventKind.VAULT_LEFT)
    equity = int(scene.machine.state.accounts[VAULT].wallet_quanta) + int(left["amount_quanta"][0]) - 3_000
    assert int(left["amount_quanta"][0]) == (shares // 2) * (equity + 1) // (shares + 1_000)


def winner_in_two_markets(*marks: int) -> Scene:
    """WINNER is short 100 lots at 1,100 against LOSER, whose market then has these marks, and long 250 in the other."""
    terms = small_terms(Executor.ADL)
    terms.policy[0].adl_price = AdlPrice.PREVIOUS_MARK
    scene = Scene(terms=terms)
    scene.price(1_100)
    scene.play(Trade(scene.time, LOSER, WINNER, 0, 100, 1_100))
    scene.play(Trade(scene.time, WINNER, OTHER, 1, 250, 1_000))
    for ticks in marks:
        scene.price(ticks)
    return scene


def test_a_winner_whose_account_shrank_is_flagged_when_its_other_market_moves() -> None:
    scene = winner_in_two_markets(1_050, 980)
    told = of_kind(scene.play(scene.advance()), EventKind.POSITION_DELEVERAGED)
    assert told["price_ticks"].tolist() == [1_050]
    assert told["counterparty"].tolist() == [WINNER]
    # 45,000 left for 250 lots, which bears 864 and not 863; the 52,000 from before would have borne 834
    for ticks in (950, 900, 864):
        scene.price(ticks, 1)
        assert scene.machine.state.accounts[WINNER].status == 0
    scene.price(863, 1)
    assert scene.machine.state.accounts[WINNER].status == 1


def test_a_winner_closed_far_from_the_mark_is_judged_before_its_other_market_moves() -> None:
    scene = winner_in_two_markets(1_095, 800)
    scene.play(Trade(scene.time, WINNER, OTHER, 1, 1, 1_000))  # judged with 30,000 of gains, which 500 will be left of
    told = of_kind(scene.play(scene.advance()), EventKind.POSITION_DELEVERAGED)
    assert told["price_ticks"].tolist() == [1_095]
    scene.price(870, 1)  # 40,500 - 32,630 of 10,918; with the gains it had borne 829
    assert scene.machine.state.accounts[WINNER].status == 1


def test_orders_in_two_markets_share_the_equity_by_what_each_needs() -> None:
    terms = small_terms()
    terms.stages[0].price_limit = PriceLimit.BANKRUPTCY
    scene = Scene(terms=terms)
    scene.play(Trade(scene.time, LOSER, WINNER, 0, 60, 1_000))
    scene.play(Trade(scene.time, LOSER, RICH, 1, 40, 1_000))
    scene.price(890)
    told = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_ORDERED)
    # equity 4,400; 2,670 and 2,000 are needed: 2,515 for 60 lots, 1,884 for 40
    assert dict(zip(told["instrument"].tolist(), told["price_ticks"].tolist(), strict=True)) == {
        0: 890 - 2_515 // 60,
        1: 1_000 - 1_884 // 40,
    }


def test_a_losing_position_takes_nothing_from_the_gains_that_bear_a_haircut() -> None:
    state = blank_state(instruments=2)
    bankrupt = open_account(state)
    both, only = open_account(state, 100_000), open_account(state, 100_000)
    give(state, both, 0, 10, 9_000)  # a gain of 1,000
    give(state, both, 1, 10, 10_700)  # a loss of 700
    give(state, only, 0, 10, 9_500)
    payers, means = np.zeros(16, np.int64), np.zeros(16, np.int64)
    count = plain(gains_of_all)(state, bankrupt, Tranche.HAIRCUT_GAINS, payers, means)
    assert payers[:count].tolist() == [both, only]
    assert means[:count].tolist() == [1_000, 500]


def test_a_winner_closed_in_two_markets_is_charged_once_for_what_it_can_bear() -> None:
    state = blank_state(instruments=2)
    bankrupt, winner, other = open_account(state, -900), open_account(state, 400), open_account(state, 1_000)
    state.accounts[bankrupt].status = 1
    state.absorbers[0] = (1, Tranche.ADL, PPM)
    state.policy[0].adl_price = AdlPrice.BANKRUPTCY
    watch = blank_watch(np.full(4, 64), len(state.accounts), len(state.positions), len(state.holdings))
    winners, gains = np.array([winner, winner, other]), np.array([500, 500, 500])
    plain(pay_shortfall)(state, watch, blank_tape(64), bankrupt, 900, 0, winners, gains, 3)
    wallets = [int(state.accounts[account].wallet_quanta) for account in (bankrupt, winner, other)]
    assert wallets == [0, 0, 500], "400 and nothing more of the winner, 500 of the other"
    assert int(state.venue[0].open_deficit_quanta) == 0


def full_vault(positions: int, lots_max: int = 1_000):
    """A vault with so many positions, and an account with one more in the last market; brackets ask nothing."""
    state = blank_state(instruments=66, positions=128)
    account = open_account(state, 1_000)
    state.accounts[VAULT].wallet_quanta = 10**9
    for instrument in range(positions):
        give(state, VAULT, instrument, 1, 1_000)
    give(state, account, 65, 10, 10_000)
    state.contracts.lots_max[:] = lots_max
    state.stages[0].used, state.stages[0].executor = 1, Executor.BACKSTOP_VAULT
    watch = blank_watch(np.full(132, 64), len(state.accounts), len(state.positions), len(state.holdings))
    return plain(take_over)(state, watch, blank_tape(256), account, 0, 0, 0, NONE)


def test_the_vault_takes_nothing_over_beyond_its_own_limits() -> None:
    assert full_vault(63)
    assert not full_vault(64)
    assert not full_vault(3, lots_max=9)


def test_an_order_of_the_engine_shrinks_with_the_position_it_closes() -> None:
    scene = Scene()
    scene.distress(940 - 10)
    ordered = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_ORDERED)
    assert ordered["lots"].tolist() == [-100]
    scene.play(Trade(scene.time, OTHER, LOSER, 0, 40, 930))
    row = int(scene.machine.state.accounts[LOSER].first_position)
    orders = scene.machine.state.orders[int(scene.machine.state.positions[row].orders)]
    assert int(orders.ordered_lots) == 60


def test_an_order_for_a_short_shrinks_with_it_too() -> None:
    scene = Scene()
    scene.play(Trade(scene.time, WINNER, LOSER, 0, 100, 1_000))
    scene.price(1_070)
    ordered = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_ORDERED)
    assert ordered["lots"].tolist() == [100]
    scene.play(Trade(scene.time, LOSER, OTHER, 0, 40, 1_070))
    row = int(scene.machine.state.accounts[LOSER].first_position)
    orders = scene.machine.state.orders[int(scene.machine.state.positions[row].orders)]
    assert int(orders.ordered_lots) == -60


def test_orders_ask_for_nothing_where_the_level_does_not_count_them() -> None:
    terms = small_terms()
    terms.levels[0].includes_orders = 0
    scene = Scene(terms=terms)
    scene.play(ReserveOrder(scene.time, LOSER, 0, 100_000, 1_000))
    assert int(scene.machine.state.accounts[LOSER].position_count) == 1


def test_who_leaves_before_a_loss_is_a_deficit_pays_its_share_into_the_fund() -> None:
    terms = small_terms()
    terms.policy[0].withdraw_charge = 1
    scene = Scene(terms=terms)
    scene.distress(880)  # LOSER is 1,000 below zero, nobody has closed it yet, and the funds are empty
    charged = of_kind(scene.play(Withdraw(scene.time, RICH, 60_100)), EventKind.WITHDRAWAL_CHARGED)
    assert charged["value"].tolist() == [0]
    # 601,000 came in, and 1,000 are missing of them and of as much again
    assert charged["amount_quanta"].tolist() == [-(-60_100 * 1_000 // 602_000)]
    assert int(scene.machine.state.accounts[SystemAccount.VENUE_FUND].wallet_quanta) == 100


def test_the_own_orders_of_an_account_in_liquidation_are_cancelled() -> None:
    scene = Scene()
    scene.play(Trade(scene.time, LOSER, WINNER, 0, 80, 1_000))
    scene.play(ReserveOrder(scene.time, LOSER, 0, 10, 990))
    scene.play(ReserveOrder(scene.time, LOSER, 0, -5, 1_010))
    scene.play(ReserveOrder(scene.time, LOSER, 1, 4, 1_000))
    scene.price(895)
    released = of_kind(scene.play(scene.advance()), EventKind.ORDER_RELEASED)
    assert dict(zip(released["instrument"].tolist(), released["lots"].tolist(), strict=True)) == {0: 5, 1: 4}
    state = scene.machine.state
    assert np.all(state.orders.bid_lots == 0)
    assert np.all(state.orders.ask_quanta == 0)


def test_what_is_left_after_a_market_order_is_the_account_s_own() -> None:
    terms = small_terms()
    terms.stages.residual_payee[:] = 1
    scene = Scene(terms=terms)
    scene.distress(930)
    scene.play(scene.advance())
    reference = int(scene.machine.state.accounts[LOSER].order_reference)
    scene.play(LiquidationFill(scene.time, LOSER, RICH, 0, 100, 930, reference))
    told = scene.play(scene.advance())
    assert len(of_kind(told, EventKind.RESIDUAL_TAKEN)) == 0
    assert int(scene.machine.state.accounts[LOSER].wallet_quanta) == 11_000 - 7_000 - 930


def test_an_account_in_liquidation_bears_no_haircut_even_when_it_has_recovered() -> None:
    state = blank_state()
    bankrupt, recovered, sound = open_account(state), open_account(state, 500), open_account(state, 500)
    state.accounts[recovered].status = 1
    payers, means = np.zeros(16, np.int64), np.zeros(16, np.int64)
    count = plain(gains_of_all)(state, bankrupt, Tranche.HAIRCUT_ALL, payers, means)
    assert payers[:count].tolist() == [sound]
    assert means[:count].tolist() == [500]


@pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
def test_an_account_that_a_doubtful_price_may_have_wronged_is_left_alone(side: int) -> None:
    terms = small_terms()
    terms.pricing[0].stale_ns = 10 * SECOND
    terms.remedies[Condition.STALE].liquidate = Answer.REFUSE
    scene = Scene(terms=terms)
    pairs = [(LOSER, WINNER), (LOSER, RICH)] if side == 1 else [(WINNER, LOSER), (RICH, LOSER)]
    for market, lots in ((0, 60), (1, 40)):
        scene.play(Trade(scene.time, *pairs[market], market, lots, 1_000))
    scene.price(1_000 - side * 120)  # 3,800 left, 4,640 (or 5,360) required; at the hour's other end 11,000
    assert scene.machine.state.accounts[LOSER].status == 1
    scene.time += 11 * SECOND
    assert len(of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_ORDERED)) == 0
    scene.price(1_000 - side * 121)
    ordered = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_ORDERED)
    assert sorted(ordered["instrument"].tolist()) == [0, 1]


def test_a_doubt_too_small_to_be_the_whole_reason_delays_nothing() -> None:
    terms = small_terms()
    terms.pricing[1].stale_ns = 10 * SECOND
    terms.remedies[Condition.STALE].liquidate = Answer.REFUSE
    scene = Scene(terms=terms)
    scene.play(Trade(scene.time, LOSER, WINNER, 0, 100, 1_000))
    scene.play(Trade(scene.time, LOSER, RICH, 1, 10, 1_000))
    scene.price(930)
    scene.price(920, 1)
    for second in range(10):
        scene.price(930 + second % 2)
    told = scene.play(scene.advance())  # 3,300 of 5,115: the best mark of the stale market's hour gives 800 back
    assert of_kind(told, EventKind.LIQUIDATION_ORDERED)["instrument"].tolist() == [0]


def test_the_vault_s_layer_pays_with_its_cash_and_not_beyond_its_equity() -> None:
    state = blank_state(positions=16)
    bankrupt, row = open_account(state, -500), give(state, VAULT, 0, 1, 600)
    state.accounts[VAULT].wallet_quanta = 100
    assert plain(means_of)(state, Tranche.LIQUIDITY_VAULT, bankrupt) == 100
    state.positions[row].cost_quanta = 1_040
    assert plain(means_of)(state, Tranche.LIQUIDITY_VAULT, bankrupt) == 60


def test_interest_at_one_price_adds_up_and_the_auction_crosses_nearest_to_the_mark() -> None:
    scene = Scene()
    scene.play(SetMode(scene.time, 0, Mode.AUCTION))
    for lots, ticks in ((5, 1_030), (5, 1_030), (-4, 990), (-6, 990)):
        scene.play(ReportInterest(scene.time, 0, lots, ticks))
    crossed = of_kind(scene.play(CrossAuction(scene.time, 0)), EventKind.AUCTION_CROSSED)
    assert (int(crossed["lots"][0]), int(crossed["price_ticks"][0])) == (10, 990)
    scene.play(ReportInterest(scene.time, 0, -1, 1_030))  # the book is another now: nobody trades at the old price
    told = scene.play(Trade(scene.time, OTHER, RICH, 0, 1, 990))
    assert of_kind(told, EventKind.COMMAND_REFUSED)["refusal"].tolist() == [Refusal.MARKET_IN_AUCTION]
