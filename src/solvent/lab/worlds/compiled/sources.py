"""Price reports of a step, funding, the machine's working time, and time itself."""

import math

from solvent.commands import CommandKind
from solvent.lab.worlds.compiled.batch import new_command, room_left
from solvent.lab.worlds.compiled.book import VOLATILITY_MEMORY_SECONDS
from solvent.lab.worlds.compiled.linking import world_kernel
from solvent.lab.worlds.compiled.stream import FEEDS, normal
from solvent.lab.worlds.compiled.tables import Cursor, Rate, Setting
from solvent.lab.worlds.compiled.trading import displaced


@world_kernel
def report_prices(state, given, going, now, step, again):
    """The reports of a step; in its later rounds only of markets whose venue price has moved."""
    lag = given.oracle_lag[step]
    if lag < 0:
        return
    seen = max(step - lag, 0)
    settings = given.settings
    feeds = settings[Setting.FEEDS]
    for k in range(settings[Setting.MARKETS]):
        index = given.opening_ticks[k] * math.exp(going.returns[seen, k])
        displacement = going.lasting[k] + going.fading[k]
        for f in range(feeds):
            price = index * math.exp(given.feed_follows[f] * displacement) * (1.0 + given.oracle_shift[step, f])
            if given.feed_noise[f] > 0.0:
                price *= 1.0 + given.feed_noise[f] * normal(
                    settings[Setting.SEED],
                    settings[Setting.SCENARIO],
                    going.cursor[Cursor.PATH],
                    FEEDS + k * feeds + f,
                    step,
                )
            ticks = int(min(max(price + 0.5, 1.0), float(state.contracts[k].price_max_ticks)))
            if again and ticks == going.reported[k, f]:
                continue
            if room_left(going) < 1:
                return
            going.reported[k, f] = ticks
            command = new_command(going, CommandKind.PRICE_REPORT, now)
            command.instrument = k
            command.source = given.feed_sources[k, f]
            command.price_ticks = ticks
            command.source_time_ns = now


@world_kernel
def add_advances(state, given, going, now):
    """One Advance to let time pass, more while accounts wait in the queue."""
    count = given.settings[Setting.ADVANCE_COUNT]
    turns = min(1 + int(state.venue[0].queue_count) // count, given.settings[Setting.ADVANCES])
    for _turn in range(turns):
        command = new_command(going, CommandKind.ADVANCE, now)
        command.count = count


@world_kernel
def let_time_pass(given, going, step, seconds):
    """Prices of the step, realised variance, fading impact, refilling books."""
    weight = 1.0 - math.exp(-seconds / VOLATILITY_MEMORY_SECONDS)
    fades = 0.5 ** (seconds / given.rates[Rate.RECOVERY_SECONDS])
    refills = math.exp(-seconds / given.rates[Rate.REFILL_SECONDS])
    for k in range(going.price_ticks.shape[0]):
        before = going.returns[step - 1, k] if step > 0 else 0.0
        change = going.returns[step, k] - before
        going.variance[k] += weight * (change * change / seconds - going.variance[k])
        going.price_ticks[k] = given.opening_ticks[k] * math.exp(going.returns[step, k])
        going.fading[k] *= fades
        going.taken[k] *= refills


@world_kernel
def tick_funding(given, going, now):
    """Longs pay shorts what the venue's price is above the index, within the cap."""
    cap = given.rates[Rate.FUNDING_CAP]
    for k in range(going.price_ticks.shape[0]):
        premium = displaced(going, k) - 1.0
        rate = int(min(max(premium, -cap), cap) * 1e9)
        if rate != 0 and room_left(going) > 0:
            command = new_command(going, CommandKind.FUNDING_TICK, now)
            command.instrument = k
            command.rate_ppb = rate
