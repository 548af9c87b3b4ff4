"""Panels 8 and 9: who is large, and who would bear what under nine policies of deleveraging."""

from dataclasses import replace
from typing import Any, Final

import numpy as np

from solvent.codes import ContractKind, Tranche
from solvent.engine.engine import Engine
from solvent.events import EventKind
from solvent.lab.fairness.axioms import AXIOMS, matrix
from solvent.lab.fairness.policies import POLICIES, Loss, Winners
from solvent.lab.fairness.waves import gini
from solvent.lab.worlds.conditions import Shock
from solvent.lab.worlds.figures import Figure, Trace
from solvent.lab.worlds.panels.bench import Bench, number
from solvent.lab.worlds.world import Player, World
from solvent.units import PPM

AXIOM_SEEDS: Final = 12
"""Seeds of the matrix in a report; `solvent adl` tries as many as asked."""


def concentration(bench: Bench) -> Figure:
    """8. The largest linked owners: size against stressed depth, days to unwind, loss on the worst path."""
    world = bench.world
    state = world.state
    count = int(state.venue[0].position_count)
    positions: Any = state.positions[:count]
    held = (positions.lots != 0) & (positions.account >= int(world.people["providers"][-1]) + 1)
    positions = positions[held]
    value = np.abs(positions.lots) * world.given.opening_ticks[positions.instrument]
    value = value * world.given.value_per_lot_tick[positions.instrument]
    owners = state.accounts.owner[positions.account]
    unique, place = np.unique(owners, return_inverse=True)
    notional = np.bincount(place, weights=value)
    stressed = world.given.calm_depth[positions.instrument] * 0.05
    depths = np.bincount(place, weights=value / stressed)
    days = np.bincount(place, weights=value / (0.1 * world.given.daily_volume[positions.instrument]))
    frame = bench.run.defaults_frame()
    frame = frame.filter(frame["path"] == bench.run.summary["worst_path"])
    lost: dict[int, float] = {}
    for owner, amount in zip(frame["owner"].to_list(), frame["shortfall"].to_list(), strict=True):
        lost[owner] = lost.get(owner, 0.0) + amount / world.quantum
    order = np.argsort(-notional)[:20]
    table = [("owner", "notional", "share", "size / stressed depth", "days to unwind", "loss over margin, worst path")]
    for row in order.tolist():
        table.append(
            (
                str(int(unique[row])),
                number(float(notional[row])),
                f"{notional[row] / notional.sum():.2%}",
                f"{depths[row]:.1f}",
                f"{days[row]:.2f}",
                number(lost.get(int(unique[row]), 0.0)),
            )
        )
    names = [f"owner {int(unique[row])}" for row in order]
    return Figure(
        "concentration", "8. Concentration", "The twenty largest linked owners.", "", bench.run.summary["currency"],
        (
            Trace("notional", "bars", names, notional[order].tolist()),
            Trace("loss over margin, worst path", "bars", names, [lost.get(int(unique[r]), 0.0) for r in order]),
        ),
        table=tuple(table), log_y=True,
    )  # fmt: skip


