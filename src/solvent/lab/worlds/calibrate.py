"""Numbers for a rulebook: maintenance rates from gaps, penalties, buffers, the size of a fund, and what safety costs.

gaps       worst adverse move within the close-out time after a move that would trigger liquidations, declustered;
a generalised Pareto tail with stability bands; the least rate whose gap risk and expected loss keep to
what is allowed; beside it first passage in closed form
funds      from simulated losses: newsvendor, expected shortfall with its interval and with a Pareto tail, Cover-n
over linked owners, number of entities needed
penalties  what a lot closed must pay so that penalties pay for shortfalls in the mean
frontier   margin rates and fund scaled up and down: capital asked of everybody against the probability that a
loss is shared, each point simulated on the same paths
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

import numpy as np

from solvent.codes import Level
from solvent.lab.statistics.faults import StatisticError
from solvent.lab.statistics.funds import cover, entities_needed, newsvendor_size, replenishment_days
from solvent.lab.statistics.passage import linear_unwind, monitored_distance, passage_probability
from solvent.lab.statistics.tails import EXCESSES_MIN, decluster, fit_tail, tail_table
from solvent.lab.worlds.compiled.tables import Total
from solvent.lab.worlds.estimates import expected_shortfall, losses_of, probability, socialised
from solvent.lab.worlds.faults import world_error
from solvent.lab.worlds.models import Returns
from solvent.lab.worlds.runs import Paths, Progress, run_paths
from solvent.lab.worlds.stress import Order, StressRun, world_of
from solvent.lab.worlds.world import World
from solvent.procedures.assess import assess_accounts
from solvent.rulebook.document import Rulebook

TRIGGER_SHARE: Final = 0.10
"""A tenth of all moves is large enough to look like one that triggers liquidations."""
LEVEL: Final = 0.999
MARGIN_TIMES: Final = (0.75, 1.0, 1.5, 2.0)
"""Points of the frontier: how many times the margin of the rulebook."""


def scaled_rulebook(rulebook: Rulebook, times: Fraction) -> Rulebook:
    """The same rulebook with every bracket's rates multiplied, for a frontier; it keeps its name and stages."""
    schedules = tuple(
        replace(
            schedule,
            brackets={
                base: tuple(
                    replace(
                        row,
                        initial=min(row.initial * times, Fraction(1)),
                        maintenance=min(row.maintenance * times, Fraction(1)),
                    )
                    for row in rows
                )
                for base, rows in schedule.brackets.items()
            },
        )
        for schedule in rulebook.schedules
    )
    return replace(rulebook, schedules=schedules)


def gaps_of(returns: np.ndarray, steps: int, *, long: bool) -> np.ndarray:
    """Worst adverse log-move within `steps` after each trigger-like move of one market, clusters counted once.

    A trigger is an adverse move over `steps` among the largest TRIGGER_SHARE. Conditional on it, because a liquidation
    never starts from a quiet market.
    """
    signed = -returns if long else returns
    if len(signed) < 4 * steps + 2:
        return np.zeros(0)
    level = np.concatenate([[0.0], np.cumsum(signed)])
    past = level[steps:-steps] - level[: -2 * steps]
    windows = np.lib.stride_tricks.sliding_window_view(level[steps:], steps + 1)[: len(past)]
    ahead = windows[:, 1:].max(axis=1) - windows[:, 0]
    trigger = past > np.quantile(past, 1.0 - TRIGGER_SHARE)
    series = np.where(trigger, np.maximum(ahead, 0.0), -1.0)
    gaps: np.ndarray = decluster(series, -0.5, steps)
    return gaps


def least_rate(gaps: np.ndarray, impact: float, allowed: float, budget: float) -> float:
    """The smallest rate r with P(gap > r - impact) <= allowed and E[(gap - r + impact)+] <= budget.

    The Pareto tail is used beyond the 95 % quantile where it can be fitted, the sample before.
    """
    candidates = np.unique(np.concatenate([np.linspace(0.0005, 0.5, 1000), gaps + impact]))
    tail = None
    threshold = float(np.quantile(gaps, 0.90))
    if int((gaps > threshold).sum()) >= EXCESSES_MIN:
        tail = fit_tail(gaps, threshold)
        if tail.shape + tail.shape_error >= 1.0:
            tail = None
    for rate in candidates.tolist():
        room = rate - impact
        if tail is not None and room > tail.threshold:
            inside = 1.0 + tail.shape * (room - tail.threshold) / tail.scale
            beyond = tail.share * inside ** (-1.0 / tail.shape) if inside > 0 and tail.shape else 0.0
            excess = beyond * (tail.scale + tail.shape * (room - tail.threshold)) / (1.0 - tail.shape)
        else:
            beyond = float((gaps > room).mean())
            excess = float(np.maximum(gaps - room, 0.0).mean())
        if beyond <= allowed and excess <= budget:
            return float(rate)
    return float(candidates[-1])


