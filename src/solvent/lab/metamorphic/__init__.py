"""Machines that must agree: the same day told in another way ends the same, to the quantum where the rules say so.

    no_ops         refused commands, an order taken back, the same price again, notes: in between they change nothing
    numbers        accounts opened in another order, so under other numbers
    order          neighbours that concern different accounts, exchanged
    pieces         a trade in two halves at one price, a deposit in two parts
    finer          a finer tick or lot, with values unchanged
    money          a finer quantum
    mirror         longs for shorts, at a mark that stands still and at prices reflected at the first
    split          every account as two of one owner (read backwards: merged); a winner as several accounts
    alias          every pair of roles filled by one account: refused, or lawful

A day is a list of moves (`telling.py`), a relation two tellings of it (`twins.py`).
"""

from solvent.lab.metamorphic.telling import LIVELY, QUIET, Move, Telling, TwinsDiffer, day, play
from solvent.lab.metamorphic.twins import TWINS

__all__ = ["LIVELY", "QUIET", "TWINS", "Move", "Telling", "TwinsDiffer", "day", "play"]
