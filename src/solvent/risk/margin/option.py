"""What an option must hold at a level: a long is paid in full, a short holds shares of the underlying.

    long     its whole value: what it is worth backs nothing else, so its price cannot endanger its owner
    short    max(share x underlying - out of the money, least share x underlying, of a put also share x value) x scale
             and what the level adds; the equity already owes the value

Deribit's and Derive's standard margin; there a short also holds the mark, which its equity does not count. Shares are
whole numbers of 1 / scale, prices in any one unit, for a contract or for all of a position. Open orders count at the
worst of all bids filled and all offers filled. The requirement moves with two prices, the option's and its
underlying's, so there is no trigger for it: such accounts are judged at every price.
"""

from solvent.compiled import kernel
from solvent.risk.margin.additions import additions_up
from solvent.state.multipliers import scaled_up
from solvent.state.options import strike_quanta, underlying_quanta
from solvent.state.tables import NONE
from solvent.state.values import notional_up, open_loss_quanta
from solvent.units import PPB, PPM, mul_div_up


@kernel
def out_of_the_money(spot_ticks, strike_ticks, is_call):
    """How far the option is from being worth exercising."""
    return max(strike_ticks - spot_ticks, 0) if is_call else max(spot_ticks - strike_ticks, 0)


@kernel
def short_maintenance_up(spot_ticks, mark_ticks, is_call, share, scale):
    """Maintenance of one short contract beyond its mark, rounded up."""
    required = mul_div_up(spot_ticks, share, scale)
    if is_call:
        return required
    return max(required, mul_div_up(mark_ticks, share, scale))


@kernel
def short_initial_up(spot_ticks, strike_ticks, mark_ticks, is_call, share, least_share, maintenance_share, scale):
    """Initial margin of one short contract beyond its mark, rounded up."""
    required = mul_div_up(spot_ticks, share, scale) - out_of_the_money(spot_ticks, strike_ticks, is_call)
    required = max(required, mul_div_up(spot_ticks, least_share, scale))
    if is_call:
        return required
    return max(required, short_maintenance_up(spot_ticks, mark_ticks, is_call, maintenance_share, scale))


@kernel
def option_requirement_up(state, level, instrument, lots):
    """What signed lots of an option must hold at a level, standing alone, no multiplier, rounded up."""
    if lots == 0:
        return 0
    count = abs(lots)
    value = notional_up(state.contracts[instrument], count, state.instruments[instrument].mark_ticks)
    if lots > 0:
        return value
    option = state.options[instrument]
    spot = state.instruments[option.underlying].mark_ticks
    schedule = state.schedules[level * state.instruments.shape[0] + instrument]
    required = short_initial_up(
        underlying_quanta(option, count, spot),
        strike_quanta(option, count, spot),
        value,
        option.is_put == 0,
        schedule.base_ppb,
        schedule.floor_ppb,
        schedule.cap_ppb,
        PPB,
    )
    return mul_div_up(required, schedule.scale_ppm, PPM) + additions_up(schedule, count, value)


@kernel
def option_exposure_up(state, level, instrument, lots, bid_lots, bid_quanta, ask_lots, ask_quanta):
    """What signed lots with these orders must hold at a level; a market's multiplier acts on what is sold only."""
    required = option_requirement_up(state, level, instrument, max(lots + bid_lots, 0))
    sold = min(lots - ask_lots, 0)
    if sold < 0:
        short = option_requirement_up(state, level, instrument, sold)
        required = max(required, scaled_up(state, level, instrument, sold, False, short))
    if state.levels[level].open_loss == 1:
        mark = state.instruments[instrument].mark_ticks
        contract = state.contracts[instrument]
        required += open_loss_quanta(contract, bid_lots, bid_quanta, ask_lots, ask_quanta, mark)
    return required


@kernel
def option_row_up(state, level, row, lots):
    """The same of a position row as if it held `lots`, its open orders counted where the level does."""
    position = state.positions[row]
    if position.orders == NONE or state.levels[level].includes_orders == 0:
        return option_exposure_up(state, level, position.instrument, lots, 0, 0, 0, 0)
    orders = state.orders[position.orders]
    return option_exposure_up(
        state,
        level,
        position.instrument,
        lots,
        orders.bid_lots,
        orders.bid_quanta,
        orders.ask_lots,
        orders.ask_quanta,
    )
