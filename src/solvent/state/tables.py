"""The rows of every table of the state. Row number = id; links are row numbers; -1 means none."""

from typing import NamedTuple

import numpy as np

NONE = -1

ACCOUNT = np.dtype(
    [
        ("wallet_quanta", np.int64),
        ("owner", np.int64),
        ("vault_shares", np.int64),
        ("cooldown_until_ns", np.int64),
        ("order_until_ns", np.int64),
        ("order_reference", np.int64),
        ("flagged_sequence", np.int64),
        ("first_position", np.int32),
        ("first_holding", np.int32),
        ("position_count", np.int32),
        ("holding_count", np.int32),
        ("kind", np.int32),
        ("status", np.int32),
        ("negative", np.int32),
        ("order_stage", np.int32),
        ("order_filled", np.int32),
        ("default_instrument", np.int32),
        ("offered_ns", np.int64),
        ("notice_shares", np.int64),
        ("notice_until_ns", np.int64),
        ("pool", np.int32),
        ("endorsed", np.int32),
        ("stages_begun", np.int32),
        ("tried_stages", np.int32),
    ]
)
"""One margin unit; `vault_shares` are of its pool, `stages_begun` has a bit for each stage whose beginning it paid and
`tried_stages` for each whose order found no fill since something of it was last closed.

The first rows are the venue's own accounts (solvent.codes.SystemAccount)."""

POSITION = np.dtype(
    [
        ("lots", np.int64),
        ("cost_quanta", np.int64),
        ("funding_index", np.int64),
        ("account", np.int32),
        ("instrument", np.int32),
        ("next", np.int32),
        ("orders", np.int32),
        ("leverage", np.int32),
        ("unused", np.int32),
    ]
)
"""Position of one account in one market; `orders` is its row of open orders, or -1. 48 bytes."""

ORDERS = np.dtype(
    [
        ("bid_lots", np.int64),
        ("bid_quanta", np.int64),
        ("ask_lots", np.int64),
        ("ask_quanta", np.int64),
        ("ordered_lots", np.int64),
        ("limit_ticks", np.int64),
        ("next", np.int32),
        ("position", np.int32),
    ]
)
"""Open orders of one position: the trader's bids and offers, and what the liquidation engine has in the market."""

HOLDING = np.dtype(
    [("amount_quanta", np.int64), ("account", np.int32), ("asset", np.int32), ("next", np.int32), ("unused", np.int32)]
)
"""Collateral of one account in one asset other than the settlement currency."""

INSTRUMENT = np.dtype(
    [
        ("mark_ticks", np.int64),
        ("previous_mark_ticks", np.int64),
        ("mark_version", np.int64),
        ("mark_time_ns", np.int64),
        ("open_interest_lots", np.int64),
        ("funding_index", np.int64),
        ("listed", np.int32),
        ("mode", np.int32),
        ("mode_by_breaker", np.int32),
        ("operator_mode", np.int32),
        ("supported_ticks", np.int64),
        ("supported_ns", np.int64),
        ("quorum_until_ns", np.int64),
        ("resumed_ns", np.int64),
        ("dispersion_ppm", np.int64),
        ("conditions", np.int32),
        ("dropped", np.int32),
        ("told_conditions", np.int32),
        ("settled", np.int32),
        ("opened_ns", np.int64),
        ("closed_sequence", np.int64),
        ("cross_ticks", np.int64),
        ("step_after_ns", np.int64),
        ("initial_long_ppm", np.int64),
        ("initial_short_ppm", np.int64),
        ("maintenance_long_ppm", np.int64),
        ("maintenance_short_ppm", np.int64),
        ("premium_ppb", np.int64),
        ("premium_count", np.int64),
        ("rate_ppb", np.int64),
        ("funding_ns", np.int64),
    ]
)
"""A market now; its contract is in the terms.

`supported_ticks` is the last mark that others than the venue agreed with; `conditions` are the bits of its price at
the last report, to which time adds (solvent.risk.oracle.conditions_of); `dropped` are the bits of sources that stood
too far out. `settled` 1: the market ended in a settlement and is not listed again.
`cross_ticks` is the price of the last reopening auction. Multipliers of zero are one.
`premium_ppb` is the sum of the premiums heard since `funding_ns`, when funding was settled last; `rate_ppb` is the rate
that drifts, where one does.
"""

REPORT = np.dtype(
    [
        ("price_ticks", np.int64),
        ("source_time_ns", np.int64),
        ("receive_time_ns", np.int64),
        ("sequence", np.int64),
        ("source_sequence", np.int64),
        ("waiting_ticks", np.int64),
        ("waiting_time_ns", np.int64),
        ("waiting_until_ns", np.int64),
    ]
)
"""The last accepted report of one source for one instrument: when it was true, received and decided on.

`waiting_ticks` is a report that a fixed delay keeps back until `waiting_until_ns`.
"""

