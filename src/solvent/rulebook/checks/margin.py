"""Schedules rise, levels are ordered at every size."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from solvent.rulebook.checks.parts import LEVEL_PATH, SCHEDULE_PATH, Parts, Tell, known_rows, tell_twins
from solvent.rulebook.locate import Path
from solvent.rulebook.rules import DEFAULT_MARKET, Bracket, Level, Schedule


def check_schedules(parts: Parts, tell: Tell) -> None:
    """Brackets start at zero and rise; a leverage the trader chooses is bounded by marginal brackets."""
    ids = (((*SCHEDULE_PATH, row, "id"), schedule.id) for row, schedule in known_rows(parts.schedules))
    tell_twins(ids, tell)
    by_id = schedules_by_id(parts)
    for row, schedule in known_rows(parts.schedules):
        for market, brackets in schedule.brackets.items():
            check_brackets((*SCHEDULE_PATH, row, "brackets", market), brackets, tell)
        if schedule.kind != "user_leverage" or not schedule.bounded_by:
            continue
        path: Path = (*SCHEDULE_PATH, row, "bounded_by")
        bound = by_id.get(schedule.bounded_by)
        if bound is None:
            if "margin.schedule" in parts.complete:
                tell(path, f"there is no schedule `{schedule.bounded_by}`", f"Name one of: {', '.join(by_id)}.")
        elif bound.kind != "brackets" or bound.mode != "marginal":
            tell(path, f"`{bound.id}` cannot bound a chosen leverage", "Name a schedule of marginal brackets.")


def check_brackets(path: Path, brackets: Sequence[Bracket], tell: Tell) -> None:
    """From zero, strictly up, and never cheaper for being larger."""
    if brackets[0].floor != 0:
        tell((*path, 0, "from"), "the first bracket does not start at zero", 'Write from = "0".')
    for row, (before, here) in enumerate(pairwise(brackets), start=1):
        if here.floor <= before.floor:
            tell(
                (*path, row, "from"),
                f"{here.floor} is not above the bracket before, {before.floor}",
                "Put the brackets in ascending order.",
            )
        if here.initial < before.initial or here.maintenance < before.maintenance:
            tell(
                (*path, row),
                "a larger position would need a smaller rate than the bracket before",
                "Lower max_leverage or raise mmr_ppm here.",
            )


def schedules_by_id(parts: Parts) -> dict[str, Schedule]:
    """Schedules by name, the first of a name."""
    found: dict[str, Schedule] = {}
    for _row, schedule in known_rows(parts.schedules):
        found.setdefault(schedule.id, schedule)
    return found


def bound_of(parts: Parts, level: Level) -> Schedule | None:
    """The schedule whose rates bind at a level: a chosen leverage may not undercut its bound."""
    by_id = schedules_by_id(parts)
    schedule = by_id.get(level.of)
    if schedule is not None and schedule.kind == "user_leverage":
        return by_id.get(schedule.bounded_by)
    return schedule


def rate_of(level: Level, bracket: Bracket) -> Fraction:
    """Rate of a bracket at a level, its scale included."""
    return (bracket.initial if level.name == "initial" else bracket.maintenance) * level.scale


def check_levels(parts: Parts, tell: Tell) -> None:
    """Initial and maintenance exist; what the machine's watch relies on holds."""
    names = [level.name for _row, level in known_rows(parts.levels)]
    tell_twins((((*LEVEL_PATH, row, "name"), level.name) for row, level in known_rows(parts.levels)), tell)
    if "margin.level" in parts.complete:
        for name in ("initial", "maintenance"):
            if name not in names:
                tell(LEVEL_PATH, f"there is no level `{name}`", f'Add a [[margin.level]] with name = "{name}".')
    by_id = schedules_by_id(parts)
    for row, level in known_rows(parts.levels):
        path: Path = (*LEVEL_PATH, row)
        if level.name == "maintenance" and level.includes_orders:
            tell(
                (*path, "includes_orders"),
                "liquidation may not depend on open orders",
                "Count them at the initial level only.",
            )
        if level.open_loss and not level.includes_orders:
            tell((*path, "add"), "open_loss counts open orders only", "Set includes_orders = true.")
        schedule = by_id.get(level.of)
        if schedule is None:
            if "margin.schedule" in parts.complete:
                tell((*path, "of"), f"there is no schedule `{level.of}`", f"Name one of: {', '.join(by_id)}.")
            continue
        if schedule.kind == "user_leverage" and level.name != "initial":
            tell(
                (*path, "of"),
                "a chosen leverage would move the liquidation price",
                f"Name the brackets, `{schedule.bounded_by}`.",
            )
        bound = bound_of(parts, level)
        if bound is None:
            continue
        word = "brackets" if bound.brackets else "curve"
        for market in bound.brackets or bound.curves:
            if rate_range(level, bound, market)[1] > 1:
                tell(
                    (*path, "scale_ppm"),
                    f"scaled, the {word} of {market} ask for more than the whole notional",
                    "Write a smaller scale, or a smaller cap.",
                )
                break


