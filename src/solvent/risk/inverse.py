"""Inverse contracts: worth a fixed sum of the quote currency, margined and settled in the coin.

    value of contracts at a price     contracts x size / price       in quanta of the coin
    gain of a position                s x (value at entry - value at exit)

`per_price` is the value of one contract at a price of one tick, in quanta of the coin: size x quanta per coin / tick.
The one place where valuing divides; the rounding is named. BitMEX, Bybit and Binance COIN-M; Deribit's perpetuals.
"""

from solvent.compiled import kernel
from solvent.units import mul_div_nearest


@kernel
def coin_value_nearest(contracts, per_price, price_ticks):
    """Value of contracts (signed) at a price, in quanta of the coin, to the nearest."""
    return mul_div_nearest(contracts, per_price, price_ticks)


@kernel
def coin_gain_nearest(contracts, per_price, entry_ticks, exit_ticks):
    """What contracts (signed) gain in coin between two prices; each value rounded once."""
    return coin_value_nearest(contracts, per_price, entry_ticks) - coin_value_nearest(contracts, per_price, exit_ticks)


@kernel
def share_nearest(value_quanta, rate, scale):
    """A rate of a value: margin, fee or maintenance of a coin-margined position."""
    return mul_div_nearest(value_quanta, rate, scale)


@kernel
def close_fee_nearest(entry_value_quanta, fee, scale, leverage_num, leverage_den, side):
    """Fee for closing at the bankruptcy price of a linear position: fee x entry value x (1 - side / leverage).

    `side` is 1 for a long, whose bankruptcy lies below the entry, and -1 for a short. Bybit holds it inside both the
    initial and the maintenance requirement.
    """
    at_bankruptcy = mul_div_nearest(entry_value_quanta, leverage_num - side * leverage_den, leverage_num)
    return mul_div_nearest(at_bankruptcy, fee, scale)
