"""A rulebook in words: what a trader or a risk officer would say, slot by slot, from the document as it binds.

Kinds have a phrase of their own where the venues have a word for them; fields that no phrase uses are named with
their values, so nothing a document says is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from solvent.rulebook.reference import duration
from solvent.units import PPM


@dataclass(frozen=True, slots=True)
class Passage:
    """A heading and the sentences below it."""

    title: str
    lines: tuple[str, ...]


EXECUTORS: Final = {
    "engine": "the venue sells in the market",
    "backstop_vault": "the backstop vault takes over",
    "adl": "winners are deleveraged",
    "fund": "the insurance fund takes over",
    "keeper": "a keeper closes",
    "endorsed_keeper": "an endorsed keeper closes",
    "auction": "an auction sells",
    "anyone": "anyone may close",
}
SIZES: Final = {
    "full": "everything",
    "fraction": "a share",
    "to_lower_tier": "down to the next lower tier",
    "to_health": "until health is restored",
    "close_factor": "at most the close factor",
    "auction_fraction": "as large a share as restores the margin",
}
LOSSES: Final = {
    "account_residual": "what the account leaves",
    "insurance_fund": "the insurance fund",
    "venue_capital": "the venue's own capital",
    "liquidity_vault": "the liquidity vault",
    "adl": "deleveraging of winners",
    "haircut_gains": "a haircut of gains",
    "haircut_all": "a haircut of all",
    "pool": "the pool",
    "socialise": "all, in proportion",
}


def percent(ppm: Any) -> str:
    """Parts per million as per cent, exactly; what is not known as it is written."""
    if not isinstance(ppm, int):
        return str(ppm)
    whole, rest = divmod(abs(ppm), PPM // 100)
    text = f"{whole}.{rest:04d}".rstrip("0").rstrip(".")
    return f"{'-' if ppm < 0 else ''}{text} %"


def value_in_words(name: str, value: Any) -> str:
    """One value with its unit, as the suffix of its name says."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and (name.endswith("ppm") or name == "mark_move"):
        return percent(value)
    if isinstance(value, int) and (name.endswith("_ms") or name == "ms"):
        return duration(value)
    if isinstance(value, list):
        return ", ".join(value_in_words(name, one) for one in value) or "none"
    if isinstance(value, dict):
        return table_in_words(value)
    return str(value)


def name_in_words(name: str) -> str:
    """A field's name without its unit and its underscores; nothing where the name is only a unit."""
    if name in ("ppm", "ms"):
        return ""
    for suffix in ("_ppm", "_ms"):
        name = name.removesuffix(suffix)
    return name.replace("_", " ")


def table_in_words(table: Mapping[str, Any], *leave_out: str) -> str:
    """A table's kind and its fields, in the order they were written."""
    kind = str(table.get("kind", "")).replace("_", " ")
    rest = []
    for name, value in table.items():
        if name in ("kind", *leave_out) or value in ("", [], {}):
            continue
        # a breaker's value has the unit of what it measures
        unit = str(table.get("metric", name)) if name == "value" else name
        rest.append(f"{name_in_words(name)} {value_in_words(unit, value)}".strip())
    return f"{kind} ({', '.join(rest)})" if kind and rest else kind or ", ".join(rest)


def passages(document: Mapping[str, Any]) -> list[Passage]:
    """Every slot of a document that says something."""
    found = [Passage(title, tuple(lines(document))) for title, lines in SLOTS]
    known = {"schema", "meta", "account", "price", "collateral", "margin", "funding", "borrow", "liquidation", "loss"}
    known |= {"adl", "limits", "breakers", "governance", "rounding", "engine"}
    for name, table in document.items():
        if name not in known and isinstance(table, dict):
            found.append(Passage(name.replace("_", " "), tuple(_fields(table))))
    return [passage for passage in found if passage.lines]


def _fields(table: Mapping[str, Any], *leave_out: str) -> Iterator[str]:
    for name, value in table.items():
        if name in leave_out:
            continue
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for row in value:
                yield f"{name_in_words(name)}: {table_in_words(row)}"
        else:
            yield f"{name_in_words(name)}: {value_in_words(name, value)}"


