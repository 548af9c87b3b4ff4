"""A scenario: instruments, prices, people, liquidity and funds, told in one TOML document of schema `scenario/1`.

Everything a person may write is declared in PARAMETERS; the reader is the rulebook's, so all faults of a document
are told at once, each with its line and a remedy.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from solvent.rulebook.contracts import Contract, Feed
from solvent.rulebook.document import nesting_fault, syntax_fault
from solvent.rulebook.faults import Fault, RulebookError
from solvent.rulebook.locate import lines_of
from solvent.rulebook.reading import Reading
from solvent.rulebook.schema import Parameter, Type, tree_of

SCENARIOS: Final = Path(__file__).parent / "scenarios"
SCHEMA: Final = "scenario/1"
INSTRUMENTS_MAX: Final = 200
ACCOUNTS_MAX: Final = 2_000_000
NANOSECONDS: Final = 1_000_000_000
MONEY_MAX: Final = 10**15
ACTS: Final = ("trade", "deposit", "withdraw", "report", "silence", "outage", "depth", "halt", "resume", "margin")


def _money(path: str, why: str, **more: Any) -> Parameter:
    return Parameter(path, Type.MONEY, why, unit="settlement currency", **{"least": 0, "most": MONEY_MAX, **more})


def _ppm(path: str, why: str, most: int = 1_000_000, **more: Any) -> Parameter:
    return Parameter(path, Type.PPM, why, unit="parts per million", **{"least": 0, "most": most, **more})


def _int(path: str, why: str, least: int, most: int, **more: Any) -> Parameter:
    return Parameter(path, Type.INT, why, least=least, most=most, **more)


def _text(path: str, why: str, **more: Any) -> Parameter:
    return Parameter(path, Type.TEXT, why, **more)


def _section(path: str, why: str, **more: Any) -> Parameter:
    return Parameter(path, Type.TABLE, why, **more)


def _sections(path: str, why: str, most: int, **more: Any) -> Parameter:
    return Parameter(path, Type.TABLES, why, most=most, **{"least": 0, "default": (), **more})


PARAMETERS: Final = (
    Parameter("schema", Type.CHOICE, "Says which declarations the document follows.", choices=(SCHEMA,), required=True),
    _section("meta", "What the story is and where its numbers come from.", required=True),
    _text("meta.name", "How commands call it.", required=True),
    _text("meta.title", "How a reader calls it.", required=True),
    Parameter("meta.sources", Type.TEXTS, "Where the way-points were published.", default=()),
    _text("meta.settlement", "The currency every amount is in.", default="USDC"),
    _text("rulebook", "The rules it is played under unless the command names others.", default="solvent"),
    _section("time", "When it happens.", required=True),
    _text("time.start", "First instant, as 2025-10-10T20:45:00Z.", required=True),
    _text("time.end", "Last instant.", required=True),
    Parameter("time.step_ms", Type.MS, "How often every source reports.", least=50, most=3_600_000, default=1000),
    _sections("instrument", "The markets.", INSTRUMENTS_MAX),
    _text("instrument[].symbol", "ccxt-style, as BTC/USDC:USDC.", required=True),
    _text("instrument[].base", "Selects margin brackets, and prices collateral of that name.", required=True),
    _money("instrument[].lot_size", "Smallest size.", required=True),
    _money("instrument[].tick_size", "Smallest price step.", required=True),
    _money("instrument[].price_max", "Prices beyond this are refused.", required=True),
    _money("instrument[].position_max", "Largest position of one account, in units of the base.", required=True),
    _money("instrument[].open_interest", "Open interest of the seeded population at the start, one side.", default="0"),
    _money("instrument[].depth", "What the book takes within 1 % in calm times, one side.", default="1000000"),
    _money("instrument[].supply", "How much of the base circulates; 0 is not known.", default="0"),
    _money("instrument[].daily_volume", "Traded value of a calm day; scales the impact.", default="1000000000"),
    _ppm("instrument[].daily_volatility_ppm", "Standard deviation of a calm day.", 5_000_000, default=40_000),
    _sections(
        "instrument[].waypoints", "The path of the index; between two of them it is geometric.", 500, required=True
    ),
    _text("instrument[].waypoints[].at", "An instant of the scenario.", required=True),
    _money("instrument[].waypoints[].price", "The price then.", required=True),
    _sections("feed", "Who reports prices; each follows the path with its own noise and delay.", 16),
    _text("feed[].name", "The source's name.", required=True),
    Parameter("feed[].kind", Type.CHOICE, "What it tells.", choices=("spot", "perp", "mark"), required=True),
    _ppm("feed[].noise_ppm", "Standard deviation of its noise.", 100_000, default=0),
    _int("feed[].delay_steps", "By how many steps it lags.", 0, 1000, default=0),
    _section("population", "The seeded traders.", default={}),
    _int("population.accounts", "How many.", 0, ACCOUNTS_MAX, default=0),
    _ppm("population.equity_sigma_ppm", "Width of the lognormal of equities.", 5_000_000, default=1_800_000),
    _ppm("population.whale_share_ppm", "Share of accounts drawn from the Pareto tail.", default=2_000),
    _ppm(
        "population.hedger_share_ppm",
        "Share of equity held by hedgers, who are short and levered little.",
        default=350_000,
    ),
    _ppm(
        "population.leverage_median_ppm",
        "Median leverage of a directional trader (5000000 is 5).",
        100_000_000,
        default=6_000_000,
    ),
    _ppm("population.leverage_sigma_ppm", "Width of the lognormal of leverages.", 5_000_000, default=700_000),
    _ppm(
        "population.entry_spread_ppm",
        "How far before the start's price positions were opened.",
        500_000,
        default=60_000,
    ),
    _ppm(
        "population.isolated_share_ppm",
        "Share of accounts that are isolated: one market, one position.",
        default=250_000,
    ),
    _ppm("population.long_share_ppm", "Share of directional traders that are long.", default=720_000),
    _sections("account", "Traders written out one by one.", 1000),
    _text("account[].name", "How the story calls it.", required=True),
    _money("account[].deposit", "Its cash.", required=True),
    Parameter("account[].isolated", Type.FLAG, "One market only.", default=False),
    _sections("account[].collateral", "What it brought besides cash.", 16),
    _text("account[].collateral[].asset", "The asset, as the rulebook calls it.", required=True),
    _money("account[].collateral[].amount", "Units of it.", required=True),
    _sections("account[].positions", "What it holds at the start.", 64),
    _text("account[].positions[].symbol", "The market.", required=True),
    Parameter("account[].positions[].side", Type.CHOICE, "Which way.", choices=("long", "short"), required=True),
    _money("account[].positions[].size", "Units of the base.", required=True),
    _money("account[].positions[].entry", "Price it was opened at; the start's price without it.", default="0"),
    _sections("act", "What people, sources and the venue do at an instant; the machine may refuse it.", 2000),
    _text("act[].at", "When.", required=True),
    Parameter("act[].do", Type.CHOICE, "What.", choices=ACTS, required=True),
    _text("act[].account", "Whose trade, deposit or withdrawal it is."),
    _text("act[].with", "The other side of a trade; a market maker without it."),
    _text("act[].symbol", "In which market."),
    Parameter("act[].side", Type.CHOICE, "Which way the account trades.", choices=("buy", "sell"), default="buy"),
    _money("act[].size", "Units of the base.", default="0"),
    _money("act[].price", "Price of the trade, or what the source says; the mark without it.", default="0"),
    _money("act[].amount", "Cash that comes or goes.", default="0"),
    Parameter("act[].up_to", Type.FLAG, "As much of it as the rules allow.", default=False),
    _text("act[].feed", "Which source speaks otherwise or falls silent; all without it."),
    _text("act[].until", "When the source, the book or the venue is itself again; the end without it."),
    _text("act[].only_under", "Done only under the rulebook of this name: what a venue did or left undone."),
    _ppm(
        "act[].factor_ppm",
        "What is left of the depth; by what a report, or the margin of open positions, is multiplied.",
        10**10,
        default=10**6,
    ),
    _section("liquidity", "Who takes the other side.", default={}),
    _int("liquidity.providers", "How many market makers.", 1, 256, default=24),
    _money("liquidity.capital", "Capital of each.", default="50000000"),
    _section("execution", "How orders meet the book.", default={}),
    _ppm(
        "execution.impact_ppm",
        "Y of the square-root law: impact = Y x volatility x sqrt(size / volume).",
        5_000_000,
        default=800_000,
    ),
    _ppm(
        "execution.feedback_ppm",
        "Share of the impact that moves the reported price; a historic path contains its own.",
        default=300_000,
    ),
    _ppm("execution.permanent_ppm", "Share of the fed-back impact that stays.", default=200_000),
    _int("execution.recovery_s", "Half-life of the rest, in seconds.", 1, 86_400, default=90),
    _ppm("execution.participation_ppm", "Share of the depth that forced orders may take in one step.", default=250_000),
    _ppm(
        "execution.collapse_ppm",
        "How fast depth shrinks as volatility grows: depth / (1 + c x (vol ratio - 1)).",
        20_000_000,
        default=1_000_000,
    ),
    _ppm("execution.collateral_discount_ppm", "What collateral of a debtor is sold below its price.", default=20_000),
    _int("execution.keeper_latency_ms", "How late keepers see an offer.", 0, 3_600_000, default=2_000),
    _ppm("execution.keeper_edge_ppm", "What keepers want to keep of a price they sell on at.", default=500),
    _int("execution.refill_s", "Time the book needs to refill what was taken, in seconds.", 1, 86_400, default=20),
    _section("funds", "What stands behind the venue at the start.", default={}),
    _money("funds.market_fund", "Insurance fund of each market.", default="0"),
    _money("funds.venue_fund", "Venue-wide insurance fund.", default="0"),
    _money("funds.venue_capital", "The venue's own capital.", default="0"),
    _money("funds.vault", "Liquidity vault, owned by its members.", default="0"),
    _section("engine", "How the venue drives the machine.", default={}),
    _int("engine.advances_per_step", "How many times per step the liquidation queue is worked.", 1, 1000, default=4),
    _int("engine.vault_unwind_steps", "Steps in which the vault sells down what it took.", 1, 100_000, default=600),
)

TREE: Final = tree_of(PARAMETERS)


@dataclass(frozen=True, slots=True)
class Market:
    """One instrument of a scenario, and what the lab knows of its book."""

    contract: Contract
    open_interest: Decimal
    depth: Decimal
    daily_volume: Decimal
    daily_volatility: float
    waypoints: tuple[tuple[int, Decimal], ...]


@dataclass(frozen=True, slots=True)
class GivenPosition:
    """A position of an account written out."""

    symbol: str
    size: Decimal
    entry: Decimal | None


@dataclass(frozen=True, slots=True)
class GivenAccount:
    """An account written out."""

    name: str
    deposit: Decimal
    isolated: bool
    positions: tuple[GivenPosition, ...]
    collateral: tuple[tuple[str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """Something done at an instant. `market` and `feed` are rows, or -1 for all; sizes are in units of the base."""

    at_ns: int
    until_ns: int
    do: str
    account: str
    counterparty: str
    market: int
    feed: int
    buys: bool
    size: Decimal
    price: Decimal
    amount: Decimal
    up_to: bool
    factor: Fraction
    only_under: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story ready to be run. Sections keep their declared names and values (ppm as Fraction, money as Decimal)."""

    name: str
    title: str
    sources: tuple[str, ...]
    settlement: str
    rulebook: str
    start_ns: int
    end_ns: int
    step_ns: int
    markets: tuple[Market, ...]
    feeds: tuple[Mapping[str, Any], ...]
    accounts: tuple[GivenAccount, ...]
    population: Mapping[str, Any]
    liquidity: Mapping[str, Any]
    execution: Mapping[str, Any]
    funds: Mapping[str, Any]
    engine: Mapping[str, Any]
    digest: str
    acts: tuple[Act, ...] = ()