def _requirement(level: Level, schedule: Schedule, brackets: Sequence[Bracket]) -> list[tuple[Fraction, ...]]:
    """(floor, slope, intercept) of each piece of a level's requirement."""
    pieces: list[tuple[Fraction, ...]] = []
    deduction = slope = Fraction(0)
    for bracket in brackets:
        floor, rate = Fraction(bracket.floor), rate_of(level, bracket)
        if schedule.mode == "marginal":
            deduction += floor * (rate - slope)
        slope = rate
        pieces.append((floor, rate, -deduction))
    return pieces


def _falls_below(upper: Sequence[tuple[Fraction, ...]], lower: Sequence[tuple[Fraction, ...]]) -> Fraction | None:
    """The first notional at which `upper` asks for less than `lower`; both are straight between floors."""
    floors = sorted({piece[0] for piece in (*upper, *lower)})

    def at(pieces: Sequence[tuple[Fraction, ...]], floor: Fraction) -> tuple[Fraction, ...]:
        return [piece for piece in pieces if piece[0] <= floor][-1]

    for row, floor in enumerate(floors):
        _first, slope_upper, upper_at = at(upper, floor)
        _first, slope_lower, lower_at = at(lower, floor)
        ends = [floor, *floors[row + 1 : row + 2]]
        for notional in ends:
            if slope_upper * notional + upper_at < slope_lower * notional + lower_at:
                return notional
        if len(ends) == 1 and slope_upper < slope_lower:
            return floor
    return None


def check_what_is_run(parts: Parts, tell_unrun: Tell) -> None:
    """Kinds of schedules that only matter where a level uses them."""
    by_id = schedules_by_id(parts)
    rows = {schedule.id: row for row, schedule in known_rows(parts.schedules)}
    scenarios = {
        level.of for _row, level in known_rows(parts.levels) if level.of in by_id and by_id[level.of].scenarios
    }
    for row, level in known_rows(parts.levels):
        schedule = by_id.get(level.of)
        if schedule is None:
            continue
        at: Path = (*LEVEL_PATH, row, "of")
        if schedule.kind == "option_standard":
            tell_unrun(
                at, "options take these rates by themselves, other contracts have none", "Name another schedule."
            )
        if schedule.kind == "user_leverage" and not schedule.bounded_by:
            tell_unrun(
                (*SCHEDULE_PATH, rows[schedule.id], "kind"),
                "the machine bounds a chosen leverage",
                "Add bounded_by, the id of marginal brackets.",
            )
        if schedule.kind == "brackets" and schedule.driver == "position_size" and schedule.mode == "marginal":
            tell_unrun(
                (*SCHEDULE_PATH, rows[schedule.id], "mode"),
                "brackets by size are not marginal",
                'Write mode = "whole", or let the notional drive.',
            )
        if schedule.kind == "curve" and schedule.driver == "market_open_interest" and level.name != "initial":
            tell_unrun(
                at,
                f"{level.name} would move with what others trade",
                "Let open interest drive the initial level only.",
            )
        if len(scenarios) > 1 and level.of in scenarios:
            tell_unrun(at, "the machine keeps one set of scenarios", "Let the levels scale one schedule.")


def rate_range(level: Level, schedule: Schedule, market: str) -> tuple[Fraction, Fraction]:
    """Least and largest rate a level may ask of a market, what it adds by the notional included."""
    if schedule.kind == "curve":
        curve = schedule.curve(market)
        low, high = max(curve.base, curve.floor), curve.cap
        if (curve.slope == 0 and curve.reach is None) or schedule.driver == "none":
            high = low
        low, high = low * level.scale, high * level.scale
    elif schedule.kind == "zero":
        low = high = Fraction(0)
    else:
        brackets = _brackets_of(schedule, market)
        rates = [rate_of(level, bracket) for bracket in brackets]
        low, high = min(rates, default=Fraction(0)), max(rates, default=Fraction(0))
    return low + level.additions.share, high + level.additions.share + level.additions.reward_share


