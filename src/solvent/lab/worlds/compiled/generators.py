"""Prices of a path: one interface, seven models, all drawn from counter-based streams.

`draw_path` writes log-returns [steps, markets] and what is left of the books' depth [steps, markets]. What a model
needs is in `Model`, an array for each thing; a model leaves alone what it does not use.

    normal      z = L e                                  L: Cholesky factor of the correlation, e: standard normals
    historical  rows of a history, in blocks, all markets of a row together
    fhs         standardised rows of a history, in blocks, times a GARCH volatility   (filtered historical simulation)
    garch-t     z from a t-copula with Student-t margins, times a GARCH volatility
    kou         normal noise plus jumps with exponential sizes up and down, common to all markets and of their own
    hawkes      as kou, the common jumps exciting more of themselves: rate + sum of branching x decay x exp(-decay t)
    regime      a Markov chain that moves volatility, depth and correlation together

Rare paths. Common jumps (kou, hawkes) and ways out of calm (regime) may come `tilt` times as often on some paths, so
that a tail is not left to luck. `draw_path` gives the logarithm of how much likelier the path's jumps are under the
tilted law than under the model's own: a sum over steps of count x ln(rate' / rate) - (rate' - rate), or of the logs of
ratios of transition probabilities. Sizes and noise are drawn alike, so this one number is the whole ratio.

GARCH(1,1) in units of the step's calm variance: v' = 1 - a - b + a r^2 / s^2 + b v, so its mean is one and the
model's `volatility` stays the unconditional one. The Hawkes excitation decays inside the discretised step exactly;
the branching ratio n < 1 makes the mean cluster 1 / (1 - n).
Sources: Bollerslev 1986, Barone-Adesi et al. 1999 (FHS), Kou 2002, Hawkes 1971, Hamilton 1989.
"""

import math
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from solvent.lab.worlds.compiled.linking import world_entry, world_kernel
from solvent.lab.worlds.compiled.stream import (
    BLOCKS,
    COMMON,
    JUMP_SIZES,
    JUMPS,
    MARKET,
    OWN_JUMPS,
    REGIMES,
    SCALE,
    normal,
    normals,
    poisson,
    uniform,
)

TABLE_POINTS = 4097
TABLE_REACH = 9.0
"""The copula's map is tabulated at asinh(x) in +-TABLE_REACH: |x| up to 4,000, beyond which it is linear."""
RETURN_MAX = 1.5
"""No step moves a log-price further: a price stays between 22 % and 450 % of itself."""


class Generator(IntEnum):
    """The models of prices."""

    NORMAL = 0
    HISTORICAL = 1
    FHS = 2
    GARCH_T = 3
    KOU = 4
    HAWKES = 5
    REGIME = 6


class Model(NamedTuple):
    """Everything a generator draws from; M markets, T rows of history, R regimes.

    kind [1]; volatility [M] of one step; drift [M] of one step, what jumps add on average taken off; root [M, M]
    lower triangle; garch [M, 3] (a, b, starting variance over the mean); copula [1] degrees of freedom of the mixing
    variable; table [M, TABLE_POINTS] innovations; history [T, M]; block [1] rows; jump [6] (common rate a step, own
    rate a step, probability up, mean size up, mean size down, branching ratio); decay [1] a step; exposure [M] to
    common jumps; chain [R + 1, R] rows of probabilities, the last that of the first step; regimes [R, 3] (volatility
    times, depth times, share of variance in one common factor).
    """

    kind: np.ndarray
    volatility: np.ndarray
    drift: np.ndarray
    root: np.ndarray
    garch: np.ndarray
    copula: np.ndarray
    table: np.ndarray
    history: np.ndarray
    block: np.ndarray
    jump: np.ndarray
    decay: np.ndarray
    exposure: np.ndarray
    chain: np.ndarray
    regimes: np.ndarray


@world_kernel
def _gamma(seed, scenario, path, number, shape):
    """A gamma variate with scale one (Marsaglia and Tsang 2000), shape at least one."""
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    for turn in range(64):
        z = normal(seed, scenario, path, SCALE, 2 * (number * 64 + turn))
        v = 1.0 + c * z
        if v <= 0.0:
            continue
        v = v * v * v
        u = uniform(seed, scenario, path, SCALE + 1, number * 64 + turn)
        if math.log(u) < 0.5 * z * z + d - d * v + d * math.log(v):
            return d * v
    return d


@world_kernel
def _mapped(table, market, x):
    """The tabulated map of one market at x, linear beyond its ends."""
    place = (math.asinh(x) / TABLE_REACH + 1.0) * 0.5 * (TABLE_POINTS - 1)
    place = min(max(place, 0.0), TABLE_POINTS - 1.001)
    row = int(place)
    part = place - row
    return table[market, row] * (1.0 - part) + table[market, row + 1] * part


@world_kernel
def _jump_size(seed, scenario, path, factor, number, jump):
    """One jump of a log-price: exponential up or down."""
    u = uniform(seed, scenario, path, factor, 2 * number)
    size = -math.log(uniform(seed, scenario, path, factor, 2 * number + 1))
    return size * jump[3] if u < jump[2] else -size * jump[4]


