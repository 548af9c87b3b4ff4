"""Who leaves while a loss has no payer bears its share and goes: nobody gains by being first."""

import numpy as np

from solvent.codes import Level, Status, SystemAccount, Tranche
from solvent.compiled import kernel
from solvent.events import EventKind, tell
from solvent.procedures.review import tell_gate
from solvent.risk.margin import judge
from solvent.risk.outflow import leaving_charge_up
from solvent.risk.waterfall import take
from solvent.state.inside import inside_quanta
from solvent.state.ledger import post
from solvent.state.pools import is_pool
from solvent.state.tables import NONE
from solvent.state.terms import ABSORBERS_MAX, POOLS_MAX
from solvent.units import add_saturated


@kernel
def losses_by_market(state, losses):
    """Fill in what accounts in the queue are below zero, by the market they defaulted in; the last row is the rest.

    A pool has no pool behind it, and an account without a market no fund of one: theirs are in the rest.
    """
    rest = losses.shape[0] - 1
    venue = state.venue[0]
    for i in range(venue.queue_count):
        account = state.queue[(venue.queue_head + i) % state.queue.shape[0]]
        equity, _requirement, _gains, _notional = judge(state, account, Level.MAINTENANCE)
        place = state.accounts[account].default_instrument + 0
        if place == NONE or is_pool(state, account):
            place = rest
        losses[place] = add_saturated(losses[place], max(-equity, 0))
    for row in range(POOLS_MAX):
        pool = state.vaults[row].account
        if pool != NONE and state.accounts[pool].status == Status.SOUND:
            equity, _requirement, _gains, _notional = judge(state, pool, Level.MAINTENANCE)
            losses[rest] = add_saturated(losses[rest], max(-equity, 0))


@kernel
def paid_by_pools(state, losses, cap_ppm):
    """What pools would pay of the losses in the markets they back, taken off them: each as far as its cash reaches."""
    for row in range(POOLS_MAX):
        pool = state.vaults[row].account
        if pool == NONE:
            continue
        equity, _requirement, _gains, _notional = judge(state, pool, Level.MAINTENANCE)
        means = min(equity, state.accounts[pool].wallet_quanta)
        left = take(means, means, cap_ppm)
        for instrument in range(state.instruments.shape[0]):
            if state.backings[instrument].pool == row:
                paid = min(left, losses[instrument])
                losses[instrument] -= paid
                left -= paid


@kernel
def loss_without_payer(state):
    """(what of a loss has no payer, what the accounts have between them), in quanta.

    The open deficit, and of equities below zero what no fund of the market, pool, fund or capital of the venue would
    pay, each within its cap for one default. What the accounts have is everything inside, collateral at the mark, less
    what is the venue's own, so loss / (that + loss) is what everybody's claim is short of.
    """
    losses = np.zeros(state.instruments.shape[0] + 1, np.int64)
    losses_by_market(state, losses)
    means = 0
    for row in range(ABSORBERS_MAX):
        absorber = state.absorbers[row]
        if absorber.used == 0:
            continue
        if absorber.tranche == Tranche.MARKET_FUND:
            for instrument in range(state.instruments.shape[0]):
                fund = state.accounts[SystemAccount.MARKET_FUNDS + instrument].wallet_quanta
                losses[instrument] -= take(losses[instrument], fund, absorber.cap_ppm)
        elif absorber.tranche == Tranche.LIQUIDITY_VAULT:
            paid_by_pools(state, losses, absorber.cap_ppm)
        elif absorber.tranche == Tranche.VENUE_FUND:
            fund = state.accounts[SystemAccount.VENUE_FUND].wallet_quanta
            means += take(fund, fund, absorber.cap_ppm)
        elif absorber.tranche == Tranche.VENUE_CAPITAL:
            capital = state.accounts[SystemAccount.VENUE_CAPITAL].wallet_quanta
            means += take(capital, capital, absorber.cap_ppm)
    below = 0
    for place in range(losses.shape[0]):
        below = add_saturated(below, losses[place])
    own = state.accounts[SystemAccount.FEES].wallet_quanta + state.accounts[SystemAccount.VENUE_FUND].wallet_quanta
    own += state.accounts[SystemAccount.VENUE_CAPITAL].wallet_quanta + 0
    for instrument in range(state.instruments.shape[0]):
        own += state.accounts[SystemAccount.MARKET_FUNDS + instrument].wallet_quanta
    return state.venue[0].open_deficit_quanta + max(below - means, 0), max(inside_quanta(state) - own, 0)


@kernel
def charge_of(state, worth_quanta):
    """(what so much leaving bears, the loss it is a share of, what the accounts have between them)."""
    loss, held = loss_without_payer(state)
    return leaving_charge_up(worth_quanta, loss, held), loss, held


@kernel
def charge_withdrawal(state, tape, account, charge, loss, held):
    """Take from whoever leaves what it bears.

    It pays the open deficit down, so the share of those who stay is what it was; what is only expected goes to the
    venue's fund, which meets it when it comes.
    """
    if charge == 0:
        return
    covered = min(charge, state.venue[0].open_deficit_quanta)
    post(state, account, SystemAccount.DEFICIT, covered)
    post(state, account, SystemAccount.VENUE_FUND, charge - covered)
    event = tell(state, tape, EventKind.WITHDRAWAL_CHARGED)
    event.account = account
    event.amount_quanta = charge
    event.value = covered
    event.equity_quanta = held
    event.requirement_quanta = loss
    if covered > 0:
        state.venue[0].open_deficit_quanta -= covered
        tell_gate(state, tape, True, account)
