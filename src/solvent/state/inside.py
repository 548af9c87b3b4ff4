"""What is inside the venue: everybody's cash, and collateral at the marks. What leaves is measured against it."""

from solvent.codes import SystemAccount
from solvent.compiled import kernel
from solvent.state.terms import ASSETS_MAX
from solvent.units import add_saturated, mul_div_down


@kernel
def worth_quanta(state, asset, amount):
    """An amount of an asset at its mark, without a weight, in quanta, rounded down; nothing where nobody prices it."""
    if asset == 0:
        return amount
    terms = state.assets[asset]
    if terms.used == 0 or amount == 0:
        return 0
    return mul_div_down(amount, state.instruments[terms.price_instrument].mark_ticks * terms.value_num, terms.value_den)


@kernel
def inside_quanta(state):
    """All cash, the venue's own included, and all collateral."""
    total = max(-state.accounts[SystemAccount.EXTERNAL].wallet_quanta, 0)
    for asset in range(1, ASSETS_MAX):
        total = add_saturated(total, worth_quanta(state, asset, state.held[asset].amount_quanta))
    return total
