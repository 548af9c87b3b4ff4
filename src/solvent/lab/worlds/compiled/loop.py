"""The compiled loop: world step -> commands -> apply -> events -> fills, with no Python in between.

One step of a path, in rounds: what the book took of the liquidation orders, collateral sold, the vault's unwinding,
what the world's actors and the plan do, the reports of the step, and as many `Advance` as the venue works. Between
steps nothing happens. Later rounds of a step exist while somebody is in liquidation: fills move the venue's price, the
feeds that follow it report again, and the machine judges again. The machine is the only judge: the loop reads public
state (orders in the market, modes, wallets) and sends ordinary commands.

What each part does stands in a file of its own: `batch`, `hearing`, `trading`, `actors`, `sources`.
"""

import math

from solvent.codes import SystemAccount
from solvent.compiled import bind
from solvent.lab.worlds.compiled.actors import follow_plan, panic, vault_worth
from solvent.lab.worlds.compiled.book import SECONDS_PER_DAY
from solvent.lab.worlds.compiled.hearing import listen
from solvent.lab.worlds.compiled.linking import call_apply, world_entry, world_kernel
from solvent.lab.worlds.compiled.sources import add_advances, let_time_pass, report_prices, tick_funding
from solvent.lab.worlds.compiled.tables import BATCH_ROOM, BUCKETS, Cursor, MarketTotal, Moment, Setting, Total
from solvent.lab.worlds.compiled.trading import feel_impact, fill_orders, fill_unwinds, sell_collateral, unwind_vault

NANOSECONDS = 1_000_000_000
LAST_ROUNDS = 40


@world_kernel
def send(address, state_tables, watch_tables, tape_tables, tape, given, going):
    """Apply the batch and listen; the machine is called again while its tape was too short for all of it."""
    count = going.cursor[Cursor.BATCH]
    going.cursor[Cursor.BATCH] = 0
    if going.kept.shape[0] > 0:
        for i in range(count):
            going.kept[going.cursor[Cursor.KEPT] + i] = going.batch[i]
        going.cursor[Cursor.KEPT] += count
    going.totals[Total.COMMANDS] += count
    records = going.batch[:count]
    place = 0
    while place < count:
        tape.meter[0] = 0
        before = place
        place = call_apply(address, state_tables, watch_tables, tape_tables, records, place)
        told = tape.meter[0]
        listen(tape, given, going)
        if place == before and told == 0:
            going.totals[Total.UNFINISHED] += count - place
            break


@world_kernel
def funds_worth(state, markets):
    """Cash of the market funds, the venue's fund and its capital."""
    worth = int(state.accounts[SystemAccount.VENUE_FUND].wallet_quanta)
    worth += int(state.accounts[SystemAccount.VENUE_CAPITAL].wallet_quanta)
    for k in range(markets):
        worth += int(state.accounts[SystemAccount.MARKET_FUNDS + k].wallet_quanta)
    return worth


