"""Attacks: what would it cost somebody to hurt the venue, and does it pay.

An attacker has a budget, two linked accounts at the venue, and the market outside. An attack is a list of actions; the
search draws it from a few numbers in [0, 1]:

    open      account 0 takes a position in one market, through the venue's own book (its trade moves the price)
    mirror    account 1 takes the other side of it, or part: a position to be sacrificed
    push      the price outside is moved for a while, at the cost of its own book: D e^2 / 2 for a log-move e
    pull      resting depth that others relied on is withdrawn while the push lasts (a wall that was the attacker's own)
    lie       one price source is wrong by a share for a while (a touched oracle, a rate limit that holds it back)
    close     account 0 sells what it holds when the push is at its height
    withdraw  whatever may leave leaves, account by account

Cost is what was deposited and not got back, plus the push, plus what touching a source takes; damage is what funds,
vault, winners and members lost and what stayed open. The griefing factor is damage over cost; an attack with a profit
needs no malice. Search: scrambled Sobol points, then CMA-ES from the best, all from fixed seeds; then actions are
dropped and sizes halved while most of the result stands, and the minimal witness is kept as a document that can be
played again. `pattern_of` says which known incident a witness is like.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from solvent.codes import Level
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.lab.worlds.compiled.tables import Total
from solvent.lab.worlds.faults import world_error
from solvent.lab.worlds.runs import Progress
from solvent.lab.worlds.stress import NotReproducible, Order, world_of
from solvent.lab.worlds.world import Player, World
from solvent.procedures.assess import assess_accounts

OBJECTIVES: Final = ("loss", "profit", "pareto", "liquidations")
SIDES: Final = ("any", "up", "down")
DIMENSIONS: Final = 11
PLAYERS: Final = 2
KEPT_SHARE: Final = 0.9
"""A smaller attack is a witness as long as it does so much of the damage (or profit)."""
OUTSIDE_DEPTH: Final = 1.0
"""Depth outside within one per cent, in times of the venue's own."""
WITHDRAWALS: Final = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03)
PLAN_ROOM: Final = 128
LEVERAGE_MOST: Final = 25.0
STAYS_FROM: Final = 0.6
LIE_MOST: Final = 0.3
LIE_SHARE: Final = 0.25
"""Of the budget, put down for touching a source: what it takes is not known, that it is not free is."""
PUSH_STEPS: Final = 3
"""A push is over within so many steps: slower ones give the venue time to close in good order."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing an attacker does, at a step; `size` is a notional, a log-move, a share: what the kind needs.

    A push whose `until` is not after its step stays.
    """

    kind: str
    step: int
    account: int = 0
    market: int = 0
    size: float = 0.0
    until: int = 0


@dataclass(frozen=True, slots=True)
class Toll:
    """What an attack came to, in the settlement currency."""

    damage: float
    cost: float
    profit: float
    deposited: float
    push_cost: float
    withdrawn: float
    left: float
    vault_loss: float
    funds_loss: float
    socialised: float
    closed: float = 0.0

    @property
    def griefing_factor(self) -> float:
        """Damage for each unit it cost; infinite where it pays."""
        return math.inf if self.cost <= 0.0 else self.damage / self.cost


