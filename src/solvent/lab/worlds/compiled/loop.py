"""The compiled loop: world step -> commands -> apply -> events -> fills, with no Python in between.

One step of a path, in rounds: what the book took of the liquidation orders, collateral sold, the vault's unwinding,
what the world's actors and the plan do, the reports of the step, and as many `Advance` as the venue works. Between
steps nothing happens. Later rounds of a step exist while somebody is in liquidation: fills move the venue's price, the
feeds that follow it report again, and the machine judges again. The machine is the only judge: the loop reads public
state (orders in the market, modes, wallets) and sends ordinary commands.
"""

import math

from solvent.codes import Mode, Status, SystemAccount
from solvent.commands import CommandKind
from solvent.compiled import bind
from solvent.events import EventKind
from solvent.lab.worlds.compiled.book import (
    SECONDS_PER_DAY,
    VOLATILITY_MEMORY_SECONDS,
    depth_now,
    square_root_impact,
    sweep_distance,
)
from solvent.lab.worlds.compiled.linking import call_apply, world_entry, world_kernel
from solvent.lab.worlds.compiled.stream import ACTORS, FEEDS, normal, uniform
from solvent.lab.worlds.compiled.tables import (
    BATCH_ROOM,
    BUCKETS,
    CLOSINGS_KEPT,
    DEFAULTS_KEPT,
    SALES_MAX,
    Cursor,
    MarketTotal,
    Moment,
    Rate,
    Setting,
    Total,
)
from solvent.state.tables import NONE

NANOSECONDS = 1_000_000_000
MASK = (1 << 62) - 1
LAST_ROUNDS = 40
PANIC_STEPS = 60
ADVANCES_LEFT = 64


@world_kernel
def new_command(going, kind, now):
    """The next record of the batch, all zero but its kind and time."""
    place = going.cursor[Cursor.BATCH]
    going.cursor[Cursor.BATCH] = place + 1
    for word in range(going.words.shape[1]):
        going.words[place, word] = 0
    command = going.batch[place]
    command.kind = kind
    command.time_ns = now
    return command


@world_kernel
def room_left(going):
    """Records the batch still takes, what the advances need set aside."""
    return BATCH_ROOM - ADVANCES_LEFT - going.cursor[Cursor.BATCH]


@world_kernel
def keep_default(going, account, instrument, amount, notional):
    """Remember a shortfall among the largest of the path."""
    count = going.cursor[Cursor.DEFAULTS]
    place = count
    if count == DEFAULTS_KEPT:
        place = 0
        for row in range(1, DEFAULTS_KEPT):
            if going.defaults[row, 1] < going.defaults[place, 1]:
                place = row
        if going.defaults[place, 1] >= amount:
            return
    else:
        going.cursor[Cursor.DEFAULTS] = count + 1
    going.defaults[place, 0] = account
    going.defaults[place, 1] = amount
    going.defaults[place, 2] = instrument
    going.defaults[place, 3] = notional


