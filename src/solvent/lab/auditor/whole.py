"""Afterwards: the books against the tables, and the laws of the whole (LEDGER, STRUCTURE, SCAN, FUNDING)."""

from fractions import Fraction
from typing import Any

from solvent.codes import AccountKind, Status, SystemAccount
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes
from solvent.lab.books import NOBODY, Books, rows_of
from solvent.units import FUNDING_SCALE, LIMIT


def compare(audit: Notes, state: Any) -> None:
    """The books against the machine's tables."""
    own, found = audit.books, Books.read(state, audit.books.rules)
    for number, book in own.accounts.items():
        other = found.accounts.get(number)
        require("LEDGER", other is not None, f"account {number} is missing")
        assert other is not None
        for instrument, theirs in list(other.positions.items()):
            ours = book.positions.get(instrument)
            if theirs.is_blank():
                del other.positions[instrument]
            elif ours is not None and ours.index != theirs.index:
                settled = theirs.index == own.indices[instrument] and own.funding_due(instrument, ours) == 0
                require("FUNDING", settled or not ours.lots, f"index of {number} in market {instrument} moved")
                ours.index = theirs.index
                audit.roundings += 1
        for instrument in [i for i, position in book.positions.items() if position.is_blank()]:
            del book.positions[instrument]
        require("LEDGER", book == other, f"account {number}: the tables say {other}, the books {book}")
    require("LEDGER", len(own.accounts) == len(found.accounts), "accounts that nobody opened")
    for name in (
        "marks",
        "previous_marks",
        "indices",
        "open_interest",
        "modes",
        "listed",
        "asked",
        "charged",
        "opened",
        "reports",
        "time_ns",
        "price_version",
        "terms_version",
        "vaults",
        "unwinds",
        "open_deficit",
        "blocked",
        "lent",
    ):
        ours, theirs = getattr(own, name), getattr(found, name)
        require("LEDGER", ours == theirs, f"{name}: the tables say {theirs}, the books {ours}")
    for instrument, (kept, read) in enumerate(zip(own.markets, found.markets, strict=True)):
        for name in kept.__slots__:
            if name != "past":
                one, other = getattr(kept, name), getattr(read, name)
                require("PRICE", one == other, f"market {instrument}: {name} is {other}, the books say {one}")
    require("TERMS", state.cells.tolist() == audit.cells, "the rules changed without enactment")
    require("TERMS", state.staged.tolist() == audit.staged, "the staged rules changed without a command")


def check_structure(audit: Notes, state: Any) -> None:
    """Lists, counters and the queue agree with the rows."""
    venue = rows_of(state.venue)[0]
    accounts = rows_of(state.accounts[: venue["account_count"]])
    for table, first, count, used in (
        ("positions", "first_position", "position_count", venue["position_count"]),
        ("holdings", "first_holding", "holding_count", venue["holding_count"]),
    ):
        rows = rows_of(getattr(state, table)[:used])
        chained = 0
        for number, account in enumerate(accounts):
            row, length = account[first], 0
            while row != NOBODY and length <= used:
                require("STRUCTURE", rows[row]["account"] == number, f"{table} row {row} is in the wrong list")
                row, length = rows[row]["next"], length + 1
            require("STRUCTURE", length == account[count], f"{table} of {number}: {length}, not {account[count]}")
            chained += length
        owned = sum(row["account"] != NOBODY for row in rows)
        require("STRUCTURE", chained == owned, f"{owned} {table} rows, {chained} in lists")
        _check_free_list(audit, rows, venue[table[:-1] + "_free"], used - owned, table)
    orders = rows_of(state.orders[: venue["orders_count"]])
    owners = [(i, row["orders"]) for i, row in enumerate(rows_of(state.positions[: venue["position_count"]]))]
    owners = [(i, row) for i, row in owners if row != NOBODY and state.positions[i].account != NOBODY]
    for position, row in owners:
        require("STRUCTURE", orders[row]["position"] == position, f"orders row {row} is not position {position}'s")
    _check_free_list(audit, orders, venue["orders_free"], venue["orders_count"] - len(owners), "orders")
    head, size = venue["queue_head"], len(state.queue)
    queue = [int(state.queue[(head + i) % size]) for i in range(venue["queue_count"])]
    flagged = sorted(number for number, row in enumerate(accounts) if row["status"] == Status.DISTRESSED)
    require("SCAN", sorted(queue) == flagged, f"queue {queue}, flagged {flagged}")
    negative = [number for number, row in enumerate(accounts) if row["negative"]]
    require("STRUCTURE", len(negative) == venue["negative_count"], f"negative {negative}, {venue['negative_count']}")
    require("STRUCTURE", set(negative) <= set(flagged), f"negative {negative} outside the queue {flagged}")
    require("STRUCTURE", audit.gated == bool(negative or audit.books.open_deficit), "the gate was not told")
    require("STRUCTURE", venue["advance_left"] == 0, "a command is half done")
    for number, kept_row in enumerate(accounts):
        told = kept_row["default_instrument"], kept_row["order_stage"]
        kept = audit.default_instrument.get(number, NOBODY), audit.order_stage.get(number, NOBODY)
        require("STRUCTURE", told == kept, f"account {number}: case {told}, not {kept}")


