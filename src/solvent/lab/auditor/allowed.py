"""Which events may follow which command (law TOLD). A new kind of command or event gets its line here."""

from solvent.commands import CommandKind
from solvent.events import EventKind

PRIMARY = {
    CommandKind.LIST_INSTRUMENT: EventKind.INSTRUMENT_LISTED,
    CommandKind.OPEN_ACCOUNT: EventKind.ACCOUNT_OPENED,
    CommandKind.DEPOSIT: EventKind.DEPOSITED,
    CommandKind.WITHDRAW: EventKind.WITHDRAWN,
    CommandKind.TRANSFER_MARGIN: EventKind.MARGIN_TRANSFERRED,
    CommandKind.TRADE: EventKind.TRADED,
    CommandKind.RESERVE_ORDER: EventKind.ORDER_RESERVED,
    CommandKind.RELEASE_ORDER: EventKind.ORDER_RELEASED,
    CommandKind.SET_LEVERAGE: EventKind.LEVERAGE_SET,
    CommandKind.FUNDING_TICK: EventKind.FUNDING_TICKED,
    CommandKind.SETTLE_FUNDING: EventKind.FUNDING_TICKED,
    CommandKind.REPORT_PREMIUM: EventKind.PREMIUM_REPORTED,
    CommandKind.LIQUIDATION_FILL: EventKind.LIQUIDATION_FILLED,
    CommandKind.COLLATERAL_SALE: EventKind.COLLATERAL_SOLD,
    CommandKind.CONTRIBUTE_FUND: EventKind.FUND_CONTRIBUTED,
    CommandKind.JOIN_VAULT: EventKind.VAULT_JOINED,
    CommandKind.LEAVE_VAULT: EventKind.VAULT_LEFT,
    CommandKind.REPORT_INTEREST: EventKind.INTEREST_REPORTED,
    CommandKind.CROSS_AUCTION: EventKind.AUCTION_CROSSED,
    CommandKind.STAGE_TERM: EventKind.TERM_STAGED,
    CommandKind.ENACT_TERMS: EventKind.TERMS_ENACTED,
    CommandKind.PROPOSE_TERMS: EventKind.TERMS_PROPOSED,
    CommandKind.VOTE_TERMS: EventKind.TERMS_VOTED,
    CommandKind.VETO_TERMS: EventKind.TERMS_VETOED,
    CommandKind.RECORD_ACT: EventKind.ACT_RECORDED,
    CommandKind.CLAIM_LIQUIDATION: EventKind.POSITION_CLAIMED,
    CommandKind.ENDORSE_KEEPER: EventKind.KEEPER_ENDORSED,
    CommandKind.BID_SHARE: EventKind.SHARE_TAKEN,
    CommandKind.OPEN_POOL: EventKind.POOL_OPENED,
    CommandKind.GIVE_NOTICE: EventKind.NOTICE_GIVEN,
    CommandKind.UNWIND_FILL: EventKind.POOL_UNWOUND,
    CommandKind.SETTLE_MARKET: EventKind.MARKET_SETTLED,
    CommandKind.ACCRUE_INTEREST: EventKind.INTEREST_ACCRUED,
    CommandKind.COVER_DEBT: EventKind.DEBT_COVERED,
}
"""The event that tells an accepted command itself; prices, modes and time may pass without one."""

ANYWHERE = {
    EventKind.FUNDING_PAID,
    EventKind.ACCOUNT_FLAGGED,
    EventKind.WORKLIST_TOLD,
    EventKind.WITHDRAWALS_GATED,
    EventKind.WITHDRAWALS_RELEASED,
}
"""Consequences that any accepted command may have."""
ALSO = {
    CommandKind.PRICE_REPORT: {
        EventKind.ACTIONS_BLOCKED,
        EventKind.MARK_MOVED,
        EventKind.MODE_CHANGED,
        EventKind.PRICE_CONDITION_CHANGED,
        EventKind.SOURCES_DROPPED,
        EventKind.MARK_CLAMPED,
    },
    CommandKind.LIST_INSTRUMENT: {EventKind.JUDGED_BY_SCAN},
    CommandKind.ENACT_TERMS: {EventKind.JUDGED_BY_SCAN},
    CommandKind.SETTLE_FUNDING: {EventKind.FUNDING_COMPUTED},
    CommandKind.SET_MODE: {EventKind.ACTIONS_BLOCKED, EventKind.MODE_CHANGED},
    CommandKind.SET_VENUE_MODE: {EventKind.ACTIONS_BLOCKED, EventKind.MODE_CHANGED},
    CommandKind.ACCRUE_INTEREST: {EventKind.INTEREST_POSTED},
    CommandKind.LIQUIDATION_FILL: {EventKind.PENALTY_CHARGED},
    CommandKind.CONTRIBUTE_FUND: {EventKind.DEFICIT_COVERED},
    CommandKind.WITHDRAW: {EventKind.WITHDRAWAL_CHARGED},
    CommandKind.CLAIM_LIQUIDATION: {EventKind.PENALTY_CHARGED, EventKind.KEEPER_REWARDED, EventKind.BONUS_SHARED},
    CommandKind.BID_SHARE: {
        EventKind.PENALTY_CHARGED,
        EventKind.KEEPER_REWARDED,
        EventKind.POSITION_CLAIMED,
        EventKind.BONUS_SHARED,
    },
    CommandKind.SETTLE_MARKET: {EventKind.POSITION_SETTLED},
    CommandKind.ADVANCE: {
        EventKind.ACTIONS_BLOCKED,
        EventKind.MARGIN_STEPPED,
        EventKind.PRICE_CONDITION_CHANGED,
        EventKind.MODE_CHANGED,
        EventKind.ORDER_RELEASED,
        EventKind.ACCOUNT_RECOVERED,
        EventKind.LIQUIDATION_ORDERED,
        EventKind.LIQUIDATION_CANCELLED,
        EventKind.PENALTY_CHARGED,
        EventKind.COLLATERAL_ORDERED,
        EventKind.DEBT_ORDERED,
        EventKind.POSITION_TAKEN_OVER,
        EventKind.RESIDUAL_TAKEN,
        EventKind.POSITION_DELEVERAGED,
        EventKind.SHORTFALL_DECLARED,
        EventKind.TRANCHE_DRAWN,
        EventKind.DEFICIT_OPENED,
        EventKind.DEFAULT_CLOSED,
        EventKind.ACCOUNT_WAITING,
        EventKind.UNWIND_ORDERED,
        EventKind.LIQUIDATION_OFFERED,
        EventKind.STAGE_SKIPPED,
        EventKind.TAKEOVER_LIMITED,
        EventKind.START_CHARGED,
    },
}
"""What a command of this kind may tell besides."""


def allowed_after(kind: CommandKind) -> set[EventKind]:
    """Kinds of events that may follow an accepted command of this kind."""
    return ANYWHERE | ALSO.get(kind, set()) | ({PRIMARY[kind]} if kind in PRIMARY else set())
