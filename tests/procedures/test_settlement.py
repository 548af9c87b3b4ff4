"""The end of a market, told to the auditor: options at their expiry, contracts that are delisted."""

from collections import Counter

import pytest

from solvent.codes import Mode, Refusal, SystemAccount
from solvent.commands import Deposit, ListInstrument, OpenAccount, SetMode, SettleMarket, Trade
from solvent.events import EventKind
from solvent.lab.campaign.directed import Telling
from solvent.lab.campaign.ended import (
    ENDED,
    EXPIRY_NS,
    delisted_inverse,
    expiring_options,
    held_back,
    option_terms,
    skewed_pool,
    write_option,
)
from solvent.lab.driver import START_NS


def test_stories_of_ends_meet_every_refusal_of_settlement() -> None:
    met: Counter[str] = Counter()
    for story in ENDED:
        met += story()[0]
    for reason in ("NOT_EXPIRED", "EXPIRED", "MARKET_OPEN", "MARKET_NEEDED", "MARKET_SETTLED"):
        assert met[f"refusal {reason}"] > 0
    assert met["refusal NO_MARK"] > 0
    assert met["refusal TERMS_FIXED_AT_LISTING"] > 0


def test_the_underlying_alone_makes_a_writer_distressed_and_its_expiry_a_default() -> None:
    met, _told = expiring_options()
    assert met["event ACCOUNT_FLAGGED"] == 1
    assert met["event DEFAULT_CLOSED"] == 1
    assert met["tranche MARKET_FUND"] == 1


def test_a_delisted_inverse_market_leaves_its_rounding_to_its_fund() -> None:
    met, _told = delisted_inverse()
    assert met["event POSITION_SETTLED"] == 4
    assert met["event MARKET_SETTLED"] == 1


def wallets(kind: str, spot: int) -> tuple[int, int]:
    """(gain of who bought 10 options at 50, gain of who wrote them) after they expire with the underlying at `spot`."""
    terms = option_terms()
    put = int(kind == "put")
    write_option(terms, 1, strike=1_000, is_put=put, in_coin=int(kind == "coin"))
    telling = Telling(terms)
    first = SystemAccount.MARKET_FUNDS + 4
    for instrument in range(2):
        telling.play(ListInstrument(START_NS, instrument))
    for place in range(2):
        telling.play(OpenAccount(START_NS, first + place, place, 1))
        telling.play(Deposit(START_NS, first + place, 1_000_000))
    telling.price(0, 1_000)
    telling.price(1, 50)
    telling.play(Trade(telling.time, first, first + 1, 1, 10, 50))
    told = telling.play(SettleMarket(EXPIRY_NS, 1, spot))
    assert (told["kind"] == EventKind.MARKET_SETTLED).sum() == 1
    rows = telling.machine.state.accounts
    return int(rows[first].wallet_quanta) - 1_000_000, int(rows[first + 1].wallet_quanta) - 1_000_000


@pytest.mark.parametrize(
    ("kind", "spot", "buyer"),
    [
        ("call", 1_120, 10 * 120 - 500),
        ("call", 1_000, -500),
        ("call", 900, -500),
        ("put", 880, 10 * 120 - 500),
        ("put", 1_100, -500),
        ("coin", 1_250, 10 * 7_000 * 250 // 1_250 - 500),
        ("coin", 1_300, 10 * 7_000 * 300 // 1_300 - 500),  # 16,153.8 rounded down for the buyer
    ],
)
def test_an_option_pays_its_distance_from_the_strike(kind: str, spot: int, buyer: int) -> None:
    bought, written = wallets(kind, spot)
    assert bought == buyer
    assert bought + written == (-1 if (kind, spot) == ("coin", 1_300) else 0)  # what rounding leaves is the fund's


def test_a_breaker_may_stop_one_action_alone_and_an_operator_lets_it_go() -> None:
    met, _told = held_back()
    assert met["refusal ACTION_BLOCKED"] == 3
    assert met["event ACCOUNT_WAITING"] == 1, "nobody was closed while the market was held"
    assert met["event LIQUIDATION_ORDERED"] == 1
    assert met["event WITHDRAWN"] == 1


def test_a_pool_takes_each_position_at_the_price_the_ones_before_have_moved() -> None:
    met, _told = skewed_pool()
    assert met["event POSITION_TAKEN_OVER"] == 4


def test_a_market_with_nobody_in_it_ends_as_well() -> None:
    telling = Telling(option_terms())
    telling.play(ListInstrument(START_NS, 0))
    telling.play(SetMode(START_NS, 0, Mode.HALTED))
    told = telling.play(SettleMarket(START_NS, 0, 1_000))
    assert told["kind"].tolist() == [EventKind.MARKET_SETTLED]
    assert telling.play(SettleMarket(START_NS, 0, 1_000))["refusal"].tolist() == [Refusal.MARKET_SETTLED]
