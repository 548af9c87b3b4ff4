"""Explanation: how a number came to be, and why an account is where it is.

    explain_account(engine or directory, account, sequence)     equity, requirements, thresholds and prices, as a tree
    explain_charges(directory, account, first, last)            every movement of its money, each as a tree

A node that `adds` is exactly the sum of its children; any other number follows from its children by its `rule`. Both
stories rest on the machine itself. An account is copied onto a sheet of its own, where `assess_accounts` judges the
whole of it or one position alone. For charges the journal is replayed without being written to, and every command that
moved the account is walked on the sheet, event by event, by the ledger's own function: so equity and requirement are
known at each event, and at the end of the command the sheet must be what the machine made of the account.
"""

from solvent.engine.explain.account import explain_account
from solvent.engine.explain.charges import explain_charges
from solvent.engine.explain.node import Node, NotExplainable, plain
from solvent.engine.explain.sheet import Judged, Sheet

__all__ = ["Judged", "Node", "NotExplainable", "Sheet", "explain_account", "explain_charges", "plain"]
