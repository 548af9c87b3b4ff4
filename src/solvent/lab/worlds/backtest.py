"""Did a margin rule cover history: coverage tests, sufficiency at close-out, procyclicality, buffers.

For each market the loss is the adverse log-move over the close-out time, the margin what a rule asked just before. A
rule is the rulebook's maintenance rate, or a model that is estimated again and again on what was known then (walk
forward, no peeking): ewma, fhs, garch-t. Every model's margin is its expected shortfall or quantile at the level.
"""

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from solvent.lab.statistics.coverage import (
    buffered,
    coverage_of,
    first_hit_statistic,
    long_floor,
    pinball,
    procyclicality_of,
    shortfall_statistic,
)
from solvent.lab.worlds.faults import world_error
from solvent.lab.worlds.models import Returns, fit_garch
from solvent.lab.worlds.world import World

RULES: Final = ("rulebook", "ewma", "fhs", "garch-t")
MEMORY: Final = 0.97
HISTORY_MIN: Final = 250
BUFFERS: Final = ("none", "buffer", "floor")
REFITS_MAX: Final = 24
"""A GARCH is fitted again so many times over a history; in between its volatility is filtered."""
WINDOW: Final = 3000
"""Each fit sees at most so many of the latest observations."""


def adverse_moves(series: np.ndarray, steps: int) -> np.ndarray:
    """Log-moves over `steps`, one after the other without overlap."""
    count = len(series) // steps
    moves: np.ndarray = series[: count * steps].reshape(count, steps).sum(axis=1)
    return moves


