"""Panel 12: contagion across protocols, and a mutual fund over them."""

from typing import Final

import numpy as np

from solvent.lab.worlds.compiled.tables import MarketTotal
from solvent.lab.worlds.estimates import expected_shortfall, probability, weights_of
from solvent.lab.worlds.figures import Figure, Trace
from solvent.lab.worlds.panels.bench import Bench, number
from solvent.lab.worlds.peers import CONCENTRATION, LINKED, OUTSIDE, Peers, peers_of
from solvent.mutual.clearing import clear
from solvent.mutual.contagion import debt_rank, importance
from solvent.mutual.fund import euler, full_cover, fund_for_cover, top_up, value_added

SIZES: Final = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
"""Sizes of the fund, as parts of what would cover every shortfall of the worst path."""


ASSUMED: Final = (
    "The protocols are made of this venue, openly: each holds an equal part of its funds and vault, has "
    f"{CONCENTRATION:.0%} of its business in one market, owes the others {LINKED:.0%} of its assets and outsiders "
    f"{OUTSIDE:.0%}. `solvent clear` takes real liabilities."
)


def contagion(bench: Bench) -> Figure:
    """12. Contagion and mutual fund: who cannot pay whom after the worst path, and what a common fund changes."""
    run = bench.run
    peers = peers_of(run)
    weights = weights_of(run.paths)
    row = int(np.argmax(peers.losses.sum(axis=1)))
    stressed = peers.after(row)
    times = 1.0
    while full_cover(stressed) <= 0.0 and times < 1024.0 and peers.losses[row].any():
        # a day that breaks nobody is enlarged until it does: how far is told
        times *= 2.0
        stressed = peers.calm.with_assets(peers.calm.assets - times * peers.losses[row])
    everything = full_cover(stressed)
    plain, covered = clear(stressed), top_up(stressed, everything / 2)
    round_of = {who: place for place, group in reversed(list(enumerate(plain.rounds))) for who in group}
    shock = np.clip(times * peers.losses[row] / np.maximum(peers.calm.assets, 1e-9), 0.0, 1.0)
    distress = debt_rank(peers.calm.owed.T, peers.calm.assets, shock)
    weight = importance(peers.calm.owed.T, peers.calm.assets)
    table: list[tuple[str, ...]] = [
        ("protocol", "owes", "pays without", "pays with half", "default round", "equity with half", "DebtRank")
    ]
    for who in np.argsort(-weight, kind="stable").tolist():
        table.append(
            (
                peers.names[who],
                number(stressed.total[who]),
                number(plain.paid[who]),
                number(covered.paid[who]),
                f"{round_of[who]}" if who in round_of else "none",
                number(covered.equity[who]),
                f"{weight[who]:.3f}",
            )
        )
    sizes = [part * everything for part in SIZES]
    rates = [top_up(stressed, size).rate for size in sizes]
    funded = [size for size in sizes if size > 0]
    added = [value_added(stressed, size) for size in funded]
    broken = _broken(peers)
    share = probability(broken, weights)
    tail = expected_shortfall(peers.losses.sum(axis=1), 0.99, weights)
    parts = euler(peers.losses, 0.99)
    table.append(("P(a protocol cannot pay), no fund", f"{share.value:.4f} ± {share.standard_error:.4f}"))
    table.append(("ES 99 % of all losses", f"{number(tail.value)} ± {number(tail.standard_error)}"))
    table.append(("Cover-2 of the worst path", number(fund_for_cover(times * peers.losses[row], 2))))
    table.append(("contributions by Euler, each", ", ".join(number(part) for part in parts)))
    table.append(("distress added by contagion", f"{distress.added:.3f} of all equity"))
    return Figure(
        "contagion", "12. Contagion and mutual fund",
        f"{len(peers.names)} protocols after path {int(run.paths.numbers[row])}"
        + (f", its losses times {times:g} since as they were nobody would fail" if times > 1 else "")
        + f": a fund of {number(everything)} would cover every shortfall.",
        "fund", "rate; worth of a unit",
        (Trace("top-up rate", "line", sizes, rates), Trace("paid more for each unit of fund", "line", funded, added)),
        table=tuple((*cells, *("",) * (7 - len(cells))) for cells in table),
        notes=(ASSUMED, _joint(bench)),
        basis=f"the run's {len(run.paths)} paths",
    )  # fmt: skip


def _broken(peers: Peers) -> np.ndarray:
    """True for each path on which some protocol cannot pay in full. Paths without a loss break nobody."""
    hit = np.zeros(len(peers.losses), dtype=bool)
    for row in np.flatnonzero(peers.losses.sum(axis=1) > 0).tolist():
        hit[row] = bool(clear(peers.after(row)).rounds)
    return hit


def _joint(bench: Bench) -> str:
    """How often one market's shortfall comes with another's, in a sentence."""
    lost = bench.run.paths.by_market[:, :, MarketTotal.SHORTFALL] > 0
    any_two = (lost.sum(axis=1) > 1).sum()
    some = (lost.sum(axis=1) > 0).sum()
    return f"Inside the venue, {int(any_two)} of the {int(some)} paths with a shortfall had it in two or more markets."
