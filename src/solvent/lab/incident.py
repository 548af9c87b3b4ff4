"""Known incidents as scenarios: what happened, under whose rules, and what would happen under the recommended ones.

An incident is a scenario document with three more sections:

    [incident]  what it was, where it is told, and what the public record says was lost
    [then]      the venue's rules at the time, and how the loss is measured in a run under them
    [now]       who may pay under the recommended rules, and the most it may cost them

Its loss is *reproduced* when the run under the rules of the time loses what the record says, within the tolerance
stated; where the record is too thin to say, `thin` gives the reason and only what is known is asserted. It is
*contained* when under the recommended rules nobody but the defaulter and the tranches named pays, and nothing is
left open.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from solvent.codes import Tranche
from solvent.lab.scenario import PARAMETERS as STORY_PARAMETERS
from solvent.lab.scenario import Scenario, ScenarioError, build_scenario
from solvent.rulebook.document import Rulebook, nesting_fault, parse_rulebook, read_rulebook, syntax_fault
from solvent.rulebook.faults import Fault
from solvent.rulebook.locate import lines_of
from solvent.rulebook.reading import Reading
from solvent.rulebook.schema import Parameter, Type, tree_of

INCIDENTS: Final = Path(__file__).parent / "incidents"
RULES_THEN: Final = INCIDENTS / "rulebooks"
RECOMMENDED: Final = "solvent"
TRANCHES: Final = (*(tranche.name.lower() for tranche in Tranche), "vault_inventory")
#: Who is asked last, and never in a contained run: other traders.
OTHERS: Final = ("adl", "haircut_gains", "haircut_all")
ORDINARY_NOTIONAL: Final = 100_000

MEASURES: Final = {
    "shortfall": "losses below zero that somebody else had to pay",
    "vault": "what the backstop's members lost",
    "funds": "what the insurance funds and the venue lost",
    "others": "what other traders were charged",
    "liquidated": "notional closed by force",
    "deleveraged": "notional closed against winners",
    "gain": "what the named accounts took away",
    "lost": "what the named accounts lost",
}


def _money(path: str, why: str, **more: Any) -> Parameter:
    return Parameter(path, Type.MONEY, why, unit="settlement currency", least=0, most=10**15, **more)


PARAMETERS: Final = (
    *(row for row in STORY_PARAMETERS if row.path != "schema"),
    Parameter("schema", Type.CHOICE, "Which declarations it follows.", choices=("incident/1",), required=True),
    Parameter("incident", Type.TABLE, "What happened.", required=True),
    Parameter("incident.date", Type.TEXT, "When.", required=True),
    Parameter("incident.venue", Type.TEXT, "Where.", required=True),
    Parameter("incident.class", Type.TEXT, "What kind of failure.", required=True),
    Parameter("incident.mechanism", Type.TEXT, "How it came about, in a sentence or two.", required=True),
    _money("incident.loss", "What the record says was lost, by the measure below.", default="0"),
    Parameter(
        "incident.tolerance_ppm", Type.PPM, "How far the run may be from it.", least=0, most=10**6, default=100_000
    ),
    Parameter("incident.thin", Type.TEXT, "Why the record cannot be reproduced, where it cannot."),
    Parameter("incident.left_out", Type.TEXTS, "What the story here leaves out or sets by assumption.", default=()),
    Parameter("then", Type.TABLE, "The venue's rules at the time.", required=True),
    Parameter("then.rulebook", Type.TEXT, "A rulebook of the incidents or a preset.", required=True),
    Parameter("then.measure", Type.CHOICE, "How the loss shows in a run.", choices=tuple(MEASURES), required=True),
    Parameter("then.accounts", Type.TEXTS, "Whose gain or loss, for those measures.", default=()),
    _money("then.at_least", "Known lower bound of the loss where the record is thin.", default="0"),
    Parameter("now", Type.TABLE, "Under the recommended rules.", default={}),
    Parameter("now.may_pay", Type.TEXTS, "Tranches that may pay.", default=("market_fund",)),
    _money("now.loss_max", "The most they may pay together.", default="0"),
    Parameter("now.attackers", Type.TEXTS, "Accounts that only pay themselves when they are charged.", default=()),
    Parameter("now.refused", Type.TEXTS, "Refusals that must stop an act.", default=()),
    Parameter("now.quiet", Type.FLAG, "A control day: no market may halt.", default=False),
)
TREE: Final = tree_of(PARAMETERS)


@dataclass(frozen=True, slots=True)
class Incident:
    """One card of the library and the story it tells."""

    id: str
    scenario: Scenario
    date: str
    venue: str
    kind: str
    mechanism: str
    loss: Decimal
    tolerance: Fraction
    thin: str
    left_out: tuple[str, ...]
    rulebook_then: str
    measure: str
    accounts: tuple[str, ...]
    at_least: Decimal
    may_pay: tuple[str, ...]
    loss_max: Decimal
    attackers: tuple[str, ...]
    refused: tuple[str, ...]
    quiet: bool


@dataclass(frozen=True, slots=True)
class Retold:
    """What the two runs of an incident showed. Money is in units of the settlement currency."""

    incident: Incident
    loss_then: Decimal
    loss_now: Decimal
    reproduced: bool | None
    contained: bool
    paid_by_then: Mapping[str, Decimal]
    paid_by: Mapping[str, Decimal]
    refused_now: tuple[str, ...]
    initial_then: float
    initial_now: float
    digest_then: str
    digest_now: str
    why: tuple[str, ...]

    @property
    def extra_capital(self) -> Decimal:
        """What a position of ORDINARY_NOTIONAL must bring more on a calm day than it had to then; less is negative."""
        return Decimal(round((self.initial_now - self.initial_then) * ORDINARY_NOTIONAL))


def incident_ids() -> tuple[str, ...]:
    """The incidents that ship with the package, in order of their numbers."""
    return tuple(sorted(file.stem for file in INCIDENTS.glob("*.toml")))


def read_incident(place: str | Path) -> Incident:
    """The incident of that id, or in a file. Raises ScenarioError with every fault."""
    file = INCIDENTS / f"{place}.toml" if str(place) in incident_ids() else Path(place)
    if not file.is_file():
        remedy = f"Name a file or one of: {', '.join(incident_ids())}."
        raise ScenarioError(str(place), [Fault(None, "", "there is no such incident", remedy)])
    text = file.read_text(encoding="utf-8")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(file.name, [syntax_fault(text, str(error))]) from None
    except RecursionError:
        raise ScenarioError(file.name, [nesting_fault()]) from None
    reading = Reading(lines_of(text), template=False)
    values = reading.table(TREE, document, ())
    then, now = values.get("then", {}), values.get("now", {})
    people = [account.get("name") for account in values.get("account", ())]
    for section, field in (("then", "accounts"), ("now", "attackers")):
        for who in values.get(section, {}).get(field, ()):
            if who not in people:
                reading.refuse((section, field), f"nobody here is called {who}", "Name an [[account]].")
    for tranche in now.get("may_pay", ()):
        if tranche not in TRANCHES:
            reading.refuse(("now", "may_pay"), f"{tranche} is no tranche", f"Known: {', '.join(TRANCHES)}.")
    scenario = build_scenario(reading, values, text, file.name)
    card = values["incident"]
    return Incident(
        id=file.stem,
        scenario=scenario,
        date=card["date"],
        venue=card["venue"],
        kind=card["class"],
        mechanism=card["mechanism"],
        loss=card["loss"],
        tolerance=card["tolerance_ppm"],
        thin=card.get("thin", ""),
        left_out=tuple(card["left_out"]),
        rulebook_then=then["rulebook"],
        measure=then["measure"],
        accounts=tuple(then["accounts"]),
        at_least=then["at_least"],
        may_pay=tuple(now["may_pay"]),
        loss_max=now["loss_max"],
        attackers=tuple(now["attackers"]),
        refused=tuple(now["refused"]),
        quiet=now["quiet"],
    )


def rulebook_then(name: str) -> Rulebook:
    """The rules of the time: one of the incidents' own rulebooks, or a preset. Raises RulebookError."""
    own = RULES_THEN / f"{name}.toml"
    return parse_rulebook(own.read_text(encoding="utf-8"), own.name) if own.is_file() else read_rulebook(name)