def winners_before(world: World, path: int) -> tuple[Winners, int, dict[int, int]]:
    """(who stood to pay, what had to be paid in quanta, what each did pay) on a path, when deleveraging first came.

    Winners are the traders with a gain at the marks of that moment; the bill is what winners and members were asked for
    on the whole path. Where nobody was ever asked, the moment is the path's end and the bill a hundredth of all gains.
    """
    player = Player(world, keep=True)
    player.play(path)
    commands = np.concatenate(player.commands)
    engine = Engine.in_memory(world.genesis)
    engine.submit(world.opening)
    told = engine.submit(commands)
    asked = told[(told["kind"] == EventKind.TRANCHE_DRAWN) & (told["tranche"] >= Tranche.ADL)]
    closed = told[told["kind"] == EventKind.POSITION_DELEVERAGED]
    borne: dict[int, int] = {}
    for rows in (closed, asked[asked["counterparty"] != asked["account"]]):
        for account, amount in zip(rows["counterparty"].tolist(), rows["amount_quanta"].tolist(), strict=True):
            borne[account] = borne.get(account, 0) + amount
    bill = int(asked["amount_quanta"].sum())
    if len(closed):
        first = int(closed["sequence"].min()) - len(world.opening) - 1
        engine = Engine.in_memory(world.genesis)
        engine.submit(world.opening)
        engine.submit(commands[: max(first, 0)])
    winners = _winners(world, engine.state)
    if bill == 0 and len(winners):
        bill = max(int(winners.gain.sum()) // 100, 1)
    return winners, bill, borne


def worth(contracts: Any, lots: np.ndarray, ticks: np.ndarray) -> np.ndarray:
    """Value in quanta of signed lots at a price, row by row; of an inverse contract the debt of coin, rounded down."""
    amounts = lots.astype(np.int64) * contracts.quanta_per_lot_tick
    value: np.ndarray = np.where(contracts.kind == ContractKind.INVERSE, -amounts // ticks, amounts * ticks)
    return value


def _winners(world: World, state: Any) -> Winners:
    """The winners of a state, one row an account; a gain since the opening price is a gain since settlement."""
    first = int(world.people["providers"][-1]) + 1
    positions: Any = state.positions[: int(state.venue[0].position_count)]
    positions = positions[(positions.lots != 0) & (positions.account >= first)]
    contracts = world.compiled.terms.contracts[positions.instrument]
    value = worth(contracts, positions.lots, state.instruments.mark_ticks[positions.instrument])
    count = int(state.venue[0].account_count)

    def by_account(amounts: np.ndarray) -> np.ndarray:
        total = np.zeros(count, dtype=np.int64)
        np.add.at(total, positions.account, amounts)
        return total

    gain = by_account(value - positions.cost_quanta)
    opened = np.round(world.given.opening_ticks[positions.instrument]).astype(np.int64)
    settled = by_account(value - worth(contracts, positions.lots, opened))
    rows = np.flatnonzero(gain > 0)
    notional = by_account(np.abs(value))[rows]
    equity = np.maximum(state.accounts.wallet_quanta[rows] + gain[rows], 1)
    # what an account is expected to owe after one more step like the crash: leverage beyond ten, in ppm of equity
    risk = np.clip(notional // np.maximum(equity // 1000, 1) * 100, 1_000, PPM)
    return Winners(
        account=rows.astype(np.int64),
        lots=np.maximum(by_account(np.abs(positions.lots))[rows], 1),
        gain=gain[rows],
        settled_gain=np.clip(settled[rows], 0, gain[rows]),
        unvested=np.clip(gain[rows] - np.maximum(settled[rows], 0), 0, gain[rows]),
        equity=equity,
        notional=np.maximum(notional, 1),
        risk_ppm=risk.astype(np.int64),
        cap_ppm=np.full(len(rows), PPM, dtype=np.int64),
    )


def lorenz(burden: np.ndarray, people: int) -> tuple[list[float], list[float]]:
    """(share of people, share of the burden), ascending; those beyond `burden` bear nothing."""
    everybody = np.zeros(max(people, len(burden), 1))
    everybody[len(everybody) - len(burden) :] = np.sort(burden)
    total = float(everybody.sum())
    shares = np.cumsum(everybody) / total if total > 0 else np.zeros(len(everybody))
    places = np.unique(np.linspace(0, len(everybody) - 1, 200).astype(int))
    return ((places + 1) / len(everybody)).tolist(), shares[places].tolist()


def inversions(before: np.ndarray, after: np.ndarray) -> int:
    """Neighbours by gain whose order is turned round by what they pay."""
    order = np.argsort(before, kind="stable")
    return int((np.diff(after[order]) < 0).sum())


def fairness(bench: Bench) -> Figure:
    """9. How the burden of deleveraging is spread, by the machine's own policy and by nine over the same winners."""
    from solvent.lab.worlds.world import build_world

    world, run = bench.world, bench.run
    crash = replace(
        bench.side.conditions, shocks=(Shock("crash", "extreme"), Shock("depth", "extreme")), jumps_times=1.0
    )
    bent = build_world(
        run.order.scenario(), world.rulebook, world.model, crash, seed=world.seed, accounts=run.order.accounts
    )
    winners, bill, borne = winners_before(bent, 0)
    people = len(world.people["traders"])
    traces: list[Trace] = []
    table = [("policy", "touched", "largest share of gain", "missing", "inversions", "Gini", "fails")]
    paid = np.array(sorted(borne.values()), dtype=float)
    if len(paid):
        traces.append(Trace("the machine, contracts closed", "line", *lorenz(paid, people)))
        table.append(("the machine", f"{len(paid)}", "", "0", "", f"{gini(_among(paid, people)):.3f}", ""))
    broken: dict[str, list[str]] = {}
    for finding in matrix(AXIOM_SEEDS):
        if finding.broken_by is not None:
            broken.setdefault(finding.policy, []).append(finding.axiom)
    lot = max(bill // 1000, 1)
    for name, policy in POLICIES.items() if len(winners) else ():
        got = policy(winners, Loss(bill, lot, 0, 1))
        share = got.charged / np.maximum(winners.gain, 1)
        traces.append(Trace(name.replace("_", " "), "line", *lorenz(got.charged.astype(float), people)))
        table.append(
            (
                name.replace("_", " "),
                f"{int((got.charged > 0).sum())}",
                f"{float(share.max()):.3f}",
                number(got.missing / world.quantum),
                f"{inversions(winners.gain, winners.gain - got.charged)}",
                f"{gini(_among(got.charged.astype(float), people)):.3f}",
                " ".join(broken.get(name, ())) or "none seen",
            )
        )
    traces.append(Trace("even", "line", [0.0, 1.0], [0.0, 1.0]))
    axioms = ", ".join(f"{key} {title}" for key, (title, _check) in AXIOMS.items())
    return Figure(
        "fairness", "9. Fairness of deleveraging",
        f"Lorenz curves of what {people} traders bear in an extreme crash with extreme depth: the machine's own policy "
        f"(numeraire: notional closed plus cash), and nine over the {len(winners)} winners of the moment before "
        f"(numeraire: unrealised gain), each raising {number(bill / world.quantum)}.",
        "share of traders", "share of the burden", tuple(traces), table=tuple(table),
        notes=(
            f"Axioms: {axioms}. Fails: a counter-example was found in {AXIOM_SEEDS} seeds (`solvent adl` tries more).",
        ),
        basis="path 0 of the crash: one path, so the curves carry no sampling error and no claim about others",
    )  # fmt: skip


def _among(burden: np.ndarray, people: int) -> np.ndarray:
    return np.concatenate([np.zeros(max(people - len(burden), 0)), burden])
