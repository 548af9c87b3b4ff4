"""The clerk: compiled books that follow every command of a long campaign, at some ten thousand commands a second.

Like the auditor (`lab/auditor`), it shares nothing with the machine but the names of fields and codes, and knows the
same laws. It differs in three ways, and says so in its results:

- numbers are 64-bit; the auditor's are exact fractions, so only the auditor sees an overflow that both would share;
- rules of a kind it has no formula for it leaves to the auditor (`judge.knows`), checking sums, lists and what was
  told, but no equity or requirement; events it does not know make it open its books anew after the command;
- it draws its own commands from a recorded story (`vary.py`), which the auditor has followed command by command.

A law it finds broken is shown to the auditor, on the same commands, before anybody is told.

    books.py       what is written down                 judge.py     what an account is worth and must hold
    booking.py     one event, by the file of its concept: ledger, money, prices, queue, liquidation, penalty, waterfall
    check.py       one command: refused.py, margin.py before and after it, tables.py and sums.py of the whole
    vary.py        the next command                     run.py       a stretch of them
"""
