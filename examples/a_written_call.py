"""A call is written, bought and settled: what its writer must hold, and what both have at the end.

The buyer pays the premium and can lose no more. The writer holds 15 % of the underlying less what the call is out of
the money; a rise of the underlying alone makes him hold more, and at expiry he pays what the call is worth.
"""

from solvent.codes import AccountKind
from solvent.commands import Deposit, ListInstrument, OpenAccount, PriceReport, SettleMarket, Trade
from solvent.engine.answers import answers_of
from solvent.engine.engine import Engine, Genesis
from solvent.market.venue import parse_venue
from solvent.rulebook.document import read_rulebook
from solvent.state.whole import first_user_account

SIZES = 'lot_size = "0.1"\ntick_size = "1"\nprice_max = "1000000"\nposition_max = "1000"'
VENUE = f"""
[venue]
name = "example"
settlement = "USDC"
[[market]]
symbol = "BTC/USDC:USDC"
base = "BTC"
{SIZES}
feeds = [{{ name = "index", kind = "spot" }}]
[[market]]
symbol = "BTC/USDC:USDC-261225-110000-C"
base = "BTC"
kind = "option"
{SIZES}
option = {{ type = "call", strike = "110000", underlying = "BTC/USDC:USDC", expiry = 2026-12-25T08:00:00Z }}
feeds = [{{ name = "own_mark", kind = "mark" }}]
"""

rules = read_rulebook("deribit")
venue = parse_venue(VENUE, rules.text, rules.name)
genesis = Genesis.of(venue.compiled.terms, venue.symbols, {"rulebook": rules.text, "rulebook_name": rules.name})
with Engine.in_memory(genesis) as engine:
    writer = first_user_account(engine.state)
    buyer = writer + 1
    engine.submit([ListInstrument(1, 0), ListInstrument(1, 1)])
    for account in (writer, buyer):
        engine.submit([OpenAccount(1, account, account, AccountKind.CROSS)])
        engine.submit([Deposit(1, account, venue.money.count("10000"))])
    engine.submit([PriceReport(1, 0, 0, 100_000, 1), PriceReport(1, 1, 0, 2_500, 1)])
    engine.submit([Trade(1, buyer, writer, instrument=1, lots=10, price_ticks=2_500)])
    for ticks in (100_000, 108_000):
        engine.submit([PriceReport(ticks, 0, 0, ticks, ticks)])
        for level in answers_of(engine, writer).levels:
            print(ticks, "the writer must hold", level.level, venue.money.text(level.requirement_quanta))
    expiry_ns = int(venue.compiled.terms.options[1].expiry_ns)
    engine.submit([SettleMarket(expiry_ns, instrument=1, price_ticks=114_000)])
    for name, account in (("writer", writer), ("buyer", buyer)):
        print(name, "ends with", venue.money.text(int(engine.state.accounts[account].wallet_quanta)))
