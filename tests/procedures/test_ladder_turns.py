"""Turns of the action ladder that a venue takes seldom: nothing to close, nobody to close against, costs that decide.

Two markets at 10 % and 5 % with one quantum for a lot and a tick; every command is followed by the auditor.
"""

import pytest
from tests.laws.machine import LOSER, RICH, SECOND, WINNER, Scene, small_terms
from tests.procedures.test_ladder import deal, rich_vault, scene_of, told

from solvent.codes import AdlPrice, Executor, FeePayee, Level, Mode, Refusal, Schedule, Size, SystemAccount
from solvent.commands import ClaimLiquidation, LiquidationFill, SetMode, Trade, Withdraw
from solvent.events import EventKind
from solvent.units import PPM

ADL = {"executor": Executor.ADL}
KEEPER = {"executor": Executor.KEEPER}
HEALTH = {"sizing": Size.TO_HEALTH, "size_ppm": PPM, "fee_ppm": 0}


def offering(*stages: dict[str, int], depth: int = 0, start: int = 950_000, cap: int = 0, **policy: int) -> Scene:
    """A scene with these stages; those that offer begin at `start`, the book of the first market has a depth."""
    terms = small_terms()
    for row, fields in enumerate(stages):
        stage = terms.stages[row]
        stage.used, stage.level, stage.scale_ppm, stage.timeout_ns = 1, Level.MAINTENANCE, PPM, 60 * SECOND
        stage.fee_ppm = 0
        for name, value in fields.items():
            stage[name] = value
        terms.offers[row].start_ppm = start
    terms.markets[0].depth_lots, terms.backings[0].cap_quanta = depth, cap
    for name, value in policy.items():
        terms.policy[0][name] = value
    return Scene(terms=terms)


def two_positions(scene: Scene, ticks: int = 890) -> None:
    """LOSER is long in both markets and below maintenance: 4,400 of 2,670 and 2,000 at 890."""
    scene.play(Trade(scene.time, LOSER, WINNER, 0, 60, 1_000))
    scene.play(Trade(scene.time, LOSER, WINNER, 1, 40, 1_000))
    scene.price(ticks)


def test_winners_of_a_short_default_close_at_the_lower_of_two_marks() -> None:
    scene = scene_of(ADL, adl_price=AdlPrice.PREVIOUS_MARK)
    deal(scene, -1)
    scene.price(1_050)
    scene.price(1_070)
    assert [event["price_ticks"] for event in told(scene, EventKind.POSITION_DELEVERAGED)] == [1_050]


def test_one_position_is_enough_and_the_other_is_left_alone() -> None:
    for executor, kind in (
        (Executor.ADL, EventKind.POSITION_DELEVERAGED),
        (Executor.KEEPER, EventKind.LIQUIDATION_OFFERED),
        (Executor.BACKSTOP_VAULT, EventKind.POSITION_TAKEN_OVER),
    ):
        scene = offering({"executor": executor} | HEALTH, adl_price=AdlPrice.MARK)
        rich_vault(scene)
        two_positions(scene)
        assert [event["instrument"] for event in told(scene, kind)] == [0]


def test_nobody_is_closed_against_who_is_in_liquidation_itself() -> None:
    scene = scene_of(ADL, adl_price=AdlPrice.MARK)
    deal(scene, 1)
    scene.play(Trade(scene.time, WINNER, RICH, 1, 300, 1_000))
    scene.price(930)  # LOSER is the first in the queue
    scene.price(880, 1)  # its winner has 11,000 left of 17,850
    assert int(scene.machine.state.accounts[WINNER].status) == 1
    events = scene.play(scene.advance())
    assert events[events["kind"] == EventKind.ACCOUNT_WAITING]["account"].tolist() == [LOSER]
    assert LOSER not in events[events["kind"] == EventKind.POSITION_DELEVERAGED]["account"]


def test_a_winner_who_took_all_it_had_gained_is_no_winner() -> None:
    terms = small_terms(Executor.ADL)
    terms.policy[0].withdraw_gains = 1
    for place in range(4):
        terms.brackets[place].numerator = 0
    scene = Scene(terms=terms)
    scene.play(Trade(scene.time, LOSER, WINNER, 0, 100, 1_000))
    scene.play(Trade(scene.time, LOSER, RICH, 1, 100, 1_000))
    scene.price(900)
    scene.play(Withdraw(scene.time, WINNER, 50_000))
    assert int(scene.machine.state.accounts[WINNER].wallet_quanta) == -10_000
    scene.price(980, 1)  # LOSER is 1,000 below zero, and only the second market has a winner with anything
    assert [event["instrument"] for event in told(scene, EventKind.POSITION_DELEVERAGED)] == [1]


