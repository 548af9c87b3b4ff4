"""One market, two people, a price that falls twice: the machine embedded in a program of your own.

The first fall makes the long liquidatable, and the machine asks the venue to sell. The venue finds no buyer; the second
fall, a minute later, takes the account below zero, and the winner is closed against it at the mark before the last.
"""

from solvent.codes import AccountKind
from solvent.commands import Advance, Deposit, ListInstrument, OpenAccount, PriceReport, Trade
from solvent.engine.answers import answers_of
from solvent.engine.engine import Engine, Genesis
from solvent.events import EventKind
from solvent.market.venue import parse_venue
from solvent.rulebook.document import read_rulebook
from solvent.state.whole import first_user_account

VENUE = """
[venue]
name = "example"
settlement = "USDC"
[[market]]
symbol = "BTC/USDC:USDC"
base = "BTC"
lot_size = "0.001"
tick_size = "1"
price_max = "1000000"
position_max = "1000"
feeds = [{ name = "binance", kind = "spot" }]
"""

rules = read_rulebook("hyperliquid")
venue = parse_venue(VENUE, rules.text, rules.name)
genesis = Genesis.of(venue.compiled.terms, venue.symbols, {"rulebook": rules.text, "rulebook_name": rules.name})
with Engine.in_memory(genesis) as engine:
    long = first_user_account(engine.state)
    short = long + 1
    opening = [
        ListInstrument(1, instrument=0),
        PriceReport(1, instrument=0, source=0, price_ticks=100_000, source_time_ns=1),
        OpenAccount(1, long, owner=1, account_kind=AccountKind.CROSS),
        OpenAccount(1, short, owner=2, account_kind=AccountKind.CROSS),
        Deposit(1, long, amount_quanta=venue.money.count("3000")),
        Deposit(1, short, amount_quanta=venue.money.count("50000")),
        Trade(1, long, short, instrument=0, lots=1_000, price_ticks=100_000),
    ]
    engine.submit(opening)
    print("liquidation price", answers_of(engine, long).positions[0].liquidation_ticks)
    for second, ticks in ((1, 98_000), (60, 96_000)):
        now_ns = second * 10**9
        fall = PriceReport(now_ns, instrument=0, source=0, price_ticks=ticks, source_time_ns=now_ns)
        for event in engine.submit([fall, Advance(now_ns, count=10)]):
            name = EventKind(event.kind).name.lower()
            print(ticks, name, event.account, event.lots, event.price_ticks, venue.money.text(event.amount_quanta))
    print("the winner stands at", answers_of(engine, short).levels[0])
    print(engine.digest())
