"""Keepers, bidders, pools: what is refused, each where nothing else is wrong; and what a claim leaves."""

import pytest
from tests.laws.machine import LOSER, OTHER, RICH, SECOND, WINNER, Scene, small_terms
from tests.plain import plain

from solvent.codes import (
    AccountKind,
    AdlPrice,
    Answer,
    Condition,
    Executor,
    FeePayee,
    Level,
    Mode,
    OfferPrice,
    Refusal,
    Size,
    Status,
    SystemAccount,
    Tranche,
)
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
    SettleMarket,
    Trade,
    UnwindFill,
)
from solvent.events import EventKind
from solvent.state.pools import pool_account
from solvent.state.tables import NONE
from solvent.units import POSITIONS_MAX, WALLET_MAX

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


def test_a_penalty_that_stays_with_its_trader_rewards_nobody() -> None:
    for payee, rewards in ((1, [10]), (0, [])):
        terms = small_terms(Executor.KEEPER)
        terms.stages[0].fee_payee = payee
        terms.offers[0].start_ppm, terms.offers[0].reward_flat_quanta = 990_000, 10
        scene = Scene(terms=terms)
        scene.distress(920)
        (offer,) = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_OFFERED)
        told = scene.play(claim(scene, int(offer["reference"])))
        assert of_kind(told, EventKind.KEEPER_REWARDED)["amount_quanta"].tolist() == rewards


def test_of_a_part_on_offer_no_more_than_what_is_left_of_it_is_claimed() -> None:
    terms = small_terms(Executor.KEEPER)
    terms.stages[0].sizing, terms.stages[0].size_ppm = Size.FRACTION, 500_000
    terms.offers[0].start_ppm = 990_000
    scene = Scene(terms=terms)
    scene.distress(920)
    (offer,) = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_OFFERED)
    assert int(offer["lots"]) == -50
    scene.play(claim(scene, int(offer["reference"])))
    assert refusal_of(scene, claim(scene, int(offer["reference"]), lots=11)) == "OFFER_TAKEN"


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


def test_an_offer_that_has_fallen_too_far_begins_again_and_nobody_takes_it_before() -> None:
    falling = {"price": OfferPrice.STAIRS, "step_ns": 5 * SECOND, "cut_ppm": 990_000, "reset_below_ppm": 985_000}
    scene, reference = offered(**falling)
    scene.time += 5 * SECOND
    assert refusal_of(scene, claim(scene, reference, lots=10)) == "NONE"
    scene.time += 5 * SECOND  # 0.9801 of its first price
    assert refusal_of(scene, claim(scene, reference, lots=10)) == "OFFER_OVER"
    anew = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_OFFERED)
    assert int(anew["price_ticks"][0]) == 911
    steady, reference = offered(reset_below_ppm=1_000_000)  # a price that does not fall has nothing to begin again
    assert refusal_of(steady, claim(steady, reference)) == "NONE"


def test_beginning_an_offer_is_charged_once_in_a_default() -> None:
    scene, reference = offered(start_fee_ppm=10_000, start_fee_payee=FeePayee.VENUE_FUND)
    fund = scene.machine.state.accounts[SystemAccount.VENUE_FUND]
    assert int(fund.wallet_quanta) == 920  # a hundredth of 100 lots at 920
    scene.time += 61 * SECOND
    assert len(of_kind(scene.play(scene.advance()), EventKind.START_CHARGED)) == 0
    assert int(scene.machine.state.accounts[LOSER].stages_begun) == 1
    poor, _reference = offered(start_fee_ppm=1_000_000, start_fee_payee=FeePayee.VENUE_FUND)
    assert int(poor.machine.state.accounts[LOSER].wallet_quanta) == 8_000  # never more than the equity
    bankrupt, _reference = offered(start_fee_ppm=1_000_000, start_fee_payee=FeePayee.VENUE_FUND, ticks=880)
    assert int(bankrupt.machine.state.accounts[SystemAccount.VENUE_FUND].wallet_quanta) == 0
    shares, _reference = offered(
        Executor.AUCTION, start_fee_ppm=20_000, start_fee_payee=FeePayee.VENUE_FUND, buffer_ppm=100_000
    )
    assert 0 < int(shares.machine.state.accounts[SystemAccount.VENUE_FUND].wallet_quanta) < 40


