"""Rules change: a market is listed, a term is staged, staged terms are enacted as one version."""

import numpy as np

from solvent.codes import (
    Action,
    AdlMetric,
    AdlTrigger,
    Answer,
    Authority,
    Breach,
    ContractKind,
    Driver,
    Estimator,
    Family,
    FeeBase,
    FundingKind,
    Level,
    Metric,
    Mode,
    Refusal,
    Schedule,
    Size,
)
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.answer import answer_terms
from solvent.procedures.governance import (
    are_rates_in_step,
    are_steps_allowed,
    count_harmed,
    end_proposal,
    entitlement,
    families_changed,
    open_proposal,
    refusal_of_enactment,
    role_of,
)
from solvent.procedures.sound import are_offers_sound, are_pools_sound
from solvent.procedures.step import set_initial_margins
from solvent.risk.governance import is_entitled
from solvent.risk.margin.sound import are_scenarios_sound, is_schedule_sound, is_weighting_sound
from solvent.risk.watch import (
    has_contract_certificate,
    has_level_certificate,
    has_schedule_certificate,
)
from solvent.state.multipliers import MULTIPLIER_MAX_PPM
from solvent.state.tables import NONE
from solvent.state.terms import (
    ABSORBERS_MAX,
    ASSETS_MAX,
    BREAKERS_MAX,
    CONDITIONS,
    FAMILIES_MAX,
    LEVELS,
    METRICS_MAX,
    SEATS_MAX,
    SOURCES_MAX,
    STAGES_MAX,
    TRIGGERS_MAX,
    WINDOWS,
)
from solvent.state.values import notional_up
from solvent.units import LIMIT, PPB, PPM, VALUE_MAX, mul_saturated

CONTRACT_FIELDS = 8
FIXED_CONTRACT_FIELDS = (0, 1, 2, 6, 7)
"""Unit, highest price, largest position, kind and lowest price: positions and marks rely on them."""
OPTION_FIELDS = 6
BLOCKS = int(1 << Action.WITHDRAW | 1 << Action.LIQUIDATE)
"""What a breaker may stop alone."""
PRICE_MAX_TICKS = 2**31
DURATION_MAX_NS = 400 * 24 * 3600 * 10**9
SHARE_MAX_PPM = 10**9


@kernel
def is_contract_sound(contract):
    """True when the largest position, at the price where it is worth most, stays inside the value bound."""
    if contract.quanta_per_lot_tick < 1 or contract.price_max_ticks < 1 or contract.price_max_ticks > PRICE_MAX_TICKS:
        return False
    if contract.price_min_ticks < 0 or contract.price_min_ticks > contract.price_max_ticks:
        return False
    if contract.lots_max < 0 or contract.open_interest_cap_lots < 0 or contract.open_interest_cap_quanta < 0:
        return False
    if contract.kind == ContractKind.INVERSE:
        if contract.quanta_per_lot_tick > LIMIT or contract.lots_max > LIMIT:
            return False
        return notional_up(contract, max(contract.lots_max, 1), contract.price_min_ticks) <= VALUE_MAX
    if contract.kind != ContractKind.LINEAR and contract.kind != ContractKind.OPTION:
        return False
    value = mul_saturated(contract.quanta_per_lot_tick, contract.price_max_ticks)
    return mul_saturated(max(contract.lots_max, 1), value) <= VALUE_MAX


@kernel
def is_option_sound(state, instrument):
    """True when an option names a listed market it is settled by, and what it stands for stays inside the value bound.

    Options are judged as options at every level, and nothing else is.
    """
    contract = state.contracts[instrument]
    is_option = contract.kind == ContractKind.OPTION
    for level in range(LEVELS):
        schedule = state.schedules[level * state.instruments.shape[0] + instrument]
        if state.levels[level].used == 1 and (schedule.kind == Schedule.OPTION) != is_option:
            return False
    if not is_option:
        return True
    option = state.options[instrument]
    if option.underlying < 0 or option.underlying >= state.instruments.shape[0]:
        return False
    spot = state.contracts[option.underlying]
    if state.instruments[option.underlying].listed == 0 or spot.kind == ContractKind.OPTION:
        return False
    if option.is_put < 0 or option.is_put > 1 or option.in_coin < 0 or option.in_coin > 1:
        return False
    if option.strike_ticks < 1 or option.strike_ticks > PRICE_MAX_TICKS or option.expiry_ns < 1:
        return False
    if option.expiry_ns > LIMIT or option.unit_quanta < 1 or option.unit_quanta > VALUE_MAX:
        return False
    size = mul_saturated(max(contract.lots_max, 1), option.unit_quanta)
    if option.in_coin == 0:
        size = mul_saturated(size, max(spot.price_max_ticks, option.strike_ticks))
    return size <= VALUE_MAX


