"""Options and settlements of a world, in some worlds; drawn from a chance of their own.

So the worlds of seeds kept from earlier are what they were: nothing here takes from the world's other chance.
"""

from random import Random

from solvent.codes import Action, ContractKind, Level, Metric, Mode, Schedule
from solvent.commands import Command, SetMode, SettleMarket
from solvent.lab.driver.setting import MINUTE, SECOND, START_NS, Setting
from solvent.state.terms import Terms
from solvent.units import PPB, PPM, VALUE_MAX

WORLDS_APART = 11
FIRST_WORLD = 7
SHARE_OF_COMMANDS = 0.03


def has_ends(seed: int) -> bool:
    """True for the worlds in which markets end: one in eleven."""
    return seed % WORLDS_APART == FIRST_WORLD


def draw_options(world: Setting, terms: Terms) -> None:
    """The last market becomes an option on the first; shares, strike and expiry near what the world will see."""
    if not has_ends(world.seed):
        return
    chance = Random(world.seed * 15_485_863 + 1)
    last = world.instruments - 1
    contract, option, spot = terms.contracts[last], terms.options[last], terms.contracts[0]
    if contract.kind != ContractKind.LINEAR:
        return
    start = world.start_ticks[0]
    lot = world.start_ticks[last] * int(contract.quanta_per_lot_tick)
    contract.kind = ContractKind.OPTION
    option.underlying, option.is_put = 0, chance.randint(0, 1)
    option.strike_ticks = max(round(start * chance.uniform(0.8, 1.2)), 1)
    option.in_coin = chance.randint(0, 1)
    option.expiry_ns = START_NS + chance.choice([20 * MINUTE, 60 * MINUTE])
    option.unit_quanta = lot * 8 if option.in_coin else max(lot * 8 // start, 1)
    dearest = 1 if option.in_coin else max(int(spot.price_max_ticks), int(option.strike_ticks))
    most = VALUE_MAX // (dearest * int(option.unit_quanta))
    contract.lots_max = max(min(int(contract.lots_max), most), 1)
    share, least, of_mark = chance.choice([(150_000, 100_000, 75_000), (200_000, 20_000, 0), (75_000, 75_000, 75_000)])
    for level, scale in ((Level.INITIAL, 1_000), (Level.MAINTENANCE, 700), (Level.CLOSE_OUT, 400)):
        schedule = terms.schedules[level * world.instruments + last]
        schedule.kind, schedule.bracket_count, schedule.scale_ppm = Schedule.OPTION, 0, PPM
        schedule.base_ppb, schedule.floor_ppb, schedule.cap_ppb = share * scale, least * scale, of_mark * scale
        assert share * 1_000 <= PPB


def draw_blocks(world: Setting, terms: Terms) -> None:
    """Some breakers stop withdrawals or liquidation alone, one weighs the insolvent; pools fill at the skew's price."""
    if not has_ends(world.seed):
        return
    chance = Random(world.seed * 15_485_863 + 3)
    for breaker in terms.breakers:
        if breaker.used and chance.random() < 0.6:
            breaker.mode, breaker.by_command = Mode.ACTIVE, 0
            breaker.blocks = 1 << chance.choice([Action.WITHDRAW, Action.LIQUIDATE])
    for market in terms.markets:
        market.fill_skew_lots = chance.choice([0, 50, 1_000])
    breaker = terms.breakers[-1]
    breaker.used, breaker.metric, breaker.move_ppm = 1, Metric.INSOLVENT_REQUIREMENT, chance.choice([1, PPM])
    breaker.release_ns, breaker.blocks = chance.choice([0, SECOND]), 1 << Action.WITHDRAW


def ask_ended(world: Setting) -> Command | None:
    """Now and then a market ends, or is asked to too early; None leaves the turn to the others."""
    if not has_ends(world.seed):
        return None
    if world.ending is None:
        world.ending = Random(world.seed * 15_485_863 + 2)
    chance = world.ending
    if chance.random() >= SHARE_OF_COMMANDS:
        return None
    instrument = chance.randrange(world.instruments)
    option = world.state.options[instrument]
    priced_by = int(option.underlying) if world.books.is_option(instrument) else instrument
    if priced_by == instrument and chance.random() < 0.5:
        if chance.random() < 0.7:
            return None
        world.ask(SetMode(world.time_ns, instrument, Mode.HALTED))
    elif priced_by != instrument and chance.random() < 0.6:
        world.time_ns = max(world.time_ns, int(option.expiry_ns) - chance.choice([0, SECOND]))
    price = round(world.books.marks[priced_by] * chance.gauss(1, 0.05)) or world.start_ticks[priced_by]
    world.ask(SettleMarket(world.time_ns, instrument, max(price, 1)))
    return world.pending.popleft()