def test_a_closed_market_offers_nothing_and_what_follows_has_its_turn() -> None:
    scene = offering(KEEPER, {"executor": Executor.ENGINE})
    scene.distress(930)
    scene.play(SetMode(scene.time, 0, Mode.HALTED))
    assert told(scene, EventKind.ACCOUNT_WAITING)
    scene.play(SetMode(scene.time, 0, Mode.ACTIVE))
    assert told(scene, EventKind.LIQUIDATION_OFFERED)


def test_rounds_of_offers_are_apart() -> None:
    scene = offering(KEEPER | {"sizing": Size.FRACTION, "size_ppm": 100_000, "round_ns": 3 * SECOND, "timeout_ns": 1})
    scene.distress(930)
    assert [len(told(scene, EventKind.LIQUIDATION_OFFERED)) for _second in range(4)] == [1, 0, 0, 1]


def test_nothing_is_claimed_before_it_is_offered() -> None:
    scene = offering(KEEPER)
    scene.distress(930)
    (refused,) = scene.play(ClaimLiquidation(scene.time, LOSER, RICH, 0, 1, 1))
    assert int(refused["refusal"]) == Refusal.NO_OFFER


def test_a_penalty_may_go_to_the_venues_own_capital() -> None:
    scene = scene_of({"executor": Executor.ENGINE, "fee_ppm": 10_000, "fee_payee": FeePayee.VENUE_CAPITAL})
    scene.distress(930)
    (order,) = told(scene, EventKind.LIQUIDATION_ORDERED)
    events = scene.play(LiquidationFill(scene.time, LOSER, RICH, 0, 100, 930, int(order["reference"])))
    (penalty,) = events[events["kind"] == EventKind.PENALTY_CHARGED]
    assert (penalty["counterparty"], penalty["amount_quanta"]) == (SystemAccount.VENUE_CAPITAL, 930)


def test_a_pool_whose_cap_is_reached_takes_only_what_it_may_of_other_markets() -> None:
    scene = offering({"executor": Executor.BACKSTOP_VAULT}, cap=889)
    rich_vault(scene)
    two_positions(scene)
    taken = told(scene, EventKind.POSITION_TAKEN_OVER)
    assert [event["instrument"] for event in taken] == [1]


def test_under_scenarios_one_order_at_a_time_and_a_pool_needs_what_each_needs_alone() -> None:
    for executor, kind in (
        (Executor.ENGINE, EventKind.LIQUIDATION_ORDERED),
        (Executor.BACKSTOP_VAULT, EventKind.POSITION_TAKEN_OVER),
    ):
        terms = small_terms(executor)
        stage = terms.stages[0]
        stage.sizing, stage.size_ppm, stage.fee_ppm = Size.TO_HEALTH, PPM, 0
        for level, rate in ((Level.INITIAL, 10**8), (Level.MAINTENANCE, 5 * 10**7)):
            terms.levels[level].scenario = 1
            for instrument in range(2):
                schedule = terms.schedules[level * 2 + instrument]
                schedule.kind, schedule.base_ppb, schedule.scale_ppm = Schedule.SCENARIO, rate, PPM
        terms.policy[0].scenario_unhedged_ppm = 50_000
        scene = Scene(terms=terms)
        rich_vault(scene)
        two_positions(scene, 845)  # closing the first whole leaves 1,700 of 2,000
        assert [event["instrument"] for event in told(scene, kind)] == [0]


ROUTED = {"routes": 1, "adl_price": AdlPrice.MARK}


@pytest.mark.parametrize(("ticks", "lots"), [(930, -8), (880, -100)])
def test_an_order_goes_into_the_book_as_far_as_health_bears_and_of_the_bankrupt_all_the_way(ticks, lots) -> None:
    """At 930 equity is 4.3 % of the value: a book of two lots within 1 % takes 8 up to there."""
    scene = offering({"executor": Executor.ENGINE}, ADL, depth=2 if ticks == 930 else 100, **ROUTED)
    scene.distress(ticks)
    assert [event["lots"] for event in told(scene, EventKind.LIQUIDATION_ORDERED)] == [lots]


def test_nothing_can_be_closed_and_nothing_costs() -> None:
    scene = offering({"executor": Executor.ENGINE}, ADL, **ROUTED)
    scene.distress(930)
    scene.play(SetMode(scene.time, 0, Mode.HALTED))
    assert told(scene, EventKind.ACCOUNT_WAITING)


def test_an_offer_made_before_is_weighed_at_the_price_it_stands_at_now() -> None:
    scene = offering(KEEPER | {"timeout_ns": 2 * SECOND}, start=960_000, **ROUTED)
    scene.distress(930)
    assert told(scene, EventKind.LIQUIDATION_OFFERED)
    scene.time += 2 * SECOND
    assert told(scene, EventKind.LIQUIDATION_OFFERED)