@kernel
def is_pricing_sound(state):
    """True when guards are inside their bounds, and whoever may be liquidated at a price may reduce at it."""
    for instrument in range(state.instruments.shape[0]):
        pricing = state.pricing[instrument]
        if pricing.estimator < 0 or pricing.estimator > Estimator.COMMITTEE:
            return False
        if pricing.inner < 0 or pricing.inner > Estimator.MEDIAN:
            return False
        if pricing.sources_min < 0 or pricing.sources_min > SOURCES_MAX:
            return False
        if pricing.deviation_breach < 0 or pricing.deviation_breach > Breach.CLAMP:
            return False
        if pricing.step_breach < 0 or pricing.step_breach > Breach.CLAMP:
            return False
        if pricing.breaches_min < 0 or pricing.breaches_min > SOURCES_MAX:
            return False
        if pricing.anchor_breach < 0 or pricing.anchor_breach > Breach.CLAMP:
            return False
        smallest = min(pricing.deviation_ppm, pricing.dispersion_ppm, pricing.divergence_ppm, pricing.own_band_ppm)
        largest = max(pricing.deviation_ppm, pricing.dispersion_ppm, pricing.divergence_ppm, pricing.own_band_ppm)
        if smallest < 0 or largest > SHARE_MAX_PPM:
            return False
        smallest = min(pricing.minute_ppm, pricing.ten_minutes_ppm, pricing.hour_ppm, pricing.step_ppm)
        largest = max(pricing.minute_ppm, pricing.ten_minutes_ppm, pricing.hour_ppm, pricing.step_ppm)
        if smallest < 0 or largest > SHARE_MAX_PPM:
            return False
        if min(pricing.stale_ns, pricing.fallback_ns, pricing.grace_ns) < 0:
            return False
        if max(pricing.stale_ns, pricing.fallback_ns, pricing.grace_ns) > DURATION_MAX_NS:
            return False
    for condition in range(CONDITIONS):
        remedy = state.remedies[condition]
        if min(remedy.open, remedy.reduce, remedy.liquidate, remedy.withdraw, remedy.mint) < Answer.ALLOW:
            return False
        if max(remedy.open, remedy.reduce, remedy.liquidate, remedy.withdraw, remedy.mint) > Answer.REFUSE:
            return False
        if remedy.reduce > remedy.liquidate:
            return False
    return True


@kernel
def are_markets_sound(state):
    """True when multipliers, depths and caps are inside their bounds; tightening only: no multiplier is below one."""
    for row in range(state.dynamics.shape[0]):
        terms = state.dynamics[row]
        smallest = min(terms.volatility_ppm, terms.depth_ppm, terms.concentration_ppm, terms.open_interest_ppm)
        largest = max(terms.volatility_ppm, terms.depth_ppm, terms.concentration_ppm, terms.open_interest_ppm)
        if smallest < 0 or largest > MULTIPLIER_MAX_PPM:
            return False
        if (
            min(terms.stressed_ppm, terms.floor_ppm) < 0
            or max(terms.stressed_ppm, terms.floor_ppm) > MULTIPLIER_MAX_PPM
        ):
            return False
        if (
            min(terms.stressed_weight_ppm, terms.buffer_ppm) < 0
            or max(terms.stressed_weight_ppm, terms.buffer_ppm) > PPM
        ):
            return False
        if terms.step_ppm < 0:
            return False
    for row in range(state.markets.shape[0]):
        market = state.markets[row]
        if min(market.depth_lots, market.supply_lots, market.owner_lots) < 0:
            return False
        if max(market.depth_lots, market.supply_lots, market.owner_lots) > LIMIT:
            return False
        if min(market.position_lots, market.position_quanta, market.owner_quanta) < 0:
            return False
        if market.fill_skew_lots < 0 or market.fill_skew_lots > LIMIT // 2:
            return False
        if max(market.position_lots, market.position_quanta, market.owner_quanta) > LIMIT:
            return False
        if min(market.position_depth_ppm, market.owner_depth_ppm) < 0:
            return False
        if max(market.position_depth_ppm, market.owner_depth_ppm) > SHARE_MAX_PPM:
            return False
        if min(market.open_interest_depth_ppm, market.open_interest_supply_ppm, market.order_band_ppm) < 0:
            return False
        if max(market.open_interest_depth_ppm, market.open_interest_supply_ppm, market.order_band_ppm) > SHARE_MAX_PPM:
            return False
    policy = state.policy[0]
    if policy.caution_initial_ppm < 0 or policy.caution_initial_ppm > MULTIPLIER_MAX_PPM:
        return False
    if min(policy.grace_ns, policy.step_ns) < 0 or max(policy.grace_ns, policy.step_ns) > DURATION_MAX_NS:
        return False
    if policy.block_draw_quanta < 0 or policy.block_draw_quanta > LIMIT:
        return False
    if policy.step_accounts_max < 0 or policy.outflow_ppm < 0 or policy.outflow_ppm > PPM:
        return False
    if min(policy.outflow_least_quanta, policy.open_interest_quanta) < 0:
        return False
    if max(policy.outflow_least_quanta, policy.open_interest_quanta) > LIMIT:
        return False
    return policy.outflow_window >= 0 and policy.outflow_window < WINDOWS


