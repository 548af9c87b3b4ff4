"""What must hold between the values of a rulebook, section by section.

Each check sees only parts that could be read; where a part is missing because of its own fault it stays
silent, so one mistake is told once. `tell(path, problem, remedy)` collects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final, TypeVar

from solvent.rulebook.locate import Path
from solvent.rulebook.rules import (
    DEFAULT_MARKET,
    Adl,
    Bracket,
    Collateral,
    Index,
    Level,
    LossStage,
    Mark,
    Schedule,
    Source,
    Stage,
)

T = TypeVar("T")

Tell = Callable[[Path, str, str], None]

PAYEES: Final = ("trader", "market_fund", "insurance_fund", "vault", "venue_capital")

LOSS_ORDER: Final = (
    "account_residual",
    "insurance_fund of the market",
    "insurance_fund of the venue",
    "venue_capital",
    "liquidity_vault",
    "adl",
    "haircut_gains",
    "haircut_all",
)

MARK_ORDER: Final = ("reported_mark", "index", "external_perp_median")
"""In which order the machine looks for the first component."""

SCORES: Final = {
    frozenset({"mark_over_entry_price", "notional_over_equity"}): "hyperliquid",
    frozenset({"pnl_over_wallet", "maintenance_over_equity"}): "binance",
}

SCHEDULE_PATH: Final[Path] = ("margin", "schedule")
LEVEL_PATH: Final[Path] = ("margin", "level")
STAGE_PATH: Final[Path] = ("liquidation", "stage")
LOSS_PATH: Final[Path] = ("loss", "stage")


@dataclass(slots=True)
class Parts:
    """What could be read; None stands for what could not, `complete` names the sections read in full."""

    settlement: str | None
    index: Index | None
    mark: Mark | None
    collateral: list[Collateral | None]
    schedules: list[Schedule | None]
    levels: list[Level | None]
    stages: list[Stage | None]
    losses: list[LossStage | None]
    adl: Adl | None
    complete: frozenset[str]


def check_all(parts: Parts, tell: Tell) -> None:
    """Every check, in the order of the document."""
    check_price(parts, tell)
    check_collateral(parts, tell)
    check_schedules(parts, tell)
    check_levels(parts, tell)
    check_order_of_levels(parts, tell)
    check_stages(parts, tell)
    check_health_search(parts, tell)
    check_losses(parts, tell)
    check_adl(parts, tell)


def _read(items: Sequence[T | None]) -> Iterator[tuple[int, T]]:
    """Those that could be read, with their place in the document."""
    for row, item in enumerate(items):
        if item is not None:
            yield row, item


def _tell_twins(names: Iterator[tuple[Path, str]], tell: Tell) -> None:
    """A name may stand once."""
    seen: set[str] = set()
    for path, name in names:
        if name in seen:
            tell(path, f"`{name}` stands here a second time", "Remove one of the two.")
        seen.add(name)


def check_price(parts: Parts, tell: Tell) -> None:
    """Sources are named once; a plain median has no weights; the machine's order of components is fixed."""
    at: Path = ("price", "index", "sources")
    if parts.index is not None:
        sources = parts.index.sources
        _tell_twins((((*at, row, "id"), source.id) for row, source in enumerate(sources)), tell)
        if parts.index.kind == "median":
            _tell_weights(parts.index.default_weight, sources, tell)
    if parts.mark is None:
        return
    kinds = [component.kind for component in parts.mark.components]
    at = ("price", "mark", "components")
    _tell_twins((((*at, row, "kind"), kind) for row, kind in enumerate(kinds)), tell)
    for row, component in enumerate(parts.mark.components):
        names = enumerate(component.sources)
        _tell_twins((((*at, row, "sources", place, "id"), source.id) for place, source in names), tell)
    ranks = [MARK_ORDER.index(kind) for kind in kinds]
    if parts.mark.kind == "first" and ranks != sorted(ranks):
        tell(at, "the machine looks for components in another order", f"Write them as {', '.join(MARK_ORDER)}.")


