"""Limits: caps that a trade may not pass."""

from solvent.compiled import kernel
from solvent.units import value_quanta


@kernel
def passes_open_interest_cap(state, instrument, open_interest_lots):
    """True when this open interest would be beyond the market's cap in lots or in notional at the mark."""
    contract = state.contracts[instrument]
    if contract.open_interest_cap_lots > 0 and open_interest_lots > contract.open_interest_cap_lots:
        return True
    if contract.open_interest_cap_quanta == 0:
        return False
    mark = state.instruments[instrument].mark_ticks
    # compared by division: open interest of the whole market has no bound that keeps the product inside 64 bits
    return open_interest_lots > contract.open_interest_cap_quanta // value_quanta(1, mark, contract.quanta_per_lot_tick)