@world_kernel
def listen(tape, given, going):
    """Take in what the machine told: totals, orders, collateral to sell, the fingerprint."""
    totals = going.totals
    count = tape.meter[0]
    totals[Total.EVENTS] += count
    print_ = int(totals[Total.FINGERPRINT])
    for i in range(count):
        event = tape.records[i]
        kind = event.kind
        account = event.account
        amount = event.amount_quanta
        instrument = event.instrument
        print_ = ((print_ ^ (int(kind) + int(account) * 64)) * 0x100000001B3) & MASK
        print_ = ((print_ ^ int(amount)) * 0x100000001B3) & MASK
        print_ = ((print_ ^ (int(event.price_ticks) + int(event.lots) * 8192)) * 0x100000001B3) & MASK
        print_ ^= print_ >> 29
        if kind == EventKind.MARK_MOVED:
            continue
        if kind == EventKind.ACCOUNT_FLAGGED:
            totals[Total.FLAGGED] += 1
            going.equity_at_flag[account] = event.equity_quanta
            going.requirement_at_flag[account] = event.requirement_quanta
            going.notional_at_flag[account] = amount
        elif kind == EventKind.ACCOUNT_RECOVERED:
            totals[Total.RECOVERED] += 1
        elif kind == EventKind.LIQUIDATION_ORDERED:
            if going.is_active[account] == 0:
                going.is_active[account] = 1
                going.active[going.cursor[Cursor.ACTIVE]] = account
                going.cursor[Cursor.ACTIVE] += 1
                going.ready_ns[account] = event.time_ns + given.settings[Setting.LATENCY_NS]
        elif kind == EventKind.LIQUIDATION_FILLED:
            totals[Total.LIQUIDATED] += amount
            going.by_market[instrument, MarketTotal.LIQUIDATED] += amount
        elif kind == EventKind.POSITION_TAKEN_OVER:
            totals[Total.TAKEN_OVER] += amount
            going.by_market[instrument, MarketTotal.LIQUIDATED] += amount
        elif kind == EventKind.POSITION_DELEVERAGED:
            totals[Total.DELEVERAGED] += amount
            totals[Total.DELEVERAGED_TIMES] += 1
            going.by_market[instrument, MarketTotal.DELEVERAGED] += amount
        elif kind == EventKind.SHORTFALL_DECLARED:
            totals[Total.SHORTFALL] += amount
            totals[Total.SHORTFALL_TIMES] += 1
            going.equity_at_flag[account] += amount
            if 0 <= instrument < going.by_market.shape[0]:
                going.by_market[instrument, MarketTotal.SHORTFALL] += amount
            keep_default(going, account, instrument, amount, going.notional_at_flag[account])
        elif kind == EventKind.TRANCHE_DRAWN:
            column = Total.BY_MARKET_FUND + event.tranche
            if column > Total.BY_HAIRCUT_ALL:
                column = Total.BY_OTHER + 0
            totals[column] += amount
        elif kind == EventKind.DEFICIT_OPENED:
            totals[Total.OPEN_DEFICIT] += amount
        elif kind == EventKind.DEFAULT_CLOSED:
            totals[Total.CLOSED] += 1
            # what the account had when it was flagged, plus what others paid for it, less what it kept
            loss = going.equity_at_flag[account] - amount
            requirement = going.requirement_at_flag[account]
            totals[Total.CLOSE_OUT_LOSS] += loss
            if 0 <= instrument < going.by_market.shape[0]:
                going.by_market[instrument, MarketTotal.CLOSINGS] += 1
                going.by_market[instrument, MarketTotal.CLOSE_OUT_LOSS] += loss
                going.by_market[instrument, MarketTotal.REQUIREMENT] += requirement
            place = going.cursor[Cursor.CLOSINGS]
            if place < CLOSINGS_KEPT:
                going.cursor[Cursor.CLOSINGS] = place + 1
                going.closings[place, 0] = account
                going.closings[place, 1] = instrument
                going.closings[place, 2] = going.notional_at_flag[account]
                going.closings[place, 3] = requirement
                going.closings[place, 4] = loss
                going.closings[place, 5] = event.time_ns
        elif kind == EventKind.PENALTY_CHARGED:
            totals[Total.PENALTIES] += amount
        elif kind == EventKind.RESIDUAL_TAKEN:
            totals[Total.RESIDUALS] += amount
            going.equity_at_flag[account] -= amount
        elif kind == EventKind.COMMAND_REFUSED:
            totals[Total.REFUSED] += 1
        elif kind == EventKind.MODE_CHANGED:
            totals[Total.MODE_CHANGES] += 1
        elif kind == EventKind.WITHDRAWN:
            totals[Total.WITHDRAWN] += amount
        elif kind == EventKind.VAULT_LEFT:
            totals[Total.SHARES_LEFT] += event.shares
        elif kind == EventKind.COLLATERAL_ORDERED:
            place = going.cursor[Cursor.SALES]
            if place < SALES_MAX:
                going.cursor[Cursor.SALES] = place + 1
                going.sales[place, 0] = account
                going.sales[place, 1] = event.asset
                going.sales[place, 2] = amount
                going.sales[place, 3] = event.value
                going.sales[place, 4] = event.reference
    totals[Total.FINGERPRINT] = print_


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
def displaced(going, k):
    """Factor by which forced trading has moved the venue's price of a market."""
    return math.exp(going.lasting[k] + going.fading[k])


