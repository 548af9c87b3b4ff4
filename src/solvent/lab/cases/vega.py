"""Vega: margin levels, risk factors, price bounds, collecting and sharing losses, close-out and disposal.

Rules: solvent.risk.slippage_margin, solvent.risk.price_bounds, solvent.risk.payout, solvent.risk.distress,
solvent.risk.disposal; the risk model is solvent.advisors.lognormal, whose factors become integers here (1e-15, to the
nearest, far finer than the 1e-6 the venue lets its validators differ by). Source: vegaprotocol/vega, feature files and
tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final

import numpy as np

from solvent.advisors.lognormal import SECONDS_PER_YEAR, range_factors, risk_factors
from solvent.lab.cases.case import BadInput, Case, Some, decimal, in_range, whole
from solvent.risk.disposal import disposal_size
from solvent.risk.distress import is_closed_out, paid_by_owner
from solvent.risk.payout import collect_losses, pay_in_proportion
from solvent.risk.price_bounds import price_bounds
from solvent.risk.slippage_margin import LEVEL_SCALE, level_down, volume_margin_up

FACTOR_SCALE: Final = 10**15
"""Factors of the model are kept with fifteen decimals."""

LEVELS: Final = ("search", "initial", "release")
NETWORK: Final = "network"
STEPS_MAX: Final = 100_000
"""A case ends."""


def model(case: Case, name: str, default: float | None = None) -> float:
    """A number for the risk model, which works in floats."""
    if default is not None and not case.has(name):
        return default
    return float(decimal(name, case.value(name)))


def factor_at_the_door(value: float) -> Fraction:
    """A factor of the model as a whole number of 1e-15, to the nearest."""
    return Fraction(round(Fraction(value) * FACTOR_SCALE), FACTOR_SCALE)


def modelled_factors(case: Case) -> tuple[float, float]:
    """(long, short) of the log-normal model. Raises BadInput for what is no model."""
    try:
        return risk_factors(
            model(case, "risk_aversion"), model(case, "tau"), model(case, "sigma"), model(case, "mu", 0.0)
        )
    except (ValueError, OverflowError) as error:
        raise BadInput(f"the risk model cannot be computed: {error}; correct its parameters") from error


def exact(case: Case, name: str) -> Fraction:
    """A decimal that is not negative, exactly; zero where it is absent."""
    value = Fraction(decimal(name, case.value(name))) if case.has(name) else Fraction(0)
    if value < 0:
        raise BadInput(f"field {name!r} is {case.value(name)}; write a number that is not negative")
    return value


def maintenance(case: Case, long_factor: Fraction, short_factor: Fraction) -> int:
    """Maintenance margin of the volume and orders of the case."""
    funding = Fraction(decimal("funding", case.value("funding"))) if case.has("funding") else Fraction(0)
    parts = (exact(case, "linear"), exact(case, "quadratic"), long_factor, short_factor, funding)
    denominator = math.lcm(*(part.denominator for part in parts))
    in_range("the common denominator of the factors", denominator)
    linear, quadratic, long_num, short_num, owed = (
        in_range("a factor over the common denominator", int(part * denominator)) for part in parts
    )
    margin = volume_margin_up(
        case.unsigned("mark"),
        case.integer("open", 0),
        case.unsigned("buys", 0),
        case.unsigned("sells", 0),
        linear,
        quadratic,
        long_num,
        short_num,
        owed,
        denominator,
        in_range("10^pdp", 10 ** min(case.unsigned("pdp", 0), 30)),
    )
    case.step("factors", list(parts), "linear, quadratic, long, short, funding")
    case.step("maintenance", int(margin), "ceil(max(long, short))")
    return in_range("maintenance", int(margin))


def levels(case: Case, amount: int) -> dict[str, int]:
    """Maintenance and, where the case gives factors, the three levels above it."""
    answer = {"maintenance": amount}
    if case.has("factors"):
        factors = [Fraction(decimal("factors", factor)) for factor in case.items("factors")]
        if len(factors) != len(LEVELS):
            raise BadInput("field 'factors' does not hold three numbers; write [search, initial, release]")
        for name, factor in zip(LEVELS, factors, strict=True):
            answer[name] = in_range(name, int(level_down(amount, math.floor(factor * LEVEL_SCALE))))
    return answer


MARGIN_FIELDS: Final = ("open", "buys", "sells", "mark", "linear", "quadratic", "factors", "pdp", "funding")


def margin(case: Case) -> Any:
    """The levels under risk factors that are given."""
    case.only(*MARGIN_FIELDS, "rf_long", "rf_short")
    return levels(case, maintenance(case, exact(case, "rf_long"), exact(case, "rf_short")))


def margin_lognormal(case: Case) -> Any:
    """The levels under the factors of the log-normal model."""
    case.only(*MARGIN_FIELDS, "risk_aversion", "tau", "sigma", "mu")
    long_factor, short_factor = modelled_factors(case)
    return levels(case, maintenance(case, factor_at_the_door(long_factor), factor_at_the_door(short_factor)))


def factors(case: Case) -> Any:
    """[long, short] risk factors of the model."""
    return list(modelled_factors(case))


def bounds(case: Case) -> Any:
    """The range of prices the model allows around a reference."""
    try:
        down, up = range_factors(
            model(case, "horizon_s") / SECONDS_PER_YEAR,
            model(case, "probability"),
            model(case, "sigma"),
            model(case, "mu", 0.0),
        )
    except (ValueError, OverflowError) as error:
        raise BadInput(f"the risk model cannot be computed: {error}; correct its parameters") from error
    case.step("factors of the range", [down, up], "quantiles of the log-normal price at (1 -+ p) / 2")
    down_num, up_num = (in_range("a factor of the range", round(Fraction(end) * FACTOR_SCALE)) for end in (down, up))
    low, high = price_bounds(case.unsigned("ref"), down_num, up_num, FACTOR_SCALE)
    return {"min": in_range("min", int(low)), "max": in_range("max", int(high))}


def rows(case: Case, name: str, width: int) -> list[tuple[str, list[int]]]:
    """Rows of a name and whole numbers that are not negative."""
    table = []
    for place, row in enumerate(case.items(name)):
        if not isinstance(row, list) or len(row) != width or not isinstance(row[0], str):
            raise BadInput(f"field '{name}[{place}]' is {row!r}; write a name and {width - 1} whole numbers")
        numbers = [whole(f"{name}[{place}]", value) for value in row[1:]]
        if min(numbers) < 0:
            raise BadInput(f"field '{name}[{place}]' is {row!r}; write amounts that are not negative")
        table.append((row[0], numbers))
    if len({party for party, _numbers in table}) != len(table):
        raise BadInput(f"field {name!r} names a party twice; write each once")
    return table


def loss_socialisation(case: Case) -> Any:
    """What each winner is paid when less was collected than is owed."""
    winners = rows(case, "winners", 2)
    owed_total, collected = case.integer("expected"), case.integer("collected")
    if not winners or owed_total <= 0 or not 0 <= collected <= owed_total:
        return {"error": "what was collected must lie between nothing and all that is owed to someone"}
    owed = np.array([numbers[0] for _party, numbers in winners], dtype=np.int64)
    paid = np.zeros_like(owed)
    parties = [party for party, _numbers in winners]
    rest_place = parties.index(NETWORK) if NETWORK in parties else len(parties) - 1
    ratio = pay_in_proportion(collected, owed_total, owed, rest_place, paid)
    case.step("ratio", int(ratio), "collected / owed in 1e-16, to the nearest")
    case.step("the rest goes to", parties[rest_place])
    return {"payouts": {party: int(amount) for party, amount in zip(parties, paid, strict=True)}}


def collect(case: Case) -> Any:
    """What is collected for losses from their owners and then from the market's pool."""
    losers = rows(case, "losses", 3)
    losses = np.array([numbers[0] for _party, numbers in losers], dtype=np.int64)
    means = np.array([numbers[1] for _party, numbers in losers], dtype=np.int64)
    from_owner, from_pool = np.zeros_like(losses), np.zeros_like(losses)
    left = collect_losses(losses, means, case.unsigned("pool", 0), from_owner, from_pool)
    paid = from_owner + from_pool
    case.step("from the owners", [int(amount) for amount in from_owner])
    case.step("from the pool", [int(amount) for amount in from_pool])
    realised = Some({party: -int(amount) for (party, _numbers), amount in zip(losers, paid, strict=True)})
    return {"collected": int(paid.sum()), "realised": realised, "pool": int(left)}