def loss_of(summary: Mapping[str, Any], measure: str, accounts: tuple[str, ...]) -> Decimal:
    """The loss of a run by one of the MEASURES, in units of the settlement currency."""
    unit = Decimal(10) ** int(summary["settlement_decimals"])
    funds = summary["funds"]

    def spent(name: str) -> int:
        return int(funds[name]["start_quanta"]) - int(funds[name]["end_quanta"])

    if measure == "shortfall":
        quanta = summary["shortfall_quanta"]
    elif measure == "vault":
        quanta = spent("liquidity_vault")
    elif measure == "funds":
        quanta = spent("market_funds") + spent("venue_fund") + spent("venue_capital")
    elif measure == "others":
        quanta = sum(summary["paid_quanta"][name] for name in OTHERS) + summary["open_deficit_quanta"]
    elif measure == "liquidated":
        quanta = summary["liquidated_notional_quanta"]
    elif measure == "deleveraged":
        quanta = summary["adl"]["notional_quanta"]
    else:
        gained = sum(summary["people"][name]["gain_quanta"] for name in accounts)
        quanta = gained if measure == "gain" else -gained
    return Decimal(int(quanta)) / unit


def run_incident(incident: Incident, *, seed: int = 1, progress: Callable[[float, str], None] | None = None) -> Retold:
    """Play the incident under the rules of the time and under the recommended ones."""
    from solvent.lab.measures import summarise
    from solvent.lab.replay import play

    def share(first: float) -> Callable[[float, str], None] | None:
        return None if progress is None else lambda done, _what: progress(first + done / 2, incident.id)

    old_rules, new_rules = rulebook_then(incident.rulebook_then), read_rulebook(RECOMMENDED)
    then = summarise(play(incident.scenario, old_rules, seed=seed, progress=share(0.0)))
    now = summarise(play(incident.scenario, new_rules, seed=seed, progress=share(0.5)))
    loss_then = loss_of(then, incident.measure, incident.accounts)
    loss_now = loss_of(now, incident.measure, incident.accounts)
    refused = tuple(sorted({row["refused_as"] for row in now["acts"] if row["refused_as"]}))
    paid = paid_by(now, incident.attackers)
    why = faults_of(incident, now, paid, refused)
    return Retold(
        incident=incident,
        loss_then=loss_then,
        loss_now=max(loss_now, Decimal(0)),
        reproduced=is_reproduced(incident, loss_then),
        contained=not why,
        paid_by_then=paid_by(then, ()),
        paid_by=paid,
        refused_now=refused,
        initial_then=ordinary_initial(incident.scenario, old_rules),
        initial_now=ordinary_initial(incident.scenario, new_rules),
        digest_then=then["digest"],
        digest_now=now["digest"],
        why=tuple(why),
    )


