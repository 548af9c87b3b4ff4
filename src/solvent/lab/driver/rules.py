"""Changes of rules: all rates, a stage, a policy, and changes that must be refused as a whole."""

from fractions import Fraction
from random import Random

from solvent.codes import Accept, AdlPolicy, AdlPrice, AdlScore, Executor, FeeBase, Level, PriceLimit, Schedule
from solvent.commands import Command, EnactTerms, ProposeTerms, StageTerm, VetoTerms, VoteTerms
from solvent.lab.driver.setting import MINUTE, SECOND, Setting
from solvent.state.terms import SOURCES_MAX
from solvent.units import PPM


def _ask_terms(world: Setting) -> Command:
    """A change of rules, all its cells and the enactment; what was refused is put back."""
    chance = world.random
    changes = chance.choice([_change_rates, _change_stage, _change_policy, _change_wrong])(world)
    for cell, value in changes:
        world.ask(StageTerm(world.time_ns, cell, value))
    version = world.books.terms_version + 1
    other = Random(world.books.sequence)  # a chance of its own, so that worlds of before stay what they were
    if world.books.rules.governing["enforced"] or other.random() < 0.1:
        world.ask(ProposeTerms(world.time_ns, version, other.choice([1, 1, 2, 3, 0])))
        for seat in other.choices([1, 2, 3, 4], k=other.randint(0, 3)):
            world.ask(VoteTerms(world.time_ns, version, seat))
        if other.random() < 0.3:
            world.ask(VetoTerms(world.time_ns, version, other.choice([1, 2, 3])))
        world.ask(StageTerm(world.time_ns, 0, int(world.state.cells[0])))
        world.time_ns += other.choice([0, SECOND, MINUTE])
    world.ask(EnactTerms(world.time_ns, version))
    for cell, _value in world.wrong:
        world.ask(StageTerm(world.time_ns, cell, int(world.state.cells[cell])))
    return world.pending.popleft()


def _change_rates(world: Setting) -> list[tuple[int, int]]:
    """All rates of one market up or down, deductions rebuilt."""
    world.wrong = ()
    instrument = world.market()
    factor = Fraction(world.random.choice([9, 10, 11, 13]), 10)
    changes = []
    for level in Level:
        row = level * world.instruments + instrument
        schedule = world.state.schedules[row]
        denominator, first = int(schedule.denominator), int(schedule.first_bracket)
        deduction, last = 0, 0
        for place in range(first, first + int(schedule.bracket_count)):
            bracket = world.state.brackets[place]
            rate = min(max(int(bracket.numerator * factor), 1), denominator)
            if place > first and schedule.kind != Schedule.BRACKETS_WHOLE:
                deduction += int(bracket.floor_quanta) * (rate - last)
            last = rate
            whole, rest = divmod(deduction, denominator)
            for name, value in (("numerator", rate), ("deduction_whole", whole), ("deduction_rest", rest)):
                changes.append((world.cell("brackets", place, name), value))
        largest = max(-(-last * PPM // denominator), int(schedule.rate_max_ppm))
        changes.append((world.cell("schedules", row, "rate_max_ppm"), largest))
    return changes


def _change_stage(world: Setting) -> list[tuple[int, int]]:
    world.wrong = ()
    chance = world.random
    used = [row for row, stage in enumerate(world.books.rules.stages) if stage["used"]]
    row = chance.choice(used)
    name, value = chance.choice(
        [
            ("fee_ppm", chance.choice([0, 2_500, 30_000])),
            ("timeout_ns", chance.choice([0, SECOND, MINUTE])),
            ("or_equal", chance.randint(0, 1)),
            ("sizing", chance.choice([0, 1])),
            ("executor", chance.choice(list(Executor))),
            ("accept", chance.choice(list(Accept))),
            ("price_limit", chance.choice(list(PriceLimit))),
            ("fee_base", chance.choice(list(FeeBase))),
            ("price_ppm", chance.choice([0, 20_000])),
        ]
    )
    return [(world.cell("stages", row, name), int(value))]


def _change_policy(world: Setting) -> list[tuple[int, int]]:
    world.wrong = ()
    chance = world.random
    name, value = chance.choice(
        [
            ("adl_price", chance.choice(list(AdlPrice))),
            ("adl_score", chance.choice(list(AdlScore))),
            ("adl_policy", chance.choice(list(AdlPolicy))),
            ("withdraw_gains", chance.randint(0, 1)),
            ("withdraw_notional_ppm", chance.choice([0, 50_000])),
            ("advance_max", chance.choice([1, 5, 50])),
        ]
    )
    return [(world.cell("policy", 0, name), int(value))]


def _change_wrong(world: Setting) -> list[tuple[int, int]]:
    """A change the machine must refuse as a whole."""
    chance = world.random
    row = chance.randrange(world.instruments)
    cell, value = chance.choice(
        [
            (world.cell("contracts", row, "quanta_per_lot_tick"), 77),
            (world.cell("contracts", row, "price_max_ticks"), 3),
            (world.cell("stages", 0, "scale_ppm"), PPM // 2),
            (world.cell("stages", 0, "used"), 0),
            (world.cell("stages", 0, "executor"), 9),
            (world.cell("levels", Level.MAINTENANCE, "used"), 0),
            (world.cell("levels", Level.MAINTENANCE, "includes_orders"), 1),
            (world.cell("policy", 0, "advance_max"), 0),
            (world.cell("policy", 0, "sources_min"), SOURCES_MAX + 1),
            (world.cell("assets", 1, "maintenance_ppm"), PPM + 1),
            (world.cell("absorbers", 0, "cap_ppm"), PPM + 1 if world.state.absorbers[0].used else 0),
            (world.cell("schedules", row, "denominator"), -1),
        ]
    )
    world.wrong = ((cell, value),)
    return list(world.wrong)


ASKS = {
    "terms": _ask_terms,
}
"""What may be asked, by name; how often is said in `world.WEIGHTS`."""