@kernel
def is_closing_sound(stage):
    """True when the sizes, prices and pauses of a stage are inside their bounds."""
    if stage.tiers_down < 0 or stage.tiers_down > 8 or stage.step_ppm < 0 or stage.step_ppm > PPM:
        return False
    if stage.sizing == Size.SAME_SHARE and stage.step_ppm == 0:
        return False
    if stage.full_below_ppm < 0 or stage.full_below_ppm > 10 * PPM or stage.left_min_quanta < 0:
        return False
    if stage.price_ppm < 0 or stage.price_ppm > PPM or stage.fee_base < 0 or stage.fee_base > FeeBase.DEBT:
        return False
    if stage.round_ns < 0 or stage.round_ns > DURATION_MAX_NS:
        return False
    if stage.one_market < 0 or stage.one_market > 1:
        return False
    if min(stage.room_venue_quanta, stage.room_market_quanta) < 0:
        return False
    if max(stage.room_venue_quanta, stage.room_market_quanta) > LIMIT:
        return False
    return stage.block_quanta >= 0 and stage.left_min_quanta <= LIMIT and stage.block_quanta <= LIMIT


@kernel
def is_deleveraging_sound(state):
    """True when metrics and triggers of deleveraging are inside their bounds."""
    policy = state.policy[0]
    if policy.adl_metrics < 0 or policy.adl_metrics >= 16**METRICS_MAX:
        return False
    for place in range(METRICS_MAX):
        if policy.adl_metrics // 16**place % 16 > AdlMetric.PNL_OVER_MARGIN:
            return False
    if policy.adl_spread_ppm < 0 or policy.adl_spread_ppm > PPM:
        return False
    for row in range(TRIGGERS_MAX):
        trigger = state.triggers[row]
        if trigger.used == 0:
            continue
        if trigger.kind < 0 or trigger.kind > AdlTrigger.VAULT_LOSS:
            return False
        if trigger.share_ppm < 0 or trigger.share_ppm > 100 * PPM:
            return False
        if trigger.stop_ppm < 0 or trigger.stop_ppm > trigger.share_ppm:
            return False
        if trigger.window_ns < 0 or trigger.window_ns > DURATION_MAX_NS:
            return False
        if trigger.floor_quanta < 0 or trigger.floor_quanta > LIMIT:
            return False
    return True


@kernel
def is_lending_sound(asset):
    """True when what may be owed of an asset, and what is paid for it, are inside their bounds."""
    if asset.borrow_limit_amount < 0 or asset.borrow_limit_amount > LIMIT:
        return False
    if min(asset.liability_initial_ppm, asset.liability_maintenance_ppm) < 0:
        return False
    if asset.liability_maintenance_ppm > asset.liability_initial_ppm or asset.liability_initial_ppm > 10 * PPM:
        return False
    if min(asset.lend_max_ppm, asset.interest_optimal_ppm, asset.interest_kept_ppm) < 0:
        return False
    if max(asset.lend_max_ppm, asset.interest_optimal_ppm, asset.interest_kept_ppm) > PPM:
        return False
    if min(asset.interest_floor_ppb, asset.interest_base_ppb, asset.interest_above_ppb) < 0:
        return False
    if max(asset.interest_floor_ppb, asset.interest_base_ppb, asset.interest_above_ppb) > 100 * PPB:
        return False
    if asset.interest_square < 0 or asset.interest_square > 1:
        return False
    return asset.interest_ns >= 0 and asset.interest_ns <= DURATION_MAX_NS


