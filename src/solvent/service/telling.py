"""What events are told with: the fields each kind has, and what a field means where it means something of its own.

A kind that is missing here tells the fields that are not zero, so an event that is new to the machine is never silent.
"""

from __future__ import annotations

from typing import Final

from solvent.events import EVENT_DTYPE, EventKind

EVENT_PLACES: Final = {name: place for place, name in enumerate(EVENT_DTYPE.names or ())}
"""Field of an event record -> its place in it."""
EVENT_NAMES: Final = {int(kind): kind.name.lower() for kind in EventKind}

_TOLD_FIELDS: Final = {
    "COMMAND_REFUSED": "refusal value account counterparty",
    "INSTRUMENT_LISTED": "instrument value",
    "ACCOUNT_OPENED": "account value",
    "MARK_MOVED": "instrument price_ticks value",
    "DEPOSITED": "account asset amount_quanta",
    "WITHDRAWN": "account asset amount_quanta fee_quanta",
    "MARGIN_TRANSFERRED": "account counterparty amount_quanta",
    "TRADED": "account counterparty instrument lots price_ticks fee_quanta counter_fee_quanta reference",
    "ORDER_RESERVED": "account instrument lots price_ticks reference",
    "ORDER_RELEASED": "account instrument lots price_ticks reference",
    "LEVERAGE_SET": "account instrument value",
    "FUNDING_TICKED": "instrument price_ticks value",
    "FUNDING_COMPUTED": "instrument value amount_quanta reference shares",
    "PREMIUM_REPORTED": "instrument value reference",
    "FUNDING_PAID": "account instrument lots amount_quanta",
    "ACCOUNT_FLAGGED": "account instrument amount_quanta equity_quanta requirement_quanta",
    "ACCOUNT_RECOVERED": "account instrument amount_quanta reference",
    "LIQUIDATION_ORDERED": "account instrument lots price_ticks amount_quanta equity_quanta requirement_quanta stage"
    " reference",
    "LIQUIDATION_CANCELLED": "account instrument lots reference",
    "LIQUIDATION_FILLED": "account counterparty instrument lots price_ticks amount_quanta stage reference",
    "PENALTY_CHARGED": "account counterparty instrument amount_quanta value equity_quanta stage",
    "COLLATERAL_ORDERED": "account asset amount_quanta value reference",
    "COLLATERAL_SOLD": "account asset amount_quanta value reference",
    "POSITION_TAKEN_OVER": "account counterparty instrument lots price_ticks amount_quanta stage",
    "RESIDUAL_TAKEN": "account counterparty amount_quanta stage",
    "POSITION_DELEVERAGED": "account counterparty instrument lots price_ticks amount_quanta value stage",
    "SHORTFALL_DECLARED": "account instrument amount_quanta reference",
    "TRANCHE_DRAWN": "account counterparty instrument tranche amount_quanta reference",
    "DEFICIT_OPENED": "account amount_quanta value reference",
    "DEFICIT_COVERED": "amount_quanta value",
    "DEFAULT_CLOSED": "account instrument amount_quanta reference",
    "MODE_CHANGED": "instrument mode value",
    "FUND_CONTRIBUTED": "account amount_quanta",
    "VAULT_JOINED": "account counterparty amount_quanta shares",
    "VAULT_LEFT": "account counterparty amount_quanta shares",
    "TERM_STAGED": "cell value",
    "TERMS_ENACTED": "value",
    "TERMS_PROPOSED": "value account amount_quanta reference lots",
    "TERMS_VOTED": "value account reference",
    "TERMS_VETOED": "value account",
    "WITHDRAWALS_GATED": "account",
    "WITHDRAWALS_RELEASED": "account",
    "ACCOUNT_WAITING": "account instrument equity_quanta requirement_quanta",
    "ACT_RECORDED": "value reference",
    "WORKLIST_TOLD": "instrument lots value",
    "POOL_OPENED": "account value",
    "NOTICE_GIVEN": "account shares value",
    "UNWIND_ORDERED": "account instrument lots price_ticks amount_quanta value reference",
    "POOL_UNWOUND": "account counterparty instrument lots price_ticks amount_quanta value reference",
    "ACTIONS_BLOCKED": "instrument value amount_quanta",
    "MARKET_SETTLED": "instrument lots price_ticks amount_quanta",
    "POSITION_SETTLED": "account instrument lots price_ticks amount_quanta value fee_quanta",
    "LIQUIDATION_OFFERED": "account instrument lots price_ticks amount_quanta equity_quanta requirement_quanta stage"
    " reference",
    "POSITION_CLAIMED": "account counterparty instrument lots price_ticks amount_quanta stage reference",
    "KEEPER_REWARDED": "account counterparty instrument amount_quanta value stage reference",
    "START_CHARGED": "account counterparty instrument amount_quanta value stage equity_quanta",
    "BONUS_SHARED": "account counterparty instrument amount_quanta value stage reference",
    "SHARE_TAKEN": "account counterparty amount_quanta value stage reference equity_quanta requirement_quanta lots",
    "KEEPER_ENDORSED": "account value",
    "WITHDRAWAL_CHARGED": "account amount_quanta value equity_quanta requirement_quanta",
    "STAGE_SKIPPED": "account instrument stage value amount_quanta",
    "TAKEOVER_LIMITED": "account counterparty instrument lots value stage",
    "INTEREST_ACCRUED": "asset value amount_quanta fee_quanta reference",
    "INTEREST_POSTED": "account asset amount_quanta value",
    "DEBT_COVERED": "account asset amount_quanta value reference",
    "DEBT_ORDERED": "account asset amount_quanta value reference",
    "PRICE_CONDITION_CHANGED": "instrument value amount_quanta",
    "SOURCES_DROPPED": "instrument value amount_quanta",
    "MARK_CLAMPED": "instrument price_ticks value guard",
    "INTEREST_REPORTED": "instrument lots price_ticks",
    "AUCTION_CROSSED": "instrument lots price_ticks",
    "MARGIN_STEPPED": "instrument lots value amount_quanta requirement_quanta",
}
EVENT_FIELDS: Final = {
    int(EventKind[kind]): tuple((name, EVENT_PLACES[name]) for name in told.split())
    for kind, told in _TOLD_FIELDS.items()
}
"""Event kind -> the fields it tells; a kind that is missing tells those that are not zero."""

