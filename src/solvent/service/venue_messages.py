"""What is said over the venue's order socket, in both directions, as JSON.

    to the venue     {"type": "hello", "venue": …}                     then every order that is open, again
                     {"type": "order", "order": id, "account": 12, "market": …, "side": "sell", "size": "0.5",
                      "limit": "111000.5" or null, "reduce_only": true, "purpose": "liquidation"}
                     the same with "purpose": "unwind" and "until_ns": a pool works its inventory towards its target
                     {"type": "cancel", "order": id}
                     {"type": "collateral", "order": id, "account": 12, "asset": …, "amount": …}     to be sold
                     {"type": "debt", "order": id, "account": 12, "asset": …, "amount": …}           to be bought
                     {"type": "taken", "fill": id, "sequence": 99, "accepted": true}
    from the venue   {"type": "fill", "fill": id, "order": id, "size": …, "price": …, "counterparty": 7}
                     {"type": "sold", "fill": id, "order": id, "amount": …, "proceeds": …}
                     {"type": "bought", "fill": id, "order": id, "amount": …, "cost": …}
                     {"type": "rejected", "order": id, "reason": …}

An order's id is account-market-reference, a pool's is account-u(market)-reference, that of collateral or of a debt
account-a(asset)-reference and account-d(asset)-reference. It means one order for ever: a venue that is told it twice
has one. A fill's id is the venue's and is carried out once, however often it comes; the venue repeats a fill until it
was taken.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Fill(msgspec.Struct, tag_field="type", tag="fill", forbid_unknown_fields=True, frozen=True):
    """Part of an order was closed."""

    fill: str
    order: str
    size: str
    price: str
    counterparty: int


class Sold(msgspec.Struct, tag_field="type", tag="sold", forbid_unknown_fields=True, frozen=True):
    """Collateral was sold."""

    fill: str
    order: str
    amount: str
    proceeds: str


class Bought(msgspec.Struct, tag_field="type", tag="bought", forbid_unknown_fields=True, frozen=True):
    """What an account owes was bought."""

    fill: str
    order: str
    amount: str
    cost: str


class Rejected(msgspec.Struct, tag_field="type", tag="rejected", forbid_unknown_fields=True, frozen=True):
    """The venue does not take an order."""

    order: str
    reason: str = ""


Reported = Fill | Sold | Bought
"""What has happened at the venue."""
MESSAGES: Final = msgspec.json.Decoder(Reported | Rejected)