def _tell_weights(default_weight: int, sources: Sequence[Source], tell: Tell) -> None:
    problem = "a plain median counts every source once"
    for row, source in enumerate(sources):
        if source.weight > 1:
            path: Path = ("price", "index", "sources", row, "w")
            tell(path, problem, "Leave the weight out, or choose kind weighted_median.")
    if default_weight > 1:
        tell(("price", "index", "default_w"), problem, "Leave it out, or choose kind weighted_median.")


def check_collateral(parts: Parts, tell: Tell) -> None:
    """First the settlement currency at par, then assets with weights that leave liquidation room."""
    for row, asset in _read(parts.collateral):
        if row == 0:
            if asset.kind != "par":
                tell(("collateral", 0, "kind"), "the settlement currency counts at par", 'Write kind = "par".')
            if parts.settlement is not None and asset.asset != parts.settlement:
                tell(
                    ("collateral", 0, "asset"),
                    f"the first collateral is `{asset.asset}`, not the settlement currency",
                    f"Put {parts.settlement} first.",
                )
        elif asset.kind == "par":
            tell(
                ("collateral", row, "kind"),
                "only the settlement currency counts at par",
                'Write kind = "weight" and let a contract price it.',
            )
        if asset.maintenance < asset.initial:
            tell(
                ("collateral", row, "maintenance_ppm"),
                "the asset counts less against liquidation than for opening",
                f"Write at least {asset.initial * 1_000_000}.",
            )
    _tell_twins(((("collateral", row, "asset"), asset.asset) for row, asset in _read(parts.collateral)), tell)


def check_schedules(parts: Parts, tell: Tell) -> None:
    """Brackets start at zero and rise; a leverage the trader chooses is bounded by marginal brackets."""
    ids = (((*SCHEDULE_PATH, row, "id"), schedule.id) for row, schedule in _read(parts.schedules))
    _tell_twins(ids, tell)
    by_id = _by_id(parts)
    for row, schedule in _read(parts.schedules):
        for market, brackets in schedule.brackets.items():
            check_brackets((*SCHEDULE_PATH, row, "brackets", market), brackets, tell)
        if schedule.kind != "user_leverage":
            continue
        path: Path = (*SCHEDULE_PATH, row, "bounded_by")
        bound = by_id.get(schedule.bounded_by)
        if bound is None:
            if "margin.schedule" in parts.complete:
                tell(path, f"there is no schedule `{schedule.bounded_by}`", f"Name one of: {', '.join(by_id)}.")
        elif bound.kind != "brackets" or bound.mode != "marginal":
            tell(path, f"`{bound.id}` cannot bound a chosen leverage", "Name a schedule of marginal brackets.")


def check_brackets(path: Path, brackets: Sequence[Bracket], tell: Tell) -> None:
    """From zero, strictly up, and never cheaper for being larger."""
    if brackets[0].floor != 0:
        tell((*path, 0, "from"), "the first bracket does not start at zero", 'Write from = "0".')
    for row, (before, here) in enumerate(pairwise(brackets), start=1):
        if here.floor <= before.floor:
            tell(
                (*path, row, "from"),
                f"{here.floor} is not above the bracket before, {before.floor}",
                "Put the brackets in ascending order.",
            )
        if here.initial < before.initial or here.maintenance < before.maintenance:
            tell(
                (*path, row),
                "a larger position would need a smaller rate than the bracket before",
                "Lower max_leverage or raise mmr_ppm here.",
            )


def _by_id(parts: Parts) -> dict[str, Schedule]:
    """Schedules by name, the first of a name."""
    found: dict[str, Schedule] = {}
    for _row, schedule in _read(parts.schedules):
        found.setdefault(schedule.id, schedule)
    return found


def _bound(parts: Parts, level: Level) -> Schedule | None:
    """The schedule whose rates bind at a level: a chosen leverage may not undercut its bound."""
    by_id = _by_id(parts)
    schedule = by_id.get(level.of)
    if schedule is not None and schedule.kind == "user_leverage":
        return by_id.get(schedule.bounded_by)
    return schedule


