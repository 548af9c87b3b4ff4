"""A loss put on everybody at once through an index that all their balances are measured by.

    funding    both sides' cumulative funding moves by ceil(|loss| x 1e9 / (longs + shorts)) x 1000: so each unit of
               base pays the same, rounded against those who pay
    deposits   the cumulative interest of deposits falls by ceil(interest x loss / deposits)

Source: Drift v2, programs/drift/src/math/liquidation.rs.
"""

from solvent.compiled import entry
from solvent.units import mul_div_up, mul_saturated

BASE = 1_000_000_000
RATE_PER_QUOTE = 1_000
"""Funding is kept with nine decimals, quote with six."""


@entry
def funding_index_step(loss_quanta, base_total):
    """How far both cumulative rates move; loss and base as magnitudes, base_total > 0. LIMIT: it does not fit."""
    return mul_saturated(mul_div_up(loss_quanta, BASE, base_total), RATE_PER_QUOTE)


@entry
def deposit_index_step(index, loss, deposits):
    """How far the index of deposits falls; zero where there are none. Amounts in units of the asset."""
    if deposits == 0:
        return 0
    return mul_div_up(loss, index, deposits)
