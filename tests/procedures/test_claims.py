"""Keepers, bidders, pools: what is refused, each where nothing else is wrong; and what a claim leaves."""

import pytest
from tests.laws.machine import LOSER, OTHER, RICH, SECOND, WINNER, Scene, small_terms

from solvent.codes import Executor, Mode, OfferPrice, Refusal, Size, SystemAccount
from solvent.commands import (
    BidShare,
    ClaimLiquidation,
    EndorseKeeper,
    FundingTick,
    GiveNotice,
    JoinVault,
    LeaveVault,
    OpenPool,
    SetMode,
    Trade,
    UnwindFill,
)
from solvent.events import EventKind

VAULT = SystemAccount.VAULT
POOL = WINNER + 3


def of_kind(events, kind):
    return events[events["kind"] == kind]


def refusal_of(scene: Scene, command) -> str:
    told = of_kind(scene.play(command), EventKind.COMMAND_REFUSED)
    return Refusal(int(told["refusal"][0])).name if len(told) else "NONE"


def offered(executor: Executor = Executor.KEEPER, ticks: int = 920, **offer: int) -> tuple[Scene, int]:
    """LOSER's long of 100 is on offer at 1 % off the mark; (scene, reference of the offer)."""
    terms = small_terms(executor)
    terms.offers[0].start_ppm = 990_000
    if executor == Executor.AUCTION:
        terms.offers[0].portfolio, terms.stages[0].sizing = 1, Size.FULL
    for name, value in offer.items():
        terms.offers[0][name] = value
    scene = Scene(terms=terms)
    scene.distress(ticks)
    told = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_OFFERED)
    assert told["lots"].tolist() == [-100]
    return scene, int(told["reference"][0])


def claim(scene: Scene, of: int, **changed: int) -> ClaimLiquidation:
    fields = {"account": LOSER, "counterparty": RICH, "instrument": 0, "lots": 40, "reference": of, **changed}
    return ClaimLiquidation(scene.time, **fields)


def test_a_claim_passes_lots_at_the_price_of_the_moment_and_shrinks_the_offer() -> None:
    scene, reference = offered()
    told = of_kind(scene.play(claim(scene, reference, price_ticks=912)), EventKind.POSITION_CLAIMED)
    assert (int(told["lots"][0]), int(told["price_ticks"][0])) == (-40, 911)
    assert refusal_of(scene, claim(scene, reference, lots=61)) == "OFFER_TAKEN"
    scene.play(claim(scene, reference, lots=60))
    assert int(scene.machine.state.accounts[LOSER].position_count) == 0


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"instrument": 9}, "INSTRUMENT_UNKNOWN"),
        ({"account": 39}, "ACCOUNT_UNKNOWN"),
        ({"counterparty": VAULT}, "COUNTERPARTY_UNKNOWN"),
        ({"counterparty": LOSER}, "SELF_TRADE"),
        ({"account": OTHER}, "NO_OFFER"),
        ({"instrument": 1}, "NO_OFFER"),
        ({"reference": 3}, "REFERENCE_UNKNOWN"),
        ({"lots": 0}, "LOTS_OUT_OF_RANGE"),
        ({"lots": 101}, "OFFER_TAKEN"),
        ({"price_ticks": 910}, "BEYOND_LIMIT_PRICE"),
    ],
)
def test_claims_that_are_none(changed: dict[str, int], refusal: str) -> None:
    scene, reference = offered()
    assert refusal_of(scene, claim(scene, reference, **changed)) == refusal


def test_claims_of_a_time_a_keeper_a_market_a_margin() -> None:
    scene, reference = offered(endorsed=1)
    assert refusal_of(scene, claim(scene, reference)) == "KEEPER_NOT_ENDORSED"
    assert refusal_of(scene, EndorseKeeper(scene.time, RICH, 2)) == "VARIANT_UNKNOWN"
    assert refusal_of(scene, EndorseKeeper(scene.time, VAULT, 1)) == "ACCOUNT_IS_SYSTEM"
    scene.play(EndorseKeeper(scene.time, RICH, 1))
    scene.play(SetMode(scene.time, 0, Mode.HALTED))
    assert refusal_of(scene, claim(scene, reference)) == "MARKET_HALTED"
    scene.play(SetMode(scene.time, 0, Mode.ACTIVE))
    scene.play(EndorseKeeper(scene.time, OTHER, 1))
    scene.play(Trade(scene.time, OTHER, RICH, 1, 480, 1_000))
    assert refusal_of(scene, claim(scene, reference, counterparty=OTHER, lots=60)) == "BELOW_INITIAL"
    scene.time += 60 * SECOND
    assert refusal_of(scene, claim(scene, reference)) == "OFFER_OVER"


