"""`solvent serve`, put together: data directory, machine, gateway, routes, page, and a server that stops well.

It binds loopback unless told otherwise, and refuses a public address without TLS and without anybody who may come in.
It ends with exit code 3 after a fault of journal or machine, so that a supervisor starts it anew and the journal is
read again; and with 0 after SIGTERM or SIGINT, when what was accepted has been answered and a snapshot is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from solvent.engine.faults import DirectoryUnusable
from solvent.service.alerts import LOOK_S, Alerts
from solvent.service.api import NO_ORDERS, Api
from solvent.service.app import App
from solvent.service.budget import Budget
from solvent.service.connection import connection_for
from solvent.service.door import HotRoutes
from solvent.service.gateway import Gateway
from solvent.service.keys import Door, TokenSettings, make_key
from solvent.service.metrics import metrics_text
from solvent.service.opening import Opened, add_key, create_venue, has_journal, open_venue
from solvent.service.roles import Role
from solvent.service.stream import Hub
from solvent.service.views import Ladder, Views
from solvent.service.wire import Wire

LOG: Final = logging.getLogger("solvent.service")
GLANCE_S: Final = 0.2
"""The page is told five times a second; each telling is encoded once for everybody."""
CONNECTIONS_MAX: Final = 1_024
KEEP_ALIVE_S: Final = 30
"""A connection that asks for nothing so long is closed."""
SWITCH_S: Final = 0.00005
GARBAGE_OBJECTS: Final = 20_000
HALT_S: Final = 1.0
"""After a halt the answers that wait are sent, then the process ends."""


class SettingsRefused(Exception):
    """The process may not be run like this; the message says why and what to do."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the process runs. Nothing here is a risk value: those are in the rulebook and the venue's document."""

    host: str = "127.0.0.1"
    port: int = 8700
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    webhook: str = ""
    tokens: TokenSettings | None = None
    venue_socket: str = ""
    log_level: str = "info"


def is_loopback(host: str) -> bool:
    """Whether nobody but this computer reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_settings(settings: Settings, has_keys: bool) -> None:
    """Refuse what would be unsafe. Raises SettingsRefused."""
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise SettingsRefused("TLS needs both --tls-certificate and --tls-key.")
    for path in (settings.tls_certificate, settings.tls_key):
        if path is not None and not path.is_file():
            raise SettingsRefused(f"There is no file {path}. Name the PEM file.")
    if is_loopback(settings.host):
        return
    if settings.tls_certificate is None:
        raise SettingsRefused(
            f"{settings.host} can be reached from outside and there is no TLS. Give --tls-certificate and --tls-key, "
            "or bind 127.0.0.1 behind a proxy that has it."
        )
    if not has_keys and settings.tokens is None:
        raise SettingsRefused(
            f"{settings.host} can be reached from outside and nobody has a key. Start once on 127.0.0.1 and keep the "
            "administrator's key that is printed, or give --oidc."
        )


Background = Callable[["Service"], Awaitable[None]]


class Service:
    """One venue being served."""

    def __init__(
        self, opened: Opened, directory: Path | None, settings: Settings, clock: Callable[[], int] = time.time_ns
    ) -> None:
        self.opened = opened
        self.directory = directory
        self.settings = settings
        engine, desk, venue = opened.engine, opened.desk, opened.venue
        self.gateway = Gateway(engine, desk, directory, clock)
        self.wire = Wire(venue)
        self.ladder = Ladder(engine)
        self.views = Views(engine, desk, venue, self.wire, self.ladder)
        self.hub = Hub(self.wire, desk, engine.sequence)
        self.alerts = Alerts(settings.webhook)
        self.hot = HotRoutes(self.gateway, self.wire, Door(desk.keys, venue.name, settings.tokens), Budget())
        self.api = Api(self.gateway, self.views, self.hub, self.hot, self.alerts)
        self.api.metrics_text = lambda: metrics_text(self.api, self.orders)
        self.app = App(self.api)
        self.orders: Any = None
        self.api.orders_told = lambda: self.orders.told() if self.orders is not None else dict(NO_ORDERS)
        self.backgrounds: list[Background] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.gateway.listeners.append(self.hub.publish)
        self.alerts.listeners.append(lambda told: self.hub.tell("alerts", {"alert": told}))

    def start(self) -> None:
        """Begin; to be called in the event loop."""
        self.gateway.start()
        self._tasks = [
            asyncio.create_task(self.ladder.run()),
            asyncio.create_task(self._look()),
            asyncio.create_task(self._glance()),
            asyncio.create_task(self.alerts.deliver()),
        ]
        for background in self.backgrounds:
            self._tasks.append(asyncio.create_task(self._guarded(background)))

    async def stop(self) -> None:
        """End well: answer what was accepted, write a snapshot, let go."""
        for task in self._tasks[4:]:
            task.cancel()
        await self.gateway.stop()
        self.hub.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _guarded(self, background: Background) -> None:
        try:
            await background(self)
        except asyncio.CancelledError:
            raise
        except Exception:
            LOG.exception("a background task ended; the service goes on without it")
            raise

    async def _look(self) -> None:
        while True:
            self.alerts.look(self.views, self.gateway.fault is not None)
            await asyncio.sleep(LOOK_S)

    async def _glance(self) -> None:
        while True:
            if self.hub.hears("glance"):
                self.hub.tell("glance", {"glance": self.views.glance()})
            await asyncio.sleep(GLANCE_S)


def open_or_create(
    directory: Path, venue_text: str, rulebook_text: str, rulebook_name: str, log: str = ""
) -> tuple[Opened, str]:
    """The venue of a directory, made where there is none; and the first administrator's key if one was made now."""
    os.umask(0o077)
    if log:
        with contextlib.suppress(DirectoryUnusable):
            return open_venue(directory, log), ""
    elif has_journal(directory):
        return open_venue(directory), ""
    opened = create_venue(directory, venue_text, rulebook_text, rulebook_name, time.time_ns(), log)
    key, text = make_key("first administrator", Role.ADMIN, opened.venue.name)
    add_key(opened.engine, opened.desk, key, "solvent serve", time.time_ns())
    return opened, text


