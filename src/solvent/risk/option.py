"""Standard margin of single options: shares of the spot price beside the mark (Deribit, and Derive with its own).

For a short call per contract, and a short put likewise:

    initial        max(initial share - out of the money / spot, least share) x spot + mark
    maintenance    maintenance share x spot + mark
    of a put       maintenance = max(share x spot, share x mark) + mark, initial at least that

A long option is worth its mark and requires nothing. Shares are whole numbers of 1 / scale; prices ticks.
"""

from solvent.compiled import kernel
from solvent.units import mul_div_up


@kernel
def out_of_the_money(spot_ticks, strike_ticks, is_call):
    """How far the option is from being worth exercising."""
    return max(strike_ticks - spot_ticks, 0) if is_call else max(spot_ticks - strike_ticks, 0)


@kernel
def short_maintenance_up(spot_ticks, mark_ticks, is_call, share, scale):
    """Maintenance of one short contract beyond its mark, rounded up."""
    required = mul_div_up(spot_ticks, share, scale)
    if is_call:
        return required
    return max(required, mul_div_up(mark_ticks, share, scale))


@kernel
def short_initial_up(spot_ticks, strike_ticks, mark_ticks, is_call, share, least_share, maintenance_share, scale):
    """Initial margin of one short contract beyond its mark, rounded up."""
    required = mul_div_up(spot_ticks, share, scale) - out_of_the_money(spot_ticks, strike_ticks, is_call)
    required = max(required, mul_div_up(spot_ticks, least_share, scale))
    if is_call:
        return required
    return max(required, short_maintenance_up(spot_ticks, mark_ticks, is_call, maintenance_share, scale))
