"""The backstop takes positions over."""

import numpy as np

from solvent.codes import Level, SystemAccount
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.default.charges import charge_penalty
from solvent.procedures.default.standing import rows_by_requirement
from solvent.procedures.review import accrue
from solvent.procedures.shortfall import cover_before_adl
from solvent.procedures.trade import tidy
from solvent.risk.margin import judge, requirement_up
from solvent.risk.pool import accepts
from solvent.state.ledger import exchange
from solvent.state.positions import find_position, take_position
from solvent.state.tables import NONE
from solvent.state.windows import record_flow
from solvent.units import POSITIONS_MAX, value_quanta


@kernel
def take_over(state, watch, tape, account, stage_row, equity):
    """The backstop takes the account's positions at the mark; give whether it did."""
    stage = state.stages[stage_row]
    vault = SystemAccount.VAULT + 0
    if account == vault:
        return False
    rows = np.empty(POSITIONS_MAX * 8, np.int64)
    count = rows_by_requirement(state, account, rows)
    if count == 0:
        return False
    vault_equity, vault_requirement, _gains, _notional = judge(state, vault, Level.INITIAL)
    vault_positions = state.accounts[vault].position_count
    for i in range(count):
        position = state.positions[rows[i]]
        row = find_position(state, vault, position.instrument)
        held = 0 if row == NONE else state.positions[row].lots
        if row == NONE:
            vault_positions += 1
        if abs(held + position.lots) > state.contracts[position.instrument].lots_max or vault_positions > POSITIONS_MAX:
            return False
        mark = state.instruments[position.instrument].mark_ticks
        per_lot_tick = state.contracts[position.instrument].quanta_per_lot_tick
        if state.levels[Level.INITIAL].scenario == 1:
            # moves of several positions at once: no more than each would need alone
            taken = value_quanta(abs(position.lots), mark, per_lot_tick)
            vault_requirement += requirement_up(state, Level.INITIAL, position.instrument, abs(position.lots), taken, 0)
            continue
        after = value_quanta(abs(held + position.lots), mark, per_lot_tick)
        before = value_quanta(abs(held), mark, per_lot_tick)
        vault_requirement += requirement_up(
            state, Level.INITIAL, position.instrument, abs(held + position.lots), after, 0
        ) - requirement_up(state, Level.INITIAL, position.instrument, abs(held), before, 0)
    shortfall = max(-equity, 0)
    cover = cover_before_adl(state, account)
    if not accepts(stage.accept, shortfall, cover, vault_equity - shortfall, vault_requirement):
        return False
    accrue(state, tape, vault)
    for i in range(count):
        row = rows[i]
        position = state.positions[row]
        instrument = position.instrument
        lots = position.lots
        mark = state.instruments[instrument].mark_ticks
        vault_row = take_position(state, vault, instrument)
        if lots > 0:
            exchange(state, vault_row, row, lots, mark)
        else:
            exchange(state, row, vault_row, -lots, mark)
        event = tell(state, tape, EventKind.POSITION_TAKEN_OVER)
        event.account = account
        event.counterparty = vault
        event.instrument = instrument
        event.lots = lots
        event.price_ticks = mark
        event.stage = stage_row
        value = value_quanta(abs(lots), mark, state.contracts[instrument].quanta_per_lot_tick)
        event.amount_quanta = value
        record_flow(state, instrument, value, 0)
        charge_penalty(state, tape, account, stage_row, instrument, value, equity)
        tidy(state, watch, vault_row)
        tidy(state, watch, row)
    return True
