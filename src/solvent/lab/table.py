"""The one table a risk officer reads: what was liquidated, what was short, who paid, what is left.

The words and sums here serve the terminal and the HTML report alike, so that both always say the same. Money
is whole quanta until it is written down, and

    shortfall = what each tranche paid, added up + what is still open

is shown as a sum; where it does not hold, the difference is a line of its own and the verdict says so.

rich is imported lazily: reading a scenario need not pay for it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from solvent.codes import Tranche

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.table import Table

Summary = dict[str, Any]


class TrancheWords(NamedTuple):
    """How a tranche is called in a table and inside a sentence, and whether other traders pay it."""

    title: str
    payer: str
    traders_pay: bool


TRANCHE_WORDS: Final = {
    Tranche.MARKET_FUND: TrancheWords("Market fund", "the market fund", False),
    Tranche.VENUE_FUND: TrancheWords("Venue fund", "the venue fund", False),
    Tranche.VENUE_CAPITAL: TrancheWords("Venue capital", "the venue's own capital", False),
    Tranche.LIQUIDITY_VAULT: TrancheWords("Liquidity vault", "the liquidity vault", False),
    Tranche.ADL: TrancheWords("Deleveraging", "winners through deleveraging", True),
    Tranche.HAIRCUT_GAINS: TrancheWords("Haircut of gains", "winners through a haircut of their gains", True),
    Tranche.HAIRCUT_ALL: TrancheWords("Haircut of all", "every account left through a haircut", True),
}

EXECUTOR_WORDS: Final = {
    "engine": "market orders",
    "market": "market orders",
    "vault": "backstop vault",
    "backstop_vault": "backstop vault",
    "adl": "deleveraging",
}

#: A terminal table lists the markets that stood still longest; the report lists all.
MARKETS_SHOWN_MAX: Final = 12

#: Both tables of the terminal, wide enough for a trillion with six decimals and no wider than a terminal.
TABLE_WIDTH: Final = 80

_SECOND_NS: Final = 10**9


class LossLine(NamedTuple):
    """One line of the loss table; `kind` is shortfall, paid, open or difference."""

    title: str
    quanta: int
    kind: str
    traders_pay: bool = False


class StageLine(NamedTuple):
    """One line of the stage table."""

    title: str
    executor: str
    accounts: int
    closings: int
    notional_quanta: int
    penalties_quanta: int


class StandstillLine(NamedTuple):
    """How long one market was not fully open."""

    symbol: str
    halted_ns: int
    reduce_only_ns: int


# --- what is said -------------------------------------------------------------------------------------------


def verdict(summary: Summary) -> str:
    """One sentence: was the loss contained, and who paid."""
    paid = {tranche: quanta for tranche, quanta in _paid(summary) if quanta}
    shortfall, still_open = summary["shortfall_quanta"], summary["open_deficit_quanta"]
    payers = listed([TRANCHE_WORDS[tranche].payer for tranche in paid])
    waiting = summary.get("still_in_liquidation", 0)
    so_far = f" so far, with {counted(waiting, 'account')} still in liquidation" if waiting else ""
    if still_open > 0:
        rest = f"the rest was paid by {payers}" if paid else "nobody has paid anything"
        sentence = (
            f"Not contained: {_money(summary, still_open)} of the shortfall of {_money(summary, shortfall)} "
            f"is still open; {rest}."
        )
    elif shortfall == 0:
        sentence = f"Contained{so_far}: no account ended below zero and nobody had to pay; {_touched(summary, 0)}."
    else:
        traders = sum(quanta for tranche, quanta in paid.items() if TRANCHE_WORDS[tranche].traders_pay)
        start = "Contained at other traders' expense" if traders else "Contained"
        sentence = (
            f"{start}{so_far}: the shortfall of {_money(summary, shortfall)} was paid by {payers}; "
            f"{_touched(summary, traders)}."
        )
    return sentence


def doubts(summary: Summary) -> list[str]:
    """Reasons not to believe the run: checks that failed, and books that do not add up."""
    found = [f"The check “{words(name)}” failed." for name, held in summary["checks"].items() if not held]
    difference = next((line.quanta for line in loss_lines(summary) if line.kind == "difference"), 0)
    if difference:
        exact = f"{amount(difference, summary['settlement_decimals'])} {summary['settlement']}"
        found.append(f"Shortfall and what was paid or left open differ by {exact}.")
    return found


def loss_lines(summary: Summary) -> list[LossLine]:
    """The shortfall, then who paid it; all lines after the first add up to the first."""
    lines = [LossLine("Shortfall", summary["shortfall_quanta"], "shortfall")]
    for tranche, quanta in _paid(summary):
        title, _, traders_pay = TRANCHE_WORDS[tranche]
        lines.append(LossLine(title, quanta, "paid", traders_pay))
    lines.append(LossLine("Open deficit", summary["open_deficit_quanta"], "open"))
    difference = lines[0].quanta - sum(line.quanta for line in lines[1:])
    if difference:
        lines.append(LossLine("Unexplained", difference, "difference"))
    assert lines[0].quanta == sum(line.quanta for line in lines[1:])
    return lines


def stage_lines(summary: Summary) -> list[StageLine]:
    """Stages in the order of the action ladder; what the run closed outside any stage comes last."""
    lines = [
        StageLine(
            str(stage["id"]),
            EXECUTOR_WORDS.get(stage["executor"], words(stage["executor"])),
            stage["accounts"],
            stage["closings"],
            stage["notional_quanta"],
            stage["penalties_quanta"],
        )
        for stage in summary["stages"]
    ]
    notional = summary["liquidated_notional_quanta"] - sum(line.notional_quanta for line in lines)
    penalties = summary["penalties_quanta"] - sum(line.penalties_quanta for line in lines)
    if notional or penalties:
        lines.append(StageLine("outside any stage", "", 0, 0, notional, penalties))
    return lines


def standstill_lines(summary: Summary) -> list[StandstillLine]:
    """Markets that were halted or reduce-only, the longest halted first."""
    halted, reduce_only = summary["halted_ns"], summary["reduce_only_ns"]
    lines = [StandstillLine(s, halted.get(s, 0), reduce_only.get(s, 0)) for s in sorted({*halted, *reduce_only})]
    lines = [line for line in lines if line.halted_ns or line.reduce_only_ns]
    return sorted(lines, key=lambda line: (-line.halted_ns, -line.reduce_only_ns, line.symbol))


def _paid(summary: Summary) -> list[tuple[Tranche, int]]:
    paid = summary["paid_quanta"]
    known = {tranche.name.lower() for tranche in Tranche}
    assert set(paid) <= known, f"tranches without a name: {sorted(set(paid) - known)}"
    return [(tranche, paid.get(tranche.name.lower(), 0)) for tranche in Tranche]


def _touched(summary: Summary, traders_quanta: int) -> str:
    accounts = summary["adl"]["accounts"]
    if traders_quanta:
        return f"other traders bore {share(traders_quanta, summary['shortfall_quanta'])} of it"
    if accounts:
        return f"{counted(accounts, 'winner')} had to give up positions, none paid for it"
    return "no winner was touched"


def _money(summary: Summary, quanta: int) -> str:
    return f"{amount_short(quanta, summary['settlement_decimals'])} {summary['settlement']}"


# --- how it is written --------------------------------------------------------------------------------------


def amount(quanta: int, decimals: int) -> str:
    """Quanta in units of the currency, exactly: 1234567 with 6 decimals is 1.234567."""
    whole, fraction = divmod(abs(int(quanta)), 10**decimals)
    sign = "-" if quanta < 0 else ""
    return f"{sign}{whole:,}" + (f".{fraction:0{decimals}d}" if decimals else "")


def amount_short(quanta: int, decimals: int) -> str:
    """Quanta to about four digits, for sentences; below one unit exact, so that little is never nothing."""
    units = abs(int(quanta)) / 10**decimals
    sign = "-" if quanta < 0 else ""
    for scale, word in ((1e9, "billion"), (1e6, "million")):
        if units >= scale:
            value = units / scale
            digits = f"{value:,.{3 if value < 10 else 2 if value < 100 else 1}f}".rstrip("0").rstrip(".")
            return f"{sign}{digits} {word}"
    if units >= 1_000 or quanta == 0:
        return f"{sign}{units:,.0f}"
    return f"{sign}{units:,.2f}" if units >= 1 else amount(quanta, decimals).rstrip("0")


def share(part: int, whole: int) -> str:
    """A percentage with one digit, or a dash where there is nothing to share."""
    return f"{100 * part / whole:.1f} %" if whole else "-"


def duration(span_ns: int) -> str:
    """A length of time in its two largest units."""
    if span_ns < 60 * _SECOND_NS:
        return f"{span_ns / _SECOND_NS:.3g} s"
    seconds = span_ns // _SECOND_NS
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds % 60, "s")]
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


def moment(time_ns: int) -> str:
    """A moment in UTC, to the second."""
    return datetime.fromtimestamp(time_ns // _SECOND_NS, UTC).strftime("%Y-%m-%d %H:%M:%S")


def words(name: str) -> str:
    """A key as words: `venue_fund` is "venue fund"."""
    return str(name).replace("_", " ").strip()


def counted(count: int, noun: str) -> str:
    """1 account, 2 accounts."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(items: list[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


