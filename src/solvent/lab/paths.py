"""Prices of a run, step by step: from the way-points of a scenario, or from a file of candles.

A path never looks ahead. Between way-points the price is geometric; every feed follows with its own delay and noise.
"""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from solvent.lab.scenario import NANOSECONDS, Market, Scenario
from solvent.rulebook.contracts import Contract, Feed
from solvent.rulebook.faults import Fault, RulebookError
from solvent.units import VALUE_MAX

if TYPE_CHECKING:
    import polars

PRICE_HEADROOM = 64
LOT_VALUE_MIN = 0.5
SIGNIFICANT_TICKS = 50_000
ACT_REPORTS = 8
ACT_REPORTS_NS = 15 * NANOSECONDS


class Path(NamedTuple):
    """Reports in order of time; those of step i are rows offsets[i] to offsets[i + 1]. Prices are floats per unit."""

    step_ns: np.ndarray
    offsets: np.ndarray
    time_ns: np.ndarray
    instrument: np.ndarray
    feed: np.ndarray
    price: np.ndarray


def waypoint_path(scenario: Scenario, seed: int) -> Path:
    """The path of a scenario's way-points: every feed of every market reports at every step.

    Before somebody acts the feeds speak as often as they do in life, however long a step of the story is.
    """
    random = np.random.Generator(np.random.PCG64([seed, 0x70617468]))
    steps = np.arange(scenario.start_ns, scenario.end_ns + 1, scenario.step_ns, dtype=np.int64)
    if scenario.step_ns > ACT_REPORTS_NS:
        before = np.arange(-ACT_REPORTS, 1) * ACT_REPORTS_NS
        extra = [act.at_ns + before for act in scenario.acts]
        steps = np.unique(np.concatenate([steps, *extra]))
        steps = steps[(steps >= scenario.start_ns) & (steps <= scenario.end_ns)]
    markets, feeds = len(scenario.markets), len(scenario.feeds)
    price = np.empty((len(steps), markets, feeds))
    for k, market in enumerate(scenario.markets):
        at = np.array([point[0] for point in market.waypoints], dtype=np.int64)
        log_price = np.log(np.array([float(point[1]) for point in market.waypoints]))
        for f, feed in enumerate(scenario.feeds):
            seen = np.maximum(steps - int(feed["delay_steps"]) * scenario.step_ns, steps[0])
            noise = float(feed["noise_ppm"]) * random.standard_normal(len(steps))
            price[:, k, f] = np.exp(np.interp(seen - at[0], at - at[0], log_price) + noise)
    reports = markets * feeds
    return Path(
        step_ns=steps,
        offsets=np.arange(len(steps) + 1) * reports,
        time_ns=np.repeat(steps, reports),
        instrument=np.tile(np.repeat(np.arange(markets), feeds), len(steps)),
        feed=np.tile(np.arange(feeds), len(steps) * markets),
        price=price.reshape(-1),
    )


def price_at(waypoints: tuple[tuple[int, Decimal], ...], at_ns: int) -> float:
    """The price of a market's way-points at an instant, geometric between two."""
    at = np.array([point[0] for point in waypoints], dtype=np.int64)
    log_price = np.log(np.array([float(point[1]) for point in waypoints]))
    return float(np.exp(np.interp(at_ns - at[0], at - at[0], log_price)))


def opening_prices(path: Path, markets: int) -> np.ndarray:
    """The first price of each market."""
    first = np.full(markets, np.nan)
    instruments, rows = np.unique(path.instrument, return_index=True)
    first[instruments] = path.price[rows]
    return first


def _tick_for(price: float) -> Decimal:
    """A power of ten that resolves the price to at least SIGNIFICANT_TICKS steps."""
    exponent = int(np.floor(np.log10(price / SIGNIFICANT_TICKS)))
    return Decimal(1).scaleb(exponent)


def _lot_for(price: float, tick: Decimal, decimals: int) -> Decimal:
    """A power of ten worth at least LOT_VALUE_MIN, such that a lot times a tick is a whole number of quanta."""
    lot = Decimal(1).scaleb(int(np.ceil(np.log10(LOT_VALUE_MIN / price))))
    while (lot * tick).scaleb(decimals) < 1:
        lot *= 10
    return lot


