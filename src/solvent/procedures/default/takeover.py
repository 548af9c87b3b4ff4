"""The backstop takes positions over."""

import numpy as np

from solvent.codes import Level, SystemAccount
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.default.charges import charge_penalty
from solvent.procedures.default.orders import rest_after
from solvent.procedures.default.plan import equity_share, plan_lots, shared_requirement, work_space
from solvent.procedures.default.standing import rows_by_requirement
from solvent.procedures.review import accrue
from solvent.procedures.shortfall import cover_before_adl
from solvent.procedures.trade import tidy
from solvent.risk.liquidation import transfer_ticks
from solvent.risk.margin import exposure_requirement_up, judge, requirement_up
from solvent.risk.pool import accepts
from solvent.state.ledger import exchange
from solvent.state.positions import find_position, take_position
from solvent.state.tables import NONE
from solvent.state.values import notional_up, traded_quanta
from solvent.state.windows import record_flow
from solvent.units import POSITIONS_MAX


@kernel
def take_over(state, watch, tape, account, stage_row, equity, requirement):
    """The backstop takes what the stage closes of the account's positions, at the mark or less; give whether it did."""
    stage = state.stages[stage_row]
    vault = SystemAccount.VAULT + 0
    if account == vault:
        return False
    if stage.round_ns > 0 and state.venue[0].time_ns < state.accounts[account].cooldown_until_ns:
        return False  # one round at a time
    rows, planned = work_space()
    count = rows_by_requirement(state, account, rows)
    if count == 0:
        return False
    partly = plan_lots(state, account, stage_row, rows, count, equity, requirement, planned)
    vault_equity, vault_requirement, _gains, _notional = judge(state, vault, Level.INITIAL)
    vault_positions = state.accounts[vault].position_count
    for i in range(count):
        position = state.positions[rows[i]]
        lots = planned[i] if position.lots > 0 else -planned[i]
        if lots == 0:
            continue
        row = find_position(state, vault, position.instrument)
        held = 0 if row == NONE else state.positions[row].lots
        if row == NONE:
            vault_positions += 1
        contract = state.contracts[position.instrument]
        if abs(held + lots) > contract.lots_max or vault_positions > POSITIONS_MAX:
            return False
        mark = state.instruments[position.instrument].mark_ticks
        if state.levels[Level.INITIAL].scenario == 1:
            # moves of several positions at once: no more than each would need alone
            taken = notional_up(contract, abs(lots), mark)
            vault_requirement += requirement_up(state, Level.INITIAL, position.instrument, abs(lots), taken, 0)
            continue
        after = notional_up(contract, abs(held + lots), mark)
        before = notional_up(contract, abs(held), mark)
        vault_requirement += requirement_up(
            state, Level.INITIAL, position.instrument, abs(held + lots), after, 0
        ) - requirement_up(state, Level.INITIAL, position.instrument, abs(held), before, 0)
    shortfall = max(-equity, 0)
    cover = cover_before_adl(state, account)
    if not accepts(stage.accept, shortfall, cover, vault_equity - shortfall, vault_requirement):
        return False
    accrue(state, tape, vault)
    shared = shared_requirement(state, rows, count, requirement)
    shares = np.empty(count, np.int64)
    for i in range(count):
        shares[i] = equity_share(state, rows[i], equity, shared, count)
    for i in range(count):
        row = rows[i]
        position = state.positions[row]
        instrument = position.instrument
        lots = planned[i] if position.lots > 0 else -planned[i]
        if lots == 0:
            continue
        mark = state.instruments[instrument].mark_ticks
        contract = state.contracts[instrument]
        price = mark
        if stage.price_ppm > 0:
            price = transfer_ticks(contract, mark, position.lots, shares[i], stage.price_ppm)
        before = exposure_requirement_up(state, Level.MAINTENANCE, row, position.lots)
        vault_row = take_position(state, vault, instrument)
        if lots > 0:
            exchange(state, vault_row, row, lots, price)
        else:
            exchange(state, row, vault_row, -lots, price)
        event = tell(state, tape, EventKind.POSITION_TAKEN_OVER)
        event.account = account
        event.counterparty = vault
        event.instrument = instrument
        event.lots = lots
        event.price_ticks = price
        event.stage = stage_row
        value = abs(traded_quanta(contract, lots, price))
        event.amount_quanta = value
        record_flow(state, instrument, value, 0)
        freed = before - exposure_requirement_up(state, Level.MAINTENANCE, row, state.positions[row].lots)
        charge_penalty(state, tape, account, stage_row, instrument, value, freed, 0, equity)
        tidy(state, watch, vault_row)
        tidy(state, watch, row)
    rest_after(state, account, stage_row, partly)
    return True
