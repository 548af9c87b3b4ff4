"""How far one change may move a parameter, how long before it binds it must be known, and who may make it.

One row for each family of parameters, the longest path that begins a parameter's wins. A step is a share of the value
in force (or of one unit where the value is zero); `None` means that the value is no quantity and changes whole. These
are our own bounds for a venue run on this machine, not a venue's. Where `[governance]` names seats the machine enforces
them (solvent.procedures.governance); its delay may only make the notice longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """Largest step in ppm of the value in force, notice in milliseconds, who decides, and why these."""

    step_max_ppm: int | None
    notice_ms: int
    who: str
    why: str


WHOLE: Final = ChangeRule(
    None, 3 * DAY_MS, "council", "a different rule, not a different number: members may leave first"
)

FAMILIES: Final[dict[str, ChangeRule]] = {
    "": WHOLE,
    "schema": ChangeRule(None, 0, "nobody", "names the language of the document"),
    "meta": ChangeRule(None, 0, "author", "says where figures come from and binds nobody"),
    "price": ChangeRule(250_000, DAY_MS, "council", "whom one listens to decides what a position is worth"),
    "collateral": ChangeRule(
        50_000, 7 * DAY_MS, "council", "a weight that falls calls margin of everyone who holds it"
    ),
    "margin": ChangeRule(
        200_000, 3 * DAY_MS, "council", "a requirement that jumps liquidates accounts that did nothing"
    ),
    "dynamic": ChangeRule(
        1_000_000,
        0,
        "council, or a controller inside its mandate",
        "it only asks for more than the rules do, and what stands is charged in steps of its own",
    ),
    "funding": ChangeRule(500_000, DAY_MS, "council", "a payment both sides have priced in"),
    "liquidation": ChangeRule(250_000, 3 * DAY_MS, "council", "who is closed, when and at what price"),
    "loss": ChangeRule(250_000, 7 * DAY_MS, "council", "who pays: those who would pay more must be able to leave"),
    "adl": ChangeRule(None, 7 * DAY_MS, "council", "who is closed against a defaulter"),
    "limits": ChangeRule(
        500_000, HOUR_MS, "council, or a controller inside its mandate", "a cap stops new risk and takes nothing away"
    ),
    "breakers": ChangeRule(500_000, DAY_MS, "council", "what stops a market must be known before it is needed"),
    "governance": ChangeRule(None, 14 * DAY_MS, "council", "who may change the rules is changed most slowly"),
    "rounding": ChangeRule(None, 7 * DAY_MS, "council", "a quantum a time, but always against the same side"),
    "engine": ChangeRule(1_000_000, HOUR_MS, "operator", "a bound on work, not on anyone's money"),
}


def change_rule(path: str) -> ChangeRule:
    """The rule of a parameter, by the longest family that its path begins with."""
    best = ""
    for family in FAMILIES:
        if len(family) > len(best) and (path == family or path.startswith((family + ".", family + "["))):
            best = family
    return FAMILIES[best]
