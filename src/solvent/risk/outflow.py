"""How much may leave in a while: a share of what is there, but never less than a minimum.

    baseline = max(minimum, floor(held x share))

Who leaves while a loss has no payer bears its share and goes:

    charge = amount x loss / (money + loss), rounded up                      Paradex, shortfall / (total + shortfall)

money being what is there for everybody's claims. Once the charge has paid the loss down, the share of those who stay is
what it was before: nobody gains by being first.

Source: dYdX v4, protocol/x/ratelimit (transfers out of the chain). The minimum keeps the door open for the small: in a
venue of three, a share alone would let nobody leave.
"""

from solvent.compiled import entry, kernel
from solvent.state.inside import inside_quanta
from solvent.state.windows import sums
from solvent.units import PPM, add_saturated, mul_div_down, mul_div_up


@kernel
def baseline(held_quanta, share_ppm, minimum_quanta):
    """The most that may leave while nothing comes in, in quanta, rounded down."""
    return max(minimum_quanta, mul_div_down(held_quanta, share_ppm, PPM))


@entry
def outflow_baseline(held_quanta, share_ppm, minimum_quanta):
    """`baseline` for whoever asks from outside the machine."""
    return baseline(held_quanta, share_ppm, minimum_quanta)


@kernel
def passes_outflow_limit(state, amount_quanta):
    """True when so much more would leave the venue in its window than the rulebook's share of what was there."""
    policy = state.policy[0]
    if policy.outflow_ppm == 0:
        return False
    _path, _flow, outflow = sums(state, state.instruments.shape[0], policy.outflow_window)
    held = add_saturated(inside_quanta(state), max(outflow, 0))
    return outflow + amount_quanta > baseline(held, policy.outflow_ppm, policy.outflow_least_quanta)


@kernel
def leaving_charge_up(amount_quanta, loss_quanta, money_quanta):
    """What an amount that leaves bears of a loss that has no payer; never more than the amount."""
    if loss_quanta <= 0:
        return 0
    return min(mul_div_up(amount_quanta, loss_quanta, add_saturated(money_quanta, loss_quanta)), amount_quanta)
