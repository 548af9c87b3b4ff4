"""A world: markets, people, a rulebook, a model of prices and conditions, ready to be played many times.

world = build_world(read_scenario("stress"), read_rulebook("solvent"), model, Conditions(), seed=1)
player = Player(world)
rows = player.play(0)          # path 0, whoever plays it and whatever was played before
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from solvent import __version__
from solvent.codes import AccountKind, Level
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.compiled import ground_digest, quick_compilation
from solvent.engine.engine import Engine, Genesis
from solvent.engine.room import Machine, fresh_watch
from solvent.events import Tape, blank_tape
from solvent.lab.opening import joined, opening_commands, sources_of
from solvent.lab.population import settle_people
from solvent.lab.replay import check_start
from solvent.lab.scenario import NANOSECONDS, Scenario
from solvent.lab.worlds.compiled.generators import Generator, Model, bend_path, draw_path
from solvent.lab.worlds.compiled.linking import apply_address, worlds_digest
from solvent.lab.worlds.compiled.loop import LAST_ROUNDS, play_steps, start_path
from solvent.lab.worlds.compiled.tables import BATCH_ROOM, Cursor, Given, Going, Rate, Setting, blank_going
from solvent.lab.worlds.conditions import Bend, Conditions, bend_of, check_conditions
from solvent.lab.worlds.faults import world_error
from solvent.risk.watch import Watch
from solvent.rulebook.compile import CompiledTerms, compile_terms
from solvent.rulebook.contracts import Feed
from solvent.rulebook.document import Rulebook
from solvent.state.tables import State
from solvent.state.whole import FIRST_TABLES, copy_state, first_user_account, grow

LADDER_SHARES = np.array([0.0, 0.15, 0.40, 0.70, 1.0])
"""Share of what a book holds within one per cent, from the best price outwards."""
LADDER_DISTANCES = np.array([0.0002, 0.001, 0.003, 0.006, 0.01])
"""Distance from the price at those shares: a book is denser near the top and half a spread wide."""
KINDS: tuple[Literal["spot", "perp", "mark"], ...] = ("spot", "perp", "mark")
FEED_FOLLOWS = {"spot": 0.6, "perp": 0.8, "mark": 1.0}
"""How far a feed of a kind follows the venue's own price when forced trading moves it: arbitrageurs pull together."""
TILTED = (Generator.KOU, Generator.HAWKES, Generator.REGIME)
COLLATERAL_DISCOUNT = 0.02
ADVANCES = 32


@dataclass(frozen=True)
class World:
    """Everything that is the same on all paths of a run."""

    scenario: Scenario
    rulebook: Rulebook
    compiled: CompiledTerms
    conditions: Conditions
    model: Model
    bend: Bend
    given: Given
    genesis: Genesis
    state: State
    opening: np.ndarray
    people: dict[str, np.ndarray]
    seed: int
    data_digest: str

    @property
    def quantum(self) -> int:
        """Quanta of one unit of the settlement currency."""
        return int(10**self.compiled.settlement_decimals)

    @property
    def markets(self) -> int:
        """Number of markets."""
        return len(self.scenario.markets)

    def maintenance_rate(self, market: int) -> float:
        """Share of the notional that a small position must keep; the highest rate where it follows a curve."""
        terms = self.compiled.terms
        schedule = terms.schedules[Level.MAINTENANCE * len(terms.contracts) + market]
        if schedule.bracket_count > 0:
            return float(terms.brackets[int(schedule.first_bracket)].numerator) / float(schedule.denominator)
        return float(schedule.rate_max_ppm) / 1e6

    def model_key(self) -> str:
        """Fingerprint of everything a path depends on beside its number."""
        return _digest_of(
            str(self.seed),
            *self.digests().values(),
            self.opening.tobytes(),
            *(np.ascontiguousarray(part).tobytes() for part in self.given),
        )

    def digests(self) -> dict[str, str]:
        """What a figure must say about where it comes from."""
        return {
            "engine_version": __version__,
            "engine_digest": ground_digest(),
            "worlds_digest": worlds_digest(),
            "rulebook": self.rulebook.name.removesuffix(".toml"),
            "rulebook_digest": self.rulebook.digest,
            "scenario": self.scenario.name,
            "scenario_digest": self.scenario.digest,
            "conditions_digest": _digest_of(repr(self.conditions)),
            "model_digest": _digest_of(*(np.ascontiguousarray(part).tobytes() for part in self.model)),
            "data_digest": self.data_digest,
        }


def _digest_of(*parts: str | bytes) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()