def calibrate_gaps(
    world: World, returns: Returns, *, close_out_s: float = 1800.0, allowed: float = 0.01, budget: float = 0.0005
) -> list[dict[str, Any]]:
    """One row a market and side: the gap tail, what the rate should be, what it is, and the closed forms beside it."""
    steps = max(round(close_out_s / returns.interval_s), 1)
    rows: list[dict[str, Any]] = []
    for k, market in enumerate(world.scenario.markets):
        base = market.contract.base
        if base not in returns.bases:
            continue
        series = returns.values[:, returns.bases.index(base)]
        current = world.maintenance_rate(k)
        impact = (
            float(world.scenario.execution["impact_ppm"])
            * market.daily_volatility
            * math.sqrt(float(market.depth) / float(market.daily_volume))
            * (2.0 / 3.0)
        )
        per_second = float(np.std(series)) / math.sqrt(returns.interval_s)
        for long in (True, False):
            gaps = gaps_of(series, steps, long=long)
            if len(gaps) < EXCESSES_MIN:
                raise world_error(
                    "calibrate",
                    (
                        f"history of {base}",
                        f"it holds {len(gaps)} gaps of {close_out_s:g} s, and a tail needs {EXCESSES_MIN}",
                        "Give a longer file or a shorter --close-out.",
                    ),
                )
            row: dict[str, Any] = {
                "symbol": market.contract.symbol,
                "side": "long" if long else "short",
                "gaps": len(gaps),
                "largest_gap": float(gaps.max()),
                "impact": impact,
                "current_rate": current,
                "needed_rate": least_rate(gaps, impact, allowed, budget),
                "gap_beyond_current": float((gaps > current - impact).mean()),
                "passage_touches_zero": passage_probability(current, 0.0, per_second, close_out_s),
                "passage_checked_each_minute": passage_probability(
                    monitored_distance(current, per_second, 60.0), 0.0, per_second, close_out_s
                ),
                "unwind_ends_negative": linear_unwind(current, per_second, close_out_s, impact).terminal_loss_beyond,
            }
            try:
                row["tail"] = tail_table(gaps, LEVEL)
                row["expected_shortfall_999"] = row["tail"]["expected_shortfall"]
            except StatisticError as refused:
                row["tail"] = {"refused": str(refused)}
                row["expected_shortfall_999"] = None
            if row["expected_shortfall_999"] is None:
                # no mean to speak of: the worst move on record stands in, and says so
                row["capped_scenario"] = float(gaps.max())
            rows.append(row)
    if not rows:
        raise world_error("calibrate", ("history", "it holds none of the scenario's markets", "Give other candles."))
    return rows


def losses_by_owner(run: StressRun, path: int) -> np.ndarray:
    """Shortfall of each linked owner on a path, in the settlement currency: accounts of one owner are one entity."""
    frame = run.defaults_frame().filter(run.defaults_frame()["path"] == path)
    if frame.is_empty():
        return np.zeros(0)
    sums = frame.select("owner", "shortfall").group_by("owner").sum().sort("owner")
    entities: np.ndarray = sums["shortfall"].to_numpy() / run.world.quantum
    return entities


def calibrate_funds(
    run: StressRun, *, target_ruin: float = 0.001, capital_cost: float = 0.10, shortage_cost: float = 5.0
) -> dict[str, Any]:
    """Sizes of a fund by several rules, from a run's losses; amounts in the settlement currency."""
    paths, quantum = run.paths, run.world.quantum
    losses = losses_of(paths, quantum)
    worst = run.summary["worst_path"]
    entities = losses_by_owner(run, worst)
    es = expected_shortfall(losses, LEVEL)
    held = float(paths.of(Total.FUNDS_START)[0] / quantum)
    sizes: dict[str, Any] = {
        "newsvendor": newsvendor_size(losses, capital_cost, shortage_cost),
        "expected_shortfall_999": es.as_dict(),
        "quantile_for_target_ruin": float(np.quantile(losses, 1.0 - target_ruin, method="inverted_cdf")),
        "cover_1": cover(entities, 1),
        "cover_2": cover(entities, 2),
        "cover_worst_path": worst,
    }
    positive = losses[losses > 0]
    if len(positive) >= 4 * EXCESSES_MIN:
        tail = fit_tail(losses, float(np.quantile(positive, 0.5)))
        try:
            sizes["expected_shortfall_999_tail"] = tail.expected_shortfall(LEVEL) if tail.share > 1 - LEVEL else None
        except StatisticError as refused:
            sizes["expected_shortfall_999_tail"] = None
            sizes["tail_refused"] = str(refused)
        sizes["tail_index"] = tail.shape
        sizes["tail_index_error"] = tail.shape_error
    if len(entities):
        chance = float((losses > 0).mean())
        sizes["entities_needed"] = entities_needed(entities, chance, target_ruin)
    candidates = [
        value for name, value in sizes.items() if name in ("newsvendor", "quantile_for_target_ruin", "cover_2")
    ]
    sizes["recommended"] = max([*candidates, es.value])
    sizes["held"] = held
    income = float(paths.of(Total.PENALTIES).mean() / quantum) * 86_400.0 / run.world.conditions.horizon_s
    draws = (paths.of(Total.FUNDS_START) - paths.of(Total.FUNDS_LEAST)) / quantum
    sizes["replenishment_days"] = replenishment_days(float(np.quantile(np.maximum(draws, 0), 0.99)), income)
    sizes["target_ruin"] = target_ruin
    sizes["ruin_at_held"] = probability(losses > held).as_dict()
    return sizes


