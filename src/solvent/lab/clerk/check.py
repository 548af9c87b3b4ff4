"""The clerk's whole check of one command: book what was told, then hold the books against the tables and the laws."""

from solvent.codes import AccountKind, Level, Mode, Refusal, Status, SystemAccount
from solvent.commands import CommandKind
from solvent.events import EventKind
from solvent.lab.clerk.booking import book, end_penalty, is_trader
from solvent.lab.clerk.books import (
    BOUNDED,
    CASE_OF,
    COMMANDS,
    DEFICIT,
    GATED,
    HASH,
    INITIAL_BEFORE,
    LOST,
    PENALTY_OF,
    PRICE_VERSION,
    ROUNDINGS,
    SEQUENCE,
    SHARES,
    TERMS_VERSION,
    TIME,
    UNJUDGED,
    VENUE_MODE,
    WINNERS_OF,
    WORK_COUNT,
    WORK_TOLD,
)
from solvent.lab.clerk.compiled import step
from solvent.lab.clerk.judge import (
    equity_of,
    free_of,
    is_joint,
    is_own_pool,
    knows,
    requirement_of,
    sized,
    surplus_of,
)
from solvent.lab.clerk.laws import (
    DELEVERAGE,
    FUNDING,
    LEDGER,
    MARGIN,
    OUTFLOW,
    REFUSED,
    SCAN,
    SEQUENCED,
    STRUCTURE,
    TERMS,
    TOLD,
    WATERFALL,
)
from solvent.lab.clerk.waterfall import close_case
from solvent.state.tables import NONE
from solvent.units import FUNDING_SCALE, LIMIT

NOBODY = -1
WORDS = 0x3FFFFFFFFFFFFFFF


@step
def mixed(sum_so_far, words, count):
    """A fingerprint of some words, going on from another; equal in compiled and in plain Python."""
    total = sum_so_far
    for place in range(count):
        total = ((total ^ (int(words[place]) & WORDS)) * 1_000_003 + place) & WORDS
    return total