INTEREST = np.dtype([("price_ticks", np.int64), ("bid_lots", np.int64), ("ask_lots", np.int64)])
"""What is wanted and offered at one price in a market's reopening auction."""

HELD = np.dtype(
    [
        ("amount_quanta", np.int64),
        ("owed_quanta", np.int64),
        ("accrued_ns", np.int64),
        ("deposit_index", np.int64),
        ("borrow_index", np.int64),
    ]
)
"""All that accounts hold of one collateral asset, less what others owe of it: what is really there.

`owed_quanta` is what they owe. The indices say what one unit held, or owed, since the first accrual has become, in
parts of INDEX_ONE (solvent.risk.lending); zero is one.
"""

STRETCH = np.dtype(
    [
        ("number", np.int64),
        ("low_ticks", np.int64),
        ("high_ticks", np.int64),
        ("path_ppm", np.int64),
        ("flow_quanta", np.int64),
        ("outflow_quanta", np.int64),
        ("taken_quanta", np.int64),
    ]
)
"""An eighth of a rolling window of one market, or of the venue (the rows after the last market).

Lowest and highest mark, the sum of its moves, value liquidated, and for the venue what was withdrawn and the largest
total of its funds.
"""

ANCHOR = np.dtype([("price_ticks", np.int64), ("time_ns", np.int64), ("until_ns", np.int64), ("engaged", np.int64)])
"""Where a breaker measures the move of one market from, and until when it holds the market."""

VAULT = np.dtype(
    [
        ("account", np.int64),
        ("shares", np.int64),
        ("taken_quanta", np.int64),
        ("unwound_quanta", np.int64),
        ("unwind_cost_quanta", np.int64),
    ]
)
"""A pool now, the vault first: its account, all shares, what it took over, unwound, and what unwinding has cost."""

UNWIND = np.dtype(
    [
        ("lots", np.int64),
        ("limit_ticks", np.int64),
        ("reference", np.int64),
        ("until_ns", np.int64),
    ]
)
"""The order by which the pool of one market works its inventory towards the target; `lots` are what it buys, signed."""

VENUE = np.dtype(
    [
        ("sequence", np.int64),
        ("time_ns", np.int64),
        ("price_version", np.int64),
        ("terms_version", np.int64),
        ("account_count", np.int64),
        ("position_count", np.int64),
        ("position_free", np.int64),
        ("holding_count", np.int64),
        ("holding_free", np.int64),
        ("orders_count", np.int64),
        ("orders_free", np.int64),
        ("queue_head", np.int64),
        ("queue_count", np.int64),
        ("negative_count", np.int64),
        ("open_deficit_quanta", np.int64),
        ("advance_left", np.int64),
        ("mode", np.int64),
        ("mode_by_breaker", np.int64),
        ("operator_mode", np.int64),
        ("time_jump_ns", np.int64),
        ("triggered", np.int64),
        ("block_sequence", np.int64),
        ("block_quanta", np.int64),
        ("proposal_version", np.int64),
        ("proposal_due_ns", np.int64),
        ("proposal_seat", np.int64),
        ("proposal_votes", np.int64),
        ("proposal_families", np.int64),
        ("insolvent_quanta", np.int64),
        ("block_drawn_quanta", np.int64),
    ]
)
"""The venue as a whole; one row. `triggered` has a bit for each trigger of deleveraging that holds, and
`block_quanta` is what the `Advance` of `block_sequence` has sent orders for, `block_drawn_quanta` what it has drawn on
funds. `insolvent_quanta` is the maintenance of the accounts below zero when breakers last measured it. A proposal of
version zero is none; its families and votes are bits."""


class State(NamedTuple):
    """All tables together. `cells` and `staged` hold the terms; the tables after them are views of `cells`.

    `families` says of each cell under which rule it is changed (solvent.state.families); it follows from the shape.
    """

    venue: np.recarray
    accounts: np.recarray
    positions: np.recarray
    orders: np.recarray
    holdings: np.recarray
    instruments: np.recarray
    reports: np.recarray
    anchors: np.recarray
    stretches: np.recarray
    interest: np.recarray
    held: np.recarray
    vaults: np.recarray
    unwinds: np.recarray
    queue: np.ndarray
    cells: np.ndarray
    staged: np.ndarray
    contracts: np.recarray
    feeds: np.recarray
    schedules: np.recarray
    brackets: np.recarray
    levels: np.recarray
    stages: np.recarray
    absorbers: np.recarray
    assets: np.recarray
    breakers: np.recarray
    pricing: np.recarray
    remedies: np.recarray
    dynamics: np.recarray
    markets: np.recarray
    policy: np.recarray
    shocks: np.recarray
    triggers: np.recarray
    funding: np.recarray
    corridors: np.recarray
    seats: np.recarray
    governing: np.recarray
    pools: np.recarray
    backings: np.recarray
    offers: np.recarray
    options: np.recarray
    families: np.ndarray