@kernel
def is_funding_sound(terms):
    """True when a market's way to its funding rate is inside its bounds."""
    if terms.kind < 0 or terms.kind > FundingKind.IMBALANCE_ADAPTIVE:
        return False
    if terms.kind == FundingKind.REPORTED:
        return True
    if abs(terms.interest_ppb) > PPB or terms.clamp_ppb < 0 or terms.clamp_ppb > PPB:
        return False
    if terms.period_ns < 1 or terms.period_ns > DURATION_MAX_NS:
        return False
    if terms.interval_ns < 0 or terms.interval_ns > DURATION_MAX_NS:
        return False
    if terms.multiplier_ppm < 0 or terms.multiplier_ppm > 10 * PPM or terms.cap_ppb < 0 or terms.cap_ppb > 100 * PPB:
        return False
    if terms.velocity_ppb < 0 or terms.velocity_ppb > 100 * PPB or terms.skew_scale_lots < 0:
        return False
    if min(terms.growth_ppb, terms.decay_ppb) < 0 or max(terms.growth_ppb, terms.decay_ppb) > 100 * PPB:
        return False
    return terms.decrease_ppm >= 0 and terms.stable_ppm <= PPM and terms.decrease_ppm <= terms.stable_ppm


@kernel
def is_governance_sound(state):
    """True when the rules of change are inside their bounds, and somebody could change them again."""
    governing = state.governing[0]
    if governing.enforced < 0 or governing.enforced > 1 or governing.harm_max < 0:
        return False
    if governing.votes_needed < 0 or governing.votes_needed > SEATS_MAX:
        return False
    council = 0
    for seat in range(SEATS_MAX):
        if state.seats[seat].role < 0 or state.seats[seat].role > 15:
            return False
        if state.seats[seat].role & Authority.COUNCIL != 0:
            council += 1
    for family in range(FAMILIES_MAX):
        corridor = state.corridors[family]
        if corridor.step_max_ppm < 0 or corridor.step_max_ppm > SHARE_MAX_PPM:
            return False
        if corridor.notice_ns < 0 or corridor.notice_ns > DURATION_MAX_NS:
            return False
        if corridor.authority < 0 or corridor.authority > 15:
            return False
    if governing.enforced == 0:
        return True
    return council >= max(governing.votes_needed, 1) and is_entitled(
        Authority.COUNCIL, state.corridors[Family.GOVERNANCE].authority
    )


