"""Why a winner was chosen: its place in the queue, or its share of all winners."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from solvent.codes import (
    AdlPolicy,
    AdlScore,
    Level,
    Status,
)
from solvent.engine.explain.names import words
from solvent.engine.explain.node import Node, fact, number, plain
from solvent.engine.explain.sheet import assess
from solvent.engine.worth import values_at
from solvent.risk.deleverage import score_of
from solvent.state.tables import NONE, State
from solvent.state.values import lots_within, traded_quanta
from solvent.units import PPM

SCORE_FORMULAS: Final = {
    AdlScore.HYPERLIQUID: "(mark / entry) x (notional / equity)",
    AdlScore.BINANCE: "(gain / wallet) x (requirement / equity)",
    AdlScore.BITMEX: "(gain / entry value) x (value / equity)",
    AdlScore.LIGHTER: "(value / equity) x gain",
    AdlScore.OKX: "(gain / requirement) x (requirement / equity)",
    AdlScore.GAIN: "gain",
}
"""What each score multiplies."""


def why_deleveraged(state: State, event: Any, account: int) -> Node:
    """Why these contracts were closed against this winner: its place in the queue, or its share of all winners."""
    instrument, price, policy = int(event["instrument"]), int(event["price_ticks"]), state.policy[0]
    contract = state.contracts[instrument]
    rows = np.flatnonzero(state.positions.instrument[: int(state.venue[0].position_count)] == instrument)
    table: Any = state.positions[rows]
    lots_owed = int(table.lots[table.account == int(event["account"])][0])
    value = values_at(contract, table.lots, price)
    chosen = (table.account != NONE) & (table.lots * np.sign(lots_owed) < 0) & (value > table.cost_quanta)
    chosen[chosen] &= state.accounts.status[table.account[chosen]] == Status.SOUND
    judged = assess(state, Level.MAINTENANCE, table.account[chosen].astype(np.int64))
    required = _required_alone(state, rows[chosen])
    moved = values_at(contract, table.lots, int(state.instruments[instrument].mark_ticks))
    moved = (moved - values_at(contract, table.lots, price, traded_quanta))[chosen]
    free = judged[:, 0] - moved - (judged[:, 1] - required) - int(state.stages[0].or_equal)
    able = (moved <= 0) | (free >= 0)  # closing away from the mark makes nobody liquidatable
    if policy.adl_policy == AdlPolicy.QUEUE:
        able &= judged[:, 0] > 0
    judged, required, chosen[chosen] = judged[able], required[able], able
    rows, table, value = rows[chosen], table[chosen], value[chosen]
    available = np.abs(table.lots)
    mine = int(np.flatnonzero(table.account == account)[0])
    shared = (
        number("lots to be closed", abs(lots_owed), "lots", f"those of account {int(event['account'])}"),
        number("lots of this account", int(available[mine]), "lots"),
    )
    if policy.adl_policy == AdlPolicy.PRO_RATA:
        return fact(
            "why this account",
            "every winner closes in proportion to its lots, in pieces; which ends of pieces fall to whom is drawn by a "
            "start that the event keys, so that neither number nor splitting helps",
            *shared,
            number("lots of all winners", int(available.sum()), "lots"),
            number("winners", len(rows), "accounts"),
            number("share of all winners", int(available[mine]) * PPM // int(available.sum()), "ppm"),
            number("piece", max(int(plain(lots_within)(contract, int(policy.adl_unit_quanta), price)), 1), "lots"),
        )
    scores = [
        int(
            score_of(
                int(policy.adl_score),
                int(value[k]),
                int(table.cost_quanta[k]),
                int(value[k] - table.cost_quanta[k]),
                int(state.accounts.wallet_quanta[table.account[k]]),
                int(judged[k, 0]),
                int(required[k]),
            )
        )
        for k in range(len(rows))
    ]
    ahead = [k for k in range(len(rows)) if (-scores[k], table.account[k]) < (-scores[mine], account)]
    return fact(
        "why this account",
        f"winners close in the order of their score ({words(AdlScore(int(policy.adl_score)))}), as the visit began",
        *shared,
        number("rank", len(ahead) + 1, "", f"of {len(rows)} winners"),
        number("lots ahead of it", int(available[ahead].sum()), "lots"),
        number(
            "score",
            scores[mine],
            "",
            SCORE_FORMULAS[AdlScore(int(policy.adl_score))],
            "",
            number("value", int(value[mine])),
            number("cost", int(table.cost_quanta[mine])),
            number("wallet", int(state.accounts.wallet_quanta[account])),
            number("equity", int(judged[mine, 0])),
            number("requirement of the position", int(required[mine])),
        ),
    )


def _required_alone(state: State, rows: np.ndarray) -> np.ndarray:
    """Maintenance requirement of each position row: each on an account of its own."""
    accounts = np.zeros(len(rows), dtype=state.accounts.dtype).view(np.recarray)
    accounts.first_position = np.arange(len(rows))
    accounts.first_holding = NONE
    positions = state.positions[rows]
    positions.next = NONE
    answers = assess(state._replace(accounts=accounts, positions=positions), Level.MAINTENANCE, np.arange(len(rows)))
    return answers[:, 1]
