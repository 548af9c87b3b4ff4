"""How the books answer: fills of liquidation orders, collateral sold, the vault's unwinding, and what it moves."""

import math

from solvent.codes import Executor, Mode, Status, SystemAccount
from solvent.commands import CommandKind
from solvent.lab.worlds.compiled.batch import new_command, room_left
from solvent.lab.worlds.compiled.book import depth_now, square_root_impact, sweep_distance
from solvent.lab.worlds.compiled.linking import world_kernel
from solvent.lab.worlds.compiled.tables import Cursor, Rate, Setting
from solvent.state.tables import NONE

KEEPER_EDGE = 0.0005
"""What keepers want to keep of a price they sell on at."""


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
def claim_offer(state, given, going, now, account, instrument, ordered):
    """A keeper claims what it could sell on at a gain; what it sells on is booked when the claim is told."""
    taken, swept = going.taken[instrument], going.swept[instrument]
    pace = given.rates[Rate.PARTICIPATION] * depth_of(given, going, instrument) - taken
    lots, ticks = sweep(state, given, going, instrument, -ordered, 0, pace)
    going.taken[instrument], going.swept[instrument] = taken, swept
    if lots == 0:
        return
    command = new_command(going, CommandKind.CLAIM_LIQUIDATION, now)
    command.account = account
    command.counterparty = provider(given, going, account)
    command.instrument = instrument
    command.lots = abs(lots)
    command.price_ticks = max(int(ticks * (1.0 + KEEPER_EDGE if lots > 0 else 1.0 - KEEPER_EDGE)), 1)
    command.reference = state.accounts[account].order_reference


@world_kernel
def is_offer(state, stage_row):
    """True when what a stage has in the market is for keepers, one position at a time."""
    return stage_row >= 0 and state.stages[stage_row].executor == Executor.KEEPER


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
                        and is_offer(state, terms.order_stage)
                    ):
                        claim_offer(state, given, going, now, account, k, state.orders[orders_row].ordered_lots)
                    elif (
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
def fill_unwinds(state, given, going, now):
    """What the books take of the pools' own orders, each inside its time and its limit."""
    for k in range(given.settings[Setting.MARKETS]):
        order = state.unwinds[k]
        if order.lots == 0 or now >= order.until_ns or state.instruments[k].mode == Mode.HALTED or room_left(going) < 1:
            continue
        pace = given.rates[Rate.PARTICIPATION] * depth_of(given, going, k) - going.taken[k]
        lots, ticks = sweep(state, given, going, k, order.lots, order.limit_ticks, pace)
        if lots == 0:
            continue
        command = new_command(going, CommandKind.UNWIND_FILL, now)
        command.account = state.vaults[state.backings[k].pool].account
        command.counterparty = provider(given, going, NONE)
        command.instrument = k
        command.lots = abs(lots)
        command.price_ticks = ticks
        command.reference = order.reference


@world_kernel
def unwind_vault(state, given, going, now):
    """A vault whose rules say nothing of it works its book down, a little every step, through ordinary trades."""
    if state.pools[0].unwind_ns > 0:
        return
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
