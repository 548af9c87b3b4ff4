"""Who leaves while a loss has no payer: what funds and pools would pay is nobody's loss, and collateral bears as well."""

import pytest
from tests.laws.machine import OTHER, RICH, Scene, small_terms

from solvent.codes import Executor, Refusal, Status, SystemAccount, Tranche
from solvent.commands import ContributeFund, Deposit, JoinVault, OpenPool, Trade, Withdraw
from solvent.events import EventKind
from solvent.units import PPM

COIN = 1
FUND, VAULT = SystemAccount.MARKET_FUNDS, SystemAccount.VAULT
TRANCHES = (Tranche.MARKET_FUND, Tranche.VENUE_FUND, Tranche.VENUE_CAPITAL, Tranche.LIQUIDITY_VAULT)


def charged(events) -> int:
    told = events[events["kind"] == EventKind.WITHDRAWAL_CHARGED]
    return int(told["amount_quanta"][0]) if len(told) else 0


def refusal_of(events) -> str:
    told = events[events["kind"] == EventKind.COMMAND_REFUSED]
    return Refusal(int(told["refusal"][0])).name if len(told) else "NONE"


def falling(*funds: tuple[int, int], cap_ppm: int = PPM) -> Scene:
    """LOSER is 9,000 below zero with nothing done yet; money of the venue stands behind it."""
    terms = small_terms()
    terms.policy[0].withdraw_charge = 1
    for row, tranche in enumerate(TRANCHES):
        terms.absorbers[row].used, terms.absorbers[row].tranche, terms.absorbers[row].cap_ppm = 1, tranche, cap_ppm
    coin = terms.assets[COIN]
    coin.used, coin.price_instrument, coin.value_num, coin.value_den = 1, 1, 1, 1
    coin.initial_ppm = coin.maintenance_ppm = 900_000
    scene = Scene(terms=terms)
    for account, amount in funds:
        scene.play(ContributeFund(scene.time, account, amount))
    scene.play(Deposit(scene.time, OTHER, 100, COIN))
    scene.distress(800)
    assert int(scene.machine.state.venue[0].negative_count) <= 1
    return scene


@pytest.mark.parametrize(
    ("funds", "cap_ppm", "loss"),
    [
        ((), PPM, 9_000),
        (((FUND, 4_000),), PPM, 5_000),
        (((FUND + 1, 4_000),), PPM, 9_000),  # another market's fund pays nothing here
        (((VAULT, 6_000),), PPM, 3_000),
        (((SystemAccount.VENUE_FUND, 2_000), (SystemAccount.VENUE_CAPITAL, 3_000)), PPM, 4_000),
        (((FUND, 4_000), (VAULT, 4_000), (SystemAccount.VENUE_FUND, 4_000)), 500_000, 3_000),
        (((FUND, 9_000),), PPM, 0),
    ],
)
def test_the_loss_is_what_nobody_stands_behind(funds, cap_ppm, loss) -> None:
    scene = falling(*funds, cap_ppm=cap_ppm)
    own = sum(amount for account, amount in funds if account != VAULT)
    held = 601_000 + sum(amount for _account, amount in funds) + 100_000 - own
    assert charged(scene.play(Withdraw(scene.time, RICH, 10_000))) == -(-10_000 * loss // (held + loss))


def test_collateral_that_leaves_bears_its_share_in_cash() -> None:
    scene = falling()
    due = -(-50_000 * 9_000 // (701_000 + 9_000))
    assert charged(scene.play(Withdraw(scene.time, OTHER, 50, COIN))) == due
    scene.play(Withdraw(scene.time, OTHER, int(scene.machine.state.accounts[OTHER].wallet_quanta) - 100))
    for left in (10, 50):  # ten would leave enough behind, but not the cash for their share
        assert refusal_of(scene.play(Withdraw(scene.time, OTHER, left, COIN))) == "WITHDRAWAL_EXCEEDS_FREE"


def test_a_pool_that_is_not_open_pays_nothing() -> None:
    scene = falling((VAULT, 6_000))
    assert refusal_of(scene.play(OpenPool(scene.time, RICH + 9, 1))) == "POOL_UNKNOWN"
    scene.play(Trade(scene.time, RICH, OTHER, 1, 10, 1_000))
    assert charged(scene.play(Withdraw(scene.time, RICH, 10_000))) == -(-10_000 * 3_000 // (707_000 + 3_000))


def test_what_the_vault_itself_is_below_zero_no_pool_and_no_market_s_fund_pays() -> None:
    terms = small_terms(Executor.BACKSTOP_VAULT)
    terms.policy[0].withdraw_charge, terms.stages[0].fee_ppm = 1, 0
    for row, tranche in enumerate(TRANCHES):
        terms.absorbers[row].used, terms.absorbers[row].tranche, terms.absorbers[row].cap_ppm = 1, tranche, PPM
    scene = Scene(terms=terms)
    scene.play(JoinVault(scene.time, RICH, 12_000))
    scene.play(ContributeFund(scene.time, FUND, 50_000))
    scene.distress(930)
    scene.play(scene.advance())
    scene.price(780)  # of 12,000 the hundred lots have lost 15,000
    loss, held = 3_000, 601_000
    for status in (Status.SOUND, Status.DISTRESSED):  # seen in its equity, then in the queue
        assert int(scene.machine.state.accounts[VAULT].status) == status
        due = -(-10_000 * loss // (held + loss))
        assert charged(scene.play(Withdraw(scene.time, RICH, 10_000))) == due
        loss, held = loss - due, held - 10_000  # the venue's fund has it now
        scene.play(scene.advance())
