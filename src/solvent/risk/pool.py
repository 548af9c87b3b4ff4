"""The liquidity vault: what a share is worth, and when the vault takes positions over.

One value serves those who join and those who leave: equity at the mark with everything accrued. One virtual quantum
and a thousand virtual shares are added so that the first member cannot inflate the price of a share.
Joining rounds shares down, leaving rounds cash down: rounding stays in the vault.
"""

from solvent.codes import Accept
from solvent.compiled import kernel
from solvent.units import mul_div_down

VIRTUAL_SHARES = 1_000
VIRTUAL_QUANTA = 1


@kernel
def shares_for(amount_quanta, vault_equity_quanta, shares):
    """Shares that cash buys, rounded down."""
    return mul_div_down(amount_quanta, shares + VIRTUAL_SHARES, vault_equity_quanta + VIRTUAL_QUANTA)


@kernel
def cash_for(shares_sold, vault_equity_quanta, shares):
    """Cash that shares fetch, rounded down."""
    return mul_div_down(shares_sold, vault_equity_quanta + VIRTUAL_QUANTA, shares + VIRTUAL_SHARES)


@kernel
def accepts(accept, shortfall_quanta, cover_quanta, equity_after_quanta, requirement_after_quanta):
    """True when the backstop takes an account over.

    ALWAYS: whatever it costs. COVERED: the layers before deleveraging can pay the whole shortfall. MARGINED: that,
    and the vault keeps its own initial requirement with the new positions.
    """
    if accept == Accept.ALWAYS:
        return True
    if shortfall_quanta > cover_quanta:
        return False
    return accept == Accept.COVERED or equity_after_quanta >= requirement_after_quanta
