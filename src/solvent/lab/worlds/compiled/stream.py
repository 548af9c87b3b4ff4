"""Counter-based random streams: every number has an address, so any path can be run again alone.

Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011). The key is the seed,
the counter is (number, factor, path, scenario): the same address gives the same number whatever else is drawn, in
whatever order, by whichever worker. Two rulebooks compared under one seed meet the same prices.

Factors are numbered below; a market's own noise is factor MARKET + its row.
"""

import math

from solvent.lab.worlds.compiled.linking import world_entry, world_kernel

COMMON = 0
JUMPS = 1
JUMP_SIZES = 2
BLOCKS = 3
REGIMES = 4
ACTORS = 5
SCALE = 6
FEEDS = 1_000
MARKET = 10_000
OWN_JUMPS = 20_000

WORD = 0xFFFFFFFF
_TWO_PI = 6.283185307179586
_UNIT = 1.0 / 9007199254740992.0


@world_kernel
def philox(key_low, key_high, counter_0, counter_1, counter_2, counter_3):
    """Ten rounds of Philox4x32: four words of 32 bits, from a key of two and a counter of four.

    Products wrap inside 64 bits when compiled and do not in plain Python; the masks make the two the same.
    """
    for _turn in range(10):
        product_0 = counter_0 * 0xD2511F53
        product_1 = counter_2 * 0xCD9E8D57
        high_0 = (product_0 >> 32) & WORD
        high_1 = (product_1 >> 32) & WORD
        counter_0, counter_1, counter_2, counter_3 = (
            high_1 ^ counter_1 ^ key_low,
            product_1 & WORD,
            high_0 ^ counter_3 ^ key_high,
            product_0 & WORD,
        )
        key_low = (key_low + 0x9E3779B9) & WORD
        key_high = (key_high + 0xBB67AE85) & WORD
    return counter_0, counter_1, counter_2, counter_3


@world_kernel
def uniforms(seed, scenario, path, factor, number):
    """Two uniforms inside (0, 1), 53 bits each, at an address."""
    a, b, c, d = philox(seed & WORD, (seed >> 32) & WORD, number & WORD, factor & WORD, path & WORD, scenario & WORD)
    first = (((a << 21) ^ (b >> 11)) + 0.5) * _UNIT
    second = (((c << 21) ^ (d >> 11)) + 0.5) * _UNIT
    return first, second


@world_kernel
def normals(seed, scenario, path, factor, number):
    """Two independent standard normals at an address (Box and Muller)."""
    first, second = uniforms(seed, scenario, path, factor, number)
    radius = math.sqrt(-2.0 * math.log(first))
    return radius * math.cos(_TWO_PI * second), radius * math.sin(_TWO_PI * second)


@world_kernel
def normal(seed, scenario, path, factor, number):
    """The `number`-th standard normal of a stream: two share one address."""
    first, second = normals(seed, scenario, path, factor, number >> 1)
    return second if number & 1 else first


@world_kernel
def uniform(seed, scenario, path, factor, number):
    """The `number`-th uniform of a stream."""
    first, second = uniforms(seed, scenario, path, factor, number >> 1)
    return second if number & 1 else first


@world_kernel
def poisson(seed, scenario, path, factor, number, mean):
    """A Poisson count at an address by inversion; meant for small means, at most 64."""
    u = uniform(seed, scenario, path, factor, number)
    term = math.exp(-mean)
    total = term
    count = 0
    while u > total and count < 64:
        count += 1
        term *= mean / count
        total += term
    return count


@world_entry
def fill_words(key_low, key_high, counters, out):
    """Philox at each row of `counters` [n, 4]; `out` [n, 4]. For tests and for whoever wants the raw stream."""
    for row in range(counters.shape[0]):
        a, b, c, d = philox(key_low, key_high, counters[row, 0], counters[row, 1], counters[row, 2], counters[row, 3])
        out[row, 0], out[row, 1], out[row, 2], out[row, 3] = a, b, c, d


@world_entry
def fill_normals(seed, scenario, path, factor, out):
    """The first len(out) standard normals of a stream."""
    for number in range(out.shape[0]):
        out[number] = normal(seed, scenario, path, factor, number)