@kernel
def are_terms_sound(state):
    """True when every number of the terms is inside the bounds the machine's arithmetic and order rely on."""
    for instrument in range(state.instruments.shape[0]):
        if state.instruments[instrument].listed == 0:
            continue
        if not is_contract_sound(state.contracts[instrument]) or not is_funding_sound(state.funding[instrument]):
            return False
        if not is_option_sound(state, instrument):
            return False
        for level in range(LEVELS):
            schedule = state.schedules[level * state.instruments.shape[0] + instrument]
            if state.levels[level].used == 0:
                continue
            if not is_schedule_sound(state, schedule, state.contracts[instrument].lots_max):
                return False
            # a trade of others may ask more for opening, but nobody becomes distressed by it
            if level != Level.INITIAL and schedule.kind == Schedule.CURVE and schedule.driver == Driver.OPEN_INTEREST:
                return False
    for row in range(state.feeds.shape[0]):
        feed = state.feeds[row]
        if feed.weight < 0 or feed.weight > 2**20 or feed.kind < 0 or feed.kind > 2:
            return False
        if feed.age_max_ns < 0 or feed.age_max_ns > DURATION_MAX_NS:
            return False
        if feed.step_max_ppm < 0 or feed.step_max_ppm > SHARE_MAX_PPM:
            return False
        if feed.committee < 0 or feed.committee >= SOURCES_MAX or feed.confidence_max_ppm < 0:
            return False
        if feed.interval_min_ns < 0 or feed.interval_min_ns > DURATION_MAX_NS:
            return False
        if feed.delay_ns < 0 or feed.delay_ns > DURATION_MAX_NS:
            return False
        if feed.floor_ticks < 0 or feed.ceiling_ticks < 0:
            return False
    if not is_governance_sound(state):
        return False
    if not is_pricing_sound(state) or not are_markets_sound(state):
        return False
    if state.levels[Level.INITIAL].used != 1 or state.levels[Level.MAINTENANCE].used != 1:
        return False
    # the watch relies on a requirement that only the position's own price moves
    if state.levels[Level.MAINTENANCE].includes_orders != 0:
        return False
    first = state.stages[0]
    if first.used != 1 or first.level != Level.MAINTENANCE or first.scale_ppm != PPM:
        return False
    for row in range(STAGES_MAX):
        stage = state.stages[row]
        if stage.used == 0:
            continue
        # no later stage may stand further out than the first: it is the first that is watched
        if stage.level < Level.MAINTENANCE or stage.level >= LEVELS or stage.scale_ppm < 0 or stage.scale_ppm > PPM:
            return False
        if stage.level == Level.MAINTENANCE and stage.scale_ppm == PPM and stage.or_equal > first.or_equal:
            return False
        if stage.sizing < 0 or stage.sizing > 5:
            return False
        if stage.or_equal < 0 or stage.or_equal > 1:
            return False
        if stage.fee_ppm < 0 or stage.fee_ppm > PPM or stage.fee_payee < 0 or stage.fee_payee > 4:
            return False
        if stage.residual_payee < 0 or stage.residual_payee > 4 or stage.timeout_ns < 0 or stage.cooldown_ns < 0:
            return False
        if stage.size_ppm < 0 or stage.size_ppm > 10 * PPM or stage.accept < 0 or stage.accept > 2:
            return False
        if stage.timeout_ns > DURATION_MAX_NS or stage.cooldown_ns > DURATION_MAX_NS or stage.size_min_quanta < 0:
            return False
        if stage.adjustment_ppm < 0 or stage.adjustment_ppm > 1_000 * PPM:
            return False
        if stage.spread_ppm < 0 or stage.spread_ppm > 10 * PPM:
            return False
        if stage.price_limit < 0 or stage.price_limit > 3 or state.levels[stage.level].used != 1:
            return False
        if not is_closing_sound(stage):
            return False
    for row in range(ABSORBERS_MAX):
        absorber = state.absorbers[row]
        if absorber.used == 0:
            continue
        if absorber.tranche < 0 or absorber.tranche > 6 or absorber.cap_ppm < 0 or absorber.cap_ppm > PPM:
            return False
        if row > 0 and (state.absorbers[row - 1].used == 0 or state.absorbers[row - 1].tranche >= absorber.tranche):
            return False
    for row in range(1, ASSETS_MAX):
        asset = state.assets[row]
        if asset.used == 0:
            continue
        if asset.price_instrument < 0 or asset.price_instrument >= state.instruments.shape[0]:
            return False
        if asset.value_num < 1 or asset.value_den < 1 or asset.value_den > LIMIT:
            return False
        if mul_saturated(state.contracts[asset.price_instrument].price_max_ticks, asset.value_num) >= LIMIT:
            return False
        if asset.maintenance_ppm > PPM or asset.initial_ppm < 0 or asset.initial_ppm > asset.maintenance_ppm:
            return False
        if not is_weighting_sound(state, asset):
            return False
        if min(asset.cap_amount, asset.ramp_start_ns, asset.ramp_ns) < 0:
            return False
        if max(asset.cap_amount, asset.ramp_start_ns) > LIMIT or asset.ramp_ns > DURATION_MAX_NS:
            return False
        if not is_lending_sound(asset):
            return False
    for row in range(BREAKERS_MAX):
        breaker = state.breakers[row]
        if breaker.used == 0:
            continue
        if breaker.move_ppm < 1 or breaker.move_ppm > SHARE_MAX_PPM:
            return False
        if (
            breaker.metric < 0
            or breaker.metric > Metric.INSOLVENT_REQUIREMENT
            or breaker.by_command < 0
            or breaker.by_command > 1
        ):
            return False
        if breaker.exit_ppm < 0 or breaker.exit_ppm > breaker.move_ppm:
            return False
        if breaker.blocks < 0 or breaker.blocks & ~BLOCKS != 0:
            return False
        if breaker.mode < Mode.ACTIVE or breaker.mode > Mode.HALTED:
            return False
        if breaker.window_ns < 0 or breaker.window_ns > DURATION_MAX_NS:
            return False
        if breaker.release_ns < 0 or breaker.release_ns > DURATION_MAX_NS:
            return False
    policy = state.policy[0]
    if policy.advance_max < 1 or policy.funding_rate_max_ppb < 0 or policy.funding_rate_max_ppb > 10**9:
        return False
    if policy.mark_combiner < 0 or policy.mark_combiner > 1 or policy.mark_components < 1 or policy.mark_components > 7:
        return False
    if policy.adl_price < 0 or policy.adl_price > 4 or policy.adl_score < 0 or policy.adl_score > 5:
        return False
    if policy.adl_policy < 0 or policy.adl_policy > 3 or policy.adl_unit_quanta < 0:
        return False
    if not is_deleveraging_sound(state):
        return False
    if policy.future_max_ns < 0 or policy.future_max_ns > DURATION_MAX_NS or policy.withdraw_notional_ppm > PPM:
        return False
    if not are_scenarios_sound(state):
        return False
    if not are_pools_sound(state) or not are_offers_sound(state):
        return False
    if min(policy.withdraw_charge, policy.routes) < 0 or max(policy.withdraw_charge, policy.routes) > 1:
        return False
    return policy.sources_min >= 1 and policy.sources_min <= SOURCES_MAX and policy.withdraw_notional_ppm >= 0


