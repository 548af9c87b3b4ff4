"""Funding that the machine computes: each kind against the same rule in fractions, followed by the auditor."""

from fractions import Fraction
from math import floor
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from tests.laws.machine import LOSER, RICH, SECOND, WINNER, Scene, small_terms

from solvent.codes import Executor, FundingKind, Mode, Refusal, SystemAccount
from solvent.commands import FundingTick, JoinVault, ReportPremium, SetMode, SettleFunding, Trade, Withdraw
from solvent.events import EventKind
from solvent.procedures.funding import PREMIUMS_MAX
from solvent.units import PPB, PPM

HOUR = 3_600 * SECOND
CLAMPED = {
    "kind": FundingKind.CLAMPED_PREMIUM,
    "interest_ppb": 100_000,
    "clamp_ppb": 500_000,
    "period_ns": 8 * HOUR,
    "interval_ns": HOUR,
    "multiplier_ppm": PPM,
}


def scene_of(fields: dict[str, int], executor: Executor = Executor.ENGINE, most: int = PPB) -> Scene:
    terms = small_terms(executor)
    terms.policy[0].funding_rate_max_ppb = most
    for name, value in fields.items():
        terms.funding[0][name] = value
    return Scene(terms=terms)


def settled(scene: Scene, *premiums: int, after: int = HOUR) -> Any:
    """The event of a settlement after these premiums, a time later."""
    for premium in premiums:
        scene.play(ReportPremium(scene.time, 0, premium))
    scene.time += after
    events = scene.play(SettleFunding(scene.time, 0))
    (computed,) = events[events["kind"] == EventKind.FUNDING_COMPUTED]
    (ticked,) = events[events["kind"] == EventKind.FUNDING_TICKED]
    assert ticked["value"] == computed["value"]
    return computed


def refused(scene: Scene, command: Any) -> Refusal:
    (event,) = scene.play(command)
    assert event["kind"] == EventKind.COMMAND_REFUSED
    return Refusal(int(event["refusal"]))


def test_whoever_touches_an_account_settles_all_it_holds() -> None:
    scene = scene_of(CLAMPED)
    scene.play(Trade(scene.time, LOSER, WINNER, 0, 50, 1_000))
    scene.play(Trade(scene.time, LOSER, WINNER, 1, 50, 1_000))
    for market, rate in ((0, 1_000_000), (1, 3_000_000)):
        scene.play(FundingTick(scene.time, market, rate))
    told = scene.play(Withdraw(scene.time, LOSER, 1))
    paid = told[told["kind"] == EventKind.FUNDING_PAID]
    assert dict(zip(paid["instrument"].tolist(), paid["amount_quanta"].tolist(), strict=True)) == {0: 50, 1: 150}


def test_both_sides_of_a_trade_settle_before_it() -> None:
    scene = scene_of(CLAMPED)
    scene.play(Trade(scene.time, LOSER, WINNER, 0, 50, 1_000))
    for buyer, seller in ((RICH, LOSER), (LOSER, RICH)):
        scene.play(FundingTick(scene.time, 0, 1_000_000))
        told = scene.play(Trade(scene.time, buyer, seller, 0, 10, 1_000))
        paid = told[told["kind"] == EventKind.FUNDING_PAID]
        assert LOSER in paid["account"]


