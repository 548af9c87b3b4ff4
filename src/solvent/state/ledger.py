"""The only door money goes through.

Every function here leaves the law of the ledger as it found it:

    sum of all wallets - sum of all costs = 0,   with the outside world's wallet equal to minus net deposits,

because cash is moved by a debit and an equal credit, and a trade moves the same value from the seller's cost to
the buyer's. Closing turns cost into cash inside one account.
"""

from solvent.compiled import kernel
from solvent.state.tables import NONE
from solvent.state.values import traded_quanta
from solvent.units import mul_div_down


@kernel
def post(state, debit, credit, amount_quanta):
    """Move cash from one wallet to another. The amount is not negative."""
    state.accounts[debit].wallet_quanta -= amount_quanta
    state.accounts[credit].wallet_quanta += amount_quanta


@kernel
def _exchange_side(state, row, lots, price_ticks):
    """Change one position by signed lots at a price: closing realises into the wallet, opening adds cost.

    The value of the lots is rounded once and is the other side's with the opposite sign; what of it is opened is the
    rest of what is closed, so that both parts add up to it.
    """
    position = state.positions[row]
    contract = state.contracts[position.instrument]
    held = position.lots
    moved = traded_quanta(contract, lots, price_ticks)
    if held == 0 or (held > 0) == (lots > 0):
        position.cost_quanta += moved
        position.lots += lots
        return
    closed = lots if abs(lots) <= abs(held) else -held
    opened = lots - closed
    proceeds = -moved if opened == 0 else traded_quanta(contract, -closed, price_ticks)
    cost_share = mul_div_down(position.cost_quanta, abs(closed), abs(held))
    state.accounts[position.account].wallet_quanta += proceeds - cost_share
    position.cost_quanta -= cost_share
    position.lots += closed
    if opened != 0:
        position.cost_quanta += moved + proceeds
        position.lots += opened


@kernel
def exchange(state, buyer_row, seller_row, lots, price_ticks):
    """`lots` (more than zero) pass from the seller's position to the buyer's; open interest follows."""
    instrument = state.instruments[state.positions[buyer_row].instrument]
    instrument.open_interest_lots -= max(state.positions[buyer_row].lots, 0) + max(state.positions[seller_row].lots, 0)
    _exchange_side(state, buyer_row, lots, price_ticks)
    _exchange_side(state, seller_row, -lots, price_ticks)
    instrument.open_interest_lots += max(state.positions[buyer_row].lots, 0) + max(state.positions[seller_row].lots, 0)


@kernel
def pay_out(state, row, value_quanta):
    """A position ends at a value: it goes into the wallet, less what the position had cost, and nothing is held.

    Values of all positions of a market, rounded down, add up to nothing or less; who ends a market gives what is left
    over to somebody with `post_left_over`, and the ledger is what it was.
    """
    position = state.positions[row]
    state.accounts[position.account].wallet_quanta += value_quanta - position.cost_quanta
    position.cost_quanta = 0
    position.lots = 0


@kernel
def post_left_over(state, credit, amount_quanta):
    """What rounding every payment of a settled market down has left; the amount is not negative."""
    state.accounts[credit].wallet_quanta += amount_quanta


@kernel
def hold(state, account, holding_row, amount_quanta):
    """Change a collateral holding; negative takes away, and below zero it is owed. The other side is the outside world,
    or another holder.
    """
    held = state.held[state.holdings[holding_row].asset]
    held.owed_quanta -= max(-state.holdings[holding_row].amount_quanta, 0)
    state.holdings[holding_row].amount_quanta += amount_quanta
    held.amount_quanta += amount_quanta
    held.owed_quanta += max(-state.holdings[holding_row].amount_quanta, 0)


@kernel
def money_imbalance(state):
    """Sum of wallets minus sum of costs; the first law says it is zero."""
    total = 0
    for account in range(state.venue[0].account_count):
        total += state.accounts[account].wallet_quanta
    for row in range(state.venue[0].position_count):
        if state.positions[row].account != NONE:
            total -= state.positions[row].cost_quanta
    return total


@kernel
def lots_imbalance(state, instrument):
    """(sum of lots, sum of longs minus stored open interest); both laws say zero."""
    total = 0
    longs = 0
    for row in range(state.venue[0].position_count):
        if state.positions[row].account != NONE and state.positions[row].instrument == instrument:
            total += state.positions[row].lots
            longs += max(state.positions[row].lots, 0)
    return total, longs - state.instruments[instrument].open_interest_lots
