"""What a level of the breaker allows: one table for every command that changes risk or money.

Each level allows a part of what the one before it allows; depositing, cancelling and reducing are allowed wherever
liquidation is. In an auction nothing trades but at its own price, and funding waits; a halt leaves depositing and
cancelling.
"""

from solvent.codes import Action
from solvent.compiled import kernel
from solvent.state.tables import NONE

_ALWAYS = 1 << Action.DEPOSIT | 1 << Action.CANCEL
_BID = _ALWAYS | 1 << Action.BID
_REDUCE = _BID | 1 << Action.REDUCE | 1 << Action.LIQUIDATE | 1 << Action.FUND | 1 << Action.WITHDRAW
_CAUTION = _REDUCE | 1 << Action.OPEN
_ACTIVE = _CAUTION | 1 << Action.MINT
ALLOWED = (int(_ACTIVE), int(_CAUTION), int(_REDUCE), int(_BID), int(_ALWAYS))
"""Bits of Action by solvent.codes.Mode."""


@kernel
def is_allowed(mode, action):
    """True when a market or venue in this mode allows the action."""
    return (ALLOWED[mode] >> action) & 1 == 1


@kernel
def level_of(state, instrument):
    """The mode that counts in a market: its own, or the venue's when that is stricter."""
    return max(state.instruments[instrument].mode, state.venue[0].mode)


@kernel
def level_of_account(state, account):
    """The strictest mode of the venue and of the markets the account has positions in."""
    strictest = state.venue[0].mode + 0
    row = state.accounts[account].first_position
    while row != NONE:
        if state.positions[row].lots != 0:
            strictest = max(strictest, state.instruments[state.positions[row].instrument].mode)
        row = state.positions[row].next
    return strictest


@kernel
def is_in_grace(state, account, instrument):
    """True while an account that was healthy when the market closed may not be liquidated there after it opened."""
    market = state.instruments[instrument]
    if market.opened_ns == 0 or state.venue[0].time_ns - market.opened_ns >= state.policy[0].grace_ns:
        return False
    return state.accounts[account].flagged_sequence >= market.closed_sequence
