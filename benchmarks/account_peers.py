"""One account judged by what others ship: nautilus_trader's margin account, demeter's Aave v3; microseconds an account.

    python benchmarks/account_peers.py [--accounts 300] [--rounds 5] [--json]

To be run by a Python that has them (pip install nautilus_trader zelos-demeter): it needs nothing of this project, and
this project nothing of them. What is not installed is left out, and said. An account has three positions, or three
supplies against two debts. Times are the processor's own, medians of the rounds.

What is compared is the time to one yes or no for one account. nautilus_trader charges a flat share of the notional and
knows no liquidation of many accounts; demeter judges the positions of one user. Neither keeps a population.
"""

import argparse
import importlib.util
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any


def nautilus_accounts(accounts: int) -> Callable[[], int]:
    """Margin by MarginAccount.calculate_margin_maint, gain by Position.unrealized_pnl, balance by balance_total."""
    from nautilus_trader.model.enums import OrderSide
    from nautilus_trader.model.identifiers import PositionId
    from nautilus_trader.model.position import Position
    from nautilus_trader.test_kit.providers import TestInstrumentProvider
    from nautilus_trader.test_kit.stubs.events import TestEventStubs
    from nautilus_trader.test_kit.stubs.execution import TestExecStubs

    markets = [
        TestInstrumentProvider.btcusdt_perp_binance(),
        TestInstrumentProvider.ethusdt_perp_binance(),
        TestInstrumentProvider.xrpusdt_linear_bybit(),
    ]
    marks = [market.make_price(price) for market, price in zip(markets, (60_000, 3_000, 0.5), strict=True)]
    book = []
    for number in range(accounts):
        positions = []
        for place, (market, mark) in enumerate(zip(markets, marks, strict=True)):
            side = OrderSide.BUY if (number + place) % 2 else OrderSide.SELL
            order = TestExecStubs.market_order(
                instrument=market, order_side=side, quantity=market.make_qty(1 + number % 7)
            )
            fill = TestEventStubs.order_filled(
                order, market, position_id=PositionId(f"P-{number}-{place}"), last_px=mark
            )
            positions.append((market, Position(instrument=market, fill=fill), mark))
        book.append((TestExecStubs.margin_account(), positions))

    def judge() -> int:
        below = 0
        for account, positions in book:
            equity = account.balance_total().as_double()
            required = 0.0
            for market, position, mark in positions:
                equity += position.unrealized_pnl(mark).as_double()
                required += account.calculate_margin_maint(market, position.side, position.quantity, mark).as_double()
            below += equity < required
        return below

    return judge


def demeter_accounts(accounts: int) -> Callable[[], int]:
    """AaveV3CoreLib.health_factor over a table of risk parameters, as its market calls it."""
    from decimal import Decimal

    import pandas
    from demeter import TokenInfo
    from demeter.aave.core import AaveV3CoreLib

    names = ("WETH", "WBTC", "USDC", "DAI", "LINK")
    tokens = [TokenInfo(name, 18) for name in names]
    table = pandas.DataFrame(
        {"reserveLiquidationThreshold": [Decimal(share) / 100 for share in (83, 78, 78, 77, 70)]},
        index=[token.name for token in tokens],
    )
    book = []
    for number in range(accounts):
        supplies = {token: Decimal(1_000 + number + place) for place, token in enumerate(tokens[:3])}
        debts = {token: Decimal(500 + 7 * number % 900 + place) for place, token in enumerate(tokens[3:])}
        book.append((supplies, debts))

    def judge() -> int:
        return sum(AaveV3CoreLib.health_factor(supplies, debts, table) < 1 for supplies, debts in book)

    return judge


PEERS: dict[str, tuple[str, Callable[[int], Callable[[], int]]]] = {
    "nautilus_trader, margin account": ("nautilus_trader", nautilus_accounts),
    "demeter, Aave v3 health factor": ("demeter", demeter_accounts),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    answers: dict[str, Any] = {}
    for name, (module, make) in PEERS.items():
        if importlib.util.find_spec(module) is None:
            answers[name] = "not installed"
            continue
        judge = make(given.accounts)
        times = []
        for _ in range(given.rounds):
            began = time.thread_time()
            judge()
            times.append((time.thread_time() - began) / given.accounts * 1e6)
        answers[name] = round(statistics.median(times), 2)
    if given.json:
        json.dump({"accounts": given.accounts, "us_per_account": answers}, sys.stdout, indent=2)
        print()
        return
    for name, figure in answers.items():
        print(f"{name:<36}{figure}" + ("" if isinstance(figure, str) else " us an account"))


if __name__ == "__main__":
    main()
