"""Routes by cost: what a stage costs, which one is passed over, and how far into a book an order goes."""

import pytest
from tests.laws.machine import LOSER, RICH, SECOND, WINNER, Scene, small_terms

from solvent.codes import Executor, Level, OfferPrice, Size
from solvent.commands import JoinVault, Trade
from solvent.events import EventKind
from solvent.units import PPM


def of_kind(events, kind):
    return events[events["kind"] == kind]


def routed(sizing: Size, ticks: int, **offer: int) -> Scene:
    """A long of 100 at 1,000 with 11,000 behind it; a book with a penalty of 1 % and keepers at the same threshold."""
    terms = small_terms()
    terms.policy[0].routes = 1
    terms.stages[0].sizing, terms.stages[0].size_ppm = sizing, PPM // 2 if sizing == Size.FRACTION else PPM
    keepers = terms.stages[1]
    keepers.used, keepers.level, keepers.scale_ppm, keepers.executor = 1, Level.MAINTENANCE, PPM, Executor.KEEPER
    keepers.timeout_ns, terms.offers[1].start_ppm = 10**9, 900_000
    for name, value in offer.items():
        terms.offers[1][name] = value
    terms.markets[0].depth_lots = 50
    scene = Scene(terms=terms)
    scene.distress(ticks)
    return scene


@pytest.mark.parametrize(
    ("sizing", "ticks", "ordered", "passed_over"),
    [
        # equity 3,000 of 92,000: 44 lots restore it, and within the 2.2 % that may be lost the book takes 113
        (Size.TO_HEALTH, 920, [-44], [1]),
        # equity 500 of 89,500, less than the penalty: everything is closed, and only the price is asked
        (Size.TO_HEALTH, 895, [-27], [1]),
        (Size.FULL, 895, [-27], [1]),
        # a part would leave the rest with less health
        (Size.FRACTION, 895, [], [0, 1]),
        # bankrupt: nothing is toxic, the waterfall pays
        (Size.FRACTION, 880, [-50], []),
    ],
)
def test_only_a_step_that_leaves_something_is_toxic_by_its_penalty(sizing, ticks, ordered, passed_over) -> None:
    scene = routed(sizing, ticks)
    events = scene.play(scene.advance())
    assert of_kind(events, EventKind.LIQUIDATION_ORDERED)["lots"].tolist() == ordered
    assert of_kind(events, EventKind.STAGE_SKIPPED)["stage"].tolist() == passed_over


def test_a_discount_by_health_is_asked_at_the_health_of_now() -> None:
    # half a hundredth of 5 are left: nine tenths are missing, so keepers ask 0.9 %, less than the book and its penalty
    scene = routed(Size.FRACTION, 905, price=OfferPrice.HEALTH, slope_ppm=10_000, first_ppm=900_000)
    events = scene.play(scene.advance())
    placed = of_kind(events, EventKind.LIQUIDATION_OFFERED)
    assert len(of_kind(events, EventKind.STAGE_SKIPPED)) == 0
    assert placed["stage"].tolist() == [1]
    assert int(scene.machine.state.accounts[LOSER].order_stage) == 1


def test_a_pool_takes_what_the_order_before_it_leaves_and_no_more() -> None:
    terms = small_terms()
    terms.policy[0].routes, terms.markets[0].depth_lots = 1, 50
    terms.stages[0].fee_ppm = 0
    pool = terms.stages[1]
    pool.used, pool.level, pool.scale_ppm, pool.executor = 1, Level.MAINTENANCE, PPM, Executor.BACKSTOP_VAULT
    pool.timeout_ns, pool.price_ppm = SECOND, 5_000
    scene = Scene(terms=terms)
    scene.play(JoinVault(scene.time, RICH, 200_000))
    scene.distress(930)
    events = scene.play(scene.advance())
    ordered = of_kind(events, EventKind.LIQUIDATION_ORDERED)["lots"].tolist()
    taken = of_kind(events, EventKind.POSITION_TAKEN_OVER)["lots"].tolist()
    assert (ordered, taken) == ([-25], [75])


def test_a_stage_that_adapts_closes_more_in_a_thinner_market() -> None:
    for depth_ppm, multiplier_ppm, lots in ((0, 1_500_000, -30), (500_000, 1_500_000, -38), (500_000, 0, -30)):
        terms = small_terms()
        terms.stages[0].sizing, terms.stages[0].size_ppm = Size.FRACTION, PPM // 2
        terms.offers[0].depth_ppm = depth_ppm
        terms.dynamics[0].depth_ppm = multiplier_ppm
        scene = Scene(terms=terms)
        scene.play(Trade(scene.time, LOSER, WINNER, 0, 60, 1_000))
        scene.price(850)
        assert of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_ORDERED)["lots"].tolist() == [lots]
