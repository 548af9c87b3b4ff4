"""Classes of the catalogue (docs/reliability.md) told as what happened to others: each scene shows it does not here.

The auditor follows every command; what is asserted is what a member would have complained about.
"""

import pytest
from machine import LOSER, OTHER, RICH, SECOND, WINNER, Scene, small_terms

from solvent.codes import AdlPrice, Executor, Refusal, Size, SystemAccount
from solvent.commands import (
    Advance,
    CollateralSale,
    Deposit,
    LiquidationFill,
    PriceReport,
    SetMode,
    Trade,
    Withdraw,
)
from solvent.events import EventKind
from solvent.units import PPM

DUST, GOLD = 1, 2


def of_kind(events, kind):
    return events[events["kind"] == kind]


def refusal_of(scene: Scene, command) -> Refusal:
    told = of_kind(scene.play(command), EventKind.COMMAND_REFUSED)
    return Refusal(int(told["refusal"][0])) if len(told) else Refusal.NONE


def with_collateral() -> Scene:
    """The second market prices two kinds of collateral, at nine tenths."""
    terms = small_terms()
    for row in (DUST, GOLD):
        asset = terms.assets[row]
        asset.used, asset.price_instrument, asset.value_num, asset.value_den = 1, 1, 1, 1
        asset.initial_ppm = asset.maintenance_ppm = 900_000
    return Scene(terms=terms)


def test_a_debt_with_dust_beside_it_is_sold_out_and_written_off() -> None:
    """6, 7: collateral too small to matter neither stops the sale of the rest nor keeps the debt open."""
    scene = with_collateral()
    scene.play(Deposit(scene.time, LOSER, 1, DUST))
    scene.play(Deposit(scene.time, LOSER, 3, GOLD))
    scene.open_position()
    scene.price(860)
    (order,) = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_ORDERED)
    scene.play(LiquidationFill(scene.time, LOSER, RICH, 0, 100, 850, int(order["reference"])))
    scene.time += 60 * SECOND  # the order of the market was given so long
    asked = of_kind(scene.play(scene.advance()), EventKind.COLLATERAL_ORDERED)
    assert sorted(asked["asset"].tolist()) == [DUST, GOLD], "all of it at once (37)"
    reference = int(asked["reference"][0])
    scene.play(CollateralSale(scene.time, LOSER, GOLD, 3, 2_700, reference))
    scene.play(CollateralSale(scene.time, LOSER, DUST, 1, 0, reference))  # nobody gives a quantum for it
    told = scene.play(scene.advance())
    assert len(of_kind(told, EventKind.SHORTFALL_DECLARED)) == 1
    assert len(of_kind(told, EventKind.DEFAULT_CLOSED)) == 1
    assert int(scene.machine.state.accounts[LOSER].wallet_quanta) == 0


def test_no_limit_on_positions_stops_a_liquidation() -> None:
    """12: a cap that is reached binds nobody who closes or is closed."""
    terms = small_terms()
    terms.stages[1] = terms.stages[0]
    terms.stages[1].executor = Executor.ADL
    terms.stages[0].timeout_ns = SECOND
    terms.policy[0].adl_price = AdlPrice.MARK
    terms.contracts[0].open_interest_cap_lots = 100
    scene = Scene(terms=terms)
    scene.distress(905)
    (order,) = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_ORDERED)
    fill = LiquidationFill(scene.time, LOSER, RICH, 0, 40, 905, int(order["reference"]))
    assert refusal_of(scene, fill) == Refusal.NONE
    assert refusal_of(scene, Trade(scene.time, OTHER, WINNER, 0, 1, 905)) == Refusal.OPEN_INTEREST_CAP
    assert refusal_of(scene, Trade(scene.time, WINNER, RICH, 0, 1, 905)) == Refusal.NONE, "both close"
    scene.time += SECOND
    assert len(of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_ORDERED)) == 1


def test_the_largest_requirement_is_closed_first_whatever_it_has_gained() -> None:
    """20, 37: the leg that asks for most goes first, also when it is the one in profit."""
    terms = small_terms()
    terms.stages[0].sizing, terms.stages[0].size_ppm, terms.stages[0].fee_ppm = Size.TO_HEALTH, PPM, 0
    scene = Scene(terms=terms)
    scene.play(Trade(scene.time, LOSER, WINNER, 0, 40, 1_000))
    scene.play(Trade(scene.time, LOSER, RICH, 1, 60, 1_000))
    scene.price(1_050, 1)
    scene.price(760)  # 11,000 + 3,000 - 9,600 = 4,400 of 3,150 and 1,520
    ordered = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_ORDERED)
    assert ordered["instrument"].tolist() == [1]