def with_conditions(scenario: Scenario, conditions: Conditions, interest_times: float) -> Scenario:
    """The scenario as the conditions want it: feeds, and how much is at stake."""
    feeds: tuple[Feed, ...] = (Feed("index", "spot"),)
    if conditions.feeds > 1:
        feeds = tuple(
            Feed(f"{kind}_{f // 3}", kind) for f, kind in zip(range(conditions.feeds), KINDS * 3, strict=False)
        )
    markets = []
    for market in scenario.markets:
        if market.depth <= 0 or market.daily_volume <= 0:
            raise world_error(
                scenario.name,
                (
                    f"instrument {market.contract.symbol}.depth",
                    "a market without depth or volume takes no order: nobody could be closed out",
                    "Write a depth and a daily_volume above zero.",
                ),
            )
        interest = market.open_interest * round(interest_times * 1000) / 1000
        contract = replace(market.contract, feeds=feeds)
        markets.append(replace(market, contract=contract, open_interest=interest))
    return replace(scenario, markets=tuple(markets))


def build_world(
    scenario: Scenario,
    rulebook: Rulebook,
    model: Model,
    conditions: Conditions,
    *,
    seed: int = 1,
    accounts: int | None = None,
    plan: Sequence[tuple[int, np.ndarray]] = (),
    players: int = 0,
    book: Any = None,
    data_digest: str = "",
) -> World:
    """The start of every path: a venue with its people under a rulebook.

    `plan` adds commands at given steps; `players` are accounts opened without cash, for who plans to use them; `book`
    (solvent.lab.worlds.snapshot.Snapshot) takes the place of the seeded people. Raises RulebookError, ScenarioError or
    WorldError with every fault.
    """
    check_conditions(conditions)
    if conditions.jumps_times != 1.0 and int(model.kind[0]) not in TILTED:
        raise world_error(
            "conditions",
            (
                "jumps",
                "this model has no jumps that could come more often",
                "Use kou, hawkes or regime, or leave the option out.",
            ),
        )
    if len(model.volatility) != len(scenario.markets):
        raise world_error(
            scenario.name,
            (
                "model",
                f"it has {len(model.volatility)} markets, the scenario {len(scenario.markets)}",
                "Fit it on all of them.",
            ),
        )
    interest_times = 1.0
    for shock in conditions.shocks:
        if shock.dimension == "interest":
            interest_times *= shock.size
    scenario = with_conditions(scenario, conditions, interest_times)
    compiled = compile_terms(rulebook, [market.contract for market in scenario.markets])
    used = compiled.terms.assets.used.astype(bool)
    used[0] = False
    priced = sorted({int(row) for row in compiled.terms.assets.price_instrument[used]})
    bend = bend_of(conditions, len(scenario.markets), conditions.feeds, priced)
    ticks = np.array([float(market.contract.tick_size) for market in scenario.markets])
    opening_prices = np.array([float(market.waypoints[0][1]) for market in scenario.markets])
    opening_ticks = np.maximum(np.round(opening_prices / ticks), 1).astype(np.int64)
    documents = {"rulebook": rulebook.text, "rulebook_name": rulebook.name, "scenario": scenario.name}
    if book is not None:
        genesis, opening, people = book.opening(scenario, compiled, opening_ticks, documents)
        engine = Engine.in_memory(genesis)
        engine.submit(opening)
    else:
        genesis = Genesis.of(compiled.terms, compiled.symbols, documents)
        engine = Engine.in_memory(genesis)
        count = int(scenario.population["accounts"]) if accounts is None else accounts
        settled = settle_people(scenario, compiled, opening_ticks, count, seed)
        commands = _linked(settled.commands, settled.traders, conditions.linked_share, seed)
        venue = opening_commands(scenario, compiled, opening_ticks, vault=False)
        vault = _members(scenario, settled.providers, compiled.settlement_decimals, int(commands["time_ns"][-1]))
        first = engine.submit(venue)
        told = engine.submit(joined([commands, vault]))
        check_start(scenario, settled, np.concatenate([first, told]))
        opened = _players(players, int(engine.state.venue[0].account_count), int(commands["time_ns"][-1]))
        engine.submit(opened)
        opening = joined([venue, commands, vault, opened])
        people = {
            "providers": settled.providers,
            "traders": settled.traders,
            "given": np.array(list(settled.names.values()), dtype=np.int64),
            "players": opened["account"].astype(np.int64),
        }
    given = _given(scenario, compiled, conditions, bend, opening_ticks, people, seed, plan, engine.state)
    return World(
        scenario, rulebook, compiled, conditions, model, bend, given, genesis, engine.state, opening, people, seed,
        data_digest,
    )  # fmt: skip


