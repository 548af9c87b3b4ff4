"""A real book as the start of a world: accounts and positions from a Parquet (or CSV) file.

Columns: account (any label), symbol, size (units of the base, below zero is short), entry (price), wallet (cash of the
account in the settlement currency, the same on each of its rows), and perhaps owner and isolated. Open interest must
balance market by market: every long is somebody's short.

Each position is opened against market makers at its own entry price, who end flat; what entries differ by stays with
them and is paid in beforehand. A snapshot holds accounts that could not open today, so the venue begins with a
requirement of zero and the rulebook's own comes into force, as an ordinary change of terms, before the first price.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from solvent.codes import AccountKind, Schedule, SystemAccount
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.engine.engine import Genesis
from solvent.lab.opening import joined, opening_commands
from solvent.lab.scenario import NANOSECONDS, Scenario
from solvent.lab.worlds.faults import WorldError, world_error
from solvent.rulebook.compile import CompiledTerms
from solvent.rulebook.faults import Fault
from solvent.state.terms import LEVELS, TermsShape, cell_address

if TYPE_CHECKING:
    import polars

REQUIRED = ("account", "symbol", "size", "entry", "wallet")
FAULTS_SHOWN_MAX = 20


@dataclass(frozen=True)
class Snapshot:
    """A checked book. `rows` has the columns of the file; `name` is what faults call it."""

    name: str
    rows: "polars.DataFrame"
    digest: str

    def opening(
        self, scenario: Scenario, compiled: CompiledTerms, opening_ticks: np.ndarray, documents: dict[str, str]
    ) -> tuple[Genesis, np.ndarray, dict[str, np.ndarray]]:
        """The genesis, the commands that bring the book about, and who is who. Raises WorldError."""
        import polars as pl

        markets = len(scenario.markets)
        places = {market.contract.symbol: k for k, market in enumerate(scenario.markets)}
        contracts = [market.contract for market in scenario.markets]
        quantum = 10**compiled.settlement_decimals
        time_ns = scenario.start_ns - 60 * NANOSECONDS
        first = SystemAccount.MARKET_FUNDS + markets
        makers = first + np.arange(int(scenario.liquidity["providers"]))
        grouped = self.rows.group_by("account", maintain_order=True).agg(
            pl.col("wallet").first(), pl.col("owner").first(), pl.col("isolated").first()
        )
        numbers = {label: int(makers[-1]) + 1 + place for place, label in enumerate(grouped["account"].to_list())}
        owners: dict[Any, int] = {}
        everyone = len(makers) + len(numbers)
        opened = np.zeros(everyone, dtype=COMMAND_DTYPE)
        opened["kind"], opened["time_ns"] = CommandKind.OPEN_ACCOUNT, time_ns
        opened["account"] = np.concatenate([makers, np.array(list(numbers.values()), dtype=np.int64)])
        opened["owner"] = opened["account"]
        opened["account_kind"] = AccountKind.CROSS
        for place, row in enumerate(grouped.iter_rows(named=True)):
            target = opened[len(makers) + place]
            target["owner"] = owners.setdefault(row["owner"], int(target["account"]))
            if row["isolated"]:
                target["account_kind"] = AccountKind.ISOLATED
        trades: list[np.ndarray] = []
        faults: list[Fault] = []
        owed = 0.0
        for symbol in sorted({*self.rows["symbol"].to_list()}):
            k = places[symbol]
            rows = self.rows.filter(pl.col("symbol") == symbol)
            lots = np.round(rows["size"].to_numpy() / float(contracts[k].lot_size)).astype(np.int64)
            ticks = np.round(rows["entry"].to_numpy() / float(contracts[k].tick_size)).astype(np.int64)
            price_max = int(compiled.terms.contracts[k].price_max_ticks)
            lots_max = int(compiled.terms.contracts[k].lots_max)
            wrong = np.flatnonzero((ticks < 1) | (ticks > price_max))
            faults += [
                Fault(None, f"{symbol} row {row}", "its entry is no price of this contract", "Check the unit.")
                for row in wrong[:FAULTS_SHOWN_MAX].tolist()
            ]
            large = np.flatnonzero(np.abs(lots) > lots_max)
            faults += [
                Fault(None, f"{symbol} row {row}", "it is beyond the contract's position limit", "Check the unit.")
                for row in large[:FAULTS_SHOWN_MAX].tolist()
            ]
            if int(lots.sum()) != 0:
                faults.append(
                    Fault(
                        None,
                        symbol,
                        f"open interest does not balance: longs hold {lots[lots > 0].sum()} lots, shorts "
                        f"{-lots[lots < 0].sum()} ({abs(int(lots.sum()))} more on one side)",
                        "Add the missing side (market makers, vaults, the venue's own account), or check rounding.",
                    )
                )
            if faults:
                continue
            held = lots != 0
            order = _alternating(lots[held])
            accounts = np.array([numbers[label] for label in rows["account"].to_list()])[held][order]
            lots, ticks = lots[held][order], ticks[held][order]
            records = np.zeros(len(lots), dtype=COMMAND_DTYPE)
            records["kind"], records["time_ns"], records["instrument"] = CommandKind.TRADE, time_ns, k
            maker = int(makers[k % len(makers)])
            records["account"] = np.where(lots > 0, accounts, maker)
            records["counterparty"] = np.where(lots > 0, maker, accounts)
            records["lots"], records["price_ticks"] = np.abs(lots), ticks
            per_lot_tick = int(compiled.terms.contracts[k].quanta_per_lot_tick)
            owed += float(np.abs(lots * ticks.astype(float) * per_lot_tick).sum())
            trades.append(records)
        if faults:
            raise WorldError(self.name, faults)
        wallets = np.array([round(float(value) * quantum) for value in grouped["wallet"].to_list()], dtype=np.int64)
        capital = max(int(scenario.liquidity["capital"] * quantum), 1)
        funded = np.zeros(everyone, dtype=COMMAND_DTYPE)
        funded["kind"], funded["time_ns"], funded["account"] = CommandKind.DEPOSIT, time_ns, opened["account"]
        funded["amount_quanta"] = np.concatenate([np.full(len(makers), capital + int(owed)), wallets])
        funded = funded[funded["amount_quanta"] > 0]
        genesis, enactment = _enacted(compiled, time_ns, documents)
        venue = opening_commands(scenario, compiled, opening_ticks, vault=True)
        people = {
            "providers": makers,
            "traders": np.array(list(numbers.values()), dtype=np.int64),
            "given": np.zeros(0, dtype=np.int64),
        }
        return genesis, joined([venue, opened, funded, *trades, enactment]), people


def _alternating(lots: np.ndarray) -> np.ndarray:
    """An order in which the running sum stays as near to zero as the next position allows."""
    longs, shorts = np.flatnonzero(lots > 0).tolist(), np.flatnonzero(lots < 0).tolist()
    order: list[int] = []
    total = 0
    while longs or shorts:
        take = longs if (total <= 0 and longs) or not shorts else shorts
        place = take.pop()
        total += int(lots[place])
        order.append(place)
    return np.array(order, dtype=np.int64)


def _enacted(compiled: CompiledTerms, time_ns: int, documents: dict[str, str]) -> tuple[Genesis, np.ndarray]:
    """A genesis that requires nothing, and the commands that put the rulebook's requirement in force."""
    plain = Genesis.of(compiled.terms, compiled.symbols, documents)
    shape = TermsShape(plain.instruments, plain.brackets, plain.scenarios)
    lenient = plain.terms()
    rows = LEVELS * shape.instruments
    staged = np.zeros(rows + 1, dtype=COMMAND_DTYPE)
    staged["kind"], staged["time_ns"] = CommandKind.STAGE_TERM, time_ns
    for row in range(rows):
        staged[row]["cell"] = cell_address(shape, "schedules", row, "kind")
        staged[row]["value"] = lenient.schedules.kind[row]
    lenient.schedules.kind[:] = Schedule.ZERO
    staged[-1]["kind"], staged[-1]["version"] = CommandKind.ENACT_TERMS, 1
    genesis = Genesis.of(lenient, compiled.symbols, documents)
    return genesis, staged


