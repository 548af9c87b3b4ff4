"""A venue built row by row, for tests of single risk files: one market at first, more on request."""

from typing import Any

import numpy as np
from tests.plain import plain

from solvent.codes import AccountKind, ContractKind, Level, Schedule
from solvent.state.positions import take_holding, take_position
from solvent.state.tables import NONE, State
from solvent.state.terms import TermsShape, blank_terms
from solvent.state.whole import first_user_account, new_state
from solvent.units import PPM


def blank_state(instruments: int = 1, brackets: int = 16, accounts: int = 16, **room: int) -> State:
    """Listed markets with a mark of 1,000 ticks, one quantum a lot and tick, and no requirement."""
    state = new_state(blank_terms(TermsShape(instruments, brackets)), accounts=accounts, **room)
    state.contracts.quanta_per_lot_tick[:] = 1
    state.contracts.price_max_ticks[:] = 2**31
    state.contracts.lots_max[:] = 2**23
    state.instruments.listed[:] = 1
    state.instruments.mark_ticks[:] = 1_000
    state.schedules.denominator[:] = 1
    state.schedules.slope_den[:] = 1
    state.schedules.rate_step_ppb[:] = 1
    state.levels.used[:2] = 1
    state.assets.used[0] = 1
    state.venue[0].time_ns = 10**18
    state.policy[0].sources_min = 1
    return state


def contract_of(unit: int = 1, *, inverse: bool = False, least: int = 1, most: int = 2**31, lots: int = 2**23) -> Any:
    """A contract's row, on its own."""
    row = blank_terms(TermsShape(1, 1)).contracts[0]
    row.quanta_per_lot_tick, row.lots_max = unit, lots
    row.price_min_ticks, row.price_max_ticks = least, most
    row.kind = ContractKind.INVERSE if inverse else ContractKind.LINEAR
    return row


def write_brackets(
    state: State,
    level: int,
    instrument: int,
    first: int,
    floors: Any,
    numerators: Any,
    denominator: int,
    kind: Schedule = Schedule.BRACKETS_MARGINAL,
) -> None:
    """Brackets from row `first`, their deductions as the compiler writes them."""
    schedule = state.schedules[level * len(state.instruments) + instrument]
    schedule.kind, schedule.first_bracket, schedule.bracket_count = kind, first, len(floors)
    schedule.denominator, schedule.scale_ppm = denominator, PPM
    schedule.rate_max_ppm = -(-max(numerators) * PPM // denominator)
    deduction = before = 0
    for row, (floor, numerator) in enumerate(zip(floors, numerators, strict=True), start=first):
        if kind != Schedule.BRACKETS_WHOLE:
            deduction += floor * (numerator - before)
        before = numerator
        state.brackets[row] = (floor, numerator, deduction // denominator, deduction % denominator)


def set_asset(
    state: State, row: int, instrument: int, num: int, den: int, initial_ppm: int, maintenance_ppm: int
) -> None:
    """Collateral priced by an instrument, at fixed weights."""
    asset = state.assets[row]
    asset.used, asset.price_instrument, asset.value_num, asset.value_den = 1, instrument, num, den
    asset.initial_ppm, asset.maintenance_ppm = initial_ppm, maintenance_ppm


def open_account(state: State, wallet: int = 0) -> int:
    """The next trader."""
    account = int(state.venue[0].account_count)
    assert account >= first_user_account(state)
    state.venue[0].account_count += 1
    state.accounts[account] = np.zeros(1, dtype=state.accounts.dtype)[0]
    for link in ("first_position", "first_holding", "default_instrument", "order_stage"):
        state.accounts[account][link] = NONE
    state.accounts[account].kind = AccountKind.CROSS
    state.accounts[account].wallet_quanta = wallet
    return account


def give(state: State, account: int, instrument: int, lots: int, cost: int = 0, leverage: int = 0) -> int:
    """A position out of thin air; the row."""
    row = int(plain(take_position)(state, account, instrument))
    state.positions[row].lots, state.positions[row].cost_quanta = lots, cost
    state.positions[row].leverage = leverage
    return row


def give_collateral(state: State, account: int, asset: int, amount: int) -> int:
    """A holding out of thin air; the row."""
    row = int(plain(take_holding)(state, account, asset))
    state.holdings[row].amount_quanta = amount
    return row


def column(values: Any) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def crowd(accounts: int = 12) -> tuple[State, Any, list[int]]:
    """(state, watch, numbers): longs of ten lots in two markets at a tenth of the notional, each a little sounder.

    Account n may lose 0.4 % of its notional n times; its corner gives each market half of that.
    """
    from solvent.engine.room import fresh_watch

    state = blank_state(2, accounts=accounts + 32, positions=2 * accounts + 64)
    for market in range(2):
        write_brackets(state, Level.MAINTENANCE, market, 0, [0], [1], 10)
        write_brackets(state, Level.INITIAL, market, 1, [0], [1], 5)
    numbers = [open_account(state, 2_000 + 80 * number) for number in range(accounts)]
    for account in numbers:
        give(state, account, 0, 10, cost=10_000)
        give(state, account, 1, 10, cost=10_000)
    return state, fresh_watch(state), numbers
