"""Bad prices at every door: refused with a sentence or counted, and the machine goes on.

One table of what is no price; four doors it may come by: the constructors of Python, JSON over the wire, a feed of
another venue, a file of candles. Then what a door cannot see: stamps, sources that flap, lie, or lie together.
"""

from decimal import Decimal
from types import SimpleNamespace

import msgspec
import pytest
from tests.risk.test_oracle_table import SECOND, SOURCES, A, B, Market, terms_of

from solvent.codes import Condition, Refusal
from solvent.commands import Advance, PriceReport, Trade, pack
from solvent.events import EventKind
from solvent.market.candles import CandleFileError, price_reports, read_candles
from solvent.market.feeds import Report
from solvent.market.venue import parse_venue
from solvent.procedures.laws import imbalances
from solvent.rulebook.document import read_rulebook
from solvent.service.problems import Problem
from solvent.service.sources import FeedSettings, Sources
from solvent.service.wire import BODY_DECODER, Wire
from solvent.state.terms import SOURCES_MAX

NAN, INFINITY = float("nan"), float("inf")

VENUE = """
[venue]
name = "x"
settlement = "USDC"
[[market]]
symbol = "BTC/USDC:USDC"
base = "BTC"
lot_size = "0.001"
tick_size = "0.1"
price_max = "2000000"
position_max = "800"
feeds = [{ name = "binance", kind = "perp" }, { name = "own", kind = "mark" }]
"""


@pytest.fixture(scope="module")
def venue():
    return parse_venue(VENUE, read_rulebook("solvent").text, "solvent")


def goes_on(market: Market) -> None:
    """Books balance, and a good report of everybody is believed as ever."""
    assert not any(imbalances(market.state))
    mark = market.mark()
    market.price(mark, after=40)
    assert market.mark() == mark
    assert market.answer(Trade(market.time, A, B, 0, 1, mark)) == Refusal.NONE


# --- Python: a number of the wrong kind is told at once, a wrong number by the machine -----------------------


@pytest.mark.parametrize("price", [NAN, INFINITY, -INFINITY, 1e30, 100.7, Decimal("100.7"), "100", None])
def test_what_is_no_whole_number_never_becomes_a_record(price) -> None:
    with pytest.raises(TypeError, match=r"PriceReport\.price_ticks is .* not a whole number"):
        pack([PriceReport(1, 0, 0, price, 1)])


@pytest.mark.parametrize("price", [10**30, -(10**30), 2**63])
def test_a_number_that_fits_no_record_is_told(price) -> None:
    with pytest.raises(OverflowError):
        pack([PriceReport(1, 0, 0, price, 1)])


@pytest.mark.parametrize("price", [0, -1, -(2**62), 100_001, 10**18, 2**63 - 1, -(2**63)])
def test_a_number_that_is_no_price_is_refused_by_the_machine_and_counted(price) -> None:
    market = Market(terms_of())
    told = market.do(PriceReport(market.time + SECOND, 0, 0, price, market.time + SECOND))
    assert list(told["kind"]) == [EventKind.COMMAND_REFUSED]
    assert told["refusal"][0] in (Refusal.PRICE_OUT_OF_RANGE, Refusal.AMOUNT_OUT_OF_RANGE)
    assert market.mark() == 1_000
    goes_on(market)


# --- JSON ---------------------------------------------------------------------------------------------------


def body(price: str) -> bytes:
    fields = f'"market":"BTC/USDC:USDC","source":"binance","price":{price},"source_time_ns":"1760000000000000000"'
    return f'{{"id":"x","commands":[{{"kind":"price_report",{fields}}}]}}'.encode()


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-Infinity", "1e400", "100", "1e2", "null", "true", "[]"])
def test_json_that_is_no_text_of_digits_is_no_request(price) -> None:
    with pytest.raises(msgspec.DecodeError):
        BODY_DECODER.decode(body(price))


@pytest.mark.parametrize(
    "price",
    ["NaN", "nan", "inf", "Infinity", "1e30", "1" + "0" * 30, "", "+1", "0x10", "1,000", "100.55", "1_000", "٣"],
)
def test_a_text_that_is_no_price_of_the_market_is_a_problem_with_its_place(venue, price) -> None:
    request = BODY_DECODER.decode(body(f'"{price}"'))
    with pytest.raises(Problem) as told:
        Wire(venue).records(request.commands)
    assert told.value.code == "out_of_range"
    assert "commands[0].price" in str(told.value.faults[0])