@kernel
def tell_what_is_scanned(state, tape):
    """Name every market whose rules have no certificate: who holds them is judged at every price."""
    instruments = state.instruments.shape[0]
    maintenance = state.levels[Level.MAINTENANCE]
    for instrument in range(instruments):
        if state.instruments[instrument].listed == 0:
            continue
        schedule = state.schedules[Level.MAINTENANCE * instruments + instrument]
        by_scan = not has_level_certificate(maintenance)
        by_scan = by_scan or not has_schedule_certificate(state, Level.MAINTENANCE, instrument)
        if by_scan or not has_contract_certificate(state.contracts[instrument]):
            event = tell(state, tape, EventKind.JUDGED_BY_SCAN)
            event.instrument = instrument
            event.value = schedule.kind


@kernel
def list_instrument(state, tape, command):
    """A market opens under the terms in force."""
    instrument = command.instrument
    if instrument < 0 or instrument >= state.instruments.shape[0]:
        return Refusal.INSTRUMENT_UNKNOWN
    if state.instruments[instrument].listed == 1:
        return Refusal.INSTRUMENT_LISTED
    if state.instruments[instrument].settled == 1:
        return Refusal.MARKET_SETTLED
    state.instruments[instrument].listed = 1
    if not are_terms_sound(state):
        state.instruments[instrument].listed = 0
        return Refusal.TERMS_INVALID
    set_initial_margins(state)
    event = tell(state, tape, EventKind.INSTRUMENT_LISTED)
    event.instrument = instrument
    event.value = state.contracts[instrument].quanta_per_lot_tick
    tell_what_is_scanned(state, tape)
    return Refusal.NONE


@kernel
def stage_term(state, tape, command):
    """One value is written where the next version of the terms is put together."""
    if command.cell < 0 or command.cell >= state.staged.shape[0]:
        return Refusal.CELL_UNKNOWN
    if state.venue[0].proposal_version != 0:
        return Refusal.PROPOSAL_OPEN
    before = state.staged[command.cell]
    state.staged[command.cell] = command.value
    event = tell(state, tape, EventKind.TERM_STAGED)
    event.cell = command.cell
    event.value = command.value
    event.amount_quanta = before
    return Refusal.NONE


@kernel
def record_act(state, tape, command):
    """An act of the operators takes its place in the order of things; no number changes."""
    event = tell(state, tape, EventKind.ACT_RECORDED)
    event.value = command.value
    event.reference = command.reference
    return Refusal.NONE


@kernel
def swap_terms(state):
    """Exchange the terms in force with the staged ones."""
    for cell in range(state.cells.shape[0]):
        kept = state.cells[cell]
        state.cells[cell] = state.staged[cell]
        state.staged[cell] = kept


@kernel
def write_options(state, rows):
    """Copy what options are, a row for each instrument."""
    for instrument in range(state.instruments.shape[0]):
        option = state.options[instrument]
        rows[instrument, 0] = option.underlying
        rows[instrument, 1] = option.strike_ticks
        rows[instrument, 2] = option.is_put
        rows[instrument, 3] = option.expiry_ns
        rows[instrument, 4] = option.unit_quanta
        rows[instrument, 5] = option.in_coin


