"""What each guard is worth: attacks of the record under the recommended rules, and with the guards that hold them off.

    python -m solvent.lab.guards [NAME ...]          a row for each pair; leaves with 1 when one does not hold

A pair (pairs.toml) tells an attack in words and as a small story, the guards that hold it, and what it yields in a run
by one measure. With the guards on at most `with_at_most`, with them off at least `without_at_least`: a guard that
changes nothing is no guard, and a story that does no harm without it proves nothing.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from solvent.lab.incident import loss_of
from solvent.lab.scenario import Scenario, parse_scenario
from solvent.rulebook.document import Rulebook, parse_rulebook, read_rulebook
from solvent.rulebook.overlay import as_text

RECOMMENDED: Final = "solvent"
PAIRS: Final = Path(__file__).parent / "pairs.toml"
START: Final = datetime(2026, 6, 1, tzinfo=UTC)
SOURCES: Final = {"a": "spot", "b": "spot", "c": "spot", "p": "perp", "own": "mark"}

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """One attack and what holds it; `costs` is what moving the market cost the attacker outside the venue."""

    name: str
    number: int
    told_of: str
    attack: str
    held_by: str
    off: tuple[str, ...]
    measure: str
    who: tuple[str, ...]
    costs: Decimal
    without_at_least: Decimal
    with_at_most: Decimal
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Yield:
    """What the attack brought under both rulebooks, and what was refused under the recommended one."""

    pair: Pair
    with_guards: Decimal
    without: Decimal
    refused: tuple[str, ...]
    digests: tuple[str, str]

    @property
    def holds(self) -> bool:
        """True when the guards contain it and their absence does not."""
        return self.with_guards <= self.pair.with_at_most and self.without >= self.pair.without_at_least


def read_pairs(file: Path = PAIRS) -> tuple[Pair, ...]:
    """The pairs of a file, in its order."""
    return tuple(
        Pair(
            name=given["name"],
            number=given["class"],
            told_of=given["told_of"],
            attack=given["attack"],
            held_by=given["held_by"],
            off=tuple(given["off"]),
            measure=given["measure"],
            who=tuple(given["who"]),
            costs=Decimal(given.get("costs", "0")),
            without_at_least=Decimal(given["without_at_least"]),
            with_at_most=Decimal(given["with_at_most"]),
            given=given,
        )
        for given in tomllib.loads(file.read_text(encoding="utf-8"))["pair"]
    )


# --- the rules ----------------------------------------------------------------------------------------------


def _hear_one(document: Document) -> None:
    document["price"]["index"] |= {"sources": [{"id": "a", "w": 1}], "default_w": 0, "minimum_sources": 1}
    document["price"]["mark"] = {"kind": "first", "components": [{"kind": "index"}]}


def _hear_own_book(document: Document) -> None:
    document["price"]["index"]["minimum_sources"] = 1
    document["price"]["mark"] = {"kind": "first", "components": [{"kind": "reported_mark"}]}


OFF: Final[Mapping[str, Callable[[Document], Any]]] = {
    "quorum": lambda document: document["price"]["index"].update(minimum_sources=1),
    "sources": _hear_one,
    "others": _hear_own_book,
    "floor": lambda document: document["price"]["index"].pop("sources", None),
    "table": lambda document: document["price"].pop("condition"),
    "breakers": lambda document: document.pop("breakers"),
    "withdraw_gains": lambda document: document["limits"]["limit"].append({"kind": "withdraw_gains", "allowed": True}),
}
"""Guards that are no guard or limit of one kind, and how a document is without them."""


def rulebook_without(pair: Pair, off: Sequence[str]) -> Rulebook:
    """The recommended rulebook for the pair's story, without these guards; a kind nobody knows is a KeyError."""
    document = tomllib.loads(read_rulebook(RECOMMENDED).text)
    document["collateral"] += pair.given.get("collateral", [])
    index, limits = document["price"]["index"], document["limits"]
    if "floor" in pair.given:
        index["sources"] = [{"id": name, "w": 1, "floor": pair.given["floor"]} for name in SOURCES]
    if pair.given.get("lends"):
        limits["limit"] = [limit for limit in limits["limit"] if limit["kind"] != "withdraw_gains"]
        limits["limit"].append({"kind": "withdraw_gains", "allowed": True})
    kinds = {rule["kind"] for rule in (*index["guards"], *limits["limit"])}
    for name in off:
        if name in kinds:
            index["guards"] = [guard for guard in index["guards"] if guard["kind"] != name]
            limits["limit"] = [limit for limit in limits["limit"] if limit["kind"] != name]
            if name not in OFF:
                continue
        OFF[name](document)
    return parse_rulebook(as_text(document), f"{RECOMMENDED}-{pair.name}" if off else RECOMMENDED)