@world_kernel
def venue_ticks(going, k):
    """The price at which the venue's own book trades now, in ticks, as a float."""
    return going.price_ticks[k] * displaced(going, k)


@world_kernel
def depth_of(given, going, k):
    """Notional the book of a market holds within one per cent now."""
    step = min(going.cursor[Cursor.STEP], going.depth.shape[0] - 1)
    return depth_now(
        given.calm_depth[k],
        going.depth[step, k],
        given.rates[Rate.COLLAPSE],
        going.variance[k],
        given.daily_volatility[k],
    )


@world_kernel
def sweep(state, given, going, k, lots, limit_ticks, most_notional):
    """(lots, price in ticks) of what the book takes of `lots` (signed: above zero is bought); (0, 0) is nothing.

    What was taken is remembered. A limit that the whole size would break is tried with less: a half, a quarter, an
    eighth.
    """
    price = venue_ticks(going, k)
    lot_value = price * given.value_per_lot_tick[k]
    if lot_value <= 0.0:
        return 0, 0
    depth = depth_of(given, going, k)
    room = most_notional
    size = abs(lots)
    if size * lot_value > room:
        size = int(room / lot_value)
        if size < 1:
            if going.taken[k] > 0.0:
                return 0, 0
            size = 1  # a book that nobody has touched takes one lot
    for _turn in range(4):
        distance = sweep_distance(
            given.ladder_shares,
            given.ladder_distances,
            depth,
            going.taken[k],
            size * lot_value,
            given.rates[Rate.IMPACT_SCALE],
            given.daily_volatility[k],
            given.daily_volume[k],
        )
        if lots > 0:
            ticks = int(math.ceil(price * (1.0 + distance)))
            fits = limit_ticks == 0 or ticks <= limit_ticks
        else:
            ticks = int(math.floor(price * (1.0 - distance)))
            fits = limit_ticks == 0 or ticks >= limit_ticks
        ticks = max(min(ticks, state.contracts[k].price_max_ticks), 1)
        if fits:
            going.taken[k] += size * lot_value
            going.swept[k] += size * lot_value if lots > 0 else -size * lot_value
            return (size if lots > 0 else -size), ticks
        size = size // 2
        if size < 1:
            break
    return 0, 0


@world_kernel
def feel_impact(given, going):
    """What was swept in this round moves the venue's price; True when any market moved."""
    moved = False
    for k in range(going.swept.shape[0]):
        if going.swept[k] == 0.0:
            continue
        law = square_root_impact(
            given.rates[Rate.IMPACT_SCALE], given.daily_volatility[k], abs(going.swept[k]), given.daily_volume[k]
        )
        jump = given.rates[Rate.FEEDBACK] * law
        if going.swept[k] < 0.0:
            jump = -jump
        going.lasting[k] += given.rates[Rate.PERMANENT] * jump
        going.fading[k] += (1.0 - given.rates[Rate.PERMANENT]) * jump
        going.swept[k] = 0.0
        moved = True
    return moved


@world_kernel
def provider(given, going, account):
    """The market maker whose turn it is, never the account itself."""
    first = given.settings[Setting.PROVIDER_FIRST]
    count = given.settings[Setting.PROVIDERS]
    going.cursor[Cursor.TURN] += 1
    chosen = first + going.cursor[Cursor.TURN] % count
    if chosen == account:
        going.cursor[Cursor.TURN] += 1
        chosen = first + going.cursor[Cursor.TURN] % count
    return chosen


