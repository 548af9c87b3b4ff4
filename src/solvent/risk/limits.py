"""Limits: caps that a trade, a withdrawal or a deposit may not pass.

Open interest is capped in lots, in notional, as a share of the market's depth and of the asset's supply; one owner's
accounts together in lots; the price of what opens risk by a band around the mark; what leaves in a rolling window as
a share of what is there; collateral by a cap that grows from zero.
"""

from solvent.codes import AccountKind, SystemAccount
from solvent.compiled import kernel
from solvent.state.positions import find_position
from solvent.state.tables import NONE
from solvent.state.windows import sums
from solvent.units import PPM, mul_div_down, value_quanta


@kernel
def passes_open_interest_cap(state, instrument, open_interest_lots):
    """True when this open interest would be beyond the market's cap in lots or in notional at the mark."""
    contract = state.contracts[instrument]
    if contract.open_interest_cap_lots > 0 and open_interest_lots > contract.open_interest_cap_lots:
        return True
    market = state.markets[instrument]
    if market.open_interest_depth_ppm > 0 and open_interest_lots > mul_div_down(
        market.depth_lots, market.open_interest_depth_ppm, PPM
    ):
        return True
    if market.open_interest_supply_ppm > 0 and open_interest_lots > mul_div_down(
        market.supply_lots, market.open_interest_supply_ppm, PPM
    ):
        return True
    if contract.open_interest_cap_quanta == 0:
        return False
    mark = state.instruments[instrument].mark_ticks
    # compared by division: open interest of the whole market has no bound that keeps the product inside 64 bits
    return open_interest_lots > contract.open_interest_cap_quanta // value_quanta(1, mark, contract.quanta_per_lot_tick)


@kernel
def passes_owner_cap(state, account, instrument, lots_after):
    """True when the owner's accounts together would hold more of the market than one owner may.

    Every account is looked at, so that no index of owners has to be kept: where a market has such a cap, opening a
    position in it costs one walk over the accounts.
    """
    cap = state.markets[instrument].owner_lots
    if cap == 0:
        return False
    total = abs(lots_after)
    owner = state.accounts[account].owner
    for other in range(state.venue[0].account_count):
        terms = state.accounts[other]
        if other == account or terms.owner != owner or terms.kind == AccountKind.SYSTEM:
            continue
        row = find_position(state, other, instrument)
        if row != NONE:
            total += abs(state.positions[row].lots)
    return total > cap


@kernel
def is_outside_band(state, instrument, price_ticks):
    """True when a price is further from the mark than what opens risk may be."""
    band = state.markets[instrument].order_band_ppm
    mark = state.instruments[instrument].mark_ticks
    return band > 0 and abs(price_ticks - mark) * PPM > mark * band


@kernel
def passes_outflow_limit(state, amount_quanta):
    """True when so much more would leave the venue in its window than the rulebook's share of what was there."""
    share = state.policy[0].outflow_ppm
    if share == 0:
        return False
    _path, _flow, outflow = sums(state, state.instruments.shape[0], state.policy[0].outflow_window)
    inside = -state.accounts[SystemAccount.EXTERNAL].wallet_quanta
    return outflow + amount_quanta > mul_div_down(max(inside + max(outflow, 0), 0), share, PPM)


@kernel
def passes_collateral_cap(state, asset, amount_quanta):
    """True when the venue would hold more of the asset than it accepts now; the cap ramps up from zero."""
    terms = state.assets[asset]
    if terms.cap_amount == 0:
        return False
    cap = terms.cap_amount + 0
    if terms.ramp_ns > 0:
        elapsed = min(max(state.venue[0].time_ns - terms.ramp_start_ns, 0), terms.ramp_ns)
        cap = mul_div_down(cap, elapsed, terms.ramp_ns)
    return state.held[asset].amount_quanta + amount_quanta > cap
