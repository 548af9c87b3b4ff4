"""`solvent`: the commands, their help and their exit codes.

Exit codes: 0 done; 1 a check failed; 2 bad input, with every fault on standard error, or a limit breached; 3 refused by
the state of a directory or file, out of reach, or a check asks for a rule that is not built; 4 not reproducible; 130
interrupted. Results go to standard output, progress and notes to standard error.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from solvent import __version__
from solvent.cli.attack import ATTACKS
from solvent.cli.rulebook import app as rulebook_app

BAD_INPUT = 2
REFUSED = 3
NOT_REPRODUCIBLE = 4
INTERRUPTED = 130

app = typer.Typer(
    name="solvent",
    help="Default risk management for perpetuals venues: one deterministic machine from a price to the last tranche.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"solvent {__version__}")
        raise typer.Exit


@app.callback()
def entry(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Run a command; `solvent COMMAND --help` says what each takes."""


@app.command()
def replay(
    scenario: Annotated[str, typer.Argument(help="An embedded scenario or a scenario file.")] = "2025-10-10",
    rulebook: Annotated[
        str | None, typer.Option("--rulebook", "-r", help="A preset or a file; the scenario's own without it.")
    ] = None,
    prices: Annotated[
        Path | None,
        typer.Option("--prices", "-p", help="Candles, Parquet or CSV, instead of the scenario's markets."),
    ] = None,
    market: Annotated[
        list[str] | None, typer.Option("--market", "-m", help="With --prices: only this base, as BTC; repeat for more.")
    ] = None,
    accounts: Annotated[
        int | None, typer.Option("--accounts", "-n", min=0, max=2_000_000, help="How many seeded traders.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62, help="Same seed, same digest.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for summary.json, events.parquet, report.html and the journal."),
    ] = None,
    fill: Annotated[
        list[str] | None,
        typer.Option(
            "--fill", help='A value for a place that says "unknown", as PATH=VALUE; none takes it out. Repeat.'
        ),
    ] = None,
    leave_out_unknown: Annotated[
        bool, typer.Option("--leave-out-unknown", help='Take out whatever the rulebook says is "unknown".')
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the content of summary.json, money in quanta.")
    ] = False,
) -> None:
    """Play a crash through the machine and show who paid for what.

    A name that is none lists the rulebooks that ship; NAME@DATE is the one of the venue valid on the day. The journal
    of --out opens with `solvent explain`.
    """
    from solvent.cli.replay import replay_command

    replay_command(
        scenario,
        rulebook,
        prices,
        tuple(market or ()),
        accounts,
        seed,
        out,
        as_json,
        fill=tuple(fill or ()),
        leave_out_unknown=leave_out_unknown,
    )


@app.command()
def explain(
    directory: Annotated[Path, typer.Argument(help="A journal's folder, or the --out folder of a replay.")],
    account: Annotated[int, typer.Option("--account", "-a", help="The account's number.")],
    sequence: Annotated[
        int | None, typer.Option("--sequence", "-s", help="As it stood after this command; the end without it.")
    ] = None,
    path: Annotated[
        int | None, typer.Option("--path", "-p", help="Of a stress run's folder: the path to open, played again.")
    ] = None,
    charges: Annotated[
        bool, typer.Option("--charges", "-c", help="Every amount charged to the account, and how each came to be.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the tree as JSON, money in quanta.")] = False,
) -> None:
    """Show how a number of an account came to be, as a tree of sums that add up."""
    from solvent.cli.explain import explain as explain_command

    if path is not None:
        from solvent.lab.worlds.stress import journal_of_path

        directory = journal_of_path(directory, path)
    explain_command(directory, account, sequence, charges, as_json)


@app.command()
def stress(
    scenario: Annotated[
        str, typer.Argument(help="Markets, people and funds: an embedded scenario or a file.")
    ] = "stress",
    rulebook: Annotated[str | None, typer.Option("--rulebook", "-r", help="A preset or a file.")] = None,
    paths: Annotated[int, typer.Option("--paths", min=1, max=10_000_000, help="How many days, at most.")] = 1000,
    model: Annotated[
        str,
        typer.Option("--model", "--price", help="normal, historical, fhs, garch-t, kou, hawkes or regime."),
    ] = "garch-t",
    prices: Annotated[Path | None, typer.Option("--prices", "-p", help="Candles the model is fitted to.")] = None,
    book: Annotated[
        Path | None, typer.Option("--book", help="Positions of a real book, Parquet or CSV, instead of seeded people.")
    ] = None,
    accounts: Annotated[int | None, typer.Option("--accounts", "-n", min=0, max=2_000_000)] = None,
    horizon: Annotated[str, typer.Option("--horizon", help="Length of a path: 8h, 90m, 2d.")] = "12h",
    step: Annotated[str, typer.Option("--step", help="Time between two prices.")] = "30s",
    depth: Annotated[
        str, typer.Option("--depth", help="normal, stressed (5 %), forecast, or a share of the scenario's depth.")
    ] = "normal",
    depths: Annotated[
        Path | None, typer.Option("--depths", help="History of a book, for --depth forecast: time, depth, price.")
    ] = None,
    latency: Annotated[
        int, typer.Option("--latency", min=0, max=3_600_000, help="Milliseconds from an order to its first fill.")
    ] = 500,
    shock: Annotated[
        list[str] | None,
        typer.Option("--shock", help="DIMENSION:LEVEL, as crash:severe; repeat to combine. See the documentation."),
    ] = None,
    panic: Annotated[float, typer.Option("--panic", min=0, max=1, help="Share of cash taken out after a fall.")] = 0.0,
    run: Annotated[
        float, typer.Option("--run", min=0, max=1, help="Share of vault members leaving after a loss.")
    ] = 0.0,
    jumps: Annotated[
        float,
        typer.Option("--jumps-times", min=1, max=1000, help="Rare paths: jumps so often on every second one, weighed."),
    ] = 1.0,
    limit: Annotated[
        list[str] | None,
        typer.Option("--limit", "--fail-on", help="NAME=NUMBER, as expected_shortfall_999=5e6; breached: exit 2."),
    ] = None,
    grid: Annotated[
        str | None,
        typer.Option("--grid", help="Instead: every shock and every pair at this level: adverse, severe or extreme."),
    ] = None,
    until_se: Annotated[
        float | None,
        typer.Option("--until-se", min=1e-6, help="Stop when the standard error of ES99.9 is this share of it."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62, help="Same seed, same digest.")] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 is one a core.")] = 0,
    on: Annotated[str, typer.Option("--on", help="processes, or ray for a Ray cluster.")] = "processes",
    address: Annotated[str | None, typer.Option("--address", help="The cluster's address; auto finds one.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for report, numbers and journals.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the content of run.json.")] = False,
) -> None:
    """Play many days through the machine: expected shortfall, who pays, how often, with standard errors.

    Exit 2 when a limit is breached, 4 when a path could not be had again. An interruption keeps the finished paths.
    """
    from solvent.cli.stress import stress_command

    asked = {
        "model": model, "prices": prices, "book": book, "accounts": accounts, "horizon": horizon, "step": step,
        "depth": depth, "latency": latency, "shocks": tuple(shock or ()), "panic": panic, "run": run, "seed": seed,
        "jumps": jumps, "depths": depths,
    }  # fmt: skip
    if grid is not None:
        from solvent.cli.stress import grid_command

        grid_command(scenario, rulebook, min(paths, 8), asked, grid, out, as_json)
        return
    stress_command(scenario, rulebook, paths, asked, tuple(limit or ()), until_se, jobs, on, address, out, as_json)


@app.command()
def compare(
    scenario: Annotated[str, typer.Argument(help="An embedded scenario or a scenario file.")] = "2025-10-10",
    rulebooks: Annotated[
        str, typer.Option("--rulebooks", "-r", help="Two or more, with commas: presets, NAME@DATE or files.")
    ] = "solvent,hyperliquid,binance_usdm",
    prices: Annotated[
        Path | None, typer.Option("--prices", "-p", help="Candles instead of the scenario's markets.")
    ] = None,
    market: Annotated[list[str] | None, typer.Option("--market", "-m", help="With --prices: only this base.")] = None,
    accounts: Annotated[
        int | None, typer.Option("--accounts", "-n", min=0, max=2_000_000, help="How many seeded traders.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62, help="Common to all rulebooks.")] = 1,
    paths: Annotated[
        int | None, typer.Option("--paths", min=2, max=1_000_000, help="Instead: so many simulated days, paired.")
    ] = None,
    confidence: Annotated[float, typer.Option("--ci", min=0.5, max=0.999, help="With --paths: of intervals.")] = 0.95,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="With --paths: processes; 0 is one a core.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="One HTML page with the table and the pictures.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON, money in quanta.")] = False,
    leave_out_unknown: Annotated[
        bool, typer.Option("--leave-out-unknown", help="Study templates too: take out what they call unknown.")
    ] = False,
) -> None:
    """Play the same people and prices under several rulebooks: who is liquidated, what is lost, and who pays."""
    if paths is not None:
        from solvent.cli.paired import paired_command

        paired_command(scenario, rulebooks, prices, accounts, seed, paths, confidence, jobs, as_json)
        return
    from solvent.cli.compare import compare_command

    compare_command(scenario, rulebooks, prices, tuple(market or ()), accounts, seed, out, as_json, leave_out_unknown)


@app.command()
def reverse(
    target: Annotated[float, typer.Option("--target", min=0, help="Loss to reach, in the settlement currency.")],
    scenario: Annotated[str, typer.Argument(help="Markets, people, funds: a name or a file.")] = "stress",
    rulebook: Annotated[str | None, typer.Option("--rulebook", "-r", help="A preset or a file.")] = None,
    measure: Annotated[str, typer.Option("--measure", help="shortfall, socialised or liquidated.")] = "shortfall",
    max_distance: Annotated[float, typer.Option("--max-distance", min=0.1, max=50, help="Standard deviations.")] = 8.0,
    ball: Annotated[
        float | None,
        typer.Option("--ball", min=0.1, max=50, help="Radius of the worst case."),
    ] = None,
    model: Annotated[str, typer.Option("--model", help="As in stress.")] = "normal",
    prices: Annotated[Path | None, typer.Option("--prices", "-p", help="Candles the model is fitted to.")] = None,
    book: Annotated[Path | None, typer.Option("--book", help="Positions of a real book.")] = None,
    accounts: Annotated[int | None, typer.Option("--accounts", "-n", min=0, max=2_000_000)] = 2000,
    horizon: Annotated[str, typer.Option("--horizon", help="Length of a path.")] = "3h",
    evaluations: Annotated[int, typer.Option("--evaluations", min=8, max=100_000, help="Directions tried.")] = 40,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62)] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="The search is one process.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for reverse.json.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print reverse.json.")] = False,
) -> None:
    """Find the most plausible scenario that loses the target, then the worst within a ball. Exit 3: out of reach."""
    from solvent.cli.search import reverse_command

    asked = {"model": model, "prices": prices, "book": book, "accounts": accounts, "horizon": horizon, "seed": seed}
    reverse_command(scenario, rulebook, asked, target, measure, max_distance, ball, evaluations, out, as_json)


