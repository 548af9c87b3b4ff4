"""How a venue opens: markets, opening prices, and the funds behind it, as commands before the story starts."""

import numpy as np

from solvent.codes import SystemAccount
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.lab.scenario import NANOSECONDS, Scenario
from solvent.rulebook.compile import CompiledTerms
from solvent.state.terms import SOURCES_MAX

OPENING_SECONDS = 95
"""Opening reports stand so long before the start: older than any step guard remembers once the story begins, and long
enough before the people trade that a price which has only just come counts for the oracle's table."""


def joined(parts: list[np.ndarray]) -> np.ndarray:
    """Batches of commands as one. Records of one layout are bytes: joining those is all there is to do."""
    return np.frombuffer(b"".join(part.tobytes() for part in parts), dtype=COMMAND_DTYPE).copy()


def sources_of(scenario: Scenario, compiled: CompiledTerms) -> np.ndarray:
    """Source number of each feed of each market, [markets, SOURCES_MAX]."""
    found = np.zeros((len(scenario.markets), SOURCES_MAX), dtype=np.int64)
    for k, market in enumerate(scenario.markets):
        for f, feed in enumerate(market.contract.feeds):
            found[k, f] = compiled.source_ids[k, feed.name]
    return found


def opening_commands(
    scenario: Scenario, compiled: CompiledTerms, opening_ticks: np.ndarray, *, vault: bool = True
) -> np.ndarray:
    """Markets, opening prices and the funds of the scenario; the vault's cash only when `vault` says so."""
    markets = len(scenario.markets)
    source_of = sources_of(scenario, compiled)
    at = scenario.start_ns - OPENING_SECONDS * NANOSECONDS
    listed = np.zeros(markets, dtype=COMMAND_DTYPE)
    listed["kind"], listed["time_ns"] = CommandKind.LIST_INSTRUMENT, at
    listed["instrument"] = np.arange(markets)
    pairs = [(k, f) for k in range(markets) for f in range(len(scenario.markets[k].contract.feeds))]
    reports = np.zeros(len(pairs), dtype=COMMAND_DTYPE)
    reports["kind"], reports["time_ns"], reports["source_time_ns"] = CommandKind.PRICE_REPORT, at, at
    for row, (k, f) in enumerate(pairs):
        reports[row]["instrument"], reports[row]["source"] = k, source_of[k, f]
        reports[row]["price_ticks"] = opening_ticks[k]
    given = scenario.funds
    amounts = {
        int(SystemAccount.VENUE_FUND): given["venue_fund"],
        int(SystemAccount.VENUE_CAPITAL): given["venue_capital"],
    }
    if vault:
        amounts[int(SystemAccount.VAULT)] = given["vault"]
    for k in range(markets):
        amounts[SystemAccount.MARKET_FUNDS + k] = given["market_fund"]
    quantum = 10**compiled.settlement_decimals
    quanta = {account: int(amount * quantum) for account, amount in amounts.items() if amount > 0}
    funds = np.zeros(len(quanta), dtype=COMMAND_DTYPE)
    funds["kind"], funds["time_ns"] = CommandKind.CONTRIBUTE_FUND, at
    funds["account"], funds["amount_quanta"] = list(quanta), list(quanta.values())
    return joined([listed, reports, funds])
