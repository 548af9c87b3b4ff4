"""Feeds against local servers that speak the recorded formats."""

import asyncio
import contextlib
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.market.feeds import (
    Depth,
    Gap,
    Liquidated,
    PayloadError,
    Report,
    Traded,
    binance,
    hyperliquid,
    pyth,
    tardis,
)
from solvent.market.feeds.live import WAITING_MAX, Clocks, PollFeed, SocketFeed, Waiting
from solvent.market.feeds.recorded import play, record

MARK = {
    "e": "markPriceUpdate",
    "E": 1760131200000,
    "s": "BTCUSDT",
    "p": "112345.10",
    "i": "112340.00",
    "P": "1",
    "r": "0.0001",
    "T": 1,
}
FORCE = {
    "e": "forceOrder",
    "E": 1760131200100,
    "o": {"s": "BTCUSDT", "S": "SELL", "o": "LIMIT", "f": "IOC", "q": "2", "p": "111000", "ap": "111010.5", "X": "FILLED",
          "l": "1", "z": "1.5", "T": 1760131200099},
}  # fmt: skip


def agg(number):
    return {"e": "aggTrade", "E": 1, "s": "BTCUSDT", "a": number, "p": "1", "q": "2", "f": 1, "l": 2, "T": 5, "m": True}


def depth(first, last, before):
    return {
        "e": "depthUpdate",
        "E": 1,
        "T": 2,
        "s": "BTCUSDT",
        "U": first,
        "u": last,
        "pu": before,
        "b": [["1", "2"]],
        "a": [],
    }


BOOK = {
    "channel": "l2Book",
    "data": {"coin": "BTC", "time": 7, "levels": [[{"px": "1", "sz": "2", "n": 1}], [{"px": "3", "sz": "4", "n": 1}]]},
}
CONTEXT = {
    "channel": "activeAssetCtx",
    "data": {"coin": "BTC", "ctx": {"oraclePx": "10", "markPx": "11", "midPx": None, "premium": None}},
}
TRADES = {
    "channel": "trades",
    "data": [{"coin": "BTC", "side": "A", "px": "5", "sz": "6", "time": 8, "hash": "0x", "tid": 9}],
}
INFO = [
    {"universe": [{"name": "BTC", "szDecimals": 5}], "marginTables": []},
    [{"oraclePx": "10", "markPx": "11", "impactPxs": None}],
]
HERMES = {
    "binary": {"encoding": "hex", "data": []},
    "parsed": [{"id": "ab", "price": {"price": "11234567890123", "conf": "123456", "expo": -8, "publish_time": 1760131200},
                "ema_price": {}, "metadata": {}}],
}  # fmt: skip


def test_binance_is_read_as_documented():
    reader = binance.Reader()
    assert reader.read(json.dumps({"result": None, "id": 1})) == []
    assert reader.read(json.dumps({"stream": "btcusdt@markPrice", "data": MARK})) == [
        Report("binance", "BTCUSDT", "112345.10", 1760131200000 * 10**6),
        Report("binance_index", "BTCUSDT", "112340.00", 1760131200000 * 10**6),
    ]
    assert reader.read(json.dumps(FORCE)) == [
        Liquidated("binance", "BTCUSDT", "111010.5", "1.5", True, 1760131200099 * 10**6)
    ]
    assert [type(one) for number in (5, 6, 9) for one in reader.read(json.dumps(agg(number)))] == [
        Traded,
        Traded,
        Gap,
        Traded,
    ]
    told = [
        one for update in (depth(1, 3, 0), depth(4, 6, 3), depth(9, 9, 8)) for one in reader.read(json.dumps(update))
    ]
    assert [type(one) for one in told] == [Depth, Depth, Gap, Depth]
    assert (told[2].expected, told[2].got) == (6, 8)


def test_hyperliquid_and_pyth_are_read_as_documented():
    reader = hyperliquid.Reader()
    assert reader.read('{"channel":"pong"}') == []
    assert reader.read(json.dumps(BOOK)) == [Depth("hyperliquid", "BTC", (("1", "2"),), (("3", "4"),), 7 * 10**6, True)]
    assert reader.read(json.dumps(CONTEXT), 99)[0] == Report("hyperliquid", "BTC", "11", 99)
    assert reader.read(json.dumps(TRADES))[0].sell is True
    assert hyperliquid.read_info(json.dumps(INFO).encode(), 5)[1] == Report("hyperliquid_oracle", "BTC", "10", 5)
    told = pyth.read(json.dumps(HERMES).encode(), {"0xab": "BTC"})
    assert told == [Report("pyth", "BTC", "112345.67890123", 1760131200 * 10**9, "0.00123456")]
    assert pyth.read(json.dumps(HERMES).encode(), {"cd": "BTC"}) == []