def test_what_was_won_before_a_recovery_stays_won() -> None:
    """22: an account that recovers half-way keeps every quantum it had or won meanwhile."""
    scene = Scene()
    scene.distress(935)
    (order,) = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_ORDERED)
    scene.play(LiquidationFill(scene.time, LOSER, RICH, 0, 10, 935, int(order["reference"])))
    scene.price(1_100)
    told = scene.play(scene.advance())
    assert len(of_kind(told, EventKind.ACCOUNT_RECOVERED)) == 1
    wallet = int(scene.machine.state.accounts[LOSER].wallet_quanta)
    assert wallet == 11_000 - 650 - 94, "ten lots at 935, and one per cent of their value"
    scene.play(Trade(scene.time, WINNER, LOSER, 0, 90, 1_100))
    assert int(scene.machine.state.accounts[LOSER].wallet_quanta) == wallet + 9_000


@pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
def test_between_maintenance_and_initial_one_may_reduce_and_nothing_else(side: int) -> None:
    """28, 29: less than the initial margin left; closing is allowed, one lot more than is held is opening."""
    scene = Scene()
    pair = (LOSER, WINNER) if side == 1 else (WINNER, LOSER)
    scene.play(Trade(scene.time, *pair, 0, 100, 1_000))
    scene.price(1_000 - 30 * side)  # 8,000 left: 9,700 (10,300) to open, 4,850 (5,150) to stay
    assert refusal_of(scene, Trade(scene.time, *pair, 0, 1, 1_000 - 30 * side)) == Refusal.BELOW_INITIAL
    other = (OTHER, LOSER) if side == 1 else (LOSER, OTHER)
    assert refusal_of(scene, Trade(scene.time, *other, 0, 183, 1_000 - 30 * side)) == Refusal.BELOW_INITIAL
    assert refusal_of(scene, Trade(scene.time, *other, 0, 100, 1_000 - 30 * side)) == Refusal.NONE


def test_profit_leaves_only_down_to_what_the_size_of_the_position_asks() -> None:
    """40: whoever is far in profit keeps a share of the notional inside, whatever the margin would allow."""
    terms = small_terms()
    terms.policy[0].withdraw_gains, terms.policy[0].withdraw_notional_ppm = 1, 200_000
    scene = Scene(terms=terms)
    scene.play(Trade(scene.time, LOSER, RICH, 0, 100, 1_000))
    scene.price(1_200)  # 31,000 of equity, 24,000 stay
    assert refusal_of(scene, Withdraw(scene.time, LOSER, 7_001)) == Refusal.WITHDRAWAL_EXCEEDS_FREE
    assert refusal_of(scene, Withdraw(scene.time, LOSER, 7_000)) == Refusal.NONE


def test_a_penalty_is_of_the_price_that_was_paid() -> None:
    """46: neither of the mark nor of the limit."""
    scene = Scene()
    scene.distress(930)
    (order,) = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_ORDERED)
    told = scene.play(LiquidationFill(scene.time, LOSER, RICH, 0, 50, 941, int(order["reference"])))
    (penalty,) = of_kind(told, EventKind.PENALTY_CHARGED)
    assert (int(penalty["value"]), int(penalty["amount_quanta"])) == (47_050, 471)


def test_one_market_that_stands_still_stops_no_price_and_no_default_of_another() -> None:
    """13, 30: a halt is of its market."""
    scene = Scene()
    scene.play(Trade(scene.time, LOSER, WINNER, 1, 100, 1_000))
    scene.play(SetMode(scene.time, 0, 3))
    scene.price(930, 1)
    assert int(scene.machine.state.accounts[LOSER].status) == 1
    assert len(of_kind(scene.play(Advance(scene.time, 5)), EventKind.LIQUIDATION_ORDERED)) == 1
    scene.time += SECOND
    told = scene.play(PriceReport(scene.time, 0, 0, 990, scene.time))
    assert len(of_kind(told, EventKind.MARK_MOVED)) == 1, "a halted market still has a price"


def test_nothing_resets_what_is_owed() -> None:
    """82: an open deficit falls by what is paid for it, to the quantum, and by nothing else."""
    terms = small_terms(Executor.ADL)
    terms.absorbers.used[:] = 0
    scene = Scene(terms=terms)
    scene.distress(880)
    scene.play(scene.advance())
    state = scene.machine.state
    owed = int(state.venue[0].open_deficit_quanta)
    assert owed == -int(state.accounts[SystemAccount.DEFICIT].wallet_quanta) > 0
    scene.play(Deposit(scene.time, LOSER, 10**6))
    assert refusal_of(scene, Withdraw(scene.time, LOSER, 1)) == Refusal.WITHDRAWALS_GATED
    assert int(state.venue[0].open_deficit_quanta) == owed
