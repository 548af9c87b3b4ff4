"""From schedules and levels to rows of brackets: kinds become whole numbers.

A curve keeps its driver in lots or quanta and its rates in parts per billion; its slope is an exact ratio of the two.
Brackets of one schedule, at a level's scale, share the common denominator D of their rates n_k / D, so that
leverage 30 stays 1/30. Deductions follow from the floors and are never written down:

    D_0 = 0,   D_k = D_(k-1) + floor_k x (n_k - n_(k-1))     stored as D_k // D and D_k mod D, exactly
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, isqrt, lcm
from typing import Final

from solvent.codes import Driver, Exponent
from solvent.codes import Level as LevelCode
from solvent.codes import Schedule as ScheduleCode
from solvent.rulebook.checks.margin import rate_of
from solvent.rulebook.compile.work import Work, write_fields
from solvent.rulebook.contracts import Contract
from solvent.rulebook.locate import Path
from solvent.rulebook.rules import DEFAULT_MARKET, Bracket, Level, Rulebook, Scenarios, Schedule
from solvent.state.terms import Terms
from solvent.units import LIMIT, PPB, PPM, RATE_DENOMINATOR_MAX, VALUE_MAX


@dataclass(frozen=True, slots=True)
class Rates:
    """Brackets of one schedule at one level, in whole numbers."""

    denominator: int
    rows: tuple[tuple[int, int, int, int], ...]
    rate_max_ppm: int


def schedule_rows(
    work: Work, brackets: dict[tuple[tuple[int, int, int, int], ...], int]
) -> dict[tuple[int, int], dict[str, int]]:
    """Row of every (level, instrument); equal bracket tables are stored once, in `brackets`."""
    rows: dict[tuple[int, int], dict[str, int]] = {}
    for level in work.rulebook.levels:
        schedule = work.rulebook.schedule(level.of)
        for instrument, contract in enumerate(work.contracts):
            place = (int(LevelCode[level.name.upper()]), instrument)
            if contract.kind == "option":
                row = option_row(work, level, contract)
            elif schedule.kind == "curve":
                row = curve_row(work, level, schedule, contract)
            elif schedule.kind == "scenario":
                check_inverse_moves(work, schedule, contract)
                row = scenario_row(level, schedule, contract)
            else:
                row = bracket_row(work, brackets, level, schedule, contract)
            row |= addition_fields(work, level, contract)
            row["rate_max_ppm"] = row.get("rate_max_ppm", 0) + row["add_ppm"] + row["reward_ppm"]
            if row["premium_num"]:
                row["rate_max_ppm"] += ceil(
                    _lots_max(contract) * Fraction(row["premium_num"], row["premium_den"]) / 1000
                )
            if row["rate_max_ppm"] > PPM and schedule.kind != "scenario" and contract.position_max > 0:
                work.tell_at(
                    ("margin", "level", work.rulebook.levels.index(level)),
                    f"the largest position in {contract.symbol} is asked for more than its notional",
                    "Lower its rates or additions, or the position_max of the contract.",
                )
            rows[place] = row
    return rows


def _lots_max(contract: Contract) -> int:
    return int(Fraction(contract.position_max) / Fraction(contract.lot_size))


def bracket_row(
    work: Work,
    brackets: dict[tuple[tuple[int, int, int, int], ...], int],
    level: Level,
    schedule: Schedule,
    contract: Contract,
) -> dict[str, int]:
    """Brackets of a market, or none."""
    nothing = {"kind": int(ScheduleCode.ZERO), "denominator": 1, "scale_ppm": PPM}
    if schedule.kind == "zero":
        return nothing
    bound = work.rulebook.schedule(schedule.bounded_by) if schedule.bounded_by else schedule
    market = next((name for name in (contract.base, DEFAULT_MARKET) if name in bound.brackets), None)
    if market is None:
        if contract.position_max != 0:
            work.tell_at(
                ("margin", "schedule", work.rulebook.schedules.index(bound), "brackets"),
                f"there are no brackets for {contract.base}",
                f"Add {contract.base} = [ … ] or default = [ … ].",
            )
        return nothing
    rates = bracket_rates(work, level, bound, market, contract)
    return {
        "kind": int(schedule_code(schedule)),
        "first_bracket": brackets.setdefault(rates.rows, sum(map(len, brackets))),
        "bracket_count": len(rates.rows),
        "denominator": rates.denominator,
        "scale_ppm": int(level.scale * PPM),
        "rate_max_ppm": rates.rate_max_ppm,
    }


DRIVERS: Final = {
    "none": (Driver.NONE, ""),
    "position_size": (Driver.SIZE, "size"),
    "size_over_skew_scale": (Driver.SIZE, "skew"),
    "position_notional": (Driver.NOTIONAL, "money"),
    "market_open_interest": (Driver.OPEN_INTEREST, "money"),
}

EXPONENTS: Final = {"1": (Exponent.LINE, 1), "2": (Exponent.SQUARE, 2), "0.5": (Exponent.ROOT, 1)}


def curve_row(work: Work, level: Level, schedule: Schedule, contract: Contract) -> dict[str, int]:
    """A curve in whole numbers: the driver in lots or quanta, rates in ppb, the slope an exact ratio of the two."""
    path: Path = ("margin", "schedule", work.rulebook.schedules.index(schedule))
    curve = schedule.curve(contract.base)
    driver, unit = DRIVERS[schedule.driver]
    one = Fraction(1)  # of the driver, in the unit of the document
    if unit == "money":
        one = Fraction(1, 10**work.decimals)
    elif unit:
        one = Fraction(contract.lot_size)
    if unit == "skew":
        if not work.rulebook.fill.skew_scale:
            work.tell_at((*path, "driver"), "there is no skew scale", 'Write [price.fill] kind = "skew_linear".')
            return {"kind": int(ScheduleCode.ZERO), "denominator": 1, "scale_ppm": PPM}
        one /= Fraction(work.rulebook.fill.skew_scale)
    exponent, power = EXPONENTS[curve.exponent]
    if curve.reach is not None:
        slope = (curve.cap - curve.base) * PPB / ((Fraction(curve.reach) - Fraction(curve.threshold)) / one)
    elif curve.step is not None:
        slope = curve.slope * PPB
    elif exponent == Exponent.ROOT:
        # the root of one unit of the driver is kept to twelve decimals
        slope = curve.slope * PPB * Fraction(isqrt(int(one * 10**24)), 10**12)
    else:
        slope = curve.slope * PPB * one**power
    if slope.numerator > LIMIT or slope.denominator > LIMIT:
        slope = slope.limit_denominator(2**40)
        work.notes.append(f"The slope of {schedule.id} for {contract.symbol} is kept to twelve digits.")
    row = {
        "kind": int(ScheduleCode.CURVE),
        "denominator": 1,
        "scale_ppm": int(level.scale * PPM),
        "driver": int(driver),
        "exponent": int(exponent),
        "base_ppb": int(curve.base * PPB),
        "slope_num": slope.numerator,
        "slope_den": slope.denominator,
        "threshold": _whole(work, curve.threshold, one, (*path, "threshold")) if driver != Driver.NONE else 0,
        "step": _whole(work, curve.step, one, (*path, "step")) if curve.step is not None else 0,
        "floor_ppb": int(curve.floor * PPB),
        "cap_ppb": int(curve.cap * PPB),
        "rate_step_ppb": schedule.rate_step_ppb,
    }
    lots_max = _lots_max(contract)
    if driver == Driver.SIZE and exponent == Exponent.SQUARE and lots_max * slope.numerator > LIMIT:
        work.tell_at(
            (*path, "slope"),
            f"the square of a position in {contract.symbol} times this slope does not fit the machine",
            "Write fewer digits, or a smaller position_max.",
        )
        return row
    largest = curve.cap
    if driver == Driver.NONE:
        largest = curve.rate(Fraction(0))
    elif driver == Driver.SIZE:
        largest = curve.rate(lots_max * one)
    row["rate_max_ppm"] = ceil(ceil(largest * PPM) * level.scale)
    return row


def _whole(work: Work, size: Decimal, one: Fraction, path: Path) -> int:
    """A size of the driver in lots or quanta; told when it is no whole number of them."""
    exact = Fraction(size) / one
    if exact.denominator != 1 or exact > LIMIT:
        work.tell_at(path, f"{size} is no whole number of what the machine counts", "Write a multiple of the lot size.")
    return min(int(exact), LIMIT)


def option_row(work: Work, level: Level, contract: Contract) -> dict[str, int]:
    """Shares of the underlying: an option takes the schedule for options at every level, not the one the level names.

    Its rates are given for both levels, so only a close-out level scales them, down from maintenance.
    """
    schedule = next((schedule for schedule in work.rulebook.schedules if schedule.options is not None), None)
    row = {"kind": int(ScheduleCode.OPTION), "denominator": 1, "scale_ppm": PPM}
    if schedule is None or schedule.options is None:
        work.tell_at(
            ("margin", "schedule"),
            f"{contract.symbol} is an option and nothing says what its seller must hold",
            'Add a schedule of kind = "option_standard".',
        )
        return row
    rates = schedule.options
    is_initial = level.name == "initial"
    if level.name == "close_out":
        row["scale_ppm"] = int(min(level.scale, Fraction(1)) * PPM)
    return row | {
        "base_ppb": int((rates.initial if is_initial else rates.maintenance) * PPB),
        "floor_ppb": int((rates.initial_least if is_initial else rates.maintenance) * PPB),
        "cap_ppb": int(rates.maintenance * PPB),
    }


def scenario_row(level: Level, schedule: Schedule, contract: Contract) -> dict[str, int]:
    """The worst move of a market standing alone; the moves themselves are the table `shocks`."""
    assert schedule.scenarios is not None, "a scenario schedule has scenarios"
    worst = max(abs(move) for move in shocks_ppb(schedule.scenarios, contract))
    charge = int(schedule.scenarios.unhedged * PPB)
    worst = max(worst, charge) if schedule.scenarios.charge_is_least else worst + charge
    scale = int(level.scale * PPM)
    return {
        "kind": int(ScheduleCode.SCENARIO),
        "denominator": 1,
        "scale_ppm": scale,
        "base_ppb": worst,
        "rate_max_ppm": ceil(ceil(Fraction(worst, 1_000)) * Fraction(scale, PPM)),
    }


INVERSE_LEFT_MIN: Final = Fraction(1, 4)
"""A quarter of the price makes an inverse contract worth four times as much, the most a move of value may be."""


def check_inverse_moves(work: Work, schedule: Schedule, contract: Contract) -> None:
    """A price may not fall so far that the value of an inverse contract leaves the machine's bound."""
    assert schedule.scenarios is not None, "a scenario schedule has scenarios"
    times = schedule.scenarios.market_scale.get(contract.base, Fraction(1))
    deepest = min(move * times for move, _weight in schedule.scenarios.moves)
    if contract.kind == "inverse" and contract.position_max > 0 and 1 + deepest < INVERSE_LEFT_MIN:
        work.tell_at(
            ("margin", "schedule", work.rulebook.schedules.index(schedule), "price_moves_ppm"),
            f"{contract.symbol} is inverse: at a price {float(-deepest):.0%} lower its value more than quadruples",
            "Write no move below -750000 for it.",
        )


