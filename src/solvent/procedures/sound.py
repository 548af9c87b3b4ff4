"""Bounds of the terms of pools and offers: what the machine's arithmetic and order rely on."""

from solvent.codes import Executor, FeePayee, OfferPrice, Size
from solvent.compiled import kernel
from solvent.state.terms import POOLS_MAX, STAGES_MAX
from solvent.units import LIMIT, PPM

DURATION_MAX_NS = 400 * 24 * 3600 * 10**9
SHARE_MAX_PPM = 10**9
FACTOR_MAX_PPM = 10 * PPM


@kernel
def are_pools_sound(state):
    """True when every bound of a pool is one, and every market is backed by a pool there is."""
    for row in range(POOLS_MAX):
        pool = state.pools[row]
        if pool.used < 0 or pool.used > 1:
            return False
        if min(pool.notice_ns, pool.unwind_ns) < 0 or max(pool.notice_ns, pool.unwind_ns) > DURATION_MAX_NS:
            return False
        smallest = min(pool.deposit_cap_quanta, pool.hour_cap_quanta, pool.unwind_whole_quanta)
        if smallest < 0 or max(pool.deposit_cap_quanta, pool.hour_cap_quanta, pool.unwind_whole_quanta) > LIMIT:
            return False
        if pool.concentration_ppm < 0 or pool.concentration_ppm > SHARE_MAX_PPM:
            return False
        smallest = min(pool.correlation_ppm, pool.unwind_depth_ppm, pool.unwind_limit_ppm)
        if smallest < 0 or max(pool.correlation_ppm, pool.unwind_depth_ppm, pool.unwind_limit_ppm) > PPM:
            return False
    for instrument in range(state.backings.shape[0]):
        backing = state.backings[instrument]
        if backing.pool < 0 or backing.pool >= POOLS_MAX:
            return False
        if backing.pool > 0 and state.pools[backing.pool].used == 0:
            return False
        if min(backing.cap_quanta, backing.hour_cap_quanta) < 0:
            return False
        if max(backing.cap_quanta, backing.hour_cap_quanta) > LIMIT:
            return False
        if backing.discount_ppm < 0 or backing.discount_ppm > PPM:
            return False
        if abs(backing.target_lots) > state.contracts[instrument].lots_max:
            return False
    return True


@kernel
def is_offer_sound(offer):
    """True when a price, a reward and an adaptation are inside their bounds."""
    if offer.price < 0 or offer.price > OfferPrice.STAIRS:
        return False
    if min(offer.start_ppm, offer.first_ppm, offer.second_ppm) < 0:
        return False
    if max(offer.start_ppm, offer.first_ppm, offer.second_ppm) > FACTOR_MAX_PPM:
        return False
    if min(offer.first_ns, offer.second_ns, offer.step_ns, offer.reset_ns) < 0:
        return False
    if max(offer.first_ns, offer.second_ns, offer.step_ns, offer.reset_ns) > DURATION_MAX_NS:
        return False
    if offer.price == OfferPrice.STAIRS and (offer.step_ns < 1 or offer.cut_ppm < 0 or offer.cut_ppm > PPM):
        return False
    if offer.price == OfferPrice.HEALTH and offer.first_ppm > PPM:
        return False
    if offer.slope_ppm < 0 or offer.slope_ppm > SHARE_MAX_PPM:
        return False
    if min(offer.reset_below_ppm, offer.start_fee_ppm, offer.bonus_fee_ppm) < 0:
        return False
    if max(offer.reset_below_ppm, offer.start_fee_ppm, offer.bonus_fee_ppm) > PPM:
        return False
    if min(offer.start_fee_payee, offer.bonus_fee_payee) < 0:
        return False
    if max(offer.start_fee_payee, offer.bonus_fee_payee) > FeePayee.VENUE_CAPITAL:
        return False
    if min(offer.endorsed, offer.portfolio) < 0 or max(offer.endorsed, offer.portfolio) > 1:
        return False
    if min(offer.buffer_ppm, offer.reward_ppm, offer.volatility_ppm, offer.depth_ppm) < 0:
        return False
    if max(offer.buffer_ppm, offer.reward_ppm, offer.volatility_ppm, offer.depth_ppm) > PPM:
        return False
    smallest = min(offer.reward_flat_quanta, offer.reward_min_quanta, offer.reward_max_quanta)
    return smallest >= 0 and max(offer.reward_flat_quanta, offer.reward_min_quanta, offer.reward_max_quanta) <= LIMIT


@kernel
def are_offers_sound(state):
    """True when every stage in use offers inside the bounds; shares of a portfolio are of all of it."""
    for row in range(STAGES_MAX):
        stage = state.stages[row]
        if stage.used == 0:
            continue
        if stage.executor < 0 or stage.executor > Executor.AUCTION or not is_offer_sound(state.offers[row]):
            return False
        if state.offers[row].portfolio == 1 and (stage.executor != Executor.AUCTION or stage.sizing != Size.FULL):
            return False
    return True
