"""The twelve panels of a stress report, each made from a run and from the same world bent a little further."""

import math
from dataclasses import replace
from typing import Any, Final

import numpy as np

from solvent.codes import Tranche
from solvent.engine.engine import Engine
from solvent.events import EventKind
from solvent.lab.statistics.coverage import buffered, coverage_of, procyclicality_of
from solvent.lab.statistics.funds import cover, replenishment_days
from solvent.lab.statistics.passage import monitored_distance, passage_probability
from solvent.lab.statistics.sensitivity import sobol_indices
from solvent.lab.statistics.tails import mean_excess, stability
from solvent.lab.worlds.backtest import close_out_sufficiency
from solvent.lab.worlds.calibrate import losses_by_owner
from solvent.lab.worlds.compiled.tables import BUCKETS, MarketTotal, Moment, Total
from solvent.lab.worlds.conditions import LADDER, LEVELS, Shock, bend_of
from solvent.lab.worlds.estimates import TRANCHES, expected_shortfall, funds_exhausted, losses_of, probability
from solvent.lab.worlds.figures import Figure, Trace
from solvent.lab.worlds.runs import Progress
from solvent.lab.worlds.stress import StressRun
from solvent.lab.worlds.world import Player, World

SIDE_PATHS: Final = 4
"""Paths of each side run (shock grid, heat map, latency): they show shapes, not tails."""
CRASHES: Final = (0.0, -0.05, -0.10, -0.20, -0.30, -0.45)
DEPTHS: Final = (1.0, 0.5, 0.2, 0.1, 0.05)
DELAYS_S: Final = (0.5, 5.0, 30.0, 120.0, 600.0)
OUTAGES_MIN: Final = (0, 5, 15, 30, 60)
HOURLY: Final = 3600


class Bench:
    """A world with its player, and side runs that share its people: only prices, depth and delays differ."""

    def __init__(self, run: StressRun, progress: Progress) -> None:
        self.run = run
        self.world = run.world
        self.progress = progress
        self._player = Player(run.world)
        self._grid: list[dict[str, Any]] | None = None

    def bent(self, shocks: tuple[Shock, ...], *, latency_s: float | None = None) -> World:
        """The same world under shocks; the number of feeds and the open interest stay as they are."""
        world = self.world
        conditions = replace(
            world.conditions, shocks=shocks, latency_s=world.conditions.latency_s if latency_s is None else latency_s
        )
        used = world.compiled.terms.assets.used.astype(bool)
        used[0] = False
        priced = sorted({int(row) for row in world.compiled.terms.assets.price_instrument[used]})
        bend = bend_of(conditions, world.markets, conditions.feeds, priced)
        from solvent.lab.worlds.compiled.tables import Setting

        settings = world.given.settings.copy()
        settings[Setting.LATENCY_NS] = int(bend.latency_s * 1e9)
        given = world.given._replace(
            settings=settings,
            oracle_lag=bend.oracle_lag,
            oracle_shift=bend.oracle_shift,
            keepers_work=bend.keepers_work,
        )
        return replace(world, conditions=conditions, bend=bend, given=given)

    def mean(self, world: World, columns: list[Total], paths: int = SIDE_PATHS, **bent: Any) -> np.ndarray:
        """Totals of a few paths of a bent world, [paths, len(columns)], in the settlement currency."""
        self._player.world = world
        rows = []
        for path in range(paths):
            going = self._player.play(path, **bent)
            rows.append(going.totals[columns] / world.quantum)
        self._player.world = self.world
        return np.array(rows)

    def shock_grid(self) -> list[dict[str, Any]]:
        """Every dimension alone at every level: who pays on average."""
        if self._grid is None:
            self._grid = []
            skipped = {"interest", "halt"}
            if self.world.conditions.feeds < 2:
                skipped.add("liar")
            for dimension in LADDER:
                if dimension in skipped:
                    continue
                for level in LEVELS:
                    columns = [Total.SHORTFALL, *TRANCHES.values()]
                    from solvent.lab.worlds.faults import WorldError

                    try:
                        world = self.bent((Shock(dimension, level),))
                    except WorldError:
                        continue  # no market of this scenario prices collateral
                    found = self.mean(world, columns).mean(axis=0)
                    row: dict[str, Any] = {"shock": f"{dimension}:{level}", "shortfall": float(found[0])}
                    row |= dict(zip(TRANCHES, found[1:].tolist(), strict=True))
                    self._grid.append(row)
        return self._grid