def _linked(commands: np.ndarray, traders: np.ndarray, share: float, seed: int) -> np.ndarray:
    """The same commands with some accounts given the owner of the one before: one entity, several accounts."""
    if share <= 0.0 or len(traders) < 2:
        return commands
    random = np.random.Generator(np.random.PCG64([seed, 0x6C696E6B]))
    opened = np.flatnonzero((commands["kind"] == CommandKind.OPEN_ACCOUNT) & np.isin(commands["account"], traders))
    follows = random.random(len(opened)) < share
    follows[0] = False
    owners = commands["owner"][opened].copy()
    for place in np.flatnonzero(follows).tolist():
        owners[place] = owners[place - 1]
    linked = commands.copy()
    linked["owner"][opened] = owners
    return linked


def _players(count: int, first: int, time_ns: int) -> np.ndarray:
    """Accounts of one owner, opened without cash."""
    commands = np.zeros(count, dtype=COMMAND_DTYPE)
    commands["kind"], commands["time_ns"] = CommandKind.OPEN_ACCOUNT, time_ns
    commands["account"] = first + np.arange(count)
    commands["owner"], commands["account_kind"] = first, AccountKind.CROSS
    return commands


def _members(scenario: Scenario, providers: np.ndarray, decimals: int, time_ns: int) -> np.ndarray:
    """The vault's cash, brought in by the market makers as its members."""
    total = int(scenario.funds["vault"] * 10**decimals)
    part = total // len(providers)
    commands = np.zeros(2 * len(providers) if part > 0 else 0, dtype=COMMAND_DTYPE)
    commands["time_ns"] = time_ns
    for row in range(len(commands) // 2):
        brought, joins = commands[2 * row], commands[2 * row + 1]
        brought["kind"], brought["account"], brought["amount_quanta"] = CommandKind.DEPOSIT, providers[row], part
        joins["kind"], joins["account"], joins["amount_quanta"] = CommandKind.JOIN_VAULT, providers[row], part
    return commands


def _given(
    scenario: Scenario,
    compiled: CompiledTerms,
    conditions: Conditions,
    bend: Bend,
    opening_ticks: np.ndarray,
    people: dict[str, np.ndarray],
    seed: int,
    plan: Sequence[tuple[int, np.ndarray]],
    state: State,
) -> Given:
    markets = len(scenario.markets)
    execution = scenario.execution
    settings = np.zeros(len(Setting), dtype=np.int64)
    settings[Setting.START_NS] = scenario.start_ns
    settings[Setting.STEP_NS] = conditions.step_s * NANOSECONDS
    settings[Setting.MARKETS] = markets
    settings[Setting.FEEDS] = conditions.feeds
    settings[Setting.PROVIDER_FIRST] = people["providers"][0]
    settings[Setting.PROVIDERS] = len(people["providers"])
    settings[Setting.USER_FIRST] = int(people["providers"][-1]) + 1
    beat_ns = _beat_ns(compiled)
    settings[Setting.BEAT_NS] = beat_ns
    settings[Setting.ROUNDS_MAX] = max(conditions.rounds, -(-conditions.step_s * NANOSECONDS // beat_ns))
    settings[Setting.LATENCY_NS] = int(bend.latency_s * NANOSECONDS)
    settings[Setting.UNWIND_STEPS] = int(scenario.engine["vault_unwind_steps"])
    settings[Setting.ADVANCE_COUNT] = int(compiled.terms.policy[0].advance_max)
    settings[Setting.ADVANCES] = ADVANCES
    settings[Setting.SEED] = seed
    settings[Setting.FUNDING_STEPS] = conditions.funding_s // conditions.step_s
    rates = np.zeros(len(Rate))
    rates[Rate.IMPACT_SCALE] = float(execution["impact_ppm"])
    rates[Rate.FEEDBACK] = float(execution["feedback_ppm"])
    rates[Rate.PERMANENT] = float(execution["permanent_ppm"])
    rates[Rate.RECOVERY_SECONDS] = float(execution["recovery_s"])
    rates[Rate.PARTICIPATION] = float(execution["participation_ppm"])
    rates[Rate.COLLAPSE] = float(execution["collapse_ppm"])
    rates[Rate.REFILL_SECONDS] = float(execution["refill_s"])
    rates[Rate.COLLATERAL_DISCOUNT] = COLLATERAL_DISCOUNT
    rates[Rate.PANIC_FALL] = conditions.panic_fall
    rates[Rate.PANIC_SHARE] = conditions.panic_share
    rates[Rate.PANIC_PART] = conditions.panic_part
    rates[Rate.RUN_FALL] = conditions.run_fall
    rates[Rate.RUN_PART] = conditions.run_part
    rates[Rate.QUANTUM] = 10.0**compiled.settlement_decimals
    rates[Rate.FUNDING_CAP] = float(compiled.terms.policy[0].funding_rate_max_ppb) / 1e9
    listed, first = laid_out([*plan, *_halts(bend, markets)], conditions.steps)
    feeds = [feed.kind for feed in scenario.markets[0].contract.feeds]
    quantum = 10**compiled.settlement_decimals
    return Given(
        settings=settings,
        rates=rates,
        opening_ticks=opening_ticks.astype(float),
        calm_depth=np.array([float(market.depth) for market in scenario.markets]),
        daily_volume=np.array([float(market.daily_volume) for market in scenario.markets]),
        daily_volatility=np.array([float(market.daily_volatility) for market in scenario.markets]),
        value_per_lot_tick=compiled.terms.contracts.quanta_per_lot_tick[:markets].astype(float) / quantum,
        ladder_shares=LADDER_SHARES.copy(),
        ladder_distances=LADDER_DISTANCES.copy(),
        feed_sources=sources_of(scenario, compiled)[:, : conditions.feeds].copy(),
        feed_follows=np.array([FEED_FOLLOWS[kind] if conditions.feeds > 1 else 1.0 for kind in feeds]),
        feed_noise=np.full(conditions.feeds, conditions.feed_noise),
        oracle_lag=bend.oracle_lag,
        oracle_shift=bend.oracle_shift,
        keepers_work=bend.keepers_work,
        plan=listed.view(np.recarray),
        plan_first=first,
    )


def laid_out(plan: Sequence[tuple[int, np.ndarray]], steps: int) -> tuple[np.ndarray, np.ndarray]:
    """A plan as the loop reads it: all commands in order of their steps, and where each step begins [steps + 1]."""
    first = np.zeros(steps + 1, dtype=np.int64)
    for step, commands in plan:
        if not 0 <= step < steps:
            raise world_error("plan", (f"step {step}", "it is outside the horizon", f"Plan steps 0 to {steps - 1}."))
        first[step + 1] += len(commands)
    ordered = [commands for _step, commands in sorted(plan, key=lambda item: item[0])]
    return (joined(ordered) if ordered else np.zeros(0, dtype=COMMAND_DTYPE)), np.cumsum(first)


def _beat_ns(compiled: CompiledTerms) -> int:
    """How often sources must speak so that no price is too old: two thirds of the least age the rulebook believes."""
    feeds = compiled.terms.feeds
    ages = feeds.age_max_ns[(feeds.weight > 0) & (feeds.age_max_ns > 0)]
    return int(ages.min()) * 2 // 3 if len(ages) else 3600 * NANOSECONDS


def _halts(bend: Bend, markets: int) -> list[tuple[int, np.ndarray]]:
    """Operator commands that halt every market and open it again."""
    from solvent.codes import Mode

    found: list[tuple[int, np.ndarray]] = []
    for first, last in bend.halts:
        for step, mode in ((first, Mode.HALTED), (last, Mode.ACTIVE)):
            commands = np.zeros(markets, dtype=COMMAND_DTYPE)
            commands["kind"], commands["mode"] = CommandKind.SET_MODE, mode
            commands["instrument"] = np.arange(markets)
            if step < len(bend.keepers_work):
                found.append((step, commands))
    return found


def weight_of(tilt: float, log_ratio: float) -> float:
    """What a path counts for when every second path is drawn with jumps `tilt` times as often: at most two.

    Density of the model over the mean of both laws, 2 / (1 + ratio): the balance heuristic (Veach and Guibas 1995; Owen
    and Zhou 2000). Half of the paths are the model's own, so no weight can run away, however heavy the tail.
    """
    return 1.0 if tilt == 1.0 else 2.0 / (1.0 + math.exp(min(log_ratio, 700.0)))


class Player:
    """Plays paths of a world, one at a time, each from the same start. One per process: its tables are reused."""

    def __init__(self, world: World, *, keep: bool = False, planned: int = 0) -> None:
        """With `keep` the commands of a path are recorded and can be had from `commands`; `planned` is room for a
        plan of so many commands given to `play`.
        """
        self.world = world
        state = world.state
        self._counts = {
            "accounts": int(state.venue[0].account_count),
            "positions": int(state.venue[0].position_count),
            "orders": int(state.venue[0].orders_count),
            "holdings": int(state.venue[0].holding_count),
        }
        crowd = (len(world.people["providers"]) + 2) * world.markets
        planned = 2 * (len(world.given.plan) + planned)
        room = {
            "positions": self._counts["positions"] + crowd + planned + 64,
            "orders": self._counts["orders"] + self._counts["positions"] + crowd + planned + 64,
        }
        self._start = grow(copy_state(state), **room)
        # market makers and the vault may come into every market: each column has room for them
        self._start_watch = fresh_watch(self._start, len(world.people["providers"]) + 2 + planned)
        self.state = copy_state(self._start)
        self.watch = Watch._make(part.copy() for part in self._start_watch)
        events = 4096 + 2 * room["positions"] + 6 * len(state.accounts)
        self.tape: Tape = blank_tape(events)
        rounds = int(world.given.settings[Setting.ROUNDS_MAX])
        kept = (rounds + LAST_ROUNDS + 1) * (BATCH_ROOM + world.markets) if keep else 0
        self.going: Going = blank_going(
            world.conditions.steps, world.markets, world.conditions.feeds, len(state.accounts), kept
        )
        self.commands: list[np.ndarray] = []
        self.weight = 1.0
        machine = Machine(self.state, self.watch)
        self._address = apply_address(machine, self.tape, self.going.batch)
        self._pairs = [
            (getattr(self.state, name), getattr(self._start, name), self._used(name)) for name in FIRST_TABLES
        ]
        self._pairs += [(self.state.cells, self._start.cells, None), (self.state.staged, self._start.staged, None)]
        self._pairs += [(mine, start, None) for mine, start in zip(self.watch, self._start_watch, strict=True)]

    def _used(self, name: str) -> int | None:
        """Rows of a table a path may find filled at the start; those beyond are written before they are read."""
        return self._counts[name] if name in ("accounts", "positions", "orders", "holdings") else None

    def reset(self) -> None:
        """Everything as it was at the start."""
        for mine, start, rows in self._pairs:
            if rows is None:
                np.copyto(mine, start)
            else:
                np.copyto(mine[:rows], start[:rows])

    def draw(self, path: int) -> None:
        """Draw the prices and depths of a path into `going`, and set its weight."""
        world, going = self.world, self.going
        tilt = world.conditions.jumps_times
        with quick_compilation():
            log_ratio = draw_path(
                world.model, world.seed, 0, path, tilt, tilt != 1.0 and path % 2 == 1, going.returns, going.depth
            )
            self.weight = weight_of(tilt, log_ratio)
            bend = world.bend
            bend_path(going.returns, going.depth, bend.added, bend.volatility_times, bend.depth_times)

    def play(
        self,
        path: int,
        *,
        returns: np.ndarray | None = None,
        added: np.ndarray | None = None,
        volatility_times: float = 1.0,
        depth_times: float = 1.0,
        depth_of: np.ndarray | None = None,
        shift_of: np.ndarray | None = None,
        plan: Sequence[tuple[int, np.ndarray]] | None = None,
    ) -> Going:
        """Play one path to its end; the tables are reused by the next.

        `returns` [steps, markets] take the place of the model's; `added` log-moves, the two factors and `depth_of`
        [steps, markets] bend the path further; `shift_of` [steps, feeds] and `plan` take the place of the world's.
        """
        self.reset()
        world, going = self.world, self.going
        if returns is None:
            self.draw(path)
        else:
            self.weight = 1.0
            going.returns[:] = returns
            going.depth[:] = world.bend.depth_times
        if added is not None or volatility_times != 1.0 or depth_times != 1.0:
            more = np.zeros_like(going.returns) if added is None else added
            steps = len(going.returns)
            with quick_compilation():
                bend_path(
                    going.returns, going.depth, more, np.full(steps, volatility_times),
                    np.full_like(going.depth, depth_times),
                )  # fmt: skip
        if depth_of is not None:
            np.multiply(going.depth, depth_of, out=going.depth)
        given = world.given if shift_of is None else world.given._replace(oracle_shift=shift_of)
        if plan is not None:
            listed, first = laid_out(plan, len(going.returns))
            given = given._replace(plan=listed.view(np.recarray), plan_first=first)
        self.commands = []
        with quick_compilation():
            start_path(self.state, given, going, path)
            steps = len(going.returns)
            stands = 0
            while stands < steps:
                stands = play_steps(self._address, self.state, self.watch, self.tape, given, going, steps)
                if len(going.kept):
                    self.commands.append(going.kept[: going.cursor[Cursor.KEPT]].copy())
                    going.cursor[Cursor.KEPT] = 0
        return going

    @property
    def first_user(self) -> int:
        """The lowest number of a trader's account."""
        return first_user_account(self.state)