@world_kernel
def _leaving(chain, regime, following, tilt):
    """Probability of a step of the chain when ways out of its first regime are `tilt` times as likely, held to 0.9.

    The first step, and every step from the calm regime, is tilted; the others are the model's own.
    """
    if regime != 0 and regime != chain.shape[0] - 1:
        return chain[regime, following]
    away = 1.0 - chain[regime, 0]
    if away <= 0.0:
        return chain[regime, following]
    times = min(tilt, max(0.9 / away, 1.0))
    return 1.0 - away * times if following == 0 else chain[regime, following] * times


@world_entry
def draw_path(model, seed, scenario, path, tilt, is_tilted, returns, depth):
    """Fill in one path: log-returns [steps, M] and depth multipliers [steps, M].

    Gives the log of (density of its jumps under the tilted law / under the model's own), zero where nothing is tilted.
    """
    steps, markets = returns.shape
    kind = model.kind[0]
    rows = model.history.shape[0]
    variance = np.ones(markets)
    if kind == Generator.FHS or kind == Generator.GARCH_T:
        for k in range(markets):
            variance[k] = model.garch[k, 2]
    row = 0
    regime = model.chain.shape[0] - 1
    excitation = 0.0
    noise = np.zeros(markets)
    fresh = np.zeros(markets)
    spare = np.zeros(markets)
    own_rate = model.jump[1]
    log_ratio = 0.0
    drawn = tilt if is_tilted else 1.0
    for t in range(steps):
        if kind == Generator.HISTORICAL or kind == Generator.FHS:
            if t % model.block[0] == 0:
                row = int(uniform(seed, scenario, path, BLOCKS, t // model.block[0]) * rows)
            for k in range(markets):
                noise[k] = model.history[row, k]
            row = (row + 1) % rows
        else:
            scale = 1.0
            if kind == Generator.GARCH_T:
                freedom = model.copula[0]
                scale = math.sqrt(freedom / (2.0 * _gamma(seed, scenario, path, t, 0.5 * freedom)))
            if t % 2 == 0:
                for k in range(markets):
                    fresh[k], spare[k] = normals(seed, scenario, path, MARKET + k, t // 2)
            else:
                for k in range(markets):
                    fresh[k] = spare[k]
            for k in range(markets):
                total = 0.0
                for j in range(k + 1):
                    total += model.root[k, j] * fresh[j]
                noise[k] = _mapped(model.table, k, total * scale) if kind == Generator.GARCH_T else total
        lift = 0.0
        if kind == Generator.REGIME:
            u = uniform(seed, scenario, path, REGIMES, t)
            total = 0.0
            following = model.chain.shape[1] - 1
            for r in range(model.chain.shape[1]):
                total += _leaving(model.chain, regime, r, drawn)
                if u < total:
                    following = r
                    break
            if tilt != 1.0:
                log_ratio += math.log(_leaving(model.chain, regime, following, tilt) / model.chain[regime, following])
            regime = following
            lift = model.regimes[regime, 2]
        common = 0.0
        if kind == Generator.KOU or kind == Generator.HAWKES:
            rate = model.jump[0]
            if kind == Generator.HAWKES:
                rate += excitation
            often = rate + model.jump[0] * (tilt - 1.0)
            count = poisson(seed, scenario, path, JUMPS, t, often if is_tilted else rate)
            if tilt != 1.0 and rate > 0.0:
                log_ratio += count * math.log(often / rate) - (often - rate)
            for i in range(count):
                common += _jump_size(seed, scenario, path, JUMP_SIZES, t * 64 + i, model.jump)
            if kind == Generator.HAWKES:
                share = 1.0 - math.exp(-model.decay[0])
                # what is left of the excitation, and each jump's branching ratio spread over its decay
                excitation = excitation * (1.0 - share) + model.jump[5] * share * count
        shared = normal(seed, scenario, path, COMMON, t) if lift > 0.0 else 0.0
        for k in range(markets):
            z = noise[k]
            move = 0.0
            depth[t, k] = 1.0
            if kind == Generator.HISTORICAL:
                move = z
            elif kind == Generator.FHS or kind == Generator.GARCH_T:
                shock = math.sqrt(variance[k]) * z
                move = model.volatility[k] * shock
                a, b = model.garch[k, 0], model.garch[k, 1]
                variance[k] = 1.0 - a - b + a * shock * shock + b * variance[k]
            elif kind == Generator.REGIME:
                z = math.sqrt(1.0 - lift) * z + math.sqrt(lift) * shared
                move = model.volatility[k] * model.regimes[regime, 0] * z
                depth[t, k] = model.regimes[regime, 1]
            else:
                move = model.volatility[k] * z
                if kind == Generator.KOU or kind == Generator.HAWKES:
                    move += model.exposure[k] * common
                    if own_rate > 0.0:
                        count = poisson(seed, scenario, path, OWN_JUMPS + 2 * k, t, own_rate)
                        for i in range(count):
                            move += _jump_size(seed, scenario, path, OWN_JUMPS + 2 * k + 1, t * 64 + i, model.jump)
            returns[t, k] = min(max(move + model.drift[k], -RETURN_MAX), RETURN_MAX)
    return log_ratio


@world_entry
def bend_path(returns, depth, added, volatility_times, depth_times):
    """Lay a shock over a path: moves scaled and added to [steps, M], depth scaled; all in place."""
    steps, markets = returns.shape
    for t in range(steps):
        for k in range(markets):
            bent = returns[t, k] * volatility_times[t] + added[t, k]
            returns[t, k] = min(max(bent, -RETURN_MAX), RETURN_MAX)
            depth[t, k] *= depth_times[t, k]