def _head(document: Mapping[str, Any]) -> Iterator[str]:
    meta = document.get("meta", {})
    yield f"{meta.get('venue')}, {str(meta.get('product')).replace('_', ' ')}s settled in {meta.get('settlement')}"
    yield f"as of {meta.get('as_of')}"
    account = document.get("account", {})
    if account.get("modes"):
        yield f"accounts: {', '.join(account['modes'])}"


def _prices(document: Mapping[str, Any]) -> Iterator[str]:
    for slot, table in document.get("price", {}).items():
        if isinstance(table, list):
            continue
        yield f"{slot}: {str(table.get('kind', '')).replace('_', ' ')}".rstrip(": ")
        for name, value in table.items():
            if name == "kind":
                continue
            if isinstance(value, list) and value and isinstance(value[0], dict):
                told = "; ".join(_source(row) if "id" in row else table_in_words(row) for row in value)
                yield f"  {name_in_words(name)}: {told}"
            else:
                yield f"  {name_in_words(name)}: {value_in_words(name, value)}"


def _conditions(document: Mapping[str, Any]) -> Iterator[str]:
    """The oracle table: what is allowed under each condition of a market's price."""
    actions = ("open", "reduce", "liquidate", "withdraw", "mint")
    rows = document.get("price", {}).get("condition", [])
    if rows:
        yield f"{'condition':<14}" + "".join(f"{action:<14}" for action in actions)
    for row in rows:
        kind = str(row.get("kind", "")).replace("_", " ")
        yield f"{kind:<14}" + "".join(f"{row.get(action, 'allow')!s:<14}" for action in actions).rstrip()


def _source(row: Mapping[str, Any]) -> str:
    return f"{row['id']} × {row.get('w', 1)}"


def _collateral(document: Mapping[str, Any]) -> Iterator[str]:
    for row in document.get("collateral", []):
        if row.get("kind") == "par":
            yield f"{row.get('asset')} counts in full"
        else:
            yield f"{row.get('asset')}: {table_in_words(row, 'asset')}"


def _bracket(row: Mapping[str, Any], share: int | None) -> str:
    parts = []
    if "max_leverage" in row:
        parts.append(f"{row['max_leverage']}x")
    if "mmr_ppm" in row:
        parts.append(f"maintenance {percent(row['mmr_ppm'])}")
    elif isinstance(share, int) and isinstance(row.get("max_leverage"), int):
        rate = Fraction(share, PPM * row["max_leverage"]) * 100
        parts.append(f"maintenance {float(rate):.6g} %")
    floor = str(row.get("from", 0))
    return f"from {floor if floor == 'unknown' else f'{Decimal(floor):,}'} {' '.join(parts)}"


def _margin(document: Mapping[str, Any]) -> Iterator[str]:
    margin = document.get("margin", {})
    for schedule in margin.get("schedule", []):
        brackets = schedule.get("brackets")
        yield f"schedule {schedule.get('id')}: {table_in_words(schedule, 'id', 'brackets')}"
        for market, rows in (brackets or {}).items():
            told = "; ".join(_bracket(row, schedule.get("maintenance_share_ppm")) for row in rows)
            yield f"  {market}: {told}"
    for level in margin.get("level", []):
        text = f"level {level.get('name')}: {percent(level.get('scale_ppm', PPM))} of {level.get('of')}"
        added = [table_in_words(addon) for addon in level.get("add", [])]
        if added:
            text += f" plus {', '.join(added)}"
        if level.get("includes_orders"):
            text += ", open orders at their worst"
        if level.get("blocks"):
            text += f"; below it no {' and no '.join(level['blocks'])}"
        yield text


