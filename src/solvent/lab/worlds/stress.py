"""A stress run from its order to its answer: what is asked, played, measured, written, and opened again.

`Order` is everything a run depends on; it is written beside the results, so that any path can be played again alone
and its journal opened by `solvent explain DIR --path K`.
"""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from solvent.lab.scenario import Scenario, parse_scenario, read_scenario
from solvent.lab.worlds.compiled.tables import MarketTotal, Moment, Total
from solvent.lab.worlds.conditions import Conditions, Shock
from solvent.lab.worlds.estimates import (
    conservation,
    effective_paths,
    estimates_of,
    is_settled,
    tranche_means,
    verdict_of,
    worst_path,
)
from solvent.lab.worlds.faults import world_error
from solvent.lab.worlds.models import Assumed, assumed_model, fit_model, read_returns
from solvent.lab.worlds.runs import Paths, Progress, Workers, run_paths
from solvent.lab.worlds.world import Player, World, build_world
from solvent.rulebook.document import Rulebook, parse_rulebook, read_rulebook

if TYPE_CHECKING:
    import polars

SCHEMA = "stress/1"
RUN_FILE = "run.json"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is asked. Names are those of `solvent stress`; documents are kept whole."""

    scenario_text: str
    scenario_name: str
    rulebook_text: str
    rulebook_name: str
    model: str = "garch-t"
    assumed: Assumed = field(default_factory=Assumed)
    conditions: Conditions = field(default_factory=Conditions)
    prices: str | None = None
    book: str | None = None
    accounts: int | None = None
    seed: int = 1

    @staticmethod
    def of(scenario: str | Path = "stress", rulebook: str | Path | None = None, **more: Any) -> "Order":
        """An order on named documents: an embedded name or a file each."""
        from solvent.lab.scenario import SCENARIOS, scenario_names

        story = read_scenario(scenario)
        place = SCENARIOS / f"{scenario}.toml" if str(scenario) in scenario_names() else Path(scenario)
        rules = read_rulebook(rulebook or story.rulebook)
        return Order(
            scenario_text=place.read_text(encoding="utf-8"),
            scenario_name=place.name,
            rulebook_text=rules.text,
            rulebook_name=rules.name,
            **more,
        )

    def scenario(self) -> Scenario:
        """The scenario, read."""
        return parse_scenario(self.scenario_text, self.scenario_name)

    def rulebook(self) -> Rulebook:
        """The rulebook, read."""
        return parse_rulebook(self.rulebook_text, self.rulebook_name)


def world_of(
    order: Order, plan: Sequence[tuple[int, np.ndarray]] = (), *, players: int = 0
) -> tuple[World, dict[str, Any]]:
    """The world of an order, and what its model was fitted to. Raises RulebookError with every fault."""
    scenario, rulebook = order.scenario(), order.rulebook()
    conditions = order.conditions
    if order.prices is not None:
        returns = read_returns(order.prices, None)
        model, told = fit_model(order.model, scenario, conditions.step_s, returns, order.assumed)
        data = returns.digest
    else:
        model = assumed_model(order.model, scenario, conditions.step_s, order.assumed)
        told, data = {"model": order.model, "assumed": asdict(order.assumed)}, ""
    book = None
    if order.book is not None:
        from solvent.lab.worlds.snapshot import read_snapshot_book

        book = read_snapshot_book(order.book, [market.contract.symbol for market in scenario.markets])
        data = f"{data}{book.digest}"
    world = build_world(
        scenario, rulebook, model, conditions, seed=order.seed, accounts=order.accounts, plan=plan,
        players=players, book=book,
        data_digest=data,
    )  # fmt: skip
    return world, told


@dataclass
class StressRun:
    """A finished (or interrupted) stress run."""

    order: Order
    world: World
    paths: Paths
    summary: dict[str, Any]

    def frame(self) -> "polars.DataFrame":
        """One row a path: its number and every total, amounts in quanta."""
        import polars as pl

        columns: dict[str, Any] = {"path": self.paths.numbers}
        columns |= {total.name.lower(): self.paths.of(total) for total in Total}
        columns["weight"] = self.paths.weights
        return pl.DataFrame(columns)

    def markets_frame(self) -> "polars.DataFrame":
        """One row a path and market, amounts in quanta."""
        import polars as pl

        count = len(self.paths)
        symbols = [market.contract.symbol for market in self.world.scenario.markets]
        columns: dict[str, Any] = {
            "path": np.repeat(self.paths.numbers, len(symbols)),
            "symbol": symbols * count,
        }
        flat = self.paths.by_market.reshape(-1, len(MarketTotal))
        columns |= {column.name.lower(): flat[:, column] for column in MarketTotal}
        return pl.DataFrame(columns)

    def line_frame(self) -> "polars.DataFrame":
        """One row a path and moment, amounts in quanta."""
        import polars as pl

        count, moments, _width = self.paths.line.shape
        columns: dict[str, Any] = {
            "path": np.repeat(self.paths.numbers, moments),
            "moment": np.tile(np.arange(moments), count),
        }
        flat = self.paths.line.reshape(-1, len(Moment))
        columns |= {column.name.lower(): flat[:, column] for column in Moment}
        return pl.DataFrame(columns)

    def defaults_frame(self) -> "polars.DataFrame":
        """The largest shortfalls one by one: path, account, its owner, market, amounts in quanta."""
        import polars as pl

        symbols = [market.contract.symbol for market in self.world.scenario.markets]
        rows = self.paths.defaults
        owners = self.world.state.accounts.owner
        return pl.DataFrame(
            {
                "path": rows[:, 0],
                "account": rows[:, 1],
                "owner": owners[rows[:, 1]],
                "shortfall": rows[:, 2],
                "symbol": [symbols[k] if 0 <= k < len(symbols) else "" for k in rows[:, 3].tolist()],
                "notional": rows[:, 4],
            }
        )

    def closings_frame(self) -> "polars.DataFrame":
        """Close-outs one by one: requirement when flagged against what closing cost, amounts in quanta."""
        import polars as pl

        symbols = [market.contract.symbol for market in self.world.scenario.markets]
        rows = self.paths.closings
        return pl.DataFrame(
            {
                "path": rows[:, 0],
                "account": rows[:, 1],
                "symbol": [symbols[k] if 0 <= k < len(symbols) else "" for k in rows[:, 2].tolist()],
                "notional": rows[:, 3],
                "requirement": rows[:, 4],
                "loss": rows[:, 5],
                "time_ns": rows[:, 6],
            }
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: the verdict and the main estimates, with standard errors."""
        rows = "".join(
            f"<tr><td>{name}</td><td style='text-align:right'>{value['value']:,.6g}</td>"
            f"<td style='text-align:right'>± {value['standard_error']:,.3g}</td></tr>"
            for name, value in self.summary["estimates"].items()
        )
        head = f"{len(self.paths)} paths of {self.world.scenario.title} under {self.summary['digests']['rulebook']}"
        return f"<table><caption>{head}</caption><tr><th>measure</th><th>estimate</th><th>s.e.</th></tr>{rows}</table>"


