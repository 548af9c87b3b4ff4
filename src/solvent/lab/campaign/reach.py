"""What a campaign must have met, or it has shown too little: every kind, refusal, layer, stage, breaker and restart.

A counter that stays at zero fails the campaign as vacuous. What no campaign of this build can meet is named in
UNREACHED with the reason; the name is then checked to be unmet, so that a reason which no longer holds is found.
"""

from collections import Counter
from typing import Any

from solvent.codes import Mode, PriceLimit, Refusal, Size, Tranche
from solvent.commands import CommandKind
from solvent.events import EventKind
from solvent.lab.clerk.run import ACCEPTED, BY_PRICE, DRAWN, MODED, ORDERED, REFUSED, TOLD

UNREACHED: dict[str, str] = {
    "refusal PREMIUMS_FULL": "needs a million samples in one interval; the funding of procedures has its test",
    "refusal NONE": "the absence of a refusal",
}

CHANGED_BY = {
    CommandKind.PRICE_REPORT: "breaker",
    CommandKind.ADVANCE: "time",
    CommandKind.SET_MODE: "operator",
}


def required() -> list[str]:
    """Names of everything a campaign must meet."""
    names = [f"command {kind.name}" for kind in CommandKind]
    names += [f"event {kind.name}" for kind in EventKind]
    names += [f"refusal {reason.name}" for reason in Refusal]
    names += [f"tranche {tranche.name}" for tranche in Tranche]
    names += ["tranche ADL by price"]
    names += [f"size {size.name}" for size in Size]
    names += [f"limit {limit.name}" for limit in PriceLimit]
    names += ["executor ENGINE", "executor BACKSTOP_VAULT", "executor ADL"]
    names += ["mode REDUCE_ONLY by breaker", "mode HALTED by breaker", "mode ACTIVE by time"]
    names += [f"mode {mode.name} by operator" for mode in (Mode.ACTIVE, Mode.REDUCE_ONLY, Mode.HALTED)]
    names += ["vault default", "fund exhausted", "restart"]
    return [name for name in names if name not in UNREACHED]


def _named(codes: Any, number: int) -> str:
    try:
        return str(codes(number).name)
    except ValueError:
        return str(number)


def names_of(counters: Any) -> Counter[str]:
    """The clerk's counters, with names."""
    found: Counter[str] = Counter()
    for row, column in zip(*counters.nonzero(), strict=True):
        times = int(counters[row, column])
        if row == ACCEPTED:
            found[f"command {_named(CommandKind, column)}"] += times
        elif row == TOLD:
            found[f"event {_named(EventKind, column)}"] += times
        elif row == REFUSED:
            found[f"refusal {_named(Refusal, column)}"] += times
        elif row == DRAWN:
            by_price = " by price" if column >= BY_PRICE else ""
            found[f"tranche {_named(Tranche, column % BY_PRICE)}{by_price}"] += times
        elif row == MODED:
            by = CHANGED_BY.get(CommandKind(column % 64), "other")
            found[f"mode {_named(Mode, column // 64)} by {by}"] += times
        elif row == ORDERED:
            kind = f"size {_named(Size, column)}" if column < 256 else f"limit {_named(PriceLimit, column - 256)}"
            found[kind] += times
        else:
            found[("fund exhausted", "vault default")[column]] += times
    for executor, event in (
        ("ENGINE", EventKind.LIQUIDATION_ORDERED),
        ("BACKSTOP_VAULT", EventKind.POSITION_TAKEN_OVER),
        ("ADL", EventKind.POSITION_DELEVERAGED),
    ):
        found[f"executor {executor}"] += found[f"event {event.name}"]
    return +found