def check_order_of_levels(parts: Parts, tell: Tell) -> None:
    """Initial asks for at least maintenance, maintenance for at least close-out, at every size."""
    rows = {level.name: (row, level) for row, level in known_rows(parts.levels)}
    for high, low in (("initial", "maintenance"), ("maintenance", "close_out")):
        if high not in rows or low not in rows:
            continue
        row, lower = rows[low]
        upper = rows[high][1]
        upper_schedule, lower_schedule = bound_of(parts, upper), bound_of(parts, lower)
        if upper_schedule is None or lower_schedule is None:
            continue
        if not _brackets_alone(upper_schedule, lower_schedule):
            _check_order_of_ranges(row, (upper, upper_schedule), (lower, lower_schedule), tell)
            continue
        found: dict[str, Fraction] = {}
        for market in dict.fromkeys((*lower_schedule.brackets, *upper_schedule.brackets)):
            above, below = _brackets_of(upper_schedule, market), _brackets_of(lower_schedule, market)
            if below and _is_ordered(above) and _is_ordered(below):
                notional = _falls_below(
                    _requirement(upper, upper_schedule, above), _requirement(lower, lower_schedule, below)
                )
                if notional is not None:
                    found[market] = notional
        if found:
            tell(
                (*LEVEL_PATH, row),
                f"near a notional of {float(next(iter(found.values()))):,.0f} {low} asks for more than {high}"
                f" ({', '.join(found)})",
                f"Lower its rates or scale, or raise those of {high}.",
            )


def _brackets_alone(*schedules: Schedule) -> bool:
    """True when both ladders step over the notional, so that they can be compared size by size."""
    return all(
        schedule.kind == "zero" or (schedule.kind == "brackets" and schedule.driver == "position_notional")
        for schedule in schedules
    )


def _check_order_of_ranges(row: int, upper: tuple[Level, Schedule], lower: tuple[Level, Schedule], tell: Tell) -> None:
    """Levels with curves or scenarios: on one schedule their scales are compared, else everything each may ask.

    Two curves over one driver are compared where either bends and far beyond.
    """
    high, high_schedule = upper
    low, low_schedule = lower
    path: Path = (*LEVEL_PATH, row)
    remedy = f"Lower its rates or scale, or raise those of {high.name}."
    problem = f"{low.name} may ask for more than {high.name}"
    less = (
        low.additions.fixed > high.additions.fixed
        or low.additions.share > high.additions.share
        or low.additions.reward_share > high.additions.reward_share
        or low.additions.skew_multiplier > high.additions.skew_multiplier
    )
    if high_schedule.scenarios or low_schedule.scenarios:
        if high_schedule.id != low_schedule.id:
            tell((*path, "of"), "scenarios and rates cannot be compared", "Let both levels scale one schedule.")
        elif low.scale > high.scale or less:
            tell((*path, "scale_ppm"), problem, remedy)
        return
    if high_schedule.id == low_schedule.id and high_schedule.brackets:
        rates = [bracket for brackets in high_schedule.brackets.values() for bracket in brackets]
        if less or any(rate_of(high, bracket) < rate_of(low, bracket) for bracket in rates):
            tell(path, problem, remedy)
        return
    markets = dict.fromkeys((DEFAULT_MARKET, *high_schedule.curves, *low_schedule.curves, *low_schedule.brackets))
    for market in markets:
        if high_schedule.kind == low_schedule.kind == "curve" and high_schedule.driver == low_schedule.driver:
            above, below = high_schedule.curve(market), low_schedule.curve(market)
            bends = {
                Fraction(size)
                for curve in (above, below)
                for size in (0, curve.threshold, curve.reach or 0, curve.threshold + (curve.step or 1), 10**12)
            }
            ordered = all(above.rate(size) * high.scale >= below.rate(size) * low.scale for size in bends)
            ordered &= high.additions.share + above.base * high.scale >= low.additions.share + below.base * low.scale
        else:
            ordered = rate_range(high, high_schedule, market)[0] >= rate_range(low, low_schedule, market)[1]
        if not ordered or low.additions.fixed > high.additions.fixed:
            tell(path, f"{problem} ({market})", remedy)
            return


def _brackets_of(schedule: Schedule, market: str) -> Sequence[Bracket]:
    """Brackets of a market; a schedule without any asks for nothing."""
    if schedule.kind == "zero":
        return (Bracket(Decimal(0), Fraction(0), Fraction(0)),)
    return schedule.brackets.get(market, schedule.brackets.get(DEFAULT_MARKET, ()))


def _is_ordered(brackets: Sequence[Bracket]) -> bool:
    floors = [bracket.floor for bracket in brackets]
    return floors[:1] == [0] and all(before < here for before, here in pairwise(floors))
