"""Every rulebook that may be used live answers for an account: the tree adds up, and prices and places are told."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import floor

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


@pytest.mark.parametrize("name", [name for name in LIVE if name != "bitmex"])  # in bitcoin: its own test below
def test_an_account_is_answered_for_under(name: str) -> None:
    rules = read_rulebook(name)
    contracts = [
        Contract(
            "BTC", "BTC", Decimal("0.001"), Decimal("0.1"), Decimal(1_000_000), Decimal(1_000), FEEDS, kind="linear"
        ),
        Contract(
            "ETH", "ETH", Decimal("0.01"), Decimal("0.01"), Decimal(100_000), Decimal(10_000), FEEDS, kind="linear"
        ),
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
    least = 0 if name == "maker" else 1  # a lending venue weighs what was brought in and asks for nothing besides
    assert levels["initial"].requirement_quanta >= levels["maintenance"].requirement_quanta >= least
    bitcoin = next(position for position in found.positions if position.symbol == "BTC")
    assert bitcoin.lots == 2_000
    assert bitcoin.liquidation_ticks is not None
    assert bitcoin.bankruptcy_ticks is not None
    assert bitcoin.bankruptcy_ticks <= bitcoin.liquidation_ticks < bitcoin.mark_ticks
    assert bitcoin.distance_ppm == (600_000 - bitcoin.liquidation_ticks) * 10**6 // 600_000
    assert (bitcoin.adl_rank, bitcoin.adl_of) == (1, 1)
    engine.close()


@pytest.mark.parametrize(("leverage", "side"), [(10, 1), (10, -1), (3, 1), (50, 1), (50, -1)])
def test_an_inverse_position_is_answered_for_by_the_published_formulas(leverage: int, side: int) -> None:
    rules = read_rulebook("bitmex")
    sizes = (Decimal(1), Decimal("0.5"), Decimal(1_000_000), Decimal(10_000_000))
    contracts = [Contract("XBT/USD:XBT", "XBT", *sizes, FEEDS, price_min=Decimal(500))]
    compiled = compile_terms(rules, contracts, settlement_decimals=8)
    assert compiled.contracts[0].kind == "inverse"
    engine = Engine.in_memory(Genesis.of(compiled.terms, compiled.symbols, {"rulebook": rules.text}))
    at, entry, size = 1_700_000_000 * SECOND, 120_000, 600_000  # 60,000 dollars, 600,000 contracts: ten bitcoin
    commands = [ListInstrument(at, 0), PriceReport(at, 0, 3, entry, at)]
    ours, others = SystemAccount.MARKET_FUNDS + 1, SystemAccount.MARKET_FUNDS + 2
    for account, cash in ((ours, 1_000_000_000 // leverage + 40_000), (others, 10**11)):
        commands += [OpenAccount(at, account, account, AccountKind.CROSS), Deposit(at, account, cash)]
    commands.append(Trade(at, *((ours, others) if side > 0 else (others, ours)), 0, size, entry))
    events = engine.submit(commands)
    assert [event.refusal for event in events if event.kind == EventKind.COMMAND_REFUSED] == []
    assert explain_account(engine, ours).label
    found = answers_of(engine, ours)
    position = found.positions[0]
    # long entry x L / (L + 1), short entry x L / (L - 1), a hair further for the 40,000 satoshis over
    bankrupt = Fraction(entry * leverage, leverage + side)
    assert position.bankruptcy_ticks is not None
    assert abs(position.bankruptcy_ticks - bankrupt) < entry // 2_000
    # maintenance is 0.5 % of the value and 0.05 % for closing: equity = value x 0.55 %
    equity, value = 1_000_000_000 // leverage + 40_000, 1_000_000_000
    share = Fraction(55, 10_000)
    liquidated = size * 2 * 10**8 / ((side * value + equity) / (side + share))
    assert position.liquidation_ticks is not None
    assert abs(position.liquidation_ticks - liquidated) <= 1
    assert {level.level: level.requirement_quanta for level in found.levels} == {
        "initial": 10_500_000,
        "maintenance": 5_500_000,
    }
    # one mark later: lots x (1 / entry - 1 / mark) in satoshis, rounded down
    later = entry + side * 1_000
    engine.submit([PriceReport(at + SECOND, 0, 3, later, at + SECOND)])
    gain = side * size * 2 * 10**8 * (Fraction(1, entry) - Fraction(1, later))
    equity_now = next(level.equity_quanta for level in answers_of(engine, ours).levels if level.level == "maintenance")
    assert equity_now == equity + floor(gain)
    engine.close()
