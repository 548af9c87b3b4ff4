"""Which market a venue means by a symbol: what is priced, in what, and whether it is a perpetual.

    BTCUSDT  BTCUSD  USDCUSDT  1000PEPEUSDT     base and quote written together   spot
    BTC-USD  BTC/USDT  BTC_USDC                 base and quote with a separator   spot
    BTCUSD_PERP  BTC-USDT-SWAP  ETH-PERP        a suffix says so                  perpetual
    BTC/USDT:USDT  BTC/USD:BTC                  settlement after a colon (ccxt)   perpetual
    BTC  kPEPE                                  the coin alone (Hyperliquid)      perpetual

A symbol that also names a perpetual elsewhere (`BTCUSDT` is spot at one desk of a venue and a
perpetual at the next) is read as spot; write `BTC/USDT:USDT` where the difference matters.
Dated futures and options are refused: they are not what this package prices.
"""

from __future__ import annotations

from typing import Final, NamedTuple

#: Quotes that stand for a dollar. A depeg is visible because the quote is kept, not because it is hidden.
DOLLAR_QUOTES: Final = frozenset(
    {
        "USD", "USDT", "USDC", "USDE", "FDUSD", "BUSD", "TUSD", "PYUSD", "RLUSD", "GUSD",
        "USD1", "USDD", "USDG", "USDP", "USDS", "DAI",
    }
)  # fmt: skip

#: Other quotes venues publish. A closed list, so that `BTC-27DEC24` is not a market in 27DEC24.
OTHER_QUOTES: Final = frozenset(
    {"EUR", "GBP", "JPY", "KRW", "TRY", "BRL", "AUD", "CAD", "CHF", "BTC", "ETH", "BNB", "SOL"}
)

# Dollar quotes that may be glued to a base. TUSD, PYUSD, RLUSD and GUSD are absent on purpose: glued,
# `DOTUSD` would read as DO in TUSD, and far more coins end in T, Y, L or G than markets use those quotes.
# Longest first, so that BTCFDUSD is BTC in FDUSD and not BTCFD in USD.
_GLUED_QUOTES: Final = (
    "FDUSD", "USDT", "USDC", "USDE", "USD1", "USDD", "USDG", "USDP", "USDS", "BUSD", "USD",
)  # fmt: skip

# BUSD is retired and these coins are not: BNBUSD means BNB in USD, though BN in BUSD would parse as well.
_COINS_ENDING_IN_B: Final = frozenset({"ARB", "BNB", "BOB", "CKB", "LAB", "SHIB", "1000SHIB", "TRB"})

_PERPETUAL_SUFFIXES: Final = ("_PERP", "-PERP", "-SWAP")

# Venues that name a perpetual by its coin alone (Hyperliquid, Coinbase International, Drift) margin in USDC.
_COIN_ALONE_QUOTE: Final = "USDC"

# Longest published base is about 20 characters; beyond this the text is no symbol but a mistake.
_SYMBOL_LENGTH_MAX: Final = 40


class Symbol(NamedTuple):
    """One market: `base` is priced in units of `quote`."""

    base: str
    quote: str
    perpetual: bool


class UnknownSymbolError(ValueError):
    """A symbol in no known form; the message says what was wrong and what to write instead."""


def read_symbol(text: str) -> Symbol:
    """The market a venue means by `text`. Quotes come back in upper case, bases as published.

    Raises UnknownSymbolError with one sentence and a remedy.
    """
    symbol = text.strip()
    if not symbol or len(symbol) > _SYMBOL_LENGTH_MAX:
        raise UnknownSymbolError(f"{text!r} is not a symbol: 1 to {_SYMBOL_LENGTH_MAX} characters are expected.")
    if "/" in symbol:
        return _with_slash(symbol)
    for suffix in _PERPETUAL_SUFFIXES:
        if symbol.upper().endswith(suffix):
            return _pair(symbol[: -len(suffix)], symbol)._replace(perpetual=True)
    return _pair(symbol, symbol)