class ScenarioError(RulebookError):
    """A scenario that cannot be run; `faults` holds everything that is wrong with it."""


def scenario_names() -> tuple[str, ...]:
    """The scenarios that ship with the package."""
    return tuple(sorted(file.stem for file in SCENARIOS.glob("*.toml")))


def read_scenario(place: str | Path) -> Scenario:
    """The scenario in a file, or the embedded one of that name. Raises ScenarioError with every fault."""
    file = SCENARIOS / f"{place}.toml" if str(place) in scenario_names() else Path(place)
    if not file.is_file():
        remedy = f"Name a file or one of: {', '.join(scenario_names())}."
        raise ScenarioError(str(place), [Fault(None, "", "there is no such scenario", remedy)])
    try:
        return parse_scenario(file.read_text(encoding="utf-8"), file.name)
    except UnicodeDecodeError as error:
        fault = Fault(None, "", f"byte {error.start} is not UTF-8", "Save the file as UTF-8.")
        raise ScenarioError(file.name, [fault]) from None


def parse_scenario(text: str, name: str) -> Scenario:
    """The scenario a text holds; `name` is what faults call it. Raises ScenarioError with every fault."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(name, [syntax_fault(text, str(error))]) from None
    except RecursionError:
        raise ScenarioError(name, [nesting_fault()]) from None
    reading = Reading(lines_of(text), template=False)
    return build_scenario(reading, reading.table(TREE, document, ()), text, name)


def build_scenario(reading: Reading, values: Mapping[str, Any], text: str, name: str) -> Scenario:
    """The scenario of a document that has been read. Raises ScenarioError with every fault, of the reading too."""
    start, end = _instant(reading, values, "start"), _instant(reading, values, "end")
    if start is not None and end is not None and end <= start:
        reading.refuse(("time", "end"), "the end is not after the start", "Write a later instant.")
    markets = [_market(reading, values, row, start, end) for row in range(len(values.get("instrument", ())))]
    known = [market.contract.symbol for market in markets if market]
    for symbol in sorted({symbol for symbol in known if known.count(symbol) > 1}):
        reading.refuse(("instrument",), f"{symbol} stands here twice", "Give every instrument its own symbol.")
    accounts = [_account(reading, given, row, known) for row, given in enumerate(values.get("account", ()))]
    acts = [
        _act(reading, given, row, start, end, known, values, [a.name for a in accounts if a])
        for row, given in enumerate(values.get("act", ()))
    ]
    if not values.get("account") and values.get("population", {}).get("accounts", 0) == 0:
        reading.refuse(("population",), "nobody trades here", "Give population.accounts, or write [[account]].")
    if reading.faults or reading.broken or start is None or end is None:
        raise ScenarioError(name, sorted(reading.faults, key=lambda fault: fault.line or 0))
    meta = values["meta"]
    return Scenario(
        name=meta["name"],
        title=meta["title"],
        sources=tuple(meta["sources"]),
        settlement=meta["settlement"],
        rulebook=values["rulebook"],
        start_ns=start,
        end_ns=end,
        step_ns=values["time"]["step_ms"] * 1_000_000,
        markets=tuple(market for market in markets if market),
        feeds=tuple(values["feed"]) or ({"name": "index", "kind": "spot", "noise_ppm": Fraction(0), "delay_steps": 0},),
        accounts=tuple(account for account in accounts if account),
        population=values["population"],
        liquidity=values["liquidity"],
        execution=values["execution"],
        funds=values["funds"],
        engine=values["engine"],
        digest=hashlib.blake2b(text.encode(), digest_size=16).hexdigest(),
        acts=tuple(sorted((act for act in acts if act), key=lambda act: act.at_ns)),
    )


def instant_ns(text: str) -> int:
    """Nanoseconds since 1970 of an ISO instant; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return round(moment.timestamp() * 1_000_000) * 1_000


