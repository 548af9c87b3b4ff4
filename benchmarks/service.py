"""Figures of the live service: durable throughput, latency on the wire, recovery, the page. One run, ratios first.

    python benchmarks/service.py            everything, about four minutes
    python benchmarks/service.py --quick    a tenth of the sizes

Server and load share the machine's cores, so absolute figures say as much about the machine as about the service; the
ratios were taken in the same run.
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np

from solvent.codes import SystemAccount
from solvent.commands import COMMAND_DTYPE, CommandKind
from solvent.market.venue import venue_text
from solvent.rulebook.contracts import Contract, Feed
from solvent.rulebook.document import read_rulebook
from solvent.service.desk import Note
from solvent.service.keys import make_key
from solvent.service.opening import add_key, carry, create_venue, open_venue
from solvent.service.roles import Role

START = 1_000_000_000
CLIENTS = 128
"""Connections of the JSON comparison, the same for the echo and for the service."""


def build(place, accounts, markets):
    """A venue with positions everywhere; gives the texts of its keys."""
    contracts = [
        Contract(f"M{row}/USDC:USDC", f"M{row}", Decimal("0.001"), Decimal("0.01"), Decimal("100000"), Decimal("100000"),
                 (Feed("a", "mark"),))
        for row in range(markets)
    ]  # fmt: skip
    rules = read_rulebook("solvent")
    text = "\n".join(line for line in rules.text.splitlines() if "sequencer_grace" not in line)
    # one source a market: what is measured is a report that moves the mark
    now = time.time_ns()
    opened = create_venue(place, venue_text("bench", "USDC", contracts), text, rules.name, now)
    keys = {}
    for role in (Role.GATEWAY, Role.FEEDER, Role.OBSERVER):
        key, keys[role.value] = make_key(str(role), role, "bench", ("a",), 1_000_000)
        add_key(opened.engine, opened.desk, key, "benchmark", now)
    first = int(SystemAccount.MARKET_FUNDS) + markets
    random = np.random.default_rng(1)

    def send(records):
        records["time_ns"] = time.time_ns()
        for begin in range(0, len(records), 16_384):
            carry(
                opened.engine,
                opened.desk,
                records[begin : begin + 16_384],
                Note(len(records[begin : begin + 16_384]), "b", "service", "service"),
            )

    numbers = np.arange(first, first + accounts)
    prices = np.zeros(markets, COMMAND_DTYPE)
    prices["kind"], prices["instrument"], prices["price_ticks"] = CommandKind.PRICE_REPORT, np.arange(markets), 10_000
    prices["source_time_ns"] = time.time_ns()
    send(prices)
    opening = np.zeros(2 * accounts, COMMAND_DTYPE)
    opening["kind"][::2], opening["kind"][1::2] = CommandKind.OPEN_ACCOUNT, CommandKind.DEPOSIT
    opening["account"] = np.repeat(numbers, 2)
    opening["owner"][::2], opening["account_kind"][::2] = numbers, 1
    opening["amount_quanta"][1::2] = (50 + random.pareto(1.5, accounts) * 50).astype(np.int64) * 10**6
    send(opening)
    trades = np.zeros(2 * accounts, COMMAND_DTYPE)
    trades["kind"] = CommandKind.TRADE
    trades["account"] = np.repeat(numbers, 2)
    trades["counterparty"] = random.permutation(numbers)[np.arange(2 * accounts) % accounts]
    trades["counterparty"][trades["counterparty"] == trades["account"]] = first
    trades["instrument"] = random.integers(0, markets, 2 * accounts)
    trades["lots"], trades["price_ticks"] = random.integers(100, 1_500, 2 * accounts), 10_000
    send(trades)
    refused = sum(opened.desk.refusals.values())
    sequence = opened.engine.sequence
    asyncio.run(snapshot(opened, place))
    opened.engine.close()
    return keys, first, sequence, refused


async def snapshot(opened, place):
    from solvent.service.gateway import Gateway

    await Gateway(opened.engine, opened.desk, Path(place)).snapshot()


SERVE = "import sys; from solvent.cli.main import main; sys.argv[0] = 'solvent'; main()"


def start(place):
    process = subprocess.Popen([sys.executable, "-c", SERVE, "serve", "--data", str(place), "--port", "0", "--log-level", "error"],
                               stdout=subprocess.PIPE, text=True)  # fmt: skip
    for line in process.stdout:
        if " at http" in line:
            return process, int(line.rsplit(":", 1)[1].strip().strip("/"))
    raise SystemExit("the service did not start")


class Wire:
    """A keep-alive HTTP connection with nothing around it."""

    def __init__(self, port, key):
        self.port, self.key = port, key

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def post(self, path, body, media="application/json", more=""):
        self.writer.write(
            f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {self.key}\r\ncontent-type: {media}\r\n"
            f"content-length: {len(body)}\r\n{more}\r\n".encode()
            + body
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        content = await self.reader.readexactly(length)
        assert b" 200 " in head[:20], content
        return content


def run_fast(coroutine):
    """Run the load on the loop the service uses, so that the load is not what is measured."""
    from solvent.service.serve import event_loop

    with asyncio.Runner(loop_factory=event_loop()) as runner:
        return runner.run(coroutine)


async def many(connections, count, one):
    """`count` calls of one(wire, number) over these connections; seconds it took."""
    numbers = iter(range(count))

    async def worker(wire):
        for number in numbers:
            await one(wire, number)

    began = time.perf_counter()
    await asyncio.gather(*(worker(wire) for wire in connections))
    return time.perf_counter() - began


def cpu_of(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def echo_server(port_of):
    """A bare echo on the same server software: decodes the JSON and sends it back."""
    import uvicorn

    async def app(scope, receive, send):
        message = await receive()
        told = msgspec.json.encode(msgspec.json.decode(message["body"]))
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(told)).encode())]})  # fmt: skip
        await send({"type": "http.response.body", "body": told})

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False, lifespan="off"))

    async def serve():
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port_of.send(server.servers[0].sockets[0].getsockname()[1])
        await task

    from solvent.service.serve import event_loop

    with asyncio.Runner(loop_factory=event_loop()) as runner:
        runner.run(serve())


async def json_against_echo(port, keys, first, count, process):
    body = '{"id":"%d-%d","commands":[{"kind":"deposit","account":%d,"amount":"1"}]}'
    here, there = multiprocessing.get_context("spawn").Pipe()
    echo = multiprocessing.get_context("spawn").Process(target=echo_server, args=(there,))
    echo.start()
    other = here.recv()
    stamp = time.time_ns()

    async def send(wire, number):
        await wire.post("/v1/commands", (body % (stamp, number, first)).encode())

    ours = [await Wire(port, keys["gateway"]).open() for _ in range(CLIENTS)]
    theirs = [await Wire(other, "").open() for _ in range(CLIENTS)]
    rates, cpus = {}, {}
    for name, wires, who in (("echo", theirs, echo), ("service", ours, process)) * 2:
        before = cpu_of(who)
        seconds = await many(wires, count, send)
        stamp += 1
        rates[name] = max(rates.get(name, 0), count / seconds)
        cpus[name] = min(cpus.get(name, 1e9), (cpu_of(who) - before) / count * 1e6)
    echo.terminate()
    return {"clients": CLIENTS, "echo_per_second": round(rates["echo"]), "service_per_second": round(rates["service"]),
            "echo_over_service": round(rates["echo"] / rates["service"], 2), "echo_cpu_us": round(cpus["echo"]),
            "service_cpu_us": round(cpus["service"]), "cpu_ratio": round(cpus["service"] / cpus["echo"], 2)}  # fmt: skip


async def bursts(port, keys, first, accounts, count, size=1_000):
    random = np.random.default_rng(2)
    records = np.zeros(size, COMMAND_DTYPE)
    records["kind"], records["lots"], records["price_ticks"] = CommandKind.TRADE, 1, 10_000
    wires = [await Wire(port, keys["gateway"]).open() for _ in range(4)]
    stamp, refused = time.time_ns(), 0

    async def send(wire, number):
        nonlocal refused
        mine = records.copy()
        mine["account"] = first + random.integers(0, accounts // 2, size)
        mine["counterparty"] = first + accounts // 2 + random.integers(0, accounts // 2, size)
        mine["instrument"] = random.integers(0, 50, size) % 50
        told = await wire.post(
            "/v1/batch", mine.tobytes(), "application/octet-stream", f"idempotency-key: {stamp}-{number}\r\n"
        )
        refused += len(msgspec.json.decode(told)["refused"])

    seconds = await many(wires, count // size, send)
    return {"trades": count, "refused_by_the_machine": refused, "durable_trades_per_second": round(count / seconds)}


def two_syncs(place, rounds=200):
    """What the disk alone takes for what an acknowledgement waits for, a block and the watermark: p50 in ms."""
    taken = []
    with open(place / "syncs", "wb+", buffering=0) as file:
        file.write(bytes(1 << 16))
        os.fsync(file.fileno())
        for number in range(rounds):
            began = time.perf_counter()
            for part in (0, 1):
                os.pwrite(file.fileno(), bytes([number % 256]) * 4096, 8192 * part + 4096 * (number % 2))
                os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    (place / "syncs").unlink()
    return round(float(np.percentile(taken, 50)) * 1e3, 2)


async def commits(port, key):
    """The service's own percentiles of its last durable commits, in ms."""
    wire = await Wire(port, key).open()
    wire.writer.write(f"GET /metrics HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n".encode())
    head = await wire.reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    text = (await wire.reader.readexactly(length)).decode()
    found = {share: float(text.split(f"\nsolvent_commit_p{share}_seconds ")[1].split()[0]) for share in (50, 99)}
    return {f"commit_p{share}_ms": round(seconds * 1e3, 2) for share, seconds in found.items()}


