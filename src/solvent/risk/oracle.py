"""Oracle: which reports are believed, and the mark they make.

A report is refused when it is not newer than the source's last, comes from the future, is older than allowed, or
steps further from the source's last price than one report may (unless that last price has itself grown too old:
a real jump that persists is believed after the age limit). Fresh reports of one kind are joined by a weighted
median; kinds are joined by the rulebook's combiner. Two are never averaged: at an exact tie the one nearer to the
mark in force is taken. Below the minimum number of fresh sources the mark stays where it is.
"""

import numpy as np

from solvent.codes import MarkCombiner, Refusal, SourceKind
from solvent.compiled import kernel
from solvent.state.terms import SOURCES_MAX
from solvent.units import PPM


@kernel
def refusal_of_report(state, instrument, source, price_ticks, source_time_ns):
    """Why a report is not believed, or Refusal.NONE."""
    feed = state.feeds[instrument * SOURCES_MAX + source]
    if feed.weight == 0:
        return Refusal.SOURCE_UNKNOWN
    if price_ticks < 1 or price_ticks > state.contracts[instrument].price_max_ticks:
        return Refusal.PRICE_OUT_OF_RANGE
    now = state.venue[0].time_ns
    last = state.reports[instrument * SOURCES_MAX + source]
    if source_time_ns > now + state.policy[0].future_max_ns:
        return Refusal.REPORT_FROM_FUTURE
    if source_time_ns <= last.source_time_ns:
        return Refusal.REPORT_STALE
    if feed.age_max_ns > 0 and now - source_time_ns > feed.age_max_ns:
        return Refusal.REPORT_STALE
    if feed.step_max_ppm > 0 and last.price_ticks > 0:
        last_is_fresh = feed.age_max_ns == 0 or source_time_ns - last.source_time_ns <= feed.age_max_ns
        # price bound 2**31 x PPM 2**20: the products stay below 2**52
        if last_is_fresh and abs(price_ticks - last.price_ticks) * PPM > last.price_ticks * feed.step_max_ppm:
            return Refusal.REPORT_STEP
    return Refusal.NONE


@kernel
def _weighted_median(prices, weights, count, near_ticks):
    """Weighted median of the first `count` prices; at an exact tie the one of the two nearer to `near_ticks`."""
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
    below = 0
    for i in range(count):
        below += weights[i]
        if 2 * below > total:
            return prices[i]
        if 2 * below == total:
            if near_ticks - prices[i] <= prices[i + 1] - near_ticks:
                return prices[i]
            return prices[i + 1]
    return 0


@kernel
def mark_of(state, instrument):
    """The mark the fresh reports make now, or 0 when there are too few of them."""
    now = state.venue[0].time_ns
    policy = state.policy[0]
    near = state.instruments[instrument].mark_ticks
    prices = np.empty(SOURCES_MAX, np.int64)
    weights = np.empty(SOURCES_MAX, np.int64)
    found = np.zeros(3, np.int64)
    fresh = 0
    kinds = 0
    for kind in range(3):
        if not (policy.mark_components >> kind) & 1:
            continue
        count = 0
        for source in range(SOURCES_MAX):
            feed = state.feeds[instrument * SOURCES_MAX + source]
            report = state.reports[instrument * SOURCES_MAX + source]
            if feed.weight == 0 or feed.kind != kind or report.price_ticks == 0:
                continue
            if feed.age_max_ns > 0 and now - report.source_time_ns > feed.age_max_ns:
                continue
            prices[count] = report.price_ticks
            weights[count] = feed.weight
            count += 1
        fresh += count
        if count > 0:
            found[kind] = _weighted_median(prices, weights, count, near)
            kinds += 1
    if kinds == 0 or fresh < policy.sources_min:
        return 0
    if policy.mark_combiner == MarkCombiner.FIRST:
        # the venue's own mark, then the index, then the market
        if found[SourceKind.MARK] > 0:
            return found[SourceKind.MARK]
        if found[SourceKind.SPOT] > 0:
            return found[SourceKind.SPOT]
        return found[SourceKind.PERP]
    count = 0
    for kind in range(3):
        if found[kind] > 0:
            prices[count] = found[kind]
            weights[count] = 1
            count += 1
    return _weighted_median(prices, weights, count, near)
