"""The thread that waits for the disk in the place of the event loop.

One thing at a time and always the same thread, so a queue and a call back are all there is: a pool of threads makes two
futures and takes three locks for each batch, and a price waits meanwhile.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

Given = TypeVar("Given")
_Work = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[..., Any], tuple[Any, ...]]


class Writer:
    """One thread; what it is given is done in order."""

    def __init__(self) -> None:
        self._work: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def run(self, function: Callable[..., Given], *given: Any) -> asyncio.Future[Given]:
        """Call `function` in the thread; the future ends with what it returned or raised."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="journal", daemon=True)
            self._thread.start()
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._work.put((loop, done, function, given))
        return done

    def stop(self) -> None:
        """Let the thread end after what it has been given."""
        if self._thread is not None:
            self._work.put(None)
            self._thread.join()
            self._thread = None

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            loop, done, function, given = work
            fault: BaseException | None = None
            told: Any = None
            try:
                told = function(*given)
            except BaseException as raised:  # noqa: BLE001
                # whatever it is, it belongs to whoever waits
                fault = raised
            loop.call_soon_threadsafe(_settle, done, told, fault)


def _settle(done: asyncio.Future[Any], told: Any, fault: BaseException | None) -> None:
    if done.done():
        return  # nobody waits any more
    if fault is None:
        done.set_result(told)
    else:
        done.set_exception(fault)