@app.command()
def attack(
    scenario: Annotated[str, typer.Argument(help="Markets, people, funds: a name or a file.")] = "stress",
    rulebook: Annotated[str | None, typer.Option("--rulebook", "-r", help="A preset or a file.")] = None,
    budget: Annotated[float, typer.Option("--budget", help="What the attacker has, in the settlement currency.")] = 3e6,
    objective: Annotated[str, typer.Option("--objective", help="loss, profit, pareto or liquidations.")] = "loss",
    side: Annotated[str, typer.Option("--side", help="Which way prices may be pushed: any, up or down.")] = "any",
    market: Annotated[str | None, typer.Option("--market", help="Attack this market only.")] = None,
    lies: Annotated[bool, typer.Option("--lies", help="One of three price sources may be made to lie.")] = False,
    evaluations: Annotated[int, typer.Option("--evals", "--evaluations", min=8, max=1_000_000)] = 400,
    shrink: Annotated[bool, typer.Option("--shrink/--no-shrink", help="Reduce to a minimal witness.")] = True,
    witness: Annotated[Path | None, typer.Option("--witness", help="Where the witness is kept.")] = None,
    replay_file: Annotated[
        Path | None, typer.Option("--replay", help="Play a witness again instead; exit 4 when it came out otherwise.")
    ] = None,
    accounts: Annotated[int | None, typer.Option("--accounts", "-n", min=0, max=2_000_000)] = 1000,
    horizon: Annotated[str, typer.Option("--horizon", help="Length of the path.")] = "2h",
    limit: Annotated[
        float | None, typer.Option("--fail-on", help="Exit 2 when the damage is larger, or when the attack pays.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62)] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="The search is one process.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for attack.json and witness.json.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print attack.json.")] = False,
) -> None:
    """Search the cheapest way to hurt the venue: damage, cost, profit, griefing factor, minimal witness."""
    from solvent.cli.search import attack_command

    asked = {"model": "normal", "accounts": accounts, "horizon": horizon, "seed": seed, "feeds": 3 if lies else 1}
    attack_command(
        scenario,
        rulebook,
        asked,
        budget,
        objective,
        (side, lies, market),
        evaluations,
        shrink,
        witness,
        replay_file,
        limit,
        out,
        as_json,
    )


@app.command()
def calibrate(
    scenario: Annotated[str, typer.Argument(help="Markets, people, funds: a name or a file.")] = "stress",
    rulebook: Annotated[str | None, typer.Option("--rulebook", "-r", help="A preset or a file.")] = None,
    prices: Annotated[Path | None, typer.Option("--prices", "-p", help="Candles for gaps and the model.")] = None,
    model: Annotated[str, typer.Option("--model", help="As in stress.")] = "hawkes",
    paths: Annotated[int, typer.Option("--paths", min=20, max=1_000_000)] = 300,
    target_ruin: Annotated[float, typer.Option("--target-ruin", min=1e-6, max=0.5, help="Allowed a horizon.")] = 0.001,
    capital_cost: Annotated[float, typer.Option("--capital-cost", min=1e-6, help="Of a unit of fund.")] = 0.10,
    shortage_cost: Annotated[float, typer.Option("--shortage-cost", min=1e-6, help="Of a unit not covered.")] = 5.0,
    close_out: Annotated[str, typer.Option("--close-out", help="Time a close-out takes.")] = "1h",
    accounts: Annotated[int | None, typer.Option("--accounts", "-n", min=0, max=2_000_000)] = 2000,
    horizon: Annotated[str, typer.Option("--horizon", help="Length of a path.")] = "8h",
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62)] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="Processes; 0 is one a core.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for calibrate.json.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print calibrate.json.")] = False,
) -> None:
    """Thresholds, penalty, buffers and fund size against a target; the frontier of capital against shared losses."""
    from solvent.cli.search import calibrate_command

    asked = {"model": model, "prices": prices, "accounts": accounts, "horizon": horizon, "seed": seed}
    calibrate_command(
        scenario, rulebook, asked, paths, target_ruin, (capital_cost, shortage_cost), close_out, jobs, out, as_json
    )


