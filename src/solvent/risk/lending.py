"""Lending: what those who owe an asset pay, and what those who hold it earn.

    utilisation   u = owed / deposits, rounded up, at most one
    rate          floor + base x u / optimal                                      u up to optimal
                  floor + base + above x (u - optimal) / (1 - optimal)            beyond
                  u squared first where the rulebook says so; a rate that is fixed has only a floor
    growth        rate x time / year, rounded up, in parts of INDEX_ONE
    charged       owed x growth, rounded up for every account that owes
    paid          what was charged, less the share the venue keeps, by what each holds, rounded down

Rates are per year. What rounding leaves is the venue's, so the sum of all holdings is what it was: nothing is made.
A kink is that of GMX v2 (config/markets.ts), Drift v2 (math/spot_balance.rs) and Aave; squared is its `utilisation`
with an exponent of 2. Interest is not compounded between two accruals.
"""

from solvent.compiled import kernel
from solvent.units import PPM, add_saturated, mul_div_down, mul_div_up

INDEX_ONE = 10**12
PPB_IN_INDEX = 1_000
YEAR_NS = 365 * 86_400 * 10**9


@kernel
def utilisation_up(owed, deposits):
    """Share of the deposits that is owed, in ppm, rounded up, at most one; of an empty pool everything is."""
    if owed <= 0:
        return 0
    if owed >= deposits:
        return PPM + 0
    return mul_div_up(owed, PPM, deposits)


@kernel
def rate_up(asset, utilisation_ppm):
    """Rate per year in ppb that who owes pays at a utilisation, rounded up; it never falls while the use grows."""
    use = utilisation_ppm
    if asset.interest_square == 1:
        use = mul_div_up(use, use, PPM)
    optimal = asset.interest_optimal_ppm
    if use <= optimal:
        return asset.interest_floor_ppb + mul_div_up(asset.interest_base_ppb, use, max(optimal, 1))
    beyond = mul_div_up(asset.interest_above_ppb, use - optimal, max(PPM - optimal, 1))
    return asset.interest_floor_ppb + asset.interest_base_ppb + beyond


@kernel
def growth_up(rate_ppb, elapsed_ns):
    """What one unit owed grows by in a time, in parts of INDEX_ONE, rounded up."""
    return mul_div_up(rate_ppb * PPB_IN_INDEX, elapsed_ns, YEAR_NS)


@kernel
def interest_up(owed, growth):
    """What somebody who owes is charged, rounded up."""
    return mul_div_up(owed, growth, INDEX_ONE)


@kernel
def share_down(held, paid, deposits):
    """What of the interest paid is a holder's, by what it holds, rounded down."""
    return mul_div_down(held, paid, deposits) if held > 0 else 0


@kernel
def index_after(index, growth_num, growth_den):
    """An index, which is one before anything was accrued, after a growth; rounded down, and held to LIMIT."""
    before = index if index > 0 else INDEX_ONE
    return add_saturated(before, mul_div_down(before, growth_num, growth_den))


@kernel
def may_be_lent(owed_after, deposits_after, lend_max_ppm):
    """True when what would be owed is inside the share of the deposits that may be: compared by multiplying across."""
    return owed_after <= mul_div_down(max(deposits_after, 0), lend_max_ppm, PPM)