def test_tardis_files_are_read_as_documented(tmp_path):
    ticker = tmp_path / "binance-futures_derivative_ticker_2025-10-10_BTCUSDT.csv.gz"
    ticker.write_bytes(
        gzip.compress((",".join(tardis.TICKER) + "\nbinance-futures,BTCUSDT,1000,1500,,,,5,99.5,,100\n").encode())
    )
    assert list(tardis.read_file(ticker)) == [
        (1_500_000, Report("binance-futures", "BTCUSDT", "100", 1_000_000)),
        (1_500_000, Report("binance-futures_last", "BTCUSDT", "99.5", 1_000_000)),
    ]
    trades = tmp_path / "x_liquidations_y.csv"
    trades.write_text(",".join(tardis.TRADES) + "\nbitmex,XBTUSD,1,2,id,sell,5,6\n")
    assert list(tardis.read_file(trades)) == [(2_000, Liquidated("bitmex", "XBTUSD", "5", "6", True, 1_000))]
    book = tmp_path / "book_snapshot_5.csv"
    columns = [
        f"{side}[{level}].{what}" for level in range(5) for side in ("asks", "bids") for what in ("price", "amount")
    ]
    book.write_text(",".join((*tardis.COMMON, *columns)) + "\nb,S,1,2," + ",".join(map(str, range(1, 21))) + "\n")
    ((_local, told),) = tardis.read_file(book)
    assert (told.asks[0], told.bids[0], len(told.asks)) == (("1", "2"), ("3", "4"), 5)
    for broken in ("a,b\n", ",".join(tardis.TRADES) + "\n1,2\n", ",".join(tardis.TRADES) + "\nb,S,x,y,1,buy,1,1\n"):
        trades.write_text(broken)
        with pytest.raises(PayloadError):
            list(tardis.read_file(trades))


def test_a_recording_tells_what_the_socket_told(tmp_path):
    path = tmp_path / "recorded.jsonl"
    for number, (feed, message) in enumerate([("binance", MARK), ("hyperliquid", CONTEXT), ("hyperliquid_info", INFO)]):
        record(path, feed, json.dumps(message), number)
    assert [(at, told.source) for at, told in play(path)] == [
        (0, "binance"), (0, "binance_index"), (1, "hyperliquid"), (1, "hyperliquid_oracle"), (2, "hyperliquid"),
        (2, "hyperliquid_oracle"),
    ]  # fmt: skip
    path.write_text('{"received_ns":1,"feed":"nobody","message":""}\n')
    with pytest.raises(PayloadError, match="line 1"):
        list(play(path))


@settings(max_examples=80)
@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda x: st.lists(x) | st.dictionaries(
    st.sampled_from(["e", "s", "p", "o", "a", "E", "T", "channel", "data", "parsed", "universe"]), x), max_leaves=8
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_message_breaks_a_reader(message):
    readers = (
        binance.Reader().read,
        lambda m: hyperliquid.Reader().read(m, 1),
        lambda m: hyperliquid.read_info(m, 1),
        lambda m: pyth.read(m, {"ab": "BTC"}),
    )
    for read in readers:
        with contextlib.suppress(PayloadError):
            read(message)


def test_a_socket_that_breaks_is_opened_again_and_gaps_are_noticed():
    from websockets.asyncio.server import serve

    async def story():
        scripts = [[MARK, agg(1), agg(2)], [agg(4)], [agg(5), agg(9), "no json", MARK]]
        subscribed = []

        async def talk(socket):
            if socket.request.path != "/stream?streams=x":
                await socket.close()
                return
            subscribed.append(await socket.recv())
            for message in scripts.pop(0) if scripts else []:
                await socket.send(message if isinstance(message, str) else json.dumps({"stream": "s", "data": message}))
            if scripts:
                await socket.close()
            else:
                await socket.wait_closed()

        async with serve(talk, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            reader = binance.Reader()
            feed = SocketFeed(
                f"ws://127.0.0.1:{port}/stream?streams=x", lambda: lambda m, _r: reader.read(m), [b"hello"]
            )
            running = asyncio.create_task(feed.run())
            seen = []
            async with asyncio.timeout(10):
                async for told in feed.told():
                    seen += told
                    if feed.malformed and any(isinstance(one, Traded) and one.number == 9 for one in seen):
                        break
            running.cancel()
        assert (feed.connections, feed.malformed, feed.gaps) == (3, 1, 2)
        assert subscribed == ["hello"] * 3
        assert [one.number for one in seen if isinstance(one, Traded)] == [1, 2, 4, 5, 9]

    asyncio.run(story())


def test_a_poll_goes_on_after_failures():
    answers = [(500, b""), (200, b"{}"), (200, json.dumps(HERMES).encode())]
    asked = []

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("authorization")))
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        ids = {"ab": "BTC"}

        async def story():
            url = f"http://127.0.0.1:{server.server_port}" + pyth.path(ids)
            feed = PollFeed(url, lambda m, _r: pyth.read(m, ids), 0.02, headers={"authorization": "Bearer k"})
            running = asyncio.create_task(feed.run())
            async with asyncio.timeout(10):
                told = await anext(feed.told())
            running.cancel()
            assert (feed.failures, feed.malformed, told[0].source) == (1, 1, "pyth")

        asyncio.run(story())
        server.shutdown()
        thread.join()
    assert asked[0] == ("/v2/updates/price/latest?ids[]=ab", "Bearer k")


def test_what_waits_is_bounded_and_the_newest_price_counts():
    async def story():
        waiting = Waiting()
        for number in range(WAITING_MAX + 10):
            waiting.put(Report("a", "X", str(number), number))
            waiting.put(Traded("a", "X", "1", "1", True, 1, number))
        told = await waiting.take()
        assert told[0].price == str(WAITING_MAX + 9)
        assert (len(told), waiting.dropped, waiting.conflated) == (WAITING_MAX + 1, 10, WAITING_MAX + 9)

    asyncio.run(story())


def test_a_clock_that_is_off_is_told_from_a_slow_network():
    clocks = Clocks("good")
    for delay in (30, 200, 90):
        clocks.see("good", 0, delay * 10**6)
        clocks.see("slow", 0, (delay + 300) * 10**6)
        clocks.see("off", 0, (delay + 2_000) * 10**6)
    assert clocks.offset_ms("slow") == 300
    assert not clocks.is_off("slow")
    assert clocks.is_off("off")
    assert clocks.offset_ms("unheard") is None