def run_stress(
    order: Order,
    paths: int = 1000,
    *,
    jobs: int = 1,
    on: str = "processes",
    address: str | None = None,
    until_se: float | None = None,
    limits: Sequence[tuple[str, float]] = (),
    progress: Progress | None = None,
) -> StressRun:
    """Play an order and measure it. Raises RulebookError (with WorldError) for what cannot be played."""
    if paths < 1:
        raise world_error("paths", (str(paths), "there is nothing to play", "Write at least 1."))
    world, told = world_of(order)
    enough = None
    if until_se is not None:

        def enough(found: Paths) -> bool:
            return is_settled(found, world.quantum, until_se)

    found = run_paths(world, paths, jobs=jobs, on=on, address=address, enough=enough, progress=progress)
    return StressRun(order, world, found, summarise_run(world, found, told, list(limits)))


def summarise_run(world: World, paths: Paths, told: dict[str, Any], limits: list[tuple[str, float]]) -> dict[str, Any]:
    """The content of run.json: estimates with standard errors, verdicts, digests; amounts in the currency."""
    estimates = estimates_of(paths, world.quantum)
    tranches = tranche_means(paths, world.quantum)
    verdict = verdict_of(estimates, limits)
    summary = {
        "schema": SCHEMA,
        "paths": len(paths),
        "partial": paths.partial,
        "seconds": round(paths.seconds, 3),
        "paths_per_second": round(len(paths) / max(paths.seconds, 1e-9), 2),
        "currency": world.scenario.settlement,
        "seed": world.seed,
        "accounts": len(world.people["traders"]) + len(world.people["given"]),
        "markets": world.markets,
        "steps": world.conditions.steps,
        "horizon_s": world.conditions.horizon_s,
        "step_s": world.conditions.step_s,
        "shocks": [str(shock) for shock in world.conditions.shocks],
        "jumps_times": world.conditions.jumps_times,
        "effective_paths": round(effective_paths(paths.weights), 1),
    }
    summary |= {name: estimate.value for name, estimate in estimates.items()}
    summary["standard_errors"] = {name: estimate.standard_error for name, estimate in estimates.items()}
    summary["estimates"] = {name: estimate.as_dict() for name, estimate in estimates.items()}
    summary["expected_shortfall_999_quanta"] = round(estimates["expected_shortfall_999"].value * world.quantum)
    summary["mean_paid"] = tranches
    summary["funds_start"] = float(paths.of(Total.FUNDS_START)[0] / world.quantum) if len(paths) else 0.0
    summary["vault_start"] = float(paths.of(Total.VAULT_START)[0] / world.quantum) if len(paths) else 0.0
    summary["worst_path"] = worst_path(paths)
    summary["worst_shortfall"] = float(paths.of(Total.SHORTFALL).max() / world.quantum)
    summary["conservation_quanta"] = conservation(paths)
    summary["unfinished_commands"] = int(paths.of(Total.UNFINISHED).sum())
    summary["verdict"] = verdict
    summary["within_limits"] = all(row["colour"] != "red" for row in verdict)
    summary["model"] = told
    summary["conditions"] = asdict(world.conditions)
    summary["digests"] = world.digests()
    summary["digest"] = paths.digest()
    return summary