def test_a_step_that_lowers_health_is_refused_to_the_keeper() -> None:
    scene, reference = offered(start_ppm=960_000, ticks=905)
    assert refusal_of(scene, claim(scene, reference)) == "STEP_IS_TOXIC"
    scene.play(FundingTick(scene.time, 0, 60_000_000))  # beyond its equity: nothing may be lost on the way any more
    assert refusal_of(scene, claim(scene, reference)) == "STEP_IS_TOXIC"


def test_an_offer_begins_again_when_its_price_is_too_old() -> None:
    scene, reference = offered(price=OfferPrice.STAIRS, step_ns=10 * SECOND, cut_ppm=995_000, reset_ns=30 * SECOND)
    scene.time += 20 * SECOND
    told = of_kind(scene.play(claim(scene, reference, lots=10)), EventKind.POSITION_CLAIMED)
    assert int(told["price_ticks"][0]) == 902  # 920 x 0.99 x 0.995 x 0.995, up
    scene.time += 10 * SECOND
    anew = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_OFFERED)
    assert anew["lots"].tolist() == [-90]
    assert int(anew["price_ticks"][0]) == 911


def bid(scene: Scene, of: int, **changed: int) -> BidShare:
    fields = {"account": LOSER, "counterparty": RICH, "value": 100_000, "reference": of, **changed}
    return BidShare(scene.time, **fields)


def test_shares_of_a_portfolio_are_bid_for() -> None:
    scene, reference = offered(Executor.AUCTION, start_ppm=900_000, buffer_ppm=100_000)
    assert refusal_of(scene, claim(scene, reference)) == "NO_OFFER"
    assert refusal_of(scene, bid(scene, reference, reference=1)) == "REFERENCE_UNKNOWN"
    assert refusal_of(scene, bid(scene, reference, value=0)) == "SHARE_TOO_LARGE"
    assert refusal_of(scene, bid(scene, reference, value=1_000_001)) == "SHARE_TOO_LARGE"
    assert refusal_of(scene, bid(scene, reference, value=1)) == "SHARE_TOO_LARGE"
    assert refusal_of(scene, bid(scene, reference, rate_ppb=200_000_000)) == "BEYOND_LIMIT_PRICE"
    scene.play(Trade(scene.time, OTHER, RICH, 1, 495, 1_000))
    assert refusal_of(scene, bid(scene, reference, counterparty=OTHER)) == "BELOW_INITIAL"
    scene.play(SetMode(scene.time, 0, Mode.REDUCE_ONLY))
    assert refusal_of(scene, bid(scene, reference)) == "MARKET_REDUCE_ONLY"
    scene.play(SetMode(scene.time, 0, Mode.HALTED))
    assert refusal_of(scene, bid(scene, reference)) == "MARKET_HALTED"
    scene.play(SetMode(scene.time, 0, Mode.ACTIVE))
    told = of_kind(scene.play(bid(scene, reference)), EventKind.SHARE_TAKEN)
    assert int(told["lots"][0]) > 0
    keeper, _reference = offered()
    assert refusal_of(keeper, bid(keeper, _reference)) == "NO_OFFER"


def test_a_bankrupt_portfolio_is_bid_for_only_where_the_waterfall_pays() -> None:
    scene, reference = offered(Executor.AUCTION, start_ppm=900_000, ticks=880)
    assert refusal_of(scene, bid(scene, reference)) == "STEP_IS_TOXIC"


def with_pool(**fields: int) -> Scene:
    """The second pool is open under POOL, backs the second market, and works its inventory down every ten seconds."""
    terms = small_terms(Executor.BACKSTOP_VAULT)
    for name, value in {"used": 1, "notice_ns": 30 * SECOND, "unwind_ns": 10 * SECOND, **fields}.items():
        terms.pools[1][name] = value
    terms.backings[1].pool = 1
    scene = Scene(terms=terms)
    scene.play(OpenPool(scene.time, POOL, 1))
    return scene


