"""Every rulebook that may be used live answers for an account: the tree adds up, and prices and places are told."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.rulebook.test_presets import LIVE

from solvent.codes import AccountKind, SystemAccount
from solvent.commands import Deposit, ListInstrument, OpenAccount, PriceReport, Trade
from solvent.engine.answers import answers_of
from solvent.engine.engine import Engine, Genesis
from solvent.engine.explain import explain_account
from solvent.events import EventKind
from solvent.rulebook.compile import compile_terms
from solvent.rulebook.contracts import Contract, Feed
from solvent.rulebook.document import read_rulebook

SECOND = 10**9
USD = 10**6
FEEDS = (Feed("binance", "spot"), Feed("kraken", "spot"), Feed("binance_perp", "perp"), Feed("own", "mark"))
FIRST = SystemAccount.MARKET_FUNDS + 2


@pytest.mark.parametrize("name", LIVE)
def test_an_account_is_answered_for_under(name: str) -> None:
    rules = read_rulebook(name)
    contracts = [
        Contract("BTC", "BTC", Decimal("0.001"), Decimal("0.1"), Decimal(1_000_000), Decimal(1_000), FEEDS),
        Contract("ETH", "ETH", Decimal("0.01"), Decimal("0.01"), Decimal(100_000), Decimal(10_000), FEEDS),
    ]
    compiled = compile_terms(rules, contracts)
    documents = {"rulebook": rules.text, "rulebook_name": rules.name}
    engine = Engine.in_memory(Genesis.of(compiled.terms, compiled.symbols, documents))
    at = 1_700_000_000 * SECOND
    commands = [ListInstrument(at, 0), ListInstrument(at, 1)]
    for later in range(0, 400, 40):  # a quorum, and long enough for the oracle to be trusted again
        now = at + later * SECOND
        commands += [
            PriceReport(now, row, feed, price, now) for row, price in ((0, 600_000), (1, 300_000)) for feed in range(4)
        ]
    long, short = FIRST, FIRST + 1
    for account in (long, short):
        commands += [OpenAccount(now, account, account, AccountKind.CROSS), Deposit(now, account, 60_000 * USD)]
    commands += [Trade(now, long, short, 0, 2_000, 590_000), Trade(now, short, long, 1, 1_000, 301_000)]
    events = engine.submit(commands)
    assert [event.refusal for event in events if event.kind == EventKind.COMMAND_REFUSED] == []
    assert explain_account(engine, long).label  # it stops by itself where a sum is not the machine's
    assert explain_account(engine, short).label
    found = answers_of(engine, long)
    levels = {level.level: level for level in found.levels}
    assert levels["initial"].requirement_quanta >= levels["maintenance"].requirement_quanta > 0
    bitcoin = next(position for position in found.positions if position.symbol == "BTC")
    assert bitcoin.lots == 2_000
    assert bitcoin.liquidation_ticks is not None
    assert bitcoin.bankruptcy_ticks is not None
    assert bitcoin.bankruptcy_ticks <= bitcoin.liquidation_ticks < bitcoin.mark_ticks
    assert bitcoin.distance_ppm == (600_000 - bitcoin.liquidation_ticks) * 10**6 // 600_000
    assert (bitcoin.adl_rank, bitcoin.adl_of) == (1, 1)
    engine.close()