def paid_by(summary: Mapping[str, Any], attackers: tuple[str, ...]) -> dict[str, Decimal]:
    """Who paid, tranche by tranche; what the backstop lost on what it took over; what is left open.

    Of what other traders paid, the part that fell on the attackers themselves is told apart.
    """
    unit = Decimal(10) ** summary["settlement_decimals"]
    paid = {name: Decimal(amount) / unit for name, amount in summary["paid_quanta"].items() if amount}
    own = Decimal(sum(summary["people"][name]["charged_quanta"] for name in attackers)) / unit
    if own:
        paid["attackers"] = own
        for name in OTHERS:
            part = min(own, paid.get(name, Decimal(0)))
            if part:
                paid[name] -= part
                own -= part
    inventory = loss_of(summary, "vault", ()) - paid.get("liquidity_vault", Decimal(0))
    if inventory > 0:
        paid["vault_inventory"] = inventory
    if summary["open_deficit_quanta"]:
        paid["left_open"] = Decimal(summary["open_deficit_quanta"]) / unit
    return {name: amount for name, amount in paid.items() if amount}


def is_reproduced(incident: Incident, loss_then: Decimal) -> bool | None:
    """Whether the run lost what the record says; None where the record is too thin to say.

    A thin record still knows something: that the loss was at least `at_least`. A run below it is not reproduced.
    """
    if incident.thin:
        return None if loss_then >= incident.at_least else False
    return abs(Fraction(loss_then) - Fraction(incident.loss)) <= incident.tolerance * Fraction(incident.loss)


def faults_of(
    incident: Incident, now: Mapping[str, Any], paid: Mapping[str, Decimal], refused: tuple[str, ...]
) -> list[str]:
    """Why the recommended rules did not contain it; empty when they did."""
    allowed = {*incident.may_pay, "attackers"}
    found = [f"{name.replace('_', ' ')} {amount:,.0f}" for name, amount in paid.items() if name not in allowed]
    cost = sum((amount for name, amount in paid.items() if name != "attackers"), Decimal(0))
    if cost > incident.loss_max:
        found.append(f"it cost {cost:,.0f}, more than {incident.loss_max:,.0f}")
    found += [f"nothing was refused as {name}" for name in incident.refused if name not in refused]
    if incident.quiet:
        found += [f"{symbol} halted" for symbol, spent in now["halted_ns"].items() if spent]
    if not all(now["checks"].values()):
        found.append("the books do not balance")
    return found


def ordinary_initial(scenario: Scenario, rulebook: Rulebook) -> float:
    """Mean share of its notional that a position of 100,000 must bring on a calm day, over the story's markets."""
    import numpy as np

    from solvent.lab.population import initial_requirement
    from solvent.rulebook.compile import compile_terms

    compiled = compile_terms(rulebook, [market.contract for market in scenario.markets])
    notional = np.array([float(ORDINARY_NOTIONAL * 10**compiled.settlement_decimals)])
    traded = [k for k, market in enumerate(scenario.markets) if market.contract.position_max > 0]
    shares = [float(initial_requirement(compiled, k, notional)[0] / notional[0]) for k in traded]
    return sum(shares) / max(len(shares), 1)
