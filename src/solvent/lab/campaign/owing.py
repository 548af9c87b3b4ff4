"""A story of an asset that is owed: lent out to the last unit, charged, bought back, and what is refused on the way."""

from collections import Counter

from solvent.codes import Executor, Level, SystemAccount, Tranche
from solvent.commands import (
    AccrueInterest,
    Advance,
    ContributeFund,
    CoverDebt,
    Deposit,
    ListInstrument,
    OpenAccount,
    Withdraw,
)
from solvent.lab.campaign.directed import SECOND, Telling, plain_terms
from solvent.lab.driver import START_NS
from solvent.units import PPB, PPM


def an_asset_is_owed() -> tuple[Counter[str], int]:
    """Borrowed up to the limit and to the last unit there is; interest flags the debtor, a price the other one."""
    terms = plain_terms(2, Executor.ENGINE, (Tranche.VENUE_FUND,))
    terms.levels[Level.MAINTENANCE].maintenance_weights = 1
    asset = terms.assets[1]
    asset.used, asset.price_instrument, asset.value_num, asset.value_den = 1, 1, 1, 1
    asset.initial_ppm, asset.maintenance_ppm = 800_000, 900_000
    asset.borrow_limit_amount, asset.lend_max_ppm = 60, PPM
    asset.liability_initial_ppm, asset.liability_maintenance_ppm = 1_200_000, 1_100_000
    asset.interest_base_ppb, asset.interest_optimal_ppm, asset.interest_kept_ppm = 100 * PPB, PPM, 100_000
    asset.interest_ns = 3_600 * SECOND
    telling = Telling(terms)
    first = SystemAccount.MARKET_FUNDS + 2
    for instrument in range(2):
        telling.play(ListInstrument(START_NS, instrument))
        telling.price(instrument, 100)
    lender, debtor, other = first, first + 1, first + 2
    for account, cash in ((lender, 1_000), (debtor, 8_000), (other, 8_000)):
        telling.play(OpenAccount(START_NS, account, account, 1))
        telling.play(Deposit(START_NS, account, cash))
    telling.play(ContributeFund(START_NS, SystemAccount.VENUE_FUND, 5_000))
    telling.play(AccrueInterest(telling.time, 1))  # nobody owes anything
    telling.play(Deposit(telling.time, lender, 100, 1))
    telling.play(Withdraw(telling.time, debtor, 61, 1))  # beyond the limit
    telling.play(Withdraw(telling.time, debtor, 60, 1))
    telling.play(Withdraw(telling.time, other, 41, 1))  # beyond what is there
    telling.play(Withdraw(telling.time, other, 40, 1))
    telling.play(Withdraw(telling.time, lender, 1, 1))  # its own, which is out
    telling.play(AccrueInterest(telling.time, 1))  # too soon
    telling.time += 24 * 3_600 * SECOND
    telling.play(AccrueInterest(telling.time, 1))
    telling.play(Deposit(telling.time, other, 51, 1))
    telling.price(1, 200)
    telling.play(Advance(telling.time, 5))
    state = telling.machine.state
    reference = int(state.accounts[debtor].order_reference)
    owed = -telling.auditor.books.accounts[debtor].holdings[1]
    telling.play(CoverDebt(telling.time, debtor, 1, owed + 1, 1, reference))
    telling.play(CoverDebt(telling.time, debtor, 1, owed, 200 * owed, reference))
    telling.play(Advance(telling.time, 5))
    return telling.reach, telling.told


OWING = (an_asset_is_owed,)
