"""Deleveraging: who on the winning side closes against a defaulter, and for how many contracts.

Moving contracts and sharing a loss are two problems. Here contracts move: whole lots, open interest balanced, only
against positions on the opposite side with a gain at the execution price. Cash is shared by the waterfall.

Scores (higher closes first), as the venues publish them:
    Hyperliquid   (mark / entry) x (notional / equity)                   for longs; the inverse ratio for shorts
    Binance       gain / max(1, wallet) x requirement / (wallet + gain)  zero when the account has no equity
    BitMEX        gain / entry value x (value / equity), the second the leverage down to bankruptcy; a loser's gain is
                  divided by it instead; Bybit's gain / entry value x leverage is the same for winners
    Lighter       leverage x gain                                        OKX  gain / margin x margin / equity

A score is a product of two ratios in 1 / SCORE_SCALE, divided one after the other and held to LIMIT: two positions
that differ by one part in a million keep their order. Ties go to the lower account number.
A lexicographic rank compares one metric after the other (AdlMetric), and in turn takes winners as they stand from a
place the event keys, with no rank at all.
Pro-rata closes everyone in proportion to lots, in pieces, by systematic sampling from a start that the event keys,
so that splitting an account or choosing its number gains nothing.
"""

import numpy as np

from solvent.codes import AdlMetric, AdlScore
from solvent.compiled import kernel
from solvent.units import mul_div_down

SCORE_SCALE = 10**12
PIECE_FRACTION = 2**30


@kernel
def product_of_ratios_down(numerator, denominator, times, over):
    """(numerator / denominator) x (times / over) in 1 / SCORE_SCALE; a divisor that is not positive counts as one."""
    first = mul_div_down(max(numerator, 0), SCORE_SCALE, max(denominator, 1))
    return mul_div_down(first, max(times, 0), max(over, 1))


@kernel
def score_of(kind, value_quanta, cost_quanta, gain_quanta, wallet_quanta, equity_quanta, requirement_quanta):
    """Rank of one winning position; values and costs are the ledger's, signed alike, notional is their size."""
    if equity_quanta <= 0:
        return 0
    if kind == AdlScore.HYPERLIQUID:
        # an inverse value has the other sign and the price below the line: the ratio of prices is the same
        if value_quanta > 0:
            return product_of_ratios_down(value_quanta, cost_quanta, abs(value_quanta), equity_quanta)
        return product_of_ratios_down(-cost_quanta, -value_quanta, abs(value_quanta), equity_quanta)
    if kind == AdlScore.BITMEX:
        if gain_quanta < 0:
            return -product_of_ratios_down(-gain_quanta, abs(cost_quanta), equity_quanta, abs(value_quanta))
        return product_of_ratios_down(gain_quanta, abs(cost_quanta), abs(value_quanta), equity_quanta)
    if kind == AdlScore.LIGHTER:
        return product_of_ratios_down(abs(value_quanta), equity_quanta, gain_quanta, SCORE_SCALE)
    if kind == AdlScore.OKX:
        return product_of_ratios_down(gain_quanta, requirement_quanta, requirement_quanta, equity_quanta)
    if kind == AdlScore.GAIN:
        return gain_quanta
    return product_of_ratios_down(gain_quanta, wallet_quanta, requirement_quanta, equity_quanta)


@kernel
def metric_of(kind, value_quanta, cost_quanta, gain_quanta, wallet_quanta, equity_quanta, requirement_quanta):
    """One number of a lexicographic rank, in 1 / SCORE_SCALE; `requirement_quanta` is the margin of the position."""
    if kind == AdlMetric.MARK_OVER_ENTRY_PRICE:
        if value_quanta > 0:
            return product_of_ratios_down(value_quanta, cost_quanta, 1, 1)
        return product_of_ratios_down(-cost_quanta, -value_quanta, 1, 1)
    if kind == AdlMetric.NOTIONAL_OVER_EQUITY:
        return product_of_ratios_down(abs(value_quanta), equity_quanta, 1, 1)
    if kind == AdlMetric.PNL_OVER_WALLET:
        return product_of_ratios_down(gain_quanta, wallet_quanta, 1, 1)
    if kind == AdlMetric.MAINTENANCE_OVER_EQUITY:
        return product_of_ratios_down(requirement_quanta, equity_quanta, 1, 1)
    if kind == AdlMetric.PNL_OVER_ENTRY_VALUE:
        return product_of_ratios_down(gain_quanta, abs(cost_quanta), 1, 1)
    if kind == AdlMetric.PNL_OVER_MARGIN:
        return product_of_ratios_down(gain_quanta, requirement_quanta, 1, 1)
    return gain_quanta


