"""Every number the machine's arithmetic and order rely on, spoiled alone: the terms are unsound.

The rules below say much at once: two markets, every kind of schedule and weight, breakers, guards and scenarios. Each
line of the table spoils them in one place (or, with a semicolon, in as many as it takes), and nothing else is wrong.
"""

import numpy as np
import pytest
from tests.laws.machine import small_terms
from tests.plain import plain

from solvent.codes import Driver, Exponent, Level, Mode, OfferPrice, Schedule, Weighting
from solvent.procedures.change import are_terms_sound
from solvent.state.terms import SOURCES_MAX, Terms, TermsShape, blank_terms
from solvent.state.whole import new_state
from solvent.units import LIMIT, PPB, PPM

SHAPE = TermsShape(2, 16, 2)
NAMES = {"LIMIT": LIMIT, "PPM": PPM, "PPB": PPB, "STAIRS": OfferPrice.STAIRS, "HEALTH": OfferPrice.HEALTH}
FIRST_TIER = 8


def full_terms() -> Terms:
    """Sound rules in which every table is used."""
    small = small_terms()
    terms = blank_terms(SHAPE)
    for name in Terms._fields[1:]:
        rows = min(len(getattr(small, name)), len(getattr(terms, name)))
        getattr(terms, name)[:rows] = getattr(small, name)[:rows]
    for row, (floor, numerator, whole, rest) in enumerate(
        [(0, 50_000, 0, 0), (1_000_000, 100_000, 50_000, 0), (3_000_001, 100_001, 50_003, 1)], start=4
    ):
        terms.brackets[row] = (floor, numerator, whole, rest)
    first = terms.schedules[Level.MAINTENANCE * 2]
    first.first_bracket, first.bracket_count, first.rate_max_ppm = 4, 3, 110_000
    curve = terms.schedules[Level.INITIAL * 2 + 1]
    curve.kind, curve.driver, curve.exponent = Schedule.CURVE, Driver.SIZE, Exponent.SQUARE
    curve.base_ppb, curve.floor_ppb, curve.cap_ppb, curve.rate_step_ppb = 10**8, 10**8, 5 * 10**8, 1
    curve.slope_num, curve.slope_den, curve.scale_ppm, curve.rate_max_ppm = 1, 1_000, PPM, PPM
    scenarios = terms.schedules[Level.INITIAL * 2]
    scenarios.kind, scenarios.base_ppb, scenarios.scale_ppm, scenarios.rate_max_ppm = Schedule.SCENARIO, 10**8, PPM, PPM
    terms.levels[Level.INITIAL].scenario = 1
    policy = terms.policy[0]
    policy.scenario_count, policy.scenario_unhedged_ppm, policy.scenario_hedged_ppm = 2, 300_000, 100_000
    for row, move in enumerate((10**8, -(10**8), 2 * 10**8, -PPB)):
        terms.shocks[row].move_ppb = move
    for place, (floor, weight, whole) in enumerate([(0, 900_000, 0), (1_000_000, 500_000, -400_000)]):
        terms.brackets[FIRST_TIER + place] = (floor, weight, whole, 0)
    for row, kind in enumerate((Weighting.FIXED, Weighting.TIERS_OF_AMOUNT, Weighting.IMPACT), start=1):
        asset = terms.assets[row]
        asset.used, asset.value_num, asset.value_den, asset.weighting = 1, 1, 1, kind
        asset.initial_ppm, asset.maintenance_ppm = 800_000, 900_000
        asset.first_bracket, asset.bracket_count = FIRST_TIER, 2
        asset.impact_num, asset.impact_den, asset.impact_cap_ppm = 1, 1_000, PPM
    breaker = terms.breakers[0]
    breaker.used, breaker.move_ppm, breaker.mode, breaker.window_ns, breaker.release_ns = (
        1,
        100_000,
        Mode.HALTED,
        10,
        10,
    )
    second = terms.stages[1]
    second.used, second.level, second.scale_ppm = 1, Level.MAINTENANCE, 500_000
    return terms


def state_of(terms: Terms):
    state = new_state(terms)
    state.instruments.listed[:] = 1
    return state


def spoiled(words: str):
    """The rules with every `table[row].field = number` of the words written into them."""
    state = state_of(full_terms())
    for part in words.split(";"):
        place, value = part.split("=")
        table, rest = place.strip().split("[")
        row, field = rest.split("].")
        getattr(state, table)[int(row)][field.strip()] = eval(value, NAMES)
    return state