def unified(base: str, settlement: str) -> str:
    """The ccxt name of the linear perpetual on `base` settled in `settlement`: `BTC/USDT:USDT`.

    Raises UnknownSymbolError when a part could not be read back.
    """
    quote = settlement.upper()
    name = f"{base}/{quote}:{quote}"
    market = read_symbol(name)
    assert market == Symbol(base, quote, True), "what is written must be read back as the same market"
    return name


def _with_slash(symbol: str) -> Symbol:
    """`BASE/QUOTE` and `BASE/QUOTE:SETTLEMENT`."""
    market, colon, settlement = symbol.partition(":")
    base, _, quote = market.partition("/")
    if "-" in settlement:
        raise UnknownSymbolError(f"{symbol!r} carries an expiry; only spot and perpetual markets are read.")
    if colon and not settlement.isalnum():
        raise UnknownSymbolError(f"{symbol!r} names no settlement currency after ':'; write BASE/QUOTE:SETTLEMENT.")
    return Symbol(_checked_base(base, symbol), _checked_quote(quote, symbol), bool(colon))


def _pair(market: str, symbol: str) -> Symbol:
    """Base and quote with `-` or `_` between, glued together, or the coin alone."""
    pieces = market.replace("_", "-").split("-")
    if len(pieces) > 2:
        raise UnknownSymbolError(f"{symbol!r} has too many parts; write BASE-QUOTE or BASE/QUOTE:SETTLEMENT.")
    if len(pieces) == 2:
        return Symbol(_checked_base(pieces[0], symbol), _checked_quote(pieces[1], symbol), False)
    quote = _glued_quote(market.upper())
    if quote:
        return Symbol(_checked_base(market[: -len(quote)], symbol), quote, False)
    return _coin_alone(market, symbol)


def _glued_quote(market: str) -> str | None:
    """The dollar quote at the end of `market`, or None when it has none or is nothing else."""
    if market in DOLLAR_QUOTES:
        return None
    for quote in _GLUED_QUOTES:
        if market.endswith(quote):
            reads_as_usd = quote == "BUSD" and market[:-3] in _COINS_ENDING_IN_B
            return "USD" if reads_as_usd else quote
    return None


def _coin_alone(coin: str, symbol: str) -> Symbol:
    """`BTC` as Hyperliquid writes it. Currencies and glued foreign pairs are refused, not guessed."""
    if coin.upper() in DOLLAR_QUOTES:
        raise UnknownSymbolError(f"{symbol!r} is a currency, not a market; write {coin.upper()}/USD, for example.")
    for quote in OTHER_QUOTES:
        # Two letters before BTC or ETH are coins of their own (WBTC, CBBTC, STETH); three are mostly pairs.
        if len(coin) >= len(quote) + 3 and coin.upper().endswith(quote):
            base = coin[: -len(quote)]
            raise UnknownSymbolError(
                f"{symbol!r} is a coin or a pair, one cannot tell; write {base}/{quote} or {coin}/USDC:USDC."
            )
    if not any(letter.isalpha() for letter in coin):
        raise UnknownSymbolError(f"{symbol!r} holds no letters; write the market as BASE/QUOTE.")
    return Symbol(_checked_base(coin, symbol), _COIN_ALONE_QUOTE, True)


def _checked_base(base: str, symbol: str) -> str:
    """`base`, when it looks like one: letters and digits, upper case, `k` in front for thousands."""
    name = base[1:] if base[:1] == "k" and len(base) > 1 else base
    if not name.isalnum():
        raise UnknownSymbolError(f"{symbol!r} has no readable base; write BASE/QUOTE in letters and digits.")
    if name != name.upper():
        raise UnknownSymbolError(f"{symbol!r} has a base in lower case; write {base.upper()} (or kCOIN).")
    return base


def _checked_quote(quote: str, symbol: str) -> str:
    """`quote` in upper case, when it is on one of the two lists."""
    name = quote.upper()
    if name not in DOLLAR_QUOTES and name not in OTHER_QUOTES:
        raise UnknownSymbolError(
            f"{symbol!r} is quoted in {quote!r}, which is not a known quote currency; "
            "dated futures and options are not read."
        )
    return name