@kernel
def swap_in(state):
    """Put the staged terms in force if the machine takes them, and what was in force where they were staged."""
    for instrument in range(state.instruments.shape[0]):
        if state.instruments[instrument].listed == 0:
            continue
        for place in range(len(FIXED_CONTRACT_FIELDS)):
            cell = instrument * CONTRACT_FIELDS + FIXED_CONTRACT_FIELDS[place]
            if state.cells[cell] != state.staged[cell]:
                return Refusal.TERMS_FIXED_AT_LISTING
    held = np.zeros(ASSETS_MAX, np.int64)
    priced_by = np.empty(ASSETS_MAX, np.int64)
    for row in range(state.venue[0].holding_count):
        if state.holdings[row].account != NONE:
            held[state.holdings[row].asset] = 1
    for asset in range(ASSETS_MAX):
        priced_by[asset] = state.assets[asset].price_instrument
    fixed = np.empty((state.instruments.shape[0], OPTION_FIELDS), np.int64)
    write_options(state, fixed)
    swap_terms(state)
    now = np.empty((state.instruments.shape[0], OPTION_FIELDS), np.int64)
    write_options(state, now)
    for instrument in range(state.instruments.shape[0]):
        for place in range(OPTION_FIELDS):
            if state.instruments[instrument].listed == 1 and fixed[instrument, place] != now[instrument, place]:
                swap_terms(state)
                return Refusal.TERMS_FIXED_AT_LISTING
    for asset in range(ASSETS_MAX):
        # the watch keeps a holding's trigger in the column of the market that prices it
        if held[asset] == 1 and state.assets[asset].price_instrument != priced_by[asset]:
            swap_terms(state)
            return Refusal.TERMS_FIXED_AT_LISTING
    if not are_terms_sound(state):
        swap_terms(state)
        return Refusal.TERMS_INVALID
    return Refusal.NONE


@kernel
def propose_terms(state, tape, command):
    """What is staged is held to its steps, its seat and its harm; then it waits for its notice and its votes."""
    if state.venue[0].proposal_version != 0:
        return Refusal.PROPOSAL_OPEN
    if command.version != state.venue[0].terms_version + 1:
        return Refusal.TERMS_VERSION
    role = role_of(state, command.owner)
    families = families_changed(state)
    if role == 0:
        return Refusal.NOT_ENTITLED
    if families == 0:
        return Refusal.NOTHING_STAGED
    if not entitlement(state, role, families):
        return Refusal.NOT_ENTITLED
    if not are_steps_allowed(state):
        return Refusal.STEP_TOO_LARGE
    step = state.corridors[Family.MARGIN].step_max_ppm
    most = state.governing[0].harm_max
    denominators = state.schedules.denominator.copy()
    numerators = state.brackets.numerator.copy()
    refusal = swap_in(state)
    if refusal != Refusal.NONE:
        return refusal
    in_step = are_rates_in_step(state, denominators, numerators, step)
    harmed = count_harmed(state)
    swap_terms(state)
    if not in_step:
        return Refusal.STEP_TOO_LARGE
    if harmed > most:
        return Refusal.HARM
    open_proposal(state, tape, command.version, command.owner, families, harmed)
    return Refusal.NONE


@kernel
def enact_terms(state, watch, tape, command):
    """The staged terms bind from this sequence on, all of them or none; every account is judged under them."""
    if command.version != state.venue[0].terms_version + 1:
        return Refusal.TERMS_VERSION
    refusal = refusal_of_enactment(state, command.version)
    if refusal != Refusal.NONE:
        return refusal
    is_governed = state.governing[0].enforced == 1
    most = state.governing[0].harm_max
    refusal = swap_in(state)
    if refusal != Refusal.NONE:
        return refusal
    if is_governed:
        if count_harmed(state) > most:
            swap_terms(state)
            return Refusal.HARM
        end_proposal(state)
    for cell in range(state.cells.shape[0]):
        state.staged[cell] = state.cells[cell]
    state.venue[0].terms_version = command.version
    set_initial_margins(state)
    event = tell(state, tape, EventKind.TERMS_ENACTED)
    event.value = command.version
    tell_what_is_scanned(state, tape)
    answer_terms(state, watch, tape)
    return Refusal.NONE
