"""Open size: how large a position could become through the orders that wait, and which of them may stay.

    buy open      max(0, position + bids)            sell open      max(0, asks - position)
    limit         an order may take the position to +-limit at most
    kept          below initial margin only orders against the position stay, together at most its size; the most
                  passive go first

Paradex, cross margin requirement, position limit and deleveraging of orders.

When an order is let in below initial margin, Paradex's worked example counts the orders against a position in full
("from 10 to 13" for a long of 10 and offers of 13), while the definition above would give 3. `checked_lots` follows
the example, which refuses more.
"""

from solvent.compiled import kernel


@kernel
def buy_open_lots(position_lots, bid_lots):
    """Largest long the account can end with."""
    return max(position_lots + bid_lots, 0)


@kernel
def sell_open_lots(position_lots, ask_lots):
    """Largest short the account can end with."""
    return max(ask_lots - position_lots, 0)


@kernel
def checked_lots(position_lots, bid_lots, ask_lots):
    """Open size an order is checked with: the position and what adds to it, or all that is against it."""
    if position_lots >= 0:
        return max(position_lots + bid_lots, ask_lots)
    return max(ask_lots - position_lots, bid_lots)


@kernel
def lots_to_limit(position_lots, limit_lots, waiting_lots, is_buy):
    """Largest order that keeps the position within its limit, beside the orders of its side that wait already."""
    towards = position_lots if is_buy else -position_lots
    return max(limit_lots - towards - waiting_lots, 0)


@kernel
def cancelled_orders(position_lots, lots, price_ticks, count, cancelled):
    """Mark in `cancelled` the orders that must go (1) and give how many; `lots` are signed, bought positive.

    Whatever does not reduce the position goes. Of the rest the most passive goes, the highest offer or the lowest
    bid, the later one of two at a price, until together they are no larger than the position.
    """
    number = 0
    kept = 0
    for i in range(count):
        against = position_lots != 0 and (lots[i] > 0) != (position_lots > 0)
        cancelled[i] = 0 if against else 1
        if against:
            kept += abs(lots[i])
        else:
            number += 1
    while kept > abs(position_lots):
        worst = -1
        for i in range(count):
            if cancelled[i] == 1:
                continue
            if worst < 0:
                worst = i
            elif position_lots > 0 and price_ticks[i] >= price_ticks[worst]:
                worst = i
            elif position_lots < 0 and price_ticks[i] <= price_ticks[worst]:
                worst = i
        cancelled[worst] = 1
        kept -= abs(lots[worst])
        number += 1
    return number
