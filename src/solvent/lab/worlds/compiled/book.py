"""How forced orders meet a book that thins out: a visible ladder, the square root beyond it, and what stays.

For a market with D of notional left within one per cent, of which T is already taken:

    ladder     distance from the price at a share c of D is piecewise linear through (share, distance) points
    beyond     last distance + Y x daily volatility x sqrt((c - 1) D / daily volume)         (square-root law)
    average    the mean distance between T and T + q; a sweep from nothing far beyond D costs 2/3 of its peak
    feedback   a share of Y x volatility x sqrt(q / volume) moves the venue's price; of that a part stays, the rest
               fades with a half-life while arbitrageurs lean against it

Depth is calm depth x the path's multiplier / (1 + collapse x (volatility ratio - 1)). Sources: Almgren et al. 2005,
Donier and Bonart 2015 (square root), Obizhaeva and Wang 2013 (resilience).
"""

import math

from solvent.lab.worlds.compiled.linking import world_entry, world_kernel

SECONDS_PER_DAY = 86_400.0
IMPACT_MAX = 0.5
VOLATILITY_MEMORY_SECONDS = 900.0


@world_kernel
def square_root_impact(scale, daily_volatility, notional, daily_volume):
    """Relative move a trade causes: scale x volatility x sqrt(notional / volume), at most IMPACT_MAX."""
    return min(scale * daily_volatility * math.sqrt(max(notional, 0.0) / daily_volume), IMPACT_MAX)


@world_kernel
def _ladder_area(shares, distances, c):
    """Integral of the ladder's distance from share 0 to share c, c at most 1."""
    area = 0.0
    for j in range(1, shares.shape[0]):
        left, right = shares[j - 1], shares[j]
        if c <= left:
            break
        upto = min(c, right)
        slope = (distances[j] - distances[j - 1]) / (right - left)
        width = upto - left
        area += distances[j - 1] * width + 0.5 * slope * width * width
    return area


@world_kernel
def sweep_distance(shares, distances, depth, taken, notional, scale, daily_volatility, daily_volume):
    """Mean relative distance from the price at which `notional` is done when `taken` is already gone."""
    if notional <= 0.0:
        return distances[0]
    first = taken / depth
    last = (taken + notional) / depth
    area = _ladder_area(shares, distances, min(last, 1.0)) - _ladder_area(shares, distances, min(first, 1.0))
    if last > 1.0:
        start = max(first, 1.0)
        law = scale * daily_volatility * math.sqrt(depth / daily_volume)
        area += distances[distances.shape[0] - 1] * (last - start)
        area += law * (2.0 / 3.0) * ((last - 1.0) ** 1.5 - (start - 1.0) ** 1.5)
    return min(area / (last - first), IMPACT_MAX)


@world_kernel
def depth_now(calm_depth, multiplier, collapse, variance, daily_volatility):
    """Notional the book holds within one per cent when the realised variance a second is `variance`."""
    calm = max(daily_volatility * daily_volatility / SECONDS_PER_DAY, 1e-18)
    ratio = math.sqrt(max(variance, 0.0) / calm)
    return max(calm_depth * multiplier / (1.0 + collapse * max(ratio - 1.0, 0.0)), 1.0)


@world_entry
def sweep_many(shares, distances, depth, taken, notional, scale, daily_volatility, daily_volume, out):
    """`sweep_distance` of each notional in an array: for tables, pictures and tests."""
    for i in range(notional.shape[0]):
        out[i] = sweep_distance(shares, distances, depth, taken, notional[i], scale, daily_volatility, daily_volume)