def _check_free_list(audit: Notes, rows: list[dict[str, int]], first: int, expected: int, table: str) -> None:
    length = 0
    while first != NOBODY and length <= len(rows):
        first, length = rows[first]["next"], length + 1
    require("STRUCTURE", length == expected, f"{length} free {table} rows, {expected} unused")


def check_laws(audit: Notes) -> None:
    """Sums and signs of the whole."""
    books = audit.books
    wallets = sum(book.wallet for book in books.accounts.values())
    costs = sum(position.cost for book in books.accounts.values() for position in book.positions.values())
    require("LEDGER", wallets == costs, f"wallets {wallets}, costs {costs}")
    for instrument in range(len(books.marks)):
        lots = [books.lots_of(number, instrument) for number in books.accounts]
        require("LEDGER", sum(lots) == 0, f"market {instrument}: lots sum to {sum(lots)}")
        longs = sum(held for held in lots if held > 0)
        require("LEDGER", longs == books.open_interest[instrument], f"market {instrument}: open interest")
    held, came = (
        books.holdings_by_asset(),
        {asset: amount for asset, amount in audit.collateral_in.items() if amount},
    )
    require("LEDGER", held == came, f"collateral held {held}, brought {came}")
    require("LEDGER", all(amount >= 0 for amount in held.values()), f"more lent than was put in: {held}")
    for row, vault in enumerate(books.vaults):
        shares = sum(book.shares for book in books.accounts.values() if book.pool == row)
        require("LEDGER", shares == vault.shares, f"shares of pool {row} are {shares}, told {vault.shares}")
    deficit = -books.accounts[SystemAccount.DEFICIT].wallet
    require("WATERFALL", deficit == books.open_deficit >= 0, f"deficit {deficit}, open {books.open_deficit}")
    for number, book in books.accounts.items():
        sources = (SystemAccount.EXTERNAL, SystemAccount.FUNDING, SystemAccount.DEFICIT)
        if book.kind == AccountKind.SYSTEM and number not in sources and not books.is_pool(number):
            require("WATERFALL", book.wallet >= 0, f"fund {number} is at {book.wallet}")
        require("LEDGER", abs(book.wallet) < LIMIT, f"wallet {number} is at {book.wallet}")
    _check_funding(audit)
    for number, book in books.accounts.items():
        if book.is_trader and not book.flagged:
            surplus = books.surplus(number)
            require("SCAN", surplus >= 0, f"account {number} has surplus {surplus} and is not flagged")


def _check_funding(audit: Notes) -> None:
    """M5: the suspense account holds what is still owed, and the rounding, less than one quantum a settlement."""
    books = audit.books
    owed = Fraction(0)
    for book in books.accounts.values():
        for instrument, position in book.positions.items():
            owed += Fraction(position.lots * (books.indices[instrument] - position.index), FUNDING_SCALE)
    left = books.accounts[SystemAccount.FUNDING].wallet + owed
    require("FUNDING", 0 <= left <= audit.roundings, f"suspense {left} after {audit.roundings} settlements")
