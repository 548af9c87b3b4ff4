"""Caps: what was accepted stays inside every cap of the rulebook, counted again from the books (law MARGIN).

Only what the machine let through is asked; that it refuses no more than it must is the matter of tests. What left in a
window is taken from the machine's windows, as everywhere in the auditor; what is inside is counted from the books.
"""

from typing import Any

from solvent.codes import Mode, SystemAccount
from solvent.commands import CommandKind
from solvent.lab.auditor.law import require
from solvent.lab.auditor.notes import Notes
from solvent.lab.books import rows_of
from solvent.units import PPM

WINDOWS_NS = (60 * 10**9, 600 * 10**9, 3_600 * 10**9, 86_400 * 10**9)


def inside_quanta(books: Any) -> int:
    """All cash and all collateral at the marks."""
    total: int = max(-books.accounts[SystemAccount.EXTERNAL].wallet, 0)
    for asset, amount in books.holdings_by_asset().items():
        total += worth_of(books, asset, amount)
    return total


def worth_of(books: Any, asset: int, amount: int) -> int:
    """An amount of an asset at its mark."""
    if asset == 0:
        return amount
    terms = books.rules.assets[asset]
    return int(amount * books.marks[terms["price_instrument"]] * terms["value_num"] // terms["value_den"])


def left_quanta(books: Any, state: Any, window_ns: int) -> int:
    """What left the venue in a rolling window, less what came in, from the machine's windows."""
    number = next((place for place, length in enumerate(WINDOWS_NS) if length >= window_ns), len(WINDOWS_NS) - 1)
    first = (len(books.marks) * len(WINDOWS_NS) + number) * 9
    since = books.time_ns // (WINDOWS_NS[number] // 8) - 8
    rows = rows_of(state.stretches[first : first + 9])
    return sum(row["outflow_quanta"] for row in rows if row["number"] >= since)


def check_limits(audit: Notes, command: Any) -> None:
    """Every cap that has to do with an accepted command."""
    if command.kind == CommandKind.TRADE:
        _check_trade(audit, command)
    elif command.kind == CommandKind.RESERVE_ORDER:
        _check_order(audit, command)
    elif command.kind == CommandKind.WITHDRAW:
        _check_outflow(audit, command)
    elif command.kind == CommandKind.DEPOSIT and command.asset:
        _check_collateral(audit, command.account, command.asset)


def _holds(audit: Notes, instrument: int, lots: int, caps: tuple[int, int, int], what: str) -> None:
    """So many lots are inside a cap in lots, one in money and one in parts per million of depth."""
    books = audit.books
    by_lots, by_quanta, by_depth = caps
    depth = books.rules.markets[instrument]["depth_lots"]
    inside = (not by_lots or lots <= by_lots) and (not by_quanta or books.size_at_mark(instrument, lots) <= by_quanta)
    inside = inside and (not by_depth or lots * PPM <= depth * by_depth)
    require("MARGIN", inside, f"{what} of {lots} lots in market {instrument} is beyond its cap")


def _check_trade(audit: Notes, command: Any) -> None:
    books, instrument = audit.books, command.instrument
    market, contract = books.rules.markets[instrument], books.rules.contracts[instrument]
    unwinds = any(not books.accounts[side.account].is_trader for side in audit.sides)
    for side in audit.sides:
        lots = abs(books.lots_of(side.account, instrument))
        if lots <= abs(side.held) or unwinds:
            continue
        caps = market["position_lots"], market["position_quanta"], market["position_depth_ppm"]
        _holds(audit, instrument, lots, caps, f"the position of {side.account}")
        owner = books.accounts[side.account].owner
        owned = sum(
            abs(account.positions[instrument].lots)
            for account in books.accounts.values()
            if account.is_trader and account.owner == owner and instrument in account.positions
        )
        caps = market["owner_lots"], market["owner_quanta"], market["owner_depth_ppm"]
        _holds(audit, instrument, owned, caps, f"what owner {owner} holds together")
    grown = sum(max(side.held + side.bought, 0) - max(side.held, 0) for side in audit.sides)
    if grown <= 0:
        return
    lots = books.open_interest[instrument]
    caps = contract["open_interest_cap_lots"], contract["open_interest_cap_quanta"], market["open_interest_depth_ppm"]
    _holds(audit, instrument, lots, caps, "open interest")
    share = market["open_interest_supply_ppm"]
    inside = not share or lots * PPM <= market["supply_lots"] * share
    require("MARGIN", inside, f"open interest {lots} of market {instrument} is beyond its share of the supply")
    cap = books.rules.policy["open_interest_quanta"]
    total = sum(books.value_of_market(row) for row in range(len(books.marks)) if books.open_interest[row])
    require("MARGIN", not cap or total <= cap, f"open interest of all markets, {total}, is beyond the venue's cap")
    band, mark = market["order_band_ppm"], books.marks[instrument]
    near = not band or abs(command.price_ticks - mark) * PPM <= mark * band
    crossed = books.level(instrument) == Mode.AUCTION
    require("MARGIN", near or crossed, f"risk was opened at {command.price_ticks}, the mark is {mark}")


def _check_order(audit: Notes, command: Any) -> None:
    books, instrument, lots = audit.books, command.instrument, command.lots
    market, mark = books.rules.markets[instrument], books.marks[command.instrument]
    position = books.position(command.account, instrument)
    if position.lots * lots < 0 and abs(lots) <= abs(position.lots):
        return
    worse = command.price_ticks - mark if lots > 0 else mark - command.price_ticks
    band = market["order_band_ppm"]
    require("MARGIN", not band or worse * PPM <= mark * band, f"an order at {command.price_ticks}, the mark is {mark}")
    reach = position.lots + position.bid_lots if lots > 0 else position.ask_lots - position.lots
    caps = market["position_lots"], market["position_quanta"], market["position_depth_ppm"]
    _holds(audit, instrument, max(reach, 0), caps, f"what {command.account} would hold with its orders")


def _check_outflow(audit: Notes, command: Any) -> None:
    books = audit.books
    policy = books.rules.policy
    if not policy["outflow_ppm"]:
        return
    worth = worth_of(books, command.asset, command.amount_quanta)
    left = left_quanta(books, audit.after, WINDOWS_NS[policy["outflow_window"]])
    # rounded down asset by asset, what was inside before is at most one quantum from this sum for each of two roundings
    held = inside_quanta(books) + worth + 1 + max(left - worth, 0)
    most = max(policy["outflow_least_quanta"], held * policy["outflow_ppm"] // PPM)
    require("OUTFLOW", left <= most, f"{left} left in the window, at most {most} may")


def _check_collateral(audit: Notes, account: int, asset: int) -> None:
    books = audit.books
    terms = books.rules.assets[asset]
    if not terms["cap_amount"] or books.accounts[account].holdings.get(asset, 0) <= 0:
        return
    held = sum(max(account.holdings.get(asset, 0), 0) for account in books.accounts.values())
    cap = terms["cap_amount"]
    if terms["ramp_ns"] > 0:
        cap = cap * min(max(books.time_ns - terms["ramp_start_ns"], 0), terms["ramp_ns"]) // terms["ramp_ns"]
    require("MARGIN", held <= cap, f"{held} of asset {asset} is held, {cap} is accepted now")
