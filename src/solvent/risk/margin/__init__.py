"""Margin: the equity of an account and what each level of the ladder requires of it, one file for each kind of rule."""

from solvent.risk.margin.account import judge, lowers_health, requirement_change
from solvent.risk.margin.additions import additions_up
from solvent.risk.margin.brackets import bracket_requirement_up, bracket_row
from solvent.risk.margin.closing import lots_down_tiers, lots_to_health, lots_to_lower_tier
from solvent.risk.margin.collateral import collateral_value_at_down, collateral_value_down
from solvent.risk.margin.option import option_exposure_up, option_requirement_up
from solvent.risk.margin.position import (
    exposure_requirement_up,
    gain_of,
    lots_requirement_up,
    orders_requirement_up,
    position_notional,
    requirement_in_bracket_up,
    requirement_up,
)
from solvent.risk.margin.scenario import joint_requirement_within_up, scenario_requirement_up

__all__ = [
    "additions_up",
    "bracket_requirement_up",
    "bracket_row",
    "collateral_value_at_down",
    "collateral_value_down",
    "exposure_requirement_up",
    "gain_of",
    "joint_requirement_within_up",
    "judge",
    "lots_down_tiers",
    "lots_requirement_up",
    "lots_to_health",
    "lots_to_lower_tier",
    "lowers_health",
    "option_exposure_up",
    "option_requirement_up",
    "orders_requirement_up",
    "position_notional",
    "requirement_change",
    "requirement_in_bracket_up",
    "requirement_up",
    "scenario_requirement_up",
]
