"""What an option pays, and what it stands for: amounts of its underlying, in quanta of what it is paid in.

    paid in the quote currency    underlying   lots x spot x unit          strike    lots x strike x unit
    paid in the coin              underlying   lots x unit                 strike    lots x unit x strike / spot

    pays at expiry                call  max(underlying - strike, 0)        put  max(strike - underlying, 0)

A strike in coin divides and is rounded down for a call and up for a put, which is never to the seller's advantage.
Until expiry an option is worth its own reported mark (solvent.state.values). Sources: Deribit (options paid in coin,
linear options), Derive. Bounds: the largest position at the dearest underlying, and at the strike, is inside VALUE_MAX.
"""

from solvent.codes import ContractKind
from solvent.compiled import kernel
from solvent.units import mul_div_down, mul_div_up, value_quanta


@kernel
def is_option(state, instrument):
    """True when the contract is an option."""
    return state.contracts[instrument].kind == ContractKind.OPTION


@kernel
def has_expired(state, instrument):
    """True for an option whose time is over: it is settled, and trades no more."""
    return is_option(state, instrument) and state.venue[0].time_ns >= state.options[instrument].expiry_ns


@kernel
def underlying_quanta(option, lots, spot_ticks):
    """What so many lots (no sign) are of the underlying."""
    if option.in_coin == 1:
        return lots * option.unit_quanta
    return value_quanta(lots, spot_ticks, option.unit_quanta)


@kernel
def strike_quanta(option, lots, spot_ticks):
    """What so many lots (no sign) cost when they are exercised."""
    if option.in_coin == 0:
        return value_quanta(lots, option.strike_ticks, option.unit_quanta)
    size = lots * option.unit_quanta
    if option.is_put == 1:
        return mul_div_up(size, option.strike_ticks, max(spot_ticks, 1))
    return mul_div_down(size, option.strike_ticks, max(spot_ticks, 1))


@kernel
def payoff_down(option, lots, spot_ticks):
    """What signed lots pay at expiry, rounded down: in coin it divides, and the rest is the market's fund's."""
    distance = spot_ticks - option.strike_ticks
    if option.is_put == 1:
        distance = -distance
    if distance <= 0:
        return 0
    if option.in_coin == 0:
        return value_quanta(lots, distance, option.unit_quanta)
    return mul_div_down(lots * option.unit_quanta, distance, spot_ticks)