async def latency(port, keys, markets, per_second, seconds):
    """From the moment a report is written to the socket to the moment its worklist is read from the stream."""
    from websockets.asyncio.client import connect

    sent, seen = {}, []
    acknowledged = []

    async with connect(f"ws://127.0.0.1:{port}/v1/stream", additional_headers={"authorization": f"Bearer {keys['observer']}"},
                       max_size=None, max_queue=None) as socket:  # fmt: skip
        await socket.send('{"channels":["worklist"]}')
        await socket.recv()

        async def listen():
            async for frame in socket:
                now = time.perf_counter()
                for told in msgspec.json.decode(frame)["lists"]:
                    began = sent.pop((told["market"], told["mark"]), None)
                    if began is not None:
                        seen.append(now - began)

        listening = asyncio.create_task(listen())
        wires = [await Wire(port, keys["feeder"]).open() for _ in range(16)]
        free = asyncio.Queue()
        for wire in wires:
            free.put_nowait(wire)
        ticks = [10_000] * markets
        stamp = time.time_ns()
        began = time.perf_counter()
        tasks = set()
        for number in range(per_second * seconds):
            wait = began + number / per_second - time.perf_counter()
            if wait > 0.0005:
                await asyncio.sleep(wait)
            row = number % markets
            ticks[row] += 1 if ticks[row] <= 10_000 else -1
            price = f"{ticks[row] // 100}.{ticks[row] % 100:02d}"
            body = ('{"id":"%d-%d","commands":[{"kind":"price_report","market":"M%d/USDC:USDC","source":"a","price":"%s",'
                    '"source_time_ns":"%d"}]}' % (stamp, number, row, price, time.time_ns())).encode()  # fmt: skip
            wire = await free.get()
            at = time.perf_counter()
            sent[f"M{row}/USDC:USDC", price] = at

            async def one(wire=wire, body=body, at=at):
                await wire.post("/v1/commands", body)
                acknowledged.append(time.perf_counter() - at)
                free.put_nowait(wire)

            task = asyncio.create_task(one())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        took = time.perf_counter() - began
        await asyncio.gather(*tasks)
        await asyncio.sleep(0.3)
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
    milliseconds = np.array(seen) * 1e3
    acks = np.array(acknowledged) * 1e3
    return {"asked_per_second": per_second, "sent_per_second": round(per_second * seconds / took),
            "worklists_seen": len(seen), "p50_ms": round(float(np.percentile(milliseconds, 50)), 2),
            "p99_ms": round(float(np.percentile(milliseconds, 99)), 2), "acknowledged_p50_ms": round(float(np.percentile(acks, 50)), 2),
            "acknowledged_p99_ms": round(float(np.percentile(acks, 99)), 2),
            **await commits(port, keys["observer"])}  # fmt: skip