def shocks_ppb(scenarios: Scenarios, contract: Contract) -> list[int]:
    """Every move of a market times the weight of its loss, away from zero.

    The value of an inverse contract moves by d / (1 + d) of it when the price moves by d.
    """
    times = scenarios.market_scale.get(contract.base, Fraction(1))
    moves = [(move * times, weight) for move, weight in scenarios.moves]
    if contract.kind == "inverse":
        moves = [(move / max(1 + move, INVERSE_LEFT_MIN), weight) for move, weight in moves]
    return [ceil(abs(move) * weight * PPB) * (1 if move >= 0 else -1) for move, weight in moves]


def scenarios_of(rulebook: Rulebook) -> Scenarios | None:
    """The one set of scenarios the levels use, if they use any."""
    found = (rulebook.schedule(level.of).scenarios for level in rulebook.levels)
    return next((scenarios for scenarios in found if scenarios is not None), None)


def write_scenarios(work: Work, terms: Terms) -> None:
    """The table of moves, and how losses join."""
    scenarios = scenarios_of(work.rulebook)
    if scenarios is None:
        return
    count = len(work.contracts)
    room = len(terms.contracts)
    for instrument in range(count):
        for row, move in enumerate(shocks_ppb(scenarios, work.contracts[instrument])):
            terms.shocks[row * room + instrument].move_ppb = move
    write_fields(
        terms.policy[0],
        {
            "scenario_count": len(scenarios.moves),
            "scenario_by_unit": scenarios.by_underlying,
            "scenario_unhedged_ppm": int(scenarios.unhedged * PPM),
            "scenario_hedged_ppm": int(scenarios.hedged * PPM),
            "scenario_charge_least": scenarios.charge_is_least,
        },
    )


