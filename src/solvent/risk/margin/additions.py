"""What a level asks for a position on top of its rates.

fixed + share x notional + clip(reward share x notional) + premium over skew           every part rounded up
"""

from solvent.compiled import kernel
from solvent.units import PPB, PPM, mul_div_up


@kernel
def additions_up(schedule, lots, notional_quanta):
    """What a level asks for a position on top of its rates."""
    added = schedule.add_fixed_quanta + mul_div_up(notional_quanta, schedule.add_ppm, PPM)
    if schedule.reward_ppm > 0:
        reward = max(mul_div_up(notional_quanta, schedule.reward_ppm, PPM), schedule.reward_min_quanta)
        added += min(reward, schedule.reward_max_quanta)
    if schedule.premium_num > 0:
        premium_ppb = mul_div_up(lots, schedule.premium_num, schedule.premium_den)
        added += mul_div_up(notional_quanta, premium_ppb, PPB)
    return added