@world_kernel
def fill_orders(state, given, going, now):
    """What the books take of the liquidation orders that are in the market, first come first served."""
    cursor = going.cursor
    left = 0
    for i in range(cursor[Cursor.ACTIVE]):
        account = going.active[i]
        terms = state.accounts[account]
        waits = False
        if terms.status == Status.DISTRESSED:
            row = terms.first_position
            while row != NONE:
                position = state.positions[row]
                orders_row = position.orders
                if orders_row != NONE and state.orders[orders_row].ordered_lots != 0:
                    waits = True
                    k = position.instrument
                    if (
                        going.ready_ns[account] <= now
                        and state.instruments[k].mode != Mode.HALTED
                        and room_left(going) > 0
                    ):
                        orders = state.orders[orders_row]
                        # a pace: what the venue lets forced orders take of the book that is left
                        pace = given.rates[Rate.PARTICIPATION] * depth_of(given, going, k) - going.taken[k]
                        lots, ticks = sweep(state, given, going, k, -orders.ordered_lots, orders.limit_ticks, pace)
                        if lots != 0:
                            command = new_command(going, CommandKind.LIQUIDATION_FILL, now)
                            command.account = account
                            command.counterparty = provider(given, going, account)
                            command.instrument = k
                            command.lots = abs(lots)
                            command.price_ticks = ticks
                            command.reference = terms.order_reference
                row = position.next
        if waits:
            going.active[left] = account
            left += 1
        else:
            going.is_active[account] = 0
    cursor[Cursor.ACTIVE] = left


@world_kernel
def sell_collateral(state, given, going, now):
    """Of the collateral ordered sold, what covers the debt goes out at the mark less a discount."""
    for i in range(going.cursor[Cursor.SALES]):
        if room_left(going) < 1:
            break
        asset = state.assets[going.sales[i, 1]]
        mark = float(state.instruments[asset.price_instrument].mark_ticks)
        worth = mark * float(asset.value_num) / float(asset.value_den)
        worth *= 1.0 - given.rates[Rate.COLLATERAL_DISCOUNT]
        held = going.sales[i, 2]
        sold = held
        if worth > 0.0 and going.sales[i, 3] / worth < held:
            sold = min(held, int(math.ceil(going.sales[i, 3] / worth)))
        command = new_command(going, CommandKind.COLLATERAL_SALE, now)
        command.account = going.sales[i, 0]
        command.asset = going.sales[i, 1]
        command.amount_quanta = max(sold, 1)
        command.proceeds_quanta = int(sold * worth)
        command.reference = going.sales[i, 4]
    going.cursor[Cursor.SALES] = 0