def recovery(place, commands):
    """A journal of trades in small blocks, replayed; then opened from its snapshot."""
    keys, first, _sequence, _refused = build(place, 2_000, 8)
    opened = open_venue(place)
    records = np.zeros(200, COMMAND_DTYPE)
    records["kind"], records["lots"], records["price_ticks"] = CommandKind.TRADE, 1, 10_000
    random = np.random.default_rng(3)
    while opened.engine.sequence < commands:
        records["account"] = first + random.integers(0, 1_000, 200)
        records["counterparty"] = first + 1_000 + random.integers(0, 1_000, 200)
        records["instrument"] = random.integers(0, 8, 200)
        records["time_ns"] = time.time_ns()
        carry(opened.engine, opened.desk, records, Note(200, "b", "service", "service", f"r{opened.engine.sequence}"))
    asyncio.run(snapshot(opened, place))
    digest, sequence = opened.engine.digest(), opened.engine.sequence
    opened.engine.close()
    began = time.perf_counter()
    opened = open_venue(place)
    from_snapshot = time.perf_counter() - began
    assert opened.engine.digest() == digest
    opened.engine.close()
    for path in [*Path(place).glob("snapshot-*"), *Path(place).glob("desk-*")]:
        path.unlink()
    began = time.perf_counter()
    opened = open_venue(place)
    replayed = time.perf_counter() - began
    assert opened.engine.digest() == digest
    opened.engine.close()
    del keys
    return {
        "commands": sequence,
        "replay_seconds": round(replayed, 2),
        "from_snapshot_seconds": round(from_snapshot, 2),
    }


