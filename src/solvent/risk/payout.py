"""What winners receive when less was collected than they are owed, and who covers what losers cannot pay.

    ratio    rho = collected / owed, to sixteen decimals, halves away from zero
    share    floor(owed_i x rho) in the order of the list
    rest     what the rounding leaves, to the place said by the caller: the network's own, else the last

Source: Vega, core/collateral/simple_distributor.go.
"""

from solvent.compiled import entry
from solvent.units import mul_div_down, mul_div_nearest

RATIO = 10**16
"""One, with sixteen decimals."""


@entry
def pay_in_proportion(collected, owed_total, owed, rest_place, paid):
    """Write what each is paid into `paid`; give the ratio in 1e-16. 0 <= collected <= owed_total, owed_total > 0.

    The parts add up to `collected`: `paid[rest_place]` takes the rest, whatever its sign.
    """
    ratio = mul_div_nearest(collected, RATIO, owed_total)
    given = 0
    for place in range(owed.shape[0]):
        paid[place] = mul_div_down(owed[place], ratio, RATIO)
        given += paid[place]
    paid[rest_place] += collected - given
    return ratio


@entry
def collect_losses(losses, means, pool, from_owner, from_pool):
    """Write what each loser pays and what the pool pays for him, in the order of the list; give what is left of it.

    An owner pays what he has, the pool covers what is missing while it lasts. All amounts not negative.
    """
    for place in range(losses.shape[0]):
        from_owner[place] = min(losses[place], means[place])
        from_pool[place] = min(losses[place] - from_owner[place], pool)
        pool -= from_pool[place]
    return pool
