"""What collateral is worth at a level, rounded down.

    weight           value x weight of the level
    tiered           every slice of the amount, or of the value, times its own weight; weights fall
    impact           value x (1 - clip(amount / scale x scalar, floor, cap)): the discount of selling it at once
                     (Synthetix v3, markets/perps-market, PerpsCollateralConfiguration)
    owed             - value x liability weight, not below one (Drift v2, Mango v4), whatever the weighting

The value of an amount never falls when its price rises, and never by more than the price does. What is owed is the
other way round: it is worth most of all when the price is high.
"""

from solvent.codes import Weighting
from solvent.compiled import kernel
from solvent.risk.margin.brackets import slices_down
from solvent.state.validity import careful_ticks, dear_ticks
from solvent.units import PPM, mul_div_down, mul_div_up


@kernel
def collateral_value_down(state, asset, amount_quanta, maintenance, careful):
    """Value of collateral, weighted for a level, rounded down: at the mark, or at the careful price when in doubt.

    Opening and leaving are careful, liquidation is not: what only time changes may not move a maintenance surplus.
    """
    mark = state.instruments[state.assets[asset].price_instrument].mark_ticks
    if careful and amount_quanta < 0:
        mark = dear_ticks(state, state.assets[asset].price_instrument)
    elif careful:
        mark = careful_ticks(state, state.assets[asset].price_instrument)
    return collateral_value_at_down(state, asset, amount_quanta, mark, maintenance)


@kernel
def collateral_value_at_down(state, asset, amount_quanta, price_ticks, maintenance):
    """Value of collateral at a price, weighted for a level, rounded down."""
    terms = state.assets[asset]
    price = price_ticks * terms.value_num
    if amount_quanta < 0:
        weight = terms.liability_maintenance_ppm if maintenance else terms.liability_initial_ppm
        return -mul_div_up(mul_div_up(-amount_quanta, price, terms.value_den), max(weight, PPM), PPM)
    if terms.weighting == Weighting.TIERS_OF_AMOUNT:
        return mul_div_down(slices_down(state, terms, amount_quanta, PPM), price, terms.value_den)
    value = mul_div_down(amount_quanta, price, terms.value_den)
    if terms.weighting == Weighting.TIERS_OF_VALUE:
        return slices_down(state, terms, value, PPM)
    if terms.weighting == Weighting.IMPACT:
        discount = mul_div_up(amount_quanta, terms.impact_num, terms.impact_den)
        return mul_div_down(value, PPM - min(max(discount, terms.impact_floor_ppm), terms.impact_cap_ppm), PPM)
    return mul_div_down(value, terms.maintenance_ppm if maintenance else terms.initial_ppm, PPM)
