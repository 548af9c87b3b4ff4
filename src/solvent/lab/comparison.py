"""One book and one path under several rulebooks, side by side, with common random numbers.

Every rulebook gets the same markets, the same people with the same positions, the same noise of the feeds and the same
depth of the book; only the rules differ. Cash is what each trader's leverage asks for, and more where a rulebook
requires more: the capital it makes people post is one of the measures. That the books are the same is checked, not
assumed: a fingerprint of every trade at the opening is part of the answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import numpy as np

from solvent.codes import Level, Tranche
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.engine.engine import Engine
from solvent.lab.measures import summarise
from solvent.lab.pictures import Picture, figure_html, picture_axis, picture_layout
from solvent.lab.replay import Played, Progress, play
from solvent.lab.report import page_with, table_html
from solvent.lab.scenario import Scenario
from solvent.lab.table import Summary, amount, amount_short, words
from solvent.procedures.assess import assess_accounts
from solvent.rulebook.faults import Fault, RulebookError
from solvent.rulebook.rules import Rulebook

RULEBOOKS_MAX: Final = 12
"""Columns that still fit a table; each is a whole replay."""

MONEY: Final = "money"
COUNT: Final = "count"


@dataclass(frozen=True, slots=True)
class Measure:
    """One row: its key, what it is called, its unit, and how it is read from a run."""

    key: str
    title: str
    unit: str
    value: Callable[[Summary], int]


def _adl(key: str) -> Callable[[Summary], int]:
    return lambda summary: int(summary["adl"][key])


MEASURES: Final[tuple[Measure, ...]] = (
    Measure("capital_posted", "Capital the traders posted", MONEY, lambda s: int(s["capital_posted_quanta"])),
    Measure(
        "initial_required", "Initial margin of the opening book", MONEY, lambda s: int(s["initial_required_quanta"])
    ),
    Measure("liquidated_accounts", "Accounts liquidated", COUNT, lambda s: int(s["liquidated_accounts"])),
    Measure("liquidated_notional", "Liquidated notional", MONEY, lambda s: int(s["liquidated_notional_quanta"])),
    Measure("penalties", "Penalties and takeovers kept", MONEY, lambda s: s["penalties_quanta"] + s["residual_quanta"]),
    Measure("shortfall", "Shortfall", MONEY, lambda s: int(s["shortfall_quanta"])),
    Measure("open_deficit", "Paid by nobody", MONEY, lambda s: int(s["open_deficit_quanta"])),
    Measure("adl_notional", "Deleveraged notional", MONEY, _adl("notional_quanta")),
    Measure("adl_accounts", "Accounts deleveraged", COUNT, _adl("accounts")),
    Measure("haircuts", "Gains taken by haircuts", MONEY, _adl("haircut_quanta")),
)

PICTURED: Final = ("liquidated_notional", "shortfall", "adl_notional", "capital_posted")
"""Measures with a picture of bars; who paid has one of stacked bars."""

PAYERS: Final = {
    Tranche.MARKET_FUND.name.lower(): "--venue",
    Tranche.VENUE_FUND.name.lower(): "--line5",
    Tranche.VENUE_CAPITAL.name.lower(): "--line6",
    Tranche.LIQUIDITY_VAULT.name.lower(): "--vault",
}
"""Colours of who pays; everyone else is a trader, and nobody has its own."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Summaries of the runs in the order of the rulebooks, and whether all started from one book."""

    scenario: Scenario
    seed: int
    names: tuple[str, ...]
    summaries: tuple[Summary, ...]
    books: tuple[str, ...]

    @property
    def same_book(self) -> bool:
        """True when every run opened the same positions."""
        return len(set(self.books)) == 1

    def as_json(self) -> dict[str, Any]:
        """Plain types, money in quanta."""
        return {
            "schema": "comparison/1",
            "scenario": self.scenario.name,
            "seed": self.seed,
            "settlement_decimals": self.summaries[0]["settlement_decimals"],
            "same_book": self.same_book,
            "rulebooks": [
                {
                    "name": name,
                    "rulebook_digest": summary["rulebook_digest"],
                    "book": book,
                    "digest": summary["digest"],
                    **{
                        measure.key + ("_quanta" if measure.unit == MONEY else ""): measure.value(summary)
                        for measure in MEASURES
                    },
                    "paid_quanta": summary["paid_quanta"],
                    "checks": {law: bool(holds) for law, holds in summary["checks"].items()},
                    "notes": summary["notes"],
                }
                for name, summary, book in zip(self.names, self.summaries, self.books, strict=True)
            ],
        }


