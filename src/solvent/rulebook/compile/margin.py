"""From schedules and levels to rows of brackets: kinds become whole numbers.

Brackets of one schedule, at a level's scale, share the common denominator D of their rates n_k / D, so that
leverage 30 stays 1/30. Deductions follow from the floors and are never written down:

    D_0 = 0,   D_k = D_(k-1) + floor_k x (n_k - n_(k-1))     stored as D_k // D and D_k mod D, exactly
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, lcm

from solvent.codes import Level as LevelCode
from solvent.codes import Schedule as ScheduleCode
from solvent.rulebook.checks.margin import rate_of
from solvent.rulebook.compile.work import Work, write_fields
from solvent.rulebook.locate import Path
from solvent.rulebook.rules import DEFAULT_MARKET, Level, Schedule
from solvent.state.terms import Terms
from solvent.units import PPM, RATE_DENOMINATOR_MAX


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
        bound = work.rulebook.schedule(schedule.bounded_by) if schedule.bounded_by else schedule
        for instrument, contract in enumerate(work.contracts):
            place = (int(LevelCode[level.name.upper()]), instrument)
            if schedule.kind == "zero":
                rows[place] = {"kind": ScheduleCode.ZERO, "denominator": 1}
                continue
            market = next((name for name in (contract.base, DEFAULT_MARKET) if name in bound.brackets), None)
            if market is None:
                if contract.position_max != 0:
                    work.tell_at(
                        ("margin", "schedule", work.rulebook.schedules.index(bound), "brackets"),
                        f"there are no brackets for {contract.base}",
                        f"Add {contract.base} = [ … ] or default = [ … ].",
                    )
                rows[place] = {"kind": ScheduleCode.ZERO, "denominator": 1}
                continue
            rates = bracket_rates(work, level, bound, market)
            first = brackets.setdefault(rates.rows, sum(map(len, brackets)))
            rows[place] = {
                "kind": schedule_code(schedule),
                "first_bracket": first,
                "bracket_count": len(rates.rows),
                "denominator": rates.denominator,
                "scale_ppm": int(level.scale * PPM),
                "rate_max_ppm": rates.rate_max_ppm,
            }
    return rows


def bracket_rates(work: Work, level: Level, schedule: Schedule, market: str) -> Rates:
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
        floor = work.quanta(bracket.floor, (*path, row, "from"))
        before, numerator = numerator, int(rate * denominator)
        if schedule.mode == "marginal":
            deduction += floor * (numerator - before)
        rows.append((floor, numerator, deduction // denominator, deduction % denominator))
    return Rates(denominator, tuple(rows), ceil(max(rates) * PPM))


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
            },
        )
        if level.name == "initial" and set(level.blocks) != {"open", "withdraw"}:
            work.notes.append("The machine gates opening and withdrawing at the initial level whatever `blocks` says.")


def schedule_code(schedule: Schedule) -> ScheduleCode:
    """The code of a kind of schedule."""
    if schedule.kind == "user_leverage":
        return ScheduleCode.USER_LEVERAGE
    return ScheduleCode.BRACKETS_MARGINAL if schedule.mode == "marginal" else ScheduleCode.BRACKETS_WHOLE