UNSOUND = """
    contracts[0].quanta_per_lot_tick = 0
    contracts[0].price_max_ticks = 0
    contracts[0].price_max_ticks = 2**31 + 1
    contracts[0].lots_max = -1
    contracts[0].open_interest_cap_lots = -1
    contracts[0].open_interest_cap_quanta = -1
    contracts[0].lots_max = 2**54
    pricing[0].estimator = -1
    pricing[0].inner = -1
    pricing[1].inner = 100
    pricing[0].sources_min = 17
    pricing[0].deviation_breach = 9
    pricing[0].step_breach = 9
    pricing[0].step_ppm = -1
    pricing[0].breaches_min = 17
    pricing[0].anchor_breach = -1
    pricing[0].dispersion_ppm = -1
    pricing[0].own_band_ppm = 10**9 + 1
    pricing[0].minute_ppm = -1
    pricing[0].hour_ppm = 10**9 + 1
    pricing[0].grace_ns = -1
    pricing[0].fallback_ns = LIMIT
    remedies[0].open = -1
    remedies[1].mint = 9
    remedies[0].reduce = 1
    dynamics[0].volatility_ppm = -1
    dynamics[0].depth_ppm = LIMIT
    dynamics[0].stressed_ppm = -1
    dynamics[0].floor_ppm = LIMIT
    dynamics[0].buffer_ppm = -1
    dynamics[0].stressed_weight_ppm = PPM + 1
    dynamics[3].step_ppm = -1
    markets[0].depth_lots = -1
    markets[0].owner_lots = LIMIT + 1
    markets[0].order_band_ppm = -1
    markets[0].position_lots = -1
    markets[0].owner_quanta = LIMIT + 1
    markets[0].position_depth_ppm = -1
    markets[0].owner_depth_ppm = 10**9 + 1
    markets[0].open_interest_depth_ppm = 10**9 + 1
    policy[0].caution_initial_ppm = -1
    policy[0].grace_ns = -1
    policy[0].step_ns = LIMIT
    policy[0].step_accounts_max = -1
    policy[0].outflow_ppm = -1
    policy[0].outflow_ppm = PPM + 1
    policy[0].outflow_window = -1
    policy[0].outflow_least_quanta = -1
    policy[0].open_interest_quanta = LIMIT + 1
    policy[0].withdraw_charge = 2
    policy[0].routes = -1
    schedules[2].kind = -1
    schedules[2].kind = 99
    schedules[3].kind = 5; schedules[3].driver = 3; schedules[3].cap_ppb = 10**8; schedules[3].rate_step_ppb = 1; \
        schedules[3].slope_den = 1
    schedules[2].add_fixed_quanta = -1
    schedules[2].add_ppm = -1
    schedules[2].reward_ppm = PPM + 1
    schedules[2].reward_min_quanta = 5
    schedules[2].reward_max_quanta = LIMIT
    schedules[2].premium_num = 1
    schedules[2].premium_num = -1
    schedules[2].scale_ppm = -1
    schedules[2].rate_max_ppm = 100_000
    schedules[2].rate_max_ppm = PPM + 1
    schedules[2].bracket_count = 0
    schedules[2].first_bracket = -1
    schedules[2].bracket_count = 13
    schedules[2].denominator = 0
    schedules[2].denominator = LIMIT
    brackets[4].numerator = -1
    brackets[4].floor_quanta = 5
    brackets[5].floor_quanta = 0
    brackets[6].floor_quanta = LIMIT + 1
    brackets[5].numerator = 40_000
    brackets[5].deduction_whole = 49_999
    brackets[6].deduction_rest = 2
    brackets[9].numerator = 950_000
    schedules[1].driver = 9
    schedules[1].exponent = 9
    schedules[1].base_ppb = -1
    schedules[1].base_ppb = PPB
    schedules[1].cap_ppb = PPB + 1
    schedules[1].floor_ppb = PPB
    schedules[1].rate_step_ppb = 0
    schedules[1].slope_num = -1
    schedules[1].slope_den = 0
    schedules[1].threshold = -1
    schedules[1].step = -1
    schedules[1].slope_num = LIMIT
    schedules[1].rate_max_ppm = 100_000
    schedules[0].base_ppb = -1
    schedules[0].base_ppb = LIMIT
    feeds[0].weight = -1
    feeds[0].kind = 3
    feeds[0].age_max_ns = -1
    feeds[0].step_max_ppm = -1
    feeds[0].committee = 16
    feeds[0].confidence_max_ppm = -1
    feeds[0].interval_min_ns = -1
    feeds[0].delay_ns = -1
    feeds[0].floor_ticks = -1
    levels[0].used = 0
    levels[1].includes_orders = 1
    stages[0].used = 0
    stages[0].scale_ppm = 999_999
    stages[0].level = 2
    stages[1].level = 0
    stages[1].scale_ppm = -1
    stages[1].scale_ppm = PPM; stages[1].or_equal = 1
    stages[1].executor = 5
    stages[1].sizing = -1
    stages[1].or_equal = 2
    stages[1].fee_ppm = -1
    stages[1].fee_payee = 5
    stages[1].residual_payee = -1
    stages[1].cooldown_ns = -1
    stages[1].size_ppm = -1
    stages[1].accept = 3
    stages[1].timeout_ns = LIMIT
    stages[1].size_min_quanta = -1
    stages[1].adjustment_ppm = -1
    stages[1].spread_ppm = -1
    stages[1].price_limit = 4
    stages[1].tiers_down = 9
    stages[1].tiers_down = -1
    stages[1].step_ppm = -1
    stages[1].sizing = 5; stages[1].step_ppm = 0
    stages[1].full_below_ppm = -1
    stages[1].left_min_quanta = -1
    stages[1].price_ppm = PPM + 1
    stages[1].fee_base = 4
    stages[1].round_ns = -1
    stages[1].block_quanta = -1
    stages[1].one_market = 2
    stages[1].room_venue_quanta = -1
    stages[1].room_market_quanta = LIMIT + 1
    policy[0].block_draw_quanta = -1
    stages[1].level = 2
    absorbers[0].cap_ppm = -1
    absorbers[0].tranche = 99
    absorbers[1].tranche = 0
    absorbers[0].used = 0
    assets[1].price_instrument = -1
    assets[1].price_instrument = 2
    assets[1].value_num = 0
    assets[1].value_den = 0
    assets[1].value_num = LIMIT
    assets[1].maintenance_ppm = PPM + 1
    assets[1].borrow_limit_amount = -1
    assets[1].liability_maintenance_ppm = -1
    assets[1].liability_maintenance_ppm = 1
    assets[1].liability_initial_ppm = 10 * PPM + 1
    assets[1].lend_max_ppm = -1
    assets[1].interest_kept_ppm = PPM + 1
    assets[1].interest_floor_ppb = -1
    assets[1].interest_above_ppb = 100 * PPB + 1
    assets[1].interest_square = 2
    assets[1].interest_ns = -1
    assets[1].initial_ppm = 900_001
    assets[1].initial_ppm = -1
    assets[1].weighting = -1
    assets[1].weighting = 99
    assets[2].bracket_count = 0
    assets[3].impact_num = -1
    assets[3].impact_den = 0
    assets[3].impact_floor_ppm = -1
    assets[3].impact_cap_ppm = PPM + 1
    assets[1].cap_amount = -1
    assets[1].ramp_start_ns = LIMIT + 1
    assets[1].ramp_ns = LIMIT
    breakers[0].move_ppm = 0
    breakers[0].metric = -1
    breakers[0].by_command = 2
    breakers[0].exit_ppm = -1
    breakers[0].exit_ppm = 100_001
    breakers[0].mode = 99
    breakers[0].window_ns = -1
    breakers[0].blocks = -1
    breakers[0].blocks = 1
    markets[0].fill_skew_lots = -1
    breakers[0].release_ns = -1
    policy[0].advance_max = 0
    policy[0].funding_rate_max_ppb = -1
    policy[0].mark_combiner = 2
    policy[0].mark_components = 0
    policy[0].adl_price = 5
    policy[0].adl_metrics = 16**4
    policy[0].adl_metrics = -1
    policy[0].adl_metrics = 8 * 16
    policy[0].adl_spread_ppm = -1
    triggers[0].used = 1; triggers[0].kind = 9
    triggers[0].used = 1; triggers[0].share_ppm = -1
    triggers[0].used = 1; triggers[0].stop_ppm = 1
    triggers[0].used = 1; triggers[0].window_ns = -1
    triggers[0].used = 1; triggers[0].floor_quanta = -1
    policy[0].adl_score = -1
    policy[0].adl_policy = 4
    policy[0].adl_unit_quanta = -1
    policy[0].future_max_ns = -1
    policy[0].withdraw_notional_ppm = PPM + 1
    policy[0].withdraw_notional_ppm = -1
    policy[0].sources_min = 0
    policy[0].sources_min = 17
    policy[0].scenario_count = -1
    policy[0].scenario_count = 3
    policy[0].scenario_unhedged_ppm = PPM + 1
    policy[0].scenario_hedged_ppm = 300_001
    pools[0].used = 2
    pools[0].notice_ns = -1
    pools[1].hour_cap_quanta = -1
    pools[1].deposit_cap_quanta = LIMIT + 1
    pools[0].concentration_ppm = -1
    pools[0].correlation_ppm = PPM + 1
    backings[0].pool = -1
    backings[0].pool = 1
    backings[0].cap_quanta = -1
    backings[1].hour_cap_quanta = LIMIT + 1
    backings[0].discount_ppm = PPM + 1
    backings[0].target_lots = -(10**9)
    offers[0].price = 99
    offers[0].start_ppm = -1
    offers[1].second_ppm = 10**12
    offers[0].first_ns = -1
    offers[0].reset_ns = LIMIT
    offers[0].reset_below_ppm = -1
    offers[0].start_fee_ppm = PPM + 1
    offers[0].bonus_fee_ppm = -1
    offers[0].start_fee_payee = 5
    offers[0].bonus_fee_payee = -1
    offers[0].price = STAIRS
    offers[0].price = HEALTH; offers[0].first_ppm = PPM + 1
    offers[0].slope_ppm = -1
    offers[0].endorsed = 2
    offers[0].buffer_ppm = -1
    offers[0].reward_ppm = PPM + 1
    offers[0].reward_flat_quanta = -1
    offers[0].reward_max_quanta = LIMIT + 1
    offers[0].portfolio = 1
    stages[1].executor = 99
    shocks[0].move_ppb = -PPB - 1
    governing[0].enforced = 2
    governing[0].harm_max = -1
    governing[0].votes_needed = 17
    governing[0].enforced = 1
    governing[0].enforced = 1; seats[0].role = 4; governing[0].votes_needed = 2; corridors[11].authority = 4
    governing[0].enforced = 1; seats[0].role = 4; governing[0].votes_needed = 1; corridors[11].authority = 8
    seats[3].role = 16
    seats[3].role = -1
    corridors[2].step_max_ppm = -1
    corridors[2].notice_ns = -1
    corridors[2].authority = 16
    funding[0].kind = 5
    funding[0].kind = -1
    funding[0].kind = 1; funding[0].period_ns = 0
    funding[0].kind = 1; funding[0].period_ns = 1; funding[0].interest_ppb = PPB + 1
    funding[0].kind = 1; funding[0].period_ns = 1; funding[0].clamp_ppb = -1
    funding[0].kind = 1; funding[0].period_ns = 1; funding[0].interval_ns = -1
    funding[0].kind = 1; funding[0].period_ns = 1; funding[0].multiplier_ppm = 10 * PPM + 1
    funding[0].kind = 3; funding[0].period_ns = 1; funding[0].velocity_ppb = -1
    funding[0].kind = 4; funding[0].period_ns = 1; funding[0].growth_ppb = -1
    funding[0].kind = 4; funding[0].period_ns = 1; funding[0].decay_ppb = 100 * PPB + 1
    funding[0].kind = 4; funding[0].period_ns = 1; funding[0].decrease_ppm = 1
    shocks[3].move_ppb = LIMIT
"""