def _rate(level: Level, bracket: Bracket) -> Fraction:
    return (bracket.initial if level.name == "initial" else bracket.maintenance) * level.scale


def check_levels(parts: Parts, tell: Tell) -> None:
    """Initial and maintenance exist; what the machine's watch relies on holds."""
    names = [level.name for _row, level in _read(parts.levels)]
    _tell_twins((((*LEVEL_PATH, row, "name"), level.name) for row, level in _read(parts.levels)), tell)
    if "margin.level" in parts.complete:
        for name in ("initial", "maintenance"):
            if name not in names:
                tell(LEVEL_PATH, f"there is no level `{name}`", f'Add a [[margin.level]] with name = "{name}".')
    by_id = _by_id(parts)
    for row, level in _read(parts.levels):
        path: Path = (*LEVEL_PATH, row)
        if level.name == "maintenance" and level.includes_orders:
            tell(
                (*path, "includes_orders"),
                "liquidation may not depend on open orders",
                "Count them at the initial level only.",
            )
        if level.open_loss and not level.includes_orders:
            tell((*path, "add"), "open_loss counts open orders only", "Set includes_orders = true.")
        schedule = by_id.get(level.of)
        if schedule is None:
            if "margin.schedule" in parts.complete:
                tell((*path, "of"), f"there is no schedule `{level.of}`", f"Name one of: {', '.join(by_id)}.")
            continue
        if schedule.kind == "user_leverage" and level.name != "initial":
            tell(
                (*path, "of"),
                "a chosen leverage would move the liquidation price",
                f"Name the brackets, `{schedule.bounded_by}`.",
            )
        bound = _bound(parts, level)
        for market, brackets in bound.brackets.items() if bound is not None else ():
            if max(_rate(level, bracket) for bracket in brackets) > 1:
                tell(
                    (*path, "scale_ppm"),
                    f"scaled, the brackets of {market} ask for more than the whole notional",
                    "Write a smaller scale.",
                )
                break


def _requirement(level: Level, schedule: Schedule, brackets: Sequence[Bracket]) -> list[tuple[Fraction, ...]]:
    """(floor, slope, intercept) of each piece of a level's requirement."""
    pieces: list[tuple[Fraction, ...]] = []
    deduction = slope = Fraction(0)
    for bracket in brackets:
        floor, rate = Fraction(bracket.floor), _rate(level, bracket)
        if schedule.mode == "marginal":
            deduction += floor * (rate - slope)
        slope = rate
        pieces.append((floor, rate, -deduction))
    return pieces


def _falls_below(upper: Sequence[tuple[Fraction, ...]], lower: Sequence[tuple[Fraction, ...]]) -> Fraction | None:
    """The first notional at which `upper` asks for less than `lower`; both are straight between floors."""
    floors = sorted({piece[0] for piece in (*upper, *lower)})

    def at(pieces: Sequence[tuple[Fraction, ...]], floor: Fraction) -> tuple[Fraction, ...]:
        return [piece for piece in pieces if piece[0] <= floor][-1]

    for row, floor in enumerate(floors):
        _first, slope_upper, upper_at = at(upper, floor)
        _first, slope_lower, lower_at = at(lower, floor)
        ends = [floor, *floors[row + 1 : row + 2]]
        for notional in ends:
            if slope_upper * notional + upper_at < slope_lower * notional + lower_at:
                return notional
        if len(ends) == 1 and slope_upper < slope_lower:
            return floor
    return None


