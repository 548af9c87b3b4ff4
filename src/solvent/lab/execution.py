"""How forced orders meet a book that thins out: depth, square-root impact, recovery, feedback.

For each market:

    depth       calm depth / (1 + c x max(volatility ratio - 1, 0)); what was taken refills with a time constant
    fill        at most participation x depth per step, first come first served; the price of a fill is worse than
                the mark by half the impact of the step's volume so far, and never beyond the order's limit
    impact      Y x daily volatility x sqrt(notional / daily volume)      (square-root law, e.g. Almgren et al. 2005)
    feedback    a share of the impact moves the reported price; part of it stays, the rest fades with a half-life

A historic path already contains the forced selling of its day, which is why the feedback is a share and not the whole.
"""

from typing import NamedTuple

import numpy as np

from solvent.lab.scenario import NANOSECONDS, Scenario

SECONDS_PER_DAY = 86_400.0
VOLATILITY_MEMORY_SECONDS = 120.0
IMPACT_MAX = 0.5


class Order(NamedTuple):
    """A liquidation order in the market; `lots` is signed: what the venue sells is negative."""

    account: int
    instrument: int
    lots: int
    limit_ticks: int
    reference: int


class Fill(NamedTuple):
    """What the book took of an order."""

    account: int
    instrument: int
    lots: int
    price_ticks: int
    reference: int


class Book:
    """The books of all markets of a scenario, as the lab imagines them."""

    def __init__(self, scenario: Scenario, value_per_lot_tick: np.ndarray) -> None:
        """`value_per_lot_tick` is in the settlement currency."""
        execution = scenario.execution
        markets = scenario.markets
        self.value_per_lot_tick = value_per_lot_tick
        self.calm_depth = np.array([float(market.depth) for market in markets])
        self.daily_volume = np.array([max(float(market.daily_volume), 1.0) for market in markets])
        self.daily_volatility = np.array([market.daily_volatility for market in markets])
        self.impact_scale = float(execution["impact_ppm"])
        self.feedback = float(execution["feedback_ppm"])
        self.permanent = float(execution["permanent_ppm"])
        self.recovery_seconds = float(execution["recovery_s"])
        self.participation = float(execution["participation_ppm"])
        self.collapse = float(execution["collapse_ppm"])
        self.refill_seconds = float(execution["refill_s"])
        count = len(markets)
        self.lasting = np.zeros(count)
        self.fading = np.zeros(count)
        self.taken = np.zeros(count)
        self.variance = (self.daily_volatility**2) / SECONDS_PER_DAY
        self.last_ticks = np.zeros(count)
        self.stepped = np.zeros(count)
        self.thinned = np.ones(count)

    def displacement(self) -> np.ndarray:
        """Factor by which forced trading has moved each market's reported price."""
        return np.exp(self.lasting + self.fading)

    def observe(self, mark_ticks: np.ndarray, elapsed_ns: int) -> None:
        """Let time pass: volatility is updated, impact fades, books refill."""
        seconds = max(elapsed_ns / NANOSECONDS, 1e-3)
        known = (self.last_ticks > 0) & (mark_ticks > 0)
        change = np.zeros(len(mark_ticks))
        change[known] = np.log(mark_ticks[known] / self.last_ticks[known])
        weight = 1.0 - np.exp(-seconds / VOLATILITY_MEMORY_SECONDS)
        self.variance += weight * (change**2 / seconds - self.variance)
        self.last_ticks = mark_ticks.astype(float)
        self.fading *= 0.5 ** (seconds / self.recovery_seconds)
        self.taken *= np.exp(-seconds / self.refill_seconds)
        self.stepped[:] = 0.0

    def depth(self) -> np.ndarray:
        """Notional the book holds within one per cent now."""
        calm = np.maximum(self.daily_volatility**2 / SECONDS_PER_DAY, 1e-18)
        ratio = np.sqrt(np.maximum(self.variance, 0.0) / calm)
        shrunk = self.thinned * self.calm_depth / (1.0 + self.collapse * np.maximum(ratio - 1.0, 0.0))
        held: np.ndarray = np.maximum(shrunk, 1.0)
        return held

    def impact(self, instrument: int, notional: float) -> float:
        """Relative price change a trade of this size causes."""
        law = self.impact_scale * self.daily_volatility[instrument]
        return float(min(law * np.sqrt(notional / self.daily_volume[instrument]), IMPACT_MAX))

    def would_take(self, order: Order, mark_ticks: np.ndarray) -> tuple[int, float]:
        """(lots, price in ticks) the book would take of one order now, before anything is taken of it in this step."""
        k = order.instrument
        value = float(mark_ticks[k]) * float(self.value_per_lot_tick[k])
        room = max(self.participation * float(self.depth()[k]) - float(self.taken[k]), 0.0)
        lots = min(abs(order.lots), int(room / value)) if value > 0.0 else 0
        worse = 0.5 * self.impact(k, float(self.stepped[k]) + lots * value)
        return lots, float(mark_ticks[k]) * (1.0 + worse if order.lots > 0 else 1.0 - worse)

    def take(self, orders: list[Order], mark_ticks: np.ndarray) -> list[Fill]:
        """What the books take of the orders in this step, in the order given."""
        fills: list[Fill] = []
        room = np.maximum(self.participation * self.depth() - self.taken, 0.0).tolist()
        marks = mark_ticks.tolist()
        lot_values = (mark_ticks * self.value_per_lot_tick).tolist()
        moved = np.zeros(len(room))
        for order in orders:
            k = order.instrument
            if room[k] < lot_values[k] or lot_values[k] <= 0.0:
                if self.taken[k] > 0.0 or lot_values[k] <= 0.0:
                    continue
                room[k] = lot_values[k]  # a book that nobody has touched takes one lot
            lots = min(abs(order.lots), int(room[k] / lot_values[k]))
            direction = 1 if order.lots > 0 else -1
            notional = lots * lot_values[k]
            worse = 0.5 * self.impact(k, self.stepped[k] + notional)
            price = max(round(marks[k] * (1.0 + direction * worse)), 1)
            if order.limit_ticks and (price - order.limit_ticks) * direction > 0:
                continue
            room[k] -= notional
            self.taken[k] += notional
            self.stepped[k] += notional
            moved[k] += direction * notional
            fills.append(Fill(order.account, k, lots, price, order.reference))
        for k in np.flatnonzero(moved).tolist():
            jump = self.feedback * np.sign(moved[k]) * self.impact(k, abs(float(moved[k])))
            self.lasting[k] += self.permanent * jump
            self.fading[k] += (1.0 - self.permanent) * jump
        return fills
