"""Pyth Hermes: the latest prices over HTTP. price x 10^expo, and the source's own confidence.

The public endpoint asks for a key since 2026; address and key are settings, and the shape of the answer is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from solvent.market.feeds import PayloadError, Report, Told

SOURCE: Final = "pyth"
SECOND: Final = 1_000_000_000


class _Price(msgspec.Struct):
    price: str
    conf: str
    expo: int
    publish_time: int


class _Parsed(msgspec.Struct):
    id: str
    price: _Price


class _Answer(msgspec.Struct):
    parsed: list[_Parsed]


_ANSWER: Final = msgspec.json.Decoder(_Answer)


def path(ids: Mapping[str, str]) -> str:
    """Path of the poll for these feed ids (hexadecimal, with or without 0x)."""
    return "/v2/updates/price/latest?" + "&".join(f"ids[]={name.removeprefix('0x')}" for name in ids)


def read(body: bytes, ids: Mapping[str, str]) -> list[Told]:
    """What an answer tells of the feeds in `ids` (id to symbol). Raises PayloadError."""
    try:
        answer = _ANSWER.decode(body)
        known = {name.removeprefix("0x"): symbol for name, symbol in ids.items()}
        return [
            Report(
                SOURCE,
                known[one.id.removeprefix("0x")],
                scaled(int(one.price.price), one.price.expo),
                one.price.publish_time * SECOND,
                scaled(int(one.price.conf), one.price.expo),
            )
            for one in answer.parsed
            if one.id.removeprefix("0x") in known
        ]
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise PayloadError(f"no answer of Hermes: {error}") from None


def scaled(number: int, expo: int) -> str:
    """number x 10^expo as a decimal. Raises PayloadError where the exponent is none a price has."""
    if not -18 <= expo <= 0:
        raise PayloadError(f"Hermes told the exponent {expo}")
    if expo == 0:
        return str(number)
    digits = str(abs(number)).rjust(1 - expo, "0")
    return f"{'-' if number < 0 else ''}{digits[:expo]}.{digits[expo:]}"