def write_run(out: Path, run: StressRun) -> None:
    """The run's folder: run.json, order.json, Parquet tables and the journal of the worst path."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "order.json").write_bytes(msgspec.json.format(msgspec.json.encode(run.order), indent=2))
    (out / RUN_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(run.summary), indent=2))
    run.frame().write_parquet(out / "paths.parquet")
    run.markets_frame().write_parquet(out / "markets.parquet")
    run.line_frame().write_parquet(out / "timeline.parquet")
    run.defaults_frame().write_parquet(out / "defaults.parquet")
    run.closings_frame().write_parquet(out / "closings.parquet")
    write_path_journal(out / "paths" / str(run.summary["worst_path"]), run.world, run.summary["worst_path"])


class NotReproducible(Exception):
    """A path played again did not give what the run had recorded."""


def write_path_journal(folder: Path, world: World, path: int, recorded: dict[str, int] | None = None) -> None:
    """Play a path again with its commands kept, and write them as a journal any engine of this build opens.

    `recorded` totals are compared first. Raises NotReproducible where the path gives something else.
    """
    from solvent.commands import COMMAND_DTYPE
    from solvent.engine.journal import Journal

    player = Player(world, keep=True)
    going = player.play(path)
    if recorded is not None:
        for total in Total:
            if int(going.totals[total]) != recorded.get(total.name.lower(), int(going.totals[total])):
                raise NotReproducible(
                    f"path {path}: {total.name.lower()} is {int(going.totals[total])} now and was "
                    f"{recorded[total.name.lower()]}. Another build of solvent or other data made the run; "
                    "see `digests` in run.json."
                )
    if folder.exists():
        shutil.rmtree(folder)
    commands = np.concatenate([world.opening, *player.commands]).astype(COMMAND_DTYPE)
    with Journal.create(folder / "journal", COMMAND_DTYPE, msgspec.msgpack.encode(world.genesis)) as journal:
        for first in range(0, len(commands), 65_536):
            block = commands[first : first + 65_536]
            journal.append(block, int(block["time_ns"][-1]))


def read_order(folder: Path) -> Order:
    """The order of a run's folder. Raises WorldError where there is none."""
    file = folder / "order.json"
    if not file.is_file():
        raise world_error(str(folder), ("order.json", "there is no stress run here", "Name the --out folder of one."))
    return msgspec.json.decode(file.read_bytes(), type=Order)


def journal_of_path(folder: Path, path: int) -> Path:
    """The journal's folder of one path of a run, played again if it was not kept. Raises NotReproducible."""
    import polars as pl

    place = folder / "paths" / str(path)
    if (place / "journal").is_dir():
        return place
    order = read_order(folder)
    rows = pl.read_parquet(folder / "paths.parquet").filter(pl.col("path") == path)
    if rows.is_empty():
        raise world_error(str(folder), (f"path {path}", "the run does not hold it", "See paths.parquet."))
    world, _told = world_of(order)
    write_path_journal(place, world, path, {name: int(value) for name, value in rows.row(0, named=True).items()})
    return place


def with_shocks(order: Order, shocks: Sequence[Shock]) -> Order:
    """The same order with shocks in its conditions."""
    from dataclasses import replace

    return replace(order, conditions=replace(order.conditions, shocks=tuple(shocks)))


__all__ = [
    "NotReproducible", "Order", "StressRun", "Workers", "journal_of_path", "read_order", "run_stress",
    "summarise_run", "with_shocks", "world_of", "write_path_journal", "write_run",
]  # fmt: skip
