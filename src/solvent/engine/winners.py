"""Where an account stands among those who would be deleveraged: by the machine's own score, nothing decided here."""

from __future__ import annotations

from typing import Any

import numpy as np

from solvent.codes import AdlPolicy, Level, Status
from solvent.engine.worth import values_at
from solvent.procedures.assess import assess_accounts
from solvent.risk.deleverage import score_of
from solvent.state.tables import NONE, State

WINNERS_MAX = 50_000


def winners(state: State, instrument: int, side: int) -> tuple[np.ndarray, list[int]]:
    """(position rows, scores) of sound accounts with a gain on one side (+1 long, -1 short), highest score first."""
    count = int(state.venue[0].position_count)
    here = state.positions.instrument[:count] == instrument
    rows = np.flatnonzero(here & (np.sign(state.positions.lots[:count]) == side))[:WINNERS_MAX]
    table: Any = state.positions[rows]
    market = state.instruments[instrument]
    value = values_at(state.contracts[instrument], table.lots, int(market.mark_ticks))
    chosen = (table.account != NONE) & (value > table.cost_quanta)
    chosen[chosen] &= state.accounts.status[table.account[chosen]] == Status.SOUND
    rows, table, value = rows[chosen], table[chosen], value[chosen]
    whole = np.zeros((len(rows), 4), dtype=np.int64)
    alone = np.zeros((len(rows), 4), dtype=np.int64)
    if len(rows):
        assess_accounts(state, int(Level.MAINTENANCE), table.account.astype(np.int64), whole)
        accounts = np.zeros(len(rows), dtype=state.accounts.dtype).view(np.recarray)
        accounts.first_position, accounts.first_holding = np.arange(len(rows)), NONE
        positions = table.copy()
        positions.next = NONE
        single = state._replace(accounts=accounts, positions=positions.view(np.recarray))
        assess_accounts(single, int(Level.MAINTENANCE), np.arange(len(rows)), alone)
    score = getattr(score_of, "py_func", score_of)
    kind = int(state.policy[0].adl_score)
    wallets = state.accounts.wallet_quanta[table.account].tolist()
    columns = zip(
        value.tolist(), table.cost_quanta.tolist(), wallets, whole[:, 0].tolist(),
        alone[:, 1].tolist(), strict=True,
    )  # fmt: skip
    scores = [int(score(kind, worth, cost, worth - cost, wallet, equity, required))
              for worth, cost, wallet, equity, required in columns]  # fmt: skip
    order = sorted(range(len(rows)), key=lambda place: (-scores[place], int(table.account[place])))
    return rows[order], [scores[place] for place in order]


def deleveraging_places(state: State, account: int, instrument: int) -> dict[str, Any] | None:
    """Rank among the winners of its side, their number, and how contracts are dealt; None for one who does not win."""
    row = int(state.accounts[account].first_position)
    while row != NONE and state.positions[row].instrument != instrument:
        row = int(state.positions[row].next)
    if row == NONE or not state.instruments[instrument].mark_ticks:
        return None
    rows, _scores = winners(state, instrument, int(np.sign(state.positions[row].lots)))
    place = np.flatnonzero(rows == row)
    if not len(place):
        return None
    policy = AdlPolicy(int(state.policy[0].adl_policy)).name.lower()
    return {"rank": int(place[0]) + 1, "of": len(rows), "policy": policy}