def closeout(case: Case) -> Any:
    """Whether an account is closed out after a loss, what its owner loses, and what of it the pool receives."""
    case.only("margin", "general", "bond", "mtm_loss", "maintenance", "maintenance_without_orders")
    margin_balance, general, bond = case.unsigned("margin", 0), case.unsigned("general", 0), case.unsigned("bond", 0)
    loss, required = case.integer("mtm_loss", 0), case.integer("maintenance")
    paid = int(paid_by_owner(loss, margin_balance, general, bond))
    balance = margin_balance + general + bond - paid
    case.step("paid of the loss", paid, "from margin, general, bond")
    case.step("balance", balance, "what is left in all three")
    cancelled = case.has("maintenance_without_orders")
    closed = bool(is_closed_out(balance, required, cancelled, case.integer("maintenance_without_orders", required)))
    taken = balance if closed else 0
    return {"closed": closed, "realised": -paid - taken, "pool": taken}


def disposal(case: Case) -> Any:
    """Sizes the network sells, step by step, until nothing is left or the steps are over."""
    case.only("position", "fraction", "full", "available", "max_fraction", "steps")
    position, full = abs(case.integer("position")), case.unsigned("full", 0)
    share, most = case.ratio("fraction"), case.ratio("max_fraction", (1, 1))
    if not 0 < share[0] <= share[1] or not 0 <= most[0] <= most[1]:
        raise BadInput("a fraction lies above 0 and is not more than 1; correct 'fraction' or 'max_fraction'")
    available = case.unsigned("available") if case.has("available") else -1
    sizes = []
    steps = case.unsigned("steps", 0)
    if steps > STEPS_MAX:
        raise BadInput(f"field 'steps' is {steps}; write at most {STEPS_MAX}")
    for _step in range(steps):
        if position == 0:
            break
        sold = int(disposal_size(position, full, *share, available, *most))
        sizes.append(sold)
        position -= sold
    return {"sizes": sizes}


RULES: Final[Mapping[str, Callable[[Case], Any]]] = {
    "vega_bounds": bounds,
    "vega_closeout": closeout,
    "vega_collect": collect,
    "vega_disposal": disposal,
    "vega_losssoc": loss_socialisation,
    "vega_margin": margin,
    "vega_margin:maintenance": margin,
    "vega_margin_lognormal": margin_lognormal,
    "vega_rf": factors,
}
