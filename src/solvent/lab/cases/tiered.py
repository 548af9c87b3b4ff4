"""Accounts under a liquidity tier as the machine judges them: dYdX's margin is a curve over open interest.

    initial        ceil(|N| x rate), rate = base + (1 - base) x (OI - lower) / (upper - lower) in whole ppm, at most 1
    maintenance    ceil(ceil(|N| x base) x fraction), never raised by open interest

The terms are those the preset dydx_v4 compiles to: a curve with a cap of 1 and a step of one ppm at the initial level,
a flat one with a scale at the maintenance level. A lot at one tick is a quote quantum, so a value is a number of lots,
and each account is judged by `assess_accounts` as in a replay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from solvent.codes import AccountKind, Driver, Exponent, Level, Schedule
from solvent.lab.cases.case import in_range
from solvent.procedures.assess import assess_accounts
from solvent.state.tables import NONE
from solvent.state.terms import TermsShape, blank_terms
from solvent.state.whole import first_user_account, new_state
from solvent.units import PPB, PPM

PPB_OF_PPM: Final = PPB // PPM


class Tier(NamedTuple):
    """Initial share of the value and what fraction of it is the maintenance requirement, both in millionths.

    Open interest between the caps, in quote quanta, raises the initial share to one; no upper cap, no rise.
    """

    initial_ppm: int
    fraction_ppm: int
    lower_cap: int = 0
    upper_cap: int = 0


class Held(NamedTuple):
    """An account judged: equity and requirements over all its positions, in quote quanta."""

    equity: int
    maintenance: int
    initial: int


def judged(accounts: Sequence[tuple[int, Mapping[str, int]]], tier: Tier, open_interest: int = 0) -> list[Held]:
    """(cash, value of each position by market) of every account, judged in one tier at this open interest a market."""
    markets = sorted({market for _cash, values in accounts for market in values})
    terms = blank_terms(TermsShape(max(len(markets), 1), 1))
    terms.contracts.quanta_per_lot_tick[:] = 1
    terms.levels.used[:2] = 1
    schedules = terms.schedules
    schedules.kind[:] = Schedule.CURVE
    schedules.exponent[:] = Exponent.LINE
    schedules.base_ppb[:] = tier.initial_ppm * PPB_OF_PPM
    schedules.cap_ppb[:] = PPB
    schedules.rate_step_ppb[:] = PPB_OF_PPM
    schedules.scale_ppm[:] = PPM
    schedules.slope_den[:] = 1
    count = len(terms.contracts)
    if tier.upper_cap > 0:
        initial: Any = schedules[Level.INITIAL * count : (Level.INITIAL + 1) * count]
        initial.driver[:] = Driver.OPEN_INTEREST
        initial.threshold[:] = tier.lower_cap
        initial.slope_num[:] = PPB - tier.initial_ppm * PPB_OF_PPM
        # caps that meet leave no room to rise in: one quantum above them the share is one
        initial.slope_den[:] = max(tier.upper_cap - tier.lower_cap, 1)
    schedules.scale_ppm[Level.MAINTENANCE * count : (Level.MAINTENANCE + 1) * count] = tier.fraction_ppm
    state = new_state(terms, accounts=len(accounts) + 1, positions=max(len(accounts) * count, 1))
    state.instruments.listed[:] = 1
    state.instruments.mark_ticks[:] = 1
    state.instruments.open_interest_lots[:] = open_interest
    first = first_user_account(state)
    row = 0
    for account, (cash, values) in enumerate(accounts, start=first):
        for link in ("first_position", "first_holding", "default_instrument", "order_stage"):
            state.accounts[account][link] = NONE
        state.accounts[account].kind = AccountKind.CROSS
        state.accounts[account].wallet_quanta = cash
        in_range("the account's equity", cash + sum(values.values()))
        in_range("the account's value", sum(map(abs, values.values())))
        for market, value in values.items():
            position = state.positions[row]
            position.account, position.instrument, position.lots = account, markets.index(market), value
            position.orders, position.next = NONE, state.accounts[account].first_position
            state.accounts[account].first_position = row
            row += 1
    state.venue[0].account_count = first + len(accounts)
    state.venue[0].position_count = row
    answers = {level: np.zeros((len(accounts), 4), dtype=np.int64) for level in (Level.INITIAL, Level.MAINTENANCE)}
    for level, answer in answers.items():
        assess_accounts(state, int(level), np.arange(first, first + len(accounts)), answer)
    maintenance, initial = answers[Level.MAINTENANCE], answers[Level.INITIAL]
    return [Held(int(low[0]), int(low[1]), int(high[1])) for low, high in zip(maintenance, initial, strict=True)]
