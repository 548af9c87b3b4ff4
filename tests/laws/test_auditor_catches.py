"""The tester tested: faults planted after the machine ran are caught, each by the law it breaks."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from machine import FUND, LOSER, OTHER, RICH, SECOND, START, WINNER, Scene

from solvent.codes import Executor, SystemAccount
from solvent.commands import (
    Command,
    ContributeFund,
    Deposit,
    FundingTick,
    LiquidationFill,
    PriceReport,
    ReserveOrder,
    Trade,
    Withdraw,
)
from solvent.events import EventKind
from solvent.lab.auditor import LawBroken


def only(events: Any, kind: EventKind) -> Any:
    """The rows of one kind."""
    rows = np.flatnonzero(events["kind"] == kind)
    assert len(rows), f"the scene told no {kind.name}"
    return rows


def without(events: Any, kind: EventKind) -> Any:
    return np.delete(events, only(events, kind))


def caught(law: str, scene: Scene, command: Command, fault: Callable[[Any, Any], Any]) -> None:
    with pytest.raises(LawBroken) as broken:
        scene.play(command, fault)
    assert broken.value.law == law, str(broken.value)


def test_the_scenes_are_clean() -> None:
    for executor in Executor:
        for ticks in (930, 800):
            scene = Scene(executor)
            scene.play(ContributeFund(START, FUND, 3_000))
            scene.distress(ticks)
            events = scene.play(scene.advance())
            if executor == Executor.ENGINE:
                reference = int(events[only(events, EventKind.LIQUIDATION_ORDERED)]["reference"][0])
                scene.play(LiquidationFill(scene.time, LOSER, RICH, 0, 100, ticks, reference))
                scene.play(scene.advance())


def test_one_quantum_out_of_thin_air() -> None:
    def fault(state: Any, _events: Any) -> None:
        state.accounts[RICH].wallet_quanta += 1

    caught("LEDGER", Scene(), Deposit(START, OTHER, 5), fault)


def test_one_quantum_moved_between_two_accounts() -> None:
    def fault(state: Any, _events: Any) -> None:
        state.accounts[RICH].wallet_quanta += 1
        state.accounts[OTHER].wallet_quanta -= 1

    caught("LEDGER", Scene(), Deposit(START, OTHER, 5), fault)


def test_a_fee_that_was_told_and_not_paid() -> None:
    def fault(state: Any, _events: Any) -> None:
        state.accounts[SystemAccount.FEES].wallet_quanta -= 7
        state.accounts[LOSER].wallet_quanta += 7

    caught("LEDGER", Scene(), Trade(START, LOSER, WINNER, 0, 10, 1_000, 7, 0), fault)


def test_cost_moved_between_two_sides() -> None:
    def fault(state: Any, _events: Any) -> None:
        state.positions[0].cost_quanta += 1
        state.positions[1].cost_quanta -= 1

    caught("LEDGER", Scene(), Trade(START, LOSER, WINNER, 0, 10, 1_000), fault)


def test_lots_out_of_balance() -> None:
    def fault(state: Any, _events: Any) -> None:
        state.positions[0].lots += 1

    caught("LEDGER", Scene(), Trade(START, LOSER, WINNER, 0, 10, 1_000), fault)


def test_open_interest_forgotten() -> None:
    def fault(state: Any, _events: Any) -> None:
        state.instruments[0].open_interest_lots -= 1

    caught("LEDGER", Scene(), Trade(START, LOSER, WINNER, 0, 10, 1_000), fault)


def test_a_distressed_account_that_was_skipped() -> None:
    scene = Scene()
    scene.open_position()

    def fault(state: Any, events: Any) -> Any:
        state.accounts[LOSER].status = 0
        state.accounts[LOSER].default_instrument = -1
        state.venue[0].queue_count = 0
        return without(events, EventKind.ACCOUNT_FLAGGED)

    caught("SCAN", scene, PriceReport(START + 60 * SECOND, 0, 0, 930, START + 60 * SECOND), fault)


def test_a_sound_account_that_was_flagged() -> None:
    scene = Scene()
    scene.open_position()

    def fault(state: Any, events: Any) -> Any:
        more = events[only(events, EventKind.MARK_MOVED)].copy()
        more["kind"] = EventKind.ACCOUNT_FLAGGED
        more["account"] = WINNER
        more["equity_quanta"] = scene.auditor.books.equity(WINNER) + 1_000
        more["requirement_quanta"] = 4_950
        more["amount_quanta"] = 99_000
        return np.concatenate([events, more])

    caught("SCAN", scene, PriceReport(START + 60 * SECOND, 0, 0, 990, START + 60 * SECOND), fault)


def test_an_equity_told_wrongly() -> None:
    scene = Scene()
    scene.open_position()

    def fault(_state: Any, events: Any) -> None:
        events["equity_quanta"][only(events, EventKind.ACCOUNT_FLAGGED)] -= 1

    caught("JUDGED", scene, PriceReport(START + 60 * SECOND, 0, 0, 930, START + 60 * SECOND), fault)


def test_an_account_lost_from_the_queue() -> None:
    scene = Scene()
    scene.open_position()

    def fault(state: Any, _events: Any) -> None:
        state.venue[0].queue_count = 0

    caught("SCAN", scene, PriceReport(START + 60 * SECOND, 0, 0, 930, START + 60 * SECOND), fault)


def filled_scene() -> tuple[Scene, Command]:
    scene = Scene()
    scene.distress(930)
    events = scene.play(scene.advance())
    reference = int(events[only(events, EventKind.LIQUIDATION_ORDERED)]["reference"][0])
    return scene, LiquidationFill(scene.time, LOSER, RICH, 0, 100, 930, reference)


def test_a_penalty_that_is_too_large() -> None:
    scene, fill = filled_scene()

    def fault(state: Any, events: Any) -> None:
        events["amount_quanta"][only(events, EventKind.PENALTY_CHARGED)] += 1
        state.accounts[LOSER].wallet_quanta -= 1
        state.accounts[FUND].wallet_quanta += 1

    caught("PENALTY", scene, fill, fault)


def test_a_penalty_credited_beyond_what_was_charged() -> None:
    scene, fill = filled_scene()

    def fault(state: Any, _events: Any) -> None:
        state.accounts[FUND].wallet_quanta += 1
        state.accounts[SystemAccount.VENUE_FUND].wallet_quanta -= 1

    caught("LEDGER", scene, fill, fault)


def test_a_penalty_to_another_fund() -> None:
    scene, fill = filled_scene()

    def fault(state: Any, events: Any) -> None:
        place = only(events, EventKind.PENALTY_CHARGED)
        amount = int(events["amount_quanta"][place][0])
        events["counterparty"][place] = SystemAccount.VENUE_FUND
        state.accounts[FUND].wallet_quanta -= amount
        state.accounts[SystemAccount.VENUE_FUND].wallet_quanta += amount

    caught("PENALTY", scene, fill, fault)


def test_a_penalty_that_was_forgotten() -> None:
    scene, fill = filled_scene()

    def fault(state: Any, events: Any) -> Any:
        amount = int(events["amount_quanta"][only(events, EventKind.PENALTY_CHARGED)][0])
        state.accounts[FUND].wallet_quanta -= amount
        state.accounts[LOSER].wallet_quanta += amount
        return without(events, EventKind.PENALTY_CHARGED)

    caught("PENALTY", scene, fill, fault)


def test_a_fill_beyond_its_order() -> None:
    scene, fill = filled_scene()

    def fault(_state: Any, events: Any) -> None:
        events["lots"][only(events, EventKind.LIQUIDATION_FILLED)] = -101

    caught("LIQUIDATION", scene, fill, fault)


def deleveraged_scene() -> Scene:
    scene = Scene(Executor.ADL)
    scene.play(ContributeFund(START, FUND, 3_000))
    scene.play(ContributeFund(START, SystemAccount.VENUE_FUND, 2_000))
    scene.distress(800)
    return scene


def test_a_layer_paid_by_the_wrong_fund() -> None:
    scene = deleveraged_scene()

    def fault(state: Any, events: Any) -> None:
        place = only(events, EventKind.TRANCHE_DRAWN)[0]
        events["counterparty"][place] = FUND + 1
        state.accounts[FUND].wallet_quanta += 3_000
        state.accounts[FUND + 1].wallet_quanta -= 3_000

    caught("WATERFALL", scene, scene.advance(), fault)


def test_layers_out_of_order() -> None:
    scene = deleveraged_scene()

    def fault(_state: Any, events: Any) -> None:
        first, second = only(events, EventKind.TRANCHE_DRAWN)[:2]
        events[[first, second]] = events[[second, first]]

    caught("WATERFALL", scene, scene.advance(), fault)


def test_a_layer_that_paid_less_than_it_could() -> None:
    scene = deleveraged_scene()

    def fault(state: Any, events: Any) -> None:
        first, second = only(events, EventKind.TRANCHE_DRAWN)[:2]
        events["amount_quanta"][first] -= 1
        events["amount_quanta"][second] += 1
        state.accounts[FUND].wallet_quanta += 1
        state.accounts[SystemAccount.VENUE_FUND].wallet_quanta -= 1

    caught("WATERFALL", scene, scene.advance(), fault)


def test_a_shortfall_declared_too_large() -> None:
    scene = deleveraged_scene()

    def fault(_state: Any, events: Any) -> None:
        events["amount_quanta"][only(events, EventKind.SHORTFALL_DECLARED)] += 1

    caught("WATERFALL", scene, scene.advance(), fault)


def test_a_loss_that_nobody_paid() -> None:
    scene = deleveraged_scene()

    def fault(state: Any, events: Any) -> Any:
        last = only(events, EventKind.TRANCHE_DRAWN)[-1]
        amount, payer = int(events["amount_quanta"][last]), int(events["counterparty"][last])
        state.accounts[payer].wallet_quanta += amount
        state.accounts[LOSER].wallet_quanta -= amount
        return np.delete(events, last)

    caught("WATERFALL", scene, scene.advance(), fault)


def test_deleveraging_at_another_price() -> None:
    scene = deleveraged_scene()

    def fault(_state: Any, events: Any) -> None:
        events["price_ticks"][only(events, EventKind.POSITION_DELEVERAGED)] += 1

    caught("DELEVERAGE", scene, scene.advance(), fault)


def test_deleveraging_against_somebody_without_a_position() -> None:
    scene = deleveraged_scene()

    def fault(_state: Any, events: Any) -> None:
        events["counterparty"][only(events, EventKind.POSITION_DELEVERAGED)] = OTHER

    caught("DELEVERAGE", scene, scene.advance(), fault)


def test_a_takeover_away_from_the_mark() -> None:
    scene = Scene(Executor.BACKSTOP_VAULT)
    scene.distress(930)

    def fault(_state: Any, events: Any) -> None:
        events["price_ticks"][only(events, EventKind.POSITION_TAKEN_OVER)] -= 1

    caught("LIQUIDATION", scene, scene.advance(), fault)


def test_a_refused_command_that_moved_money() -> None:
    def fault(state: Any, _events: Any) -> None:
        state.accounts[RICH].wallet_quanta -= 1
        state.accounts[OTHER].wallet_quanta += 1

    caught("REFUSED", Scene(), Withdraw(START, OTHER, 10**9), fault)


def test_a_refused_command_that_left_a_trace() -> None:
    def fault(state: Any, _events: Any) -> None:
        state.accounts[OTHER].order_until_ns += 1

    caught("REFUSED", Scene(), Withdraw(START, OTHER, 10**9), fault)


def test_a_refusal_without_a_reason() -> None:
    def fault(_state: Any, events: Any) -> None:
        events["refusal"] = 999

    caught("REFUSED", Scene(), Withdraw(START, OTHER, 10**9), fault)


def test_a_sequence_with_a_gap() -> None:
    def fault(state: Any, events: Any) -> None:
        state.venue[0].sequence += 1
        events["sequence"] += 1

    caught("SEQUENCE", Scene(), Deposit(START, OTHER, 5), fault)


def test_an_event_that_was_not_told() -> None:
    def fault(_state: Any, events: Any) -> Any:
        return without(events, EventKind.DEPOSITED)

    caught("TOLD", Scene(), Deposit(START, OTHER, 5), fault)


def test_funding_rounded_for_the_account() -> None:
    scene = Scene()
    scene.play(Trade(START, LOSER, WINNER, 0, 99, 1_000))
    scene.play(FundingTick(START, 0, 7_777))

    def fault(state: Any, events: Any) -> None:
        events["amount_quanta"][only(events, EventKind.FUNDING_PAID)] -= 1
        state.accounts[LOSER].wallet_quanta += 1
        state.accounts[SystemAccount.FUNDING].wallet_quanta -= 1

    caught("FUNDING", scene, Deposit(START, LOSER, 5), fault)


def test_a_withdrawal_ahead_of_a_loss() -> None:
    scene = Scene()
    scene.distress(800)

    def fault(state: Any, events: Any) -> None:
        events["kind"] = EventKind.WITHDRAWN
        events["refusal"] = 0
        events["value"] = 0
        state.accounts[OTHER].wallet_quanta -= 10
        state.accounts[SystemAccount.EXTERNAL].wallet_quanta += 10

    caught("OUTFLOW", scene, Withdraw(scene.time, OTHER, 10), fault)


def test_an_order_beyond_the_initial_margin() -> None:
    scene = Scene()

    def fault(_state: Any, events: Any) -> None:
        events["kind"] = EventKind.ORDER_RESERVED
        events["refusal"] = 0
        events["value"] = 0
        events["amount_quanta"] = 0

    caught("MARGIN", scene, ReserveOrder(START, LOSER, 0, 1_000, 1_000), fault)


def test_a_list_that_lost_a_row() -> None:
    def fault(state: Any, _events: Any) -> None:
        state.accounts[LOSER].first_position = -1

    caught("STRUCTURE", Scene(), Trade(START, LOSER, WINNER, 0, 10, 1_000), fault)


@pytest.mark.parametrize(
    ("field", "cap", "command"),
    [
        ("position_lots", 9, Trade(START, LOSER, WINNER, 0, 10, 1_000)),
        ("position_quanta", 9_999, Trade(START, LOSER, WINNER, 0, 10, 1_000)),
        ("position_depth_ppm", 1, Trade(START, LOSER, WINNER, 0, 10, 1_000)),
        ("owner_lots", 9, Trade(START, LOSER, WINNER, 0, 10, 1_000)),
        ("open_interest_depth_ppm", 1, Trade(START, LOSER, WINNER, 0, 10, 1_000)),
        ("open_interest_supply_ppm", 1, Trade(START, LOSER, WINNER, 0, 10, 1_000)),
        ("order_band_ppm", 9_999, Trade(START, LOSER, WINNER, 0, 10, 1_010)),
        ("order_band_ppm", 9_999, ReserveOrder(START, LOSER, 0, 10, 1_010)),
        ("position_lots", 9, ReserveOrder(START, LOSER, 0, 10, 1_000)),
    ],
)
def test_a_machine_that_asks_no_cap(field: str, cap: int, command: Command) -> None:
    scene = Scene()
    scene.auditor.books.rules.markets[0][field] = cap  # the auditor's rulebook says more than the machine knows
    caught("MARGIN", scene, command, lambda _state, _events: None)


def test_a_machine_that_lets_too_much_leave_or_too_much_be_open() -> None:
    scene = Scene()
    scene.auditor.books.rules.policy["open_interest_quanta"] = 9_999
    caught("MARGIN", scene, Trade(START, LOSER, WINNER, 0, 10, 1_000), lambda _state, _events: None)
    scene = Scene()
    scene.time += 70 * SECOND
    scene.auditor.books.rules.policy["outflow_ppm"] = 1
    caught("OUTFLOW", scene, Withdraw(scene.time, OTHER, 50), lambda _state, _events: None)