def compare(
    scenario: Scenario,
    rulebooks: Sequence[Rulebook],
    *,
    seed: int = 1,
    accounts: int | None = None,
    prices: Path | None = None,
    only: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> Comparison:
    """Play a scenario under each rulebook. Raises RulebookError with the faults of all that do not fit it."""
    if not 2 <= len(rulebooks) <= RULEBOOKS_MAX:
        fault = Fault(None, "--rulebooks", f"there are {len(rulebooks)} rulebooks", f"Name 2 to {RULEBOOKS_MAX}.")
        raise RulebookError("compare", [fault])
    tell = progress or (lambda _share, _what: None)
    summaries, books, faults = [], [], []
    for place, book in enumerate(rulebooks):

        def told(share: float, what: str, place: int = place, name: str = book.name) -> None:
            tell((place + share) / len(rulebooks), f"{name.removesuffix('.toml')}: {what}")

        try:
            played = play(scenario, book, seed=seed, accounts=accounts, prices=prices, only=only, progress=told)
        except RulebookError as error:
            faults += [Fault(f.line, f"{book.name}: {f.path}".rstrip(": "), f.problem, f.remedy) for f in error.faults]
            continue
        if faults:
            continue
        summaries.append({**summarise(played), **capital_of(played)})
        books.append(fingerprint(played))
    if faults:
        raise RulebookError(scenario.name, faults)
    return Comparison(scenario, seed, names_of(rulebooks), tuple(summaries), tuple(books))


def names_of(rulebooks: Sequence[Rulebook]) -> tuple[str, ...]:
    """Names that tell the rulebooks apart: a repeated one is numbered."""
    names: list[str] = []
    for book in rulebooks:
        name = book.name.removesuffix(".toml")
        count = sum(one == name or one.startswith(f"{name} (") for one in names)
        names.append(f"{name} ({count + 1})" if count else name)
    return tuple(names)


def traders_of(played: Played) -> np.ndarray:
    """Numbers of the traders, seeded and named; market makers are not among them."""
    return np.concatenate([played.people.traders, np.array(list(played.people.names.values()), dtype=np.int64)])


def fingerprint(played: Played) -> str:
    """Hexadecimal fingerprint of every opening trade: who, with whom, what, how much, at what price."""
    commands = played.people.commands
    trades = commands[commands["kind"] == CommandKind.TRADE]
    digest = hashlib.blake2b(digest_size=12)
    for name in ("account", "counterparty", "instrument", "lots", "price_ticks"):
        digest.update(np.ascontiguousarray(trades[name]).astype("<i8").tobytes())
    return digest.hexdigest()


def capital_of(played: Played) -> dict[str, int]:
    """What the traders paid in, and what the rulebook requires of their opening book, as the machine judges it."""
    commands, traders = played.people.commands, traders_of(played)
    deposits = commands[(commands["kind"] == CommandKind.DEPOSIT) & np.isin(commands["account"], traders)]
    last = played.recording.commands
    opening = next(k for k, batch in enumerate(last) if (batch["kind"] == CommandKind.OPEN_ACCOUNT).any())
    with Engine.in_memory(played.genesis) as engine:
        for batch in last[: opening + 1]:
            engine.submit(np.asarray(batch, dtype=COMMAND_DTYPE))
        answers = np.zeros((len(traders), 4), dtype=np.int64)
        assess_accounts(engine.state, int(Level.INITIAL), traders.astype(np.int64), answers)
    return {
        "capital_posted_quanta": int(deposits["amount_quanta"].sum(dtype=np.int64)),
        "initial_required_quanta": int(answers[:, 1].sum(dtype=np.int64)),
    }


def payers(comparison: Comparison) -> list[str]:
    """Tranches that paid anything under any rulebook, in the order of the waterfall."""
    return [
        tranche.name.lower()
        for tranche in Tranche
        if any(summary["paid_quanta"].get(tranche.name.lower(), 0) for summary in comparison.summaries)
    ]


def rows_of(comparison: Comparison, *, exact: bool = False) -> list[tuple[str, list[str]]]:
    """(title, cells) of every measure, who paid below the shortfall; `exact` to the quantum."""
    decimals = comparison.summaries[0]["settlement_decimals"]

    def money(quanta: int) -> str:
        return amount(quanta, decimals) if exact else amount_short(quanta, decimals)

    rows: list[tuple[str, list[str]]] = []
    for measure in MEASURES:
        values = [measure.value(one) for one in comparison.summaries]
        rows.append((measure.title, [money(one) if measure.unit == MONEY else f"{one:,}" for one in values]))
        if measure.key == "shortfall":
            for name in payers(comparison):
                paid = [money(one["paid_quanta"].get(name, 0)) for one in comparison.summaries]
                rows.append((f"  paid by {words(name)}", paid))
    return rows


def pictures(comparison: Comparison) -> list[Picture]:
    """One picture per measure: a bar for each rulebook; and who paid, stacked."""
    decimals = comparison.summaries[0]["settlement_decimals"]
    titles = {measure.key: measure for measure in MEASURES}
    found = [bars(comparison, titles[key], decimals) for key in PICTURED[:2]]
    found.append(stacked(comparison, decimals))
    found += [bars(comparison, titles[key], decimals) for key in PICTURED[2:]]
    return found


def bars(comparison: Comparison, measure: Measure, decimals: int) -> Picture:
    """A bar for each rulebook."""
    values = [measure.value(summary) for summary in comparison.summaries]
    if not any(values):
        return Picture(measure.key, measure.title, "Nothing of it under any of these rulebooks.", None)
    scale = 10**decimals if measure.unit == MONEY else 1
    bar = _bar([value / scale for value in values], comparison.names, "--venue") | {
        "text": [amount_short(value, decimals) for value in values],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"color": "--ink"},
    }
    least, most = min(values), max(values)
    lowest, highest = comparison.names[values.index(least)], comparison.names[values.index(most)]
    caption = f"Least under {lowest}, most under {highest}."
    if least == most:
        caption = "The same under all of these rulebooks."
    return Picture(measure.key, measure.title, caption, _figure([bar], most / scale), _height(len(values)))