STILL_SOUND = """
    contracts[0].price_max_ticks = 2**31; contracts[0].lots_max = 2**23
    schedules[2].rate_max_ppm = 100_001
    schedules[2].kind = 2; brackets[5].deduction_whole = 0; brackets[6].deduction_whole = 0; \
        brackets[6].deduction_rest = 0
    schedules[2].kind = 0
    schedules[2].premium_num = 1; schedules[2].premium_den = 10**9; schedules[2].rate_max_ppm = 110_001
    schedules[1].driver = 0; schedules[1].rate_max_ppm = 100_000
    schedules[1].driver = 3
    schedules[1].exponent = 0
    assets[2].weighting = 2
    assets[1].used = 0; assets[1].value_num = 0
    breakers[0].used = 0; breakers[0].move_ppm = 0
    breakers[0].exit_ppm = 100_000
    stages[1].used = 0; stages[1].executor = 9
    absorbers[3].used = 0; absorbers[3].tranche = -1
    policy[0].scenario_count = 0
    policy[0].adl_metrics = 7 + 16 * 7
    triggers[0].used = 1; triggers[0].kind = 7
    governing[0].enforced = 1; seats[0].role = 4; governing[0].votes_needed = 1; corridors[11].authority = 4
    funding[0].kind = 1; funding[0].period_ns = 1
    funding[0].kind = 0; funding[0].period_ns = -1
    triggers[0].used = 0; triggers[0].kind = 9
    stages[1].sizing = 5; stages[1].step_ppm = 1
    policy[0].scenario_unhedged_ppm = PPM
    schedules[4].kind = 99
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.replace("\\\n", " ").strip().splitlines()]


def test_the_full_rules_are_sound() -> None:
    assert plain(are_terms_sound)(state_of(full_terms()))


@pytest.mark.parametrize("words", lines(UNSOUND))
def test_one_number_beyond_its_bound_makes_the_rules_unsound(words: str) -> None:
    assert not plain(are_terms_sound)(spoiled(words))


@pytest.mark.parametrize("words", lines(STILL_SOUND))
def test_a_number_at_its_bound_or_in_an_unused_row_does_not(words: str) -> None:
    assert plain(are_terms_sound)(spoiled(words))


def test_what_is_not_listed_is_not_judged() -> None:
    state = spoiled("contracts[1].quanta_per_lot_tick = 0")
    state.instruments[1].listed = 0
    assert plain(are_terms_sound)(state)
    assert len(state.feeds) == 2 * SOURCES_MAX
    assert np.all(state.instruments.listed == [1, 0])
