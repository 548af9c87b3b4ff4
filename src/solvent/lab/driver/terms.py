"""The rules of a world: small but complete, every executor, size, limit, layer and policy in some world."""

from math import isqrt
from random import Random
from typing import Any

from solvent.codes import (
    Accept,
    AdlMetric,
    AdlPolicy,
    AdlPrice,
    AdlScore,
    AdlTrigger,
    Answer,
    Authority,
    Breach,
    Condition,
    ContractKind,
    Driver,
    Estimator,
    Executor,
    Exponent,
    FeeBase,
    FeePayee,
    FundingKind,
    Level,
    Metric,
    Mode,
    PriceLimit,
    Schedule,
    Size,
    Tranche,
    Weighting,
)
from solvent.compiled import plain
from solvent.lab.driver.backed import draw_backed
from solvent.lab.driver.ended import draw_blocks, draw_options
from solvent.lab.driver.lending import draw_lending
from solvent.lab.driver.setting import MILLISECOND, MINUTE, SCENARIOS_ROOM, SECOND, START_NS, Setting
from solvent.state.terms import ABSORBERS_MAX, METRICS_MAX, SOURCES_MAX, Terms, blank_terms
from solvent.state.values import notional_up
from solvent.units import PPM, VALUE_MAX


def draw_terms(world: Setting) -> Terms:
    """Complete terms, drawn from the world's own chance."""
    chance = world.random
    terms = blank_terms(world.shape)
    for instrument in range(world.instruments):
        _draw_contract(world, terms, instrument)
    levels = [Level.INITIAL, Level.MAINTENANCE] + ([Level.CLOSE_OUT] if chance.random() < 0.5 else [])
    for level in levels:
        row = terms.levels[level]
        row.used = 1
        row.maintenance_weights = int(level != Level.INITIAL)
    terms.levels[Level.INITIAL].includes_orders = int(chance.random() < 0.7)
    terms.levels[Level.INITIAL].open_loss = int(chance.random() < 0.5)
    terms.levels[Level.INITIAL].maintenance_weights = int(chance.random() < 0.2)
    _draw_stages(world, terms, Level.CLOSE_OUT in levels)
    layers = [tranche for tranche in Tranche if chance.random() < 0.6]
    for place, tranche in enumerate(layers[:ABSORBERS_MAX]):
        terms.absorbers[place].used = 1
        terms.absorbers[place].tranche = tranche
        terms.absorbers[place].cap_ppm = chance.choice([PPM, PPM, 500_000, 250_000, 1, 0])
    terms.assets[0].used = 1
    for asset in range(1, chance.randint(2, 3)):
        _draw_asset(world, terms, asset)
    for row in range(chance.randint(0, 4)):
        breaker = terms.breakers[row]
        breaker.used = 1
        breaker.metric = chance.choice([Metric.MARK_MOVE, Metric.MARK_MOVE, *Metric])
        breaker.move_ppm = chance.choice([50_000, 100_000, 250_000, PPM])
        breaker.window_ns = chance.choice([SECOND, MINUTE, 10 * MINUTE])
        breaker.mode = chance.choice(list(Mode)[1:])
        breaker.release_ns = chance.choice([SECOND, 30 * SECOND, 5 * MINUTE])
        breaker.exit_ppm = chance.choice([0, 0, int(breaker.move_ppm) // 2])
        breaker.by_command = int(chance.random() < 0.1)
    extra = Random(world.seed * 7_919)  # of its own, so that worlds of before stay what they were
    for instrument in range(world.instruments):
        market = terms.markets[instrument]
        market.depth_lots = chance.choice([0, 10, 1_000])
        if world.seed % 3:
            continue
        market.open_interest_depth_ppm = extra.choice([0, 0, 0, 5 * PPM]) if market.depth_lots else 0
        market.owner_lots = extra.choice([0, 0, 0, 50])
        market.order_band_ppm = extra.choice([0, 0, 20_000])
        for side in range(2):
            dynamic = terms.dynamics[2 * instrument + side]
            if extra.random() < 0.3:
                dynamic.volatility_ppm = extra.choice([0, 1_200_000, 1_500_000])
                dynamic.depth_ppm = extra.choice([0, 1_100_000])
                dynamic.stressed_ppm = extra.choice([0, 2 * PPM])
                dynamic.stressed_weight_ppm = extra.choice([0, 250_000])
                dynamic.floor_ppm = extra.choice([0, 1_050_000])
                dynamic.buffer_ppm = extra.choice([0, 250_000])
                dynamic.step_ppm = extra.choice([0, 50_000])
    _draw_limits(world, terms)
    _draw_remedies(world, terms)
    policy = terms.policy[0]
    policy.mark_combiner = chance.randint(0, 1)
    policy.mark_components = 7
    policy.sources_min = 1
    policy.future_max_ns = SECOND
    policy.funding_rate_max_ppb = chance.choice([10_000_000, 1_000_000_000])
    policy.adl_price = chance.choice([*AdlPrice, *[AdlPrice.BANKRUPTCY] * 5])
    policy.adl_score = chance.choice(list(AdlScore))
    policy.adl_policy = chance.choice(list(AdlPolicy))
    policy.withdraw_notional_ppm = chance.choice([0, 0, 100_000])
    policy.withdraw_gains = chance.randint(0, 1)
    policy.advance_max = chance.choice([1, 4, 50])
    policy.caution_initial_ppm = extra.choice([0, 1_500_000])
    policy.step_accounts_max = extra.choice([0, 1, 3])
    policy.step_ns = extra.choice([0, SECOND])
    policy.outflow_ppm = extra.choice([0, 0, 300_000])
    policy.outflow_window = extra.randint(0, 3)
    policy.adl_spread_ppm = extra.choice([0, 10_000, PPM])
    metrics = [extra.choice(list(AdlMetric)) for _place in range(extra.randint(1, METRICS_MAX))]
    policy.adl_metrics = sum(metric * 16**place for place, metric in enumerate(metrics))
    _draw_triggers(terms, extra)
    _draw_blocks(world, terms)
    _draw_governance(terms, extra)
    for row in terms.funding:
        row.kind = extra.choice([FundingKind.REPORTED, *FundingKind])
        row.interest_ppb, row.clamp_ppb = extra.choice([0, 100_000]), extra.choice([0, 500_000])
        row.period_ns, row.interval_ns = 8 * 60 * MINUTE, extra.choice([0, 0, SECOND, MINUTE])
        row.multiplier_ppm, row.cap_ppb = extra.choice([PPM, 2 * PPM]), extra.choice([900_000_000, 10**11])
        row.velocity_ppb, row.skew_scale_lots = extra.choice([10**9, 10**11]), extra.choice([0, 10, 1_000])
        row.growth_ppb, row.decay_ppb = extra.choice([83_333, 10**9]), extra.choice([0, 5_208])
        row.stable_ppm, row.decrease_ppm = extra.choice([(40_000, 0), (500_000, 400_000)])
    policy.grace_ns = chance.choice([0, 0, 30 * SECOND])
    draw_backed(world, terms)
    draw_options(world, terms)
    draw_blocks(world, terms)
    draw_lending(world, terms)
    return terms


def _draw_limits(world: Setting, terms: Terms) -> None:
    """Caps of positions, owners and supply, of collateral as it grows, of what leaves: in every sixth world."""
    chance = Random(world.seed * 7_927)
    if world.seed % 6 != 1:
        return
    for instrument in range(world.instruments):
        market = terms.markets[instrument]
        unit = int(plain(notional_up)(terms.contracts[instrument], 1, world.start_ticks[instrument]))
        market.position_lots = chance.choice([0, 0, 20])
        market.position_quanta = chance.choice([0, 0, 15 * unit])
        market.owner_quanta = chance.choice([0, 0, 30 * unit])
        market.supply_lots = chance.choice([0, 500])
        market.open_interest_supply_ppm = chance.choice([0, 100_000]) if market.supply_lots else 0
        if market.depth_lots:
            market.position_depth_ppm = chance.choice([0, 2 * PPM])
            market.owner_depth_ppm = chance.choice([0, 3 * PPM])
    for asset in world.assets:
        terms.assets[asset].cap_amount = chance.choice([0, 1_000, 100_000])
        terms.assets[asset].ramp_start_ns = START_NS
        terms.assets[asset].ramp_ns = chance.choice([0, 10 * MINUTE])
    terms.policy[0].open_interest_quanta = chance.choice([0, 10**9])
    terms.policy[0].outflow_least_quanta = chance.choice([0, 1_000])


def _draw_contract(world: Setting, terms: Terms, instrument: int) -> None:
    chance = world.random
    start = chance.choice([7, 150, 5_000, 60_000, 1_000_000])
    world.start_ticks.append(start)
    contract = terms.contracts[instrument]
    contract.quanta_per_lot_tick = chance.choice([1, 3, 10, 1_000])
    contract.price_max_ticks = start * chance.choice([4, 20, 100])
    contract.lots_max = chance.choice([40, 1_000, 1_000_000])
    unit_max = int(contract.quanta_per_lot_tick) * int(contract.price_max_ticks)
    contract.lots_max = min(int(contract.lots_max), VALUE_MAX // unit_max)
    if chance.random() < 0.2:
        contract.open_interest_cap_lots = contract.lots_max * 2
    unit = start * int(contract.quanta_per_lot_tick)
    kinds = Random(world.seed * 6_271 + instrument)
    if world.seed % 3 == 0 and kinds.random() < 0.5:  # the kept seeds keep their worlds: none of them is a third
        # an inverse contract whose lot is worth the same at the start
        contract.kind = ContractKind.INVERSE
        contract.price_min_ticks = max(start // kinds.choice([3, 20]), 1)
        contract.quanta_per_lot_tick = start * unit
        most = VALUE_MAX * int(contract.price_min_ticks) // int(contract.quanta_per_lot_tick)
        contract.lots_max = max(min(int(contract.lots_max), most), 1)
    if chance.random() < 0.2:
        contract.open_interest_cap_quanta = unit * int(contract.lots_max) * 2
    world.sources.append([])
    for source in range(chance.randint(1, 3)):
        feed = terms.feeds[instrument * SOURCES_MAX + source]
        feed.weight = chance.choice([1, 1, 2])
        feed.kind = chance.choice([0, 0, 1, 2])
        feed.age_max_ns = chance.choice([0, 0, MINUTE, 10 * MINUTE])
        feed.step_max_ppm = chance.choice([0, 0, 0, 200_000])
        _draw_guards(world, feed, start)
        world.sources[instrument].append(source)
    _draw_pricing(world, terms.pricing[instrument])
    _draw_schedules(world, terms, instrument, unit * int(contract.lots_max))


def _draw_guards(world: Setting, feed: Any, start: int) -> None:
    """What one feed is not believed in."""
    chance = world.random
    feed.committee = chance.randint(0, 1)
    feed.interval_min_ns = chance.choice([0, 0, 0, MILLISECOND])
    feed.confidence_max_ppm = chance.choice([0, 0, 5_000])
    feed.floor_ticks = chance.choice([0, 0, start // 3])
    feed.ceiling_ticks = chance.choice([0, 0, start * 3])
    feed.delay_ns = chance.choice([0, 0, 0, 0, SECOND])


def _draw_pricing(world: Setting, pricing: Any) -> None:
    """How a market's reports become its mark: many worlds guard nothing, some everything."""
    chance = world.random
    pricing.estimator = chance.choice(list(Estimator))
    pricing.inner = chance.choice([Estimator.WEIGHTED_MEDIAN, Estimator.MEDIAN])
    if chance.random() < 0.4:
        return
    pricing.sources_min = chance.choice([0, 0, 1, 2])
    pricing.stale_ns = chance.choice([0, MINUTE, 10 * MINUTE])
    pricing.deviation_ppm = chance.choice([0, 10_000, 50_000])
    pricing.deviation_breach = chance.choice(list(Breach))
    pricing.dispersion_ppm = chance.choice([0, 5_000, 50_000])
    pricing.minute_ppm = chance.choice([0, 0, 50_000, 200_000])
    pricing.ten_minutes_ppm = chance.choice([0, 0, 300_000])
    pricing.hour_ppm = chance.choice([0, 0, 500_000])
    pricing.anchor_breach = chance.choice(list(Breach))
    pricing.divergence_ppm = chance.choice([0, 10_000])
    pricing.own_band_ppm = chance.choice([0, 1_000, 20_000])
    pricing.fallback_ns = chance.choice([0, MINUTE])
    pricing.grace_ns = chance.choice([0, 0, 30 * SECOND])
    later = Random(world.seed * 7_919 + 5)
    pricing.step_ppm = later.choice([0, 0, 20_000])
    pricing.step_breach = later.choice(list(Breach))
    pricing.breaches_min = later.choice([0, 0, 1, 2])


def _draw_remedies(world: Setting, terms: Terms) -> None:
    """The oracle table; whoever may be liquidated may reduce."""
    chance = world.random
    for condition in Condition:
        remedy = terms.remedies[condition]
        if chance.random() < 0.5:
            continue
        for action in ("open", "liquidate", "withdraw", "mint"):
            remedy[action] = chance.choice(list(Answer))
        remedy.reduce = chance.randint(0, int(remedy.liquidate))


def _draw_schedules(world: Setting, terms: Terms, instrument: int, notional_max: int) -> None:
    """Three ladders of rates that rise with size, the deeper levels asking less."""
    chance = world.random
    count = chance.randint(1, 4)
    denominator = chance.choice([PPM, 1_000, 600, 7_777])
    floors = [0, *sorted(chance.sample(range(1, max(notional_max, 50)), count - 1))]
    rates = sorted(chance.randint(max(denominator // 200, 1), denominator // 6) for _ in range(count))
    kind = chance.choice(
        [
            Schedule.BRACKETS_MARGINAL,
            Schedule.BRACKETS_MARGINAL,
            Schedule.BRACKETS_WHOLE,
            Schedule.USER_LEVERAGE,
            Schedule.BRACKETS_BY_SIZE,
            Schedule.CURVE,
            Schedule.SCENARIO,
        ]
    )
    if chance.random() < 0.05:
        kind = Schedule.ZERO
    by_level = {
        Level.INITIAL: [min(rate * 2 + 1, denominator) for rate in rates],
        Level.MAINTENANCE: rates,
        Level.CLOSE_OUT: [rate // 2 for rate in rates],
    }
    for level, numerators in by_level.items():
        schedule = terms.schedules[level * world.instruments + instrument]
        schedule.kind = kind
        # in some worlds a chosen leverage counts at maintenance too, on a scale the watch has no certificate for
        scanned = world.seed % 5 == 0 and level != Level.CLOSE_OUT
        if kind == Schedule.USER_LEVERAGE and level != Level.INITIAL and not scanned:
            schedule.kind = Schedule.BRACKETS_MARGINAL
        schedule.denominator = denominator
        schedule.first_bracket = world.brackets_used
        schedule.bracket_count = count
        schedule.scale_ppm = (2 - level) * 1_200_000 if scanned else PPM
        schedule.rate_max_ppm = -(-max(numerators) * PPM // denominator)
        lots_max = int(terms.contracts[instrument].lots_max)
        steps = [0, *sorted(size % lots_max + 1 for size in floors[1:])]
        if kind == Schedule.BRACKETS_BY_SIZE and len(set(steps)) == len(steps):
            _write_brackets(world, terms, schedule, steps, numerators)
        else:
            if kind == Schedule.BRACKETS_BY_SIZE:
                schedule.kind = Schedule.BRACKETS_MARGINAL
            _write_brackets(world, terms, schedule, floors, numerators)
        world.brackets_used += count
    if kind == Schedule.CURVE:
        _draw_curve(world, terms, instrument, notional_max)
    if kind == Schedule.SCENARIO:
        _draw_moves(world, terms, instrument)
    if chance.random() < 0.3:
        _draw_additions(world, terms, instrument)


def _at_levels(world: Setting, terms: Terms, instrument: int) -> list[Any]:
    return [terms.schedules[level * world.instruments + instrument] for level in Level]


def _draw_curve(world: Setting, terms: Terms, instrument: int, notional_max: int) -> None:
    """One curve for all levels, the deeper ones scaled down."""
    chance = world.random
    lots_max = int(terms.contracts[instrument].lots_max)
    driver = chance.choice(list(Driver))
    reach = {Driver.SIZE: lots_max, Driver.NOTIONAL: notional_max, Driver.OPEN_INTEREST: 4 * notional_max}.get(
        driver, 1
    )
    exponent = chance.choice(list(Exponent))
    base, cap = chance.choice([0, 5_000_000, 20_000_000]), chance.choice([50_000_000, 333_333_333])
    threshold, step = chance.choice([0, 0, reach // 3]), chance.choice([0, 0, reach // 7])
    width = max(reach // step if step else reach, 1)
    power = {Exponent.LINE: width, Exponent.SQUARE: min(width * width, 2**40), Exponent.ROOT: max(isqrt(width), 1)}[
        exponent
    ]
    if exponent == Exponent.SQUARE and lots_max > 2**30:
        exponent = Exponent.LINE
    for schedule, scale in zip(_at_levels(world, terms, instrument), (PPM, PPM // 2, PPM // 3), strict=True):
        schedule.driver, schedule.exponent = driver, exponent
        if driver == Driver.OPEN_INTEREST and scale < PPM:
            schedule.driver = Driver.NONE
        schedule.base_ppb, schedule.cap_ppb = base, cap
        schedule.floor_ppb = chance.choice([0, base])
        schedule.threshold, schedule.step = threshold, step
        schedule.slope_num, schedule.slope_den = cap, power
        schedule.rate_step_ppb = 1_000 if base and cap == 50_000_000 else 1
        schedule.scale_ppm = scale
        schedule.rate_max_ppm = cap // 1_000 + 1


def _draw_moves(world: Setting, terms: Terms, instrument: int) -> None:
    """Moves of one market in the joint scenarios of the venue, and what it needs alone."""
    chance = world.random
    policy = terms.policy[0]
    if policy.scenario_count == 0:
        policy.scenario_count = chance.randint(1, SCENARIOS_ROOM)
        policy.scenario_by_unit = chance.randint(0, 1)
        policy.scenario_unhedged_ppm = chance.choice([0, 10_000])
        policy.scenario_hedged_ppm = min(chance.choice([0, 5_000]), int(policy.scenario_unhedged_ppm))
        policy.scenario_charge_least = chance.randint(0, 1)
    worst = 0
    for row in range(int(policy.scenario_count)):
        move = chance.choice([-1, 1]) * chance.choice([0, 20_000_000, 77_777_777, 160_000_000])
        terms.shocks[row * world.instruments + instrument].move_ppb = move
        worst = max(worst, abs(move))
    for level, scale in ((Level.INITIAL, PPM), (Level.MAINTENANCE, PPM // 2), (Level.CLOSE_OUT, PPM // 3)):
        schedule = terms.schedules[level * world.instruments + instrument]
        schedule.base_ppb = worst + int(policy.scenario_unhedged_ppm) * 1_000
        schedule.scale_ppm = scale
        schedule.rate_max_ppm = schedule.base_ppb // 1_000 + 1
        terms.levels[level].scenario = 1


def _draw_additions(world: Setting, terms: Terms, instrument: int) -> None:
    """Amounts on top of the rates, alike at all levels so that their order stays."""
    chance = world.random
    fixed, share, reward = chance.choice([0, 5]), chance.choice([0, 550]), chance.choice([0, 10_000])
    premium = chance.choice([0, 1_000])
    lots_max = int(terms.contracts[instrument].lots_max)
    for schedule in _at_levels(world, terms, instrument):
        schedule.add_fixed_quanta, schedule.add_ppm, schedule.reward_ppm = fixed, share, reward
        schedule.reward_min_quanta, schedule.reward_max_quanta = 3, 1_000
        schedule.premium_num, schedule.premium_den = premium, 1 + lots_max // 1_000
        slope = share + reward + (lots_max * premium // (1 + lots_max // 1_000)) // 1_000 + 2
        schedule.rate_max_ppm += slope


def _write_brackets(world: Setting, terms: Terms, schedule: Any, floors: list[int], numerators: list[int]) -> None:
    deduction = 0
    for place, (floor, numerator) in enumerate(zip(floors, numerators, strict=True)):
        if place > 0 and schedule.kind not in (Schedule.BRACKETS_WHOLE, Schedule.BRACKETS_BY_SIZE):
            deduction += floor * (numerator - numerators[place - 1])
        bracket = terms.brackets[int(schedule.first_bracket) + place]
        bracket.floor_quanta = floor
        bracket.numerator = numerator
        bracket.deduction_whole, bracket.deduction_rest = divmod(deduction, int(schedule.denominator))


def _draw_stages(world: Setting, terms: Terms, close_out: bool) -> None:
    chance = world.random
    ladders = [
        [Executor.ENGINE, Executor.BACKSTOP_VAULT, Executor.ADL],
        [Executor.ENGINE, Executor.ADL],
        [Executor.BACKSTOP_VAULT, Executor.ADL],
        [Executor.ENGINE, Executor.ENGINE, Executor.BACKSTOP_VAULT],
        [Executor.ENGINE],
        [Executor.ADL],
        [Executor.ENGINE, Executor.BACKSTOP_VAULT, Executor.ENGINE, Executor.ADL],
    ]
    scale = PPM
    extra = Random(world.seed * 7_919 + 1)
    for place, executor in enumerate(chance.choice(ladders)):
        stage = terms.stages[place]
        stage.used = 1
        stage.level = Level.MAINTENANCE
        if place > 0:
            scale = chance.choice([scale, scale, scale * 2 // 3, scale // 3, 0])
            if close_out and chance.random() < 0.3:
                stage.level = Level.CLOSE_OUT
        stage.scale_ppm = scale
        stage.or_equal = chance.randint(0, 1)
        stage.executor = executor
        stage.sizing = chance.choice(list(Size))
        stage.size_ppm = chance.choice([1, 200_000, 500_000, PPM])
        if stage.sizing == Size.TO_HEALTH:
            stage.size_ppm = chance.choice([PPM, 1_250_000, 2 * PPM])
        stage.size_min_quanta = chance.choice([0, 1_000, 1_000_000])
        stage.cooldown_ns = chance.choice([0, SECOND, 30 * SECOND])
        stage.price_limit = chance.choice(list(PriceLimit))
        stage.spread_ppm = chance.choice([0, 1, 100_000, PPM, 1_500_000])
        stage.adjustment_ppm = chance.choice([PPM, PPM, 1_333_333, 5 * PPM])
        stage.timeout_ns = chance.choice([0, SECOND, MINUTE])
        stage.fee_ppm = chance.choice([0, 0, 5_000, 50_000])
        stage.fee_payee = chance.choice(list(FeePayee))
        stage.residual_payee = chance.choice(list(FeePayee))
        stage.accept = chance.choice(list(Accept))
        if executor != Executor.ENGINE and extra.random() < 0.85:
            stage.sizing = Size.FULL
        stage.tiers_down = extra.choice([0, 1, 2])
        stage.step_ppm = extra.choice([1, 70_000, 200_000])
        stage.full_below_ppm = extra.choice([0, 500_000, 950_000])
        stage.left_min_quanta = extra.choice([0, 1_000, 1_000_000])
        stage.price_ppm = extra.choice([0, 0, 0, 0, 0, 0, 20_000, PPM])
        stage.fee_base = extra.choice([FeeBase.VALUE, *FeeBase])
        stage.round_ns = extra.choice([0, 0, 0, 0, 0, 0, SECOND])
        stage.block_quanta = extra.choice([0, 0, 0, 10**6, 10**9])


def _draw_governance(terms: Terms, extra: Random) -> None:
    """In a third of the worlds rules change by proposal only."""
    terms.governing[0].enforced = int(extra.random() < 0.35)
    terms.governing[0].votes_needed = extra.choice([0, 1, 2])
    terms.governing[0].harm_max = extra.choice([0, 2, 100])
    for seat, role in enumerate((Authority.COUNCIL, Authority.COUNCIL | Authority.OPERATOR, Authority.GUARDIAN)):
        terms.seats[seat].role = role
    for row in terms.corridors:
        row.step_max_ppm = extra.choice([0, 0, 500_000, 2 * PPM])
        row.notice_ns = extra.choice([0, 0, SECOND])
        row.authority = extra.choice([Authority.COUNCIL, Authority.COUNCIL | Authority.OPERATOR])


def _draw_triggers(terms: Terms, extra: Random) -> None:
    """In half of the worlds the stages alone say when winners are closed against."""
    for row in range(extra.choice([0, 0, 0, 0, 1, 2])):
        trigger = terms.triggers[row]
        trigger.used = 1
        trigger.kind = extra.choice(list(AdlTrigger)[: AdlTrigger.VAULT_LOSS])
        trigger.share_ppm = extra.choice([1, 100_000, PPM])
        trigger.stop_ppm = extra.choice([0, int(trigger.share_ppm) // 2])
        trigger.window_ns = extra.choice([0, SECOND, MINUTE])
        trigger.floor_quanta = extra.choice([0, 1_000])


def _draw_blocks(world: Setting, terms: Terms) -> None:
    """What one `Advance` may send and draw, and a vault's loss as a condition: in every sixth world."""
    chance = Random(world.seed * 7_933)
    if world.seed % 6 != 2:
        return
    terms.policy[0].block_draw_quanta = chance.choice([0, 1, 10_000, 10**7])
    for stage in terms.stages:
        stage.one_market = chance.randint(0, 1)
        stage.room_venue_quanta, stage.room_market_quanta = chance.choice([0, 0, 10**6]), chance.choice([0, 0, 10**5])
    if chance.random() < 0.3:
        trigger = terms.triggers[0]
        trigger.used, trigger.kind, trigger.share_ppm = 1, AdlTrigger.VAULT_LOSS, chance.choice([1, 100_000])
        trigger.stop_ppm = 0


def _draw_asset(world: Setting, terms: Terms, asset: int) -> None:
    chance = world.random
    row = terms.assets[asset]
    row.used = 1
    row.price_instrument = chance.randrange(world.instruments)
    row.value_num = chance.choice([1, 1, 7])
    row.value_den = chance.choice([1, 3, 1_000])
    row.maintenance_ppm = chance.choice([PPM, 900_000, 333_333])
    row.initial_ppm = chance.choice([0, int(row.maintenance_ppm) // 2, int(row.maintenance_ppm)])
    row.weighting = chance.choice([Weighting.FIXED, Weighting.FIXED, *Weighting])
    row.impact_num, row.impact_den = chance.choice([1, 7]), chance.choice([1, 1_000])
    row.impact_floor_ppm, row.impact_cap_ppm = chance.choice([(0, 500_000), (10_000, PPM)])
    row.first_bracket, row.bracket_count = world.brackets_used, 3
    floor, deduction, before = 0, 0, 0
    for place, weight in enumerate(sorted((chance.randint(0, PPM) for _ in range(3)), reverse=True)):
        deduction += floor * (weight - before)
        bracket = terms.brackets[world.brackets_used + place]
        bracket.floor_quanta, bracket.numerator, before = floor, weight, weight
        bracket.deduction_whole, bracket.deduction_rest = divmod(deduction, PPM)
        floor += chance.choice([10, 1_000, 1_000_000])
    world.brackets_used += 3
    world.assets.append(asset)