def calibrate_penalties(run: StressRun) -> dict[str, Any]:
    """What penalties bring, what shortfalls cost, and the rate at which they would be even."""
    paths, quantum = run.paths, run.world.quantum
    closed = float((paths.of(Total.LIQUIDATED) + paths.of(Total.TAKEN_OVER)).mean() / quantum)
    penalties = float(paths.of(Total.PENALTIES).mean() / quantum)
    shortfall = float(paths.of(Total.SHORTFALL).mean() / quantum)
    return {
        "closed_notional": closed,
        "penalties": penalties,
        "shortfall": shortfall,
        "rate_ppm": 1e6 * penalties / closed if closed else None,
        "even_rate_ppm": 1e6 * shortfall / closed if closed else None,
    }


def capital_of(world: World) -> dict[str, float]:
    """What the rules ask of everybody at the start: initial and maintenance requirements, and the funds held."""
    count = int(world.state.venue[0].account_count)
    accounts = np.arange(int(world.people["providers"][-1]) + 1, count, dtype=np.int64)
    totals = {}
    for name, level in (("initial", Level.INITIAL), ("maintenance", Level.MAINTENANCE)):
        answers = np.zeros((len(accounts), 4), dtype=np.int64)
        assess_accounts(world.state, int(level), accounts, answers)
        totals[name] = float(answers[:, 1].sum() / world.quantum)
    funds = world.scenario.funds
    totals["funds"] = float(funds["market_fund"]) * world.markets + sum(
        float(funds[name]) for name in ("venue_fund", "venue_capital")
    )
    return totals


def frontier(
    order: Order,
    *,
    margin_times: Sequence[float] = MARGIN_TIMES,
    fund_times: Sequence[float] = (1.0,),
    paths: int = 100,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[dict[str, float]]:
    """Capital against the chance of a shared loss, for margins and funds scaled; the same paths at every point.

    `is_efficient` marks points no other beats in both. Interrupted, it gives the points that are whole.
    """
    tell = progress or (lambda _share, _what: None)
    rows: list[dict[str, float]] = []
    grid = [(margin, fund) for margin in margin_times for fund in fund_times]
    for place, (margin, fund) in enumerate(grid):
        world = _scaled_world(order, margin, fund)
        found: Paths = run_paths(world, paths, jobs=jobs)
        if found.partial:
            break
        capital = capital_of(world)
        losses = losses_of(found, world.quantum)
        shared = probability(socialised(found))
        rows.append(
            {
                "margin_times": margin,
                "fund_times": fund,
                "initial": capital["initial"],
                "maintenance": capital["maintenance"],
                "funds": capital["funds"],
                "capital": capital["initial"] + capital["funds"],
                "probability_socialised_loss": shared.value,
                "probability_low": shared.low,
                "probability_high": shared.high,
                "expected_shortfall_99": expected_shortfall(losses, 0.99).value,
                "mean_shortfall": float(losses.mean()),
            }
        )
        tell((place + 1) / len(grid), f"margins x {margin:g}, funds x {fund:g}")
    for row in rows:
        row["is_efficient"] = float(
            not any(
                other["capital"] <= row["capital"]
                and other["probability_socialised_loss"] <= row["probability_socialised_loss"]
                and (
                    other["capital"] < row["capital"]
                    or other["probability_socialised_loss"] < row["probability_socialised_loss"]
                )
                for other in rows
            )
        )
    return rows


def _scaled_world(order: Order, margin: float, fund: float) -> World:
    """The order's world with margins and funds multiplied."""
    from decimal import Decimal

    from solvent.lab.worlds.models import assumed_model, fit_model, read_returns
    from solvent.lab.worlds.world import build_world

    if margin == 1.0 and fund == 1.0:
        return world_of(order)[0]
    scenario = order.scenario()
    times = Decimal(str(fund))
    names = ("market_fund", "venue_fund", "venue_capital")
    funds = {name: value * times if name in names else value for name, value in scenario.funds.items()}
    scenario = replace(scenario, funds=funds)
    rulebook = scaled_rulebook(order.rulebook(), Fraction(str(margin)))
    step = order.conditions.step_s
    if order.prices is not None:
        model = fit_model(order.model, scenario, step, read_returns(order.prices), order.assumed)[0]
    else:
        model = assumed_model(order.model, scenario, step, order.assumed)
    return build_world(scenario, rulebook, model, order.conditions, seed=order.seed, accounts=order.accounts)
