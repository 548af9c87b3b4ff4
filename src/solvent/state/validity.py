"""What may be done now with a market's price: the bits of what is wrong with it, held against the rulebook's table.

The table condition x action answers for every action: allow, be conservative, refuse. Several conditions may hold at
once; the strictest answer counts. Time alone makes a price stale or ends a quorum, so the bits are asked for, never
remembered as one state.
"""

from solvent.codes import Action, Answer, Condition
from solvent.compiled import kernel
from solvent.state.tables import NONE
from solvent.state.terms import CONDITIONS
from solvent.state.windows import HOUR, extremes

SILENT = 1 << Condition.STALE | 1 << Condition.BELOW_QUORUM
"""Conditions under which nobody confirms a price now."""


@kernel
def conditions_of(state, instrument, grace=1):
    """Bits of Condition: what the last report left, and what time alone has added.

    In its grace a price that came back is stale still; `grace` 0 asks without that.
    """
    market = state.instruments[instrument]
    pricing = state.pricing[instrument]
    now = state.venue[0].time_ns
    bits = market.conditions + 0
    if pricing.stale_ns > 0 and market.mark_ticks > 0:
        if now - market.mark_time_ns > pricing.stale_ns:
            bits |= 1 << Condition.STALE
        if grace == 1 and pricing.grace_ns > 0 and market.resumed_ns > 0 and now - market.resumed_ns < pricing.grace_ns:
            bits |= 1 << Condition.STALE
    if market.quorum_until_ns > 0 and now > market.quorum_until_ns:
        bits |= 1 << Condition.BELOW_QUORUM
    return bits


@kernel
def is_silent(state, instrument):
    """True when nobody confirms the market's price now: its quorum has run out, or the mark is too old."""
    return conditions_of(state, instrument, 0) & SILENT != 0


@kernel
def answer_of(state, instrument, action):
    """The strictest answer of the table to an action, over all conditions that hold for the market's price."""
    bits = conditions_of(state, instrument)
    answer = Answer.ALLOW + 0
    for condition in range(CONDITIONS):
        if (bits >> condition) & 1 == 0:
            continue
        remedy = state.remedies[condition]
        if action == Action.OPEN:
            answer = max(answer, remedy.open)
        elif action == Action.REDUCE:
            answer = max(answer, remedy.reduce)
        elif action == Action.LIQUIDATE:
            answer = max(answer, remedy.liquidate)
        elif action == Action.WITHDRAW:
            answer = max(answer, remedy.withdraw)
        elif action == Action.MINT:
            answer = max(answer, remedy.mint)
    return answer


@kernel
def refuses_account(state, account, action):
    """True when the table refuses the action because of a market the account is in."""
    row = state.accounts[account].first_position
    while row != NONE:
        position = state.positions[row]
        if position.lots != 0 and answer_of(state, position.instrument, action) == Answer.REFUSE:
            return True
        row = position.next
    return False


@kernel
def careful_ticks(state, instrument):
    """Price at which collateral counts for opening and leaving: the mark; in doubt the hour's lowest, or nothing."""
    answer = max(answer_of(state, instrument, Action.OPEN), answer_of(state, instrument, Action.WITHDRAW))
    if answer == Answer.REFUSE:
        return 0
    if answer == Answer.CONSERVATIVE:
        return extremes(state, instrument, HOUR)[0]
    return state.instruments[instrument].mark_ticks + 0


@kernel
def dear_ticks(state, instrument):
    """Price at which what is owed counts for opening and leaving: the mark; in doubt the hour's highest."""
    answer = max(answer_of(state, instrument, Action.OPEN), answer_of(state, instrument, Action.WITHDRAW))
    if answer != Answer.ALLOW:
        return extremes(state, instrument, HOUR)[1]
    return state.instruments[instrument].mark_ticks + 0
