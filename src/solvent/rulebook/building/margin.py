"""From what was read to records: schedules and levels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from solvent.rulebook.locate import Path
from solvent.rulebook.reading import Reading
from solvent.rulebook.rules import DEFAULT_MARKET, Additions, Bracket, Curve, Level, OptionRates, Scenarios, Schedule
from solvent.state.terms import MOVE_MAX_PPM, SCENARIOS_MAX
from solvent.units import PPM


def build_schedule(reading: Reading, value: dict[str, Any], path: Path) -> Schedule | None:
    """Brackets become rates: initial from the leverage, maintenance from its own figure or a share."""
    share = value.get("maintenance_share_ppm")
    brackets: dict[str, tuple[Bracket, ...]] = {}
    known = len(reading.broken)
    for market, rows in value.get("brackets", {}).items():
        brackets[market] = tuple(
            build_bracket(reading, row, share, (*path, "brackets", market, place)) for place, row in enumerate(rows)
        )
    kind = value["kind"]
    if kind == "brackets" and not brackets:
        reading.refuse((*path, "brackets"), "no market has brackets", "Add at least `default`.")
    driver = value.get("driver")
    if kind == "curve" and driver is None:
        reading.refuse((*path, "driver"), "this is missing", "Say what the curve grows with, as position_notional.")
    if kind == "brackets" and driver in ("none", "market_open_interest", "side_open_interest", "size_over_skew_scale"):
        reading.tell((*path, "driver"), f"brackets do not step over `{driver}`", "Use a curve, or position_notional.")
    if len(reading.broken) > known:
        return None
    return Schedule(
        value["id"],
        kind,
        value.get("mode", ""),
        brackets,
        value.get("bounded_by", ""),
        driver=DRIVERS.get(driver, driver) if driver else "position_notional",
        curves=_curves(reading, value, path) if kind == "curve" else {},
        scenarios=_scenarios(reading, value, path) if kind == "scenario" else None,
        rate_step_ppb=value.get("rate_step_ppb", 1),
        options=_option_rates(reading, value, path) if kind == "option_standard" else None,
    )


def _option_rates(reading: Reading, value: dict[str, Any], path: Path) -> OptionRates:
    """Shares of the underlying; told where a seller would be liquidatable at what he may open with."""
    rates = OptionRates(value["im_scale_ppm"], value["im_min_ppm"], value["mm_scale_ppm"])
    if rates.initial_least > rates.initial:
        reading.tell(
            (*path, "im_min_ppm"), "the least share is above the whole one", "Lower it, or raise im_scale_ppm."
        )
    if rates.maintenance > rates.initial_least:
        reading.tell(
            (*path, "mm_scale_ppm"), "maintenance is above the least initial share", "Lower it, or raise im_min_ppm."
        )
    return rates


DRIVERS = {
    "position_value": "position_notional",
    "position_contracts": "position_size",
    "side_open_interest": "market_open_interest",
}
"""Names of one thing: a value is a notional, a contract is a lot, and both sides of a market are equal."""


def _curves(reading: Reading, value: dict[str, Any], path: Path) -> dict[str, Curve]:
    """The curve of every market that differs, and the default."""
    names = ("base_ppm", "slope", "threshold", "step", "reach", "floor_ppm", "cap_ppm")
    plain = {name: value[name] for name in names if name in value}
    curves: dict[str, Curve] = {}
    for market, own in {DEFAULT_MARKET: {}, **value["per_market"]}.items():
        at = path if market == DEFAULT_MARKET else (*path, "per_market", market)
        found = {**plain, **{name: own[name] for name in names if name in own}}
        curve = Curve(
            base=found["base_ppm"],
            slope=Fraction(found["slope"]) / PPM,
            exponent=value["exponent"],
            threshold=found["threshold"],
            step=found.get("step"),
            reach=found.get("reach"),
            floor=found.get("floor_ppm", Fraction(0)),
            cap=found["cap_ppm"],
        )
        if curve.floor > curve.cap:
            reading.tell((*at, "floor_ppm"), "the least rate is above the largest", "Lower it, or raise cap_ppm.")
        if curve.base > curve.cap:
            reading.tell((*at, "base_ppm"), "the rate starts above its cap", "Lower it, or raise cap_ppm.")
        if curve.reach is not None:
            if curve.slope != 0:
                reading.tell((*at, "reach"), "the slope is given twice", 'Write slope = "0": reach says it.')
            if curve.exponent != "1" or curve.step is not None:
                reading.tell((*at, "reach"), "only a straight line reaches its cap at a given size", "Remove it.")
            if curve.reach <= curve.threshold:
                reading.tell((*at, "reach"), "the cap is reached before the curve rises", "Write more than threshold.")
                continue
        if curve.step is not None and curve.step == 0:
            reading.tell((*at, "step"), "a step of zero", "Leave it out.")
            continue
        curves[market] = curve
    curves.setdefault(
        DEFAULT_MARKET, Curve(Fraction(0), Fraction(0), "1", Decimal(0), None, None, Fraction(0), Fraction(1))
    )
    return curves


def _scenarios(reading: Reading, value: dict[str, Any], path: Path) -> Scenarios:
    """Every move with its weight, the plain ones first."""
    moves = [(move, Fraction(1)) for move in value["price_moves_ppm"]]
    for row, far in enumerate(value["extended"]):
        weights = far.get("weights_ppm")
        if weights is not None and len(weights) != len(far["moves_ppm"]):
            reading.tell(
                (*path, "extended", row, "weights_ppm"),
                f"there are {len(weights)} weights for {len(far['moves_ppm'])} moves",
                "Write one for each.",
            )
            weights = None
        each = [Fraction(weight, PPM) for weight in weights] if weights else [far["weight_ppm"]] * len(far["moves_ppm"])
        moves += zip(far["moves_ppm"], each, strict=True)
    if len(moves) > SCENARIOS_MAX:
        reading.tell((*path, "price_moves_ppm"), f"there are {len(moves)} scenarios", f"Write at most {SCENARIOS_MAX}.")
        moves = moves[:SCENARIOS_MAX]
    scale = {market: own.get("scale_ppm", Fraction(1)) for market, own in value["per_market"].items()}
    largest = max(abs(move) for move, _weight in moves) * max(scale.values(), default=Fraction(1))
    if largest > MOVE_MAX_PPM:
        reading.tell((*path, "per_market"), f"scaled, a move is {float(largest):,.0f} ppm", f"At most {MOVE_MAX_PPM}.")
    charged = value["aggregate"] == "max_loss_plus_contingencies"
    if not charged and (value["unhedged_ppm"] or value["hedged_ppm"]):
        reading.tell(
            (*path, "aggregate"), "the charges are not counted", 'Write aggregate = "max_loss_plus_contingencies".'
        )
    return Scenarios(
        moves=tuple((Fraction(move, PPM), weight) for move, weight in moves),
        market_scale=scale,
        by_underlying=value["risk_unit"] != "account",
        unhedged=value["unhedged_ppm"] if charged else Fraction(0),
        hedged=value["hedged_ppm"] if charged else Fraction(0),
        charge_is_least=value["charge"] == "least",
    )


def build_bracket(reading: Reading, row: dict[str, Any], share: Fraction | None, path: Path) -> Bracket:
    """One row; told when its rates cannot be known."""
    leverage, maintenance = row.get("max_leverage"), row.get("mmr_ppm")
    if leverage is None and maintenance is None:
        reading.refuse(path, "the bracket has no rate", "Add max_leverage, mmr_ppm or both.")
    elif maintenance is None and share is None:
        reading.refuse(
            path,
            "the maintenance rate is not known",
            "Add mmr_ppm here or maintenance_share_ppm to the schedule.",
        )
    initial = Fraction(1, leverage) if leverage is not None else maintenance or Fraction(1)
    if maintenance is None:
        maintenance = initial * (share or 1)
    return Bracket(row["from"], initial, maintenance)


def build_level(reading: Reading, value: dict[str, Any], path: Path) -> Level | None:
    """A level counts collateral as its name says, unless told otherwise."""
    if value["name"] not in ("initial", "maintenance", "close_out"):
        return None
    return Level(
        name=value["name"],
        of=value["of"],
        scale=value["scale_ppm"],
        includes_orders=value["includes_orders"],
        open_loss=any(part["kind"] == "open_loss" for part in value["add"]),
        weights=value.get("weights", "initial" if value["name"] == "initial" else "maintenance"),
        blocks=value["blocks"],
        additions=_additions(reading, value["add"], path),
    )


def _additions(reading: Reading, parts: list[dict[str, Any]], path: Path) -> Additions:
    """Amounts and shares of one kind add up; a reward and a premium stand once."""
    fixed, share, reward, multiplier = Decimal(0), Fraction(0), Additions(), Fraction(0)
    seen: set[str] = set()
    for row, part in enumerate(parts):
        kind = part["kind"]
        if kind in seen and kind in ("open_loss", "liquidation_reward", "premium_over_skew"):
            reading.tell((*path, "add", row, "kind"), f"`{kind}` stands here a second time", "Remove one of the two.")
        seen.add(kind)
        if kind == "fixed":
            fixed += part["amount"]
        elif kind in ("fee_provision", "liquidation_fee", "notional_buffer"):
            share += part["ppm"]
        elif kind == "liquidation_reward":
            reward = Additions(reward_share=part["flag_ppm"], reward_least=part["min"], reward_most=part.get("max"))
            if reward.reward_most is not None and reward.reward_most < reward.reward_least:
                reading.tell((*path, "add", row, "max"), "the largest reward is below the least", "Raise it.")
        elif kind == "premium_over_skew":
            multiplier = Fraction(part["multiplier"])
    return Additions(fixed, share, reward.reward_share, reward.reward_least, reward.reward_most, multiplier)


def resolve_levels(
    reading: Reading, levels: Sequence[Level | None], schedules: Sequence[Schedule | None]
) -> list[Level | None]:
    """Levels that scale another level, as levels of its schedule: scales multiply, additions too."""
    ids = {schedule.id for schedule in schedules if schedule is not None}
    by_name = {level.name: level for level in reversed(levels) if level is not None}
    out: list[Level | None] = []
    for row, level in enumerate(levels):
        found, seen = level, {level.name} if level is not None else set()
        while found is not None and found.of not in ids and found.of in by_name:
            base = by_name[found.of]
            if base.name in seen:
                path: Path = ("margin", "level", row, "of")
                reading.refuse(path, f"`{base.name}` scales itself", "Let one of the levels name a schedule.")
                found = None
                break
            seen.add(base.name)
            found = replace(
                found,
                of=base.of,
                scale=found.scale * base.scale,
                additions=_sum(found.additions, base.additions, found.scale),
            )
        out.append(found)
    return out


def _sum(own: Additions, below: Additions, scale: Fraction) -> Additions:
    """What a level adds, and what the level it scales adds, scaled."""
    reward = below if below.reward_share else own
    times = Decimal(scale.numerator) / Decimal(scale.denominator)
    most = reward.reward_most
    if reward is below:
        reward = replace(
            reward,
            reward_share=reward.reward_share * scale,
            reward_least=reward.reward_least * times,
            reward_most=most * times if most is not None else None,
        )
    return Additions(
        own.fixed + below.fixed * times,
        own.share + below.share * scale,
        reward.reward_share,
        reward.reward_least,
        reward.reward_most,
        own.skew_multiplier + below.skew_multiplier * scale,
    )