@app.command()
def backtest(
    prices: Annotated[Path, typer.Option("--prices", "-p", help="Candles.")],
    scenario: Annotated[str, typer.Argument(help="Markets: a name or a file.")] = "stress",
    rulebook: Annotated[str | None, typer.Option("--rulebook", "-r", help="A preset or a file.")] = None,
    rule: Annotated[
        list[str] | None, typer.Option("--rule", help="rulebook, ewma, fhs or garch-t; repeat for more.")
    ] = None,
    level: Annotated[float, typer.Option("--level", min=0.5, max=0.99999, help="What the margin promises.")] = 0.99,
    close_out: Annotated[str, typer.Option("--close-out", help="Time a close-out takes.")] = "1h",
    buffer: Annotated[str, typer.Option("--buffer", help="none, buffer (a quarter, EMIR 28.1a) or floor.")] = "none",
    fail_on: Annotated[str | None, typer.Option("--fail-on", help="yellow or red: exit 2 at this light.")] = None,
    seed: Annotated[
        int, typer.Option("--seed", "-s", min=0, max=2**62, help="Nothing is drawn; kept for the record.")
    ] = 1,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=0, help="One process.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder for backtest.json and Parquet.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print backtest.json.")] = False,
) -> None:
    """Coverage of margin rules over history: Kupiec, Christoffersen, traffic lights, sufficiency, procyclicality."""
    from solvent.cli.search import backtest_command

    backtest_command(
        scenario, rulebook, prices, tuple(rule or ("rulebook", "ewma", "fhs")), level, close_out, buffer, fail_on, seed,
        out, as_json,
    )  # fmt: skip


