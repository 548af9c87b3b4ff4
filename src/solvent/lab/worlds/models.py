"""Models of prices: from a scenario alone, or fitted to candles.

Without data a model takes each market's daily volatility from the scenario, one correlation between all markets, and
the parameters below, which are round numbers of the literature on coins and are printed with every result. With
candles everything that can be estimated is: volatilities, correlation, GARCH by maximum likelihood (arch), degrees of
freedom, jump rates and sizes, branching. A history too short to carry an estimate is refused, with how much is needed.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from solvent.lab.scenario import Scenario
from solvent.lab.worlds.compiled.generators import TABLE_POINTS, TABLE_REACH, Generator, Model
from solvent.lab.worlds.faults import world_error

if TYPE_CHECKING:
    import polars

NAMES: Final = {kind.name.lower().replace("_", "-"): kind for kind in Generator}
ROWS_MIN: Final = {
    Generator.NORMAL: 60,
    Generator.HISTORICAL: 250,
    Generator.FHS: 500,
    Generator.GARCH_T: 500,
    Generator.KOU: 500,
    Generator.HAWKES: 500,
    Generator.REGIME: 500,
}
"""Least rows of returns a fit accepts: a tail estimated from fewer is a guess."""
FREEDOM_MIN: Final = 2.5
"""A tail fitted heavier than this has hardly a variance; samples of it would not show the one it was scaled to."""
JUMP_CUT: Final = 4.0
"""A move beyond so many robust standard deviations is taken for a jump when jumps are fitted."""
SECONDS_PER_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Assumed:
    """What a model takes where no data speaks. Rates a day, sizes as log-moves, lengths in hours.

    Jumps: one common jump in three days of 2 % up or 3 % down on average; own jumps half as often. Hawkes: each jump
    excites 0.6 more over two hours. Regimes calm, tense, panic: 20, 4 and 1 hours long on average; a tense hour moves
    twice, a panic five times as much, with 40 % and 8 % of the depth and correlations up.
    """

    correlation: float = 0.65
    garch_shock: float = 0.08
    garch_memory: float = 0.90
    freedom: float = 4.0
    copula_freedom: float = 5.0
    jumps_a_day: float = 0.33
    own_jumps_a_day: float = 0.17
    jump_up_probability: float = 0.4
    jump_up: float = 0.02
    jump_down: float = 0.03
    branching: float = 0.6
    excited_hours: float = 2.0
    regime_hours: tuple[float, float, float] = (20.0, 4.0, 1.0)
    regime_volatility: tuple[float, float, float] = (0.8, 2.0, 5.0)
    regime_depth: tuple[float, float, float] = (1.0, 0.4, 0.08)
    regime_common: tuple[float, float, float] = (0.0, 0.4, 0.8)
    block_hours: float = 6.0


def correlation_root(correlation: np.ndarray, symbols: list[str]) -> np.ndarray:
    """Cholesky factor of a correlation matrix. Raises WorldError where it is not one, naming what breaks it."""
    matrix = np.asarray(correlation, dtype=float)
    count = len(symbols)
    if matrix.shape != (count, count):
        raise world_error(
            "correlation", ("shape", f"it is {matrix.shape} for {count} markets", f"Give a {count} x {count} matrix.")
        )
    if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, atol=1e-9):
        raise world_error(
            "correlation", ("matrix", "it is not symmetric and finite", "Give corr(a, b) = corr(b, a) everywhere.")
        )
    if not np.allclose(np.diag(matrix), 1.0, atol=1e-9):
        raise world_error("correlation", ("diagonal", "it is not one", "A market is correlated with itself by one."))
    values, vectors = np.linalg.eigh(matrix)
    if values[0] <= 1e-10:
        weights = np.abs(vectors[:, 0])
        guilty = ", ".join(symbols[place] for place in np.argsort(-weights)[: min(3, count)])
        raise world_error(
            "correlation",
            (
                "matrix",
                f"it is not positive definite: its least eigenvalue is {values[0]:.3g}, mostly between {guilty}",
                "Give a longer history, leave one of two equal markets out, or shrink the correlations towards zero.",
            ),
        )
    root: np.ndarray = np.linalg.cholesky(matrix)
    return root


def copula_table(freedom: np.ndarray, copula_freedom: float) -> np.ndarray:
    """Map from a copula's Student-t variate to a unit-variance Student-t innovation of each market.

    [markets, TABLE_POINTS] on a grid of asinh(x); freedom above 2. Source: the inverse-transform of a t-copula
    (Demarta and McNeil 2005).
    """
    from scipy.stats import t as student

    grid = np.sinh(np.linspace(-TABLE_REACH, TABLE_REACH, TABLE_POINTS))
    half = grid >= 0
    table = np.empty((len(freedom), TABLE_POINTS))
    log_tail = student.logsf(grid[half], copula_freedom)
    for k, own in enumerate(freedom.tolist()):
        upper = student.isf(np.exp(log_tail), own)
        upper = np.where(np.isfinite(upper), upper, np.nanmax(upper[np.isfinite(upper)]))
        table[k, half] = upper
        table[k, ~half] = -upper[1:][::-1]
        table[k] *= math.sqrt((own - 2.0) / own)
    return table


def _identity_table(markets: int) -> np.ndarray:
    return np.tile(np.sinh(np.linspace(-TABLE_REACH, TABLE_REACH, TABLE_POINTS)), (markets, 1))


def _regimes(assumed: Assumed, step_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Transitions of one step, the resting shares below them, and what each regime does; mean square volatility one."""
    stay = np.exp(-step_s / 3600.0 / np.array(assumed.regime_hours))
    chain = np.array(
        [
            [stay[0], 1.0 - stay[0], 0.0],
            [(1.0 - stay[1]) * 0.8, stay[1], (1.0 - stay[1]) * 0.2],
            [0.0, 1.0 - stay[2], stay[2]],
        ]
    )
    values, vectors = np.linalg.eig(chain.T)
    resting = np.real(vectors[:, int(np.argmax(np.real(values)))])
    resting /= resting.sum()
    volatility = np.array(assumed.regime_volatility)
    volatility = volatility / math.sqrt(float((resting * volatility**2).sum()))
    return np.vstack([chain, resting]), np.column_stack([volatility, assumed.regime_depth, assumed.regime_common])


