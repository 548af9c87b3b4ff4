"""A service that really runs: uvicorn in a thread of this process, on a free port, over a directory or in memory."""

import asyncio
import contextlib
import threading
import time
from importlib import resources
from pathlib import Path

from solvent.rulebook.document import read_rulebook
from solvent.service.client import Client
from solvent.service.keys import make_key
from solvent.service.opening import add_key, create_venue, has_journal, open_venue
from solvent.service.roles import Role
from solvent.service.serve import Service, Settings, make_server

VENUE = (resources.files("solvent.market") / "venue.toml").read_text()
BTC = "BTC/USDC:USDC"
SOURCES = ("binance", "pyth", "own_book")


class Running:
    """One service, its address and a key for each role."""

    def __init__(self, service, keys):
        self.service = service
        self.keys = keys
        self.url = ""
        self.loop = None
        self.stop = lambda: None

    def client(self, role="gateway"):
        return Client(self.url, self.keys[role], 60.0)  # machines that test are busy

    def call(self, function):
        """Run something in the service's own loop."""

        async def inside():
            answer = function()
            return await answer if asyncio.iscoroutine(answer) else answer

        return asyncio.run_coroutine_threadsafe(inside(), self.loop).result(30)


@contextlib.contextmanager
def running(directory=None, settings=None, prepare=None, keys=None, rulebook="solvent", opened=None):
    """Serve a new or kept venue until the block ends; with `keys`, those of an earlier run."""
    now = time.time_ns()
    rules = read_rulebook(rulebook)
    if opened is not None:
        pass
    elif directory is not None and has_journal(Path(directory)):
        opened = open_venue(Path(directory))
    else:
        # no half minute of grace after a silence: a test does not wait
        text = "\n".join(line for line in rules.text.splitlines() if "sequencer_grace" not in line)
        opened = create_venue(Path(directory) if directory else None, VENUE, text, rules.name, now)
    if keys is None:
        keys = {}
        for role in Role:
            if role != Role.SERVICE:
                key, text = make_key(f"a {role}", role, opened.venue.name, SOURCES, 1_000_000, (1, 2))
                add_key(opened.engine, opened.desk, key, "a test", now)
                keys[role.value] = text
    service = Service(opened, Path(directory) if directory else None, settings or Settings(port=0))
    if prepare is not None:
        prepare(service)
    run = Running(service, keys)
    server = make_server(service)
    ready = threading.Event()

    async def serve():
        run.loop = asyncio.get_running_loop()
        service.start()
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.005)
        run.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        ready.set()
        await task
        await service.stop()

    failed = []

    def inside():
        try:
            asyncio.run(serve())
        except BaseException as error:
            failed.append(error)
            ready.set()
            raise

    def stop():
        if run.loop is not None and not run.loop.is_closed():
            with contextlib.suppress(RuntimeError):
                run.loop.call_soon_threadsafe(service.hub.stop)
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive(), "the service did not stop"

    run.stop = stop
    thread = threading.Thread(target=inside)
    thread.start()
    ready.wait(60)
    try:
        if failed:
            raise failed[0]
        yield run
    finally:
        stop()


def open_market(run, price="100000", deposit="100000"):
    """A mark for BTC and two funded accounts; gives their numbers."""
    with run.client("feeder") as feeder, run.client("gateway") as gateway:
        report(feeder, price)
        first = gateway.get("/v1/venue")["next_account"]
        for account in (first, first + 1):
            assert gateway.open_account(account, account).accepted
            assert gateway.deposit(account, deposit).accepted
    return first, first + 1


def report(feeder, price, market=BTC):
    """All sources tell a price."""
    for source in SOURCES:
        answer = feeder.report_price(market, source, price, time.time_ns())
        assert answer.accepted, answer
