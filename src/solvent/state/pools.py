"""Which pool backs a market, and which accounts are pools. The vault is the first pool and always open."""

from solvent.codes import SystemAccount
from solvent.compiled import kernel
from solvent.state.tables import NONE
from solvent.state.terms import POOLS_MAX


@kernel
def pool_row(state, account):
    """Row of the pool whose account this is, or -1; a pool not open yet has the account -1, which is nobody's."""
    if account < 0:
        return NONE
    for row in range(POOLS_MAX):
        if state.vaults[row].account == account:
            return row
    return NONE


@kernel
def is_pool(state, account):
    """True when the account is a pool's."""
    return pool_row(state, account) != NONE


@kernel
def pool_account(state, instrument):
    """Account of the pool that backs a market, -1 while it is not open; the vault's where no market is named."""
    if instrument < 0:
        return SystemAccount.VAULT + 0
    return state.vaults[state.backings[instrument].pool].account + 0
