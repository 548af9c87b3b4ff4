"""Marks, indices and price bands as the venues construct them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final

import numpy as np

from solvent.compiled import plain
from solvent.lab.cases.case import BadInput, Case
from solvent.lab.cases.door import RATE, back, columns, fine, number, number_of, numbers, positive, units
from solvent.risk import band, basis, outlier
from solvent.risk.oracle import weighted_median

HOUR: Final = 3600
MINUTE: Final = 60


def moment(case: Case, name: str) -> Fraction:
    """A stamp such as 2021-07-22T22:36:05Z in seconds since 1970. Raises BadInput."""
    text = case.text(name)
    try:
        stamp = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"field {name!r} is {text!r}; write a time such as 2021-07-22T22:36:05Z") from error
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=UTC)
    since = stamp - datetime(1970, 1, 1, tzinfo=UTC)
    return Fraction(since.days * 86_400 + since.seconds) + Fraction(since.microseconds, 10**6)


def remaining(case: Case, until: str, floor: int) -> int:
    """Whole microseconds from the case's timestamp to a moment, floored to seconds of `floor`."""
    now, then = (int(moment(case, name) * 10**6) for name in ("timestamp", until))
    return int(plain(basis.time_left)(now, then, floor * 10**6))


def based(index: Fraction, rate: Fraction, left: Fraction, period: Fraction) -> tuple[Fraction, Fraction, Fraction]:
    """(basis, basis in price, mark): the index moved by the part of a rate that is left."""
    scale = fine(index, room=10**15)
    part = plain(basis.basis_nearest)(
        units("rate", rate, RATE), left.numerator * period.denominator, left.denominator * period.numerator
    )
    ticks = units("index", index, scale)
    offset = plain(basis.offset_ticks_nearest)(ticks, part, RATE)
    return back(part, RATE), back(offset, scale), back(plain(basis.based_ticks_nearest)(ticks, part, RATE), scale)


def mark_price_decaying_funding_basis(case: Case) -> dict[str, Any]:
    """BitMEX, Binance 2019: what is left of the funding moves the index. Stamps are floored to the minute."""
    if case.has("timestamp"):
        left = Fraction(remaining(case, "funding_timestamp", int(number(case, "time_floor_s", MINUTE))), 10**6)
        period = positive(case, "interval_s", 8 * HOUR)
    else:
        left = number(case, "time_until_funding_h") * HOUR
        period = positive(case, "interval_h", 8) * HOUR
    part, offset, mark = based(positive(case, "index"), number(case, "funding_rate"), left, period)
    case.step("time left in seconds", left, "floored")
    return {"basis": part, "fair_basis": offset, "mark": mark}


def mark_price_annualised_basis(case: Case) -> dict[str, Any]:
    """BitMEX futures: the annual basis for the days to settlement moves the index."""
    year = positive(case, "days_per_year", 365) * 86_400
    left = Fraction(remaining(case, "settle", 1), 10**6)
    part, offset, mark = based(positive(case, "index"), number(case, "annual_basis_rate"), left, year)
    return {"basis": part, "fair_basis": offset, "mark": mark}


def middle(prices: Sequence[Fraction]) -> Fraction:
    """Median of prices; of an even number the mean of the two in the middle."""
    scale = fine(*prices)
    column = np.array(columns("prices", prices, scale), dtype=np.int64)
    return back(plain(outlier.median_nearest)(column, len(column)), scale)


