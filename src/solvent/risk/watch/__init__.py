"""The watch: from a moved mark to the accounts that may have become distressed, without looking at the others.

Certificate ("safe corner"). Each sound account holds one trigger price per position and per collateral holding:

    (I1) judged exactly with every price at its trigger, the account is still at or above its maintenance threshold;
    (I2) every long and every holding has mark >= trigger, every short has mark <= trigger.

While (I2) holds the account is sound, by monotonicity: a long's value minus requirement never falls when its price
rises (a marginal requirement grows by at most one quantum per quantum of notional), a short's never rises, a
holding's never falls. So (I1) bounds the surplus from below, whatever path the prices took; a bound never goes stale.
When a mark breaks (I2) for some account it is judged exactly and given a new corner, or flagged.

Conditions. Prices are the only thing that moves between judgements: trades, transfers, funding and terms judge the
touched accounts again. Under whole brackets a long that grows into the next bracket loses surplus while its price
rises; such a long carries a second trigger, the last price before that bracket, and a short's trigger stops there too.

The corner spends the surplus evenly in relative price moves: with S the surplus less 2 quanta of rounding per slot
and W the sum of notional (shorts count 1 + largest rate: their requirement grows while they lose), every price may
move by the fraction S / W. Moving adversely by it costs at most S, which is (I1).

Index. A column per instrument and side holds keys (trigger for what loses when prices fall, minus trigger for what
loses when prices rise); above it two levels of maxima over 64. A mark only opens nodes whose maximum it has passed.
Accounts that found no place in a column are `loose` and judged at every price. Sources: geometric monitoring
(Sharfman, Schuster, Keren, PODS 2008) applied to margin.
"""

from solvent.risk.watch.certificate import has_asset_certificate, has_level_certificate, has_schedule_certificate
from solvent.risk.watch.collect import collect, collect_market
from solvent.risk.watch.corner import set_corner
from solvent.risk.watch.index import (
    DEAD,
    FALLS,
    FAN,
    LOOSE_COUNT,
    RISES,
    Watch,
    blank_watch,
    forget_account,
    forget_holding,
    forget_position,
)

__all__ = [
    "DEAD",
    "FALLS",
    "FAN",
    "LOOSE_COUNT",
    "RISES",
    "Watch",
    "blank_watch",
    "collect",
    "collect_market",
    "forget_account",
    "forget_holding",
    "forget_position",
    "has_asset_certificate",
    "has_level_certificate",
    "has_schedule_certificate",
    "set_corner",
]
