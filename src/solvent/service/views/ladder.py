"""The near-liquidation ladder: notional by distance to liquidation, over all accounts, a slice at a time."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import numpy as np

from solvent.codes import Level, Status
from solvent.engine.engine import Engine
from solvent.procedures.assess import assess_accounts
from solvent.service.wire import Wire
from solvent.state.tables import NONE
from solvent.state.whole import first_user_account
from solvent.units import PPM

LADDER_EDGES_PPM: Final = (
    0,
    5_000,
    10_000,
    20_000,
    30_000,
    50_000,
    75_000,
    100_000,
    150_000,
    200_000,
    300_000,
    500_000,
)
"""Steps of the near-liquidation ladder: surplus over notional, as parts per million."""
SLICE_ACCOUNTS: Final = 500
SLICE_S: Final = 0.02
"""The ladder looks at every account in slices this long apart, so that no reader stands in the way of a price."""
NEAREST: Final = 50


class Ladder:
    """Notional by distance to liquidation, over all accounts, a slice at a time."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        edges = len(LADDER_EDGES_PPM)
        self.notional = np.zeros((2, edges), dtype=np.float64)
        self.accounts = np.zeros(edges, dtype=np.int64)
        self.nearest: list[tuple[int, int, int, int, int]] = []
        self.sequence = 0

    async def run(self) -> None:
        """Go round for ever."""
        while True:
            await self.once()
            await asyncio.sleep(0.5)

    async def once(self) -> None:
        """One time around."""
        edges = np.array(LADDER_EDGES_PPM)
        notional = np.zeros((2, len(edges)), dtype=np.float64)
        counts = np.zeros(len(edges), dtype=np.int64)
        nearest: list[np.ndarray] = []
        first = first_user_account(self.engine.state)
        while first < int(self.engine.state.venue[0].account_count):
            state = self.engine.state
            last = min(first + SLICE_ACCOUNTS, int(state.venue[0].account_count))
            numbers = np.arange(first, last, dtype=np.int64)
            numbers = numbers[state.accounts.first_position[first:last] != NONE]
            if len(numbers):
                answers = np.zeros((len(numbers), 4), dtype=np.int64)
                assess_accounts(state, int(Level.MAINTENANCE), numbers, answers)
                held = answers[:, 3] > 0
                rows, numbers = answers[held], numbers[held]
                distance = (rows[:, 0] - rows[:, 1]) / np.maximum(rows[:, 3], 1) * PPM
                place = np.clip(np.searchsorted(edges, distance, side="right") - 1, 0, len(edges) - 1)
                distressed = (state.accounts.status[numbers] == Status.DISTRESSED).astype(np.int64)
                np.add.at(notional, (distressed, place), rows[:, 3].astype(np.float64))
                counts += np.bincount(place, minlength=len(edges))
                near = np.argsort(distance)[:NEAREST]
                nearest.append(
                    np.column_stack([numbers[near], rows[near][:, [0, 1, 3]], distance[near].astype(np.int64)])
                )
            first = last
            await asyncio.sleep(SLICE_S)
        self.notional, self.accounts = notional, counts
        joined = np.concatenate(nearest) if nearest else np.zeros((0, 5), dtype=np.int64)
        self.nearest = [tuple(row) for row in joined[np.argsort(joined[:, 4])][:NEAREST].tolist()]
        self.sequence = self.engine.sequence

    def told(self, wire: Wire) -> dict[str, Any]:
        """The ladder as it is told outside."""
        steps = []
        for place, edge in enumerate(LADDER_EDGES_PPM):
            last = place + 1 == len(LADDER_EDGES_PPM)
            steps.append(
                {
                    "from_ppm": edge,
                    "to_ppm": None if last else LADDER_EDGES_PPM[place + 1],
                    "accounts": int(self.accounts[place]),
                    "notional": wire.money(int(self.notional[:, place].sum())),
                    "in_liquidation": wire.money(int(self.notional[1, place])),
                }
            )
        nearest = [
            {
                "account": account,
                "equity": wire.money(equity),
                "requirement": wire.money(requirement),
                "notional": wire.money(notional),
                "distance_ppm": distance,
            }
            for account, equity, requirement, notional, distance in self.nearest
        ]
        return {"sequence": self.sequence, "steps": steps, "nearest": nearest}
