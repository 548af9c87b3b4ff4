"""Breakers: a market, or the venue, that moves too far or works too hard is slowed down or stopped.

Levels: active, caution, reduce-only, auction, halted; each allows less than the one before (ALLOWED), and depositing,
cancelling and reducing are allowed wherever liquidation is. A breaker measures one metric against a threshold:

    mark move       distance of the mark from the anchor at the start of its window, or from where it acted last
    price band      distance of the mark from the lowest and highest mark of a rolling window
    volatility      sum of the mark's moves in a rolling window: a state of the market, not a level somebody can aim at
    dispersion      how far its sources stand apart            staleness   age of the mark over the window
    liquidations    value liquidated in a rolling window over open interest
    open interest   over the depth of the market
    fund drawdown, outflow, time jump                          of the venue as a whole
    insolvent requirement     maintenance of the accounts below zero over the venue's fund (Derive)

It engages by itself, holds its mode, or stops one action alone, for its dwell time and lets go when the metric is below
its exit threshold, or only by an operator's command where the rulebook says so. The strictest that is engaged decides.
"""

from solvent.codes import Metric, Mode, SystemAccount
from solvent.compiled import kernel
from solvent.state.inside import inside_quanta
from solvent.state.terms import BREAKERS_MAX
from solvent.state.values import market_value_saturated
from solvent.state.windows import MINUTE, extremes, highest, length_of, sums
from solvent.units import PPM, add_saturated, mul_div_down


@kernel
def window_of(window_ns):
    """The shortest rolling window that is at least so long."""
    window = MINUTE + 0
    while window < 3 and length_of(window) < window_ns:
        window += 1
    return window


@kernel
def funds_quanta(state):
    """All cash of funds: the markets', the venue's, its capital."""
    total = state.accounts[SystemAccount.VENUE_FUND].wallet_quanta
    total += state.accounts[SystemAccount.VENUE_CAPITAL].wallet_quanta
    for instrument in range(state.instruments.shape[0]):
        total += state.accounts[SystemAccount.MARKET_FUNDS + instrument].wallet_quanta
    return total


@kernel
def measured(state, place, breaker):
    """The metric of a breaker now in parts per million; `place` is a market, or the number of markets: the venue."""
    metric = breaker.metric
    window = window_of(breaker.window_ns)
    if place == state.instruments.shape[0]:
        if metric == Metric.TIME_JUMP:
            return mul_div_down(state.venue[0].time_jump_ns, PPM, max(breaker.window_ns, 1))
        if metric == Metric.INSOLVENT_REQUIREMENT:
            fund = max(state.accounts[SystemAccount.VENUE_FUND].wallet_quanta, 1)
            return mul_div_down(state.venue[0].insolvent_quanta, PPM, fund)
        if metric == Metric.FUND_DRAWDOWN:
            peak = highest(state, place, window)
            if peak <= 0:
                return 0
            return mul_div_down(max(peak - funds_quanta(state), 0), PPM, peak)
        if metric == Metric.OUTFLOW:
            _path, _flow, outflow = sums(state, place, window)
            # of what was there before it left
            return mul_div_down(max(outflow, 0), PPM, max(add_saturated(inside_quanta(state), max(outflow, 0)), 1))
        return 0
    market = state.instruments[place]
    if market.mark_ticks == 0:
        return 0
    if metric == Metric.PRICE_BAND:
        low, high = extremes(state, place, window)
        return max(market.mark_ticks - low, high - market.mark_ticks) * PPM // max(low, 1)
    if metric == Metric.VOLATILITY:
        return sums(state, place, window)[0]
    if metric == Metric.DISPERSION:
        return market.dispersion_ppm + 0
    if metric == Metric.STALENESS:
        return mul_div_down(state.venue[0].time_ns - market.mark_time_ns, PPM, max(breaker.window_ns, 1))
    if metric == Metric.LIQUIDATIONS:
        flow = sums(state, place, window)[1]
        # of the open interest there was before it was closed
        value = market_value_saturated(state.contracts[place], market.open_interest_lots, market.mark_ticks)
        return mul_div_down(flow, PPM, max(add_saturated(value, flow), 1))
    if metric == Metric.OPEN_INTEREST and state.markets[place].depth_lots > 0:
        return mul_div_down(market.open_interest_lots, PPM, state.markets[place].depth_lots)
    return 0


@kernel
def is_of_venue(metric):
    """True when the metric is the venue's, not a market's."""
    return metric == Metric.FUND_DRAWDOWN or metric >= Metric.OUTFLOW


@kernel
def held_mode(state, place):
    """The strictest mode a breaker holds the place in now."""
    held = Mode.ACTIVE + 0
    for row in range(BREAKERS_MAX):
        if state.breakers[row].used == 1 and state.anchors[place * BREAKERS_MAX + row].engaged == 1:
            held = max(held, state.breakers[row].mode)
    return held


@kernel
def blocked_actions(state, place):
    """Bits of the actions that engaged breakers of the place stop alone."""
    bits = 0
    for row in range(BREAKERS_MAX):
        if state.breakers[row].used == 1 and state.anchors[place * BREAKERS_MAX + row].engaged == 1:
            bits |= state.breakers[row].blocks
    return bits


@kernel
def is_blocked(state, place, action):
    """True while a breaker of the place, or of the venue, stops this action."""
    bits = blocked_actions(state, place) | blocked_actions(state, state.instruments.shape[0])
    return (bits >> action) & 1 == 1


@kernel
def observe(state, place, mark_ticks, before_ticks):
    """Measure everything; breakers that are passed engage, those whose time is over and whose metric is calm let go.

    A `mark_ticks` above zero is a new mark, measured against the anchors; zero is the passing of time.
    """
    now = state.venue[0].time_ns
    for row in range(BREAKERS_MAX):
        breaker = state.breakers[row]
        if breaker.used == 0 or is_of_venue(breaker.metric) != (place == state.instruments.shape[0]):
            continue
        anchor = state.anchors[place * BREAKERS_MAX + row]
        threshold = breaker.move_ppm
        if breaker.metric == Metric.MARK_MOVE:
            value = 0
            if mark_ticks > 0:
                if anchor.price_ticks == 0 or now - anchor.time_ns > breaker.window_ns:
                    anchor.price_ticks = before_ticks if before_ticks > 0 else mark_ticks
                    anchor.time_ns = now
                value = abs(mark_ticks - anchor.price_ticks) * PPM // anchor.price_ticks
        else:
            value = measured(state, place, breaker)
        if value >= threshold:
            anchor.until_ns = now + breaker.release_ns
            anchor.engaged = 1
            if breaker.metric == Metric.MARK_MOVE:
                anchor.price_ticks = mark_ticks
                anchor.time_ns = now
        elif anchor.engaged == 1 and now >= anchor.until_ns and breaker.by_command == 0:
            if breaker.metric == Metric.MARK_MOVE or breaker.exit_ppm == 0 or value < breaker.exit_ppm:
                anchor.engaged = 0
            else:
                anchor.until_ns = now + breaker.release_ns


@kernel
def let_go(state, place):
    """The operator has decided: no breaker holds the place any more."""
    for row in range(BREAKERS_MAX):
        state.anchors[place * BREAKERS_MAX + row].until_ns = 0
        state.anchors[place * BREAKERS_MAX + row].engaged = 0
