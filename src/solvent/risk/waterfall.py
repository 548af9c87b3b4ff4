"""The loss waterfall: ordered layers, each takes min(what remains, what it can) and passes the rest on.

Inside a layer that many share, the charge is proportional to what each can bear and rounded cumulatively,

    x_i = floor(C_i) - floor(C_(i-1)),   C_i = amount x (b_1 + ... + b_i) / (b_1 + ... + b_n),

so the parts sum to the amount exactly, none passes its own b_i, and splitting an account gains at most one quantum.
"""

from solvent.compiled import kernel
from solvent.units import PPM, add_saturated, mul_div_down


@kernel
def take(remaining_quanta, means_quanta, cap_ppm):
    """What one layer pays: never more than remains, than it has, or than its cap allows for one default."""
    return max(min(remaining_quanta, mul_div_down(max(means_quanta, 0), cap_ppm, PPM)), 0)


@kernel
def share_out(amount_quanta, means, count, parts):
    """Split an amount over `means[:count]` in proportion, exactly; the amount is at most their sum."""
    total = 0
    for i in range(count):
        total = add_saturated(total, means[i])
    running = 0
    given = 0
    for i in range(count):
        running += means[i]
        upto = mul_div_down(amount_quanta, running, total) if total > 0 else 0
        parts[i] = upto - given
        given = upto
    return given