def stacked(comparison: Comparison, decimals: int) -> Picture:
    """Who paid the shortfall under each rulebook, the first to pay nearest to the axis."""
    names = payers(comparison)
    layers = [(name, [one["paid_quanta"].get(name, 0) for one in comparison.summaries]) for name in names]
    left = [one["open_deficit_quanta"] for one in comparison.summaries]
    if any(left):
        layers.append(("nobody", left))
    if not layers:
        return Picture("paid", "Who paid", "No account ended below zero under any of these rulebooks.", None)
    scale = 10**decimals
    traces = []
    for name, values in layers:
        colour = "--open" if name == "nobody" else PAYERS.get(name, "--traders")
        trace = _bar([value / scale for value in values], comparison.names, colour)
        traces.append(trace | {"name": words(name), "hovertemplate": f"{words(name)}: %{{x:,.0f}}<extra></extra>"})
    most = max(sum(values) for values in zip(*(values for _name, values in layers), strict=True))
    figure = _figure(traces, most / scale)
    figure["layout"] |= {"barmode": "stack", "showlegend": True, "legend": {"orientation": "h", "y": -0.25}}
    caption = "Each bar is a shortfall; its parts are the tranches in the order they are drawn."
    return Picture("paid", "Who paid", caption, figure, _height(len(comparison.names)) + 60)


def _bar(values: list[float], names: Sequence[str], colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "x": [float(f"{value:.7g}") for value in values],
        "y": list(names),
        "marker": {"color": colour, "line": {"width": 0}},
        "hovertemplate": "%{y}: %{x:,.0f}<extra></extra>",
    }


def _height(count: int) -> int:
    return 60 + 34 * count


def _figure(traces: list[dict[str, Any]], most: float) -> dict[str, Any]:
    layout = picture_layout() | {
        "xaxis": picture_axis([0, 1]) | {"range": [0, 1.12 * most or 1], "nticks": 5},
        "yaxis": {"autorange": "reversed", "automargin": True, "fixedrange": True, "ticks": "", "color": "--ink"},
        "margin": {"l": 8, "r": 70, "t": 8, "b": 30},
        "bargap": 0.35,
    }
    return {"data": traces, "layout": layout}


def page_of(comparison: Comparison) -> str:
    """The whole comparison as one HTML page that asks the network for nothing."""
    drawn = pictures(comparison)
    heads = ["Measure", *(f">{escape(name)}" for name in comparison.names)]
    rows = [(escape(title.strip()), *cells) for title, cells in rows_of(comparison, exact=True)]
    title = f"{comparison.scenario.title}: {len(comparison.names)} rulebooks"
    body = [
        f"<header><h1>{escape(title)}</h1><p>{escape(told(comparison))}</p></header>",
        table_html(f"Money in {escape(comparison.scenario.settlement)}", heads, rows),
        *(f"<section>{figure_html(picture)}</section>" for picture in drawn),
    ]
    return page_with(title, body, {picture.key: picture.figure for picture in drawn if picture.figure})


def told(comparison: Comparison) -> str:
    """What was held equal, in a sentence."""
    people = comparison.summaries[0]["accounts"]
    same = (
        f"the same {people:,} accounts with the same positions"
        if comparison.same_book
        else "positions that differ, because a rulebook or contract did not allow some of them"
    )
    return f"The same path and depth, seed {comparison.seed}, and {same}; only the rules differ."