def addition_fields(work: Work, level: Level, contract: Contract) -> dict[str, int]:
    """What a level adds for each position."""
    path: Path = ("margin", "level", work.rulebook.levels.index(level), "add")
    added = level.additions
    most = added.reward_most
    premium = Fraction(0)
    if added.skew_multiplier:
        if work.rulebook.fill.skew_scale:
            premium = (
                added.skew_multiplier * Fraction(contract.lot_size) / Fraction(work.rulebook.fill.skew_scale) * PPB
            )
        else:
            work.tell_at(path, "there is no skew scale", 'Write [price.fill] kind = "skew_linear".')
    return {
        "add_fixed_quanta": work.quanta(added.fixed, path),
        "add_ppm": ceil(added.share * PPM),
        "reward_ppm": ceil(added.reward_share * PPM),
        "reward_min_quanta": work.quanta(added.reward_least, path) if added.reward_share else 0,
        "reward_max_quanta": (VALUE_MAX if most is None else work.quanta(most, path)) if added.reward_share else 0,
        "premium_num": premium.numerator,
        "premium_den": premium.denominator,
    }


def bracket_rates(work: Work, level: Level, schedule: Schedule, market: str, contract: Contract) -> Rates:
    """One bracket table: common denominator, numerators and exact deductions."""
    path: Path = ("margin", "schedule", work.rulebook.schedules.index(schedule), "brackets", market)
    rates = [rate_of(level, bracket) for bracket in schedule.brackets[market]]
    denominator = lcm(*(rate.denominator for rate in rates))
    if denominator > RATE_DENOMINATOR_MAX:
        work.tell_at(
            path,
            f"at level {level.name} the rates have the common denominator {denominator}, more than 2^31",
            "Use leverages and rates that divide each other, such as 50, 25, 20, 10.",
        )
    rows: list[tuple[int, int, int, int]] = []
    deduction = numerator = 0
    for row, (bracket, rate) in enumerate(zip(schedule.brackets[market], rates, strict=True)):
        floor = _floor(work, schedule, bracket, contract, (*path, row, "from"))
        before, numerator = numerator, int(rate * denominator)
        if schedule.mode == "marginal":
            deduction += floor * (numerator - before)
        rows.append((floor, numerator, deduction // denominator, deduction % denominator))
    return Rates(denominator, tuple(rows), ceil(max(rates) * PPM))


def _floor(work: Work, schedule: Schedule, bracket: Bracket, contract: Contract, path: Path) -> int:
    """The floor of a bracket in quanta, or in lots where size selects it."""
    if schedule.driver != "position_size":
        return work.quanta(bracket.floor, path)
    lots = Fraction(bracket.floor) / Fraction(contract.lot_size)
    if lots.denominator != 1:
        work.tell_at(path, f"{bracket.floor} is no whole number of lots of {contract.symbol}", "Write a multiple.")
    return int(lots)


def write_levels(work: Work, terms: Terms) -> None:
    """What each rung counts."""
    for level in work.rulebook.levels:
        write_fields(
            terms.levels[LevelCode[level.name.upper()]],
            {
                "used": 1,
                "includes_orders": level.includes_orders,
                "open_loss": level.open_loss,
                "blocks_open": "open" in level.blocks,
                "blocks_withdraw": "withdraw" in level.blocks,
                "maintenance_weights": level.weights == "maintenance",
                "scenario": work.rulebook.schedule(level.of).scenarios is not None,
            },
        )
        if level.name == "initial" and set(level.blocks) != {"open", "withdraw"}:
            work.notes.append("The machine gates opening and withdrawing at the initial level whatever `blocks` says.")


def schedule_code(schedule: Schedule) -> ScheduleCode:
    """The code of a kind of brackets."""
    if schedule.kind == "user_leverage":
        return ScheduleCode.USER_LEVERAGE
    if schedule.driver == "position_size":
        return ScheduleCode.BRACKETS_BY_SIZE
    return ScheduleCode.BRACKETS_MARGINAL if schedule.mode == "marginal" else ScheduleCode.BRACKETS_WHOLE