@world_kernel
def note_moment(state, given, going, step):
    """Where the path stands after a step."""
    totals = going.totals
    steps = going.returns.shape[0]
    markets = given.settings[Setting.MARKETS]
    funds = funds_worth(state, markets)
    vault = vault_worth(state)
    totals[Total.FUNDS_END] = funds
    totals[Total.FUNDS_LEAST] = min(totals[Total.FUNDS_LEAST], funds)
    totals[Total.VAULT_LEAST] = min(totals[Total.VAULT_LEAST], vault)
    level = 0.0
    for k in range(markets):
        level += math.exp(going.returns[step, k])
        ticks = state.instruments[k].mark_ticks
        going.by_market[k, MarketTotal.LEAST_TICKS] = min(going.by_market[k, MarketTotal.LEAST_TICKS], ticks)
        going.by_market[k, MarketTotal.MOST_TICKS] = max(going.by_market[k, MarketTotal.MOST_TICKS], ticks)
    price_ppm = int(level / markets * 1e6)
    totals[Total.WORST_FALL_PPM] = max(totals[Total.WORST_FALL_PPM], 1_000_000 - price_ppm)
    totals[Total.WORST_RISE_PPM] = max(totals[Total.WORST_RISE_PPM], price_ppm - 1_000_000)
    line = going.line[step * BUCKETS // steps]
    line[Moment.FUNDS] = funds
    line[Moment.VAULT] = vault
    line[Moment.SHORTFALL] = totals[Total.SHORTFALL]
    line[Moment.LIQUIDATED] = totals[Total.LIQUIDATED] + totals[Total.TAKEN_OVER]
    line[Moment.QUEUED] = state.venue[0].queue_count
    line[Moment.PRICE_PPM] = price_ppm


@world_kernel
def is_busy(state, going):
    """True while somebody is in liquidation or something waits to be sold."""
    return going.cursor[Cursor.ACTIVE] > 0 or going.cursor[Cursor.SALES] > 0 or state.venue[0].queue_count > 0


@world_entry
def start_path(state_tables, given_tables, going_tables, path):
    """Make the arrays ready for a path whose returns are drawn: sums instead of steps, nothing told yet."""
    state = bind(state_tables)
    given = bind(given_tables)
    going = bind(going_tables)
    steps, markets = going.returns.shape
    for t in range(1, steps):
        for k in range(markets):
            going.returns[t, k] += going.returns[t - 1, k]
    going.cursor[:] = 0
    going.cursor[Cursor.PATH] = path
    going.lasting[:] = 0.0
    going.fading[:] = 0.0
    going.taken[:] = 0.0
    going.swept[:] = 0.0
    going.reported[:, :] = 0
    going.is_active[:] = 0
    going.totals[:] = 0
    going.by_market[:, :] = 0
    going.line[:, :] = 0
    going.defaults[:, :] = 0
    going.closings[:, :] = 0
    for k in range(markets):
        going.variance[k] = given.daily_volatility[k] ** 2 / SECONDS_PER_DAY
        going.price_ticks[k] = given.opening_ticks[k]
        going.by_market[k, MarketTotal.LEAST_TICKS] = state.instruments[k].mark_ticks
        going.by_market[k, MarketTotal.MOST_TICKS] = state.instruments[k].mark_ticks
    funds = funds_worth(state, markets)
    vault = vault_worth(state)
    going.totals[Total.FUNDS_START] = funds
    going.totals[Total.FUNDS_LEAST] = funds
    going.totals[Total.FUNDS_END] = funds
    going.totals[Total.VAULT_START] = vault
    going.totals[Total.VAULT_LEAST] = vault
    going.cursor[Cursor.VAULT_BEST] = vault


@world_entry
def play_steps(address, state_tables, watch_tables, tape_tables, given_tables, going_tables, last):
    """Play from where the cursor stands to step `last`; give the step it stands at.

    It stops early when commands are kept and there is no room left for those of one more step.
    """
    state = bind(state_tables)
    tape = bind(tape_tables)
    given = bind(given_tables)
    going = bind(going_tables)
    settings = given.settings
    step_ns = settings[Setting.STEP_NS]
    rounds_max = settings[Setting.ROUNDS_MAX]
    seconds = step_ns / NANOSECONDS
    steps = going.returns.shape[0]
    while going.cursor[Cursor.STEP] < last:
        if going.kept.shape[0] > 0:
            most = BATCH_ROOM + settings[Setting.MARKETS]
            if going.kept.shape[0] - going.cursor[Cursor.KEPT] < (rounds_max + LAST_ROUNDS) * most:
                break
        step = going.cursor[Cursor.STEP]
        let_time_pass(given, going, step, seconds)
        began = settings[Setting.START_NS] + (step + 1) * step_ns
        rounds = rounds_max
        told_ns = began
        if step == steps - 1:
            rounds += LAST_ROUNDS  # what is still being worked when the prices end is worked at the last price
        for turn in range(rounds):
            works = given.keepers_work[step] == 1 or turn >= rounds_max  # in the end somebody does the work
            if turn >= rounds_max and not is_busy(state, going):
                break
            now = began + turn * (step_ns // rounds_max)
            if 0 < turn < rounds_max and not (works and is_busy(state, going)):
                if now - told_ns >= settings[Setting.BEAT_NS]:
                    report_prices(state, given, going, now, step, False)
                    told_ns = now
                    if going.cursor[Cursor.BATCH] > 0:
                        send(address, state_tables, watch_tables, tape_tables, tape, given, going)
                continue
            if works:
                sell_collateral(state, given, going, now)
                fill_orders(state, given, going, now)
            moved = feel_impact(given, going)
            if turn == 0:
                follow_plan(state, given, going, now, step)
                panic(state, given, going, now, step)
                moved = feel_impact(given, going) or moved
                report_prices(state, given, going, now, step, False)
                if settings[Setting.FUNDING_STEPS] > 0 and step % settings[Setting.FUNDING_STEPS] == 0 and step > 0:
                    tick_funding(given, going, now)
                told_ns = now
            elif now - told_ns >= settings[Setting.BEAT_NS]:
                report_prices(state, given, going, now, step, False)
                told_ns = now
            elif moved:
                report_prices(state, given, going, now, step, True)
            if turn == 0:
                unwind_vault(state, given, going, now)
                feel_impact(given, going)
            if works:
                add_advances(state, given, going, now)
            going.totals[Total.ROUNDS] += 1
            send(address, state_tables, watch_tables, tape_tables, tape, given, going)
            fill_unwinds(state, given, going, now)
            if going.cursor[Cursor.BATCH] > 0:
                feel_impact(given, going)
                send(address, state_tables, watch_tables, tape_tables, tape, given, going)
        note_moment(state, given, going, step)
        going.cursor[Cursor.STEP] = step + 1
    going.totals[Total.STILL_QUEUED] = state.venue[0].queue_count
    return going.cursor[Cursor.STEP]