# --- the terminal -------------------------------------------------------------------------------------------


def table_of(summary: Summary) -> Group:
    """What `rich` prints at the end of a replay; reads well from 80 columns up."""
    from rich.console import Group
    from rich.constrain import Constrain
    from rich.text import Text

    contained = summary["open_deficit_quanta"] == 0
    tone = "green" if contained else "bold red"
    head = Text.assemble((f"{summary['title']}\n", "bold"), (f"{verdict(summary)}\n", tone))
    warnings = [Text(f"Do not rely on this run. {doubt}", style="bold red") for doubt in doubts(summary)]
    still = standstill_lines(summary)
    parts: list[RenderableType] = [head, *warnings, Constrain(_loss_table(summary), TABLE_WIDTH)]
    parts.append(Text())
    if still:
        parts.append(Constrain(_standstill_table(still), TABLE_WIDTH))
    else:
        parts.append(Text(" No market was halted or reduce-only."))
    parts.append(Text.assemble(("\n digest  ", "dim"), summary["digest"], overflow="fold"))
    return Group(*parts)


def _loss_table(summary: Summary) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    decimals, adl = summary["settlement_decimals"], summary["adl"]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=True, show_edge=False, padding=(0, 1), expand=True)
    table.add_column("", ratio=1, overflow="fold")
    table.add_column("accounts", justify="right", no_wrap=True)
    table.add_column(Text(summary["settlement"]), justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)

    def add(title: str, accounts: int | None, quanta: int | None, part: str = "", style: str = "") -> None:
        count = "" if accounts is None else f"{accounts:,}"
        money = "" if quanta is None else amount(quanta, decimals)
        table.add_row(Text(title), count, money, part, style=style)

    notional = summary["liquidated_notional_quanta"]
    add("Liquidated notional", summary["liquidated_accounts"], notional, share(notional, notional), "bold")
    for stage in stage_lines(summary):
        by = f" ({stage.executor})" if stage.executor and stage.executor != stage.title else ""
        add(
            f"  {stage.title}{by}",
            stage.accounts,
            stage.notional_quanta,
            share(stage.notional_quanta, notional),
        )
    table.add_section()
    for line in loss_lines(summary):
        part = share(line.quanta, summary["shortfall_quanta"])
        if line.kind == "shortfall":
            add(line.title, summary["shortfall_accounts"], line.quanta, part, "bold")
            continue
        alarm = line.kind != "paid" and line.quanta != 0
        style = "bold red" if alarm else "dim" if not line.quanta else "yellow" if line.traders_pay else ""
        by = "paid by " if line.kind == "paid" else ""
        add(f"  {by}{line.title.lower()}", None, line.quanta, part, style)
    table.add_section()
    add("Deleveraged notional", adl["accounts"], adl["notional_quanta"], "", "bold")
    add(f"  in {counted(adl['count'], 'pairing')} with winners", None, None)
    add("  haircuts of winners in all", None, adl["haircut_quanta"])
    add("  largest haircut of an account", None, adl["largest_haircut_quanta"])
    return table


def _standstill_table(lines: list[StandstillLine]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=True, show_edge=False, padding=(0, 1), expand=True)
    table.add_column("market", ratio=1, overflow="fold")
    table.add_column("halted", justify="right", no_wrap=True)
    table.add_column("reduce-only", justify="right", no_wrap=True)
    for line in lines[:MARKETS_SHOWN_MAX]:
        times = (duration(span) if span else "-" for span in (line.halted_ns, line.reduce_only_ns))
        table.add_row(Text(line.symbol), *times)
    if len(lines) > MARKETS_SHOWN_MAX:
        table.add_row(Text(f"and {len(lines) - MARKETS_SHOWN_MAX} more, for less time", style="dim"), "", "")
    return table
