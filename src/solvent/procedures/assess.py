"""Answers about accounts, by the same arithmetic that judges them. Nothing is changed."""

from solvent.compiled import bind, entry
from solvent.risk.margin import judge


@entry
def assess_accounts(state_tables, level, accounts, answers):
    """Write (equity, requirement, gains, notional) of each account at a level into the rows of `answers`, in quanta."""
    state = bind(state_tables)
    for place in range(accounts.shape[0]):
        equity, requirement, gains, notional = judge(state, accounts[place], level)
        answers[place, 0] = equity
        answers[place, 1] = requirement
        answers[place, 2] = gains
        answers[place, 3] = notional