@app.command()
def verify(
    directory: Annotated[Path, typer.Argument(help="A journal's folder, or the --out folder of a replay.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Check a journal's hash chain, replay it and print the digest it leads to."""
    from solvent.cli.verify import verify_command

    verify_command(directory, as_json)


bench = typer.Typer(
    help="Measure on this computer.", no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False
)
app.add_typer(bench, name="bench")


@bench.callback()
def bench_entry() -> None:
    """Measure on this computer; figures of a known one are in benchmarks/."""


@bench.command(name="watch")
def bench_watch(
    accounts: Annotated[int, typer.Option("--accounts", "-n", min=1, max=20_000_000, help="How many.")] = 1_000_000,
    book: Annotated[
        str, typer.Option("--book", "-b", help="quiet, or stressed: an eighth of every surplus.")
    ] = "quiet",
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**31 - 100, help="Same seed, same book.")] = 1,
    ticks: Annotated[int, typer.Option("--ticks", "-t", min=100, max=1_000_000, help="Prices on the path.")] = 20_000,
    together: Annotated[
        bool, typer.Option("--together", help="An account's positions side by side, as after a bulk load.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Time prices, scans and commands over a book of many accounts; exit 1 if index and scans ever disagree."""
    from solvent.cli.bench import bench_watch_command

    if book not in ("quiet", "stressed"):
        typer.echo(f"--book is {book}: write quiet or stressed.", err=True)
        raise typer.Exit(BAD_INPUT)
    bench_watch_command(accounts, book, seed, ticks, together, as_json)


@bench.command(name="lists")
def bench_lists(
    ticks: Annotated[int, typer.Option("--ticks", "-t", min=1, max=10**9, help="Prices to play.")] = 200_000,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**30, help="Same seed, same prices.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was met as JSON.")] = False,
) -> None:
    """Compare the list of every price with a naive scan, by brute force; exit 1 at the first difference."""
    from solvent.cli.bench import bench_lists_command

    bench_lists_command(ticks, seed, as_json)


@app.command()
def audit(
    directory: Annotated[Path, typer.Argument(help="A journal's folder, or the --out folder of a replay.")],
    sequence: Annotated[
        int | None, typer.Option("--sequence", "-s", min=0, help="As it stood after this command; the end without it.")
    ] = None,
    last: Annotated[
        int, typer.Option("--last", "-l", min=0, max=1_000_000, help="Also after each of so many commands before it.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Compare the watch's index with a scan of everybody: exit 0 when nobody was missed, 1 when somebody was."""
    from solvent.cli.audit import audit_command

    audit_command(directory, sequence, last, as_json)


@app.command()
def alerts(
    directory: Annotated[Path, typer.Argument(help="A journal's folder, or the --out folder of a replay.")],
    ratio: Annotated[str, typer.Option("--ratio", "-r", help="Equity below so many times the requirement.")] = "1.25",
    level: Annotated[str, typer.Option("--level", "-l", help="maintenance, initial or close_out.")] = "maintenance",
    sequence: Annotated[
        int | None, typer.Option("--sequence", "-s", min=0, help="As it stood after this command; the end without it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Name everybody who is near liquidation: exit 0 when nobody is, 1 when somebody is."""
    from solvent.cli.alerts import alerts_command

    alerts_command(directory, ratio, level, sequence, as_json)


@app.command()
def serve(
    data: Annotated[
        Path | None, typer.Option("--data", "-d", help="The venue's directory, made if missing; ./venue without it.")
    ] = None,
    rulebook: Annotated[str, typer.Option("--rulebook", "-r", help="For a new venue: a preset or a file.")] = "solvent",
    venue: Annotated[
        Path | None, typer.Option("--venue", help="For a new venue: its markets and sources, as TOML.")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="A living venue with seeded traders; without --data nothing is kept.")
    ] = False,
    host: Annotated[str, typer.Option("--host", help="Address to bind.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to bind; 0 takes a free one.")] = 8700,
    tls_certificate: Annotated[
        Path | None, typer.Option("--tls-certificate", help="PEM; a public address needs it.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="PEM.")] = None,
    oidc: Annotated[Path | None, typer.Option("--oidc", help="TOML: whose tokens are people's passports.")] = None,
    webhook: Annotated[str, typer.Option("--webhook", envvar="SOLVENT_WEBHOOK", help="URL that is told alerts.")] = "",
    venue_socket: Annotated[
        str, typer.Option("--venue-socket", help="WebSocket of the venue that takes liquidation orders.")
    ] = "",
    feeds: Annotated[
        Path | None, typer.Option("--feeds", help="TOML: price feeds of other venues and oracles.")
    ] = None,
    follow: Annotated[
        str,
        typer.Option(
            "--follow",
            help="Stand by: follow a directory, a PostgreSQL log, or a service's URL (key in SOLVENT_FOLLOW_KEY).",
        ),
    ] = "",
    log: Annotated[
        str, typer.Option("--log", envvar="SOLVENT_LOG", help="PostgreSQL that keeps the journal, for followers.")
    ] = "",
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")] = "info",
) -> None:
    """Run the machine beside a venue: interface, stream and page in one process, everything durable.

    Leaves with 0 when told to stop, 2 for settings it refuses, 3 after a fault of journal or machine: start it again.
    """
    from solvent.cli.serve import serve_command

    settings = {
        "host": host, "port": port, "tls_certificate": tls_certificate, "tls_key": tls_key, "webhook": webhook,
        "venue_socket": venue_socket, "log_level": log_level,
    }  # fmt: skip
    sys.exit(serve_command(data, rulebook, venue, demo, feeds, follow, log, settings, oidc))


def _show_topics(wanted: bool) -> None:
    if wanted:
        from solvent.cli.check import topic_lines

        typer.echo("\n".join(topic_lines()))
        raise typer.Exit


journal_app = typer.Typer(help="Verify, export or follow a journal; keep a backup of it.", no_args_is_help=True)
app.add_typer(journal_app, name="journal")
Place = Annotated[str, typer.Argument(help="A journal's folder, a replay's --out folder, or a PostgreSQL address.")]


@journal_app.command("verify")
def journal_verify(
    place: Place, as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False
) -> None:
    """Check the hash chain, replay it and print the digest it leads to."""
    from solvent.cli.journal import verify_place

    verify_place(place, as_json)


@journal_app.command("export")
def journal_export(
    place: Place,
    out: Annotated[Path, typer.Option("--out", "-o", help="A .jsonl or .parquet file; it must not exist.")],
    first: Annotated[int, typer.Option("--from", min=1, help="First sequence.")] = 1,
    last: Annotated[int, typer.Option("--to", min=1, help="Last sequence; the head without it.")] = 2**62,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Write commands with their sequence, who asked for them and under which id."""
    from solvent.cli.journal import export_place

    export_place(place, out, first, last, as_json)


@journal_app.command("tail")
def journal_tail(
    place: Place,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=100_000, help="How many of the last.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until interrupted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show the last commands, and those that come."""
    from solvent.cli.journal import tail_place

    tail_place(place, count, follow, as_json)


@journal_app.command("backup")
def journal_backup(
    place: Place,
    target: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was kept as JSON.")] = False,
) -> None:
    """Copy a journal, also one that is being written, and verify the copy. A backup is a folder that can be served."""
    from solvent.cli.journal import backup_place

    backup_place(place, target, as_json)


@journal_app.command("restore")
def journal_restore(
    backup: Annotated[Path, typer.Argument(help="A folder `backup` has made.")],
    directory: Annotated[Path, typer.Argument(help="The venue's folder; it must not exist.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was restored as JSON.")] = False,
) -> None:
    """Put a verified copy of a backup where a venue is served from."""
    from solvent.cli.journal import backup_place

    backup_place(str(backup), directory, as_json)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Cases as JSON: a list, or an object with `examples`.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the counts and every case as one JSON object.")
    ] = False,
    by_venue: Annotated[
        bool, typer.Option("--by-venue", help="Count the cases of each venue, as a Markdown table.")
    ] = False,
    topics: Annotated[
        bool, typer.Option("--topics", callback=_show_topics, is_eager=True, help="List what a case may ask for.")
    ] = False,
) -> None:
    """Put a venue's own numbers to its rules as they are built here, and show where they differ.

    Leaves with 0 if all passed, 1 if one failed, 2 if the file cannot be used, 3 if one asks for a rule not built.
    """
    from solvent.cli.check import check_command

    check_command(file, as_json, by_venue)


app.add_typer(rulebook_app, name="rulebook")
for name, command in ATTACKS.items():
    app.command(name=name)(command)


@app.command()
def incidents(
    names: Annotated[list[str] | None, typer.Argument(help="Ids or files; all that ship without any.")] = None,
    only_list: Annotated[bool, typer.Option("--list", "-l", help="Show the cards without running them.")] = False,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62, help="Same seed, same digest.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write the JSON answer to this file too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every incident as a JSON row.")] = False,
) -> None:
    """Run known incidents under the rules of their time and under the recommended rulebook, and keep the score.

    Leaves with 0 when every loss with a full record is reproduced and every incident is contained now, with 1 when
    one is not, with 2 when an incident cannot be read.
    """
    from solvent.cli.incidents import incidents_command

    sys.exit(incidents_command(tuple(names or ()), only_list, seed, out, as_json))


@app.command()
def adl(
    seeds: Annotated[
        int, typer.Option("--seeds", min=1, max=100_000, help="Seeds for every cell of the matrix.")
    ] = 200,
    waves: Annotated[
        Path | None, typer.Option("--waves", "-w", help="A CSV of deleveraging waves with the published columns.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", "-s", min=0, max=2**62, help="Seed of the waves' winners.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print matrix and comparison as one JSON object.")] = False,
) -> None:
    """Hold nine policies of deleveraging against eleven axioms of fairness, and against a known day's waves."""
    from solvent.cli.adl import adl_command

    adl_command(seeds, waves, seed, as_json)


@app.command()
def clear(
    liabilities: Annotated[Path, typer.Option("--liabilities", "-l", help="CSV or Parquet: debtor, creditor, amount.")],
    assets: Annotated[Path, typer.Option("--assets", "-a", help="CSV or Parquet: protocol, amount after the shock.")],
    fund: Annotated[float, typer.Option("--fund", min=0, help="Size of the mutual fund.")] = 0.0,
    recovery: Annotated[
        str, typer.Option("--rv", help="Recovery on assets and claims of a defaulter: 0.9,0.8.")
    ] = "1,1",
    cover: Annotated[int, typer.Option("--cover", min=1, max=1000, help="n of Cover-n.")] = 2,
    fail_on_short: Annotated[bool, typer.Option("--fail-on-short", help="Exit 2 when the fund is too small.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the clearing as one JSON object.")] = False,
) -> None:
    """Clear what protocols owe one another: who pays how much, who fails in which round, what a mutual fund changes."""
    from solvent.cli.clear import clear_command

    clear_command(liabilities, assets, fund, recovery, cover, as_json, fail_on_short)


def main() -> None:
    """Run the command line; every fault a person can mend becomes a sentence and an exit code."""
    try:
        app()
    except KeyboardInterrupt:
        typer.echo("interrupted; nothing was written half", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        code = exit_code_of(error)
        if code is None:
            raise
        typer.echo(str(error), err=True)
        sys.exit(code)


def exit_code_of(error: Exception) -> int | None:
    """The exit code of a fault a person can mend; None for a mistake of ours, which keeps its traceback.

    Told by the names of the classes: importing them would cost every start what only a fault needs.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    if "OutOfReach" in names:
        return REFUSED
    if names & {"RulebookError", "CandleFileError", "UnknownSymbolError", "OutputUnusable", "SettingsRefused"}:
        return BAD_INPUT
    if names & {"EngineFault", "WorkersLost"}:
        return REFUSED
    if "NotReproducible" in names:
        return NOT_REPRODUCIBLE
    return None


if __name__ == "__main__":
    main()
