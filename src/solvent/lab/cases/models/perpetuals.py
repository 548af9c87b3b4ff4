"""Accounts of perpetual contracts on paper: liquidation prices, and funding paid by the crowded side."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from solvent.lab.cases.case import BadInput
from solvent.lab.cases.liquidations import threshold
from solvent.lab.cases.models.example import Answer, Inputs, Model, take

RATES: Final = tuple(range(1, 51))
"""Maintenance rates in per cent at which liquidation prices are given, `liquidation_mu10_t0` for ten."""


def exact(value: Any) -> Fraction:
    """A number, or a text such as "2/3". Raises BadInput."""
    try:
        return Fraction(value) if isinstance(value, str) else Fraction(repr(value))
    except (ValueError, TypeError, ZeroDivisionError) as error:
        raise BadInput(f"{value!r} is no number; write one, or a fraction in quotes") from error


def liquidation_prices(given: Inputs) -> Answer:
    """Mark at which a position meets its maintenance, alone and with what other positions require beside it."""
    equity, mark, rate = (exact(take(given, *names)) for names in (("equity",), ("mark",), ("mmr", "mm")))
    held = exact(take(given, "q", "size"))
    other = exact(take(given, "other_maintenance", default=0))
    if held == 0 or mark <= 0:
        raise BadInput("q is 0 or mark is not above zero; write a position and a price")
    side, size = (1, held) if held > 0 else (-1, -held)

    def at(own: Fraction) -> float:
        return float(threshold(side, size, own - held * mark, rate, Fraction(0), mark))

    return {"cross": at(equity - other), "isolated": at(equity), "bankruptcy": _bankruptcy(side, size, equity, mark)}


def _bankruptcy(side: int, size: Fraction, equity: Fraction, mark: Fraction) -> float:
    return max(float(threshold(side, size, equity - side * size * mark, Fraction(0), Fraction(0), mark)), 0.0)


def crowded_funding(given: Inputs) -> Answer:
    """Five accounts under a funding of long over short less mark over index, paid b q gamma mark."""
    positions = given["positions"]
    rows = [[exact(value) for value in row] for row in positions.values()]
    index, mark = ([exact(value) for value in given[name]] for name in ("index", "mark"))
    if len(index) != len(mark) or any(len(row) != 3 for row in rows):
        raise BadInput("give [size, cash, side] for each account, and an index and a mark for each moment")
    long = sum((size for size, _cash, side in rows if side > 0), Fraction(0))
    short = sum((size for size, _cash, side in rows if side < 0), Fraction(0))
    rates = [long / short - m / i for i, m in zip(index, mark, strict=True)]
    answer: Answer = {"gamma": _floats(rates[1:])}
    for moment in range(len(mark)):
        gains = [
            side * size * (mark[moment] - mark[0] + sum(rates[t] * mark[t] for t in range(1, moment + 1)))
            for size, _cash, side in rows
        ]
        equity = [cash + gain for (_size, cash, _side), gain in zip(rows, gains, strict=True)]
        answer[f"pnl_0_{moment}"] = _floats(gains)
        answer[f"equity_t{moment}"] = _floats(equity)
        answer[f"gamma_t{moment}"] = float(rates[moment])
        held = [(int(side), size, own, mark[moment]) for (size, _cash, side), own in zip(rows, equity, strict=True)]
        answer[f"bankruptcy_t{moment}"] = [_bankruptcy(*one) for one in held]
        for rate in RATES:
            answer[f"liquidation_mu{rate}_t{moment}"] = [
                max(float(threshold(side, size, own - side * size * at, Fraction(rate, 100), Fraction(0), at)), 0.0)
                for side, size, own, at in held
            ]
    return answer


def _floats(values: Sequence[Fraction]) -> list[float]:
    return [float(value) for value in values]


MODELS: Final = {
    "cross-liq-price": Model(liquidation_prices, "accounting", ("equity", "q", "mark", "mmr")),
    "liquidation-price": Model(liquidation_prices, "accounting"),
    "p5-perp-example": Model(crowded_funding, "accounting", ("positions", "index", "mark")),
}