@world_kernel
def unwind_vault(state, given, going, now):
    """The vault works its book down, a little every step, through ordinary trades."""
    row = state.accounts[SystemAccount.VAULT].first_position
    while row != NONE:
        position = state.positions[row]
        k = position.instrument
        if position.lots != 0 and state.instruments[k].mode == Mode.ACTIVE and room_left(going) > 0:
            part = max(abs(position.lots) // given.settings[Setting.UNWIND_STEPS], 1)
            pace = given.rates[Rate.PARTICIPATION] * depth_of(given, going, k) - going.taken[k]
            lots, ticks = sweep(state, given, going, k, -part if position.lots > 0 else part, 0, pace)
            if lots != 0:
                command = new_command(going, CommandKind.TRADE, now)
                other = provider(given, going, NONE)
                command.account = SystemAccount.VAULT if lots > 0 else other
                command.counterparty = other if lots > 0 else SystemAccount.VAULT
                command.instrument = k
                command.lots = abs(lots)
                command.price_ticks = ticks
        row = position.next


@world_kernel
def follow_plan(state, given, going, now, step):
    """What was planned for this step: a trade without a price is done in the book, against the market makers."""
    for i in range(given.plan_first[step], given.plan_first[step + 1]):
        if room_left(going) < 1:
            break
        planned = given.plan[i]
        if planned.kind == CommandKind.TRADE and planned.price_ticks == 0:
            buys = planned.counterparty == 0
            who = planned.account if buys else planned.counterparty
            k = planned.instrument
            lots, ticks = sweep(state, given, going, k, planned.lots if buys else -planned.lots, 0, 1e18)
            if lots == 0:
                continue
            command = new_command(going, CommandKind.TRADE, now)
            other = provider(given, going, who)
            command.account = who if buys else other
            command.counterparty = other if buys else who
            command.instrument = k
            command.lots = abs(lots)
            command.price_ticks = ticks
            continue
        place = going.cursor[Cursor.BATCH]
        going.cursor[Cursor.BATCH] = place + 1
        going.batch[place] = planned
        going.batch[place].time_ns = now


@world_kernel
def panic(state, given, going, now, step):
    """After a fall, some traders take cash out; providers leave a vault that has lost too much."""
    rates = given.rates
    if rates[Rate.PANIC_PART] > 0.0:
        back = max(step - PANIC_STEPS, 0)
        fall = 0.0
        for k in range(going.returns.shape[1]):
            fall += going.returns[back, k] - going.returns[step, k]
        fall /= going.returns.shape[1]
        if fall > rates[Rate.PANIC_FALL]:
            first = given.settings[Setting.USER_FIRST]
            users = int(state.venue[0].account_count) - first
            count = int(users * rates[Rate.PANIC_SHARE])
            for i in range(min(count, 256)):
                if room_left(going) < 1:
                    break
                u = uniform(
                    given.settings[Setting.SEED],
                    given.settings[Setting.SCENARIO],
                    going.cursor[Cursor.PATH],
                    ACTORS,
                    step * 256 + i,
                )
                account = first + min(int(u * users), users - 1)
                terms = state.accounts[account]
                amount = int(terms.wallet_quanta * rates[Rate.PANIC_PART])
                if terms.status == Status.SOUND and amount > 0:
                    command = new_command(going, CommandKind.WITHDRAW, now)
                    command.account = account
                    command.amount_quanta = amount
    if rates[Rate.RUN_PART] > 0.0:
        worth = vault_worth(state)
        if worth > going.cursor[Cursor.VAULT_BEST]:
            going.cursor[Cursor.VAULT_BEST] = worth
        if worth < (1.0 - rates[Rate.RUN_FALL]) * going.cursor[Cursor.VAULT_BEST]:
            first = given.settings[Setting.PROVIDER_FIRST]
            for account in range(first, first + given.settings[Setting.PROVIDERS]):
                shares = int(state.accounts[account].vault_shares * rates[Rate.RUN_PART])
                if shares > 0 and room_left(going) > 0:
                    command = new_command(going, CommandKind.LEAVE_VAULT, now)
                    command.account = account
                    command.shares = shares


@world_kernel
def vault_worth(state):
    """Wallet of the vault plus what its positions are worth above their cost at the mark."""
    worth = int(state.accounts[SystemAccount.VAULT].wallet_quanta)
    row = state.accounts[SystemAccount.VAULT].first_position
    while row != NONE:
        position = state.positions[row]
        mark = state.instruments[position.instrument].mark_ticks
        per_lot_tick = state.contracts[position.instrument].quanta_per_lot_tick
        worth += int(position.lots * mark * per_lot_tick - position.cost_quanta)
        row = position.next
    return worth


@world_kernel
def funds_worth(state, markets):
    """Cash of the market funds, the venue's fund and its capital."""
    worth = int(state.accounts[SystemAccount.VENUE_FUND].wallet_quanta)
    worth += int(state.accounts[SystemAccount.VENUE_CAPITAL].wallet_quanta)
    for k in range(markets):
        worth += int(state.accounts[SystemAccount.MARKET_FUNDS + k].wallet_quanta)
    return worth


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
            if going.kept.shape[0] - going.cursor[Cursor.KEPT] < (rounds_max + LAST_ROUNDS) * BATCH_ROOM:
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
        note_moment(state, given, going, step)
        going.cursor[Cursor.STEP] = step + 1
    going.totals[Total.STILL_QUEUED] = state.venue[0].queue_count
    return going.cursor[Cursor.STEP]