@pytest.mark.parametrize(("price", "ticks"), [("0", 0), ("-1", -10), ("100.5", 1_005), ("1000000000000000000", None)])
def test_whole_ticks_pass_the_door_and_the_machine_judges_them(venue, price, ticks) -> None:
    request = BODY_DECODER.decode(body(f'"{price}"'))
    if ticks is None:
        with pytest.raises(Problem):
            Wire(venue).records(request.commands)
    else:
        assert len(Wire(venue).records(request.commands)) > 0


# --- a feed of another venue --------------------------------------------------------------------------------


class Service:
    """As much of a service as feeds look at."""

    def __init__(self, venue) -> None:
        self.wire = Wire(venue)
        self.api = SimpleNamespace()  # feeds leave there what the page asks of them


@pytest.mark.parametrize(
    ("price", "at_ns"),
    [
        *(
            (price, 1)
            for price in ("NaN", "Infinity", "-1", "1e30", "", "1" + "0" * 30, "999999999999999", "--", "1.2.3")
        ),
        ("100", -1),
        ("100", 2**63),
        ("100", 10**30),
    ],
)
def test_a_feed_that_tells_nonsense_is_counted_and_lives(venue, price, at_ns) -> None:
    given = FeedSettings(kind="binance", url="wss://x", source="binance", markets={"BTCUSDT": "BTC/USDC:USDC"})
    sources = Sources(Service(venue), [given])
    tiny = price == "999999999999999"  # a price of the machine's range in ticks, if no contract's
    told = [Report("binance", "BTCUSDT", price, at_ns), Report("binance", "BTCUSDT", "100.04", 7)]
    records = sources.records(given, told)
    assert list(records["price_ticks"])[-1] == 1_000
    assert len(records) == 1 + tiny
    assert sources.unknown == 1 - tiny


# --- a file of candles --------------------------------------------------------------------------------------

HEADER = "symbol,time_utc,open,high,low,close,volume"


@pytest.mark.parametrize("price", ["NaN", "inf", "-inf", "0", "-1", "abc", ""])
def test_a_candle_that_holds_no_price_is_a_fault_with_its_place(tmp_path, price) -> None:
    file = tmp_path / "table.csv"
    rows = [f"BTCUSDT,2025-10-10 12:00:00,100,110,95,{price},7", "BTCUSDT,2025-10-10 12:01:00,105,106,90,92,8"]
    file.write_text("\n".join([HEADER, *rows]) + "\n")
    with pytest.raises(CandleFileError) as told:
        read_candles(file)
    assert len(told.value.faults) >= 1


@pytest.mark.parametrize("close", ["1e30", "109000", "0.000109"])
def test_a_candle_whose_close_is_outside_its_range_is_a_fault(tmp_path, close) -> None:
    """Decimals shifted by a power of ten show in the candle itself: a close between low and high it is not."""
    file = tmp_path / "table.csv"
    file.write_text(f"{HEADER}\nBTCUSDT,2025-10-10 12:00:00,100,110,95,{close},7\n")
    with pytest.raises(CandleFileError):
        read_candles(file)


def test_stamps_in_any_order_are_put_in_order_and_one_told_twice_is_a_fault(tmp_path) -> None:
    file = tmp_path / "table.csv"
    rows = ["BTCUSDT,2025-10-10 12:01:00,105,106,90,92,8", "BTCUSDT,2025-10-10 12:00:00,100,110,95,105,7"]
    file.write_text("\n".join([HEADER, *rows]) + "\n")
    reports = price_reports(read_candles(file), ["BTC"])
    assert reports["time_ns"].is_sorted()
    file.write_text("\n".join([HEADER, *rows, rows[0].replace("92,8", "93,8")]) + "\n")
    with pytest.raises(CandleFileError):
        read_candles(file)


# --- what no door can see -----------------------------------------------------------------------------------


def quiet(market: Market) -> list[int]:
    return []


def told_by_one(price: int):
    def tell(market: Market) -> list[int]:
        market.time += SECOND
        return [int(market.answer(PriceReport(market.time, 0, 1, price, market.time)))]

    return tell


