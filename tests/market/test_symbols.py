"""Venue symbols: every published form means one market, and what cannot be told is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.market.symbols import (
    DOLLAR_QUOTES,
    OTHER_QUOTES,
    Symbol,
    UnknownSymbolError,
    read_symbol,
    unified,
)

FORMS = [
    # published              base         quote    perpetual  where it is seen
    ("BTCUSDT",              "BTC",       "USDT",  False),  # Binance spot
    ("BTC-USD",              "BTC",       "USD",   False),  # Coinbase
    ("BTCUSD",               "BTC",       "USD",   False),  # Gemini, Bitfinex
    ("BTC_USDC",             "BTC",       "USDC",  False),  # Backpack
    ("BTCUSD_PERP",          "BTC",       "USD",   True),   # Binance coin-margined
    ("BTC_USDC_PERP",        "BTC",       "USDC",  True),   # Backpack
    ("BTC-USDT-SWAP",        "BTC",       "USDT",  True),   # OKX
    ("ETH-PERP",             "ETH",       "USDC",  True),   # Coinbase International
    ("POLUSDT",              "POL",       "USDT",  False),
    ("USDCUSDT",             "USDC",      "USDT",  False),  # a dollar priced in a dollar
    ("USDTUSD",              "USDT",      "USD",   False),
    ("1000PEPEUSDT",         "1000PEPE",  "USDT",  False),
    ("1INCHUSDT",            "1INCH",     "USDT",  False),
    ("4USDT",                "4",         "USDT",  False),  # a coin named 4
    ("BTC/USDT",             "BTC",       "USDT",  False),  # ccxt spot
    ("BTC/USDT:USDT",        "BTC",       "USDT",  True),   # ccxt linear perpetual
    ("BTC/USD:BTC",          "BTC",       "USD",   True),   # ccxt inverse perpetual
    ("ETH/BTC",              "ETH",       "BTC",   False),
    ("SOL-EUR",              "SOL",       "EUR",   False),
    ("BTC",                  "BTC",       "USDC",  True),   # Hyperliquid
    ("kPEPE",                "kPEPE",     "USDC",  True),   # Hyperliquid, thousands
    ("WBTC",                 "WBTC",      "USDC",  True),   # a coin, though it ends in BTC
    ("STETH",                "STETH",     "USDC",  True),
    ("ETHUSDe",              "ETH",       "USDE",  False),  # quotes in any case
    ("BTC/USDe:USDe",        "BTC",       "USDE",  True),
    ("BTCFDUSD",             "BTC",       "FDUSD", False),  # the longest quote wins
    ("BTCBUSD",              "BTC",       "BUSD",  False),
    ("OPBUSD",               "OP",        "BUSD",  False),
    ("BNBUSD_PERP",          "BNB",       "USD",   True),   # not BN in BUSD
    ("SHIBUSD",              "SHIB",      "USD",   False),
    ("DOTUSD",               "DOT",       "USD",   False),  # not DO in TUSD
    ("BTC/TUSD",             "BTC",       "TUSD",  False),  # with a separator nothing is guessed
]  # fmt: skip


@pytest.mark.parametrize(("published", "base", "quote", "perpetual"), FORMS, ids=[form[0] for form in FORMS])
def test_published_form_means_one_market(published: str, base: str, quote: str, perpetual: bool) -> None:
    assert read_symbol(published) == Symbol(base, quote, perpetual)


REFUSED = [
    ("",                      "is not a symbol"),
    ("   ",                   "is not a symbol"),
    ("B" * 41,                "is not a symbol"),
    ("btcusdt",               "write BTC"),
    ("btc",                   "lower case"),
    ("BTC/USDT:USDT-251226",  "expiry"),
    ("BTC/USDT:",             "after ':'"),
    ("BTCUSDT_250328",        "dated futures"),
    ("BTC-27DEC24",           "dated futures"),
    ("BTC-27DEC24-50000-C",   "too many parts"),
    ("BTC/XYZ",               "not a known quote"),
    ("/USDT",                 "no readable base"),
    ("BTC//USDT",             "not a known quote"),
    ("-USD",                  "no readable base"),
    ("USDT",                  "a currency"),
    ("ETHBTC",                "write ETH/BTC or ETHBTC/USDC:USDC"),
    ("BTCEUR",                "write BTC/EUR"),
    ("20251010",              "no letters"),
    ("@107",                  "no letters"),
    ("xyz:TSLA",              "no readable base"),
    ("k",                     "lower case"),
]  # fmt: skip


@pytest.mark.parametrize(("published", "says"), REFUSED, ids=[repr(case[0]) for case in REFUSED])
def test_what_cannot_be_told_is_refused_with_a_sentence(published: str, says: str) -> None:
    with pytest.raises(UnknownSymbolError, match=r"^.*[.]$") as refusal:
        read_symbol(published)
    assert says in str(refusal.value)


BASES = st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=12)
QUOTES = st.sampled_from(sorted(DOLLAR_QUOTES | OTHER_QUOTES))


@given(BASES, QUOTES)
def test_unified_reads_back_as_the_same_perpetual(base: str, settlement: str) -> None:
    assert read_symbol(unified(base, settlement)) == Symbol(base, settlement, True)


@given(BASES, QUOTES, st.sampled_from("/-_"))
def test_a_separator_leaves_nothing_to_guess(base: str, quote: str, separator: str) -> None:
    assert read_symbol(f"{base}{separator}{quote}") == Symbol(base, quote, False)


@given(BASES, st.sampled_from(["USD", "USDT", "USDC", "FDUSD", "BUSD", "USDE"]))
def test_glued_pairs_lose_no_letter(base: str, quote: str) -> None:
    glued = base + quote
    if glued not in DOLLAR_QUOTES:
        symbol = read_symbol(glued)
        assert symbol.base + symbol.quote == glued
        assert symbol.quote in DOLLAR_QUOTES


@given(st.text(max_size=50))
def test_any_text_is_a_market_or_a_refusal(text: str) -> None:
    try:
        symbol = read_symbol(text)
    except UnknownSymbolError as refusal:
        assert str(refusal).endswith(".")
    else:
        assert symbol.base
        assert symbol.quote in DOLLAR_QUOTES | OTHER_QUOTES


def test_unified_refuses_what_could_not_be_read_back() -> None:
    for base, settlement in (("", "USDT"), ("BTC/USD", "USDT"), ("BTC", "GOLD"), ("BTC", "")):
        with pytest.raises(UnknownSymbolError):
            unified(base, settlement)
    assert unified("BTC", "USDe") == "BTC/USDE:USDE"