def panels_of(run: StressRun, progress: Progress | None = None) -> list[Figure]:
    """All panels in their order."""
    tell = progress or (lambda _share, _what: None)
    bench = Bench(run, tell)
    makers = (
        verdict, waterfall, fund_survival, heat_map, margin_adequacy, procyclicality, gap_tail, concentration, fairness,
        latency, frontier_of_attacks, contagion, sensitivities,
    )  # fmt: skip
    figures = []
    for place, maker in enumerate(makers):
        tell(place / len(makers), f"report: {maker.__name__.replace('_', ' ')}")
        figures.append(maker(bench))
    tell(1.0, "report")
    return figures


def _number(value: float) -> str:
    return f"{value:,.4g}"


def verdict(bench: Bench) -> Figure:
    """1. Limits, capital needed against held, and the three cheapest breaks."""
    summary = bench.run.summary
    needed = summary["estimates"]["expected_shortfall_999"]
    table = [("limit", "allowed", "estimate", "standard error", "light")]
    for row in summary["verdict"]:
        table.append(
            (row["limit"], _number(row["most"]), _number(row["value"]), _number(row["standard_error"]), row["colour"])
        )
    breaks = sorted(
        (row for row in bench.shock_grid() if row["shortfall"] > 0),
        key=lambda row: (LEVELS.index(row["shock"].split(":")[1]), -row["shortfall"]),
    )
    for row in breaks[:3]:
        table.append((f"cheapest break: {row['shock']}", "", _number(row["shortfall"]), "", ""))
    return Figure(
        "verdict", "1. Verdict", "Capital the tail asks for, against what is held; limits; the three cheapest breaks.",
        "", summary["currency"],
        (
            Trace(
                "amount", "bars", ("needed (ES 99.9 %)", "funds held", "vault held"),
                (needed["value"], summary["funds_start"], summary["vault_start"]),
                error=(needed["standard_error"], 0.0, 0.0),
            ),
        ),
        table=tuple(table),
    )  # fmt: skip


def waterfall(bench: Bench) -> Figure:
    """2. Who pays, scenario by scenario."""
    rows = [row for row in bench.shock_grid() if row["shortfall"] > 0][:18]
    x = ["the run", *(row["shock"] for row in rows)]
    own = bench.run.summary["mean_paid"]
    traces = tuple(
        Trace(name.replace("_", " "), "stack", x, [own[name], *(row[name] for row in rows)])
        for name in TRANCHES
        if own[name] > 0 or any(row[name] > 0 for row in rows)
    )
    left = max((abs(row["shortfall"] - sum(row[name] for name in TRANCHES)) for row in rows), default=0.0)
    note = f"Paid plus open equals the shortfall to {left:.6f} in every scenario, to the quantum on every path."
    return Figure(
        "waterfall", "2. Loss waterfall", "Mean amount each layer pays, for the run and for each shock alone.",
        "", bench.run.summary["currency"], traces or (Trace("nobody", "stack", x, [0.0] * len(x)),), notes=(note,),
    )  # fmt: skip