def check_order_of_levels(parts: Parts, tell: Tell) -> None:
    """Initial asks for at least maintenance, maintenance for at least close-out, at every size."""
    rows = {level.name: (row, level) for row, level in _read(parts.levels)}
    for high, low in (("initial", "maintenance"), ("maintenance", "close_out")):
        if high not in rows or low not in rows:
            continue
        row, lower = rows[low]
        upper = rows[high][1]
        upper_schedule, lower_schedule = _bound(parts, upper), _bound(parts, lower)
        if upper_schedule is None or lower_schedule is None:
            continue
        found: dict[str, Fraction] = {}
        for market in dict.fromkeys((*lower_schedule.brackets, *upper_schedule.brackets)):
            above, below = _brackets_of(upper_schedule, market), _brackets_of(lower_schedule, market)
            if below and _is_ordered(above) and _is_ordered(below):
                notional = _falls_below(
                    _requirement(upper, upper_schedule, above), _requirement(lower, lower_schedule, below)
                )
                if notional is not None:
                    found[market] = notional
        if found:
            tell(
                (*LEVEL_PATH, row),
                f"near a notional of {float(next(iter(found.values()))):,.0f} {low} asks for more than {high}"
                f" ({', '.join(found)})",
                f"Lower its rates or scale, or raise those of {high}.",
            )


def _brackets_of(schedule: Schedule, market: str) -> Sequence[Bracket]:
    """Brackets of a market; a schedule without any asks for nothing."""
    if schedule.kind == "zero":
        return (Bracket(Decimal(0), Fraction(0), Fraction(0)),)
    return schedule.brackets.get(market, schedule.brackets.get(DEFAULT_MARKET, ()))


def _is_ordered(brackets: Sequence[Bracket]) -> bool:
    floors = [bracket.floor for bracket in brackets]
    return floors[:1] == [0] and all(before < here for before, here in pairwise(floors))


def payee_names(parts: Parts) -> tuple[str, ...]:
    """Whom a fee may go to: the fixed names and the vault's own."""
    return (*PAYEES, *(loss.id for _row, loss in _read(parts.losses) if loss.kind == "liquidity_vault"))


def check_stages(parts: Parts, tell: Tell) -> None:
    """The first stage is maintenance itself; executors, prices and payees fit each other."""
    _tell_twins((((*STAGE_PATH, row, "id"), stage.id) for row, stage in _read(parts.stages)), tell)
    levels = {level.name for _row, level in _read(parts.levels)}
    for row, stage in _read(parts.stages):
        path: Path = (*STAGE_PATH, row)
        if stage.level not in levels and "margin.level" in parts.complete:
            tell(
                (*path, "when", "level"),
                f"there is no level `{stage.level}`",
                f"Name one of: {', '.join(levels)}.",
            )
        if row == 0 and (stage.level != "maintenance" or stage.scale != 1):
            tell(
                (*path, "when"),
                "the first stage is what makes an account distressed",
                'Write level = "maintenance" and scale_ppm = 1000000 first; deeper stages follow.',
            )
        check_executor(path, stage, tell)
        check_payees(path, stage, parts, tell)


def check_executor(path: Path, stage: Stage, tell: Tell) -> None:
    """The venue sells in the market, the vault takes everything over, winners close everything."""
    wanted = {"engine": "market", "backstop_vault": "takeover", "adl": ""}[stage.executor]
    if stage.price != wanted:
        remedy = f'Write price = {{ kind = "{wanted}", … }}.' if wanted else "Leave it out; [adl] price is used."
        tell((*path, "price"), f"executor {stage.executor} does not close at this kind of price", remedy)
    if stage.executor != "engine" and stage.size != "full":
        tell((*path, "size"), f"executor {stage.executor} closes everything", "Leave the size out.")
    if stage.cooldown_ms and stage.size != "fraction":
        tell((*path, "throttle"), "only a fraction is throttled", "Leave it out, or close a fraction.")


def check_payees(path: Path, stage: Stage, parts: Parts, tell: Tell) -> None:
    """Fees go to somebody who exists, and the rest of an account to whoever took its positions."""
    known = payee_names(parts)
    for payee in dict.fromkeys((stage.fee_to, stage.residual_to)):
        if payee and payee not in known and "loss.stage" in parts.complete:
            tell((*path, "fee"), f"there is no payee `{payee}`", f"Name one of: {', '.join(known)}.")
    vaults = ("", "vault", *known[len(PAYEES) :])
    if stage.executor == "engine" and stage.residual_to:
        tell((*path, "fee"), "what the venue's own orders leave is the trader's", "Remove the residual fee.")
    elif stage.takeover_at in ("bankruptcy", "account_transfer") and stage.residual_to not in vaults:
        tell(
            (*path, "fee"),
            f"a takeover at {stage.takeover_at} hands the rest to the vault",
            'Write to = "vault", or take over at = "mark".',
        )