ALL_FIELDS: Final = tuple(
    (name, place)
    for name, place in EVENT_PLACES.items()
    if name not in ("sequence", "time_ns", "kind", "price_version")
)

MEANINGS: Final[dict[int, dict[str, tuple[str, str]]]] = {
    int(EventKind.COMMAND_REFUSED): {"value": ("command", "command")},
    int(EventKind.ACCOUNT_OPENED): {"value": ("owner", "")},
    int(EventKind.MARK_MOVED): {"value": ("before", "price")},
    int(EventKind.LEVERAGE_SET): {"value": ("leverage", "")},
    int(EventKind.FUNDING_TICKED): {"value": ("rate", "rate")},
    int(EventKind.FUNDING_COMPUTED): {"value": ("rate", "rate")},
    int(EventKind.PREMIUM_REPORTED): {"value": ("premium", "rate")},
    int(EventKind.TERMS_PROPOSED): {
        "value": ("version", ""),
        "account": ("seat", "count"),
        "amount_quanta": ("accounts_harmed", "count"),
        "reference": ("due_ns", ""),
        "lots": ("families", ""),
    },
    int(EventKind.TERMS_VOTED): {
        "value": ("version", ""),
        "account": ("seat", "count"),
        "reference": ("votes", "count"),
    },
    int(EventKind.TERMS_VETOED): {"value": ("version", ""), "account": ("seat", "count")},
    int(EventKind.PENALTY_CHARGED): {"value": ("filled", "money")},
    int(EventKind.COLLATERAL_ORDERED): {"value": ("owed", "money")},
    int(EventKind.COLLATERAL_SOLD): {"value": ("proceeds", "money")},
    int(EventKind.POSITION_DELEVERAGED): {"value": ("gain", "money")},
    int(EventKind.DEFICIT_OPENED): {"value": ("open_deficit", "money")},
    int(EventKind.DEFICIT_COVERED): {"value": ("open_deficit", "money")},
    int(EventKind.MODE_CHANGED): {"value": ("before", "mode")},
    int(EventKind.TERMS_ENACTED): {"value": ("version", "")},
    int(EventKind.WORKLIST_TOLD): {"value": ("hash", ""), "lots": ("count", "count")},
    int(EventKind.ACT_RECORDED): {"value": ("act", "")},
    int(EventKind.PRICE_CONDITION_CHANGED): {
        "value": ("conditions", "conditions"),
        "amount_quanta": ("before", "conditions"),
    },
    int(EventKind.SOURCES_DROPPED): {"value": ("dropped", "sources"), "amount_quanta": ("before", "sources")},
    int(EventKind.MARK_CLAMPED): {"value": ("reported", "price")},
    int(EventKind.MARGIN_STEPPED): {
        "lots": ("side", "side"),
        "value": ("multiplier", "ppm"),
        "amount_quanta": ("before", "ppm"),
        "requirement_quanta": ("wanted", "ppm"),
    },
    int(EventKind.POOL_OPENED): {"value": ("pool", "count")},
    int(EventKind.NOTICE_GIVEN): {"value": ("until_ns", "")},
    int(EventKind.UNWIND_ORDERED): {"value": ("excess", "size")},
    int(EventKind.POOL_UNWOUND): {"value": ("cost", "money")},
    int(EventKind.ACTIONS_BLOCKED): {"value": ("blocked", "actions"), "amount_quanta": ("before", "actions")},
    int(EventKind.POSITION_SETTLED): {"value": ("result", "money"), "fee_quanta": ("funding", "money")},
    int(EventKind.MARKET_SETTLED): {"amount_quanta": ("left_over", "money")},
    int(EventKind.KEEPER_REWARDED): {"value": ("closed", "money"), "reference": ("closed_account", "")},
    int(EventKind.START_CHARGED): {"value": ("offered", "money")},
    int(EventKind.BONUS_SHARED): {"value": ("bonus", "money"), "reference": ("closed_account", "")},
    int(EventKind.SHARE_TAKEN): {"value": ("share", "ppm"), "lots": ("requirement_freed", "money")},
    int(EventKind.KEEPER_ENDORSED): {"value": ("endorsed", "count")},
    int(EventKind.WITHDRAWAL_CHARGED): {
        "value": ("covered", "money"),
        "equity_quanta": ("money_of_accounts", "money"),
        "requirement_quanta": ("loss_without_payer", "money"),
    },
    int(EventKind.STAGE_SKIPPED): {"value": ("cost", "money"), "amount_quanta": ("bearable", "money")},
    int(EventKind.TAKEOVER_LIMITED): {"value": ("room", "")},
    int(EventKind.INTEREST_ACCRUED): {"value": ("rate_ppb", ""), "reference": ("elapsed_ns", "")},
    int(EventKind.INTEREST_POSTED): {"value": ("left_quanta", "")},
    int(EventKind.DEBT_COVERED): {"value": ("cost", "money")},
    int(EventKind.DEBT_ORDERED): {"value": ("owed", "money")},
    int(EventKind.JUDGED_BY_SCAN): {"value": ("schedule", "")},
}
"""Event kind -> field -> what the field is called in it, and its unit there."""