def test_a_keeper_hands_a_share_of_its_bonus_on() -> None:
    scene, reference = offered(bonus_fee_ppm=100_000, bonus_fee_payee=FeePayee.VENUE_CAPITAL)
    told = of_kind(scene.play(claim(scene, reference)), EventKind.BONUS_SHARED)
    # 40 lots bought at 911, the mark is 920: a tenth of 360
    assert (int(told["account"][0]), int(told["amount_quanta"][0]), int(told["value"][0])) == (RICH, 36, 360)
    shares, reference = offered(
        Executor.AUCTION, start_ppm=900_000, buffer_ppm=100_000, bonus_fee_ppm=500_000, bonus_fee_payee=2
    )
    events = shares.play(bid(shares, reference))
    paid = int(of_kind(events, EventKind.SHARE_TAKEN)["amount_quanta"][0])
    assert int(of_kind(events, EventKind.BONUS_SHARED)["amount_quanta"][0]) == (paid + 1) // 2


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


def test_what_a_penalty_took_is_not_paid_to_the_bidder_a_second_time() -> None:
    """Equity 3,000 of 4,600: a bid for a tenth frees 460, costs a penalty of 92 and may cost 208 more, not 270."""
    scene, reference = offered(Executor.AUCTION, start_ppm=100_000, buffer_ppm=100_000)
    events = scene.play(bid(scene, reference))
    assert of_kind(events, EventKind.PENALTY_CHARGED)["amount_quanta"].tolist() == [92]
    assert of_kind(events, EventKind.SHARE_TAKEN)["lots"].tolist() == [460]
    assert of_kind(events, EventKind.SHARE_TAKEN)["amount_quanta"].tolist() == [208]


def test_a_bankrupt_portfolio_is_bid_for_only_where_the_waterfall_pays() -> None:
    scene, reference = offered(Executor.AUCTION, start_ppm=900_000, ticks=880)
    assert refusal_of(scene, bid(scene, reference)) == "STEP_IS_TOXIC"


def test_a_short_is_bought_back_from_whoever_claims_it() -> None:
    terms = small_terms(Executor.KEEPER)
    terms.offers[0].start_ppm = 990_000
    scene = Scene(terms=terms)
    scene.play(Trade(scene.time, WINNER, LOSER, 0, 100, 1_000))
    scene.price(1_060)
    (offer,) = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_OFFERED)
    assert (int(offer["lots"]), int(offer["price_ticks"])) == (100, 1_070)
    told = of_kind(scene.play(claim(scene, int(offer["reference"]))), EventKind.POSITION_CLAIMED)
    assert (int(told["lots"][0]), int(told["price_ticks"][0])) == (40, 1_070)


def two_markets_on_offer() -> Scene:
    """LOSER is long 60 and 40 in two markets, and its whole portfolio is for sale at a tenth off."""
    terms = small_terms(Executor.AUCTION)
    terms.stages[0].sizing, terms.stages[0].fee_ppm = Size.FULL, 0
    terms.offers[0].portfolio, terms.offers[0].start_ppm, terms.offers[0].buffer_ppm = 1, 900_000, 100_000
    scene = Scene(terms=terms)
    scene.play(Trade(scene.time, LOSER, WINNER, 0, 60, 1_000))
    scene.play(Trade(scene.time, LOSER, RICH, 1, 40, 1_000))
    return scene


def on_sale(scene: Scene, ticks: int) -> int:
    """The first market falls, and the venue offers; the reference."""
    scene.price(ticks)
    told = of_kind(scene.play(scene.advance()), EventKind.LIQUIDATION_OFFERED)
    return int(told["reference"][0])


def test_a_share_leaves_out_the_market_that_may_not_be_worked() -> None:
    scene = two_markets_on_offer()
    scene.play(SetMode(scene.time, 1, Mode.HALTED))
    reference = on_sale(scene, 890)
    told = scene.play(bid(scene, reference))
    assert of_kind(told, EventKind.POSITION_CLAIMED)["instrument"].tolist() == [0]
    assert of_kind(told, EventKind.POSITION_CLAIMED)["lots"].tolist() == [-6]


def test_a_bidder_who_holds_the_market_already_adds_to_it() -> None:
    scene = two_markets_on_offer()
    reference = on_sale(scene, 890)
    for changed in ({}, {"value": 50_000}):
        assert len(of_kind(scene.play(bid(scene, reference, **changed)), EventKind.SHARE_TAKEN)) == 1


