"""Margin that follows the market, and the guards that follow with it."""

from __future__ import annotations

from typing import Final

from solvent.rulebook.schema.declare import Parameter, ms, ppm, table, whole
from solvent.units import PPM

MULTIPLIERS: Final = ("volatility", "depth", "concentration", "open_interest", "stressed", "floor")
"""Multipliers of the requirement; each says why it is above one. Commands change them market by market and side."""

DYNAMIC: Final[tuple[Parameter, ...]] = (
    table("dynamic", "Margin that follows the market, and how a change of it binds.", default={}),
    *(
        ppm(
            f"dynamic.{name}_ppm",
            f"Multiplier for {name.replace('_', ' ')}, both sides, until a command changes it.",
            least=PPM,
            most=20 * PPM,
            default=PPM,
        )
        for name in MULTIPLIERS
    ),
    ppm("dynamic.stressed_weight_ppm", "Weight of the stressed period in every requirement.", least=0, default=0),
    ppm("dynamic.buffer_ppm", "Charged on top at rest, eaten while the need rises.", least=0, default=0),
    ppm("dynamic.step_ppm", "Longest step for what stands; all at once where it is not said.", most=20 * PPM),
    ms("dynamic.step_ms", "Time between two steps.", default=60_000),
    whole(
        "dynamic.step_accounts_max",
        "Accounts one step may push under maintenance; 0 asks nobody.",
        0,
        1_000_000,
        default=0,
    ),
    ppm(
        "dynamic.caution_initial_ppm",
        "Multiplier of initial margin in caution, or at a price in doubt.",
        least=PPM,
        most=10 * PPM,
        default=PPM,
    ),
    ms("dynamic.grace_ms", "After a pause nobody who was healthy is liquidated for so long.", least=0, default=0),
)
