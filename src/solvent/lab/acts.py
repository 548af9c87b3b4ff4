"""Acts of a scenario: what people, sources and the venue do at an instant, as commands the machine may refuse.

A lie or a silence of a source bends the reports before the run; an outage loses what was sent meanwhile, in both
directions; the rest is done when its time comes. `up_to` asks for as much as the rules allow: the whole, then what is
left in halves, each an ordinary command, so that what a rulebook prevents is seen in what it refuses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvent.advisors.forecasts import draft_multipliers
from solvent.codes import Mode, Refusal
from solvent.commands import COMMAND_DTYPE, CommandKind, pack
from solvent.events import EventKind
from solvent.lab.paths import Path
from solvent.lab.scenario import Act, Scenario
from solvent.state.terms import TermsShape
from solvent.units import PPM

TRIALS_MAX = 64
DONE = ("trade", "deposit", "withdraw", "halt", "resume", "margin")
"""Acts that are commands; the others bend what is heard."""

Submit = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Performed:
    """What became of an act: units or cash asked for and got, and why the rest was refused."""

    act: Act
    asked: float
    got: float
    refused_as: str


def bend_path(path: Path, scenario: Scenario) -> Path:
    """The path as the venue hears it: lies told, silences kept, what was sent during an outage lost."""
    acts = [act for act in scenario.acts if act.do in ("report", "silence", "outage")]
    if not acts:
        return path
    price = path.price.copy()
    heard = np.ones(len(price), dtype=bool)
    for act in acts:
        here = (path.time_ns >= act.at_ns) & (path.time_ns < act.until_ns)
        if act.market >= 0:
            here &= path.instrument == act.market
        if act.feed >= 0:
            here &= path.feed == act.feed
        if act.do != "report":
            heard &= ~here
        elif act.price > 0:
            price[here] = float(act.price)
        else:
            price[here] *= float(act.factor)
    kept = np.concatenate([[0], np.cumsum(heard)])
    return Path(
        step_ns=path.step_ns,
        offsets=kept[path.offsets],
        time_ns=path.time_ns[heard],
        instrument=path.instrument[heard],
        feed=path.feed[heard],
        price=price[heard],
    )


def is_out(scenario: Scenario, now_ns: int) -> bool:
    """True while the venue is down."""
    return any(act.do == "outage" and act.at_ns <= now_ns < act.until_ns for act in scenario.acts)


def depth_factors(scenario: Scenario, now_ns: int, markets: int) -> np.ndarray:
    """What is left of each market's depth now."""
    factors = np.ones(markets)
    for act in scenario.acts:
        if act.do == "depth" and act.at_ns <= now_ns < act.until_ns:
            factors[act.market if act.market >= 0 else slice(None)] *= float(act.factor)
    return factors


class Stage:
    """Carries the acts out, in order of time, and keeps what became of them."""

    def __init__(
        self,
        scenario: Scenario,
        quantum: int,
        lot_sizes: list[float],
        ticks: np.ndarray,
        shape: TermsShape,
        terms_version: Callable[[], int],
    ) -> None:
        self.waiting = [act for act in scenario.acts if act.do in DONE]
        self.quantum = quantum
        self.lot_sizes = lot_sizes
        self.ticks = ticks
        self.shape = shape
        self.terms_version = terms_version
        self.outcomes: list[Performed] = []

    def margin_commands(self, act: Act, now_ns: int) -> np.ndarray:
        """The venue asks for more margin in a market: new terms, drafted and enacted at once."""
        wanted = [(act.market, is_long, "volatility_ppm", int(act.factor * PPM)) for is_long in (True, False)]
        drafts = draft_multipliers(now_ns, self.shape, self.terms_version() + 1, wanted)
        return np.asarray(pack(drafts))

    def perform(
        self,
        now_ns: int,
        submit: Submit,
        names: dict[str, int],
        marks: np.ndarray,
        provider: Callable[[], int],
    ) -> None:
        """Do what is due."""
        while self.waiting and self.waiting[0].at_ns <= now_ns:
            act = self.waiting.pop(0)
            if act.do == "margin":
                refusal = refusal_in(submit(self.margin_commands(act, now_ns)))
                self.outcomes.append(Performed(act, float(act.factor), 0.0 if refusal else float(act.factor), refusal))
                continue
            record = np.zeros(1, dtype=COMMAND_DTYPE)
            record["time_ns"] = now_ns
            if act.do in ("halt", "resume"):
                record["kind"], record["instrument"] = CommandKind.SET_MODE, act.market
                record["mode"] = Mode.HALTED if act.do == "halt" else Mode.ACTIVE
                refusal = refusal_in(submit(record))
                self.outcomes.append(Performed(act, 1.0, 0.0 if refusal else 1.0, refusal))
                continue
            unit, whole = 1.0, 1
            if act.do == "trade":
                unit = self.lot_sizes[act.market]
                whole = round(float(act.size) / unit)
                other = names[act.counterparty] if act.counterparty else provider()
                sides = (names[act.account], other) if act.buys else (other, names[act.account])
                record["kind"], record["instrument"] = CommandKind.TRADE, act.market
                record["account"], record["counterparty"] = sides
                asked_price = round(float(act.price) / self.ticks[act.market])
                record["price_ticks"] = asked_price or marks[act.market]
            else:
                unit = 1.0 / self.quantum
                whole = int(act.amount * self.quantum)
                record["kind"] = CommandKind.DEPOSIT if act.do == "deposit" else CommandKind.WITHDRAW
                record["account"] = names[act.account]
            field = "lots" if act.do == "trade" else "amount_quanta"
            got, refusal = (
                as_much_as_allowed(submit, record, field, whole) if act.up_to else once(submit, record, field, whole)
            )
            self.outcomes.append(Performed(act, whole * unit, got * unit, refusal))


def once(submit: Submit, record: np.ndarray, field: str, whole: int) -> tuple[int, str]:
    """All of it or nothing."""
    record[field] = whole
    refusal = refusal_in(submit(record.copy()))
    return (0 if refusal else whole), refusal


def as_much_as_allowed(submit: Submit, record: np.ndarray, field: str, whole: int) -> tuple[int, str]:
    """The whole; what is refused is tried in halves until nothing more is allowed."""
    left, part, reason = whole, whole, ""
    for _trial in range(TRIALS_MAX):
        if left == 0 or part == 0:
            break
        record[field] = min(part, left)
        refusal = refusal_in(submit(record.copy()))
        if refusal:
            reason = refusal
            part = min(part, left) // 2
        else:
            left -= min(part, left)
    return whole - left, reason if left else ""


def refusal_in(events: np.ndarray) -> str:
    """Name of the refusal among the events of one command, or nothing."""
    for event in events:
        if event["kind"] == EventKind.COMMAND_REFUSED:
            return Refusal(int(event["refusal"])).name.lower()
    return ""


def outcome_rows(outcomes: list[Performed], symbols: list[str]) -> list[dict[str, Any]]:
    """The outcomes as rows a reader or a file understands."""
    return [
        {
            "at_ns": outcome.act.at_ns,
            "do": outcome.act.do,
            "account": outcome.act.account,
            "symbol": symbols[outcome.act.market] if outcome.act.market >= 0 else "",
            "asked": outcome.asked,
            "got": outcome.got,
            "refused_as": outcome.refused_as,
        }
        for outcome in outcomes
    ]