def test_hyperliquids_published_hour() -> None:
    """Impact bid 10,100 over an oracle of 10,000: 1 % premium, 0.95 % for eight hours, an eighth of it an hour."""
    computed = settled(scene_of(CLAMPED), 10_000_000)
    assert (computed["amount_quanta"], computed["value"]) == (10_000_000, 9_500_000 // 8)
    assert settled(scene_of(CLAMPED), 100_000, 300_000)["value"] == 12_500, "flat at the interest: 0.01 % / 8"


@example([PPB], 0, 0, FundingKind.CLAMPED_PREMIUM, PPM)
@example([-PPB], 0, 0, FundingKind.CLAMPED_PREMIUM, PPM)
@given(
    st.lists(st.integers(-PPB, PPB), min_size=1, max_size=5),
    st.integers(-(10**6), 10**6),
    st.integers(0, 10**7),
    st.sampled_from([FundingKind.CLAMPED_PREMIUM, FundingKind.DAMPED_PREMIUM]),
    st.integers(0, 3 * PPM),
)
def test_premiums_are_averaged_pulled_multiplied_and_capped(premiums, interest, clamp, kind, multiplier) -> None:
    fields = CLAMPED | {"kind": kind, "interest_ppb": interest, "clamp_ppb": clamp, "multiplier_ppm": multiplier}
    computed = settled(scene_of(fields, most=20_000_000), *premiums)

    def near(value: Fraction) -> int:
        return floor(value + Fraction(1, 2))

    average = near(Fraction(sum(premiums), len(premiums)))
    rate = average + min(max(interest - average, -clamp), clamp)
    if kind == FundingKind.DAMPED_PREMIUM:
        rate = max(clamp, average) + min(-clamp, average)
    rate = near(Fraction(near(Fraction(rate * multiplier, PPM)), 8))
    assert computed["value"] == min(max(rate, -20_000_000), 20_000_000)


def test_a_premium_without_an_interval_is_paid_for_the_time_passed() -> None:
    scene = scene_of(CLAMPED | {"kind": FundingKind.DAMPED_PREMIUM, "clamp_ppb": 250_000, "interval_ns": 0})
    assert settled(scene, 1_250_000, after=SECOND)["value"] == 0, "nothing has passed since nothing"
    assert settled(scene, 1_250_000, after=2 * HOUR)["value"] == 250_000, "1,000,000 for eight hours"


def traded_against_the_vault(side: int, fields: dict[str, int]) -> Scene:
    """The vault has taken 100 lots over, long or short; so traders are 100 the other way."""
    scene = scene_of(fields, Executor.BACKSTOP_VAULT)
    scene.play(JoinVault(scene.time, RICH, 200_000))
    buyer, seller = (LOSER, WINNER) if side > 0 else (WINNER, LOSER)
    scene.play(Trade(scene.time, buyer, seller, 0, 100, 1_000))
    scene.price(1_000 - 70 * side)
    scene.play(scene.advance())
    held = {int(p.instrument): int(p.lots) for p in scene.machine.state.positions if p.account == SystemAccount.VAULT}
    assert held == {0: 100 * side}
    return scene


VELOCITY = {
    "kind": FundingKind.VELOCITY,
    "period_ns": 1,
    "velocity_ppb": 9 * PPB,
    "skew_scale_lots": 1_000,
}


def test_velocity_drifts_with_the_skew_and_pays_the_mean() -> None:
    for side in (1, -1):
        scene = traded_against_the_vault(side, VELOCITY)
        assert settled(scene, after=SECOND)["value"] == 0
        first = settled(scene, after=24 * HOUR)
        # a tenth of 900 % a day: after a day 90 %, of which the mean was paid
        assert (first["shares"], first["value"]) == (-900_000_000 * side, -450_000_000 * side)
        second = settled(scene, after=HOUR)
        assert second["shares"] == -937_500_000 * side
        assert abs(int(second["value"])) == floor(Fraction(900_000_000 + 937_500_000, 48) + Fraction(1, 2))


def test_velocity_stands_while_traders_balance() -> None:
    scene = scene_of(VELOCITY | {"skew_scale_lots": 0})
    scene.open_position()
    settled(scene)
    assert settled(scene, after=24 * HOUR)["shares"] == 0


ADAPTIVE = {
    "kind": FundingKind.IMBALANCE_ADAPTIVE,
    "period_ns": 1,
    "growth_ppb": 83_333,
    "decay_ppb": 5_208,
    "cap_ppb": 900_000_000,
    "stable_ppm": 40_000,
    "decrease_ppm": 10_000,
}


def test_an_adaptive_rate_grows_to_its_cap_with_the_imbalance() -> None:
    for side in (1, -1):
        scene = traded_against_the_vault(side, ADAPTIVE)
        settled(scene, after=SECOND)
        grown = settled(scene, after=HOUR)  # all traders are on one side
        assert grown["shares"] == -83_333 * 3_600 * side
        assert grown["value"] == floor(Fraction(-83_333 * 3_600 * side, 365 * 24) + Fraction(1, 2))
        assert settled(scene, after=24 * HOUR)["shares"] == -900_000_000 * side


def test_an_adaptive_rate_decays_when_the_sides_meet_and_turns_with_the_skew() -> None:
    scene = traded_against_the_vault(1, ADAPTIVE)
    settled(scene, after=SECOND)
    market = scene.machine.state.instruments[0]
    settled(scene, after=HOUR)
    assert market.rate_ppb < 0
    # the rate is of shorts; a skew of longs turns it, whatever its size
    market.rate_ppb = scene.auditor.notes.funding[0].rate = 1_000_000_000
    assert settled(scene, after=SECOND)["shares"] == 900_000_000
    market.rate_ppb = scene.auditor.notes.funding[0].rate = 100_000_000
    assert settled(scene, after=HOUR)["shares"] == 100_000_000 - 83_333 * 3_600
    scene = scene_of(ADAPTIVE)
    scene.open_position()
    market = scene.machine.state.instruments[0]
    settled(scene, after=SECOND)
    market.rate_ppb = scene.auditor.notes.funding[0].rate = 100_000_000
    assert settled(scene, after=HOUR)["shares"] == 100_000_000 - 5_208 * 3_600
    assert settled(scene, after=24 * HOUR)["shares"] == 0


def test_an_adaptive_rate_stands_between_its_thresholds_and_without_anybody() -> None:
    scene = scene_of(ADAPTIVE | {"stable_ppm": PPM, "decrease_ppm": 0})
    settled(scene, after=SECOND)
    market = scene.machine.state.instruments[0]
    market.rate_ppb = scene.auditor.notes.funding[0].rate = 5_000
    assert settled(scene, after=HOUR)["shares"] == 5_000


def test_what_is_refused() -> None:
    scene = scene_of(CLAMPED)
    time = scene.time
    assert refused(scene, SettleFunding(time, 0)) == Refusal.PREMIUM_MISSING
    assert refused(scene, SettleFunding(time, 1)) == Refusal.FUNDING_NOT_COMPUTED
    assert refused(scene, SettleFunding(time, 9)) == Refusal.INSTRUMENT_UNKNOWN
    assert refused(scene, ReportPremium(time, 9, 1)) == Refusal.INSTRUMENT_UNKNOWN
    assert refused(scene, ReportPremium(time, -1, 1)) == Refusal.INSTRUMENT_UNKNOWN
    assert refused(scene, ReportPremium(time, 0, PPB + 1)) == Refusal.RATE_OUT_OF_RANGE
    settled(scene, 1)
    scene.play(ReportPremium(scene.time, 0, 1))
    scene.time += HOUR - 1
    assert refused(scene, SettleFunding(scene.time, 0)) == Refusal.FUNDING_TOO_SOON
    scene.play(SetMode(scene.time, 0, Mode.HALTED))
    scene.time += 1
    assert refused(scene, SettleFunding(scene.time, 0)) == Refusal.MARKET_HALTED
    assert refused(scene, FundingTick(scene.time, 9, 1)) == Refusal.INSTRUMENT_UNKNOWN
    scene.machine.state.instruments[0].premium_count = PREMIUMS_MAX
    assert refused(scene, ReportPremium(scene.time, 0, 1)) == Refusal.PREMIUMS_FULL


def test_no_funding_before_a_price_and_none_past_the_index_bound() -> None:
    terms = small_terms()
    for name, value in CLAMPED.items():
        terms.funding[0][name] = value
    scene = Scene(terms=terms)
    scene.play(ReportPremium(scene.time, 0, 1))
    state = scene.machine.state
    mark, state.instruments[0].mark_ticks = int(state.instruments[0].mark_ticks), 0
    assert Refusal(int(scene.machine.do(SettleFunding(scene.time, 0))[0]["refusal"])) == Refusal.NO_MARK
    state.instruments[0].mark_ticks = mark
    state.instruments[0].funding_index = 2**61
    record = SettleFunding(scene.time, 0)
    assert Refusal(int(scene.machine.do(record)[0]["refusal"])) == Refusal.RATE_OUT_OF_RANGE
