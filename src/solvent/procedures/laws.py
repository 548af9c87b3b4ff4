"""The laws that can be asked of any state at any time: everything sums to zero."""

from solvent.compiled import bind, entry
from solvent.state.ledger import lots_imbalance, money_imbalance


@entry
def imbalances(state_tables):
    """(wallets minus costs, sum of |sum of lots| over markets, sum of |open interest error|): three zeros."""
    state = bind(state_tables)
    lots = 0
    open_interest = 0
    for instrument in range(state.instruments.shape[0]):
        if state.instruments[instrument].listed == 1:
            net, error = lots_imbalance(state, instrument)
            lots += abs(net)
            open_interest += abs(error)
    return money_imbalance(state), lots, open_interest