def _stages(document: Mapping[str, Any]) -> Iterator[str]:
    for place, stage in enumerate(document.get("liquidation", {}).get("stage", []), start=1):
        when = stage.get("when", {})
        scale = when.get("scale_ppm", PPM)
        of = "zero" if scale == 0 else f"{percent(scale) + ' of ' if scale != PPM else ''}{when.get('level')}"
        at = "at or below" if when.get("cmp") == "le" else "below"
        size = stage.get("size", {"kind": "full"})
        acts = EXECUTORS.get(stage.get("executor"), str(stage.get("executor")).replace("_", " "))
        text = f"{place}. {stage.get('id')}: equity {at} {of}: {acts}"
        text += f", {SIZES.get(size.get('kind'), table_in_words(size))}"
        details = table_in_words({name: value for name, value in size.items() if name != "kind"})
        if details:
            text += f" ({details})"
        for name in ("pre", "throttle", "price"):
            if stage.get(name):
                text += f"; {name} {value_in_words(name, stage[name])}"
        fees = [table_in_words(fee) for fee in stage.get("fee", []) if fee.get("kind") != "none"]
        text += f"; fee {', '.join(fees)}" if fees else "; no fee"
        rest = {k: v for k, v in stage.items() if k in ("accept", "timeout_ms", "select")}
        yield text + (f"; {table_in_words(rest)}" if rest else "")


def _losses(document: Mapping[str, Any]) -> Iterator[str]:
    for place, row in enumerate(document.get("loss", {}).get("stage", []), start=1):
        rest = table_in_words({name: value for name, value in row.items() if name != "kind"})
        yield f"{place}. {LOSSES.get(row.get('kind'), str(row.get('kind')).replace('_', ' '))}" + (
            f" ({rest})" if rest else ""
        )


def _slot(name: str) -> Any:
    def lines(document: Mapping[str, Any]) -> Iterator[str]:
        table = document.get(name, {})
        if isinstance(table, dict):
            yield from _fields(table)

    return lines


METRICS: Final = {
    "mark_move": "the mark moves by {}",
    "price_band": "the mark is {} away from an extreme",
    "volatility": "the moves sum to {}",
    "dispersion": "sources stand {} apart",
    "staleness": "the age of the mark is {}",
    "liquidations": "{} of open interest is liquidated",
    "open_interest_over_depth": "open interest is {} of depth",
    "fund_drawdown": "{} of the funds are lost",
    "outflow": "{} of all money has left",
    "time_jump": "time jumps by {}",
    "insolvent_requirement_over_fund": "accounts below zero would have to hold {} of the fund",
}


def _breakers(document: Mapping[str, Any]) -> Iterator[str]:
    for row in document.get("breakers", {}).get("breaker", []):
        trigger = row.get("trigger", {})
        metric = str(trigger.get("metric"))
        text = METRICS.get(metric, metric.replace("_", " ") + " {}").format(percent(trigger.get("value")))
        if trigger.get("cmp", "ge") != "ge":
            text += " and more" if trigger["cmp"] == "gt" else f" ({trigger['cmp']})"
        if "window_ms" in trigger:
            joined = "of" if metric in ("staleness", "time_jump") else "within"
            text += f" {joined} {value_in_words('window_ms', trigger['window_ms'])}"
        text += f": {str(row.get('action')).replace('_', ' ')}"
        if "release_ms" in row:
            text += f" for {value_in_words('release_ms', row['release_ms'])}"
        if "exit" in trigger:
            text += f", and until it is below {percent(trigger['exit'])}"
        if row.get("release", "after_ms") == "auto":
            text += ", until it is calm again"
        elif row.get("release", "after_ms") != "after_ms":
            text += f", until {row['release']} lets go"
        yield text


def _gaps(document: Mapping[str, Any]) -> Iterator[str]:
    meta = document.get("meta", {})
    for name, what in (("unverified", "not verified"), ("not_expressed", "not expressed")):
        for line in meta.get(name, []):
            yield f"{what}: {line}"


SLOTS: Final = (
    ("What it is", _head),
    ("Prices", _prices),
    ("What may be done when a price is in doubt", _conditions),
    ("Collateral", _collateral),
    ("What an account must hold", _margin),
    ("Funding", _slot("funding")),
    ("Borrowing", _slot("borrow")),
    ("Who acts on a distressed account", _stages),
    ("Who pays a shortfall", _losses),
    ("Deleveraging", _slot("adl")),
    ("Limits", _slot("limits")),
    ("Breakers", _breakers),
    ("Governance", _slot("governance")),
    ("Rounding", _slot("rounding")),
    ("Engine", _slot("engine")),
    ("What is missing", _gaps),
)