def _ewma(losses: np.ndarray) -> np.ndarray:
    """Volatility known before each observation."""
    variance = float(np.var(losses[: HISTORY_MIN // 2])) or 1e-12
    known = np.empty(len(losses))
    for t, loss in enumerate(losses.tolist()):
        known[t] = math.sqrt(variance)
        variance = MEMORY * variance + (1.0 - MEMORY) * loss * loss
    return known


def _garch(losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(volatility, degrees of freedom) known before each observation, refitted as it goes."""
    known, freedom = np.full(len(losses), np.nan), np.full(len(losses), np.nan)
    apart = max(HISTORY_MIN, len(losses) // REFITS_MAX)
    for start in range(HISTORY_MIN, len(losses), apart):
        past = losses[max(start - WINDOW, 0) : start]
        a, b, ratio, own, _residuals = fit_garch(past)
        mean = float(np.var(past))
        variance = ratio * mean
        for t in range(start, min(start + apart, len(losses))):
            before = losses[t - 1]
            variance = (1.0 - a - b) * mean + a * before * before + b * variance
            known[t] = math.sqrt(max(variance, 1e-18))
            freedom[t] = own
    return known, freedom


def margins_of(rule: str, losses: np.ndarray, level: float, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """(margin, expected shortfall) known before each loss; nan while too little is known."""
    from scipy.stats import norm
    from scipy.stats import t as student

    if rule == "rulebook":
        return np.full(len(losses), rate), np.full(len(losses), np.nan)
    if rule == "ewma":
        known = _ewma(losses)
        z = float(norm.ppf(level))
        margin, tail = known * z, known * float(norm.pdf(z)) / (1.0 - level)
    elif rule == "fhs":
        known = _ewma(losses)
        standard = losses / known
        margin, tail = np.full(len(losses), np.nan), np.full(len(losses), np.nan)
        for t in range(HISTORY_MIN, len(losses)):
            past = standard[max(t - 2000, 0) : t]
            quantile = float(np.quantile(past, level))
            margin[t] = known[t] * quantile
            tail[t] = known[t] * float(past[past >= quantile].mean())
    else:
        known, freedom = _garch(losses)
        unit = np.sqrt((freedom - 2.0) / freedom)
        quantile = student.ppf(level, freedom)
        margin = known * quantile * unit
        density = student.pdf(quantile, freedom) * (freedom + quantile**2) / ((freedom - 1.0) * (1.0 - level))
        tail = known * density * unit
    margin[:HISTORY_MIN] = np.nan
    return margin, tail


def backtest_margins(
    world: World,
    returns: Returns,
    *,
    rules: tuple[str, ...] = ("rulebook", "ewma", "fhs"),
    level: float = 0.99,
    close_out_s: float = 3600.0,
    buffer: str = "none",
    tell: Callable[[float, str], None] | None = None,
) -> list[dict[str, Any]]:
    """One row a market, side and rule: hits and tests, sufficiency, scores, procyclicality. Raises WorldError."""
    wrong = [rule for rule in rules if rule not in RULES]
    if wrong or buffer not in BUFFERS or not 0.5 < level < 1.0:
        what = ", ".join(wrong) or (buffer if buffer not in BUFFERS else str(level))
        raise world_error(
            "backtest", (what, "this is not known here", f"Rules: {', '.join(RULES)}; buffers: {', '.join(BUFFERS)}.")
        )
    steps = max(round(close_out_s / returns.interval_s), 1)
    rows: list[dict[str, Any]] = []
    markets = [(k, market) for k, market in enumerate(world.scenario.markets) if market.contract.base in returns.bases]
    if not markets:
        raise world_error("backtest", ("history", "it holds none of the scenario's markets", "Give other candles."))
    total = len(markets) * 2 * len(rules)
    for k, market in markets:
        moves = adverse_moves(returns.values[:, returns.bases.index(market.contract.base)], steps)
        if len(moves) < HISTORY_MIN + 50:
            raise world_error(
                "backtest",
                (
                    f"history of {market.contract.base}",
                    f"{len(moves)} close-out windows are too few; a test needs {HISTORY_MIN + 50}",
                    "Give a longer file or a shorter --close-out.",
                ),
            )
        rate = world.maintenance_rate(k)
        for side, sign in (("long", -1.0), ("short", 1.0)):
            losses = sign * moves
            for rule in rules:
                margin, tail = margins_of(rule, losses, level, rate)
                known = np.isfinite(margin)
                known[:HISTORY_MIN] = False
                if buffer == "buffer" and rule != "rulebook":
                    margin[known] = buffered(margin[known])
                elif buffer == "floor" and rule != "rulebook":
                    margin[known] = long_floor(margin[known], float(np.quantile(np.abs(losses[:HISTORY_MIN]), level)))
                rows.append(_row(market.contract.symbol, side, rule, losses[known], margin[known], tail[known], level))
                if tell is not None:
                    tell(len(rows) / total, f"{market.contract.symbol} {side} {rule}")
    return rows


def _row(
    symbol: str, side: str, rule: str, losses: np.ndarray, margin: np.ndarray, tail: np.ndarray, level: float
) -> dict[str, Any]:
    hits = losses > margin
    found = coverage_of(hits, 1.0 - level)
    row: dict[str, Any] = {"symbol": symbol, "side": side, "rule": rule, "level": level, **found.as_dict()}
    row["transitions"] = list(found.transitions)
    row["coverage"] = 1.0 - float(hits.mean())
    row["first_hit"] = int(np.argmax(hits)) + 1 if hits.any() else None
    row["first_hit_statistic"] = first_hit_statistic(row["first_hit"], 1.0 - level) if hits.any() else None
    row["largest_excess"] = float(np.maximum(losses - margin, 0.0).max())
    row["mean_margin"] = float(margin.mean())
    row["pinball"] = float(pinball(losses, margin, level).mean())
    row["shortfall_statistic"] = (
        shortfall_statistic(losses, margin, tail, level) if np.isfinite(tail).all() and hits.any() else None
    )
    moves = procyclicality_of(margin)
    row["peak_to_trough"] = moves.peak_to_trough
    row["largest_rise"] = {str(step): value for step, value in moves.largest_rise.items()}
    return row


def close_out_sufficiency(closings: np.ndarray, quantum: int) -> dict[str, float]:
    """Close-outs of a stress run: share whose loss stayed within the requirement at the flag, and by how much not.

    `closings` [c, 7] as in Paths. The venue's question: not the loss of a day, but that of a close-out.
    """
    if len(closings) == 0:
        return {"closings": 0.0, "sufficient": math.nan, "mean_loss_over_requirement": math.nan, "worst_excess": 0.0}
    requirement, loss = closings[:, 4].astype(float), closings[:, 5].astype(float)
    return {
        "closings": float(len(closings)),
        "sufficient": float((loss <= requirement).mean()),
        "mean_loss_over_requirement": float(loss.sum() / max(requirement.sum(), 1.0)),
        "worst_excess": float(np.maximum(loss - requirement, 0.0).max() / quantum),
    }