def run(service: Service, announce: Callable[[str], None] = lambda _line: None) -> int:
    """Serve until told to stop; give the exit code."""
    check_settings(service.settings, bool(service.opened.desk.keys))
    try:
        with asyncio.Runner(loop_factory=event_loop()) as runner:
            settle_interpreter()
            return runner.run(_run(service, announce))
    finally:
        sys.stderr.flush()


def event_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The loop that serves: uvloop where there is one (it comes with uvicorn's standard set), else asyncio's."""
    try:
        import uvloop
    except ImportError:
        return None
    made: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return made


def settle_interpreter() -> None:
    """Keep the interpreter itself from standing in the way of a price.

    The journal's thread comes back from the disk several times a batch, and would wait a whole switch interval for a
    busy event loop each time. What is in memory now stays, so the collector of cycles need not walk it ever again.
    """
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS, 20, 50)


async def _run(service: Service, announce: Callable[[str], None]) -> int:
    # what is compiled at the first look is compiled before anybody waits for it
    service.views.glance()
    server = make_server(service)
    # uvicorn would raise the signal once more after serving, and the snapshot would never be written
    server.capture_signals = contextlib.nullcontext
    stop_on_signals(server)
    service.start()
    halted = asyncio.create_task(service.gateway.halted.wait())
    serving = asyncio.create_task(server.serve())
    scheme = "https" if service.settings.tls_certificate else "http"
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        port = server.servers[0].sockets[0].getsockname()[1]
        announce(f"{scheme}://{service.settings.host}:{port}/")
    await asyncio.wait({serving, halted}, return_when=asyncio.FIRST_COMPLETED)
    if service.gateway.fault is not None:
        LOG.critical("halted: %s", service.gateway.fault)
        await asyncio.sleep(HALT_S)
        server.should_exit = True
    # streams end first, or the server would wait for them
    service.hub.stop()
    with contextlib.suppress(SystemExit):
        await serving
    halted.cancel()
    await service.stop()
    return 3 if service.gateway.fault is not None else 0


def stop_on_signals(server: Any) -> None:
    """SIGTERM and SIGINT end the serving; what was accepted is still answered."""

    def stop() -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        # Windows has no such handlers; there the console ends the process and the journal is read again
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(number, stop)


def make_server(service: Service) -> Any:
    """The uvicorn server of a service, not yet started."""
    import uvicorn

    settings = service.settings
    config = uvicorn.Config(
        service.app,
        http=connection_for(service.hot),
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=5,
        ws="websockets-sansio",
        ws_max_size=1 << 16,
        # small frames, many of them: squeezing each costs more than sending it
        ws_per_message_deflate=False,
        ws_ping_interval=15.0,
        ws_ping_timeout=15.0,
    )
    return uvicorn.Server(config)
