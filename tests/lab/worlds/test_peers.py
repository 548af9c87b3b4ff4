"""Protocols made of a run, and what the panel over them says."""

from dataclasses import replace

import numpy as np
import pytest
from tests.lab.worlds.test_questions import order

from solvent.codes import ContractKind
from solvent.lab.worlds.conditions import Conditions, Shock
from solvent.lab.worlds.panels.bench import Bench
from solvent.lab.worlds.panels.cover import contagion
from solvent.lab.worlds.panels.people import fairness, lorenz, winners_before, worth
from solvent.lab.worlds.peers import peers_of
from solvent.lab.worlds.stress import run_stress
from solvent.lab.worlds.world import build_world
from solvent.mutual.clearing import clear
from solvent.state.terms import TermsShape, blank_terms

HARD = Conditions(horizon_s=3600, step_s=60, shocks=(Shock("crash", "extreme"), Shock("depth", "extreme")))


@pytest.fixture(scope="module")
def bench():
    return Bench(run_stress(order(conditions=HARD, accounts=200), 12), lambda _share, _what: None)


def test_peers_lose_what_the_venue_loses_weighed(bench):
    peers = peers_of(bench.run)
    lost = bench.run.paths.by_market[:, :, 1] / bench.run.world.quantum
    assert peers.losses.shape == (12, len(peers.names))
    assert (peers.losses <= lost.sum(axis=1)[:, None] + 1e-6).all()
    assert peers.calm.assets.sum() == pytest.approx(bench.run.summary["funds_start"] + bench.run.summary["vault_start"])
    assert clear(peers.calm).rounds == ()


def test_the_panel_shows_rounds_rate_and_worth(bench):
    figure = contagion(bench)
    rate, worth = figure.traces
    assert rate.y[0] == pytest.approx(0.0, abs=1e-12)
    assert list(rate.y) == sorted(rate.y)
    assert rate.y[-1] == pytest.approx(1.0)
    assert all(value >= 1.0 - 1e-6 for value in worth.y)
    assert [cells[0] for cells in figure.table[1:7]] != []
    assert all(len(cells) == len(figure.table[0]) for cells in figure.table)


def test_nine_policies_share_the_bill_of_a_real_crash(bench):
    figure = fairness(bench)
    names = [trace.name for trace in figure.traces]
    assert len([cells for cells in figure.table[1:] if cells[0] != "the machine"]) == 9
    assert names[-1] == "even"
    for trace in figure.traces:
        assert trace.y[-1] == pytest.approx(1.0)
        assert (np.diff(trace.y) >= -1e-9).all()


def test_winners_are_those_of_the_moment_before(bench):
    run = bench.run
    world = build_world(
        run.order.scenario(), run.world.rulebook, run.world.model, replace(HARD, horizon_s=1800),
        seed=1, accounts=200,
    )  # fmt: skip
    winners, bill, _borne = winners_before(world, 0)
    assert bill > 0
    assert (winners.gain > 0).all()
    assert (winners.settled_gain <= winners.gain).all()
    assert (winners.equity > 0).all()


def test_an_inverse_position_is_worth_what_it_owes_in_coin():
    contracts = blank_terms(TermsShape(2, 1)).contracts
    contracts.quanta_per_lot_tick[:] = 1_000_000
    contracts.kind[1] = ContractKind.INVERSE
    values = worth(contracts[np.array([0, 1, 1])], np.array([2, 3, -3]), np.array([7, 7, 7]))
    assert values.tolist() == [14_000_000, -428_572, 428_571]  # 3,000,000 / 7 is 428,571.4, rounded down
    rise = worth(contracts[[1]], np.array([3]), np.array([8])) - worth(contracts[[1]], np.array([3]), np.array([7]))
    assert rise > 0, "a long of an inverse contract gains when the price rises"


def test_a_burden_on_one_is_a_corner():
    people, shares = lorenz(np.array([5.0]), 10)
    assert shares[-1] == 1.0
    assert shares[-2] == 0.0
    assert people[-1] == 1.0
