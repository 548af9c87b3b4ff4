"""The whole machine: command kind -> procedure. Everything it needs to know arrives in a command, the time included."""

from solvent.codes import Refusal
from solvent.commands import USED_MASKS, CommandKind, fields_set
from solvent.compiled import bind, entry, kernel
from solvent.events import EventKind, tell
from solvent.procedures.advance import continue_advance, start_advance
from solvent.procedures.change import enact_terms, list_instrument, propose_terms, record_act, stage_term
from solvent.procedures.claim import bid_share, claim_liquidation, endorse_keeper
from solvent.procedures.fill import fill_liquidation, sell_collateral
from solvent.procedures.funding import report_premium, settle_funding, tick_funding
from solvent.procedures.governance import veto_terms, vote_terms
from solvent.procedures.lending import accrue_interest, cover_debt
from solvent.procedures.pool import fill_unwind, give_notice, join_vault, leave_vault, open_pool
from solvent.procedures.price import (
    cross_auction,
    report_interest,
    report_price,
    set_mode,
    set_venue_mode,
)
from solvent.procedures.settlement import settle_market
from solvent.procedures.trade import release_order, reserve_order, set_leverage, trade
from solvent.procedures.transfer import (
    contribute_fund,
    deposit,
    open_account,
    transfer_margin,
    withdraw,
)
from solvent.units import LIMIT

KIND_MAX = len(USED_MASKS) - 1


@kernel
def room_for_command(state):
    """Most events a command other than Advance can write: every account flagged, every gate told, all funding paid."""
    return 1024 + 2 * state.venue[0].account_count


@kernel
def is_bounded(command):
    """True when every 64-bit field is inside +-LIMIT: -2**63 has no absolute value."""
    return (
        -LIMIT <= command.source_time_ns <= LIMIT
        and -LIMIT <= command.lots <= LIMIT
        and -LIMIT <= command.price_ticks <= LIMIT
        and -LIMIT <= command.amount_quanta <= LIMIT
        and -LIMIT <= command.proceeds_quanta <= LIMIT
        and -LIMIT <= command.fee_quanta <= LIMIT
        and -LIMIT <= command.counter_fee_quanta <= LIMIT
        and -LIMIT <= command.rate_ppb <= LIMIT
        and -LIMIT <= command.shares <= LIMIT
    )