# --- the story ----------------------------------------------------------------------------------------------


def _at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def scenario_of(pair: Pair) -> Scenario:
    """The pair's story as a scenario: what it does not say is the same in all of them."""
    markets = pair.given["market"]
    symbols = [f"{market['base']}/USDC:USDC" for market in markets]
    document: Document = {
        "schema": "scenario/1",
        "rulebook": RECOMMENDED,
        "meta": {"name": pair.name, "title": pair.name, "settlement": "USDC", "sources": [pair.told_of]},
        "time": {"start": _at(0), "end": _at(markets[0]["path"][-1][0]), "step_ms": 15_000},
        "feed": [{"name": name, "kind": kind} for name, kind in SOURCES.items()],
        "instrument": [
            {
                "symbol": symbol,
                "base": market["base"],
                "lot_size": "1",
                "tick_size": "0.0001" if Decimal(market["path"][0][1]) < 10 else "0.01",
                "price_max": market.get("price_max", str(Decimal(market["path"][0][1]) * 20)),
                "position_max": market.get(
                    "position_max", "500000000" if Decimal(market["path"][0][1]) < 10 else "500000"
                ),
                "depth": market["depth"],
                "daily_volatility_ppm": 20_000,
                "waypoints": [{"at": _at(minute), "price": price} for minute, price in market["path"]],
            }
            for symbol, market in zip(symbols, markets, strict=True)
        ],
        "account": [
            account | {"positions": [{"symbol": symbols[0], **position} for position in account.get("positions", [])]}
            for account in pair.given["account"]
        ],
        "act": [
            act
            | {"at": _at(act["at"])}
            | ({"until": _at(act["until"])} if "until" in act else {})
            | ({"symbol": symbols[0]} if act["do"] != "withdraw" else {})
            for act in pair.given["act"]
        ],
        "liquidity": {"providers": 24, "capital": "2000000000"},
        "execution": {"impact_ppm": 100_000, "feedback_ppm": 0, "participation_ppm": 1_000_000},
        "funds": {"venue_fund": "1000000", "market_fund": "1000000"},
    }
    return parse_scenario(as_text(document), pair.name)


# --- the runs -----------------------------------------------------------------------------------------------


def _yielded(pair: Pair, summary: Mapping[str, Any]) -> Decimal:
    price = Decimal(pair.given["market"][0]["path"][0][1])
    traded = sum((Decimal(str(row["got"])) * price for row in summary["acts"] if row["do"] == "trade"), Decimal(0))
    costs: Decimal = pair.costs + traded * pair.given.get("fee_ppm", 0) / 1_000_000
    if pair.measure == "withdrawn":
        quanta = sum(summary["people"][name]["withdrawn_quanta"] for name in pair.who)
        unit = Decimal(10) ** int(summary["settlement_decimals"])
        return Decimal(int(quanta)) / unit - costs
    return loss_of(summary, pair.measure, pair.who) - costs


def run_pair(pair: Pair) -> Yield:
    """Play the attack under both rulebooks."""
    from solvent.lab.measures import summarise
    from solvent.lab.replay import play

    scenario = scenario_of(pair)
    on = summarise(play(scenario, rulebook_without(pair, ()), accounts=0))
    off = summarise(play(scenario, rulebook_without(pair, pair.off), accounts=0))
    refused = tuple(sorted({row["refused_as"] for row in on["acts"] if row["refused_as"]}))
    return Yield(pair, _yielded(pair, on), _yielded(pair, off), refused, (on["digest"], off["digest"]))


def row_of(found: Yield) -> str:
    """One line of the table."""
    verdict = "holds" if found.holds else "DOES NOT HOLD"
    refused = f"  refused: {', '.join(found.refused)}" if found.refused else ""
    return (
        f"{found.pair.name:28} {found.pair.measure:>10}  with the guards {found.with_guards:>14,.0f}  "
        f"without {found.without:>16,.0f}  {verdict}{refused}"
    )


def main(names: Sequence[str]) -> int:
    """Run the pairs of these names, or all, and print what each brought."""
    pairs = [pair for pair in read_pairs() if not names or pair.name in names]
    holds = True
    for pair in pairs:
        found = run_pair(pair)
        holds = holds and found.holds
        sys.stdout.write(row_of(found) + "\n")
    return 0 if holds and pairs else 1
