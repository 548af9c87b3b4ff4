"""Dutch auctions: a price that falls with time, what a bid takes, and when it must take all.

    linear          top x (tau - t) / tau                                     Maker LinearDecrease
    stair-step      top x cut^floor(t / step)                                 Maker StairstepExponentialDecrease
    portfolio       a share of a whole account: at most BM / (BM - MtM x d - R x (1 - d)),
                    BM = MM + b x (MM - MtM), at the price share x (MtM - R) x d      Derive DutchAuction
    kick            debt with its penalty, top = feed x buffer, reward = flat + share x debt      Maker Clipper
    take            min(offered, what the debt is worth at the price), no dust left               Maker Clipper
    segments        from start to a first and on to a second factor, linear in time      Derive, solvent and insolvent
    bark            at most the room; never a rest below the dust                                 Maker Dog

Factors are whole numbers of 1 / scale; prices are quanta of debt for `unit` of collateral.
"""

from solvent.compiled import kernel
from solvent.units import mul_div_down, mul_div_nearest, mul_div_up


@kernel
def linear_price_down(top, elapsed, tau):
    """Price after a time; zero from tau on."""
    if elapsed >= tau:
        return 0
    return mul_div_down(top, tau - elapsed, tau)


@kernel
def stairstep_price_nearest(top, cut, scale, elapsed, step):
    """Price after a time: multiplied by cut / scale at every whole step. By squaring, each product to the nearest."""
    factor = scale
    base = cut
    steps = elapsed // step
    while steps > 0:
        if steps & 1:
            factor = mul_div_nearest(factor, base, scale)
        base = mul_div_nearest(base, base, scale)
        steps >>= 1
    return mul_div_nearest(top, factor, scale)


@kernel
def segment_factor(offer, elapsed):
    """Factor of the reference an offer stands at after a time: straight to the first, on to the second, then still."""
    if elapsed < offer.first_ns:
        return offer.start_ppm + mul_div_nearest(offer.first_ppm - offer.start_ppm, elapsed, offer.first_ns)
    later = elapsed - offer.first_ns
    if later < offer.second_ns:
        return offer.first_ppm + mul_div_nearest(offer.second_ppm - offer.first_ppm, later, offer.second_ns)
    return offer.second_ppm + 0 if offer.second_ns > 0 else offer.first_ppm + 0


@kernel
def buffer_margin_down(mark_quanta, maintenance_quanta, buffer, scale):
    """Margin of a portfolio with a buffer on what maintenance takes off its mark; negative margins fall short."""
    return maintenance_quanta + mul_div_down(maintenance_quanta - mark_quanta, buffer, scale)


@kernel
def portfolio_share_nearest(buffer_quanta, mark_quanta, reserved_quanta, price_factor, scale):
    """Largest share of the account that may be bought, in 1 / scale: what brings its buffer margin back to zero."""
    if buffer_quanta >= 0:
        return 0
    price = mul_div_nearest(mark_quanta - reserved_quanta, price_factor, scale) + reserved_quanta
    if price <= 0:
        return scale
    return min(mul_div_nearest(-buffer_quanta, scale, price - buffer_quanta), scale)


@kernel
def portfolio_price_nearest(mark_quanta, reserved_quanta, price_factor, share, scale):
    """What a bidder pays for a share of the account: the discounted mark without the cash that is reserved."""
    return mul_div_nearest(mul_div_nearest(mark_quanta - reserved_quanta, price_factor, scale), share, scale)


@kernel
def kicked_debt_up(debt_quanta, penalty_factor, scale):
    """Debt an auction must raise: what is owed times the penalty factor."""
    return mul_div_up(debt_quanta, penalty_factor, scale)


@kernel
def kicked_top_nearest(feed_price, buffer_factor, scale):
    """Price an auction starts at."""
    return mul_div_nearest(feed_price, buffer_factor, scale)


@kernel
def keeper_reward_down(flat_quanta, debt_quanta, share, scale):
    """Reward for starting an auction: flat, and a share of the debt with its penalty."""
    return flat_quanta + mul_div_down(debt_quanta, share, scale)


@kernel
def taken(debt_quanta, lot, price, unit, wanted, dust_quanta):
    """(collateral a bid gets, what it pays): what it wants, what is left, what the debt is worth; no dust is left.

    Where the debt decides, all of it is paid and the collateral rounded down: nobody gets more than is paid for. A
    rest of debt below the dust shrinks the bid; where the whole debt is within the dust the bid takes all or nothing.
    """
    amount = min(wanted, lot)
    paid = mul_div_up(amount, price, unit)
    if paid > debt_quanta:
        return mul_div_down(debt_quanta, unit, price), debt_quanta
    if paid < debt_quanta and amount < lot and debt_quanta - paid < dust_quanta:
        if debt_quanta <= dust_quanta:
            return 0, 0
        amount = mul_div_down(debt_quanta - dust_quanta, unit, price)
        return amount, mul_div_up(amount, price, unit)
    return amount, paid


@kernel
def barked_debt(debt_quanta, room_quanta, dust_quanta, penalty_factor, scale):
    """Debt that goes into auction under a room: all of it, or what the room allows; 0 when it must wait.

    A rest below the dust forces the whole debt; a part below the dust is not worth an auction.
    """
    part = min(debt_quanta, mul_div_down(room_quanta, scale, penalty_factor))
    if part >= debt_quanta:
        return debt_quanta
    if debt_quanta - part < dust_quanta:
        return debt_quanta
    if part < dust_quanta:
        return 0
    return part


@kernel
def uniform_price(prices, bids, asks, count, near_ticks):
    """(price, lots) of a reopening auction: most lots change hands, least is left over, nearest to the mark, lowest.

    Whoever bid at the price or above buys, whoever offered at it or below sells, all at the one price.
    """
    best = 0
    best_lots = 0
    best_left = 0
    for i in range(count):
        price = prices[i]
        if price == 0:
            continue
        wanted = 0
        offered = 0
        for k in range(count):
            if prices[k] == 0:
                continue
            if prices[k] >= price:
                wanted += bids[k]
            if prices[k] <= price:
                offered += asks[k]
        lots = min(wanted, offered)
        left = abs(wanted - offered)
        better = lots > best_lots
        if lots == best_lots and lots > 0:
            better = left < best_left
            if left == best_left:
                distance = abs(price - near_ticks)
                better = distance < abs(best - near_ticks) or (distance == abs(best - near_ticks) and price < best)
        if better:
            best = price
            best_lots = lots
            best_left = left
    return best, best_lots
