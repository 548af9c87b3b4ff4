"""What the loop keeps of the machine's events: orders to fill, collateral to sell, totals, the largest defaults."""

from solvent.events import EventKind
from solvent.lab.worlds.compiled.linking import world_kernel
from solvent.lab.worlds.compiled.tables import (
    CLOSINGS_KEPT,
    DEFAULTS_KEPT,
    SALES_MAX,
    Cursor,
    MarketTotal,
    Rate,
    Setting,
    Total,
)

MASK = (1 << 62) - 1
KEEPER_LATENCY_NS = 2_000_000_000
"""How much later than the venue its keepers see an offer."""


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
        elif kind == EventKind.LIQUIDATION_ORDERED or kind == EventKind.LIQUIDATION_OFFERED:
            if going.is_active[account] == 0:
                going.is_active[account] = 1
                going.active[going.cursor[Cursor.ACTIVE]] = account
                going.cursor[Cursor.ACTIVE] += 1
                late_ns = KEEPER_LATENCY_NS if kind == EventKind.LIQUIDATION_OFFERED else 0
                going.ready_ns[account] = event.time_ns + given.settings[Setting.LATENCY_NS] + late_ns
        elif kind == EventKind.LIQUIDATION_FILLED:
            totals[Total.LIQUIDATED] += amount
            going.by_market[instrument, MarketTotal.LIQUIDATED] += amount
        elif kind == EventKind.POSITION_CLAIMED:
            totals[Total.LIQUIDATED] += amount
            going.by_market[instrument, MarketTotal.LIQUIDATED] += amount
            value = amount / given.rates[Rate.QUANTUM]
            going.taken[instrument] += value
            going.swept[instrument] += value if event.lots > 0 else -value
        elif kind == EventKind.NOTICE_GIVEN:
            totals[Total.SHARES_NOTICED] += event.shares
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
