"""Oracle: which reports are believed, the mark they make, and what may be done while it is doubtful.

1. A report is refused when it is not newer than the source's last (time, and number where the source counts), comes
   from the future, is older than allowed or too soon after the last, doubts itself, stands where the feed is cut off,
   or steps further from the source's last price than one report may (unless that last price has itself grown too old:
   a real jump that persists is believed after the age limit).
2. Fresh reports of one kind are joined by an estimator: weighted median, median, weighted mean, or a committee (a
   median inside each member, a weighted median of the members). Sources too far from the median are dropped or clamped
   first; where too many stand apart nobody knows who lies, none is dropped and the median of all is taken. Two are
   never averaged: with fewer than three left a mean becomes the median, and at an exact tie the one
   nearer to the mark in force is taken. Below the minimum number of live sources the mark stays where it is.
3. Kinds are joined by the rulebook's combiner. Where the venue's own book is among them, the mark stands inside a band
   around what others say: the spot index, or perpetuals elsewhere when there is none; when all are silent, around the
   last mark they supported (invariant O6: from end to end the band is worth at most the fees of opening and closing,
   so whoever pushes the own book pays more than it can gain, whatever the position).
4. No mark leaves the band around every mark of the last minute, ten minutes and hour: whatever the number of steps,
   the path inside a window is bounded (invariant O4). A price beyond is clamped or not taken. Where the rulebook
   bounds one step of the mark, a larger one is made in steps, or believed once the mark in force is too old.

What is wrong is kept as bits, never as one of several states. The table condition x action of the rulebook says what
may be done under each: allow, be conservative, refuse. Collateral in doubt counts at its lowest mark of the last hour
or not at all; a distressed account has the benefit of a doubt that is large enough to save it. Nothing here raises.
"""

import numpy as np

from solvent.codes import Action, Answer, Breach, Condition, Estimator, MarkCombiner, Refusal, SourceKind
from solvent.compiled import kernel
from solvent.state.tables import NONE
from solvent.state.terms import SOURCES_MAX
from solvent.state.validity import answer_of
from solvent.state.values import is_price_inside, marked_quanta
from solvent.state.windows import HOUR, MINUTE, TEN_MINUTES, extremes
from solvent.units import LIMIT, PPM, add_saturated, mul_div_down

KINDS = 3
FOR_EVER = LIMIT
BY_ANCHOR = 1
BY_OWN_BAND = 2
BY_STEP = 3


@kernel
def refusal_of_report(state, instrument, source, price_ticks, source_time_ns, source_sequence, confidence_ppm):
    """Why a report is not believed, or Refusal.NONE."""
    feed = state.feeds[instrument * SOURCES_MAX + source]
    if feed.weight == 0:
        return Refusal.SOURCE_UNKNOWN
    if not is_price_inside(state.contracts[instrument], price_ticks) or confidence_ppm < 0:
        return Refusal.PRICE_OUT_OF_RANGE
    now = state.venue[0].time_ns
    last = state.reports[instrument * SOURCES_MAX + source]
    if source_time_ns > now + state.policy[0].future_max_ns:
        return Refusal.REPORT_FROM_FUTURE
    if source_time_ns <= last.source_time_ns or source_time_ns <= last.waiting_time_ns:
        return Refusal.REPORT_STALE
    if source_sequence < 0 or (source_sequence > 0 and source_sequence <= last.source_sequence):
        return Refusal.REPORT_OUT_OF_ORDER
    if feed.age_max_ns > 0 and now - source_time_ns > feed.age_max_ns:
        return Refusal.REPORT_STALE
    if feed.interval_min_ns > 0 and last.receive_time_ns > 0 and now - last.receive_time_ns < feed.interval_min_ns:
        return Refusal.REPORT_TOO_SOON
    if feed.confidence_max_ppm > 0 and confidence_ppm > feed.confidence_max_ppm:
        return Refusal.REPORT_UNCERTAIN
    if price_ticks <= feed.floor_ticks or (feed.ceiling_ticks > 0 and price_ticks >= feed.ceiling_ticks):
        return Refusal.REPORT_AT_BOUND
    if feed.step_max_ppm > 0 and last.price_ticks > 0:
        last_is_fresh = feed.age_max_ns == 0 or source_time_ns - last.source_time_ns <= feed.age_max_ns
        # price bound 2**31 x PPM 2**20: the products stay below 2**52
        if last_is_fresh and abs(price_ticks - last.price_ticks) * PPM > last.price_ticks * feed.step_max_ppm:
            return Refusal.REPORT_STEP
    return Refusal.NONE