def test_pools_are_opened_once_by_the_next_number() -> None:
    scene = with_pool()
    assert refusal_of(scene, OpenPool(scene.time, POOL + 1, 1)) == "POOL_IS_OPEN"
    assert refusal_of(scene, OpenPool(scene.time, POOL + 1, 2)) == "POOL_UNKNOWN"
    assert refusal_of(scene, OpenPool(scene.time, POOL + 1, 0)) == "POOL_UNKNOWN"
    terms = small_terms()
    terms.pools[1].used = 1
    fresh = Scene(terms=terms)
    assert refusal_of(fresh, OpenPool(fresh.time, POOL + 5, 1)) == "ACCOUNT_NOT_NEXT"


def test_members_join_one_pool_give_notice_and_leave() -> None:
    scene = with_pool(deposit_cap_quanta=20_000)
    join, leave = JoinVault, LeaveVault
    assert refusal_of(scene, join(scene.time, RICH, 1_000, LOSER)) == "POOL_UNKNOWN"
    assert refusal_of(scene, join(scene.time, RICH, 20_001, POOL)) == "POOL_FULL"
    scene.play(join(scene.time, RICH, 20_000, POOL))
    assert refusal_of(scene, join(scene.time, RICH, 1_000)) == "POOL_DIFFERS"
    shares = int(scene.machine.state.accounts[RICH].vault_shares)
    assert refusal_of(scene, leave(scene.time, RICH, shares)) == "SHARES_UNDER_NOTICE"
    assert refusal_of(scene, GiveNotice(scene.time, RICH, shares + 1)) == "SHARES_TOO_FEW"
    assert refusal_of(scene, GiveNotice(scene.time, VAULT, 1)) == "ACCOUNT_IS_SYSTEM"
    scene.play(GiveNotice(scene.time, RICH, shares // 2))
    scene.time += 29 * SECOND
    assert refusal_of(scene, leave(scene.time, RICH, 5)) == "SHARES_UNDER_NOTICE"
    scene.time += SECOND
    assert refusal_of(scene, leave(scene.time, RICH, shares // 2 + 1)) == "SHARES_UNDER_NOTICE"
    scene.play(leave(scene.time, RICH, shares // 2))
    assert refusal_of(scene, leave(scene.time, RICH, 1)) == "SHARES_UNDER_NOTICE"


def test_a_pool_works_its_inventory_down_inside_its_limit() -> None:
    scene = with_pool(unwind_limit_ppm=10_000)
    scene.play(JoinVault(scene.time, RICH, 100_000, POOL))
    scene.play(Trade(scene.time, LOSER, WINNER, 1, 100, 1_000))
    scene.price(930, 1)
    assert len(of_kind(scene.play(scene.advance()), EventKind.POSITION_TAKEN_OVER)) == 1
    told = of_kind(scene.play(scene.advance()), EventKind.UNWIND_ORDERED)
    assert (int(told["lots"][0]), int(told["price_ticks"][0])) == (-100, 921)
    reference = int(told["reference"][0])

    def fill(**changed: int) -> UnwindFill:
        fields = {"account": POOL, "counterparty": OTHER, "instrument": 1, "lots": 30, "price_ticks": 921}
        return UnwindFill(scene.time, **{**fields, "reference": reference, **changed})

    for changed, refusal in (
        ({"instrument": 5}, "INSTRUMENT_UNKNOWN"),
        ({"account": VAULT}, "POOL_UNKNOWN"),
        ({"counterparty": VAULT}, "COUNTERPARTY_UNKNOWN"),
        ({"lots": 0}, "NO_UNWIND_ORDER"),
        ({"lots": 101}, "NO_UNWIND_ORDER"),
        ({"reference": 1}, "REFERENCE_UNKNOWN"),
        ({"price_ticks": 0}, "PRICE_OUT_OF_RANGE"),
        ({"price_ticks": 920}, "BEYOND_LIMIT_PRICE"),
        ({"counterparty": LOSER, "lots": 100}, "BELOW_INITIAL"),
    ):
        assert (changed, refusal_of(scene, fill(**changed))) == (changed, refusal)
    scene.play(fill())
    assert refusal_of(scene, fill(lots=71)) == "NO_UNWIND_ORDER"
    scene.play(fill(lots=70))
    assert int(scene.machine.state.accounts[POOL].position_count) == 0