def test_nothing_is_owed_to_a_bankrupt_portfolio_and_all_of_it_may_be_taken() -> None:
    terms = small_terms(Executor.KEEPER)
    for row, (scale, executor) in enumerate(((1_000_000, Executor.KEEPER), (0, Executor.AUCTION))):
        stage, offer = terms.stages[row], terms.offers[row]
        stage.used, stage.level, stage.scale_ppm, stage.executor = 1, Level.MAINTENANCE, scale, executor
        stage.sizing, stage.fee_ppm, stage.timeout_ns = Size.FULL, 0, 60 * SECOND
        offer.portfolio, offer.start_ppm = row, 900_000
    scene = Scene(terms=terms)
    scene.play(Trade(scene.time, LOSER, WINNER, 0, 60, 1_000))
    scene.play(Trade(scene.time, LOSER, RICH, 1, 40, 1_000))
    reference = on_sale(scene, 800)
    told = scene.play(bid(scene, reference, value=1_000_000))
    assert of_kind(told, EventKind.POSITION_CLAIMED)["lots"].tolist() == [-40, -60]
    # a tenth of what was required: 2,400 and 2,000
    assert of_kind(told, EventKind.SHARE_TAKEN)["amount_quanta"].tolist() == [440]


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"wallet_quanta": WALLET_MAX + 1}, "AMOUNT_OUT_OF_RANGE"),
        ({"position_count": POSITIONS_MAX}, "POSITIONS_FULL"),
        ({"kind": AccountKind.ISOLATED}, "ISOLATED_HAS_OTHER_MARKET"),
        ({"status": Status.DISTRESSED}, "IN_LIQUIDATION"),
    ],
)
def test_bidders_who_may_not(fields: dict[str, int], refusal: str) -> None:
    scene = two_markets_on_offer()
    reference = on_sale(scene, 890)
    for name, value in fields.items():
        scene.machine.state.accounts[OTHER][name] = value
    told = scene.machine.do(bid(scene, reference, counterparty=OTHER))
    assert Refusal(int(told["refusal"][0])).name == refusal


def test_a_bidder_is_held_to_limits_doubts_and_its_maintenance() -> None:
    scene = two_markets_on_offer()
    reference = on_sale(scene, 890)
    state = scene.machine.state
    scene.machine.is_spoiled = True  # the rules change below without anybody being asked for again

    def refused() -> str:
        told = scene.machine.do(bid(scene, reference, counterparty=OTHER))
        return Refusal(int(told["refusal"][0])).name

    state.contracts[0].lots_max = 5
    assert refused() == "POSITION_LIMIT"
    state.contracts[0].lots_max = 100_000
    state.remedies[Condition.STALE].open = Answer.REFUSE
    state.pricing[0].stale_ns = 1
    assert refused() == "PRICE_CONDITION"
    state.pricing[0].stale_ns = 0
    state.schedules[Level.MAINTENANCE * 2].add_fixed_quanta = 60_000
    assert refused() == "BELOW_MAINTENANCE"


def with_pool(**fields: int) -> Scene:
    """The second pool is open under POOL, backs the second market, and works its inventory down every ten seconds."""
    terms = small_terms(Executor.BACKSTOP_VAULT)
    for name, value in {"used": 1, "notice_ns": 30 * SECOND, "unwind_ns": 10 * SECOND, **fields}.items():
        terms.pools[1][name] = value
    terms.backings[1].pool = 1
    scene = Scene(terms=terms)
    scene.play(OpenPool(scene.time, POOL, 1))
    return scene


def test_the_pool_of_the_market_pays_for_a_default_in_it_and_no_other() -> None:
    terms = small_terms(Executor.ADL)
    terms.policy[0].adl_price = AdlPrice.MARK
    terms.absorbers[0].tranche, terms.absorbers[1].tranche = Tranche.LIQUIDITY_VAULT, Tranche.HAIRCUT_ALL
    terms.absorbers.used[2:] = 0
    terms.pools[1].used, terms.backings[1].pool = 1, 1
    scene = Scene(terms=terms)
    scene.play(OpenPool(scene.time, POOL, 1))
    scene.play(JoinVault(scene.time, RICH, 50_000, POOL))
    scene.play(JoinVault(scene.time, OTHER, 20_000))
    scene.play(Trade(scene.time, LOSER, WINNER, 1, 100, 1_000))
    scene.price(880, 1)
    drawn = of_kind(scene.play(scene.advance()), EventKind.TRANCHE_DRAWN)
    assert (drawn["counterparty"].tolist(), drawn["amount_quanta"].tolist()) == ([POOL], [1_000])


def test_a_pool_that_is_not_open_takes_nothing_over() -> None:
    terms = small_terms(Executor.BACKSTOP_VAULT)
    terms.pools[1].used, terms.backings[0].pool = 1, 1
    scene = Scene(terms=terms)
    scene.play(JoinVault(scene.time, RICH, 200_000))
    scene.distress(930)
    told = scene.play(scene.advance())
    assert of_kind(told, EventKind.ACCOUNT_WAITING)["account"].tolist() == [LOSER]
    assert len(of_kind(told, EventKind.POSITION_TAKEN_OVER)) == 0
    scene.play(OpenPool(scene.time, POOL, 1))
    scene.play(JoinVault(scene.time, OTHER, 30_000, POOL))
    assert of_kind(scene.play(scene.advance()), EventKind.POSITION_TAKEN_OVER)["counterparty"].tolist() == [POOL]


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