def _base(markets: int, assumed: Assumed, step_s: float) -> dict[str, np.ndarray]:
    per_day = step_s / SECONDS_PER_DAY
    chain, regimes = _regimes(assumed, step_s)
    jump = np.array(
        [
            assumed.jumps_a_day * per_day,
            assumed.own_jumps_a_day * per_day,
            assumed.jump_up_probability,
            assumed.jump_up,
            assumed.jump_down,
            assumed.branching,
        ]
    )
    return {
        "drift": np.zeros(markets),
        "garch": np.tile([assumed.garch_shock, assumed.garch_memory, 1.0], (markets, 1)),
        "copula": np.array([assumed.copula_freedom]),
        "table": _identity_table(1),
        "history": np.zeros((1, markets)),
        "block": np.array([max(round(assumed.block_hours * 3600 / step_s), 1)]),
        "jump": jump,
        "decay": np.array([step_s / (assumed.excited_hours * 3600.0)]),
        "exposure": np.ones(markets),
        "chain": chain,
        "regimes": regimes,
    }


def _jump_drift(jump: np.ndarray, exposure: np.ndarray, kind: Generator) -> np.ndarray:
    """Minus what jumps add to a log-price in one step on average."""
    mean = jump[2] * jump[3] - (1.0 - jump[2]) * jump[4]
    rate = jump[0] / (1.0 - jump[5]) if kind == Generator.HAWKES else jump[0]
    drift: np.ndarray = -(rate * mean * exposure + jump[1] * mean)
    return drift


def assumed_model(name: str, scenario: Scenario, step_s: float, assumed: Assumed | None = None) -> Model:
    """A model from the scenario's volatilities and `assumed` alone. Raises WorldError."""
    kind = kind_of(name)
    if kind in (Generator.HISTORICAL, Generator.FHS):
        raise world_error(
            "model",
            (name, "it needs a history to draw from", "Give candles with --prices, or choose garch-t or hawkes."),
        )
    assumed = assumed or Assumed()
    check_assumed(assumed)
    markets = len(scenario.markets)
    symbols = [market.contract.symbol for market in scenario.markets]
    daily = np.array([float(market.daily_volatility) for market in scenario.markets])
    volatility = daily * math.sqrt(step_s / SECONDS_PER_DAY)
    correlation = np.full((markets, markets), assumed.correlation)
    np.fill_diagonal(correlation, 1.0)
    parts = _base(markets, assumed, step_s)
    if kind == Generator.GARCH_T:
        parts["table"] = copula_table(np.full(markets, assumed.freedom), assumed.copula_freedom)
    if kind in (Generator.KOU, Generator.HAWKES):
        parts["drift"] = _jump_drift(parts["jump"], parts["exposure"], kind)
    return Model(
        kind=np.array([int(kind)]), volatility=volatility, root=correlation_root(correlation, symbols), **parts
    )