def check_health_search(parts: Parts, tell: Tell) -> None:
    """Closing more never leaves an account further from its target, or the machine's search may not halve.

    Closing a notional x frees target x rate x x of what equity must cover and costs fee x x.
    """
    level = next((level for _row, level in _read(parts.levels) if level.name == "maintenance"), None)
    schedule = _bound(parts, level) if level is not None else None
    if level is None or schedule is None:
        return
    rates = [_rate(level, bracket) for brackets in schedule.brackets.values() for bracket in brackets]
    lowest = min(rates, default=Fraction(0))
    for row, stage in _read(parts.stages):
        if stage.size != "to_health" or stage.share is None or stage.fee == 0:
            continue
        if stage.fee >= stage.share * lowest:
            most = int(stage.share * lowest * 1_000_000)
            tell(
                (*STAGE_PATH, row, "fee"),
                "the penalty costs as much as closing frees",
                f"Write less than {most} ppm, target x smallest maintenance rate.",
            )


def rank_of(loss: LossStage) -> int:
    """Place of a layer in the one order there is."""
    return LOSS_ORDER.index(f"{loss.kind} of the {loss.scope}" if loss.scope else loss.kind)


def check_losses(parts: Parts, tell: Tell) -> None:
    """Layers in their order, each once; winners are asked only where they were paired."""
    known = payee_names(parts)
    before: LossStage | None = None
    for row, loss in _read(parts.losses):
        path: Path = (*LOSS_PATH, row)
        if before is not None and rank_of(loss) == rank_of(before):
            tell(
                (*path, "kind"),
                f"`{LOSS_ORDER[rank_of(loss)]}` stands here a second time",
                "Remove one of the two.",
            )
        elif before is not None and rank_of(loss) < rank_of(before):
            tell(
                (*path, "kind"),
                f"`{LOSS_ORDER[rank_of(loss)]}` comes after `{LOSS_ORDER[rank_of(before)]}`",
                f"Keep the order: {', '.join(LOSS_ORDER)}.",
            )
        if loss.to and loss.to not in known and "loss.stage" in parts.complete:
            tell((*path, "to"), f"there is no payee `{loss.to}`", f"Name one of: {', '.join(known)}.")
        if before is None or rank_of(loss) > rank_of(before):
            before = loss
    layer = next((row for row, loss in _read(parts.losses) if loss.kind == "adl"), None)
    closes = any(stage.executor == "adl" for _row, stage in _read(parts.stages))
    if layer is not None and not closes and "liquidation.stage" in parts.complete:
        tell(
            (*LOSS_PATH, layer),
            "winners are asked to pay, but no stage closes against them",
            'Add a [[liquidation.stage]] with executor = "adl".',
        )


def check_adl(parts: Parts, tell: Tell) -> None:
    """The section stands exactly when something uses it, and its score is one the machine computes."""
    if "adl" not in parts.complete:
        return
    stages = any(stage.executor == "adl" for _row, stage in _read(parts.stages))
    layers = any(loss.kind == "adl" for _row, loss in _read(parts.losses))
    if parts.adl is None:
        if stages or layers:
            tell(("adl",), "winners are closed against, but it is not said how", "Add the section [adl].")
        return
    if not stages and not layers and {"liquidation.stage", "loss.stage"} <= parts.complete:
        tell(("adl",), "nothing uses this section", 'Remove it, or add a stage with executor = "adl".')
    if parts.adl.combine == "product" and frozenset(parts.adl.score) not in SCORES:
        pairs = " or ".join(" x ".join(sorted(pair)) for pair in SCORES)
        tell(("adl", "score"), "the machine does not compute this product", f"Write {pairs}.")