def _market_of(base: str, rows: "polars.DataFrame", scenario: Scenario, days: float, interval_s: float) -> Market:
    """What a file of candles tells of a market, in the shape a scenario would have written."""
    import polars as pl

    decimals = 6
    price = float(rows["open"][0])
    tick = _tick_for(price)
    lot = _lot_for(price, tick, decimals)
    ticks_max = min(int(price * PRICE_HEADROOM / float(tick)), 2**31)
    per_lot_tick = int((lot * tick).scaleb(decimals))
    lots_max = min(VALUE_MAX // (ticks_max * per_lot_tick), 2**40)
    volume = float((rows["volume"] * rows["close"]).sum()) / max(days, 1e-9)
    known = [market for market in scenario.markets if market.contract.base == base]
    daily_volume = volume if volume > 0 else float(known[0].daily_volume) if known else 1e9
    returns = rows.sort("time_ns").group_by("source", "kind", maintain_order=True).agg(pl.col("close").log().diff())
    spread = np.concatenate([np.asarray(item.drop_nulls()) for item in returns["close"]])
    calm = float(np.median(np.abs(spread)) / 0.6745 * np.sqrt(86_400.0 / interval_s)) if len(spread) else 0.0
    sources = rows.select("source", "kind").unique().sort("source", "kind")
    several = sources["source"].is_duplicated()
    feeds = tuple(
        Feed(f"{name}:{kind}" if twice else name, kind)
        for name, kind, twice in zip(sources["source"], sources["kind"], several, strict=True)
    )
    return Market(
        contract=Contract(
            symbol=f"{base}/{scenario.settlement}:{scenario.settlement}",
            base=base,
            lot_size=lot,
            tick_size=tick,
            price_max=tick * ticks_max,
            position_max=lot * lots_max,
            feeds=feeds,
            kind="linear",
            depth_size=(known[0].depth if known else Decimal(round(daily_volume * 0.003) + 1)) / Decimal(repr(price)),
        ),
        open_interest=known[0].open_interest
        if known and known[0].open_interest
        else Decimal(round(daily_volume * 0.2)),
        depth=known[0].depth if known else Decimal(round(daily_volume * 0.003) + 1),
        daily_volume=Decimal(round(daily_volume) + 1),
        daily_volatility=max(calm, known[0].daily_volatility if known else 0.01),
        waypoints=((int(rows["time_ns"][0]), Decimal(repr(price))),),
    )


def candle_path(scenario: Scenario, file: FilePath, only: tuple[str, ...] = ()) -> tuple[Scenario, Path]:
    """The scenario with the markets, times and prices of a file of candles.

    Each venue of the file is a named source of the same market. Raises CandleFileError for a file that cannot be
    used and RulebookError for a market that it does not hold.
    """
    import polars as pl

    from solvent.market.candles import candle_interval_ns, price_reports, read_candles

    frame = read_candles(file)
    held = sorted(set(frame["base"].to_list()))
    missing = [base for base in only if base not in held]
    if missing:
        listed = ", ".join(held[:20])
        faults = [Fault(None, base, "this market is not in the file", f"It holds: {listed}.") for base in missing]
        raise RulebookError(file.name, faults)
    reports = price_reports(frame, only or [base for base in held if base not in ("USDT", "USDC")])
    bases = sorted(set(reports["base"].to_list()))
    interval_ns = candle_interval_ns(frame)
    first, last = int(reports["time_ns"].min()), int(reports["time_ns"].max())  # type: ignore[arg-type]
    days = max((last - first) / NANOSECONDS / 86_400.0, interval_ns / NANOSECONDS / 86_400.0)
    markets: list[Market] = []
    for base in bases:
        rows = frame.filter(pl.col("base") == base)
        markets.append(_market_of(base, rows, scenario, days, interval_ns / NANOSECONDS))
    places: dict[tuple[str, str, str], tuple[int, int]] = {}
    for k, market in enumerate(markets):
        for f, feed in enumerate(market.contract.feeds):
            places[market.contract.base, feed.name.removesuffix(f":{feed.kind}"), feed.kind] = (k, f)
    keys = reports.select("base", "source", "kind").unique()
    placed: list[dict[str, Any]] = [
        {
            "base": base,
            "source": source,
            "kind": kind,
            "market": places[base, source, kind][0],
            "feed": places[base, source, kind][1],
        }
        for base, source, kind in keys.iter_rows()
    ]
    joined = reports.join(pl.DataFrame(placed), on=["base", "source", "kind"], how="left", maintain_order="left")
    joined = joined.sort("time_ns", "market", "feed", maintain_order=True)
    time_ns = joined["time_ns"].to_numpy()
    bucket = time_ns // scenario.step_ns
    starts = np.flatnonzero(np.concatenate([[True], np.diff(bucket) > 0]))
    path = Path(
        step_ns=time_ns[np.append(starts[1:], len(time_ns)) - 1],
        offsets=np.append(starts, len(time_ns)),
        time_ns=time_ns,
        instrument=joined["market"].to_numpy(),
        feed=joined["feed"].to_numpy(),
        price=joined["price"].to_numpy(),
    )
    return _with_markets(scenario, tuple(markets), first, last, file.name), path


def _with_markets(scenario: Scenario, markets: tuple[Market, ...], start_ns: int, end_ns: int, name: str) -> Scenario:
    first, last = (datetime.fromtimestamp(at // NANOSECONDS, UTC) for at in (start_ns, end_ns))
    return replace(
        scenario,
        name=name,
        title=f"{name}: {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC, people and funds of {scenario.name}",
        markets=markets,
        start_ns=start_ns,
        end_ns=end_ns,
        sources=(f"prices: {name}",),
    )
