"""The independent auditor: follows every command with slow books of its own and stops at the first broken law.

The machine tells what it did; the auditor books it again in plain Python, asks of every event whether the rules
allowed it, and compares its books with the machine's tables afterwards. It does not choose stages or winners, it
checks the choice. Laws, as named in `LawBroken.law` (docs of the laws: design section 11):

    SEQUENCE    gap-free sequence, time that never falls, one price version in force
    REFUSED     a refused command changes nothing but the sequence, and says why
    TOLD        an accepted command is told once, with its own fields, and nothing else happens
    LEDGER      wallets, costs, lots, holdings, fees, funds and open interest equal the auditor's; all sums are zero
    STRUCTURE   lists, counters and the queue agree with the rows
    SCAN        the flagged accounts are the distressed ones, no more and no fewer
    JUDGED      equity and requirement written in events are right
    MARGIN      who takes more risk has the initial margin; who reduces does not lose health; reducing is allowed
    OUTFLOW     nobody leaves ahead of a loss, nor with what the position needs
    LIQUIDATION only shrinks, inside its order, at the price of its stage
    PENALTY     charged = credited = the stage's fee, never more than the equity
    DELEVERAGE  against opposite, profitable, sound positions, at the rulebook's price
    WATERFALL   layers in order, each to its cap before the next, the sum exact, nobody beyond what it bears
    POOL        one value for who joins and leaves, after notice; inventory towards its target, inside caps and limits
    KEEPER      offers are claimed once, at the price of the moment; health does not fall; rewards out of penalties
    FUNDING     owed amounts exact, rounded against the account, the suspense account never short
    TERMS       new rules are the staged rules

One file for each concept. `check.py` is the whole check; `notes.py` what is remembered; `allowed.py` what may be told
after what; the other files book events (their `EVENTS` say which) or judge the command before and after. A new rule
extends the file of its concept, or adds one and names it in `check.py`.
"""

from solvent.lab.auditor.check import Auditor
from solvent.lab.auditor.law import LawBroken, require

__all__ = ["Auditor", "LawBroken", "require"]
