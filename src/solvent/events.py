"""All that may be told: one fixed-size record, in the past tense, cited by the sequence of its command."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from solvent.compiled import kernel


class EventKind(IntEnum):
    """The kinds; numbers are never reused."""

    COMMAND_REFUSED = 1
    INSTRUMENT_LISTED = 2
    ACCOUNT_OPENED = 3
    MARK_MOVED = 4
    DEPOSITED = 5
    WITHDRAWN = 6
    MARGIN_TRANSFERRED = 7
    TRADED = 8
    ORDER_RESERVED = 9
    ORDER_RELEASED = 10
    LEVERAGE_SET = 11
    FUNDING_TICKED = 12
    FUNDING_PAID = 13
    ACCOUNT_FLAGGED = 14
    ACCOUNT_RECOVERED = 15
    LIQUIDATION_ORDERED = 16
    LIQUIDATION_CANCELLED = 17
    LIQUIDATION_FILLED = 18
    PENALTY_CHARGED = 19
    COLLATERAL_ORDERED = 20
    COLLATERAL_SOLD = 21
    POSITION_TAKEN_OVER = 22
    RESIDUAL_TAKEN = 23
    POSITION_DELEVERAGED = 24
    SHORTFALL_DECLARED = 25
    TRANCHE_DRAWN = 26
    DEFICIT_OPENED = 27
    DEFICIT_COVERED = 28
    DEFAULT_CLOSED = 29
    MODE_CHANGED = 30
    FUND_CONTRIBUTED = 31
    VAULT_JOINED = 32
    VAULT_LEFT = 33
    TERM_STAGED = 34
    TERMS_ENACTED = 35
    WITHDRAWALS_GATED = 36
    WITHDRAWALS_RELEASED = 37
    ACCOUNT_WAITING = 38
    ACT_RECORDED = 39
    PRICE_CONDITION_CHANGED = 40
    SOURCES_DROPPED = 41
    MARK_CLAMPED = 42
    INTEREST_REPORTED = 43
    AUCTION_CROSSED = 44
    MARGIN_STEPPED = 45
    JUDGED_BY_SCAN = 101
    WORKLIST_TOLD = 102
    FUNDING_COMPUTED = 120
    PREMIUM_REPORTED = 121
    TERMS_PROPOSED = 122
    TERMS_VOTED = 123
    TERMS_VETOED = 124
    POOL_OPENED = 130
    NOTICE_GIVEN = 131
    UNWIND_ORDERED = 132
    POOL_UNWOUND = 133
    LIQUIDATION_OFFERED = 134
    POSITION_CLAIMED = 135
    KEEPER_REWARDED = 136
    SHARE_TAKEN = 137
    KEEPER_ENDORSED = 138
    WITHDRAWAL_CHARGED = 139
    STAGE_SKIPPED = 140
    TAKEOVER_LIMITED = 141
    START_CHARGED = 145
    BONUS_SHARED = 146
    INTEREST_ACCRUED = 155
    INTEREST_POSTED = 156
    DEBT_COVERED = 157
    DEBT_ORDERED = 158
    MARKET_SETTLED = 165
    POSITION_SETTLED = 166
    ACTIONS_BLOCKED = 167


EVENT_DTYPE = np.dtype(
    [
        ("sequence", np.int64),
        ("time_ns", np.int64),
        ("lots", np.int64),
        ("price_ticks", np.int64),
        ("amount_quanta", np.int64),
        ("fee_quanta", np.int64),
        ("counter_fee_quanta", np.int64),
        ("equity_quanta", np.int64),
        ("requirement_quanta", np.int64),
        ("shares", np.int64),
        ("value", np.int64),
        ("reference", np.int64),
        ("price_version", np.int64),
        ("kind", np.int32),
        ("account", np.int32),
        ("counterparty", np.int32),
        ("instrument", np.int32),
        ("asset", np.int32),
        ("refusal", np.int32),
        ("stage", np.int32),
        ("tranche", np.int32),
        ("mode", np.int32),
        ("cell", np.int32),
        ("source", np.int32),
        ("guard", np.int32),
    ]
)
"""One event, 152 bytes."""


class Tape(NamedTuple):
    """Where the machine writes events: the records, and meter = [events written, room the next command needs]."""

    records: np.recarray
    meter: np.ndarray


def blank_tape(room: int) -> Tape:
    """A tape with place for `room` events."""
    return Tape(np.recarray(room, dtype=EVENT_DTYPE), np.zeros(2, dtype=np.int64))


@kernel
def tell(state, tape, kind):
    """Write an event of `kind`, stamped with the command's sequence and time, and give its row to fill in.

    The procedure has made sure of the room before it changed anything; the last row is the place where an
    argument about room that was wrong would show, and the engine halts when it is reached.
    """
    row = tape.meter[0]
    if row >= tape.records.shape[0] - 1:
        row = tape.records.shape[0] - 1
    tape.meter[0] = row + 1
    event = tape.records[row]
    event.sequence = state.venue[0].sequence
    event.time_ns = state.venue[0].time_ns
    event.kind = kind
    event.lots = 0
    event.price_ticks = 0
    event.amount_quanta = 0
    event.fee_quanta = 0
    event.counter_fee_quanta = 0
    event.equity_quanta = 0
    event.requirement_quanta = 0
    event.shares = 0
    event.value = 0
    event.reference = 0
    event.price_version = state.venue[0].price_version
    event.account = 0
    event.counterparty = 0
    event.instrument = 0
    event.asset = 0
    event.refusal = 0
    event.stage = 0
    event.tranche = 0
    event.mode = 0
    event.cell = 0
    event.source = 0
    event.guard = 0
    return event
