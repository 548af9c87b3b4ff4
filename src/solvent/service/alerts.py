"""Alerts: what a person should look at, told once.

    near_liquidation   notional within one per cent of liquidation is more than a twentieth of all notional
    fund_below_target  the venue's fund holds less than the venue's document wants
    source_stale       a source of a listed market has not been heard for longer than its guard allows
    breaker_raised     a market is not active
    deficit_open       a loss that nobody could bear
    clock_off          a source's clock is further off the reference's than a network explains
    halted             the service takes no commands
    fill_refused       the venue reports a fill the machine does not accept: the books of both differ

An alert has a name (kind and subject). It is told when it begins and when it ends, and again each hour while it lasts;
everything between is counted, not told. It goes to the log and, where one is set, to a webhook, in order, with retries;
a webhook that does not answer costs alerts only their delivery, never the service its time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import msgspec

from solvent.service.views import LADDER_EDGES_PPM, Ladder, Views

NEAR_PPM: Final = 10_000
NEAR_SHARE_PPM: Final = 50_000
REPEAT_S: Final = 3_600.0
KEPT_S: Final = 86_400.0
LOOK_S: Final = 1.0
WEBHOOK_QUEUE_MAX: Final = 256
WEBHOOK_TRIES: Final = 4
SEVERITIES: Final = {
    "near_liquidation": "warning",
    "fund_below_target": "warning",
    "source_stale": "warning",
    "breaker_raised": "warning",
    "deficit_open": "critical",
    "halted": "critical",
    "fill_refused": "critical",
    "clock_off": "warning",
}
LASTING: Final = ("fill_refused", "clock_off")
"""Told when they happen and over only when somebody has looked."""

LOG: Final = logging.getLogger("solvent.alerts")


class Alert(msgspec.Struct):
    """One alert while it is remembered."""

    name: str
    kind: str
    subject: str
    sentence: str
    severity: str
    began_s: float
    last_s: float
    told_s: float
    count: int = 1
    firing: bool = True
    acknowledged_by: str = ""


class Alerts:
    """What fires, and who is told."""

    def __init__(self, webhook: str = "", clock: Callable[[], float] = time.time) -> None:
        self.kept: dict[str, Alert] = {}
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self.delivered = 0
        self.undelivered = 0
        self._webhook = webhook
        self._clock = clock
        self._outgoing: deque[dict[str, Any]] = deque(maxlen=WEBHOOK_QUEUE_MAX)
        self._wake = asyncio.Event()

    def look(self, views: Views, halted: bool) -> None:
        """Compare the venue with the conditions; begin, go on with and end alerts."""
        self.settle(conditions(views, halted))

    def settle(self, present: dict[tuple[str, str], str]) -> None:
        """`present` is everything that is the case now: (kind, subject) to its sentence."""
        now = self._clock()
        for (kind, subject), sentence in present.items():
            self.raise_alert(kind, subject, sentence)
        for alert in tuple(self.kept.values()):
            lasting = (alert.kind, alert.subject) in present or alert.kind in LASTING
            if alert.firing and not lasting:
                alert.firing = False
                alert.last_s = now
                self._tell(alert, "ended")
            elif not alert.firing and now - alert.last_s > KEPT_S:
                del self.kept[alert.name]

    def raise_alert(self, kind: str, subject: str, sentence: str) -> None:
        """Something is the case; told if it was not before, or an hour after it was told last."""
        now = self._clock()
        name = f"{kind}:{subject}" if subject else kind
        alert = self.kept.get(name)
        if alert is None or not alert.firing:
            alert = Alert(name, kind, subject, sentence, SEVERITIES[kind], now, now, now)
            self.kept[name] = alert
            self._tell(alert, "began")
            return
        alert.count += 1
        alert.last_s = now
        alert.sentence = sentence
        if now - alert.told_s >= REPEAT_S and not alert.acknowledged_by:
            self._tell(alert, "lasts")

    def acknowledge(self, name: str, actor: str) -> None:
        """Somebody looks after it: it is not repeated."""
        alert = self.kept[name]
        alert.acknowledged_by = actor
        if alert.kind in LASTING:
            alert.firing = False
        self._tell(alert, "acknowledged")

    def told(self) -> list[dict[str, Any]]:
        """All that are remembered, firing first."""
        listed = sorted(self.kept.values(), key=lambda alert: (not alert.firing, -alert.last_s))
        return [as_told(alert) for alert in listed]

    def _tell(self, alert: Alert, what: str) -> None:
        alert.told_s = self._clock()
        told = {"what": what, **as_told(alert)}
        level = logging.ERROR if alert.severity == "critical" and what != "ended" else logging.WARNING
        LOG.log(level if what in ("began", "lasts") else logging.INFO, "alert %s: %s", what, alert.sentence, extra=told)
        for listener in self.listeners:
            listener(told)
        if self._webhook:
            if len(self._outgoing) == WEBHOOK_QUEUE_MAX:
                self.undelivered += 1  # the oldest makes room; the log has it
            self._outgoing.append(told)
            self._wake.set()

    async def deliver(self) -> None:
        """Send what waits to the webhook, for ever."""
        if not self._webhook:
            return
        import httpx

        async with httpx.AsyncClient(timeout=5.0) as client:
            while True:
                await self._wake.wait()
                while self._outgoing:
                    await self._deliver_one(client, self._outgoing.popleft())
                self._wake.clear()

    async def _deliver_one(self, client: Any, told: dict[str, Any]) -> None:
        import httpx

        for attempt in range(WEBHOOK_TRIES):
            try:
                answer = await client.post(self._webhook, json=told)
                if answer.status_code < 300:
                    self.delivered += 1
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.2 * 4**attempt)
        self.undelivered += 1
        LOG.warning("the webhook did not take an alert", extra={"alert": told["alert"]})


def as_told(alert: Alert) -> dict[str, Any]:
    """An alert as it is told outside."""
    return {
        "alert": alert.name,
        "kind": alert.kind,
        "subject": alert.subject,
        "sentence": alert.sentence,
        "severity": alert.severity,
        "firing": alert.firing,
        "began_s": round(alert.began_s, 3),
        "last_s": round(alert.last_s, 3),
        "count": alert.count,
        "acknowledged_by": alert.acknowledged_by or None,
    }


def conditions(views: Views, halted: bool) -> dict[tuple[str, str], str]:
    """What is the case now, each with its sentence."""
    present: dict[tuple[str, str], str] = {}
    state = views.engine.state
    if halted:
        present["halted", ""] = "The service has halted and takes no commands; see its log, then restart it."
    venue = state.venue[0]
    if int(venue.open_deficit_quanta) > 0:
        amount = views.wire.money(int(venue.open_deficit_quanta))
        present["deficit_open", ""] = f"A loss of {amount} {views.venue.settlement} has no payer; withdrawals wait."
    funds = views.funds()
    fund, target = float(funds["venue_fund"]), float(funds["venue_fund_target"])
    if fund < target:
        present["fund_below_target", ""] = (
            f"The venue's fund holds {funds['venue_fund']} of {funds['venue_fund_target']}."
        )
    for market in views.markets():
        symbol = market["market"]
        if market["mode"] != "active":
            by = "a breaker" if market["mode_by_breaker"] else "an operator"
            present["breaker_raised", symbol] = f"{symbol} is {market['mode'].replace('_', ' ')}, put there by {by}."
        for source in market["sources"]:
            if source["stale"] and source["age_ms"] is not None:
                where = f"{symbol} {source['source']}"
                present["source_stale", where] = (
                    f"Source {source['source']} of {symbol} was heard {source['age_ms'] / 1000:.0f} s ago."
                )
    near, share = near_share(views.ladder)
    if share * 1_000_000 > NEAR_SHARE_PPM:
        present["near_liquidation", ""] = (
            f"{views.wire.money(int(near)).partition('.')[0]} {views.venue.settlement} of positions are within 1 % of "
            f"liquidation, {share:.0%} of all."
        )
    return present


def near_share(ladder: Ladder) -> tuple[float, float]:
    """Notional near liquidation in quanta, and its share of all."""
    near = sum(float(ladder.notional[:, place].sum()) for place, edge in enumerate(LADDER_EDGES_PPM) if edge < NEAR_PPM)
    total = float(ladder.notional.sum())
    return near, near / total if total > 0 else 0.0
