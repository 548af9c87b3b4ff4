"""A feed's reports become the machine's, over a real socket."""

import asyncio
import json
import time

import pytest
from tests.service.running import BTC, running

from solvent.service.sources import FeedSettings, Sources, nearest_ticks, read_feeds


def test_a_feed_moves_the_mark():
    from websockets.asyncio.server import serve

    ready = {}

    async def talk(socket):
        for number in range(100):
            now = time.time_ns() // 10**6
            mark = {
                "e": "markPriceUpdate",
                "E": now,
                "s": "BTCUSDT",
                "p": f"{100_000 + number % 5}.04",
                "i": "1",
                "r": "0",
                "T": 1,
            }
            await socket.send(json.dumps({"stream": "s", "data": mark}))
            await asyncio.sleep(0.02)

    async def feeding(service):
        async with serve(talk, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            given = FeedSettings(
                kind="binance", url=f"ws://127.0.0.1:{port}", source="binance", markets={"BTCUSDT": BTC}
            )
            ready["sources"] = Sources(service, [given])
            await ready["sources"].run()

    with (
        running(prepare=lambda service: service.backgrounds.append(feeding)) as run,
        run.client("observer") as observer,
    ):
        for _ in range(200):
            market = observer.get("/v1/markets")["markets"][0]
            told = {source["source"]: source["price"] for source in market["sources"]}
            if told["binance"] and told["binance"] != "100000.0":
                break
            time.sleep(0.02)
        assert float(told["binance"]) in (100_000.0, 100_001.0, 100_002.0, 100_003.0, 100_004.0)
        assert ready["sources"].reported > 0
        (feed,) = observer.get("/v1/feeds")["feeds"]
        assert (feed["source"], feed["kind"], feed["markets"]) == ("binance", "binance", [BTC])
        assert (feed["connections"], feed["gaps"], feed["malformed"]) == (1, 0, 0)
        assert abs(feed["clock_offset_ms"]) < 1_000
        scraped = observer._http.get("/metrics").text
        assert 'solvent_feed_connections_total{kind="binance",source="binance"} 1.0' in scraped
        assert nearest_ticks(run.service.wire.venue, 0, "100000.05") in (1_000_000, 1_000_001)


def test_a_document_of_feeds_is_read_or_refused(tmp_path):
    path = tmp_path / "feeds.toml"
    path.write_text(
        '[[feed]]\nkind = "binance"\nurl = "ws://x"\nsource = "binance"\nmarkets = { BTCUSDT = "BTC/USDC:USDC" }\n'
    )
    assert read_feeds(path)[0].told_as == "binance"
    path.write_text('[[feed]]\nkind = "binance"\nurl = 5\n')
    with pytest.raises(ValueError, match="holds no feeds"):
        read_feeds(path)
