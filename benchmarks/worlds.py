"""Paths a second and core: `python benchmarks/worlds.py [--peer]`. Processor time: a busy computer does not lie in it.

--peer also times one step of the same cascade written for an agent-based framework (Mesa), where it is installed.
"""

import sys
import time

import numpy as np

from solvent.lab.worlds.compiled.tables import Total
from solvent.lab.worlds.conditions import Conditions
from solvent.lab.worlds.stress import Order, world_of
from solvent.lab.worlds.world import Player


def rate(accounts: int, horizon_s: int, model: str, paths: int = 12) -> tuple[float, float, float]:
    """Paths a second of processor time, flagged a path, events a path."""
    order = Order.of("stress", model=model, accounts=accounts, conditions=Conditions(horizon_s=horizon_s))
    player = Player(world_of(order)[0])
    player.play(0)
    flagged = events = 0
    began = time.process_time()
    for path in range(paths):
        going = player.play(path)
        flagged += int(going.totals[Total.FLAGGED])
        events += int(going.totals[Total.EVENTS])
    return paths / (time.process_time() - began), flagged / paths, events / paths


def peer_step_ms(accounts: int = 10_000, steps: int = 5) -> float:
    """One step over agents that each judge themselves, as Mesa's documentation writes it, in milliseconds."""
    import mesa

    class Trader(mesa.Agent):
        def __init__(self, model, lots, cost, cash):
            super().__init__(model)
            self.lots, self.cost, self.cash, self.closed = lots, cost, cash, False

        def step(self):
            if self.closed:
                return
            equity = self.cash + float((self.lots * self.model.price).sum() - self.cost)
            if equity < 0.01 * float(np.abs(self.lots * self.model.price).sum()):
                self.closed = True
                self.model.sold += self.lots

    class Venue(mesa.Model):
        def __init__(self):
            super().__init__(seed=1)
            random = np.random.default_rng(1)
            self.price, self.sold = np.ones(10), np.zeros(10)
            for _trader in range(accounts):
                lots = np.where(random.random(10) < 0.25, random.normal(0, 1, 10), 0.0)
                Trader(self, lots, float(lots.sum()), float(np.abs(lots).sum()) * random.uniform(0.02, 0.3))

        def step(self):
            self.price = self.price * np.exp(self.random.gauss(0, 1) * 0.001)
            self.agents.do("step")
            self.price = self.price * np.exp(-0.00001 * self.sold)
            self.sold[:] = 0

    venue = Venue()
    venue.step()
    began = time.process_time()
    for _turn in range(steps):
        venue.step()
    return (time.process_time() - began) / steps * 1e3


if __name__ == "__main__":
    print("accounts  steps  model     paths a second and core   flagged a path   events a path")
    found = {}
    for accounts, horizon, model in (
        (10_000, 43_200, "normal"),
        (10_000, 43_200, "garch-t"),
        (10_000, 43_200, "hawkes"),
        (10_000, 21_600, "garch-t"),
        (5_000, 43_200, "garch-t"),
        (2_500, 43_200, "garch-t"),
    ):
        speed, flagged, events = rate(accounts, horizon, model)
        found[accounts, horizon, model] = speed
        print(f"{accounts:>8}  {horizon // 30:>5}  {model:<8}  {speed:>23.1f}   {flagged:>14.0f}   {events:>13.0f}")
    if "--peer" in sys.argv:
        ours = 1e3 / found[10_000, 43_200, "normal"] / 1440
        theirs = peer_step_ms()
        print(f"one step, 10,000 accounts: ours {ours:.4f} ms, agent-based {theirs:.1f} ms, ratio {theirs / ours:,.0f}")