def kind_of(name: str) -> Generator:
    """The generator of a name. Raises WorldError."""
    if name not in NAMES:
        raise world_error("model", (name, "there is no such model", f"Write one of: {', '.join(NAMES)}."))
    return NAMES[name]


def check_assumed(assumed: Assumed) -> None:
    """Refuse parameters no stationary model has. Raises WorldError with every fault."""
    faults: list[tuple[str, str, str]] = []
    if not 0.0 <= assumed.branching < 1.0:
        faults.append(("branching", f"{assumed.branching} makes an endless cascade", "Write 0 <= n < 1."))
    if assumed.garch_shock < 0 or assumed.garch_memory < 0 or assumed.garch_shock + assumed.garch_memory >= 1.0:
        faults.append(("garch", "shock + memory is not below one: volatility would explode", "Write a + b < 1."))
    if assumed.freedom <= 2.0 or assumed.copula_freedom <= 2.0:
        faults.append(("freedom", "a Student-t with two degrees of freedom or fewer has no variance", "Write above 2."))
    if not -1.0 < assumed.correlation < 1.0:
        faults.append(("correlation", f"{assumed.correlation} is no correlation", "Write -1 < c < 1."))
    if faults:
        raise world_error("model", *faults)


@dataclass(frozen=True, slots=True)
class Returns:
    """Log-returns of candles at one interval: values [rows, markets]; rows where a market is silent are left out."""

    bases: tuple[str, ...]
    interval_s: float
    values: np.ndarray
    digest: str


def read_returns(file: str | Path, bases: list[str] | None = None) -> Returns:
    """The log-returns of a file of candles. Raises CandleFileError, RulebookError or WorldError."""
    from solvent.market.candles import read_candles

    return returns_of(read_candles(Path(file)), bases, name=Path(file).name)


def returns_of(frame: "polars.DataFrame", bases: list[str] | None = None, *, name: str = "candles") -> Returns:
    """Log-returns of candles as `read_candles` gives them; of several sources of a market the longest is taken."""
    import hashlib

    import polars as pl

    from solvent.market.candles import candle_interval_ns

    held = sorted(set(frame["base"].to_list()))
    missing = [base for base in bases or [] if base not in held]
    if missing:
        raise world_error(
            name,
            *((base, "this market is not in the file", f"It holds: {', '.join(held[:20])}.") for base in missing),
        )
    wanted = bases or [base for base in held if base not in ("USDT", "USDC")]
    longest = (
        frame.filter(pl.col("base").is_in(wanted))
        .group_by("base", "source", "kind")
        .len()
        .sort("len", "source", "kind", descending=[True, False, False])
        .group_by("base", maintain_order=True)
        .first()
    )
    chosen = frame.join(longest.select("base", "source", "kind"), on=["base", "source", "kind"], how="inner")
    wide = (
        chosen.unique(["base", "time_ns"], keep="first", maintain_order=True)
        .pivot(on="base", index="time_ns", values="close")
        .sort("time_ns")
        .select("time_ns", *wanted)
        .drop_nulls()
    )
    interval_ns = candle_interval_ns(frame)
    time_ns = wide["time_ns"].to_numpy()
    logs = np.log(wide.select(wanted).to_numpy().astype(float))
    follows = np.diff(time_ns) == interval_ns
    values = np.diff(logs, axis=0)[follows]
    digest = hashlib.blake2b(values.tobytes() + ",".join(wanted).encode(), digest_size=16).hexdigest()
    return Returns(tuple(wanted), interval_ns / 1e9, values, digest)


def _need(name: str, rows: int, kind: Generator) -> None:
    least = ROWS_MIN[kind]
    if rows < least:
        raise world_error(
            name,
            (
                "history",
                f"it holds {rows} usable returns, and {kind.name.lower().replace('_', '-')} needs {least}",
                "Give a longer file, a shorter candle, or fewer markets: a row counts only where all have one.",
            ),
        )


def fit_garch(returns: np.ndarray) -> tuple[float, float, float, float, np.ndarray]:
    """GARCH(1,1) with Student-t errors of one market: (a, b, starting variance / mean, freedom, residuals).

    Fitted by arch on returns over their deviation; residuals have variance one; a + b is held below one.
    Source: Bollerslev 1987.
    """
    from arch import arch_model

    scaled = returns * (1.0 / max(float(np.std(returns)), 1e-12))
    fitted: Any = arch_model(scaled, mean="Zero", vol="GARCH", p=1, q=1, dist="t", rescale=False).fit(
        disp="off", show_warning=False
    )
    omega, a, b, freedom = (float(fitted.params[name]) for name in ("omega", "alpha[1]", "beta[1]", "nu"))
    if a + b >= 0.999:
        shrink = 0.999 / (a + b)
        a, b = a * shrink, b * shrink
    mean = max(omega / max(1.0 - a - b, 1e-6), 1e-12)
    volatility = np.asarray(fitted.conditional_volatility)
    residuals = scaled / volatility
    start = float(np.clip(volatility[-1] ** 2 / mean, 0.05, 20.0))
    return a, b, start, max(freedom, FREEDOM_MIN), residuals / max(float(np.std(residuals)), 1e-12)


