"""Allocation of a loss over winners: whole quanta that sum to the budget exactly, under caps.

    proportional   x_i = min(cap_i, t w_i), t such that the parts sum to the budget      (capped water filling)
    ranked         whoever ranks first pays up to its cap, then the next                 (queues and greedy knapsacks)
    levelled       whole lots, so that the largest share of a winner's gain is least, then the next largest, ...

The caps are what each can bear; a budget beyond their sum is not met, and what is missing is for the next layer. In
the proportional kind everybody whose cap binds is found by comparing cap_i / w_i by multiplying across, in order;
the others share the rest with cumulative rounding (risk/waterfall.py tells why), in the order given: a caller who
keys that order leaves no place to choose. Sources: Chitra, Autodeleveraging: Impossibilities and Optimization
(arXiv 2512.01112) for the families; the rounding and the ties are our own.
"""

import numpy as np

from solvent.compiled import kernel
from solvent.units import LIMIT, add_saturated, mul_div_down

STEPS_MAX = 64
FINE = 2**31


@kernel
def _binds_before(caps, weights, a, b):
    """True when winner a reaches its cap at a lower common rate than winner b; places decide ties."""
    left = caps[a]
    right = caps[b]
    if weights[a] == 0 or weights[b] == 0:
        return weights[a] == 0 and (weights[b] != 0 or a < b)
    # left / weights[a] < right / weights[b], by whole parts and then by remainders: no product leaves 64 bits
    num_a = left
    den_a = weights[a]
    num_b = right
    den_b = weights[b]
    for _step in range(STEPS_MAX):  # pragma: no branch - Euclid ends before
        whole_a = num_a // den_a
        whole_b = num_b // den_b
        if whole_a != whole_b:
            return whole_a < whole_b
        rest_a = num_a - whole_a * den_a
        rest_b = num_b - whole_b * den_b
        if rest_a == 0 or rest_b == 0:
            if rest_a == rest_b:
                return a < b
            return rest_a == 0
        # rest_a / den_a < rest_b / den_b  <=>  den_b / rest_b < den_a / rest_a
        num_a, den_a, num_b, den_b = den_b, rest_b, den_a, rest_a
    return a < b  # pragma: no cover - as above


@kernel
def order_by_binding(caps, weights, count, order):
    """Sort places by the common rate at which each cap binds: Shell's sort, as counts are moderate."""
    for i in range(count):
        order[i] = i
    gap = 1
    while gap < count // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, count):
            kept = order[i]
            j = i
            while j >= gap and _binds_before(caps, weights, kept, order[j - gap]):
                order[j] = order[j - gap]
                j -= gap
            order[j] = kept
        gap //= 3


@kernel
def allocate_proportional(budget_quanta, weights, caps, count, parts):
    """Capped water filling in whole quanta; gives what was allocated: the budget, or the sum of the caps."""
    order = np.empty(count, np.int64)
    order_by_binding(caps, weights, count, order)
    capped = np.zeros(count, np.int64)
    left = budget_quanta
    weight = 0
    for i in range(count):
        parts[i] = 0
        weight = add_saturated(weight, weights[i])
    for k in range(count):
        i = order[k]
        if weights[i] == 0:
            capped[i] = 1
            continue
        # all from here on get left x w / weight each; who would pass its cap is paid out at the cap and leaves
        if mul_div_down(left, weights[i], weight) < caps[i]:
            break
        capped[i] = 1
        parts[i] = min(caps[i], left)
        left -= parts[i]
        weight -= weights[i]
    running = 0
    given = 0
    if weight > 0:
        for i in range(count):
            if capped[i] == 0:
                running += weights[i]
                upto = mul_div_down(left, running, weight)
                # cumulative rounding may ask one quantum more than the cap: the next bears it
                parts[i] = min(upto - given, caps[i])
                given += parts[i]
        for i in range(count):
            more = min(left - given, caps[i] - parts[i]) if capped[i] == 0 else 0
            parts[i] += more
            given += more
    return budget_quanta - left + given


@kernel
def allocate_ranked(budget_quanta, ranks, caps, count, parts):
    """Pay in order of rank, higher first and lower places first at ties, each up to its cap; gives what was paid."""
    left = budget_quanta
    done = np.zeros(count, np.int64)
    for i in range(count):
        parts[i] = 0
    for _turn in range(count):
        best = -1
        for i in range(count):
            if done[i] == 0 and (best < 0 or ranks[i] > ranks[best]):
                best = i
        if left == 0 or best < 0:
            break
        done[best] = 1
        parts[best] = min(left, caps[best])
        left -= parts[best]
    return budget_quanta - left


@kernel
def allocate_levelled(lots, lot_quanta, gains, available, count, parts):
    """Whole lots, lexicographically least shares of gain: `parts` in lots; gives how many were dealt.

    A winner with n lots bears n x lot_quanta / gain. First everybody gets what a common share allows, found by
    halving; the lots left over go one by one to whoever's next lot makes the smaller share, lower places first.
    """
    total = 0
    for i in range(count):
        total = add_saturated(total, available[i])
    wanted = min(lots, total)
    low = 0
    high = FINE
    for _step in range(STEPS_MAX):  # pragma: no branch - halving FINE ends before
        if high - low <= 1:
            break
        middle = (low + high) // 2
        dealt = 0
        for i in range(count):
            dealt = add_saturated(dealt, min(mul_div_down(gains[i], middle, FINE) // lot_quanta, available[i]))
        if dealt <= wanted:
            low = middle
        else:
            high = middle
    given = 0
    for i in range(count):
        parts[i] = min(mul_div_down(gains[i], low, FINE) // lot_quanta, available[i])
        given += parts[i]
    while given < wanted:
        best = -1
        best_share = LIMIT
        for i in range(count):
            if parts[i] < available[i]:
                share = mul_div_down((parts[i] + 1) * lot_quanta, FINE, max(gains[i], 1))
                if share < best_share or best < 0:
                    best = i
                    best_share = share
        parts[best] += 1
        given += 1
    return given