def _instant(reading: Reading, values: Mapping[str, Any], name: str) -> int | None:
    text = values.get("time", {}).get(name)
    if text is None:
        return None
    try:
        return instant_ns(text)
    except ValueError:
        reading.refuse(("time", name), f"{text!r} is not an instant", 'Write it as "2025-10-10T20:45:00Z".')
        return None


def _market(reading: Reading, values: Mapping[str, Any], row: int, start: int | None, end: int | None) -> Market | None:
    given = values["instrument"][row]
    if not reading.is_read(("instrument", row)) or start is None or end is None:
        return None
    points: list[tuple[int, Decimal]] = []
    for place, point in enumerate(given["waypoints"]):
        path = ("instrument", row, "waypoints", place)
        try:
            at = instant_ns(point["at"])
        except ValueError:
            reading.refuse((*path, "at"), f"{point['at']!r} is not an instant", 'Write "2025-10-10T21:20:00Z".')
            continue
        if points and at <= points[-1][0]:
            reading.refuse((*path, "at"), "it is not after the way-point before it", "Put them in order of time.")
        if point["price"] <= 0 or point["price"] > given["price_max"]:
            reading.refuse(
                (*path, "price"), f"{point['price']} is no price of this contract", "Write 0 < price <= price_max."
            )
        points.append((at, point["price"]))
    if not points or not reading.is_read(("instrument", row)):
        if not points:
            reading.refuse(("instrument", row, "waypoints"), "there is no price", "Write at least one way-point.")
        return None
    if points[0][0] > start:
        reading.refuse(
            ("instrument", row, "waypoints", 0, "at"),
            "the path starts after the scenario",
            "Begin at time.start or before.",
        )
        return None
    feeds = tuple(Feed(feed["name"], feed["kind"]) for feed in values.get("feed", ())) or (Feed("index", "spot"),)
    contract = Contract(
        symbol=given["symbol"],
        base=given["base"],
        lot_size=given["lot_size"],
        tick_size=given["tick_size"],
        price_max=given["price_max"],
        position_max=given["position_max"],
        feeds=feeds,
        kind="linear",
        depth_size=given["depth"] / points[0][1],
        supply_size=given["supply"] or None,
    )
    return Market(
        contract=contract,
        open_interest=given["open_interest"],
        depth=given["depth"],
        daily_volume=given["daily_volume"],
        daily_volatility=float(given["daily_volatility_ppm"]),
        waypoints=tuple(points),
    )