def read_snapshot_book(place: str | Path, symbols: list[str]) -> Snapshot:
    """The book of a file, checked but for what only the contracts can tell. Raises WorldError with every fault."""
    import polars as pl

    file = Path(place)
    if not file.is_file():
        raise world_error(file.name, ("", "there is no such file", "Name a Parquet or CSV file of positions."))
    try:
        rows = pl.read_csv(file) if file.suffix == ".csv" else pl.read_parquet(file)
    except (pl.exceptions.PolarsError, OSError) as error:
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise world_error(file.name, ("", f"it cannot be read: {first_line}", "Write Parquet or CSV.")) from None
    return snapshot_of(rows, symbols, name=file.name)


def snapshot_of(rows: "polars.DataFrame", symbols: list[str], *, name: str = "book") -> Snapshot:
    """A book from a frame. Raises WorldError with every fault."""
    import polars as pl

    missing = [column for column in REQUIRED if column not in rows.columns]
    if missing:
        raise world_error(
            name, *((column, "this column is missing", f"Write {', '.join(REQUIRED)}.") for column in missing)
        )
    faults: list[Fault] = []
    for column in ("size", "entry", "wallet"):
        if not rows[column].dtype.is_numeric():
            faults.append(Fault(None, column, f"it holds {rows[column].dtype}, not numbers", "Write plain numbers."))
        elif rows[column].null_count() or not rows[column].cast(pl.Float64).is_finite().all():
            faults.append(Fault(None, column, "it has empty or infinite cells", "Give every row a number."))
    unknown = sorted({*rows["symbol"].cast(pl.String).to_list()} - {*symbols})
    faults += [
        Fault(None, str(symbol), "this market is not in the scenario", f"It knows {', '.join(symbols[:12])}.")
        for symbol in unknown[:FAULTS_SHOWN_MAX]
    ]
    if not faults:
        if (rows["wallet"] < 0).any():
            faults.append(Fault(None, "wallet", "cash below zero", "Give its cash; losses follow from entry."))
        differing = rows.group_by("account").agg(pl.col("wallet").n_unique()).filter(pl.col("wallet") > 1)
        for label in differing["account"].to_list()[:FAULTS_SHOWN_MAX]:
            faults.append(Fault(None, f"account {label}", "its rows give different wallets", "Write one cash balance."))
        doubled = rows.group_by("account", "symbol").len().filter(pl.col("len") > 1)
        for label, symbol in doubled.select("account", "symbol").head(FAULTS_SHOWN_MAX).iter_rows():
            faults.append(Fault(None, f"account {label}", f"it holds {symbol} twice", "Add the two rows up."))
    if faults:
        raise WorldError(name, faults)
    if "owner" not in rows.columns:
        rows = rows.with_columns(pl.col("account").alias("owner"))
    if "isolated" not in rows.columns:
        rows = rows.with_columns(pl.lit(False).alias("isolated"))
    rows = rows.with_columns(pl.col("size", "entry", "wallet").cast(pl.Float64))
    digest = hashlib.blake2b(rows.write_csv().encode(), digest_size=16).hexdigest()
    return Snapshot(name, rows, digest)