def stamps(market: Market) -> list[int]:
    """Newer, the same again, older, ahead of the clock, and by number behind."""
    now = market.time = market.time + 5 * SECOND
    asked = ((now, 9), (now, 9), (now - SECOND, 0), (now + 2 * SECOND, 0), (now + 1, 9))
    return [int(market.answer(PriceReport(now, 0, 0, 1_000, at, number))) for at, number in asked]


def flapping(market: Market) -> list[int]:
    found = []
    for turn in range(30):
        market.time += SECOND // 4
        found.append(int(market.answer(PriceReport(market.time, 0, 2, (500, 2_000)[turn % 2], market.time))))
        assert market.mark() == 1_000
    return sorted(set(found))


def together(factor: int):
    def tell(market: Market) -> list[int]:
        market.price(1_000 * factor)
        return []

    return tell


def silence(market: Market) -> list[int]:
    market.time += 100 * SECOND
    return []


FAULTS = [
    # what happens, what tells it, refusals, the mark afterwards, what the price is said to be
    ("nothing", quiet, [], {1_000}, 0),
    ("one source ten times too high", told_by_one(10_000), [0], {1_000}, 0),
    ("one source a hundred times too high", told_by_one(100_000), [0], {1_000}, 0),
    ("one source at a tenth", told_by_one(100), [0], {1_000}, 0),
    ("one source at a thousandth", told_by_one(1), [0], {1_000}, 0),
    (
        "stamps",
        stamps,
        [0, Refusal.REPORT_STALE, Refusal.REPORT_STALE, Refusal.REPORT_FROM_FUTURE, Refusal.REPORT_OUT_OF_ORDER],
        {1_000},
        0,
    ),
    ("a source that flaps", flapping, [0, Refusal.REPORT_TOO_SOON], {1_000}, 0),
    ("all ten times too high", together(10), [], {1_200}, 1 << Condition.DIVERGING),
    ("all a hundred times too high", together(100), [], {1_200}, 1 << Condition.DIVERGING),
    ("nobody", silence, [], {1_000}, 1 << Condition.STALE | 1 << Condition.BELOW_QUORUM),
]


@pytest.mark.parametrize(("what", "tell", "refusals", "marks", "bits"), FAULTS, ids=[row[0] for row in FAULTS])
def test_the_mark_holds_or_is_clamped_and_it_is_told(what, tell, refusals, marks, bits) -> None:
    terms = terms_of(deviation_ppm=100_000, minute_ppm=200_000, anchor_breach=1)
    for feed in terms.feeds[:SOURCES]:
        feed.interval_min_ns = SECOND // 2
    terms.remedies[:].open = 2
    market = Market(terms)
    market.time += SECOND
    assert tell(market) == refusals
    assert market.mark() in marks, what
    told = market.do(PriceReport(market.time, 1, 0, 0, market.time))  # any command; what time did is asked below
    assert list(told["kind"]) == [EventKind.COMMAND_REFUSED]
    asked = market.answer(Trade(market.time, A, B, 0, 1, market.mark()))
    assert asked == (Refusal.PRICE_CONDITION if bits else Refusal.NONE)
    market.do(Advance(market.time, 1))
    assert int(market.state.instruments[0].told_conditions) == bits
    assert not any(imbalances(market.state))


def test_a_market_without_a_source_refuses_and_the_others_go_on() -> None:
    terms = terms_of()
    terms.feeds[SOURCES_MAX : 2 * SOURCES_MAX].weight = 0
    market = Market(terms)
    assert market.answer(PriceReport(market.time, 1, 0, 5, market.time)) == Refusal.SOURCE_UNKNOWN
    assert market.answer(Trade(market.time, A, B, 1, 1, 5)) == Refusal.NO_MARK
    goes_on(market)


@pytest.mark.parametrize(("instrument", "source"), [(-1, 0), (2, 0), (2**31 - 1, 0), (0, -1), (0, SOURCES_MAX), (0, 5)])
def test_a_market_or_source_that_is_none_is_refused(instrument, source) -> None:
    market = Market(terms_of())
    answer = market.answer(PriceReport(market.time, instrument, source, 1_000, market.time))
    assert answer in (Refusal.INSTRUMENT_UNKNOWN, Refusal.SOURCE_UNKNOWN)
    goes_on(market)