def page(port, keys, process):
    """First view in a real browser, and what one viewer at five updates a second costs the service."""
    import shutil

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        return {"skipped": "no Chromium on this machine"}
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        view = browser.new_context().new_page()
        began = time.perf_counter()
        view.goto(f"http://127.0.0.1:{port}/#{keys['observer']}")
        view.wait_for_selector(".card .big")
        first = time.perf_counter() - began
        time.sleep(1)
        before, at = cpu_of(process), time.perf_counter()
        time.sleep(10)
        with_viewer = (cpu_of(process) - before) / (time.perf_counter() - at)
        browser.close()
    time.sleep(1)
    before, at = cpu_of(process), time.perf_counter()
    time.sleep(10)
    alone = (cpu_of(process) - before) / (time.perf_counter() - at)
    return {"first_view_seconds": round(first, 2), "core_share_with_viewer": round(with_viewer, 3),
            "core_share_without": round(alone, 3), "viewer_costs": round(with_viewer - alone, 3)}  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="", help="recovery; venue, which is all but that; or one part by its name")
    given = parser.parse_args()
    scale = 10 if given.quick else 1
    accounts, told = 100_000 // scale, {}
    with tempfile.TemporaryDirectory() as root:
        if given.only in ("", "recovery"):
            told["recovery"] = recovery(Path(root) / "recovery", 1_000_000 // scale)
            print(json.dumps(told["recovery"]), flush=True)
        if given.only == "recovery":
            return
        place = Path(root) / "venue"
        keys, first, sequence, refused = build(place, accounts, 50)
        told["venue"] = {"accounts": accounts, "markets": 50, "commands": sequence, "refused": refused}
        told["venue"]["two_syncs_p50_ms"] = two_syncs(place)
        began = time.perf_counter()
        process, port = start(place)
        told["venue"]["process_start_seconds"] = round(time.perf_counter() - began, 2)
        print(json.dumps(told["venue"]), flush=True)
        try:
            for name, run in (
                ("latency", lambda: run_fast(latency(port, keys, 50, 2_000, 10 if scale == 1 else 4))),
                ("bursts", lambda: run_fast(bursts(port, keys, first, accounts, 300_000 // scale))),
                (
                    "json",
                    lambda: run_fast(json_against_echo(port, keys, first, 16_000 // (1 if scale == 1 else 4), process)),
                ),
                ("page", lambda: page(port, keys, process)),
            ):
                if given.only not in ("", "venue", name):
                    continue
                told[name] = run()
                print(name, json.dumps(told[name]), flush=True)
        finally:
            process.terminate()
            process.wait(60)
    told["peak_mb_of_the_load"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