def mark_price_median(case: Case) -> dict[str, Any]:
    """The median of the components the venue names; Hyperliquid's and Binance's are told by their fields."""
    if case.has("components"):
        return {"mark": middle(numbers(case, "components"))}
    if case.has("oracle"):
        components = []
        if case.has("ema_basis_150s"):
            components.append(number(case, "oracle") + number(case, "ema_basis_150s"))
        book = [number(case, name) for name in ("best_bid", "best_ask", "last") if case.has(name)]
        if book:
            components.append(middle(book))
        if case.has("external_perp_median"):
            components.append(number(case, "external_perp_median"))
        if len(components) == 2 and case.has("ema_book_30s"):
            components.append(number(case, "ema_book_30s"))
        if not components:
            raise BadInput("there is no component of the mark; add ema_basis_150s, best_bid … or external_perp_median")
        for name, value in zip(("index + basis", "book", "perpetuals", "book, 30 s"), components, strict=False):
            case.step(name, value)
        return {"mark": middle(components)}
    index = positive(case, "index")
    left, interval = number(case, "hours_to_funding"), positive(case, "interval_h", 8)
    first = based(index, number(case, "last_funding"), left, interval)[2]
    second = index + number(case, "ma_basis")
    prices = [first, second, positive(case, "contract_price")]
    return {"price1": first, "price2": second, "mark": middle(prices)}


def sources_of(case: Case) -> tuple[list[Fraction], list[Fraction]]:
    """Prices and weights of sources written as [price, weight] or [name, price, weight]."""
    prices, weights = [], []
    for place, row in enumerate(case.items("sources")):
        if not isinstance(row, list) or len(row) not in (2, 3):
            raise BadInput(f"sources[{place}] is {row!r}; write [name, price, weight]")
        prices.append(number_of(f"sources[{place}]", row[-2]))
        weights.append(number_of(f"sources[{place}]", row[-1]))
    if not prices:
        raise BadInput("there are no sources; add at least one")
    return prices, weights


def oracle_weighted_median(case: Case) -> dict[str, Any]:
    """Hyperliquid: the weighted median of the sources, as each validator takes it."""
    prices, weights = sources_of(case)
    scale, weight_scale = fine(*prices), fine(sum(weights), room=10**12)
    columns_of = (columns("prices", prices, scale), columns("weights", weights, weight_scale))
    price, weight = (np.array(column, dtype=np.int64) for column in columns_of)
    got = plain(weighted_median)(price, weight, len(price), 0)
    return {"oracle": back(got, scale)}


def index_outlier_rules(case: Case) -> dict[str, Any]:
    """Binance: the index with one source astray, with more than one, and as these sources have it."""
    prices, weights = sources_of(case)
    limit = units("max_single_deviation", number(case, "max_single_deviation"), 10**6)
    scale, weight_scale = fine(*prices, room=10**11), fine(*weights, room=10**4)
    column = np.array(columns("prices", prices, scale), dtype=np.int64)
    weight = np.array(columns("weights", weights, weight_scale), dtype=np.int64)
    median = int(plain(outlier.median_nearest)(column, len(column)))
    case.step("median", back(median, scale))
    one = plain(outlier.mean_without_nearest)(column, weight, len(column), median, limit, 10**6)
    index = plain(outlier.index_nearest)(column, weight, len(column), limit, 10**6)
    return {
        "index_one_outlier": back(one, scale),
        "index_two_outliers": back(median, scale),
        "index": back(index, scale),
    }


def price_band(case: Case) -> dict[str, Any]:
    """Deribit, Paradex: the lowest and the highest price an order may name, on the steps of the book."""
    mark = positive(case, "mark")
    width = number(case, "band" if case.has("band") else "bandwidth")
    scale = fine(mark, room=10**15)
    tick = units("tick", positive(case, "tick"), scale) if case.has("tick") else 1
    given = units("mark", mark, scale), units("width", width, RATE), RATE, max(tick, 1)
    low, high = (back(plain(rule)(*given), scale) for rule in (band.lowest_ticks, band.highest_ticks))
    return {"min_price": low, "max_price": high, "limit_down": low, "limit_up": high}


RULES: Final[Mapping[str, Callable[[Case], Any]]] = {
    rule.__name__: rule
    for rule in (
        mark_price_decaying_funding_basis,
        mark_price_annualised_basis,
        mark_price_median,
        oracle_weighted_median,
        index_outlier_rules,
        price_band,
    )
}