def fund_survival(bench: Bench) -> Figure:
    """3. What is left of the funds over the horizon."""
    run = bench.run
    paths, quantum = run.paths, run.world.quantum
    left = paths.line[:, :, Moment.FUNDS] / quantum
    hours = (np.arange(BUCKETS) + 1) * run.world.conditions.horizon_s / BUCKETS / 3600.0
    bands = [np.quantile(left, level, axis=0) for level in (0.001, 0.01, 0.05, 0.5)]
    entities = losses_by_owner(run, run.summary["worst_path"])
    es = run.summary["estimates"]["expected_shortfall_999"]
    exhausted = probability(funds_exhausted(paths))
    income = float(paths.of(Total.PENALTIES).mean() / quantum) * 86_400.0 / run.world.conditions.horizon_s
    worst = float((paths.of(Total.FUNDS_START) - paths.of(Total.FUNDS_LEAST)).max() / quantum)
    table = (
        ("measure", "value"),
        ("P(funds cannot pay a default in full)", f"{exhausted.value:.4f} ± {exhausted.standard_error:.4f}"),
        ("Cover-1, worst path", _number(cover(entities, 1))),
        ("Cover-2, worst path", _number(cover(entities, 2))),
        ("Cover-5, worst path", _number(cover(entities, 5))),
        ("ES 99.9 % (95 % interval)", f"{_number(es['value'])} ({_number(es['low'])} to {_number(es['high'])})"),
        ("days to replenish the worst draw", _number(replenishment_days(worst, income))),
    )
    traces = (
        Trace("0.1 % to 5 %", "band", hours.tolist(), bands[0].tolist(), upper=bands[2].tolist()),
        Trace("1 %", "line", hours.tolist(), bands[1].tolist()),
        Trace("median", "line", hours.tolist(), bands[3].tolist()),
    )
    return Figure(
        "fund_survival", "3. Fund survival", "Quantiles of what is left of funds and capital.", "hours",
        run.summary["currency"], traces, table=table,
    )  # fmt: skip


