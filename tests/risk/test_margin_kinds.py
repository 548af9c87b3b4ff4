"""Curves, scenarios, additions and weights: each a rule stated once more in fractions, and its law."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, isqrt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ground import blank_state, give, give_collateral, open_account
from tests.plain import plain

from solvent.codes import Driver, Exponent, Level, Schedule, Weighting
from solvent.risk import margin
from solvent.risk.margin import sound
from solvent.risk.margin.curve import curve_rate_ppb, root_down
from solvent.state.tables import NONE
from solvent.units import LIMIT, PPB, PPM

MAINTENANCE = Level.MAINTENANCE


def curve(state: Any, **fields: int) -> Any:
    """The maintenance schedule of the first market as a curve, from nothing to all of the notional."""
    schedule = state.schedules[MAINTENANCE * len(state.instruments)]
    given_fields = {"kind": Schedule.CURVE, "cap_ppb": PPB, "slope_den": 1, "rate_step_ppb": 1, "scale_ppm": PPM}
    for name, value in {**given_fields, "rate_max_ppm": PPM, **fields}.items():
        schedule[name] = value
    return schedule


@given(st.integers(0, LIMIT))
def test_a_root_is_the_largest_that_fits(number: int) -> None:
    assert plain(root_down)(number) == isqrt(number)


@settings(max_examples=200)
@given(
    base=st.integers(0, PPB // 2),
    cap=st.integers(PPB // 2, PPB),
    num=st.integers(0, 10**6),
    den=st.integers(1, 10**6),
    threshold=st.integers(0, 10**6),
    step=st.sampled_from([0, 0, 7, 1_000]),
    exponent=st.sampled_from(list(Exponent)),
    grain=st.sampled_from([1, 1_000]),
    driver=st.integers(0, 10**8),
)
def test_a_curve_is_its_formula_held_and_floored_and_never_falls(
    base: int, cap: int, num: int, den: int, threshold: int, step: int, exponent: Exponent, grain: int, driver: int
) -> None:
    state = blank_state()
    schedule = curve(
        state, base_ppb=base, cap_ppb=cap, slope_num=num, slope_den=den, threshold=threshold, step=step,
        exponent=exponent, rate_step_ppb=grain,
    )  # fmt: skip
    rates = [int(plain(curve_rate_ppb)(schedule, driver + more)) for more in (0, 1, 5_000)]
    assert rates == sorted(rates)
    assert all(0 <= rate <= cap and rate % grain == 0 for rate in rates)
    excess = max(driver - threshold, 0)
    excess = ceil(Fraction(excess, step)) if step else excess
    if exponent == Exponent.ROOT:
        rise = floor(isqrt(excess << 20) * Fraction(num, den)) >> 10
    else:
        rise = floor(excess ** (2 if exponent == Exponent.SQUARE else 1) * Fraction(num, den))
    exact = min(base + rise, cap)
    assert rates[0] == exact - exact % grain


def test_the_rate_of_an_open_interest_cap_is_met_exactly() -> None:
    # 5 % up to 40 million, all of it from 100 million: dYdX v4's SOL tier, in whole ppm rounded down
    state = blank_state()
    schedule = curve(
        state, base_ppb=50_000_000, slope_num=950_000_000, slope_den=60_000_000_000_000, threshold=40_000_000_000_000,
        rate_step_ppb=1_000,
    )  # fmt: skip
    rate = plain(curve_rate_ppb)
    assert rate(schedule, 40_000_000_000_000) == 50_000_000
    assert rate(schedule, 70_000_000_000_000) == 525_000_000
    assert rate(schedule, 100_000_000_000_000) == PPB
    assert rate(schedule, 40_000_000_000_001 + 10**6) % 1_000 == 0


@settings(max_examples=100)
@given(st.integers(1, 10**6), st.sampled_from([Driver.NONE, Driver.SIZE, Driver.NOTIONAL]), st.integers(0, PPM))
def test_a_requirement_by_curve_is_rounded_up_twice_and_grows_with_size(lots: int, driver: Driver, scale: int) -> None:
    state = blank_state()
    curve(state, base_ppb=20_000_000, slope_num=37, driver=driver, scale_ppm=scale)
    required = [
        int(plain(margin.requirement_up)(state, MAINTENANCE, 0, held, held * 1_000, 0)) for held in (lots, lots + 1)
    ]
    size = {Driver.NONE: 0, Driver.SIZE: lots, Driver.NOTIONAL: lots * 1_000}[driver]
    rate = min(20_000_000 + 37 * size, PPB)
    assert required[0] == ceil(Fraction(ceil(Fraction(lots * 1_000 * rate, PPB)) * scale, PPM))
    assert required == sorted(required)


@settings(max_examples=100)
@given(
    st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 20_000), st.integers(0, 20_000),
    st.integers(0, 500), st.integers(500, 10**5), st.integers(0, 1_000),
)  # fmt: skip
def test_additions_are_what_they_say_each_rounded_up(
    lots: int, fixed: int, share: int, reward: int, least: int, most: int, premium: int
) -> None:
    state = blank_state()
    schedule = state.schedules[MAINTENANCE]
    schedule.add_fixed_quanta, schedule.add_ppm, schedule.reward_ppm = fixed, share, reward
    schedule.reward_min_quanta, schedule.reward_max_quanta = least, most
    schedule.premium_num, schedule.premium_den = premium, 7
    notional = lots * 1_000
    expected = fixed + ceil(Fraction(notional * share, PPM))
    if reward:
        expected += min(max(ceil(Fraction(notional * reward, PPM)), least), most)
    if premium:
        expected += ceil(Fraction(notional * ceil(Fraction(lots * premium, 7)), PPB))
    assert plain(margin.requirement_up)(state, MAINTENANCE, 0, lots, notional, 0) == expected
    assert plain(margin.requirement_up)(state, MAINTENANCE, 0, 0, 0, 0) == 0


def scenario_venue(moves: list[list[int]], by_unit: bool, unhedged: int, hedged: int, least: bool) -> Any:
    """Three markets under scenarios; the first two share an underlying. Moves by scenario and market in ppb."""
    from solvent.state.terms import TermsShape, blank_terms
    from solvent.state.whole import new_state

    state = blank_state(instruments=3)
    terms = blank_terms(TermsShape(3, 16, len(moves)))
    venue = new_state(terms, accounts=16)
    for name in ("contracts", "schedules", "levels", "assets", "policy"):
        table = getattr(venue, name)
        table[:] = getattr(state, name)
    venue.instruments.listed[:], venue.instruments.mark_ticks[:] = 1, 1_000
    venue.venue[0].time_ns = 10**18
    venue.contracts.risk_unit[:] = (0, 0, 2)
    venue.levels.scenario[MAINTENANCE] = 1
    for instrument in range(3):
        schedule = venue.schedules[MAINTENANCE * 3 + instrument]
        schedule.kind, schedule.scale_ppm = Schedule.SCENARIO, 800_000
        schedule.base_ppb = max(abs(row[instrument]) for row in moves) + unhedged * 1_000
        schedule.rate_max_ppm = schedule.base_ppb // 1_000 + 1
        for row, move in enumerate(moves):
            venue.shocks[row * 3 + instrument].move_ppb = move[instrument]
    policy = venue.policy[0]
    policy.scenario_count, policy.scenario_by_unit = len(moves), int(by_unit)
    policy.scenario_unhedged_ppm, policy.scenario_hedged_ppm = unhedged, hedged
    policy.scenario_charge_least = int(least)
    return venue


MOVES = st.lists(st.lists(st.integers(-PPB, 3 * PPB), min_size=3, max_size=3), min_size=1, max_size=6)


def worst_of(values: dict[int, int], moves: list[list[int]], unhedged: int, hedged: int, least: bool) -> int:
    """The rule in fractions."""
    worst = max(0, *(ceil(-sum(Fraction(v * row[i], PPB) for i, v in values.items())) for row in moves))
    net, gross = abs(sum(values.values())), sum(map(abs, values.values()))
    charge = ceil(Fraction(net * unhedged, PPM)) + ceil(Fraction((gross - net) * hedged, PPM))
    return ceil(Fraction((max(worst, charge) if least else worst + charge) * 800_000, PPM))


@settings(max_examples=150)
@given(
    MOVES,
    st.lists(st.integers(-(10**5), 10**5), min_size=3, max_size=3),
    st.booleans(),
    st.booleans(),
    st.integers(0, 3),
)
def test_scenario_margin_is_the_worst_joint_loss(
    moves: list[list[int]], lots: list[int], by_unit: bool, least: bool, charge: int
) -> None:
    unhedged, hedged = charge * 10_000, charge * 5_000
    state = scenario_venue(moves, by_unit, unhedged, hedged, least)
    account = open_account(state, 10**9)
    for instrument, held in enumerate(lots):
        if held:
            give(state, account, instrument, held, held * 1_000)
    values = {instrument: held * 1_000 for instrument, held in enumerate(lots) if held}
    groups = (
        [{i: v for i, v in values.items() if i < 2}, {i: v for i, v in values.items() if i == 2}]
        if by_unit
        else [values]
    )
    expected = sum(worst_of(group, moves, unhedged, hedged, least) for group in groups if group)
    _equity, required, _gains, _notional = plain(margin.judge)(state, account, MAINTENANCE)
    assert required == expected
    # together never more than apart: each alone is judged at its own worst move
    alone = sum(
        int(plain(margin.requirement_up)(state, MAINTENANCE, i, abs(v) // 1_000, abs(v), 0)) for i, v in values.items()
    )
    assert required <= alone + len(values)
    # what changing one position would change is what judging the changed account finds
    change = plain(margin.requirement_change)(state, MAINTENANCE, account, NONE, 2, lots[2] + 17)
    changed = {**values, 2: (lots[2] + 17) * 1_000}
    changed = {i: v for i, v in changed.items() if v}
    groups = (
        [{i: v for i, v in changed.items() if i < 2}, {i: v for i, v in changed.items() if i == 2}]
        if by_unit
        else [changed]
    )
    assert required + change == sum(worst_of(group, moves, unhedged, hedged, least) for group in groups if group)
    assert plain(sound.are_scenarios_sound)(state)


def test_a_hedge_lowers_what_two_positions_need() -> None:
    moves = [[160_000_000] * 3, [-160_000_000] * 3]
    state = scenario_venue(moves, True, 20_000, 10_000, True)
    account = open_account(state, 10**9)
    give(state, account, 0, 1_000, 10**6)
    assert plain(margin.judge)(state, account, MAINTENANCE)[1] == 128_000  # 16 % at four fifths
    give(state, account, 1, -1_000, -(10**6))
    assert (
        plain(margin.judge)(state, account, MAINTENANCE)[1] == 16_000
    )  # 1 % of the hedged two million, at four fifths


TIERS = st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, PPM)), min_size=1, max_size=5)


@settings(max_examples=150)
@given(TIERS, st.integers(0, 10**7), st.sampled_from([Weighting.TIERS_OF_AMOUNT, Weighting.TIERS_OF_VALUE]))
def test_tiered_collateral_counts_every_slice_at_its_own_weight(
    tiers: list[tuple[int, int]], amount: int, kind: Weighting
) -> None:
    state = blank_state()
    state.instruments.mark_ticks[0] = 3
    weights = sorted((weight for _width, weight in tiers), reverse=True)
    asset = state.assets[1]
    asset.used, asset.value_num, asset.value_den, asset.weighting = 1, 1, 1, kind
    asset.first_bracket, asset.bracket_count = 0, len(tiers)
    start, deduction, before, floors = 0, 0, 0, []
    for row, ((width, _weight), weight) in enumerate(zip(tiers, weights, strict=True)):
        deduction += start * (weight - before)
        state.brackets[row] = (start, weight, deduction // PPM, deduction % PPM)
        floors.append(start)
        start, before = start + width, weight
    assert plain(sound.is_weighting_sound)(state, asset)
    account = open_account(state, 0)
    give_collateral(state, account, 1, amount)

    def worth(size: int) -> int:
        """Slice by slice, rounded down once."""
        ends = [*floors[1:], None]
        parts = zip(floors, ends, weights, strict=True)
        total = sum(max(min(size, size if end is None else end) - low, 0) * weight for low, end, weight in parts)
        return total // PPM

    value = int(plain(margin.collateral_value_down)(state, 1, amount, True, False))
    assert value == (worth(amount) * 3 if kind == Weighting.TIERS_OF_AMOUNT else worth(amount * 3))
    assert value <= amount * 3
    series = [int(plain(margin.collateral_value_down)(state, 1, amount + more, True, False)) for more in range(4)]
    assert all(before <= after for before, after in pairwise(series))


@pytest.mark.parametrize(
    ("amount", "discount"), [(0, 10_000), (100, 10_000), (800, 12_000), (2_000, 30_000), (40_000, 50_000)]
)
def test_the_discount_of_an_impact_is_held_between_its_bounds(amount: int, discount: int) -> None:
    # Synthetix v3's test configuration in hundredths: scale 100, scalar 1.5, between 1 % and 5 %
    state = blank_state()
    asset = state.assets[1]
    asset.used, asset.value_num, asset.value_den, asset.weighting = 1, 1, 1, Weighting.IMPACT
    asset.impact_num, asset.impact_den, asset.impact_floor_ppm, asset.impact_cap_ppm = 15, 1, 10_000, 50_000
    value = int(plain(margin.collateral_value_down)(state, 1, amount, True, False))
    assert value == amount * 1_000 * (PPM - discount) // PPM


def test_what_could_break_the_arithmetic_is_refused() -> None:
    state = blank_state()
    schedule = curve(state)
    assert plain(sound.is_schedule_sound)(state, schedule, 1_000)
    for name, value in (
        ("slope_den", 0), ("cap_ppb", PPB + 1), ("base_ppb", -1), ("rate_step_ppb", 0), ("driver", 9),
        ("exponent", 3), ("add_ppm", -1), ("reward_max_quanta", -1), ("premium_num", -1), ("threshold", -5),
    ):  # fmt: skip
        kept = int(schedule[name])
        schedule[name] = value
        assert not plain(sound.is_schedule_sound)(state, schedule, 1_000), name
        schedule[name] = kept
    schedule.driver, schedule.rate_max_ppm = Driver.NOTIONAL, PPM - 1
    assert not plain(sound.is_schedule_sound)(state, schedule, 1_000), "a slope larger than the watch was told"


def test_the_root_of_a_driver_beyond_forty_bits_is_taken_in_whole_numbers() -> None:
    state = blank_state()
    schedule = state.schedules[MAINTENANCE]
    schedule.kind, schedule.exponent, schedule.cap_ppb = Schedule.CURVE, Exponent.ROOT, PPB
    schedule.slope_num, schedule.slope_den, schedule.rate_step_ppb = 1, 10**6, 1
    assert plain(curve_rate_ppb)(schedule, 2**60) == 2**30 // 10**6
    assert plain(curve_rate_ppb)(schedule, 10**12) == 1
