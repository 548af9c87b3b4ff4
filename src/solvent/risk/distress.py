"""Whether an account that took a loss can be brought back to its margin, and what is taken from it if it cannot.

    loss        paid from margin, then general, then bond, then the market's pool
    search      balance below search: up to the initial level from general, then bond
    closed      still below maintenance; with orders cancelled, not strictly above what remains
    closed out  all that is left of margin, general and bond goes to the pool

Source: Vega, core/risk/engine.go and core/collateral/engine.go. The venue's text says "at least" where its code asks
for strictly more after orders are cancelled; the code is followed.
"""

from solvent.compiled import entry


@entry
def paid_by_owner(loss, margin, general, bond):
    """What the owner pays of a loss, from all he has."""
    return min(loss, margin + general + bond)


@entry
def is_closed_out(balance, maintenance, orders_were_cancelled, maintenance_after):
    """True when an account with `balance` in all its places is closed out; maintenance_after counts without orders."""
    if balance >= maintenance:
        return False
    if not orders_were_cancelled:
        return True
    return balance <= maintenance_after