def at_step(a: float, b: float, ratio: float) -> tuple[float, float]:
    """GARCH parameters of steps `ratio` times as long: the same memory in clock time, the same variance of variance.

    (a + b)' = (a + b)^ratio, a'^2 / (1 - (a + b)'^2) = a^2 / (1 - (a + b)^2). Source: in the spirit of Drost and
    Nijman 1993, who aggregate exactly; for volatility that lasts hours the two are close.
    """
    memory = a + b
    if memory <= 0.0 or ratio == 1.0:
        return a, b
    longer = memory**ratio
    shock = min(a * math.sqrt((1.0 - longer**2) / (1.0 - memory**2)), longer)
    return shock, longer - shock


def _robust_scale(values: np.ndarray) -> np.ndarray:
    scale: np.ndarray = np.median(np.abs(values - np.median(values, axis=0)), axis=0) / 0.6745
    held: np.ndarray = np.maximum(scale, 1e-12)
    return held


def fit_model(
    name: str, scenario: Scenario, step_s: float, returns: Returns, assumed: Assumed | None = None
) -> tuple[Model, dict[str, Any]]:
    """A model fitted to a history, and what was estimated, for the report.

    Markets the history does not hold take the scenario's volatility and the assumed correlation. Volatility is scaled
    from the history's interval to the step by the square root of time. Raises WorldError.
    """
    kind = kind_of(name)
    assumed = assumed or Assumed()
    check_assumed(assumed)
    bases = [market.contract.base for market in scenario.markets]
    symbols = [market.contract.symbol for market in scenario.markets]
    places = [returns.bases.index(base) if base in returns.bases else None for base in bases]
    known = [k for k, place in enumerate(places) if place is not None]
    if not known:
        raise world_error(
            "history",
            ("markets", f"it holds none of {', '.join(bases)}", f"It holds: {', '.join(returns.bases[:20])}."),
        )
    if kind in (Generator.HISTORICAL, Generator.FHS) and len(known) < len(bases):
        lacking = ", ".join(base for base, place in zip(bases, places, strict=True) if place is None)
        raise world_error(
            "history",
            (
                "markets",
                f"{name} plays rows of the history, which does not hold {lacking}",
                "Give candles of every market, or name the held ones with --market.",
            ),
        )
    values = returns.values[:, [place for place in places if place is not None]]
    values = values[np.isfinite(values).all(axis=1)]
    _need("history", len(values), kind)
    markets = len(bases)
    ratio = math.sqrt(step_s / returns.interval_s)
    volatility = np.array([float(market.daily_volatility) for market in scenario.markets])
    volatility = volatility * math.sqrt(step_s / SECONDS_PER_DAY)
    deviations = np.std(values, axis=0)
    flat = [bases[known[k]] for k in np.flatnonzero(deviations <= 0)]
    if flat:
        raise world_error("history", *((base, "its price never moves", "Leave this market out.") for base in flat))
    parts = _base(markets, assumed, step_s)
    told: dict[str, Any] = {
        "model": name,
        "rows": len(values),
        "interval_s": returns.interval_s,
        "fitted_markets": [bases[k] for k in known],
        "history_digest": returns.digest,
    }
    correlation = np.full((markets, markets), assumed.correlation)
    np.fill_diagonal(correlation, 1.0)
    calm = values
    freedom = np.full(markets, assumed.freedom)
    if kind in (Generator.FHS, Generator.GARCH_T):
        residuals = np.empty_like(values)
        for column, k in enumerate(known):
            a, b, start, own, residuals[:, column] = fit_garch(values[:, column])
            parts["garch"][k] = (*at_step(a, b, step_s / returns.interval_s), start)
            freedom[k] = own
        calm = residuals
        told["garch"] = {
            bases[k]: [round(float(number), 4) for number in (*parts["garch"][k], freedom[k])] for k in known
        }
    if kind in (Generator.KOU, Generator.HAWKES):
        calm = _fit_jumps(values, known, parts, step_s, returns.interval_s, told)
        if kind == Generator.KOU:
            parts["jump"][0] /= 1.0 - parts["jump"][5]  # every jump comes of itself
        deviations = np.std(calm, axis=0)
    volatility[known] = deviations * ratio
    if len(known) > 1:
        measured = _rank_correlation(calm) if kind == Generator.GARCH_T else np.corrcoef(calm.T)
        correlation[np.ix_(known, known)] = measured
    if kind == Generator.HISTORICAL:
        parts["history"] = values * ratio
    elif kind == Generator.FHS:
        parts["history"] = calm
    elif kind == Generator.GARCH_T:
        parts["table"] = copula_table(freedom, assumed.copula_freedom)
    if kind in (Generator.KOU, Generator.HAWKES):
        parts["drift"] = _jump_drift(parts["jump"], parts["exposure"], kind)
    told["correlation_mean"] = float(np.mean(correlation[np.triu_indices(markets, 1)])) if markets > 1 else 1.0
    root = correlation_root(correlation, symbols)
    return Model(kind=np.array([int(kind)]), volatility=volatility, root=root, **parts), told