def heat_map(bench: Bench) -> Figure:
    """4. Price shock times depth: what is liquidated and lost."""
    world = bench.world
    steps = world.conditions.steps
    first = max(steps // 10, 0)
    width = max(min(HOURLY // world.conditions.step_s, steps - first), 1)
    lost: list[list[float]] = []
    sold: list[list[float]] = []
    for depth in DEPTHS:
        row_lost, row_sold = [], []
        for crash in CRASHES:
            added = np.zeros((steps, world.markets))
            added[first : first + width] = math.log1p(crash) / width
            columns = [Total.SHORTFALL, Total.LIQUIDATED, Total.TAKEN_OVER, Total.DELEVERAGED]
            found = bench.mean(world, columns, 2, added=added, depth_times=depth).mean(axis=0)
            row_lost.append(float(found[0]))
            row_sold.append(float(found[1:].sum()))
        lost.append(row_lost)
        sold.append(row_sold)
    table = [("depth", *(f"{crash:+.0%}" for crash in CRASHES))]
    table += [
        (f"x {depth:g} closed", *(_number(value) for value in row)) for depth, row in zip(DEPTHS, sold, strict=True)
    ]
    echo = [
        (
            f"fed back at x {depth:g}",
            *(f"{bench_feedback(world, value, depth):.3f}" for value in row),
        )
        for depth, row in zip(DEPTHS, sold, strict=True)
    ]
    return Figure(
        "heat_map", "4. Liquidation heat map", "Shortfall for a crash within an hour and books multiplied by a factor.",
        "move within an hour", "depth",
        (Trace("shortfall", "heat", [f"{c:+.0%}" for c in CRASHES], [f"x {d:g}" for d in DEPTHS], z=lost),),
        table=(*table, *echo),
        notes=(
            "Fed back: relative move that what was closed would cause in one sweep of the books as they are then.",
        ),
    )  # fmt: skip


def bench_feedback(world: World, closed: float, depth: float) -> float:
    """Relative move of a sweep of what was closed, spread over markets by volume, in books times `depth`."""
    given = world.given
    part = given.daily_volume / given.daily_volume.sum()
    moves = (
        float(world.scenario.execution["impact_ppm"])
        * given.daily_volatility
        * np.sqrt(closed * part / (given.daily_volume * depth))
    )
    return float((moves * part).sum())


def margin_adequacy(bench: Bench) -> Figure:
    """5. What closing cost, against what was required when it began."""
    run = bench.run
    rows, quantum = run.paths.closings, run.world.quantum
    shown = rows[np.linspace(0, len(rows) - 1, min(len(rows), 3000)).astype(int)] if len(rows) else rows
    requirement, loss = shown[:, 4] / quantum, shown[:, 5] / quantum
    found = close_out_sufficiency(rows, quantum)
    table = [("market", "closings", "sufficient", "Kupiec p at 1 %", "Christoffersen p", "light")]
    for k, market in enumerate(run.world.scenario.markets):
        here = rows[rows[:, 2] == k]
        if len(here) < 2:
            continue
        tests = coverage_of(here[:, 5] > here[:, 4], 0.01)
        share = f"{1.0 - tests.hits / tests.observations:.2%}"
        table.append(
            (
                market.contract.symbol,
                f"{len(here)}",
                share,
                f"{tests.proportion_p:.3f}",
                f"{tests.both_p:.3f}",
                tests.light,
            )
        )
    top = float(max(requirement.max(initial=1.0), 1.0))
    return Figure(
        "margin_adequacy", "5. Margin adequacy",
        f"{found['sufficient']:.2%} of {found['closings']:.0f} close-outs cost no more than was required at the flag.",
        "maintenance requirement at the flag", "cost of closing",
        (
            Trace("close-out", "points", requirement.tolist(), loss.tolist()),
            Trace("cost = requirement", "line", [0.0, top], [0.0, top]),
        ),
        table=tuple(table),
    )  # fmt: skip


def procyclicality(bench: Bench) -> Figure:
    """6. How a margin that follows volatility would move on the worst path."""
    world = bench.world
    player = Player(world)
    player.draw(bench.run.summary["worst_path"])
    series = player.going.returns[:, 0]
    variance = float(world.model.volatility[0] ** 2)
    memory = 0.5 ** (world.conditions.step_s / (2 * 3600.0))
    steps_ahead = max(HOURLY // world.conditions.step_s, 1)
    margins = np.empty(len(series))
    for t, move in enumerate(series.tolist()):
        margins[t] = 3.37 * math.sqrt(variance * steps_ahead)
        variance = memory * variance + (1.0 - memory) * move * move
    charged = buffered(margins)
    calls = np.maximum(np.diff(charged), 0.0).sum()
    driven = np.maximum(-np.diff(np.cumsum(series)), 0.0).sum()
    hours = ((np.arange(len(series)) + 1) * world.conditions.step_s / 3600.0).tolist()
    plain, held = procyclicality_of(margins, (60, 300)), procyclicality_of(charged, (60, 300))
    table = (
        ("margin", "peak to trough", "largest rise in 60 steps", "in 300 steps"),
        ("plain", f"{plain.peak_to_trough:.2f}", *(f"{plain.largest_rise.get(s, math.nan):.2f}" for s in (60, 300))),
        ("buffered", f"{held.peak_to_trough:.2f}", *(f"{held.largest_rise.get(s, math.nan):.2f}" for s in (60, 300))),
        ("calls by the model, by the price", f"{calls:.4f}", f"{driven:.4f}", "of notional"),
    )
    return Figure(
        "procyclicality", "6. Procyclicality",
        "An hour's 99.9 % margin that follows volatility, and the same with a quarter's buffer (EMIR 28.1a).",
        "hours", "share of notional",
        (Trace("plain", "line", hours, margins.tolist()), Trace("buffered", "line", hours, charged.tolist())),
        table=table,
    )  # fmt: skip


def gap_tail(bench: Bench) -> Figure:
    """7. The tail of half-hour falls: shape and expected shortfall over thresholds."""
    world = bench.world
    player = Player(world)
    steps = max(1800 // world.conditions.step_s, 1)
    falls = []
    for path in range(60):
        player.draw(path)
        series = player.going.returns[:, 0]
        count = len(series) // steps
        falls.append(-series[: count * steps].reshape(count, steps).sum(axis=1))
    losses = np.concatenate(falls)
    rows = stability(losses, 0.999) if len(losses) > 400 else []
    excess = mean_excess(losses)
    thresholds = [row["threshold"] for row in rows]
    current = world.maintenance_rate(0)
    table = [("threshold", "excesses", "shape", "95 % interval", "ES 99.9 %")]
    for row in rows[::4]:
        interval = f"{row['shape_low']:.2f} to {row['shape_high']:.2f}"
        tail = "refused" if math.isnan(row["expected_shortfall"]) else f"{row['expected_shortfall']:.4f}"
        table.append((f"{row['threshold']:.4f}", f"{row['excesses']:.0f}", f"{row['shape']:.3f}", interval, tail))
    traces = [
        Trace("mean excess", "line", [row[0] for row in excess], [row[1] for row in excess]),
        Trace("maintenance now", "line", [0.0, max(thresholds, default=0.01)], [current, current]),
    ]
    if rows:
        traces.append(Trace("ES 99.9 %", "line", thresholds, [row["expected_shortfall"] for row in rows]))
        traces.append(
            Trace(
                "shape, 95 %", "band", thresholds, [r["shape_low"] for r in rows], upper=[r["shape_high"] for r in rows]
            )
        )
    return Figure(
        "gap_tail", "7. Gap tail",
        f"Half-hour falls of {world.scenario.markets[0].contract.base}: a straight mean excess is a Pareto tail, and a "
        "flat shape one to be trusted.",
        "threshold (log-move)", "log-move, shape", tuple(traces), table=tuple(table),
    )  # fmt: skip


def concentration(bench: Bench) -> Figure:
    """8. The largest linked owners: size against stressed depth, days to unwind, loss on the worst path."""
    world = bench.world
    state = world.state
    count = int(state.venue[0].position_count)
    positions: Any = state.positions[:count]
    held = (positions.lots != 0) & (positions.account >= int(world.people["providers"][-1]) + 1)
    positions = positions[held]
    value = np.abs(positions.lots) * world.given.opening_ticks[positions.instrument]
    value = value * world.given.value_per_lot_tick[positions.instrument]
    owners = state.accounts.owner[positions.account]
    unique, place = np.unique(owners, return_inverse=True)
    notional = np.bincount(place, weights=value)
    stressed = world.given.calm_depth[positions.instrument] * 0.05
    depths = np.bincount(place, weights=value / stressed)
    days = np.bincount(place, weights=value / (0.1 * world.given.daily_volume[positions.instrument]))
    frame = bench.run.defaults_frame()
    frame = frame.filter(frame["path"] == bench.run.summary["worst_path"])
    lost: dict[int, float] = {}
    for owner, amount in zip(frame["owner"].to_list(), frame["shortfall"].to_list(), strict=True):
        lost[owner] = lost.get(owner, 0.0) + amount / world.quantum
    order = np.argsort(-notional)[:20]
    table = [("owner", "notional", "share", "size / stressed depth", "days to unwind", "loss over margin, worst path")]
    for row in order.tolist():
        table.append(
            (
                str(int(unique[row])),
                _number(float(notional[row])),
                f"{notional[row] / notional.sum():.2%}",
                f"{depths[row]:.1f}",
                f"{days[row]:.2f}",
                _number(lost.get(int(unique[row]), 0.0)),
            )
        )
    names = [f"owner {int(unique[row])}" for row in order]
    return Figure(
        "concentration", "8. Concentration", "The twenty largest linked owners.", "", bench.run.summary["currency"],
        (
            Trace("notional", "bars", names, notional[order].tolist()),
            Trace("loss over margin, worst path", "bars", names, [lost.get(int(unique[r]), 0.0) for r in order]),
        ),
        table=tuple(table), log_y=True,
    )  # fmt: skip


def burdens_of(world: World, path: int) -> np.ndarray:
    """What each account bore of others' losses on a path: contracts closed and money charged, ascending."""
    player = Player(world, keep=True)
    player.play(path)
    engine = Engine.in_memory(world.genesis)
    engine.submit(world.opening)
    told = engine.submit(np.concatenate(player.commands))
    burden: dict[int, int] = {}
    closed = told[told["kind"] == EventKind.POSITION_DELEVERAGED]
    drawn = told[(told["kind"] == EventKind.TRANCHE_DRAWN) & (told["tranche"] >= Tranche.ADL)]
    for rows in (closed, drawn[drawn["counterparty"] != drawn["account"]]):
        for account, amount in zip(rows["counterparty"].tolist(), rows["amount_quanta"].tolist(), strict=True):
            burden[account] = burden.get(account, 0) + amount
    everybody = np.zeros(len(world.people["traders"]))
    borne = np.sort(np.array(list(burden.values()), dtype=float)) / world.quantum
    everybody[len(everybody) - len(borne) :] = borne[-len(everybody) :]
    return everybody


def fairness(bench: Bench) -> Figure:
    """9. How the burden of deleveraging is spread, under the rulebook's policy and another."""
    from solvent.lab.worlds.world import build_world

    world, run = bench.world, bench.run
    crash = replace(world.conditions, shocks=(Shock("crash", "extreme"), Shock("depth", "extreme")))
    traces: list[Trace] = []
    table = [("policy", "accounts touched", "largest burden", "total", "Gini")]
    book = world.rulebook
    variants = {"as the rulebook says": book}
    if book.adl is not None:
        other = "queue" if book.adl.combine == "pro_rata" else "pro_rata"
        variants[other.replace("_", " ")] = replace(book, adl=replace(book.adl, combine=other))
    scenario = run.order.scenario()
    for name, rules in variants.items():
        bent = build_world(scenario, rules, world.model, crash, seed=world.seed, accounts=run.order.accounts)
        burden = burdens_of(bent, 0)
        total = float(burden.sum())
        shares = (np.cumsum(burden) / total if total > 0 else np.zeros(len(burden))).tolist()
        people = (np.arange(1, len(burden) + 1) / max(len(burden), 1)).tolist()
        gini = 1.0 - 2.0 * float(np.mean(shares)) if total > 0 else 0.0
        table.append(
            (name, f"{int((burden > 0).sum())}", _number(float(burden.max(initial=0.0))), _number(total), f"{gini:.3f}")
        )
        traces.append(Trace(name, "line", people[:: max(len(people) // 200, 1)], shares[:: max(len(shares) // 200, 1)]))
    traces.append(Trace("even", "line", [0.0, 1.0], [0.0, 1.0]))
    return Figure(
        "fairness", "9. Fairness of deleveraging",
        "Lorenz curves of what accounts bear (contracts closed at the price used, money charged) in an extreme crash "
        "with extreme depth; numeraire: notional plus cash.",
        "share of accounts", "share of the burden", tuple(traces), table=tuple(table),
    )  # fmt: skip


def latency(bench: Bench) -> Figure:
    """10. What late keepers and silent oracles cost in a severe crash."""
    crash = Shock("crash", "severe")
    late = [float(bench.mean(bench.bent((crash,), latency_s=delay), [Total.SHORTFALL]).mean()) for delay in DELAYS_S]
    world = bench.world
    outages: list[float] = []
    silences: list[float] = []
    for pause in OUTAGES_MIN:
        for kind, kept in (("outage", outages), ("oracle", silences)):
            bent = bench.bent((crash,))
            first = max(bent.conditions.steps // 10, 1)
            last = first + round(pause * 60 / bent.conditions.step_s)
            if kind == "outage":
                bent.given.keepers_work[first:last] = 0
            else:
                bent.given.oracle_lag[first:last] = -1
            kept.append(float(bench.mean(bent, [Total.SHORTFALL]).mean()))
    per_second = float(world.model.volatility[0]) / math.sqrt(world.conditions.step_s)
    rate = world.maintenance_rate(0)
    table = [("checks apart", "P(equity touches zero within 30 min), closed form")]
    for delay in DELAYS_S:
        seen = passage_probability(monitored_distance(rate, per_second, delay), 0.0, per_second, 1800.0)
        table.append((f"{delay:g} s", f"{seen:.4f}"))
    minutes = [delay / 60.0 for delay in DELAYS_S]
    return Figure(
        "latency", "10. Latency and oracle", "Mean shortfall in a severe crash against delays.", "minutes",
        bench.run.summary["currency"],
        (
            Trace("first fill late", "line", minutes, late),
            Trace("no keepers for", "line", list(OUTAGES_MIN), outages),
            Trace("no prices for", "line", list(OUTAGES_MIN), silences),
        ),
        table=tuple(table),
        notes=("The closed form moves the barrier by 0.5826 standard deviations of one check (Broadie and others).",),
    )  # fmt: skip


def frontier_of_attacks(bench: Bench) -> Figure:
    """11. What damage costs an attacker."""
    from solvent.lab.worlds.attack import search_attack

    order = bench.run.order
    small = replace(
        order,
        accounts=min(order.accounts or 1000, 1000),
        conditions=replace(order.conditions, horizon_s=120 * order.conditions.step_s, shocks=(), panic_part=0.0),
        book=None,
        prices=None,
        model="normal",
    )
    budget = max(bench.run.summary["funds_start"] * 0.2, 1e5)
    found = search_attack(small, budget, objective="pareto", evaluations=96, shrink=False)
    front = found["front"]
    table = [("cost", "damage", "profit", "griefing factor")]
    for row in front[:12]:
        factor = row["damage"] / row["cost"] if row["cost"] > 0 else math.inf
        table.append((_number(row["cost"]), _number(row["damage"]), _number(row["profit"]), f"{factor:.2f}"))
    return Figure(
        "attacks", "11. Adversarial frontier",
        f"Attacks with {budget:,.0f} that no other found beats in cost, damage and profit; "
        + ("one of them pays." if any(row["profit"] > 0 for row in front) else "none of them pays."),
        "cost", "damage", (Trace("attack", "points", [r["cost"] for r in front], [r["damage"] for r in front]),),
        table=tuple(table),
    )  # fmt: skip


def contagion(bench: Bench) -> Figure:
    """12. From market to market: where one market's default was caused by another's fall."""
    run = bench.run
    symbols = [market.contract.base for market in run.world.scenario.markets]
    lost = run.paths.by_market[:, :, MarketTotal.SHORTFALL] / run.world.quantum
    matrix = np.eye(len(symbols))
    for i in range(len(symbols)):
        for j in range(len(symbols)):
            hit = lost[:, i] > 0
            matrix[i, j] = float((lost[hit, j] > 0).mean()) if hit.any() else 0.0
    table = [("market", "mean shortfall", "P(shortfall)", "ES 99 %")]
    for k, symbol in enumerate(symbols):
        tail = expected_shortfall(lost[:, k], 0.99).value
        table.append((symbol, _number(float(lost[:, k].mean())), f"{(lost[:, k] > 0).mean():.4f}", _number(tail)))
    return Figure(
        "contagion", "12. Contagion inside the venue",
        "Share of paths with a shortfall in the column's market among those with one in the row's. Cover across venues "
        "by a mutual fund is computed by its own commands.",
        "market", "given", (Trace("joint", "heat", symbols, symbols, z=matrix.tolist()),), table=tuple(table),
    )  # fmt: skip


def sensitivities(bench: Bench) -> Figure:
    """Annex: which condition moves the shortfall most."""
    world = bench.world
    names = ("volatility", "depth", "crash")
    steps = world.conditions.steps
    first = max(steps // 10, 0)
    width = max(min(HOURLY // world.conditions.step_s, steps - first), 1)

    def losses(inputs: np.ndarray) -> np.ndarray:
        found = []
        for volatility, depth, crash in inputs.T.tolist():
            added = np.zeros((steps, world.markets))
            added[first : first + width] = math.log1p(-crash) / width
            row = bench.mean(world, [Total.SHORTFALL], 1, added=added, volatility_times=volatility, depth_times=depth)
            found.append(float(row.mean()))
        return np.array(found)

    indices = sobol_indices(losses, [(0.5, 4.0), (0.05, 1.0), (0.0, 0.4)], count=16)
    return Figure(
        "sensitivities", "Annex. Sensitivity", "Sobol indices of the shortfall on one path.", "", "index",
        (Trace("first order", "bars", names, indices["first"]), Trace("total", "bars", names, indices["total"])),
    )  # fmt: skip


__all__ = ["Bench", "burdens_of", "losses_of", "panels_of"]