def unwinding(buyer: int, seller: int, ticks: int) -> tuple[Scene, tuple[int, int], int]:
    """The pool has taken 100 lots of LOSER over, and orders; (scene, lots and limit, reference of the order)."""
    scene = with_pool(unwind_limit_ppm=10_000)
    scene.play(JoinVault(scene.time, RICH, 100_000, POOL))
    scene.play(Trade(scene.time, buyer, seller, 1, 100, 1_000))
    scene.price(ticks, 1)
    assert len(of_kind(scene.play(scene.advance()), EventKind.POSITION_TAKEN_OVER)) == 1
    (order,) = of_kind(scene.play(scene.advance()), EventKind.UNWIND_ORDERED)
    return scene, (int(order["lots"]), int(order["price_ticks"])), int(order["reference"])


def test_a_pool_works_its_inventory_down_inside_its_limit() -> None:
    scene, order, reference = unwinding(LOSER, WINNER, 930)
    assert order == (-100, 921)

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
    now, scene.time = scene.time, scene.time + 10 * SECOND
    assert refusal_of(scene, fill(lots=1)) == "NO_UNWIND_ORDER"  # its time is over: the next order has another price
    scene.time = now
    assert refusal_of(scene, fill(lots=71)) == "NO_UNWIND_ORDER"
    scene.play(fill(lots=70))
    assert int(scene.machine.state.accounts[POOL].position_count) == 0


def test_a_pool_in_liquidation_works_nothing_down_and_an_unstated_depth_bounds_nothing() -> None:
    scene, order, reference = unwinding(WINNER, LOSER, 1_070)
    assert order == (100, 1_080)
    scene.play(UnwindFill(scene.time, POOL, OTHER, 1, 30, 1_080, reference))
    assert refusal_of(scene, UnwindFill(scene.time, POOL, OTHER, 1, 30, 1_081, reference)) == "BEYOND_LIMIT_PRICE"
    scene.machine.state.accounts[POOL].status = Status.DISTRESSED
    told = scene.machine.do(UnwindFill(scene.time, POOL, OTHER, 1, 30, 1_080, reference))
    assert Refusal(int(told["refusal"][0])) == Refusal.IN_LIQUIDATION


def test_in_a_market_that_has_ended_nothing_is_left_to_work_down() -> None:
    terms = small_terms(Executor.BACKSTOP_VAULT)
    terms.pools[0].unwind_ns, terms.pools[0].unwind_limit_ppm = 10 * SECOND, 10_000
    terms.backings[0].target_lots = 50
    scene = Scene(terms=terms)
    scene.play(JoinVault(scene.time, RICH, 100_000))
    assert len(of_kind(scene.play(scene.advance()), EventKind.UNWIND_ORDERED)) == 1
    scene.play(SetMode(scene.time, 0, Mode.HALTED))
    assert len(of_kind(scene.play(SettleMarket(scene.time, 0, 1_000)), EventKind.MARKET_SETTLED)) == 1
    scene.time += 10 * SECOND
    assert len(of_kind(scene.play(scene.advance()), EventKind.UNWIND_ORDERED)) == 0


def test_a_default_in_no_market_is_the_vault_s() -> None:
    state = Scene().machine.state
    assert plain(pool_account)(state, NONE) == VAULT
    state.backings[1].pool = 1
    assert plain(pool_account)(state, 1) == NONE, "it is not open yet"


def test_working_towards_a_target_the_other_way_needs_the_pools_own_margin() -> None:
    terms = small_terms(Executor.BACKSTOP_VAULT)
    terms.pools[1].used, terms.pools[1].unwind_ns, terms.pools[1].unwind_limit_ppm = 1, 10 * SECOND, 10_000
    terms.backings[1].pool, terms.backings[1].target_lots = 1, 50
    scene = Scene(terms=terms)
    scene.play(OpenPool(scene.time, POOL, 1))
    (order,) = of_kind(scene.play(scene.advance()), EventKind.UNWIND_ORDERED)
    fill = UnwindFill(scene.time, POOL, OTHER, 1, 50, 1_000, int(order["reference"]))
    assert refusal_of(scene, fill) == "BELOW_INITIAL"
    scene.play(JoinVault(scene.time, RICH, 5_000, POOL))
    assert len(of_kind(scene.play(fill), EventKind.POOL_UNWOUND)) == 1