class Arena:
    """A world with an attacker in it: plays attacks on the same quiet path."""

    def __init__(self, order: Order, budget: float, path: int = 0) -> None:
        if budget <= 0.0:
            raise world_error("attack", ("budget", f"{budget} buys nothing", "Write an amount above zero."))
        self.order = order
        self.budget = budget
        self.path = path
        self.world: World = world_of(order, players=PLAYERS)[0]
        self.players = self.world.people["players"]
        self._player = Player(self.world, planned=PLAN_ROOM)
        self.evaluations = 0
        quiet = self._player.play(path, plan=[])
        self._quiet = self._venue_loss(quiet.totals)
        self._quiet_closed = self._closed(quiet.totals)

    def _venue_loss(self, totals: np.ndarray) -> tuple[float, float, float]:
        quantum = self.world.quantum
        vault = float(totals[Total.VAULT_START] - self._vault_now()) / quantum
        funds = float(totals[Total.FUNDS_START] - totals[Total.FUNDS_END]) / quantum
        shared = float(totals[[Total.BY_ADL, Total.BY_HAIRCUT_GAINS, Total.BY_HAIRCUT_ALL, Total.OPEN_DEFICIT]].sum())
        return vault, funds, shared / quantum

    def _closed(self, totals: np.ndarray) -> float:
        return float(totals[[Total.LIQUIDATED, Total.TAKEN_OVER, Total.DELEVERAGED]].sum()) / self.world.quantum

    def _vault_now(self) -> int:
        from solvent.codes import SystemAccount

        return int(self._equities(np.array([int(SystemAccount.VAULT)]))[0])

    def _equities(self, accounts: np.ndarray) -> np.ndarray:
        answers = np.zeros((len(accounts), 4), dtype=np.int64)
        assess_accounts(self._player.state, int(Level.MAINTENANCE), accounts.astype(np.int64), answers)
        return answers[:, 0]

    def play(self, actions: Sequence[Action]) -> Toll:
        """Carry an attack out on the arena's path."""
        self.evaluations += 1
        plan, added, depth, shift, deposited, push_cost = self._laid_out(actions)
        going = self._player.play(self.path, plan=plan, added=added, depth_of=depth, shift_of=shift)
        quantum = self.world.quantum
        left = float(np.maximum(self._equities(self.players), 0).sum()) / quantum
        withdrawn = self._withdrawn(deposited, left)
        vault, funds, shared = (
            now - before for now, before in zip(self._venue_loss(going.totals), self._quiet, strict=True)
        )
        damage = max(vault, 0.0) + max(funds, 0.0) + max(shared, 0.0)
        profit = withdrawn + left - deposited - push_cost
        closed = max(self._closed(going.totals) - self._quiet_closed, 0.0)
        return Toll(damage, -profit, profit, deposited, push_cost, withdrawn, left, vault, funds, shared, closed)

    def _withdrawn(self, deposited: float, left: float) -> float:
        """What left the venue through the attacker's withdrawals: nobody else withdraws without a panic."""
        assert self.world.conditions.panic_part == 0.0
        return float(self._player.going.totals[Total.WITHDRAWN]) / self.world.quantum

    def _laid_out(
        self, actions: Sequence[Action]
    ) -> tuple[list[tuple[int, np.ndarray]], np.ndarray, np.ndarray, np.ndarray, float, float]:
        """The plan, added moves, depth multipliers, a source's error, what is deposited, what pushes and lies cost."""
        world = self.world
        steps = world.conditions.steps
        plan: list[tuple[int, np.ndarray]] = []
        added = np.zeros((steps, world.markets))
        depth = np.ones((steps, world.markets))
        shift = world.given.oracle_shift.copy()
        deposited = push_cost = 0.0
        lot_values = world.given.opening_ticks * world.given.value_per_lot_tick

        def command(kind: CommandKind, step: int, **fields: int) -> None:
            record = np.zeros(1, dtype=COMMAND_DTYPE)
            record["kind"] = kind
            for name, value in fields.items():
                record[name] = value
            plan.append((min(step, steps - 1), record))

        for action in actions:
            account = int(self.players[action.account])
            k = action.market
            if action.kind == "deposit":
                deposited += action.size
                command(
                    CommandKind.DEPOSIT, action.step, account=account, amount_quanta=int(action.size * world.quantum)
                )
            elif action.kind == "trade":
                lots = int(abs(action.size) / lot_values[k])
                if lots > 0:
                    side = {"account": account} if action.size > 0 else {"counterparty": account}
                    command(CommandKind.TRADE, action.step, instrument=k, lots=lots, **side)
            elif action.kind == "push":
                stays = action.until <= action.step
                last = steps - 1 if stays else min(max(action.until, action.step + 2), steps - 1)
                width = max(min((last - action.step) // 2, PUSH_STEPS), 1)
                added[action.step : action.step + width, k] += action.size / width
                if not stays:
                    added[last, k] -= action.size
                push_cost += 0.5 * OUTSIDE_DEPTH * float(world.given.calm_depth[k]) / 0.01 * action.size**2
            elif action.kind == "pull":
                depth[action.step : max(action.until, action.step + 1), k] *= max(action.size, 0.01)
            elif action.kind == "lie":
                shift[action.step : max(action.until, action.step + 1), 0] += action.size
                push_cost += LIE_SHARE * self.budget
            elif action.kind == "withdraw":
                for part in WITHDRAWALS:
                    amount = int(action.size * part * world.quantum)
                    if amount > 0:
                        command(CommandKind.WITHDRAW, action.step, account=account, amount_quanta=amount)
        return plan, added, depth, shift, deposited, push_cost

    def actions_of(self, x: np.ndarray) -> list[Action]:
        """The attack that a point of [0, 1]^11 stands for; deposits, push and lie keep within the budget."""
        world = self.world
        steps = world.conditions.steps
        market, side, push_share, mirror_share, leverage, start, length, pull, exits, lying, lie = np.clip(
            x, 0.0, 1.0
        ).tolist()
        k = min(int(market * world.markets), world.markets - 1)
        sign = 1.0 if side < 0.5 else -1.0
        lies = lying > 0.7
        means = self.budget * (1.0 - LIE_SHARE) if lies else self.budget
        push_budget = means * push_share * 0.9
        per_log_move = OUTSIDE_DEPTH * float(world.given.calm_depth[k]) / 0.01
        move = sign * min(math.sqrt(2.0 * push_budget / per_log_move), 1.2)
        cash = means - push_budget
        mirror_cash = cash * mirror_share * 0.8
        own_cash = cash - mirror_cash
        times = LEVERAGE_MOST**leverage
        began = 1 + int(start * steps * 0.4)
        ends = began + 2 + int(length * steps * 0.4)
        actions = [Action("deposit", 0, 0, k, own_cash)]
        if mirror_cash > 1.0:
            actions += [Action("deposit", 0, 1, k, mirror_cash)]
            # the sacrifice stands against the push: it is what the venue will be left with
            actions += [Action("trade", began, 1, k, -sign * mirror_cash * times)]
        actions += [Action("trade", began, 0, k, sign * own_cash * times)]
        if push_budget > 1.0:
            # a price that was pushed comes back, or what held it up is gone and it does not
            actions += [Action("push", began + 1, 0, k, move, 0 if length > STAYS_FROM else ends)]
        if pull > 0.3:
            actions += [Action("pull", began + 1, 0, k, 1.0 - pull, ends)]
        if lies:
            actions += [Action("lie", began + 1, 0, k, (2.0 * lie - 1.0) * LIE_MOST, ends)]
        if exits > 0.25:
            actions += [Action("trade", max(ends - 1, began + 1), 0, k, -sign * own_cash * times)]
        actions += [Action("withdraw", min(ends, steps - 2), 0, k, own_cash * (1.0 + 4.0 * exits))]
        return actions


def search_attack(
    order: Order,
    budget: float,
    *,
    objective: str = "loss",
    evaluations: int = 400,
    side: str = "any",
    lies: bool = False,
    market: str | None = None,
    shrink: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The worst attack found within a budget, its minimal witness, and the front of cost against damage and profit.

    `market` keeps to one market and `side` keeps pushes to one direction; with `lies` one price source may be made to
    say what is not so. The objective `liquidations` is notional closed by force that would not have been: harm to
    others that need not show in the venue's books. An interrupted search gives the worst it has seen, not made minimal,
    and says `partial`.
    """
    from scipy.stats import qmc

    if objective not in OBJECTIVES:
        raise world_error("attack", ("objective", f"{objective!r} is none", f"Write one of: {', '.join(OBJECTIVES)}."))
    if side not in SIDES:
        raise world_error("attack", ("side", f"{side!r} is none", f"Write one of: {', '.join(SIDES)}."))
    tell = progress or (lambda _share, _what: None)
    arena = Arena(order, budget)
    symbols = [listed.contract.symbol for listed in arena.world.scenario.markets]
    if market is not None and market not in symbols:
        raise world_error("attack", ("market", f"{market} is none here", f"Write one of: {', '.join(symbols)}."))
    place = None if market is None else (symbols.index(market) + 0.5) / len(symbols)
    seen: list[tuple[np.ndarray, Toll]] = []

    def score(outcome: Toll) -> float:
        if objective == "liquidations":
            return outcome.closed
        if objective == "profit":
            return outcome.profit
        if objective == "pareto":
            return outcome.damage + max(outcome.profit, 0.0) - 0.25 * max(outcome.cost, 0.0)
        return outcome.damage

    def value(asked: np.ndarray) -> float:
        x = np.array(asked, dtype=float)
        x[1] = {"up": 0.0, "down": 1.0}.get(side, x[1])
        x[9] = x[9] if lies else 0.0
        x[0] = x[0] if place is None else place
        outcome = arena.play(arena.actions_of(x))
        seen.append((x.copy(), outcome))
        tell(min(len(seen) / evaluations, 1.0), f"best {max(score(o) for _x, o in seen):,.0f}")
        return score(outcome)

    seeds = 1 << max(int(math.log2(max(evaluations // 3, 4))), 2)
    partial = False
    try:
        for point in qmc.Sobol(DIMENSIONS, rng=np.random.default_rng(order.seed)).random(seeds):
            value(point)
        _refine(seen, value, score, evaluations, order.seed)
    except KeyboardInterrupt:
        if not seen:
            raise
        partial = True
    best_x, best = max(seen, key=lambda item: (score(item[1]), -item[1].cost))
    actions = arena.actions_of(best_x)
    witness, outcome = _shrunk(arena, actions, best, score) if shrink and not partial else (actions, best)
    return {
        "schema": "attack/1",
        "objective": objective,
        "budget": budget,
        "currency": arena.world.scenario.settlement,
        "evaluations": arena.evaluations,
        "partial": partial,
        "damage": best.damage,
        "cost": best.cost,
        "profit": best.profit,
        "griefing_factor": best.griefing_factor if math.isfinite(best.griefing_factor) else None,
        "profitable": best.profit > 0.0,
        "pattern": pattern_of(witness),
        "closed": best.closed,
        "market": arena.world.scenario.markets[actions[0].market].contract.symbol,
        "best": {"outcome": asdict(best), "actions": [asdict(action) for action in actions]},
        "witness": {"outcome": asdict(outcome), "actions": [asdict(action) for action in witness]},
        "front": _front([item[1] for item in seen]),
        "seed": order.seed,
        "digests": arena.world.digests(),
    }


def _refine(seen: list[tuple[np.ndarray, Toll]], value: Any, score: Any, evaluations: int, seed: int) -> None:
    """CMA-ES from the best Sobol point, until the evaluations are spent."""
    import cma

    start = max(seen, key=lambda item: score(item[1]))[0]
    scale = max(abs(score(outcome)) for _x, outcome in seen) or 1.0
    strategy = cma.CMAEvolutionStrategy(
        start.tolist(), 0.15, {"seed": seed % (2**31 - 2) + 1, "bounds": [0.0, 1.0], "verbose": -9, "verb_log": 0}
    )
    while len(seen) < evaluations and not strategy.stop():
        asked = strategy.ask()
        strategy.tell(asked, [-value(np.asarray(point)) / scale for point in asked])


def _shrunk(arena: Arena, actions: list[Action], best: Toll, score: Any) -> tuple[list[Action], Toll]:
    """Drop actions, then halve sizes, while KEPT_SHARE of the score stands."""
    least = KEPT_SHARE * score(best) if score(best) > 0 else score(best)
    kept, outcome = list(actions), best
    changed = True
    while changed:
        changed = False
        for place in range(len(kept) - 1, -1, -1):
            fewer = kept[:place] + kept[place + 1 :]
            tried = arena.play(fewer)
            if score(tried) >= least:
                kept, outcome, changed = fewer, tried, True
    for place in range(len(kept)):
        for _turn in range(4):
            halved = list(kept)
            action = halved[place]
            halved[place] = Action(
                action.kind, action.step, action.account, action.market, action.size / 2, action.until
            )
            tried = arena.play(halved)
            if score(tried) < least:
                break
            kept, outcome = halved, tried
    return kept, outcome


def _front(outcomes: list[Toll]) -> list[dict[str, float]]:
    """Outcomes nobody beats in cost, damage and profit at once, cheapest first."""
    points = np.array([[outcome.cost, -outcome.damage, -outcome.profit] for outcome in outcomes])
    kept = [
        row
        for row in range(len(points))
        if not ((points <= points[row]).all(axis=1) & (points < points[row]).any(axis=1)).any()
    ]
    ordered = sorted(kept, key=lambda row: (outcomes[row].cost, -outcomes[row].damage))
    return [
        {"cost": outcomes[row].cost, "damage": outcomes[row].damage, "profit": outcomes[row].profit} for row in ordered
    ]


PATTERNS: Final = {
    "sacrificed short": ("i21-hyperliquid-jelly-2025", "a short is left to the venue and the price pushed up"),
    "sacrificed long": ("i25-popcat-2025", "a long is left to the venue when the price, or the wall under it, goes"),
    "false report": ("Aave's rate-limited oracle, March 2026", "one source is wrong and healthy accounts are closed"),
    "pushed price": ("i14-mango-2022", "a gain at a pushed price is taken out"),
    "none": ("", "nothing known"),
}
"""What a witness is like: the incident, and how it works."""


def pattern_of(actions: Sequence[Action]) -> dict[str, str]:
    """The known pattern of a minimal witness: what was left standing against a push, a lie, or a gain taken out."""
    pushes = sum(action.size for action in actions if action.kind == "push")
    pulled = any(action.kind == "pull" for action in actions)
    held: dict[int, float] = {}
    for action in actions:
        if action.kind == "trade":
            held[action.account] = held.get(action.account, 0.0) + action.size
    left = min(held.values(), default=0.0), max(held.values(), default=0.0)
    if pushes > 0.0 and left[0] < 0.0:
        name = "sacrificed short"
    elif (pushes < 0.0 or pulled) and left[1] > 0.0:
        name = "sacrificed long"
    elif any(action.kind == "lie" for action in actions):
        name = "false report"
    elif pushes != 0.0 and held:
        name = "pushed price"
    else:
        name = "none"
    like, how = PATTERNS[name]
    return {"name": name, "like": like, "how": how}


def write_witness(file: Path, order: Order, result: dict[str, Any]) -> None:
    """Keep the minimal attack with the order it was found under: a document that is played again as a test."""
    document = {
        "schema": "witness/1",
        "budget": result["budget"],
        "order": order,
        "actions": result["witness"]["actions"],
        "outcome": result["witness"]["outcome"],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2))


class _Witness(msgspec.Struct):
    schema: str
    budget: float
    order: Order
    actions: list[Action]
    outcome: dict[str, float]


def replay_witness(file: Path, rulebook: str | None = None) -> dict[str, Any]:
    """Play a witness again, under its own rulebook or another. Raises NotReproducible, WorldError.

    Under its own rulebook the outcome must be what was recorded, to the cent.
    """
    from solvent.rulebook.document import read_rulebook

    try:
        witness = msgspec.json.decode(file.read_bytes(), type=_Witness)
    except (OSError, msgspec.DecodeError) as error:
        raise world_error(file.name, ("", f"it is no witness: {error}", "Name a file that --witness wrote.")) from None
    order = witness.order
    if rulebook is not None:
        rules = read_rulebook(rulebook)
        order = replace(order, rulebook_text=rules.text, rulebook_name=rules.name)
    outcome = Arena(order, witness.budget).play(witness.actions)
    if rulebook is None and abs(outcome.damage - witness.outcome["damage"]) > 0.01:
        raise NotReproducible(
            f"{file.name}: damage is {outcome.damage:,.2f} now and was {witness.outcome['damage']:,.2f}. "
            "The machine or the rulebook has changed since."
        )
    return {"rulebook": order.rulebook_name, "outcome": asdict(outcome), "recorded": witness.outcome}