def _account(reading: Reading, given: Mapping[str, Any], row: int, known: list[str]) -> GivenAccount | None:
    if not reading.is_read(("account", row)):
        return None
    positions = []
    for place, position in enumerate(given["positions"]):
        path = ("account", row, "positions", place)
        if position["symbol"] not in known:
            listed = ", ".join(known) or "none"
            reading.refuse((*path, "symbol"), f"{position['symbol']} is no market here", f"Known: {listed}.")
            continue
        if position["size"] <= 0:
            reading.refuse((*path, "size"), "a position has a size", "Write a size above zero.")
            continue
        signed = position["size"] if position["side"] == "long" else -position["size"]
        positions.append(GivenPosition(position["symbol"], signed, position["entry"] or None))
    if given["isolated"] and len(given["positions"]) > 1:
        reading.refuse(("account", row, "positions"), "an isolated account holds one market", "Write two accounts.")
    collateral = tuple((held["asset"], held["amount"]) for held in given["collateral"])
    return GivenAccount(given["name"], given["deposit"], given["isolated"], tuple(positions), collateral)


_NEEDS: Final = {
    "trade": ("account", "symbol", "size"),
    "deposit": ("account", "amount"),
    "withdraw": ("account", "amount"),
    "report": ("symbol",),
    "silence": (),
    "outage": ("until",),
    "depth": ("factor_ppm",),
    "halt": ("symbol",),
    "resume": ("symbol",),
    "margin": ("symbol", "factor_ppm"),
}


