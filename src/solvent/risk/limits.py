"""Limits: caps that a trade, an order, a withdrawal or a deposit may not pass.

Open interest is capped in lots, in notional, as a share of the market's depth and of the asset's supply, and over all
markets together; one account's position and one owner's positions together in lots, in notional and as a share of
depth; the price of what opens risk by a band around the mark; collateral by a cap that grows from zero. What leaves in
a rolling window is `outflow`. Whatever only reduces risk passes all of them (invariant G6), and so do a liquidation and
the unwinding of what the backstop took over.
"""

from solvent.compiled import kernel
from solvent.state.owners import last_of_owner
from solvent.state.positions import find_position
from solvent.state.tables import NONE
from solvent.state.values import lots_within, market_value_saturated
from solvent.units import LIMIT, PPM, add_saturated, mul_div_down


@kernel
def lots_worth(state, instrument, quanta):
    """Whole lots that so much money is worth at the mark."""
    # compared by division: open interest of a whole market has no bound that keeps the product inside 64 bits
    return lots_within(state.contracts[instrument], quanta, state.instruments[instrument].mark_ticks)


@kernel
def cap_lots(state, instrument, lots, quanta, depth_ppm):
    """The least of the caps that are set, in lots; LIMIT where none is."""
    cap = LIMIT + 0
    if lots > 0:
        cap = min(cap, lots)
    if quanta > 0:
        cap = min(cap, lots_worth(state, instrument, quanta))
    if depth_ppm > 0:
        cap = min(cap, mul_div_down(state.markets[instrument].depth_lots, depth_ppm, PPM))
    return cap


@kernel
def passes_open_interest_cap(state, instrument, open_interest_lots):
    """True when this open interest would be beyond the market's caps."""
    contract = state.contracts[instrument]
    market = state.markets[instrument]
    cap = cap_lots(
        state,
        instrument,
        contract.open_interest_cap_lots,
        contract.open_interest_cap_quanta,
        market.open_interest_depth_ppm,
    )
    if market.open_interest_supply_ppm > 0:
        cap = min(cap, mul_div_down(market.supply_lots, market.open_interest_supply_ppm, PPM))
    return cap < LIMIT and open_interest_lots > cap


@kernel
def passes_venue_cap(state, instrument, more_lots):
    """True when so much more in one market would take the open interest of all markets beyond the venue's cap."""
    cap = state.policy[0].open_interest_quanta
    if cap == 0:
        return False
    total = 0
    for other in range(state.instruments.shape[0]):
        market = state.instruments[other]
        if market.listed == 1 and market.mark_ticks > 0:
            lots = market.open_interest_lots + (more_lots if other == instrument else 0)
            total = add_saturated(total, market_value_saturated(state.contracts[other], lots, market.mark_ticks))
    return total > cap


@kernel
def position_cap_lots(state, instrument):
    """Largest position of one account, in lots."""
    market = state.markets[instrument]
    return cap_lots(state, instrument, market.position_lots, market.position_quanta, market.position_depth_ppm)


@kernel
def passes_owner_cap(state, watch, account, instrument, lots_after, counterparty, counter_lots_after):
    """True when the owner's accounts together would hold more of the market than one owner may.

    The other side of the trade may be the owner's as well: both are counted as they will be.
    """
    market = state.markets[instrument]
    cap = cap_lots(state, instrument, market.owner_lots, market.owner_quanta, market.owner_depth_ppm)
    if cap == LIMIT:
        return False
    total = abs(lots_after)
    other = last_of_owner(watch.owner_slots, state.accounts, state.accounts[account].owner)
    for _turn in range(state.venue[0].account_count):  # pragma: no branch (an owner has no more accounts than all)
        if other == NONE:
            break
        if other == counterparty:
            total += abs(counter_lots_after)
        elif other != account:
            row = find_position(state, other, instrument)
            if row != NONE:
                total += abs(state.positions[row].lots)
        other = watch.owner_before[other]
    return total > cap


@kernel
def is_outside_band(state, instrument, price_ticks):
    """True when a price is further from the mark than what opens risk may be."""
    band = state.markets[instrument].order_band_ppm
    mark = state.instruments[instrument].mark_ticks
    return band > 0 and abs(price_ticks - mark) * PPM > mark * band


@kernel
def is_reckless(state, instrument, price_ticks, is_buy):
    """True when an order would pay more than the band above the mark, or sell for less than the band below it.

    A bid below the mark and an offer above it wait for somebody who gives a better price than the mark: no band.
    """
    mark = state.instruments[instrument].mark_ticks
    return (price_ticks > mark) == is_buy and is_outside_band(state, instrument, price_ticks)


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
    return state.held[asset].amount_quanta + state.held[asset].owed_quanta + amount_quanta > cap
