"""Protocols that owe one another, each living through the run's paths: what a mutual fund over them would be worth.

A run knows one venue. Its peers are made of it, openly: as many protocols as the venue has markets (six at most), each
with a part of the venue's funds and vault as its own assets and, on every path, the shortfalls of the markets weighed
its own way: CONCENTRATION of its business in one market, the rest in all of them alike. They owe one another LINKED of
their assets each, in equal parts, and a quarter of them to outsiders. On a path p a protocol's assets are less by its
loss there; who is short, in which round, and what a fund changes is then the arithmetic of `solvent.mutual`.
The three constants are assumptions, printed with every figure; bilateral exposures are rarely public.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from solvent.lab.worlds.compiled.tables import MarketTotal
from solvent.lab.worlds.stress import StressRun
from solvent.mutual.clearing import Network, network

PEERS_MAX: Final = 6
CONCENTRATION: Final = 0.5
LINKED: Final = 0.4
OUTSIDE: Final = 0.25


@dataclass(frozen=True)
class Peers:
    """n protocols: names, assets before any loss (n,), and their losses on each path [paths, n]; in the currency."""

    names: tuple[str, ...]
    calm: Network
    losses: np.ndarray

    def after(self, path_row: int) -> Network:
        """Who owes what to whom when the losses of one path have been paid."""
        return self.calm.with_assets(self.calm.assets - self.losses[path_row])


def peers_of(run: StressRun) -> Peers:
    """The peers of a run's venue. A venue with one market has one peer and a reserve to owe to."""
    lost = run.paths.by_market[:, :, MarketTotal.SHORTFALL] / run.world.quantum
    markets = lost.shape[1]
    count = max(min(markets, PEERS_MAX), 2)
    weights = np.full((count, markets), (1.0 - CONCENTRATION) / markets)
    largest = np.argsort(-lost.sum(axis=0), kind="stable")
    for peer in range(count):
        weights[peer, largest[peer % markets]] += CONCENTRATION
    held = run.summary["funds_start"] + run.summary["vault_start"]
    assets = np.full(count, held / count)
    owed = np.full((count, count), LINKED * held / count / max(count - 1, 1))
    np.fill_diagonal(owed, 0.0)
    symbols = [market.contract.base for market in run.world.scenario.markets]
    names = tuple(f"protocol {peer} ({symbols[largest[peer % markets]]})" for peer in range(count))
    return Peers(names, network(owed, assets, assets * OUTSIDE), lost @ weights.T)
