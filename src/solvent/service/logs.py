"""Logs: one JSON object a line, and nothing in it that opens a door.

Whatever looks like a key, a bearer token, a JWT or a ticket is replaced before it is written, in messages, in fields
and in tracebacks; a test puts canaries everywhere and greps for them.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from typing import Any, Final

import msgspec

_SECRETS: Final = re.compile(
    r"slv_[a-z0-9]{8}_[A-Za-z0-9_-]+"
    r"|eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"
    r"|(?i:bearer)\s+[^\s\"\\]+"
    r"|(?<=ticket=)[A-Za-z0-9_-]+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|(?i:(?<=password=)[^\s\"\\]+)"
)
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redacted(text: str) -> str:
    """The text without secrets."""
    return _SECRETS.sub("[secret]", text)


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, value in vars(record).items():
            if name not in _OWN:
                told[name] = value
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return redacted(msgspec.json.encode(told, enc_hook=str).decode())


def set_up(level: str = "info", stream: Any = None) -> None:
    """Send every log of the process to standard error as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
        # what it says of itself at the start this service has said already
        logger.setLevel(logging.DEBUG if root.level == logging.DEBUG else logging.WARNING)
    for name in ("httpx", "httpcore", "websockets"):
        logging.getLogger(name).setLevel(logging.WARNING)