def _act(
    reading: Reading,
    given: Mapping[str, Any],
    row: int,
    start: int | None,
    end: int | None,
    known: list[str],
    values: Mapping[str, Any],
    people: list[str],
) -> Act | None:
    path = ("act", row)
    if not reading.is_read(path) or start is None or end is None:
        return None
    before = len(reading.faults)
    given = dict.fromkeys(("account", "with", "symbol", "feed", "until", "only_under"), "") | dict(given)
    for need in _NEEDS[given["do"]]:
        if not given[need]:
            reading.refuse((*path, need), f"`{given['do']}` needs this", f"Write {need}.")
    if given["symbol"] and given["symbol"] not in known:
        reading.refuse((*path, "symbol"), f"{given['symbol']} is no market here", f"Known: {', '.join(known)}.")
    for who in ("account", "with"):
        if given[who] and given[who] not in people:
            reading.refuse(
                (*path, who), f"nobody here is called {given[who]}", f"Known: {', '.join(people) or 'none'}."
            )
    feeds = [feed["name"] for feed in values.get("feed", ())] or ["index"]
    if given["feed"] and given["feed"] not in feeds:
        reading.refuse((*path, "feed"), f"{given['feed']} is no source here", f"Known: {', '.join(feeds)}.")
    instants = {"at": start, "until": end}
    for name in instants:
        if given[name]:
            try:
                instants[name] = instant_ns(given[name])
            except ValueError:
                reading.refuse((*path, name), f"{given[name]!r} is not an instant", 'Write "2025-10-10T21:20:00Z".')
    if not start <= instants["at"] <= end or instants["until"] < instants["at"]:
        reading.refuse((*path, "at"), "it does not lie in the scenario's time", "Write start <= at <= until.")
    if len(reading.faults) > before:
        return None
    return Act(
        at_ns=instants["at"],
        until_ns=instants["until"],
        do=given["do"],
        account=given["account"],
        counterparty=given["with"],
        market=known.index(given["symbol"]) if given["symbol"] else -1,
        feed=feeds.index(given["feed"]) if given["feed"] else -1,
        buys=given["side"] == "buy",
        size=given["size"],
        price=given["price"],
        amount=given["amount"],
        up_to=given["up_to"],
        factor=given["factor_ppm"],
        only_under=given["only_under"],
    )
