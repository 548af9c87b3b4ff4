"""Outliers: an index of several sources that is not moved by the one that has gone astray.

Binance USD-M: the weighted mean of the sources. A source further than a limit from the median of all weighs nothing;
when more than one is that far, nobody knows who is right and the median itself is the index.
"""

import numpy as np

from solvent.compiled import kernel
from solvent.units import mul_div_nearest


@kernel
def median_nearest(prices, count):
    """Median of the first `count` prices; between two middle ones their mean, halves upwards."""
    ordered = np.empty(count, np.int64)
    for i in range(count):
        place = i
        while place > 0 and ordered[place - 1] > prices[i]:
            ordered[place] = ordered[place - 1]
            place -= 1
        ordered[place] = prices[i]
    if count % 2 == 1:
        return ordered[count // 2]
    return (ordered[count // 2 - 1] + ordered[count // 2] + 1) // 2


@kernel
def is_astray(price_ticks, median_ticks, deviation_max, scale):
    """True when a price is further from the median than the limit; at the limit it is not."""
    return abs(price_ticks - median_ticks) * scale > median_ticks * deviation_max


@kernel
def mean_without_nearest(prices, weights, count, median_ticks, deviation_max, scale):
    """Weighted mean of the sources that are not astray; the median when none is left.

    Taken as the distances from the median, so that no product of a price and a weight has to fit.
    """
    weight = 0
    moved = 0
    for i in range(count):
        if not is_astray(prices[i], median_ticks, deviation_max, scale):
            weight += weights[i]
            moved += (prices[i] - median_ticks) * weights[i]
    if weight == 0:
        return median_ticks
    return median_ticks + mul_div_nearest(moved, 1, weight)


@kernel
def index_nearest(prices, weights, count, deviation_max, scale):
    """The index: the mean without the one that is astray, or the median when more than one is."""
    median = median_nearest(prices, count)
    astray = 0
    for i in range(count):
        if is_astray(prices[i], median, deviation_max, scale):
            astray += 1
    if astray > 1:
        return median
    return mean_without_nearest(prices, weights, count, median, deviation_max, scale)
