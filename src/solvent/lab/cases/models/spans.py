"""Scenario arrays of the kind clearing houses publish: sixteen lines of price and volatility for a future.

Lines 1 to 14 pair seven price moves, in thirds of the range, with volatility up and down, which a future does not feel;
15 and 16 are extreme moves of which only a part is covered (2 ranges and 35 per cent where an example says nothing
else; another house takes 3 and 33). Losses are positive.
"""

from typing import Final

from solvent.lab.cases.models.example import Answer, Inputs, Model, take

THIRDS: Final = (0, 1, -1, 2, -2, 3, -3)
"""Price moves in thirds of the range, in the published order."""


def span_future(given: Inputs) -> Answer:
    """The sixteen losses of a future position and the largest of them, the scanning risk."""
    price_range = take(given, "price_scan_range", "psr", "range", "scan_range", "price_range")
    held = take(given, "q", "position", "contracts", "lots", default=1.0)
    size = take(given, "multiplier", "contract_size", default=1.0)
    times = take(given, "extreme_multiplier", "extreme_multiple", "extreme", default=2.0)
    part = take(given, "cover_fraction", "extreme_cover", "cover", "covered", default=0.35)
    moves = [third * price_range / 3.0 for third in THIRDS for _volatility in (1, -1)]
    losses = [-held * size * move for move in moves]
    losses += [-held * size * sign * times * price_range * part for sign in (1, -1)]
    worst = max(max(losses), 0.0)
    names = ("scanning_risk", "scan_risk", "scan", "requirement")
    return {"array": losses, "risk_array": losses, "losses": losses, **dict.fromkeys(names, worst)}


MODELS: Final = {"span-future": Model(span_future, "margin", ("psr",))}
