"""`solvent clear`: who pays whom when protocols owe one another, with and without a mutual fund."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from solvent.cli.search import two_columns
from solvent.mutual.clearing import Network, NetworkError, clear, network
from solvent.mutual.contagion import importance
from solvent.mutual.fund import full_cover, fund_for_cover, shapley, stand_alone_cost, top_up, value_added
from solvent.rulebook.faults import Fault, RulebookError

SHORT = 2


def clear_command(
    liabilities: Path, assets: Path, fund: float, recovery: str, cover: int, as_json: bool, fail_on_short: bool
) -> None:
    """Clear, show; leave with 2 when the fund is too small and that was to be refused."""
    names, given = read_network(liabilities, assets)
    alpha, beta = recoveries_of(recovery)
    try:
        plain = clear(given, alpha, beta)
        topped = top_up(given, fund)
    except NetworkError as error:
        raise RulebookError("clear", [Fault(None, "", str(error), "Correct the option.")]) from None
    count = len(names)
    short = given.total - clear(given).paid
    result: dict[str, Any] = {
        "schema": "clearing/1",
        "protocols": [
            {
                "name": names[who],
                "owes": float(given.total[who]),
                "pays": float(plain.paid[who]),
                "equity": float(plain.equity[who]),
                "default_round": next((place for place, group in enumerate(plain.rounds) if who in group), None),
                "pays_with_fund": float(topped.paid[who]),
                "own_with_fund": float(topped.own[who]),
                "equity_with_fund": float(topped.equity[who]),
            }
            for who in range(count)
        ],
        "rounds": [[names[who] for who in group] for group in plain.rounds],
        "fund": fund,
        "fund_used": topped.used,
        "top_up_rate": topped.rate,
        "value_added_per_unit": value_added(given, fund) if fund > 0 else None,
        "full_cover": full_cover(given),
        f"cover_{cover}": fund_for_cover(short, cover),
        "contributions": dict(
            zip(names, shapley(lambda members: stand_alone_cost(given, members), count).tolist(), strict=True)
        ),
        "recovery": [alpha, beta],
    }
    if (given.assets > 0).all():
        result["debt_rank"] = dict(zip(names, importance(given.owed.T, given.assets).tolist(), strict=True))
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(result), indent=2).decode() + "\n")
    else:
        from rich.console import Console

        Console(width=None if sys.stdout.isatty() else 140).print(table_of(result))
        Console(width=None if sys.stdout.isatty() else 140).print(
            two_columns(
                "fund",
                [
                    ("fund, used", f"{fund:,.2f}, {topped.used:,.2f}"),
                    ("rate of every shortfall paid", f"{topped.rate:.4f}"),
                    ("would cover everything", f"{result['full_cover']:,.2f}"),
                    (f"Cover-{cover}", f"{result[f'cover_{cover}']:,.2f}"),
                ],
            )
        )
    if fail_on_short and topped.rate < 1.0:
        sys.exit(SHORT)


def table_of(result: dict[str, Any]) -> Any:
    """One row a protocol."""
    from rich.table import Table

    table = Table(title=f"{len(result['protocols'])} protocols, defaults in {len(result['rounds'])} rounds")
    for title in ("protocol", "owes", "pays", "default round", "pays with fund", "equity with fund"):
        table.add_column(title, justify="left" if title == "protocol" else "right")
    for row in result["protocols"]:
        round_ = "-" if row["default_round"] is None else str(row["default_round"])
        amounts = [f"{row[name]:,.2f}" for name in ("owes", "pays", "pays_with_fund", "equity_with_fund")]
        table.add_row(row["name"], *amounts[:2], round_, *amounts[2:])
    return table


def recoveries_of(text: str) -> tuple[float, float]:
    """Two shares such as `0.9,0.8`. Raises RulebookError."""
    parts = text.split(",")
    try:
        alpha, beta = (float(part) for part in parts)
    except ValueError:
        fault = Fault(
            None, "--rv", f"{text!r} are no two shares", "Write ALPHA,BETA such as 0.9,0.8; 1,1 costs nothing."
        )
        raise RulebookError("clear", [fault]) from None
    return alpha, beta


def read_network(liabilities: Path, assets: Path) -> tuple[list[str], Network]:
    """Names and network of two CSV or Parquet files. Raises RulebookError with every fault.

    Liabilities: columns debtor, creditor, amount; a creditor nobody else names is outside. Assets: protocol, amount.
    """
    rows, faults = _columns(liabilities, ("debtor", "creditor", "amount"))
    held, more = _columns(assets, ("protocol", "amount"))
    faults += more
    if not faults:
        names = [str(name) for name in held["protocol"]]
        place = {name: row for row, name in enumerate(names)}
        if len(place) < len(names):
            faults.append(Fault(None, assets.name, "a protocol is there twice", "Give each one row."))
        unknown = sorted({str(name) for name in rows["debtor"]} - set(place))
        faults += [
            Fault(None, liabilities.name, f"{name} has no assets", f"Add it to {assets.name}.") for name in unknown
        ]
    if faults:
        raise RulebookError("clear", faults)
    owed, outside = np.zeros((len(names), len(names))), np.zeros(len(names))
    for debtor, creditor, amount in zip(rows["debtor"], rows["creditor"], rows["amount"], strict=True):
        if str(creditor) in place:
            owed[place[str(debtor)], place[str(creditor)]] += float(amount)
        else:
            outside[place[str(debtor)]] += float(amount)
    try:
        return names, network(owed, np.array([float(amount) for amount in held["amount"]]), outside)
    except NetworkError as error:
        raise RulebookError("clear", [Fault(None, liabilities.name, str(error), "Correct the amounts.")]) from None


def _columns(file: Path, wanted: tuple[str, ...]) -> tuple[dict[str, list[Any]], list[Fault]]:
    """The named columns of a file, and what is wrong with it."""
    import polars as pl

    try:
        frame = pl.read_parquet(file) if file.suffix == ".parquet" else pl.read_csv(file)
    except (OSError, pl.exceptions.PolarsError) as error:
        return {}, [Fault(None, file.name, f"it cannot be read: {error}", "Name a CSV or Parquet file.")]
    missing = [name for name in wanted if name not in frame.columns]
    faults = [Fault(None, file.name, f"column {name} is missing", f"Needed: {', '.join(wanted)}.") for name in missing]
    if not faults and not frame["amount"].dtype.is_numeric():
        faults.append(Fault(None, file.name, "column amount holds no numbers", "Write amounts without units."))
    return {name: frame[name].to_list() for name in wanted if name in frame.columns}, faults
