"""Metrics in Prometheus' text format: counted where things happen anyway, written when somebody asks.

A labelled counter of the client library costs more than a command here, so nothing is incremented on the hot path:
the desk counts kinds of events, the gateway its batches, and both are read at the moment of the scrape.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from solvent.codes import REFUSAL_SENTENCES, Mode, Refusal
from solvent.engine.latency import BOUNDS_NS, ReportLatency
from solvent.service.alerts import near_share
from solvent.service.telling import EVENT_NAMES

PREFIX: Final = "solvent_"


def metrics_text(api: Any, orders: Any = None) -> bytes:
    """Everything, as text. `api` is service.api.Api."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Collector(api, orders))
    return bytes(generate_latest(registry))


class _Collector:
    def __init__(self, api: Any, orders: Any) -> None:
        self.api = api
        self.orders = orders

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        api = self.api
        gateway, views, desk, hub = api.gateway, api.views, api.views.desk, api.hub

        def gauge(name: str, text: str, value: float) -> Any:
            return GaugeMetricFamily(PREFIX + name, text, value=value)

        def counter(name: str, text: str, value: float) -> Any:
            return CounterMetricFamily(PREFIX + name, text, value=value)

        venue = gateway.engine.state.venue[0]
        quantum = 10**views.venue.compiled.settlement_decimals
        yield counter("commands", "Commands carried out since the venue began.", gateway.engine.sequence)
        yield counter("batches", "Group commits since this process started.", gateway.batches)
        yield counter("requests", "Requests with commands since this process started.", api.hot.requests)
        yield gauge("queue_commands", "Commands that wait to be taken.", gateway.waiting)
        yield gauge("up", "1 while commands are taken.", float(api.status == "ok"))
        yield gauge("halted", "1 after a fault of journal or machine.", float(gateway.fault is not None))
        durable = np.array(gateway.durable_seconds) if gateway.durable_seconds else np.zeros(1)
        for share in (50, 99):
            text = f"Percentile {share} of the last 1024 durable commits."
            yield gauge(f"commit_p{share}_seconds", text, float(np.percentile(durable, share)))
        yield self._latency(gateway.engine.latency)
        yield gauge("accounts_in_liquidation", "Accounts in the liquidation queue.", int(venue.queue_count))
        yield gauge("accounts_negative", "Accounts with equity below zero.", int(venue.negative_count))
        yield gauge(
            "open_deficit_settlement", "Loss without a payer, in the settlement currency.",
            int(venue.open_deficit_quanta) / quantum,
        )  # fmt: skip
        yield gauge("solvent", "1 while nobody's loss is without a payer.", float(views.is_solvent()))
        yield gauge("price_version", "Number of changes of any mark.", int(venue.price_version))
        yield gauge("terms_version", "Version of the rules in force.", int(venue.terms_version))
        yield gauge("streams", "Open streams.", len(hub.listeners))
        yield counter("streams_dropped", "Streams dropped because their reader was too slow.", hub.dropped)
        yield gauge("alerts_firing", "Alerts that fire.", sum(alert.firing for alert in api.alerts_kept.kept.values()))
        funds = views.funds()
        family = GaugeMetricFamily(PREFIX + "fund_settlement", "Funds, in the settlement currency.", labels=["fund"])
        for name in ("venue_fund", "venue_fund_target", "venue_capital", "vault", "market_funds"):
            family.add_metric([name], float(funds[name]))
        yield family
        text = "Share of all notional within 1 % of liquidation."
        yield gauge("near_liquidation_share", text, near_share(views.ladder)[1])
        pools = GaugeMetricFamily(PREFIX + "pool_settlement", "Net asset value of each pool.", labels=["pool"])
        for pool in views.pools.all()["pools"]:
            pools.add_metric([pool["pool"]], float(pool["net_asset_value"]))
        yield pools
        events = CounterMetricFamily(PREFIX + "events", "Events told, by kind.", labels=["kind"])
        for kind, name in EVENT_NAMES.items():
            events.add_metric([name], int(desk.counts[kind]))
        yield events
        refusals = CounterMetricFamily(PREFIX + "refusals", "Commands refused by the machine.", labels=["refusal"])
        for number, count in desk.refusals.items():
            assert Refusal(number) in REFUSAL_SENTENCES, "every refusal has its sentence"
            refusals.add_metric([Refusal(number).name.lower()], count)
        yield refusals
        problems = CounterMetricFamily(PREFIX + "problems", "Requests answered with a problem.", labels=["code"])
        for code, count in api.hot.refused.items():
            problems.add_metric([code], count)
        yield problems
        yield from self._markets(views)
        yield from self._feeds(api.feeds())
        if self.orders is not None:
            yield gauge("venue_connected", "1 while the venue's order socket is open.", float(self.orders.connected))
            yield gauge("orders_open", "Liquidation orders the venue has.", len(self.orders.open))
            yield counter("fills_late", "Fills that crossed their cancel.", self.orders.late)
            yield counter("fills_refused", "Fills the machine did not accept.", self.orders.refused)
            yield gauge("fills_unbooked", "Fills of the venue that stand in no book.", len(self.orders.unbooked))

    def _latency(self, latency: ReportLatency) -> Any:
        """From the arrival of a report to its decision, the journal's sync included."""
        from prometheus_client.core import HistogramMetricFamily

        family = HistogramMetricFamily(
            PREFIX + "report_decision_seconds", "Time from the arrival of a price report to its decision."
        )
        below = np.cumsum(latency.counts)
        # every second doubling is enough for a dashboard
        buckets = [(repr(float(BOUNDS_NS[place]) / 1e9), int(below[place])) for place in range(0, len(BOUNDS_NS), 8)]
        family.add_metric([], [*buckets, ("+Inf", int(below[-1]))], latency.sum_ns / 1e9)
        return family

    def _feeds(self, feeds: list[dict[str, Any]]) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        labels = ["source", "kind"]
        texts = {
            "connections": "Connections made, or answers of a feed that is asked.",
            "failures": "Times a feed that is asked did not answer.",
            "malformed": "Messages that could not be read.",
            "gaps": "Gaps in what a feed tells.",
            "conflated": "Reports left out because a newer one was there.",
            "dropped": "Trades and books left out because too many waited.",
        }
        for name, text in texts.items():
            family = CounterMetricFamily(f"{PREFIX}feed_{name}", text, labels=labels)
            for feed in feeds:
                family.add_metric([feed["source"], feed["kind"]], feed[name])
            yield family
        clock = GaugeMetricFamily(f"{PREFIX}feed_clock_offset_seconds", "Clock against the reference.", labels=labels)
        for feed in feeds:
            if feed["clock_offset_ms"] is not None:
                clock.add_metric([feed["source"], feed["kind"]], feed["clock_offset_ms"] / 1000)
        yield clock

    def _markets(self, views: Any) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily

        mode = GaugeMetricFamily(
            PREFIX + "market_mode", "0 active, 1 caution, 2 reduce-only, 3 auction, 4 halted.", labels=["market"]
        )
        mark = GaugeMetricFamily(PREFIX + "mark_price", "Mark in force.", labels=["market"])
        age = GaugeMetricFamily(
            PREFIX + "source_age_seconds", "Age of a source's last report.", labels=["market", "source"]
        )
        for market in views.markets():
            symbol = market["market"]
            mode.add_metric([symbol], int(Mode[market["mode"].upper()]))
            if market["mark"] is not None:
                mark.add_metric([symbol], float(market["mark"]))
            for source in market["sources"]:
                if source["age_ms"] is not None:
                    age.add_metric([symbol, source["source"]], source["age_ms"] / 1000)
        yield from (mode, mark, age)