def _rank_correlation(values: np.ndarray) -> np.ndarray:
    """Correlation of an elliptical copula from Kendall's rank correlation: sin(pi tau / 2) (Lindskog et al. 2003)."""
    from scipy.stats import kendalltau

    count = values.shape[1]
    matrix = np.eye(count)
    sample = values[-5000:]
    for i in range(count):
        for j in range(i):
            tau = float(kendalltau(sample[:, i], sample[:, j]).statistic)
            matrix[i, j] = matrix[j, i] = math.sin(0.5 * math.pi * tau)
    values_, vectors = np.linalg.eigh(matrix)
    if values_[0] < 1e-6:
        # pairwise estimates need not fit together: the nearest matrix that does, by clipping its spectrum
        matrix = vectors @ np.diag(np.maximum(values_, 1e-6)) @ vectors.T
        scale = np.sqrt(np.diag(matrix))
        matrix = matrix / np.outer(scale, scale)
    return matrix


def _fit_jumps(
    values: np.ndarray,
    known: list[int],
    parts: dict[str, np.ndarray],
    step_s: float,
    interval_s: float,
    told: dict[str, Any],
) -> np.ndarray:
    """Common jumps from the average move beyond JUMP_CUT robust deviations; give the moves without them."""
    scale = _robust_scale(values)
    standard = values / scale
    average = standard.mean(axis=1)
    jumped = np.abs(average) > JUMP_CUT * float(_robust_scale(average[:, None])[0])
    count = int(jumped.sum())
    if count < 10:
        raise world_error(
            "history",
            (
                "jumps",
                f"it holds {count} common jumps, and their sizes need 10",
                "Give a longer file, or choose garch-t.",
            ),
        )
    common = values[jumped].mean(axis=1)
    up, down = common[common > 0], -common[common < 0]
    rate = count / len(values) * step_s / interval_s
    times = np.flatnonzero(jumped)
    branching = branching_ratio(times, len(values))
    exposure = np.ones(len(parts["exposure"]))
    exposure[known] = np.clip((values[jumped] * common[:, None]).sum(axis=0) / (common**2).sum(), 0.1, 5.0)
    parts["exposure"] = exposure
    up_mean = float(up.mean()) if len(up) else float(down.mean()) * 0.5
    down_mean = float(down.mean()) if len(down) else up_mean
    parts["jump"] = np.array([rate * (1.0 - branching), 0.0, len(up) / count, up_mean, down_mean, branching])
    told["jumps"] = {
        "count": count,
        "a_day": count / len(values) * SECONDS_PER_DAY / interval_s,
        "up_probability": len(up) / count,
        "mean_up": up_mean,
        "mean_down": down_mean,
        "branching": branching,
    }
    quiet: np.ndarray = values[~jumped]
    return quiet


def branching_ratio(times: np.ndarray, length: int, window: int | None = None) -> float:
    """Branching ratio of events by the dispersion of their counts: n = 1 - 1 / sqrt(variance / mean).

    Long windows of a stationary Hawkes process have variance / mean = 1 / (1 - n)^2 (Hawkes 1971; Hardiman and
    Bouchaud 2014). Held within [0, 0.95].
    """
    width = window or max(int(math.sqrt(length)), 20)
    counts = np.bincount(np.asarray(times) // width, minlength=length // width)[: length // width].astype(float)
    mean = float(counts.mean()) if len(counts) else 0.0
    if mean <= 0.0 or len(counts) < 5:
        return 0.0
    dispersion = float(counts.var(ddof=1)) / mean
    return float(np.clip(1.0 - 1.0 / math.sqrt(max(dispersion, 1e-9)), 0.0, 0.95))
