"""A venue's gateway in forty lines: people, prices and a trade go in, the liquidation order comes out of the stream.

    solvent serve --data venue                 prints the address and the administrator's key
    python examples/beside_a_venue.py URL GATEWAY_KEY FEEDER_KEY

Keys of the two roles are made with the administrator's at /v1/keys. Whoever trades may not tell prices.
"""

import sys
import time
from decimal import Decimal

from solvent.service.client import Client

MARKET = "BTC/USDC:USDC"
SOURCES = ("binance", "pyth", "own_book")


def report(sources: Client, price: str) -> None:
    """Every source tells the same price."""
    for source in SOURCES:
        sources.report_price(MARKET, source, price, time.time_ns())


def main(url: str, gateway_key: str, feeder_key: str) -> None:
    """Open two accounts, trade between them, let the price fall, and wait for what the machine asks of the venue."""
    with Client(url, gateway_key) as venue, Client(url, feeder_key) as sources:
        long = int(venue.venue()["next_account"])
        short = long + 1
        report(sources, "100000")
        for account, deposit in ((long, "3000"), (short, "100000")):
            venue.open_account(account, owner=account)
            venue.deposit(account, deposit)
        bought = venue.trade(buyer=long, seller=short, market=MARKET, size="1", price="100000")
        print(bought)
        print("liquidation price", venue.account(long).positions[0].liquidation_price)
        for step in range(1, 9):
            report(sources, str(100_000 - Decimal(400) * step))
        for frame in venue.events(
            from_sequence=bought.sequence, kinds=["account_flagged", "liquidation_ordered"], wait_s=10
        ):
            print(frame)
            if "liquidation_ordered" in str(frame):
                return


if __name__ == "__main__":
    main(*sys.argv[1:])
