"""What contracts are worth at a price: the one definition, for every kind of contract.

    linear     value = lots x price x unit          a sum of the settlement currency that rises with the price, exact
    inverse    value = -lots x unit / price         a fixed sum of the quote currency, margined and settled in the coin
    option     value = lots x premium x unit        at the option's own mark; at its end: solvent.state.options

`unit` is the contract's `quanta_per_lot_tick`: quanta of one lot at a price of one tick. Either way a long's value
rises with the price, a trade moves value from the seller's cost to the buyer's, and what a position has gained is

    value now - cost        linear  lots x (mark - entry) x unit        inverse  lots x (1 / entry - 1 / mark) x unit

The notional is the size of the value. An inverse value is rounded, once, for the whole position:

    traded      to the nearest, halves away from zero, the same for both sides: what one pays the other receives, so
                the ledger stays exact and no residual is left for anybody
    marked      down, against the account, whenever it is judged
    notional    up, whenever a requirement is taken of it

Sources: BitMEX (XBTUSD), Deribit, Bybit and OKX coin-margined contracts. Bounds: the largest position at the price
where it is worth most, the highest of a linear and the lowest of an inverse contract, is inside VALUE_MAX.
"""

from solvent.codes import ContractKind
from solvent.compiled import kernel
from solvent.units import LIMIT, mul_div_down, mul_div_nearest, mul_div_up, mul_saturated, value_quanta


@kernel
def is_price_inside(contract, price_ticks):
    """True when the contract may have this price."""
    return max(contract.price_min_ticks, 1) <= price_ticks <= contract.price_max_ticks


@kernel
def traded_quanta(contract, lots, price_ticks):
    """Value of signed lots where they change hands: exactly opposite for opposite lots. The price is at least 1."""
    if contract.kind != ContractKind.INVERSE:
        return value_quanta(lots, price_ticks, contract.quanta_per_lot_tick)
    size = mul_div_nearest(abs(lots), contract.quanta_per_lot_tick, price_ticks)
    return -size if lots > 0 else size


@kernel
def marked_quanta(contract, lots, price_ticks):
    """Value of a position of signed lots at a mark, rounded down. The price is at least 1 where lots are held."""
    if contract.kind != ContractKind.INVERSE:
        return value_quanta(lots, price_ticks, contract.quanta_per_lot_tick)
    return mul_div_down(-lots, contract.quanta_per_lot_tick, max(price_ticks, 1))


@kernel
def notional_up(contract, lots, price_ticks):
    """Size of a position of `lots` (no sign) at a price, rounded up."""
    if contract.kind != ContractKind.INVERSE:
        return value_quanta(lots, price_ticks, contract.quanta_per_lot_tick)
    return mul_div_up(lots, contract.quanta_per_lot_tick, max(price_ticks, 1))


@kernel
def exposure_quanta(contract, lots, price_ticks):
    """Notional with the sign of the lots: what a move of the price is taken of."""
    notional = notional_up(contract, abs(lots), price_ticks)
    return notional if lots >= 0 else -notional


@kernel
def market_value_saturated(contract, lots, price_ticks):
    """Notional of many accounts' lots (no sign) together, rounded down and held to LIMIT."""
    if contract.kind != ContractKind.INVERSE:
        return mul_saturated(lots, value_quanta(1, price_ticks, contract.quanta_per_lot_tick))
    return mul_div_down(min(lots, LIMIT), contract.quanta_per_lot_tick, max(price_ticks, 1))


@kernel
def lots_within(contract, quanta, price_ticks):
    """Most lots whose notional at a price is not above an amount that is not negative; the price is at least 1."""
    if contract.kind != ContractKind.INVERSE:
        return quanta // value_quanta(1, price_ticks, contract.quanta_per_lot_tick)
    return mul_div_down(quanta, price_ticks, contract.quanta_per_lot_tick)


@kernel
def open_loss_quanta(contract, bid_lots, bid_quanta, ask_lots, ask_quanta, mark_ticks):
    """What open orders lose at the mark as soon as they fill; `bid_quanta` and `ask_quanta` are their notional."""
    if contract.kind != ContractKind.INVERSE:
        bids = bid_quanta - value_quanta(bid_lots, mark_ticks, contract.quanta_per_lot_tick)
        asks = value_quanta(ask_lots, mark_ticks, contract.quanta_per_lot_tick) - ask_quanta
    else:
        # dearer means a smaller notional: a bid above the mark buys less coin than it will be worth
        bids = mul_div_up(bid_lots, contract.quanta_per_lot_tick, max(mark_ticks, 1)) - bid_quanta
        asks = ask_quanta - mul_div_down(ask_lots, contract.quanta_per_lot_tick, max(mark_ticks, 1))
    return max(bids, 0) + max(asks, 0)


@kernel
def closing_limit_ticks(contract, lots, mark_ticks, cost_quanta):
    """Worst price at which closing the position costs no more than `cost_quanta` against its mark; in its bounds.

    The price at which a position's share of the equity is used up, its bankruptcy price, when that share is the cost:

        linear     mark -+ floor(cost / |value of one tick|)
        inverse    long  lots x unit / (notional + cost), up      short  lots x unit / (notional - cost), down

    A negative cost is a shortfall, and the limit better than the mark.
    """
    least = max(contract.price_min_ticks, 1)
    if contract.kind != ContractKind.INVERSE:
        per_tick = value_quanta(abs(lots), 1, contract.quanta_per_lot_tick)
        limit = mark_ticks - cost_quanta // per_tick if lots > 0 else mark_ticks + cost_quanta // per_tick
    else:
        # a long owes its notional in coin, a short is owed it: the most one may owe, the least the other may get
        size = -marked_quanta(contract, lots, mark_ticks) if lots > 0 else marked_quanta(contract, lots, mark_ticks)
        target = size + cost_quanta if lots > 0 else size - cost_quanta
        if target <= 0:
            limit = contract.price_max_ticks + 0
        elif lots > 0:
            limit = mul_div_up(lots, contract.quanta_per_lot_tick, target)
        else:
            limit = mul_div_down(-lots, contract.quanta_per_lot_tick, target)
    return min(max(limit, least), contract.price_max_ticks)


@kernel
def lot_price(contract, price_ticks):
    """(numerator, denominator) of the notional of one lot in quanta, exact."""
    if contract.kind != ContractKind.INVERSE:
        return value_quanta(1, price_ticks, contract.quanta_per_lot_tick), 1
    return contract.quanta_per_lot_tick + 0, max(price_ticks, 1)