@kernel
def take_report(state, instrument, source, price_ticks, source_time_ns, source_sequence):
    """Keep an accepted report; under a fixed delay it waits behind the one before it."""
    now = state.venue[0].time_ns
    feed = state.feeds[instrument * SOURCES_MAX + source]
    report = state.reports[instrument * SOURCES_MAX + source]
    report.receive_time_ns = now
    report.sequence = state.venue[0].sequence
    if source_sequence > 0:
        report.source_sequence = source_sequence
    if report.waiting_ticks > 0 and now >= report.waiting_until_ns:
        report.price_ticks = report.waiting_ticks
        report.source_time_ns = report.waiting_time_ns
        report.waiting_ticks = 0
    if feed.delay_ns == 0 or report.price_ticks == 0:
        report.price_ticks = price_ticks
        report.source_time_ns = source_time_ns
    elif report.waiting_ticks == 0:
        report.waiting_ticks = price_ticks
        report.waiting_time_ns = source_time_ns
        report.waiting_until_ns = now + feed.delay_ns


@kernel
def weighted_median(prices, weights, count, near_ticks):
    """Weighted median of the first prices, one or more; at an exact tie the one of the two nearer to `near_ticks`."""
    for i in range(1, count):
        price = prices[i]
        weight = weights[i]
        j = i - 1
        while j >= 0 and prices[j] > price:
            prices[j + 1] = prices[j]
            weights[j + 1] = weights[j]
            j -= 1
        prices[j + 1] = price
        weights[j + 1] = weight
    total = 0
    for i in range(count):
        total += weights[i]
    middle = 0
    below = weights[0] + 0
    while 2 * below < total:
        middle += 1
        below += weights[middle]
    if 2 * below > total or near_ticks - prices[middle] <= prices[middle + 1] - near_ticks:
        return prices[middle]
    return prices[middle + 1]