@kernel
def carry_out(state, watch, tape, command):
    """Let the procedure of the kind refuse or commit."""
    kind = command.kind
    if kind < 1 or kind > KIND_MAX or USED_MASKS[kind] == 0:
        return Refusal.KIND_UNKNOWN
    if fields_set(command) & ~USED_MASKS[kind] != 0:
        return Refusal.FIELD_NOT_USED
    if not is_bounded(command):
        return Refusal.AMOUNT_OUT_OF_RANGE
    if command.time_ns < 1 or command.time_ns > LIMIT:
        return Refusal.TIME_OUT_OF_RANGE
    if kind == CommandKind.PRICE_REPORT:
        return report_price(state, watch, tape, command)
    if kind == CommandKind.TRADE:
        return trade(state, watch, tape, command)
    if kind == CommandKind.LIQUIDATION_FILL:
        return fill_liquidation(state, watch, tape, command)
    if kind == CommandKind.ADVANCE:
        return start_advance(state, watch, tape, command)
    if kind == CommandKind.RESERVE_ORDER:
        return reserve_order(state, watch, tape, command)
    if kind == CommandKind.RELEASE_ORDER:
        return release_order(state, watch, tape, command)
    if kind == CommandKind.DEPOSIT:
        return deposit(state, watch, tape, command)
    if kind == CommandKind.WITHDRAW:
        return withdraw(state, watch, tape, command)
    if kind == CommandKind.TRANSFER_MARGIN:
        return transfer_margin(state, watch, tape, command)
    if kind == CommandKind.SET_LEVERAGE:
        return set_leverage(state, watch, tape, command)
    if kind == CommandKind.FUNDING_TICK:
        return tick_funding(state, watch, tape, command)
    if kind == CommandKind.COLLATERAL_SALE:
        return sell_collateral(state, watch, tape, command)
    if kind == CommandKind.OPEN_ACCOUNT:
        return open_account(state, watch, tape, command)
    if kind == CommandKind.LIST_INSTRUMENT:
        return list_instrument(state, tape, command)
    if kind == CommandKind.SET_MODE:
        return set_mode(state, tape, command)
    if kind == CommandKind.SET_VENUE_MODE:
        return set_venue_mode(state, tape, command)
    if kind == CommandKind.REPORT_INTEREST:
        return report_interest(state, tape, command)
    if kind == CommandKind.CROSS_AUCTION:
        return cross_auction(state, tape, command)
    if kind == CommandKind.CONTRIBUTE_FUND:
        return contribute_fund(state, tape, command)
    if kind == CommandKind.JOIN_VAULT:
        return join_vault(state, watch, tape, command)
    if kind == CommandKind.LEAVE_VAULT:
        return leave_vault(state, watch, tape, command)
    if kind == CommandKind.GIVE_NOTICE:
        return give_notice(state, tape, command)
    if kind == CommandKind.CLAIM_LIQUIDATION:
        return claim_liquidation(state, watch, tape, command)
    if kind == CommandKind.BID_SHARE:
        return bid_share(state, watch, tape, command)
    if kind == CommandKind.ENDORSE_KEEPER:
        return endorse_keeper(state, tape, command)
    if kind == CommandKind.OPEN_POOL:
        return open_pool(state, tape, command)
    if kind == CommandKind.UNWIND_FILL:
        return fill_unwind(state, watch, tape, command)
    if kind == CommandKind.SETTLE_MARKET:
        return settle_market(state, watch, tape, command)
    if kind == CommandKind.ACCRUE_INTEREST:
        return accrue_interest(state, watch, tape, command)
    if kind == CommandKind.COVER_DEBT:
        return cover_debt(state, watch, tape, command)
    if kind == CommandKind.STAGE_TERM:
        return stage_term(state, tape, command)
    if kind == CommandKind.REPORT_PREMIUM:
        return report_premium(state, tape, command)
    if kind == CommandKind.SETTLE_FUNDING:
        return settle_funding(state, watch, tape, command)
    if kind == CommandKind.PROPOSE_TERMS:
        return propose_terms(state, tape, command)
    if kind == CommandKind.VOTE_TERMS:
        return vote_terms(state, tape, command)
    if kind == CommandKind.VETO_TERMS:
        return veto_terms(state, tape, command)
    if kind == CommandKind.RECORD_ACT:
        return record_act(state, tape, command)
    return enact_terms(state, watch, tape, command)


@entry
def apply(state_tables, watch_tables, tape_tables, commands, first):
    """Apply commands[first:] in order to a State, its Watch and a Tape; give the index of the first not finished.

    It is len(commands) unless the tape ran short of room: then `tape.meter[1]` says how much the next step needs, the
    caller takes the events away (or brings a longer tape) and calls again with the returned index. A refused command
    changes nothing but the sequence and leaves one event with its numbered reason.
    """
    state = bind(state_tables)
    watch = bind(watch_tables)
    tape = bind(tape_tables)
    venue = state.venue[0]
    place = first
    while place < commands.shape[0]:
        command = commands[place]
        if venue.advance_left == 0:
            if tape.records.shape[0] - tape.meter[0] < room_for_command(state):
                tape.meter[1] = room_for_command(state)
                return place
            venue.sequence += 1
            before = venue.time_ns
            if command.time_ns > before and command.time_ns <= LIMIT:
                venue.time_ns = command.time_ns
            jump = venue.time_jump_ns
            if before > 0:
                venue.time_jump_ns = max(jump, venue.time_ns - before)
            refusal = carry_out(state, watch, tape, command)
            if refusal != Refusal.NONE:
                event = tell(state, tape, EventKind.COMMAND_REFUSED)
                event.refusal = refusal
                event.account = command.account
                event.counterparty = command.counterparty
                event.instrument = command.instrument
                event.lots = command.lots
                event.price_ticks = command.price_ticks
                event.amount_quanta = command.amount_quanta
                event.reference = command.reference
                event.value = command.kind
                venue.time_ns = before
                venue.time_jump_ns = jump
        if venue.advance_left > 0 and not continue_advance(state, watch, tape):
            tape.meter[1] = 2048 + 2 * venue.position_count + 6 * venue.account_count
            return place
        place += 1
    return place