@kernel
def metric_at(metrics, place):
    """The metric that decides in this place of the order; NONE where nothing is left to decide."""
    return metrics // 16**place % 16


@kernel
def rank_columns(columns, count, used, scores):
    """Turn columns of metrics, the first deciding and each next one among equals, into one score: higher closes first.

    Accounts that agree in every column get the same score, so that what breaks ties elsewhere breaks them here.
    """
    order = np.arange(count)
    for back in range(used):
        column = columns[used - 1 - back]
        keys = np.empty(count, np.int64)
        for i in range(count):
            keys[i] = column[order[i]]
        order = order[np.argsort(keys, kind="mergesort")]
    rank = 0
    for i in range(count):
        if i > 0:
            differs = False
            for k in range(used):
                differs = differs or columns[k][order[i]] != columns[k][order[i - 1]]
            if differs:
                rank += 1
        scores[order[i]] = rank


@kernel
def pair_in_turn(lots, available, count, paired, key):
    """Close winners one after the other, from a place the key decides and round; give how many lots (dYdX v4)."""
    left = lots
    for i in range(count):
        paired[i] = 0
    for turn in range(count):
        i = (key + turn) % count
        paired[i] = min(left, available[i])
        left -= paired[i]
    return lots - left


@kernel
def ranks_before(scores, accounts, a, b):
    """Total order of winners: higher score first, then lower account number."""
    return scores[a] > scores[b] or (scores[a] == scores[b] and accounts[a] < accounts[b])


@kernel
def sift_down(heap, size, place, scores, accounts):
    """Restore the heap below `place`: its best ranked stands at the top."""
    while True:
        child = 2 * place + 1
        if child >= size:
            return
        if child + 1 < size and ranks_before(scores, accounts, heap[child + 1], heap[child]):
            child += 1
        if not ranks_before(scores, accounts, heap[child], heap[place]):
            return
        kept = heap[place]
        heap[place] = heap[child]
        heap[child] = kept
        place = child


@kernel
def pair_queue(lots, available, scores, accounts, count, paired):
    """Close winners in the order of their rank until `lots` are closed; give how many were.

    A heap, not a sort: only as many are ranked as are needed.
    """
    heap = np.arange(count)
    for place in range(count // 2 - 1, -1, -1):
        sift_down(heap, count, place, scores, accounts)
    left = lots
    size = count
    for i in range(count):
        paired[i] = 0
    while left > 0 and size > 0:
        best = heap[0]
        paired[best] = min(left, available[best])
        left -= paired[best]
        size -= 1
        heap[0] = heap[size]
        sift_down(heap, size, 0, scores, accounts)
    return lots - left


@kernel
def pair_pro_rata(lots, available, count, paired, unit_lots, key):
    """Close everyone in proportion to what is available, in pieces of `unit_lots`; give how many lots were closed.

    In single lots the parts are rounded cumulatively and are exact within one. In larger pieces it is systematic
    sampling from a start that the key decides: an account's piece is the unit or all it has, and it is expected to
    close as many of its pieces as make up its proportion, whatever its size or place. The last piece is cut to what
    is still needed; what is missing is dealt out in a second walk from a keyed place.
    """
    total = 0
    for i in range(count):
        total += available[i]
    closing = min(lots, total)
    given = 0
    if closing == 0:
        for i in range(count):
            paired[i] = 0
        return 0
    if unit_lots <= 1:
        running = 0
        for i in range(count):
            running += available[i]
            upto = mul_div_down(closing, running, total)
            paired[i] = upto - given
            given = upto
        return given
    share = mul_div_down(closing, PIECE_FRACTION, total)
    running = key % PIECE_FRACTION
    for i in range(count):
        piece = min(unit_lots, available[i])
        before = running // PIECE_FRACTION
        running += mul_div_down(available[i], share, piece)
        due = (running // PIECE_FRACTION - before) * piece
        paired[i] = min(min(due, available[i]), closing - given)
        given += paired[i]
    start = key % count
    for step in range(count):
        if given == closing:
            break
        i = (start + step) % count
        more = min(closing - given, available[i] - paired[i])
        paired[i] += more
        given += more
    return given