@step
def fingerprint(state, raw):
    """A fingerprint of everything but the sequence and the place where the ring of the queue begins."""
    venue = state.venue[0]
    total = mixed(7, raw.venue[1:11], 10)
    total = mixed(total, raw.venue[12:], raw.venue.shape[0] - 12)
    total = mixed(total, raw.accounts, venue.account_count * (raw.accounts.shape[0] // state.accounts.shape[0]))
    total = mixed(total, raw.positions, venue.position_count * (raw.positions.shape[0] // state.positions.shape[0]))
    total = mixed(total, raw.orders, venue.orders_count * (raw.orders.shape[0] // state.orders.shape[0]))
    total = mixed(total, raw.holdings, venue.holding_count * (raw.holdings.shape[0] // state.holdings.shape[0]))
    total = mixed(total, raw.others, raw.others.shape[0])
    total = mixed(total, raw.reports, raw.reports.shape[0])
    total = mixed(total, raw.anchors, raw.anchors.shape[0])
    for place in range(venue.queue_count):
        account = state.queue[(venue.queue_head + place) % state.queue.shape[0]]
        total = ((total ^ int(account)) * 1_000_003) & WORDS
    total = mixed(total, state.cells, state.cells.shape[0])
    return mixed(total, state.staged, state.staged.shape[0])


@step
def start_command(clerk):
    """Forget the last command."""
    clerk.flagged_now[:] = 0
    clerk.visited[:] = 0
    clerk.entries[:] = 0
    clerk.won[:] = 0
    clerk.side[:, 5] = 0
    clerk.note[PENALTY_OF] = NOBODY
    clerk.note[CASE_OF] = NOBODY
    clerk.note[WINNERS_OF] = NOBODY
    clerk.note[LOST] = 0
    clerk.note[WORK_COUNT] = 0
    clerk.note[WORK_TOLD] = 0


@step
def check_repeated(clerk, event, command):
    """The event of the command itself repeats its fields."""
    mask = clerk.repeated[command.kind]
    same = (
        (mask & 1 == 0 or event.account == command.account)
        and (mask & 2 == 0 or event.counterparty == command.counterparty)
        and (mask & 4 == 0 or event.instrument == command.instrument)
        and (mask & 8 == 0 or event.lots == command.lots)
        and (mask & 16 == 0 or event.price_ticks == command.price_ticks)
        and (mask & 32 == 0 or event.amount_quanta == command.amount_quanta)
        and (mask & 64 == 0 or event.fee_quanta == command.fee_quanta)
        and (mask & 128 == 0 or event.counter_fee_quanta == command.counter_fee_quanta)
        and (mask & 256 == 0 or event.shares == command.shares)
        and (mask & 512 == 0 or event.reference == command.reference)
        and (mask & 1024 == 0 or event.asset == command.asset)
        and (mask & 2048 == 0 or event.cell == command.cell)
    )
    return 0 if same else TOLD + 50


@step
def check_refused(state, clerk, event, command, before, now):
    """A refused command changes nothing but the sequence, and says why."""
    if event.refusal == Refusal.NONE or event.value != command.kind:
        return REFUSED + 1
    if event.account != command.account or event.counterparty != command.counterparty:
        return REFUSED + 2
    if event.instrument != command.instrument or event.lots != command.lots or event.reference != command.reference:
        return REFUSED + 3
    if event.price_ticks != command.price_ticks or event.amount_quanta != command.amount_quanta:
        return REFUSED + 4
    if before != now:
        return REFUSED + 5
    return check_reducing_allowed(state, clerk, event, command)


@step
def level_of(clerk, market):
    """The stricter of the market's mode and the venue's."""
    return max(clerk.mode[market], clerk.note[VENUE_MODE])


@step
def check_reducing_allowed(state, clerk, event, command):
    """Two sides that both reduce at the mark without fees are allowed, unless the market is halted or in auction."""
    if command.kind != CommandKind.TRADE:
        return 0
    refusal = event.refusal
    if refusal == Refusal.AMOUNT_OUT_OF_RANGE:
        return 0
    if refusal == Refusal.MARKET_HALTED or refusal == Refusal.MARKET_IN_AUCTION:
        market = command.instrument
        if market < 0 or market >= clerk.mark.shape[0]:
            return 0
        level = level_of(clerk, market)
        # while interest is collected for one price nobody trades at another
        wanted = Mode.HALTED if refusal == Refusal.MARKET_HALTED else Mode.AUCTION
        return 0 if level == wanted else MARGIN + 5
    if refusal == Refusal.TIME_OUT_OF_RANGE or refusal == Refusal.FIELD_NOT_USED:
        return 0
    if refusal == Refusal.PRICE_CONDITION:
        return 0  # whether the rulebook lets a doubtful price stop reductions, the auditor knows
    buyer = command.account
    seller = command.counterparty
    market = command.instrument
    rooms = clerk.wallet.shape[0]
    if buyer < 0 or buyer >= rooms or seller < 0 or seller >= rooms or market < 0 or market >= clerk.mark.shape[0]:
        return 0
    if not is_trader(clerk, buyer) or not is_trader(clerk, seller):
        return 0
    if command.fee_quanta != 0 or command.counter_fee_quanta != 0 or command.lots < 1:
        return 0
    if command.price_ticks != clerk.mark[market] or command.price_ticks == 0:
        return 0
    if refusal == Refusal.HEALTH_WOULD_FALL and is_joint(state, Level.MAINTENANCE, market):
        return 0  # one leg of a hedge: reducing it alone asks for more
    if clerk.lots[buyer, market] <= -command.lots and clerk.lots[seller, market] >= command.lots:
        return MARGIN + 1
    return 0


@step
def note_side(state, clerk, place, account, market, bought):
    """What one side of a trade is before it."""
    clerk.side[place, 0] = account
    clerk.side[place, 1] = clerk.lots[account, market]
    clerk.side[place, 2] = bought
    clerk.side[place, 3] = equity_of(state, clerk, account, Level.MAINTENANCE)
    clerk.side[place, 4] = requirement_of(state, clerk, account, Level.MAINTENANCE)
    clerk.side[place, 5] = 1


@step
def reduces(held, bought):
    """True when the position shrinks and keeps its sign."""
    return held != 0 and bought != 0 and (held > 0) != (bought > 0) and abs(bought) <= abs(held)


@step
def look_before(state, clerk, command):
    """What must hold before, and what is needed to judge it afterwards. The books are still those from before."""
    kind = command.kind
    note = clerk.note
    if kind == CommandKind.WITHDRAW or kind == CommandKind.TRANSFER_MARGIN:
        # whoever bears a share of a loss may go: the auditor recomputes the share
        leaves = kind != CommandKind.WITHDRAW or command.asset != 0 or state.policy[0].withdraw_charge == 0
    else:
        leaves = kind == CommandKind.JOIN_VAULT or kind == CommandKind.LEAVE_VAULT
    if leaves:
        if note[DEFICIT] != 0:
            return OUTFLOW + 10
        if note[UNJUDGED] == 0:
            for account in range(state.venue[0].account_count):
                if is_trader(clerk, account) or is_own_pool(state, account):
                    if equity_of(state, clerk, account, Level.MAINTENANCE) < 0:
                        return OUTFLOW + 11
    if kind == CommandKind.TRADE:
        market = command.instrument
        note_side(state, clerk, 0, command.account, market, command.lots)
        note_side(state, clerk, 1, command.counterparty, market, -command.lots)
        level = level_of(clerk, market)
        if level == Mode.HALTED:
            return MARGIN + 2
        if level == Mode.AUCTION and (clerk.crossed[market] == 0 or clerk.crossed[market] != command.price_ticks):
            return MARGIN + 4
        if level == Mode.REDUCE_ONLY:
            for place in range(2):
                if not reduces(clerk.side[place, 1], clerk.side[place, 2]):
                    return MARGIN + 3
    if kind == CommandKind.SET_MODE:
        clerk.operated[command.instrument] = command.mode
    if kind == CommandKind.SET_VENUE_MODE:
        clerk.operated[clerk.mark.shape[0]] = command.mode
    if kind == CommandKind.SET_LEVERAGE:
        note[INITIAL_BEFORE] = requirement_of(state, clerk, command.account, Level.INITIAL)
    if kind == CommandKind.LIQUIDATION_FILL:
        bought = command.lots if clerk.ordered[command.account, command.instrument] > 0 else -command.lots
        note_side(state, clerk, 0, command.counterparty, command.instrument, bought)
    return 0


@step
def has_initial(state, clerk, account):
    """True when equity covers the initial requirement."""
    required = requirement_of(state, clerk, account, Level.INITIAL)
    return equity_of(state, clerk, account, Level.INITIAL) >= required


@step
def check_side(state, clerk, place, market):
    """Who takes more risk has the initial margin; who reduces does not lose health."""
    account = clerk.side[place, 0]
    shrinks = reduces(clerk.side[place, 1], clerk.side[place, 2])
    if not is_trader(clerk, account):
        return 0 if shrinks else MARGIN + 10
    if not shrinks:
        if clerk.flagged[account] != 0:
            return MARGIN + 11
        if clerk.note[UNJUDGED] == 0 and not has_initial(state, clerk, account):
            return MARGIN + 12
        if abs(clerk.lots[account, market]) > state.contracts[market].lots_max:
            return MARGIN + 13
        if clerk.kind[account] == AccountKind.ISOLATED:
            markets = 0
            for other in range(clerk.mark.shape[0]):
                if clerk.lots[account, other] != 0:
                    markets += 1
            if markets > 1:
                return MARGIN + 14
        return 0
    if clerk.note[UNJUDGED] != 0 or (has_initial(state, clerk, account) and clerk.flagged[account] == 0):
        return 0
    equity = equity_of(state, clerk, account, Level.MAINTENANCE)
    required = requirement_of(state, clerk, account, Level.MAINTENANCE)
    before = clerk.side[place, 3]
    required_before = clerk.side[place, 4]
    if before <= 0:
        return 0 if equity >= before else MARGIN + 15
    if equity < 0:
        return MARGIN + 16
    # equity / required >= before / required_before, multiplied across in wholes and rests
    if required > 0 and not ratio_holds(equity, required, before, required_before):
        return MARGIN + 17
    return 0


@step
def ratio_holds(a, b, c, d):
    """True when a / b >= c / d for positive b, d and a, c not below zero, by continued division."""
    while True:
        if d == 0:
            return c == 0 or True
        whole = a // b
        other = c // d
        if whole != other:
            return whole > other
        a -= whole * b
        c -= other * d
        if c == 0:
            return True
        if a == 0:
            return False
        # a / b >= c / d  exactly when  d / c >= b / a
        kept = a
        a = d
        d = kept
        kept = b
        b = c
        c = kept


@step
def check_after(state, clerk, command):
    """Margin and outflow as the command left them."""
    kind = command.kind
    note = clerk.note
    for place in range(2):
        if clerk.side[place, 5] == 1:
            broken = check_side(state, clerk, place, command.instrument)
            if broken:
                return broken
    if kind == CommandKind.TRADE:
        market = command.instrument
        grown = 0
        for place in range(2):
            held = clerk.side[place, 1]
            grown += max(held + clerk.side[place, 2], 0) - max(held, 0)
        contract = state.contracts[market]
        if grown > 0:
            lots = clerk.interest[market]
            if contract.open_interest_cap_lots > 0 and lots > contract.open_interest_cap_lots:
                return MARGIN + 20
            cap = contract.open_interest_cap_quanta
            if cap > 0 and sized(state, market, lots, clerk.mark[market]) > cap:
                return MARGIN + 21
    if kind == CommandKind.ADVANCE:
        for account in range(clerk.won.shape[0]):
            if clerk.won[account] == 1 and clerk.flagged_now[account] == 1:
                return DELEVERAGE + 10
    if note[UNJUDGED] != 0:
        return 0
    if kind == CommandKind.RESERVE_ORDER and state.levels[Level.INITIAL].includes_orders == 1:
        if not has_initial(state, clerk, command.account):
            return MARGIN + 22
    if kind == CommandKind.SET_LEVERAGE:
        required = requirement_of(state, clerk, command.account, Level.INITIAL)
        if required > note[INITIAL_BEFORE] and not has_initial(state, clerk, command.account):
            return MARGIN + 23
    if kind == CommandKind.WITHDRAW or kind == CommandKind.TRANSFER_MARGIN or kind == CommandKind.JOIN_VAULT:
        account = command.account
        if free_of(state, clerk, account) < 0:
            return OUTFLOW + 20
        if clerk.flagged_now[account] == 1:
            return OUTFLOW + 21
        in_kind = kind == CommandKind.WITHDRAW and command.asset != 0
        if state.policy[0].withdraw_gains == 0 and not in_kind and clerk.wallet[account] < 0:
            return OUTFLOW + 22
    if kind == CommandKind.LEAVE_VAULT:
        vault = state.vaults[state.accounts[command.account].pool].account
        if equity_of(state, clerk, vault, Level.INITIAL) < requirement_of(state, clerk, vault, Level.INITIAL):
            return OUTFLOW + 23
    return 0


@step
def check_accepted(state, clerk, tape, count, command):
    """Book every event of an accepted command."""
    note = clerk.note
    kind = command.kind
    note[TIME] = max(note[TIME], command.time_ns)
    broken = look_before(state, clerk, command)
    if broken:
        return broken
    primaries = 0
    for place in range(count):
        event = tape.records[place]
        if event.sequence != note[SEQUENCE]:
            return SEQUENCED + 1
        if event.time_ns != note[TIME]:
            return SEQUENCED + 2
        if event.kind < 1 or event.kind >= clerk.allowed.shape[1]:
            return TOLD + 60
        if clerk.allowed[kind, event.kind] == 0:
            return TOLD + 61
        if note[PENALTY_OF] != NOBODY and event.kind != EventKind.PENALTY_CHARGED:
            broken = end_penalty(state, clerk)
            if broken:
                return broken
        if note[CASE_OF] != NOBODY:
            inside = event.kind == EventKind.TRANCHE_DRAWN or event.kind == EventKind.ACCOUNT_FLAGGED
            inside = inside or event.kind == EventKind.DEFICIT_OPENED or event.kind == EventKind.WITHDRAWALS_GATED
            if not inside:
                broken = close_case(state, clerk)
                if broken:
                    return broken
        if event.kind == clerk.primary[kind]:
            primaries += 1
            broken = check_repeated(clerk, event, command)
            if broken:
                return broken
        broken = book(state, clerk, event, command)
        if broken:
            return broken
        if event.kind == EventKind.TERMS_ENACTED:
            for cell in range(state.cells.shape[0]):
                if state.cells[cell] != state.staged[cell]:
                    return TERMS + 2
            note[UNJUDGED] = 0 if knows(state) else 1
        if event.kind == EventKind.TERM_STAGED and state.staged[event.cell] != command.value:
            return TERMS + 3
        if event.price_version != note[PRICE_VERSION]:
            return SEQUENCED + 3
    if note[PENALTY_OF] != NOBODY:
        broken = end_penalty(state, clerk)
        if broken:
            return broken
    if note[CASE_OF] != NOBODY:
        broken = close_case(state, clerk)
        if broken:
            return broken
    if clerk.primary[kind] != 0 and primaries != 1:
        return TOLD + 62
    listed = kind == CommandKind.PRICE_REPORT or kind == CommandKind.FUNDING_TICK or kind == CommandKind.ENACT_TERMS
    listed = listed or kind == CommandKind.SETTLE_FUNDING
    if listed and (note[WORK_COUNT] > 0) != (note[WORK_TOLD] == 1):
        return SCAN + 7
    return check_after(state, clerk, command)


@step
def compare_account(state, clerk, account, seen):
    """One account against its row, its positions and its holdings."""
    row = state.accounts[account]
    if row.wallet_quanta != clerk.wallet[account]:
        return LEDGER + 20
    if row.kind != clerk.kind[account] or row.vault_shares != clerk.shares[account]:
        return LEDGER + 21
    if (row.status == Status.DISTRESSED) != (clerk.flagged[account] == 1):
        return SCAN + 30
    if row.default_instrument != clerk.market[account] or row.order_stage != clerk.order_stage[account]:
        return STRUCTURE + 1
    place = row.first_position
    length = 0
    while place != NONE and length <= seen.shape[0]:
        position = state.positions[place]
        if position.account != account:
            return STRUCTURE + 2
        market = position.instrument
        if seen[market] == account:
            return STRUCTURE + 3
        seen[market] = account
        if position.lots != clerk.lots[account, market] or position.cost_quanta != clerk.cost[account, market]:
            return LEDGER + 22
        if position.lots != 0 and position.funding_index != clerk.settled[account, market]:
            change = clerk.funding[market] - clerk.settled[account, market]
            due = position.lots * (change >> 20) - (-(position.lots * (change & (FUNDING_SCALE - 1))) // FUNDING_SCALE)
            if position.funding_index != clerk.funding[market] or due != 0:
                return FUNDING + 20
            clerk.settled[account, market] = clerk.funding[market]
            clerk.note[ROUNDINGS] += 1
        if position.leverage != clerk.leverage[account, market]:
            return LEDGER + 23
        broken = compare_orders(state, clerk, account, market, place)
        if broken:
            return broken
        place = position.next
        length += 1
    if length != row.position_count:
        return STRUCTURE + 4
    for market in range(clerk.mark.shape[0]):
        if seen[market] != account:
            if clerk.lots[account, market] != 0 or clerk.ordered[account, market] != 0:
                return LEDGER + 24
            if clerk.bid_lots[account, market] != 0 or clerk.ask_lots[account, market] != 0:
                return LEDGER + 25
            clerk.leverage[account, market] = 0 if clerk.leverage[account, market] == 0 else -1
            if clerk.leverage[account, market] != 0:
                return LEDGER + 26
    place = row.first_holding
    holdings = 0
    while place != NONE and holdings <= clerk.held.shape[1]:
        holding = state.holdings[place]
        if holding.account != account or holding.amount_quanta != clerk.held[account, holding.asset]:
            return LEDGER + 27
        place = holding.next
        holdings += 1
    held = 0
    for asset in range(clerk.held.shape[1]):
        if clerk.held[account, asset] != 0:
            held += 1
    if holdings != row.holding_count or held != holdings:
        return STRUCTURE + 5
    return 0


@step
def compare_orders(state, clerk, account, market, place):
    """Open orders of one position row."""
    row = state.positions[place].orders
    if row == NONE:
        if clerk.bid_lots[account, market] != 0 or clerk.ask_lots[account, market] != 0:
            return LEDGER + 30
        return 0 if clerk.ordered[account, market] == 0 else LEDGER + 31
    orders = state.orders[row]
    if orders.position != place:
        return STRUCTURE + 6
    if orders.bid_lots != clerk.bid_lots[account, market] or orders.bid_quanta != clerk.bid_quanta[account, market]:
        return LEDGER + 32
    if orders.ask_lots != clerk.ask_lots[account, market] or orders.ask_quanta != clerk.ask_quanta[account, market]:
        return LEDGER + 33
    if orders.ordered_lots != clerk.ordered[account, market]:
        return LEDGER + 34
    if orders.ordered_lots != 0 and orders.limit_ticks != clerk.limit[account, market]:
        return LEDGER + 35
    return 0


@step
def free_rows(table, first, most):
    """Rows of a free list, and one more than there can be where it goes in circles."""
    free = 0
    row = first
    while row != NONE and free <= most:
        row = table[row].next
        free += 1
    return free


@step
def check_lists(state):
    """Rows that nobody owns are in the free lists, every one once."""
    venue = state.venue[0]
    owned = 0
    with_orders = 0
    for row in range(venue.position_count):
        if state.positions[row].account != NONE:
            owned += 1
            if state.positions[row].orders != NONE:
                with_orders += 1
    chained = 0
    held = 0
    for account in range(venue.account_count):
        chained += state.accounts[account].position_count
        held += state.accounts[account].holding_count
    if owned != chained:
        return STRUCTURE + 10
    if free_rows(state.positions, venue.position_free, venue.position_count) != venue.position_count - owned:
        return STRUCTURE + 11
    if free_rows(state.orders, venue.orders_free, venue.orders_count) != venue.orders_count - with_orders:
        return STRUCTURE + 12
    if free_rows(state.holdings, venue.holding_free, venue.holding_count) != venue.holding_count - held:
        return STRUCTURE + 13
    return 0


@step
def compare(state, clerk, seen):
    """The books against the machine's tables."""
    note = clerk.note
    venue = state.venue[0]
    for account in range(venue.account_count):
        seen[:] = NOBODY
        broken = compare_account(state, clerk, account, seen)
        if broken:
            return broken
    for account in range(venue.account_count, clerk.wallet.shape[0]):
        if clerk.kind[account] != AccountKind.NONE:
            return LEDGER + 40
    for market in range(clerk.mark.shape[0]):
        row = state.instruments[market]
        if row.mark_ticks != clerk.mark[market] or row.previous_mark_ticks != clerk.previous[market]:
            return LEDGER + 41
        if row.funding_index != clerk.funding[market] or row.mode != clerk.mode[market]:
            return LEDGER + 42
        if row.open_interest_lots != clerk.interest[market]:
            return LEDGER + 43
        if row.maintenance_long_ppm != clerk.charged[2 * market]:
            return LEDGER + 45
        if row.maintenance_short_ppm != clerk.charged[2 * market + 1]:
            return LEDGER + 45
    if venue.mode != note[VENUE_MODE]:
        return LEDGER + 46
    if venue.time_ns != note[TIME] or venue.price_version != note[PRICE_VERSION]:
        return SEQUENCED + 10
    if venue.terms_version != note[TERMS_VERSION]:
        return TERMS + 10
    if state.vaults[0].shares != note[SHARES] or venue.open_deficit_quanta != note[DEFICIT]:
        return LEDGER + 44
    return check_lists(state)


@step
def check_queue(state, clerk):
    """The queue holds the flagged, each once; who is negative is flagged; the gate was told."""
    venue = state.venue[0]
    flagged = 0
    for account in range(venue.account_count):
        flagged += clerk.flagged[account]
    if flagged != venue.queue_count:
        return SCAN + 40
    clerk.paid_entries[:] = 0
    for place in range(venue.queue_count):
        account = state.queue[(venue.queue_head + place) % state.queue.shape[0]]
        if clerk.flagged[account] != 1 or clerk.paid_entries[account] != 0:
            return SCAN + 41
        clerk.paid_entries[account] = 1
    negative = 0
    for account in range(venue.account_count):
        if state.accounts[account].negative != 0:
            negative += 1
            if clerk.flagged[account] != 1:
                return STRUCTURE + 20
    if negative != venue.negative_count:
        return STRUCTURE + 21
    gated = 1 if negative > 0 or clerk.note[DEFICIT] > 0 else 0
    if gated != clerk.note[GATED]:
        return STRUCTURE + 22
    return 0 if venue.advance_left == 0 else STRUCTURE + 23


@step
def check_laws(state, clerk):
    """Sums and signs of the whole, and nobody below the threshold outside the queue."""
    note = clerk.note
    accounts = state.venue[0].account_count
    total = 0
    shares = 0
    for account in range(accounts):
        wallet = clerk.wallet[account]
        total += wallet
        if state.accounts[account].pool == 0:
            shares += clerk.shares[account]
        if abs(wallet) >= LIMIT:
            return LEDGER + 50
        if clerk.kind[account] == AccountKind.SYSTEM and wallet < 0:
            own = account == SystemAccount.EXTERNAL or is_own_pool(state, account)
            if not own and account != SystemAccount.FUNDING and account != SystemAccount.DEFICIT:
                return WATERFALL + 60
    owed_whole = 0
    owed_rest = 0
    for market in range(clerk.mark.shape[0]):
        lots = 0
        longs = 0
        for account in range(accounts):
            held = clerk.lots[account, market]
            lots += held
            longs += max(held, 0)
            total -= clerk.cost[account, market]
            change = clerk.funding[market] - clerk.settled[account, market]
            owed_whole += held * (change >> 20)
            owed_rest += held * (change & (FUNDING_SCALE - 1))
        if lots != 0:
            return LEDGER + 51
        if longs != clerk.interest[market]:
            return LEDGER + 52
    if total != 0:
        return LEDGER + 53
    if shares != note[SHARES]:
        return LEDGER + 54
    if clerk.wallet[SystemAccount.DEFICIT] != -note[DEFICIT] or note[DEFICIT] < 0:
        return WATERFALL + 61
    for asset in range(clerk.held.shape[1]):
        held = 0
        for account in range(accounts):
            held += clerk.held[account, asset]
        if held != clerk.brought[asset]:
            return LEDGER + 55
    # suspense + owed, exact in units of 1 / FUNDING_SCALE: not below zero, less than one quantum a settlement
    whole = clerk.wallet[SystemAccount.FUNDING] + owed_whole + (owed_rest >> 20)
    rest = owed_rest & (FUNDING_SCALE - 1)
    if whole < 0 or whole > note[ROUNDINGS] or (whole == note[ROUNDINGS] and rest > 0):
        return FUNDING + 30
    if note[UNJUDGED] == 0:
        for account in range(accounts):
            if is_trader(clerk, account) and clerk.flagged[account] == 0 and surplus_of(state, clerk, account) < 0:
                return SCAN + 50
    return 0


@step
def check(state, clerk, raw, tape, count, command, cells_before, seen):
    """One command: 0 when every law held, otherwise law x 1000 + place. LOST in the notes: open the books anew."""
    note = clerk.note
    start_command(clerk)
    clerk.note[BOUNDED] = state.policy[0].routes
    note[COMMANDS] += 1
    note[SEQUENCE] += 1
    if state.venue[0].sequence != note[SEQUENCE]:
        return SEQUENCED + 30
    before = note[HASH]
    now = fingerprint(state, raw)
    note[HASH] = now
    refused = False
    enacted = False
    for place in range(count):
        refused = refused or tape.records[place].kind == EventKind.COMMAND_REFUSED
        enacted = enacted or tape.records[place].kind == EventKind.TERMS_ENACTED
    if refused:
        if count != 1 or tape.records[0].sequence != note[SEQUENCE]:
            return REFUSED + 10
        return check_refused(state, clerk, tape.records[0], command, before, now)
    if command.kind < 1 or command.kind >= clerk.primary.shape[0]:
        return TOLD + 70
    broken = check_accepted(state, clerk, tape, count, command)
    if broken:
        return broken
    cells = mixed(11, state.cells, state.cells.shape[0])
    if cells != cells_before[0] and not enacted:
        return TERMS + 20
    cells_before[0] = cells
    if note[LOST] != 0:
        return 0
    broken = compare(state, clerk, seen)
    if broken:
        return broken
    broken = check_queue(state, clerk)
    if broken:
        return broken
    return check_laws(state, clerk)