@kernel
def location(estimator, inner, prices, weights, committees, count, near_ticks):
    """One price out of the first `count`, by the estimator; `inner` joins the prices inside one committee member."""
    if count == 0:
        return 0
    if estimator == Estimator.COMMITTEE:
        outer_prices = np.empty(SOURCES_MAX, np.int64)
        outer_weights = np.empty(SOURCES_MAX, np.int64)
        own_prices = np.empty(SOURCES_MAX, np.int64)
        own_weights = np.empty(SOURCES_MAX, np.int64)
        members = 0
        for i in range(count):
            is_first = True
            for k in range(i):
                if committees[k] == committees[i]:
                    is_first = False
            if not is_first:
                continue
            own = 0
            total = 0
            for k in range(i, count):
                if committees[k] == committees[i]:
                    own_prices[own] = prices[k]
                    own_weights[own] = 1 if inner == Estimator.MEDIAN else weights[k]
                    total += weights[k]
                    own += 1
            outer_prices[members] = weighted_median(own_prices, own_weights, own, near_ticks)
            outer_weights[members] = total
            members += 1
        return weighted_median(outer_prices, outer_weights, members, near_ticks)
    if estimator == Estimator.WEIGHTED_MEAN and count >= 3:
        total = 0
        weight = 0
        for i in range(count):
            total += prices[i] * weights[i]  # 16 x 2**31 x 2**20
            weight += weights[i]
        return max(total // weight, 1)
    sorted_prices = np.empty(SOURCES_MAX, np.int64)
    sorted_weights = np.empty(SOURCES_MAX, np.int64)
    for i in range(count):
        sorted_prices[i] = prices[i]
        sorted_weights[i] = 1 if estimator == Estimator.MEDIAN else weights[i]
    return weighted_median(sorted_prices, sorted_weights, count, near_ticks)


@kernel
def mark_of(state, instrument):
    """(mark, bits of conditions, dispersion, bits of dropped sources, live until, what others say, clamped by).

    The mark is 0 when too few sources are live, or when the guards leave no mark to take. `live until` is the time at
    which the quorum ends if nobody speaks again.
    """
    now = state.venue[0].time_ns
    policy = state.policy[0]
    pricing = state.pricing[instrument]
    market = state.instruments[instrument]
    near = market.mark_ticks
    sources_min = pricing.sources_min if pricing.sources_min > 0 else policy.sources_min
    prices = np.empty(SOURCES_MAX, np.int64)
    weights = np.empty(SOURCES_MAX, np.int64)
    committees = np.empty(SOURCES_MAX, np.int64)
    sources = np.empty(SOURCES_MAX, np.int64)
    ends = np.empty(SOURCES_MAX, np.int64)
    found = np.zeros(KINDS, np.int64)
    live = 0
    kinds = 0
    dropped = 0
    lowest = LIMIT
    highest = 0
    for kind in range(KINDS):
        if not (policy.mark_components >> kind) & 1:
            continue
        estimator = pricing.estimator if kind == SourceKind.SPOT else Estimator.WEIGHTED_MEDIAN + 0
        count = 0
        for source in range(SOURCES_MAX):
            feed = state.feeds[instrument * SOURCES_MAX + source]
            report = state.reports[instrument * SOURCES_MAX + source]
            if feed.weight == 0 or feed.kind != kind or report.price_ticks == 0:
                continue
            price = report.price_ticks
            stamp = report.source_time_ns
            if report.waiting_ticks > 0 and now >= report.waiting_until_ns:
                price = report.waiting_ticks
                stamp = report.waiting_time_ns
            if feed.delay_ns > 0:
                stamp = report.receive_time_ns  # a delayed price is old by design: what ages is the source's voice
            if feed.age_max_ns > 0 and now - stamp > feed.age_max_ns:
                continue
            prices[count] = price
            weights[count] = feed.weight
            committees[count] = feed.committee
            sources[count] = source
            ends[live + count] = stamp + feed.age_max_ns if feed.age_max_ns > 0 else FOR_EVER
            count += 1
        if count > 1 and pricing.deviation_ppm > 0:
            center = location(Estimator.MEDIAN + 0, 0, prices, weights, committees, count, near)
            apart = 0
            for i in range(count):
                if abs(prices[i] - center) * PPM > center * pricing.deviation_ppm:
                    apart += 1
            is_split = pricing.breaches_min > 0 and apart >= pricing.breaches_min
            if is_split:
                estimator = Estimator.MEDIAN + 0
            kept = 0
            for i in range(count):
                if not is_split and abs(prices[i] - center) * PPM > center * pricing.deviation_ppm:
                    dropped |= 1 << sources[i]
                    if pricing.deviation_breach == Breach.DROP:
                        continue
                    reach = center * pricing.deviation_ppm // PPM
                    prices[i] = center + reach if prices[i] > center else max(center - reach, 1)
                prices[kept] = prices[i]
                weights[kept] = weights[i]
                committees[kept] = committees[i]
                ends[live + kept] = ends[live + i]
                kept += 1
            count = kept
        live += count
        if count > 0:
            for i in range(count):
                lowest = min(lowest, prices[i])
                highest = max(highest, prices[i])
            found[kind] = location(estimator, pricing.inner, prices, weights, committees, count, near)
            kinds += 1
    if kinds == 0 or live < sources_min:
        return 0, 1 << Condition.BELOW_QUORUM, 0, dropped, 0, 0, 0
    # the quorum ends with the source whose end is the sources_min-th latest
    for i in range(1, live):
        end = ends[i]
        j = i - 1
        while j >= 0 and ends[j] < end:
            ends[j + 1] = ends[j]
            j -= 1
        ends[j + 1] = end
    until = ends[sources_min - 1]

    conditions = 0
    dispersion = (highest - lowest) * PPM // lowest
    if pricing.dispersion_ppm > 0 and dispersion > pricing.dispersion_ppm:
        conditions |= 1 << Condition.UNCERTAIN
    outside = found[SourceKind.SPOT] if found[SourceKind.SPOT] > 0 else found[SourceKind.PERP]
    for kind in range(KINDS):
        if found[kind] > 0 and outside > 0 and pricing.divergence_ppm > 0:
            if abs(found[kind] - outside) * PPM > outside * pricing.divergence_ppm:
                conditions |= 1 << Condition.DIVERGING

    mark = 0
    if policy.mark_combiner == MarkCombiner.FIRST:
        # the venue's own mark, then the index, then the market
        if found[SourceKind.MARK] > 0:
            mark = found[SourceKind.MARK]
        elif found[SourceKind.SPOT] > 0:
            mark = found[SourceKind.SPOT]
        else:
            mark = found[SourceKind.PERP]
    else:
        count = 0
        for kind in range(KINDS):
            if found[kind] > 0:
                prices[count] = found[kind]
                weights[count] = 1
                count += 1
        mark = weighted_median(prices, weights, count, near)

    clamped = 0
    if pricing.own_band_ppm > 0 and found[SourceKind.MARK] > 0:
        said = outside
        if said == 0 and not (pricing.fallback_ns > 0 and now - market.supported_ns > pricing.fallback_ns):
            said = market.supported_ticks
        if said > 0:
            reach = said * pricing.own_band_ppm // PPM
            held = min(max(mark, said - reach), said + reach)
            if held != mark:
                mark = held
                clamped = BY_OWN_BAND + 0
    if near > 0:
        low_most = 1
        high_most = state.contracts[instrument].price_max_ticks
        for window in range(MINUTE, HOUR + 1):
            reach = pricing.hour_ppm
            if window == MINUTE:
                reach = pricing.minute_ppm
            elif window == TEN_MINUTES:
                reach = pricing.ten_minutes_ppm
            if reach > 0:
                low, high = extremes(state, instrument, window)
                # at most `reach` above the lowest and below the highest of the window; the mark in force always fits
                low_most = max(low_most, min(high - high * reach // PPM, near))
                high_most = min(high_most, max(low + low * reach // PPM, near))
        held = min(max(mark, low_most), high_most)
        if held != mark:
            conditions |= 1 << Condition.DIVERGING
            clamped = BY_ANCHOR + 0
            mark = held if pricing.anchor_breach == Breach.CLAMP else near
        if pricing.step_ppm > 0 and abs(mark - near) * PPM > near * pricing.step_ppm:
            conditions |= 1 << Condition.DIVERGING
            if pricing.step_breach == Breach.CLAMP:
                reach = max(near * pricing.step_ppm // PPM, 1)
                mark = near + reach if mark > near else near - reach
                clamped = BY_STEP + 0
            elif pricing.stale_ns > 0 and now - market.mark_time_ns <= pricing.stale_ns:
                return 0, conditions, dispersion, dropped, 0, 0, 0
    return mark, conditions, dispersion, dropped, until, outside, clamped


@kernel
def doubt_of(state, account):
    """By how much the account may be worth more than its marks say, in quanta, where liquidation at them is refused.

    Positions and collateral of such markets are taken at the hour's mark that is best for the account. A crumb of a
    doubtful asset gives a crumb of doubt: it delays nobody's liquidation.
    """
    doubt = 0
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        instrument = position.instrument
        if position.lots != 0 and answer_of(state, instrument, Action.LIQUIDATE) == Answer.REFUSE:
            low, high = extremes(state, instrument, HOUR)
            best = high if position.lots > 0 else low
            contract = state.contracts[instrument]
            gain = marked_quanta(contract, position.lots, best)
            gain -= marked_quanta(contract, position.lots, state.instruments[instrument].mark_ticks)
            doubt = add_saturated(doubt, gain)
        row = position.next
    row = state.accounts[account].first_holding
    while row != NONE:
        holding = state.holdings[row]
        asset = state.assets[holding.asset]
        instrument = asset.price_instrument
        if answer_of(state, instrument, Action.LIQUIDATE) == Answer.REFUSE:
            low, high = extremes(state, instrument, HOUR)
            mark = state.instruments[instrument].mark_ticks
            best = high - mark if holding.amount_quanta > 0 else mark - low
            weight = asset.maintenance_ppm if holding.amount_quanta > 0 else max(asset.liability_maintenance_ppm, PPM)
            gain = mul_div_down(abs(holding.amount_quanta), best * asset.value_num, asset.value_den)
            doubt = add_saturated(doubt, mul_div_down(gain, weight, PPM))
        row = holding.next
    return doubt
